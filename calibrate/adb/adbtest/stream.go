//go:build linux

package adbtest

import (
	"io"
	"strings"
	"sync"
	"time"
)

// stream is a service that the other side opened: a reader and writer of bytes with adb's flow control, one packet in flight.
type stream struct {
	c             *conn
	local, remote uint32
	in            chan []byte
	ack           chan struct{}
	done          chan struct{}
	once          sync.Once
	rest          []byte
}

// Read reads what the other side wrote; io.EOF after it closed.
func (s *stream) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		select {
		case s.rest = <-s.in:
		default:
			select {
			case s.rest = <-s.in:
			case <-s.done:
				return 0, io.EOF
			}
		}
		if err := s.c.send(message{command: aOKAY, arg0: s.local, arg1: s.remote}); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// Write sends bytes in packets, each after the one before was taken.
func (s *stream) Write(p []byte) (int, error) {
	n := 0
	for len(p) > 0 {
		k := min(len(p), int(s.c.max))
		select {
		case <-s.ack:
		case <-s.done:
			return n, io.ErrClosedPipe
		}
		if err := s.c.send(message{command: aWRTE, arg0: s.local, arg1: s.remote, data: p[:k]}); err != nil {
			return n, err
		}
		p, n = p[k:], n+k
	}
	return n, nil
}

// shut ends the stream on this side.
func (s *stream) shut() {
	s.once.Do(func() {
		close(s.done)
		s.c.mu.Lock()
		delete(s.c.streams, s.local)
		s.c.mu.Unlock()
	})
}

// serve runs a service to its end.
func (s *stream) serve(service string, fault Fault) {
	head, rest, _ := strings.Cut(service, ":")
	known := head == "shell" || strings.HasPrefix(head, "shell,") || head == "exec" || head == "sync"
	if known {
		if s.c.send(message{command: aOKAY, arg0: s.local, arg1: s.remote}) != nil {
			s.shut()
			return
		}
		s.ack <- struct{}{}
		if fault == Slow {
			select {
			case <-time.After(s.c.d.Delay):
			case <-s.done:
			}
		}
		switch {
		case fault == Stall:
			<-s.done
		case head == "sync":
			files{root: s.c.d.Root, full: fault == Full}.serve(s)
		case head == "exec":
			s.c.d.exec(s, rest)
		default:
			s.c.d.shell(s, rest, strings.Contains(head, ",v2"), fault)
		}
	}
	select {
	case <-s.done:
	default:
		_ = s.c.send(message{command: aCLSE, arg0: s.local, arg1: s.remote}) // the transport may be gone
		s.shut()
	}
}
