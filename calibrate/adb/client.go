package adb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// The ways in which a call can fail, apart from the command's own exit code.
var (
	ErrNoADB   = errors.New("adb program cannot be run")
	ErrLost    = errors.New("device is gone")
	ErrFull    = errors.New("no space left on device")
	ErrTimeout = errors.New("no answer in time")
	ErrFailed  = errors.New("adb failed")
	// ErrUnauthorized means that the device has not (yet) let this computer's key in; its user is asked.
	ErrUnauthorized = errors.New("device asks its user to allow this computer")
)

// Client talks to one device through the adb program.
type Client struct {
	Program string        // path of adb; "" takes adb from PATH
	Serial  string        // device, as Devices names it
	Port    int           // of adb's server; 0 its own default
	Timeout time.Duration // of calls without a limit of their own; 0 is 20 s
	Env     []string      // further environment of adb, as key=value
}

// Device is a line of adb devices -l.
type Device struct {
	Serial, State            string // State is device, offline, unauthorized, ...
	Product, Model, Codename string
}

// Output is what a shell command said.
type Output struct {
	Stdout, Stderr []byte
	Code           int // exit code; above 128 by a signal
}

// maxOutput bounds what is kept of either stream of a command.
const maxOutput = 64 << 20

// Devices lists the devices that adb knows, whatever their state.
func (c Client) Devices(ctx context.Context) ([]Device, error) {
	out, err := c.adb(ctx, c.timeout(), nil, "devices", "-l")
	if err != nil {
		return nil, err
	}
	var list []Device
	for line := range strings.Lines(string(out.Stdout)) {
		f := strings.Fields(line)
		if len(f) < 2 || strings.HasPrefix(line, "List of devices") || strings.HasPrefix(line, "*") {
			continue
		}
		d := Device{Serial: f[0], State: f[1]}
		for _, kv := range f[2:] {
			k, v, _ := strings.Cut(kv, ":")
			switch k {
			case "product":
				d.Product = v
			case "model":
				d.Model = v
			case "device":
				d.Codename = v
			}
		}
		list = append(list, d)
	}
	return list, nil
}

// Shell runs a command on the device. An exit code other than 0 is no error. The limit is the command's; 0 takes the client's.
func (c Client) Shell(ctx context.Context, command string, limit time.Duration) (Output, error) {
	if limit <= 0 {
		limit = c.timeout()
	}
	return c.adb(ctx, limit, nil, "shell", command)
}

// Push copies a local file to a path on the device. The limit grows with the size, at 2 MB/s at worst.
func (c Client) Push(ctx context.Context, local, remote string, size int64) error {
	out, err := c.adb(ctx, c.timeout()+time.Duration(size/2_000_000)*time.Second, nil, "push", local, remote)
	return transfer("push", remote, out, err)
}

// Pull copies a file of the device to a local path.
func (c Client) Pull(ctx context.Context, remote, local string, limit time.Duration) error {
	out, err := c.adb(ctx, max(limit, c.timeout()), nil, "pull", remote, local)
	return transfer("pull", remote, out, err)
}

func transfer(what, remote string, out Output, err error) error {
	if err != nil {
		return fmt.Errorf("%s %s: %w", what, remote, err)
	}
	if out.Code != 0 {
		return fmt.Errorf("%s %s: %w: %s", what, remote, cause(out, ErrFailed), lastLine(out))
	}
	return nil
}

func (c Client) timeout() time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return 20 * time.Second
}

// adb runs the program. Its exit code is in the output; that the device is gone is an error.
func (c Client) adb(ctx context.Context, limit time.Duration, in io.Reader, args ...string) (Output, error) {
	program := c.Program
	if program == "" {
		program = "adb"
	}
	var global []string
	if c.Port != 0 {
		global = append(global, "-P", strconv.Itoa(c.Port))
	}
	if c.Serial != "" && args[0] != "devices" && args[0] != "connect" && args[0] != "disconnect" && args[0] != "kill-server" {
		global = append(global, "-s", c.Serial)
	}
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(within, program, append(global, args...)...)
	var stdout, stderr bounded
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, &stdout, &stderr
	cmd.Env = append(cmd.Environ(), c.Env...)
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	out := Output{Stdout: stdout.b.Bytes(), Stderr: stderr.b.Bytes()}
	var exit *exec.ExitError
	switch {
	case err == nil:
		return out, nil
	case ctx.Err() != nil:
		return out, ctx.Err()
	case within.Err() != nil:
		return out, fmt.Errorf("adb %s: %w (%s)", args[0], ErrTimeout, limit)
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		out.Code = exit.ExitCode()
		if e := cause(out, nil); errors.Is(e, ErrLost) {
			return out, fmt.Errorf("adb %s: %w: %s", args[0], e, lastLine(out))
		}
		return out, nil
	case errors.As(err, &exit), errors.Is(err, exec.ErrWaitDelay):
		return out, fmt.Errorf("adb %s: %w: %w", args[0], ErrFailed, err)
	}
	return out, fmt.Errorf("%w: %w", ErrNoADB, err)
}

// Connect makes adb know a device that listens on TCP. After an ErrUnauthorized the device may still come: wait for it.
func (c Client) Connect(ctx context.Context, address string) error {
	out, err := c.adb(ctx, c.timeout(), nil, "connect", address)
	if err != nil {
		return err
	}
	s := string(out.Stdout) + string(out.Stderr)
	if strings.Contains(s, "failed to authenticate") {
		return fmt.Errorf("connect %s: %w", address, ErrUnauthorized)
	}
	if out.Code != 0 || !strings.Contains(s, "connected to ") {
		return fmt.Errorf("connect %s: %w: %s", address, ErrFailed, strings.TrimSpace(s))
	}
	return nil
}

// Reconnect lets adb forget a device that listens on TCP, which it may hold for offline, and connects it again. For others it does nothing.
func (c Client) Reconnect(ctx context.Context) error {
	if !strings.Contains(c.Serial, ":") {
		return nil
	}
	if _, err := c.adb(ctx, c.timeout(), nil, "disconnect", c.Serial); err != nil && !errors.Is(err, ErrLost) {
		return err
	}
	return c.Connect(ctx, c.Serial)
}

// WaitDevice waits until the device answers.
func (c Client) WaitDevice(ctx context.Context, limit time.Duration) error {
	out, err := c.adb(ctx, limit, nil, "wait-for-device")
	if err == nil && out.Code != 0 {
		return fmt.Errorf("wait-for-device: %w: %s", ErrFailed, lastLine(out))
	}
	return err
}

// StopServer ends the server at the client's port. It is for tests and for those who gave a port of their own.
func (c Client) StopServer(ctx context.Context) error {
	_, err := c.adb(ctx, c.timeout(), nil, "kill-server")
	return err
}

// lost are adb's own words for a device that is no longer there.
var lost = []string{"device offline", "device still ", "no devices/emulators found", "device not found", "protocol fault", "error: closed", "device unauthorized", "connect failed", "connection reset", "device '"}

// cause names what adb's words mean, and def when they mean nothing known.
func cause(out Output, def error) error {
	for line := range strings.Lines(string(out.Stderr) + "\n" + string(out.Stdout)) {
		line = strings.TrimSpace(line)
		if strings.Contains(line, "No space left on device") {
			return ErrFull
		}
		ours := strings.HasPrefix(line, "error:") || strings.HasPrefix(line, "adb: error:")
		for _, w := range lost {
			if ours && strings.Contains(line, w) {
				return ErrLost
			}
		}
	}
	return def
}

func lastLine(out Output) string {
	s := strings.TrimSpace(string(out.Stderr))
	if s == "" {
		s = strings.TrimSpace(string(out.Stdout))
	}
	if i := strings.LastIndexByte(s, '\n'); i >= 0 {
		s = s[i+1:]
	}
	return s[:min(len(s), 300)]
}

// bounded keeps the first maxOutput bytes.
type bounded struct{ b bytes.Buffer }

func (w *bounded) Write(p []byte) (int, error) {
	if room := maxOutput - w.b.Len(); room > 0 {
		w.b.Write(p[:min(len(p), room)])
	}
	return len(p), nil
}

// Quote returns a word as the device's shell reads it back.
func Quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
