//go:build linux

package adbtest

import (
	"crypto/rsa"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The commands of the transport, as AOSP's protocol.txt has them.
const (
	aCNXN = 0x4e584e43
	aAUTH = 0x48545541
	aOPEN = 0x4e45504f
	aOKAY = 0x59414b4f
	aCLSE = 0x45534c43
	aWRTE = 0x45545257

	protocol   = 0x01000001 // data without checksums
	maxPayload = 1 << 20
)

// Fault is something that goes wrong on demand.
type Fault uint8

// The faults.
const (
	None  Fault = iota
	Drop        // the transport is cut when the service is opened
	Stall       // the service is opened and never answers
	Full        // files cannot be written: no space left on device
	Slow        // the shell starts late, by Daemon.Delay
	Kill        // the shell's processes are killed as soon as they have started
)

// Daemon is a device. Its fields are set before Start.
type Daemon struct {
	Root    string // the device's files; made an Android tree by Start
	Product string
	Model   string
	Serial  string
	// Auth asks for a signature of a key in Keys; a key that is not there is taken on its first showing, as a user who taps "allow" would.
	Auth bool
	// Fault is asked for every service that is opened: its text ("shell,v2,raw:ls", "sync:") and how many were opened before. May be nil.
	Fault func(service string, n int) Fault
	Delay time.Duration // of Slow
	Power *Power        // what the device draws; nil for a device without meters

	space    *namespace
	listener net.Listener
	opened   atomic.Int64
	mu       sync.Mutex
	conns    map[net.Conn]bool
	keys     []*rsa.PublicKey
	signed   int
	wg       sync.WaitGroup
}

// Start makes the tree and listens. It returns the address to connect to.
func (d *Daemon) Start() (string, error) {
	if err := makeTree(d.Root, d.Product, d.Model, d.Serial); err != nil {
		return "", err
	}
	space, err := newNamespace(d.Root)
	if err != nil {
		return "", err
	}
	d.space = space
	if d.Power != nil {
		if err := d.Power.start(d.Root); err != nil {
			return "", err
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	d.listener, d.conns = l, map[net.Conn]bool{}
	d.wg.Add(1)
	go func() {
		defer d.wg.Done()
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			d.mu.Lock()
			d.conns[c] = true
			d.mu.Unlock()
			d.wg.Add(1)
			go func() {
				defer d.wg.Done()
				d.serve(c)
			}()
		}
	}()
	return l.Addr().String(), nil
}

// Close cuts every transport and waits until all shells have ended.
func (d *Daemon) Close() {
	d.listener.Close()
	d.Cut()
	d.wg.Wait()
	if d.Power != nil {
		d.Power.close()
	}
	d.space.close()
}

// Cut pulls the cable: every transport is closed. The device still listens.
func (d *Daemon) Cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.conns {
		c.Close()
	}
}

// Signed returns how many connections proved a key that was known.
func (d *Daemon) Signed() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.signed
}

// message is one packet of the transport.
type message struct {
	command, arg0, arg1 uint32
	data                []byte
}

// conn is a transport.
type conn struct {
	d       *Daemon
	c       net.Conn
	write   sync.Mutex
	mu      sync.Mutex
	streams map[uint32]*stream
	next    uint32
	max     uint32
	token   []byte // that was sent to be signed
	online  bool
	wg      sync.WaitGroup
}

func (c *conn) send(m message) error {
	h := make([]byte, 24, 24+len(m.data))
	for i, v := range []uint32{m.command, m.arg0, m.arg1, uint32(len(m.data)), sum(m.data), ^m.command} {
		binary.LittleEndian.PutUint32(h[i*4:], v)
	}
	c.write.Lock()
	defer c.write.Unlock()
	_, err := c.c.Write(append(h, m.data...))
	return err
}

// sum is the checksum that old clients want.
func sum(b []byte) (s uint32) {
	for _, x := range b {
		s += uint32(x)
	}
	return s
}

func (c *conn) receive() (message, error) {
	var h [24]byte
	if _, err := io.ReadFull(c.c, h[:]); err != nil {
		return message{}, err
	}
	le := binary.LittleEndian
	m := message{command: le.Uint32(h[0:]), arg0: le.Uint32(h[4:]), arg1: le.Uint32(h[8:])}
	n := le.Uint32(h[12:])
	if ^m.command != le.Uint32(h[20:]) || n > maxPayload {
		return message{}, errors.New("bad header")
	}
	m.data = make([]byte, n)
	_, err := io.ReadFull(c.c, m.data)
	return m, err
}

func (d *Daemon) serve(nc net.Conn) {
	c := &conn{d: d, c: nc, streams: map[uint32]*stream{}, max: 4096}
	defer func() {
		nc.Close()
		c.mu.Lock()
		var open []*stream
		for _, s := range c.streams {
			open = append(open, s)
		}
		c.mu.Unlock()
		for _, s := range open {
			s.shut()
		}
		c.wg.Wait()
		d.mu.Lock()
		delete(d.conns, nc)
		d.mu.Unlock()
	}()
	for {
		m, err := c.receive()
		if err != nil {
			return
		}
		if !c.handle(m) {
			return
		}
	}
}

// handle takes one packet; false ends the transport.
func (c *conn) handle(m message) bool {
	switch m.command {
	case aCNXN:
		c.max = min(m.arg1, maxPayload)
		if c.d.Auth {
			return c.challenge() == nil
		}
		return c.welcome() == nil
	case aAUTH:
		return c.authenticate(m)
	case aOPEN:
		return c.online && c.open(m)
	case aOKAY:
		if s := c.stream(m.arg1); s != nil {
			select {
			case s.ack <- struct{}{}:
			default:
			}
		}
	case aWRTE:
		if s := c.stream(m.arg1); s != nil {
			select {
			case s.in <- m.data:
			case <-s.done:
			}
		} else {
			return c.send(message{command: aCLSE, arg1: m.arg0}) == nil
		}
	case aCLSE:
		if s := c.stream(m.arg1); s != nil {
			s.shut()
		}
	}
	return true
}

// welcome says what the device is.
func (c *conn) welcome() error {
	c.online = true
	banner := fmt.Sprintf("device::ro.product.name=%s;ro.product.model=%s;ro.product.device=%s;features=shell_v2,cmd,stat_v2,ls_v2,fixed_push_mkdir", c.d.Product, c.d.Model, c.d.Product)
	return c.send(message{command: aCNXN, arg0: protocol, arg1: maxPayload, data: []byte(banner)})
}

func (c *conn) open(m message) bool {
	service := strings.TrimRight(string(m.data), "\x00")
	fault := None
	if n := c.d.opened.Add(1) - 1; c.d.Fault != nil {
		fault = c.d.Fault(service, int(n))
	}
	if fault == Drop {
		return false
	}
	c.mu.Lock()
	c.next++
	s := &stream{c: c, local: c.next, remote: m.arg0, in: make(chan []byte, 64), ack: make(chan struct{}, 64), done: make(chan struct{})}
	c.streams[s.local] = s
	c.mu.Unlock()
	c.wg.Add(1)
	go func() {
		defer c.wg.Done()
		s.serve(service, fault)
	}()
	return true
}

func (c *conn) stream(id uint32) *stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.streams[id]
}
