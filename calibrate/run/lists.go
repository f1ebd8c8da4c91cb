package run

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gaugenn/gaugenn/calibrate/adb"
	"github.com/gaugenn/gaugenn/calibrate/runtime"
)

// Bounds of a run over lists of files.
const (
	maxInput   = 256 << 20 // bytes of one input's file
	maxPrinted = 64 << 20  // bytes that a log's reader may print
)

// errReader is of a log that was fetched and could not be read on this host.
var errReader = errors.New("log not read")

// lists runs a job with a tool that takes lists of input files: once for the time, and once more for the times of layers where they are asked for,
// since taking those slows the program.
func (p *Phone) lists(ctx context.Context, job Job, model string, opt runtime.Options) Outcome {
	opt.Warmup = 0 // the program's mean is over every inference, the first included
	inputs, err := p.inputs(ctx, job)
	for _, in := range inputs {
		defer p.Client.Remove(context.WithoutCancel(ctx), in.Path)
	}
	if err != nil {
		return lostOr(err, StatusOf(err))
	}
	plain := opt
	plain.Profile = false
	out := p.listed(ctx, job, model, inputs, plain)
	if out.Status != OK || !opt.Profile {
		return out
	}
	detailed := p.listed(ctx, job, model, inputs, opt)
	switch {
	case detailed.Status == OK:
		out.Result.Ops, out.Result.OpsUnit, out.Result.Options = detailed.Result.Ops, detailed.Result.OpsUnit, detailed.Result.Options
	case detailed.Status == DeviceLost:
		return detailed
	default: // the time stands without its parts
		out.Log = "no times of layers: " + detailed.Reason
	}
	return out
}

// listed is one run of the program: the list is pushed, the log is fetched and what was written on the phone is taken away.
func (p *Phone) listed(ctx context.Context, job Job, model string, inputs []runtime.InputFile, opt runtime.Options) Outcome {
	l := p.Tool.Lists
	args, pin, err := p.args(model, opt)
	if err != nil {
		return Outcome{Answer: Answer{Status: Refused, Reason: err.Error()}}
	}
	list, err := p.put(ctx, "list.txt", []byte(l.List(inputs, opt.Repeats)))
	if err != nil {
		return lostOr(err, Failed)
	}
	results := path.Join(path.Dir(p.binary), "out-"+job.Key(p.id))
	defer p.Client.Remove(context.WithoutCancel(ctx), list)
	defer p.Client.Shell(context.WithoutCancel(ctx), "rm -rf "+adb.Quote(results), 0)
	limit := p.limit(opt)
	said, err := p.Client.Shell(ctx, p.command(limit, pin, append(args, l.Flags(list, results)...)), limit+10*time.Second)
	if err != nil {
		return lostOr(err, Failed)
	}
	if said.Code != 0 {
		return p.outcome(said, limit, opt)
	}
	said.Stdout, err = p.readLog(ctx, job, path.Join(results, l.Log), opt)
	if err != nil {
		log := &tail{limit: maxLog}
		log.Write(said.Stderr)
		out := lostOr(err, BadOutput)
		if errors.Is(err, errReader) {
			out.Status = Unavailable
		}
		out.Log = log.String()
		return out
	}
	out := p.outcome(said, limit, opt)
	if s := out.Result.Summary; out.Status == OK && s != nil && s.Count == 0 {
		s.Count = opt.Repeats
	}
	return out
}

// readLog fetches the log of a run and returns what its reader prints of it. The log stays beside the runs where Traces is a folder.
func (p *Phone) readLog(ctx context.Context, job Job, remote string, opt runtime.Options) ([]byte, error) {
	dir := p.Traces
	if dir == "" {
		tmp, err := os.MkdirTemp("", "gaugenn-log")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(tmp)
		dir = tmp
	} else if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	name := job.Key(p.id) + "." + path.Base(remote)
	if opt.Profile {
		name = job.Key(p.id) + ".layers." + path.Base(remote)
	}
	local := filepath.Join(dir, name)
	if err := p.Client.Pull(ctx, remote, local, time.Minute); err != nil {
		return nil, err
	}
	if p.Reader == "" {
		return nil, fmt.Errorf("%w: %s prints it, and was not given; the log is %s", errReader, p.Tool.Lists.Reader, name)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var out bytes.Buffer
	c := exec.CommandContext(ctx, p.Reader, p.Tool.Lists.Read(local)...)
	c.Stdout, c.WaitDelay = &bounded{to: &out, left: maxPrinted}, time.Second
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", errReader, filepath.Base(p.Reader), err)
	}
	return out.Bytes(), nil
}

// bounded takes so many bytes and refuses more.
type bounded struct {
	to   *bytes.Buffer
	left int
}

func (b *bounded) Write(p []byte) (int, error) {
	if len(p) > b.left {
		return 0, fmt.Errorf("more than %d bytes printed", maxPrinted)
	}
	b.left -= len(p)
	return b.to.Write(p)
}

// inputs makes the files of a model's inputs on the phone. Those that were put there are returned with an error too.
func (p *Phone) inputs(ctx context.Context, job Job) (out []runtime.InputFile, err error) {
	if len(job.Shapes) == 0 {
		return nil, fmt.Errorf("%w: the shapes of the inputs are not known, and the program takes them from files", runtime.ErrModel)
	}
	for _, name := range slices.Sorted(maps.Keys(job.Shapes)) {
		if strings.ContainsAny(name, " \t\r\n") || strings.Contains(name, ":=") {
			return out, fmt.Errorf("%w: input %.60q cannot be named in a list", runtime.ErrModel, name)
		}
		raw, err := rawInput(job.Shapes[name], slices.Contains(job.Whole, name))
		if err != nil {
			return out, fmt.Errorf("input %.60q: %w", name, err)
		}
		remote, err := p.put(ctx, "input.raw", raw)
		if err != nil {
			return out, err
		}
		out = append(out, runtime.InputFile{Name: name, Path: remote})
	}
	return out, nil
}

// rawInput returns the bytes of one input as float32: values from 0 to 1, the same in every run, or zeros where numbers are whole, since those may be
// places in a table.
func rawInput(shape []int64, whole bool) ([]byte, error) {
	n := int64(1)
	for _, d := range shape {
		if d < 1 || n > maxInput/4/d {
			return nil, fmt.Errorf("%w: shape %v is empty or too large", runtime.ErrModel, shape)
		}
		n *= d
	}
	raw := make([]byte, 4*n)
	if whole {
		return raw, nil
	}
	rnd := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range n {
		binary.LittleEndian.PutUint32(raw[4*i:], math.Float32bits(rnd.Float32()))
	}
	return raw, nil
}

// put puts bytes on the phone under their hash.
func (p *Phone) put(ctx context.Context, name string, b []byte) (string, error) {
	dir, err := os.MkdirTemp("", "gaugenn-put")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	local := filepath.Join(dir, name)
	if err := os.WriteFile(local, b, 0o600); err != nil {
		return "", err
	}
	return p.Client.Put(ctx, local, 0o644)
}
