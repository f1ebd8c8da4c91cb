//go:build linux

package adbtest

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// files is the sync service below a root.
type files struct {
	root string
	full bool // nothing can be written
}

// maxChunk is the most that a DATA packet may hold.
const maxChunk = 64 << 10

func (f files) local(path string) string { return filepath.Join(f.root, filepath.Clean("/"+path)) }

// serve answers requests until QUIT or the end of the stream.
func (f files) serve(s *stream) {
	for {
		var h [8]byte
		if _, err := io.ReadFull(s, h[:]); err != nil {
			return
		}
		id, n := string(h[:4]), binary.LittleEndian.Uint32(h[4:])
		if id == "QUIT" || n > 4096 {
			return
		}
		b := make([]byte, n)
		if _, err := io.ReadFull(s, b); err != nil {
			return
		}
		var err error
		switch path := string(b); id {
		case "STAT":
			err = f.stat(s, path)
		case "STA2", "LST2":
			err = f.stat2(s, id, path)
		case "LIST":
			err = reply(s, "DONE", 0, 0, 0, 0)
		case "RECV":
			err = f.receive(s, path)
		case "SEND":
			err = f.send(s, path)
		default:
			err = errors.New("unknown request " + id)
		}
		if err != nil {
			return
		}
	}
}

func reply(w io.Writer, id string, values ...uint32) error {
	b := []byte(id)
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	_, err := w.Write(b)
	return err
}

func fail(w io.Writer, cause error) error {
	text := cause.Error()
	_, err := w.Write(append(binary.LittleEndian.AppendUint32([]byte("FAIL"), uint32(len(text))), text...))
	return err
}

func unixMode(m fs.FileMode) uint32 {
	if m.IsDir() {
		return uint32(m.Perm()) | syscall.S_IFDIR
	}
	return uint32(m.Perm()) | syscall.S_IFREG
}

func (f files) stat(w io.Writer, path string) error {
	st, err := os.Lstat(f.local(path))
	if err != nil {
		return reply(w, "STAT", 0, 0, 0)
	}
	return reply(w, "STAT", unixMode(st.Mode()), uint32(st.Size()), uint32(st.ModTime().Unix()))
}

// stat2 is id, error, dev, ino, mode, nlink, uid, gid, size, atime, mtime, ctime.
func (f files) stat2(w io.Writer, id, path string) error {
	b := make([]byte, 72)
	copy(b, id)
	le := binary.LittleEndian
	st, err := os.Stat(f.local(path))
	if err != nil {
		le.PutUint32(b[4:], uint32(syscall.ENOENT))
	} else {
		le.PutUint32(b[24:], unixMode(st.Mode()))
		le.PutUint32(b[28:], 1)
		le.PutUint64(b[40:], uint64(st.Size()))
		for i := range 3 {
			le.PutUint64(b[48+8*i:], uint64(st.ModTime().Unix()))
		}
	}
	_, err = w.Write(b)
	return err
}

func (f files) receive(w io.Writer, path string) error {
	in, err := os.Open(f.local(path))
	if err != nil {
		return fail(w, err)
	}
	defer in.Close()
	buf := make([]byte, maxChunk)
	for {
		n, err := in.Read(buf)
		if n > 0 {
			if _, err := w.Write(append(binary.LittleEndian.AppendUint32([]byte("DATA"), uint32(n)), buf[:n]...)); err != nil {
				return err
			}
		}
		if err != nil {
			return reply(w, "DONE", 0)
		}
	}
}

// send takes a file; its path ends in a comma and the mode.
func (f files) send(s *stream, path string) error {
	i := strings.LastIndexByte(path, ',')
	if i < 0 {
		return errors.New("no mode")
	}
	mode, err := strconv.ParseUint(path[i+1:], 0, 32)
	if err != nil {
		return err
	}
	name := f.local(path[:i])
	var out *os.File
	broken := os.MkdirAll(filepath.Dir(name), 0o755)
	if broken == nil {
		out, broken = os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, fs.FileMode(mode&0o777))
	}
	for {
		var h [8]byte
		if _, err := io.ReadFull(s, h[:]); err != nil {
			return err
		}
		n := binary.LittleEndian.Uint32(h[4:])
		if string(h[:4]) == "DONE" {
			return f.finish(s, out, time.Unix(int64(n), 0), broken)
		}
		if string(h[:4]) != "DATA" || n > maxChunk {
			return errors.New("bad chunk")
		}
		b := make([]byte, n)
		if _, err := io.ReadFull(s, b); err != nil {
			return err
		}
		if f.full && broken == nil {
			broken = errors.New("couldn't write file: No space left on device")
		}
		if broken == nil {
			_, broken = out.Write(b)
		}
	}
}

func (f files) finish(w io.Writer, out *os.File, when time.Time, broken error) error {
	if out != nil {
		if err := out.Close(); broken == nil {
			broken = err
		}
		if broken != nil {
			os.Remove(out.Name())
		} else {
			broken = os.Chtimes(out.Name(), when, when)
		}
	}
	if broken != nil {
		return fail(w, broken)
	}
	return reply(w, "OKAY", 0)
}
