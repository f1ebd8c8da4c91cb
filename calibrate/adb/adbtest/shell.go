//go:build linux

package adbtest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// hold makes a mount namespace in which the tree ($1) has the host's programs behind it, says so, and keeps it until its standard input ends:
// nothing of it is seen outside, and it is gone with its last process.
const hold = `
for d in usr bin sbin lib lib32 lib64 dev proc etc/alternatives; do
	[ -e /$d ] || continue
	mkdir -p "$1/$d" && mount --rbind /$d "$1/$d" || exit 125
done
mount --bind "$1/.cpuinfo" "$1/proc/cpuinfo" || exit 125
echo ready
exec cat
`

// namespace is a held namespace.
type namespace struct {
	holder *exec.Cmd
	hold   io.Closer
}

// unshare returns the arguments that make a namespace: without root, in a user namespace of its own.
func unshare() []string {
	args := []string{"--mount", "--propagation", "private"}
	if os.Geteuid() != 0 {
		args = append(args, "--user", "--map-root-user")
	}
	return args
}

func newNamespace(root string) (*namespace, error) {
	c := exec.Command("unshare", append(unshare(), "/bin/sh", "-c", hold, "sh", root)...)
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	n := &namespace{holder: c, hold: in}
	word := make([]byte, 6)
	if _, err := io.ReadFull(out, word); err != nil {
		n.close()
		return nil, fmt.Errorf("namespace: %w", err)
	}
	return n, nil
}

func (n *namespace) close() {
	n.hold.Close()
	_ = n.holder.Wait() // it ends with its input
}

// command returns the process of a shell command.
func (d *Daemon) command(text string) *exec.Cmd {
	pid := d.space.holder.Process.Pid
	args := []string{fmt.Sprintf("--mount=/proc/%d/ns/mnt", pid)}
	if os.Geteuid() != 0 {
		args = append(args, fmt.Sprintf("--user=/proc/%d/ns/user", pid), "--preserve-credentials")
	}
	c := exec.Command("nsenter", append(args, "chroot", d.Root, "/usr/bin/env", "-i", "PATH=/system/bin:/usr/bin:/bin", "HOME=/", "ANDROID_ROOT=/system",
		"TMPDIR=/data/local/tmp", "/bin/sh", "-c", text)...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.WaitDelay = 200 * time.Millisecond
	return c
}

// Processes returns the processes that run on the device now, whoever started them: those whose root is the device's.
func (d *Daemon) Processes() (out []string) {
	for _, pid := range numbers("/proc") {
		if root, err := os.Readlink("/proc/" + pid + "/root"); err == nil && root == d.Root {
			line, _ := os.ReadFile("/proc/" + pid + "/cmdline") // it may have ended
			out = append(out, pid+" "+strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return out
}

// Available reports why the tree cannot be used on this machine; nil when it can.
func Available() error {
	out, err := exec.Command("unshare", append(unshare(), "true")...).CombinedOutput()
	if err != nil {
		return errors.New("no mount namespace: " + string(out) + err.Error())
	}
	return nil
}

// exec is a service without protocol: bytes in, bytes out.
func (d *Daemon) exec(s *stream, text string) {
	c := d.command(text)
	c.Stdin, c.Stdout, c.Stderr = s, s, s
	if c.Start() == nil {
		d.wait(s, c)
	}
}

// The packets of shell v2.
const (
	packetStdin      = 0
	packetStdout     = 1
	packetStderr     = 2
	packetExit       = 3
	packetCloseStdin = 4
)

// shell runs a command; v2 keeps the two outputs apart and gives the exit code.
func (d *Daemon) shell(s *stream, text string, v2 bool, fault Fault) {
	if fault == Kill {
		text = "kill -KILL $$" // before anything else: from outside it could come too late
	}
	c := d.command(text)
	if !v2 {
		c.Stdout, c.Stderr = s, s
		if c.Start() == nil {
			d.wait(s, c)
		}
		return
	}
	p := &packets{w: s}
	c.Stdout, c.Stderr = p.as(packetStdout), p.as(packetStderr)
	in, err := c.StdinPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		_ = p.put(packetExit, []byte{127})
		return
	}
	go feed(s, in)
	_ = p.put(packetExit, []byte{byte(d.wait(s, c))}) // the client may be gone
}

// wait waits for the process and kills its group when the client goes away. It returns the exit code as a shell gives it.
func (d *Daemon) wait(s *stream, c *exec.Cmd) int {
	if d.Power != nil {
		d.Power.began(c.Process.Pid)
		defer d.Power.ended(c.Process.Pid)
	}
	ended := make(chan struct{})
	go func() {
		select {
		case <-s.done:
		case <-ended:
			return
		}
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) // it may have ended
	}()
	err := c.Wait()
	close(ended)
	_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) // what it left behind in its group
	var e *exec.ExitError
	if errors.As(err, &e) {
		if ws, ok := e.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
			return 128 + int(ws.Signal())
		}
		return e.ExitCode()
	}
	return 0
}

// feed copies the client's standard input.
func feed(s *stream, in io.WriteCloser) {
	defer in.Close()
	for {
		var h [5]byte
		if _, err := io.ReadFull(s, h[:]); err != nil {
			return
		}
		n := binary.LittleEndian.Uint32(h[1:])
		if n > maxPayload {
			return
		}
		b := make([]byte, n)
		if _, err := io.ReadFull(s, b); err != nil {
			return
		}
		switch h[0] {
		case packetStdin:
			if _, err := in.Write(b); err != nil {
				return
			}
		case packetCloseStdin:
			in.Close()
		}
	}
}

// packets writes packets of shell v2.
type packets struct {
	mu sync.Mutex
	w  io.Writer
}

func (p *packets) put(id byte, b []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := binary.LittleEndian.AppendUint32([]byte{id}, uint32(len(b)))
	_, err := p.w.Write(append(h, b...))
	return err
}

func (p *packets) as(id byte) io.Writer { return writer{p, id} }

type writer struct {
	p  *packets
	id byte
}

func (w writer) Write(b []byte) (int, error) { return len(b), w.p.put(w.id, b) }
