package run

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
)

// Request is what a child process is asked, as JSON on its standard input.
type Request struct {
	Job     Job    `json:"job"`
	Library string `json:"library,omitempty"` // path of the runtime's library
}

// Answer is what a child process says, as JSON on its standard output.
type Answer struct {
	Status Status         `json:"status"`
	Reason string         `json:"reason,omitempty"`
	Result runtime.Result `json:"result"`
}

// Outcome is an answer with what the process printed beside it.
type Outcome struct {
	Answer
	Log    string
	Energy *Energy // nil without a meter
}

// StatusOf returns the status that an error of a runtime stands for.
func StatusOf(err error) Status {
	switch {
	case err == nil:
		return OK
	case errors.Is(err, runtime.ErrModel), errors.Is(err, runtime.ErrOption):
		return Refused
	case errors.Is(err, runtime.ErrFormat):
		return BadOutput
	case errors.Is(err, runtime.ErrLibrary):
		return Unavailable
	case errors.Is(err, context.DeadlineExceeded):
		return TimedOut
	}
	return Failed
}

// Serve is the child's side: it reads a request, runs it with the function and writes the answer. The error is of the pipe only.
func Serve(in io.Reader, out io.Writer, do func(Request) (runtime.Result, error)) error {
	var q Request
	if err := json.NewDecoder(in).Decode(&q); err != nil {
		return fmt.Errorf("request: %w", err)
	}
	res, err := do(q)
	a := Answer{Status: StatusOf(err), Result: res}
	if err != nil {
		a.Reason = err.Error()
	}
	return json.NewEncoder(out).Encode(a)
}

// Child starts a program for each request, in a process group of its own, and kills the group when the time is up.
type Child struct {
	Command []string // program and arguments
	Timeout time.Duration
}

// grace is how much longer than the runs' own limit a child may take to load a model and to answer.
const grace = 30 * time.Second

// Run answers a request. It never fails: whatever the child does is an outcome.
func (c Child) Run(ctx context.Context, q Request) Outcome {
	limit := c.Timeout
	if limit <= 0 {
		limit = q.Job.Options.Filled().MaxTime + grace
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	in, err := json.Marshal(q)
	if err != nil {
		return Outcome{Answer: Answer{Status: Failed, Reason: err.Error()}}
	}
	cmd := exec.CommandContext(ctx, c.Command[0], c.Command[1:]...)
	stdout, stderr := &tail{limit: maxAnswer}, &tail{limit: maxLog}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), stdout, stderr
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "GOGC=off") // nothing of ours beside the runtime's threads
	ownGroup(cmd)
	cmd.WaitDelay = 2 * time.Second
	err = cmd.Run()
	out := Outcome{Log: stderr.String()}
	switch {
	case ctx.Err() == context.DeadlineExceeded:
		out.Answer = Answer{Status: TimedOut, Reason: fmt.Sprintf("killed after %s", limit)}
	case ctx.Err() != nil:
		out.Answer = Answer{Status: Failed, Reason: ctx.Err().Error()}
	case err != nil:
		out.Answer = Answer{Status: Crashed, Reason: died(err, out.Log)}
	default:
		if err := json.Unmarshal(stdout.Bytes(), &out.Answer); err != nil {
			out.Answer = Answer{Status: BadOutput, Reason: fmt.Sprintf("answer: %v", err)}
		}
	}
	if e := lastError(out.Log); e != "" && out.Status == Refused {
		out.Reason += " (" + e + ")"
	}
	return out
}

// lastError returns the line of a runtime's log that names an operator as the cause, else the first that calls itself an error.
func lastError(log string) string {
	last := ""
	for line := range strings.Lines(log) {
		if e, ok := strings.CutPrefix(strings.TrimSpace(line), "ERROR: "); ok && (last == "" || strings.HasPrefix(e, "Node number")) {
			last = e
		}
	}
	return last[:min(len(last), 200)]
}

// died says how a process ended. A fault inside a library ends a Go child with code 2 after a dump that starts with the signal's name.
func died(err error, log string) string {
	var e *exec.ExitError
	if errors.As(err, &e) {
		if at := strings.Index(log, "SIG"); at >= 0 && e.ExitCode() == 2 {
			name, _, _ := strings.Cut(log[at:], ":")
			return fmt.Sprintf("killed by %.20s inside the runtime", name)
		}
		if ws, ok := e.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
			return fmt.Sprintf("killed by signal %d (%s)", ws.Signal(), ws.Signal())
		}
		return fmt.Sprintf("exit code %d", e.ExitCode())
	}
	return err.Error()
}

// The most that is kept of an answer and of what a child says beside it.
const (
	maxAnswer = 64 << 20
	maxLog    = 8 << 10
)

// tail keeps what is written: of more than limit bytes the first and the last half.
type tail struct {
	head, b bytes.Buffer
	limit   int
}

func (t *tail) Write(p []byte) (int, error) {
	n := len(p)
	if room := t.limit/2 - t.head.Len(); room > 0 {
		k := min(room, n)
		t.head.Write(p[:k])
		p = p[k:]
	}
	t.b.Write(p)
	if over := t.b.Len() - t.limit/2; over > 0 {
		t.b.Next(over)
	}
	return n, nil
}

func (t *tail) Bytes() []byte { return append(t.head.Bytes(), t.b.Bytes()...) }

func (t *tail) String() string { return strings.ToValidUTF8(string(t.Bytes()), "?") }
