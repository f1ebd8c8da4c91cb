package text

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"sync"
	"time"
)

// childMemory is the soft memory limit of a child: a vocabulary of maxFile fits, a loop that allocates soon spends its time collecting.
const childMemory = 2 << 30

// maxText bounds one text sent to a child; longer texts are cut at spaces.
const maxText = 64 << 10

var errChildLost = errors.New("the tokenizer's child process is lost")

// request is one line to the child: first the file, then texts.
type request struct {
	Name string `json:"name,omitempty"`
	File []byte `json:"file,omitempty"`
	Text string `json:"text,omitempty"`
}

// reply is one line from the child.
type reply struct {
	Tokens   int    `json:"tokens"`
	Overhead int    `json:"overhead"`
	Error    string `json:"error,omitempty"`
}

// Serve is the child's side: it reads one tokenizer file and then texts from r, a JSON object each, and answers each on w. It ends at
// the end of r, or on malformed input with an error. Call it as the only thing that a child process does: the library that it runs may
// end the process.
func Serve(r io.Reader, w io.Writer) error {
	debug.SetMemoryLimit(childMemory)
	defer func(stdout *os.File) { os.Stdout = stdout }(os.Stdout)
	os.Stdout = os.Stderr // the library prints while it works, which would corrupt the replies
	in, out := json.NewDecoder(r), json.NewEncoder(w)
	var l *library
	for {
		var q request
		if err := in.Decode(&q); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("tokenizer request: %w", err)
		}
		var a reply
		var err error
		switch {
		case q.File != nil:
			if l, err = loadLibrary(q.Name, q.File); err == nil {
				a.Overhead = l.overhead
			}
		case l == nil:
			err = errors.New("a text came before the tokenizer file")
		default:
			a.Tokens, err = l.count(q.Text)
		}
		if err != nil {
			a.Error = strings.Join(strings.Fields(err.Error()), " ")
		}
		if err := out.Encode(a); err != nil {
			return fmt.Errorf("tokenizer reply: %w", err)
		}
	}
}

// child is a running process that serves one tokenizer file.
type child struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *json.Decoder
	stderr  *tail
	timeout time.Duration
}

func startChild(ctx context.Context, name string, data []byte, opts Options) (*child, int, error) {
	c := &child{cmd: opts.Child(ctx), stderr: &tail{}, timeout: opts.Timeout}
	if c.timeout == 0 {
		c.timeout = 20 * time.Second
	}
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, 0, fmt.Errorf("%w: %v", errChildLost, err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %v", errChildLost, err)
	}
	c.cmd.Stderr, c.out = c.stderr, json.NewDecoder(io.LimitReader(out, 1<<30))
	if err := c.cmd.Start(); err != nil {
		return nil, 0, fmt.Errorf("%w: %v", errChildLost, err)
	}
	a, err := c.ask(ctx, request{Name: name, File: data})
	if err != nil {
		c.stop()
		return nil, 0, err
	}
	return c, a.Overhead, nil
}

// ask sends one request and waits for its reply, for at most the timeout. Any fault but an error reply loses the child.
func (c *child) ask(ctx context.Context, q request) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	type answer struct {
		reply reply
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		var a answer
		if a.err = json.NewEncoder(c.in).Encode(q); a.err == nil {
			a.err = c.out.Decode(&a.reply)
		}
		done <- a
	}()
	select {
	case a := <-done:
		if a.err != nil {
			return reply{}, fmt.Errorf("%w: %v%s", errChildLost, a.err, c.stderr.note())
		}
		if a.reply.Error != "" {
			return reply{}, errors.New(a.reply.Error)
		}
		if a.reply.Tokens < 0 || a.reply.Overhead < 0 || a.reply.Overhead > 64 {
			return reply{}, fmt.Errorf("%w: a reply out of range", errChildLost)
		}
		return a.reply, nil
	case <-ctx.Done():
		c.kill()
		<-done
		return reply{}, fmt.Errorf("%w: no answer: %v", errChildLost, ctx.Err())
	}
}

// count adds up the tokens of a text, cut at spaces into pieces that the child takes.
func (c *child) count(ctx context.Context, text string) (int, error) {
	total := 0
	for text != "" {
		piece := text
		if len(piece) > maxText {
			at := strings.LastIndexAny(piece[:maxText], " \t\n")
			if at <= 0 {
				at = maxText
			}
			piece = piece[:at]
		}
		text = text[len(piece):]
		a, err := c.ask(ctx, request{Text: piece})
		if err != nil {
			return 0, err
		}
		total += a.Tokens
	}
	return total, nil
}

func (c *child) kill() {
	if c.cmd.Process != nil {
		_ = c.cmd.Process.Kill() // it may have ended by itself
	}
}

// stop ends the process and waits for it, so that none is left over.
func (c *child) stop() {
	_ = c.in.Close()
	c.kill()
	_ = c.cmd.Wait() // killed on purpose: its status says nothing
}

// tail keeps the last bytes that were written to it.
type tail struct {
	mu   sync.Mutex
	data []byte
}

// Write keeps the end of what comes.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.data = append(t.data, p...)
	if n := len(t.data) - 512; n > 0 {
		t.data = t.data[n:]
	}
	return len(p), nil
}

func (t *tail) note() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if text := bytes.TrimSpace(t.data); len(text) > 0 {
		return fmt.Sprintf(" (it wrote %q)", text)
	}
	return ""
}
