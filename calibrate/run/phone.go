package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gaugenn/gaugenn/calibrate/adb"
	"github.com/gaugenn/gaugenn/calibrate/runtime"
)

// Phone is a device behind adb with a benchmark program of one runtime. Nothing but files below adb.Dir is put on it, and Close takes
// them away.
type Phone struct {
	Client adb.Client
	Tool   runtime.Tool
	Binary string   // local path of the tool's program
	Beside []string // local files that it needs in its own folder, as libraries
	// Limit is the longest that a run may take beyond its options' MaxTime; 0 is a minute.
	Limit time.Duration
	// Meter, unless nil, tells the energy of each run; Traces is the local folder that keeps what it recorded, "" for none.
	Meter  *Meter
	Traces string
	// CoreName names a kind of core by the numbers of its maker and part, "" for an unknown one; nil names none.
	CoreName func(implementer, part int) string
	// Reader is the path of the host's program that prints the logs of a tool with lists, "" for none.
	Reader string
	// BinarySHA, unless "", is the hash that the program must have.
	BinarySHA string
	// ScreenOff sends the phone to sleep before the first run; Close wakes one that was awake.
	ScreenOff bool

	binary   string // on the device; "" not installed yet
	id       string // of its facts
	charging *bool  // when its state was last asked
	maxMHz   []float64
	wake     bool              // Close has to
	sum      string            // hash of the program
	sums     map[string]string // of what is beside it, by name
}

// Facts asks the device what it is. With an error, its address is known at least.
func (p *Phone) Facts(ctx context.Context) (Facts, error) {
	a, err := p.Client.Facts(ctx)
	if errors.Is(err, adb.ErrLost) && ctx.Err() == nil && p.back(ctx) {
		a, err = p.Client.Facts(ctx)
	}
	if err != nil {
		return Facts{ID: p.Client.Serial, Name: p.Client.Serial, Address: p.Client.Serial}, err
	}
	f := Facts{ID: p.Client.Serial, Address: p.Client.Serial, Name: a.Props["ro.product.model"], SoC: a.Props["ro.soc.model"], ABI: a.Props["ro.product.cpu.abi"],
		Cores: len(a.Parts), MemoryMB: a.MemoryMB, CPU: strings.Join(slices.Compact(slices.Clone(a.Parts)), " "), Clusters: a.Clusters(), Props: map[string]string{}}
	if p.CoreName != nil {
		for _, part := range a.Parts {
			f.Kinds = append(f.Kinds, p.coreName(part))
		}
	}
	for _, k := range []string{"ro.product.manufacturer", "ro.product.brand", "ro.product.model", "ro.product.device", "ro.product.marketname", "ro.soc.model",
		"ro.hardware.chipname", "ro.board.platform", "ro.hardware", "ro.build.version.sdk", "ro.build.version.release"} {
		if v := a.Props[k]; v != "" {
			f.Props[k] = v
		}
	}
	if serial := a.Props["ro.serialno"]; serial != "" {
		f.ID = serial // the same phone by cable and by network
	}
	p.id, p.maxMHz = f.ID, a.MaxMHz
	if p.ScreenOff && !p.wake {
		if err := p.sleep(ctx); err != nil {
			return f, err
		}
	}
	return f, nil
}

// coreName names a core by "0x41/0xd05".
func (p *Phone) coreName(part string) string {
	maker, number, _ := strings.Cut(part, "/")
	m, err := strconv.ParseInt(maker, 0, 32)
	n, err2 := strconv.ParseInt(number, 0, 32)
	if err != nil || err2 != nil {
		return ""
	}
	return p.CoreName(int(m), int(n))
}

// sleep sends an awake phone to sleep, which Close undoes.
func (p *Phone) sleep(ctx context.Context) error {
	a, err := p.Client.State(ctx)
	if err != nil || a.Awake != "Awake" {
		return err
	}
	p.wake = true
	_, err = p.Client.Shell(ctx, "input keyevent 223", 0) // KEYCODE_SLEEP
	return err
}

// State asks the device what it is doing; a device that does not answer says nothing.
func (p *Phone) State(ctx context.Context) State {
	a, err := p.Client.State(ctx)
	if err != nil {
		p.charging = nil
		return State{}
	}
	p.charging = a.Charging
	s := State{BatteryC: a.BatteryC, BatteryLevel: a.BatteryLevel, Charging: a.Charging, ClocksMHz: a.ClocksMHz, Load: a.LoadPerCore,
		Governors: a.Governors, Screen: a.Awake, Thermal: a.ThermalStatus, Airplane: a.Airplane}
	for _, v := range a.Temperature {
		if s.TemperatureC == nil || v > *s.TemperatureC {
			s.TemperatureC = &v
		}
	}
	return s
}

// tries is how often a job is begun on a device that is lost and comes back.
const tries = 3

// Run pushes what the device lacks, runs the tool, reads its output and takes the model off again. On a device that was gone for a moment
// it waits for it and tries again from the start, twice at most.
func (p *Phone) Run(ctx context.Context, job Job) Outcome {
	out := p.try(ctx, job)
	for n := 1; n < tries && out.Status == DeviceLost && ctx.Err() == nil; n++ {
		p.binary = "" // it may come back as another, or after a wipe
		if !p.back(ctx) {
			break
		}
		out = p.try(ctx, job)
	}
	return out
}

// back waits for a lost device: adb finds most by itself, and what it holds for offline is connected anew.
func (p *Phone) back(ctx context.Context) bool {
	if p.Client.WaitDevice(ctx, 5*time.Second) == nil {
		return true
	}
	return p.Client.Reconnect(ctx) == nil && p.Client.WaitDevice(ctx, 15*time.Second) == nil
}

func (p *Phone) try(ctx context.Context, job Job) Outcome {
	if p.Meter != nil && p.charging != nil && *p.charging {
		return charging()
	}
	if p.binary == "" {
		if err := p.install(ctx); err != nil {
			p.binary = ""
			return lostOr(err, Unavailable)
		}
	}
	model, err := p.Client.Put(ctx, job.Path, 0o644)
	if err != nil {
		return lostOr(err, Failed)
	}
	defer p.Client.Remove(context.WithoutCancel(ctx), model)
	opt := job.Options.Filled()
	if p.Tool.Lists != nil {
		return p.lists(ctx, job, model, opt)
	}
	args, pin, err := p.args(model, opt)
	if err != nil {
		return Outcome{Answer: Answer{Status: Refused, Reason: err.Error()}}
	}
	limit := p.limit(opt)
	command := p.command(limit, pin, args)
	whole := limit + 10*time.Second
	if p.Meter != nil {
		command = p.Meter.wrap(command, limit)
		whole += 2*p.Meter.idle() + 20*time.Second
	}
	said, err := p.Client.Shell(ctx, command, whole)
	if err != nil {
		return lostOr(err, Failed)
	}
	out := p.outcome(said, limit, opt)
	if p.Meter != nil && out.Status == OK {
		out.Energy = p.energy(ctx, job, &out.Result)
	}
	return out
}

// limit is the longest that a run may take.
func (p *Phone) limit(opt runtime.Options) time.Duration {
	if p.Limit <= 0 {
		return time.Minute + opt.MaxTime
	}
	return p.Limit + opt.MaxTime
}

// command is the line for the device's shell. The device's own timeout ends the program when the cable does not let us, so that nothing is left
// running. It sends KILL only to a program that outlives TERM by two seconds, since KILL is also how the system ends a program that takes too much
// memory.
func (p *Phone) command(limit time.Duration, pin string, args []string) string {
	dir := path.Dir(p.binary)
	env := "LD_LIBRARY_PATH=" + adb.Quote(dir)
	if p.Tool.Lists != nil && p.Tool.Lists.Env != nil {
		for _, v := range p.Tool.Lists.Env(dir) {
			name, value, _ := strings.Cut(v, "=")
			env += " " + name + "=" + adb.Quote(value)
		}
	}
	command := fmt.Sprintf("cd %s && %s timeout -k 2 %.0f %s%s", adb.Quote(dir), env, limit.Seconds(), pin, adb.Quote(p.binary))
	for _, a := range args {
		command += " " + adb.Quote(a)
	}
	return command
}

// args returns the program's arguments. Where it has no flag for an affinity, it is started under taskset on the cores asked for.
func (p *Phone) args(model string, opt runtime.Options) (args []string, pin string, err error) {
	if args, err = p.Tool.Args(model, opt); err == nil || opt.Affinity == "" {
		return args, "", err
	}
	mask, ok := coreMask(p.maxMHz, opt.Affinity)
	if !ok {
		return nil, "", fmt.Errorf("%w: the phone does not tell its clocks, so its %s cores are not known", runtime.ErrOption, opt.Affinity)
	}
	opt.Affinity = ""
	args, err = p.Tool.Args(model, opt)
	return args, fmt.Sprintf("taskset %x ", mask), err
}

// coreMask is the set of the slowest cores (little), or of all others (big; all, where there is one kind).
func coreMask(maxMHz []float64, affinity string) (mask uint64, ok bool) {
	if len(maxMHz) == 0 || len(maxMHz) > 64 || affinity != "big" && affinity != "little" {
		return 0, false
	}
	slowest, fastest := slices.Min(maxMHz), slices.Max(maxMHz)
	for i, c := range maxMHz {
		if (c == slowest) == (affinity == "little") || slowest == fastest {
			mask |= 1 << i
		}
	}
	return mask, true
}

// timeoutCode is the exit code of timeout for a program that it ended.
const timeoutCode = 124

// outcome reads what the tool said.
func (p *Phone) outcome(said adb.Output, limit time.Duration, opt runtime.Options) Outcome {
	log := &tail{limit: maxLog}
	log.Write(said.Stderr)
	out := Outcome{Log: log.String()}
	switch {
	case said.Code == timeoutCode:
		out.Answer = Answer{Status: TimedOut, Reason: fmt.Sprintf("killed after %s", limit)}
		return out
	case said.Code > 128:
		out.Answer = Answer{Status: Crashed, Reason: fmt.Sprintf("killed by signal %d", said.Code-128)}
		return out
	case said.Code != 0:
		out.Answer = Answer{Status: Crashed, Reason: fmt.Sprintf("exit code %d", said.Code)}
		return out
	}
	res, err := p.Tool.Parse(said.Stdout, said.Stderr)
	var a *AnswerError
	switch {
	case errors.As(err, &a):
		out.Answer = Answer(*a)
	case err != nil:
		out.Answer = Answer{Status: StatusOf(err), Reason: err.Error()}
	default:
		out.Answer = Answer{Status: OK, Result: res}
	}
	if out.Result.LibrarySHA == "" {
		out.Result.LibrarySHA = p.sum
	}
	out.Result.BesideSHA = p.sums
	if out.Result.Options == (runtime.Options{}) {
		out.Result.Options = opt
	}
	return out
}

// install puts the program and what it needs on the device; what is there by hash is not pushed again.
func (p *Phone) install(ctx context.Context) error {
	sum, err := adb.HashOf(p.Binary)
	if err != nil {
		return err
	}
	if p.BinarySHA != "" && !strings.EqualFold(sum, p.BinarySHA) {
		return fmt.Errorf("%s: SHA-256 is %s, %s was asked for", p.Binary, sum, p.BinarySHA)
	}
	remote, err := p.Client.Put(ctx, p.Binary, 0o755)
	if err != nil {
		return err
	}
	p.binary, p.sum, p.sums = remote, sum, map[string]string{}
	for _, f := range p.Beside {
		if p.sums[filepath.Base(f)], err = adb.HashOf(f); err != nil {
			return err
		}
		r, err := p.Client.Put(ctx, f, 0o644)
		if err != nil {
			return err
		}
		link := fmt.Sprintf("ln -sf %s %s", adb.Quote(r), adb.Quote(path.Join(path.Dir(p.binary), path.Base(r))))
		if _, err := p.Client.Shell(ctx, link, 0); err != nil {
			return err
		}
	}
	return nil
}

// Close takes everything off the device and wakes it, if it was sent to sleep.
func (p *Phone) Close(ctx context.Context) error {
	err := p.Client.Clean(ctx)
	if p.wake {
		_, e := p.Client.Shell(ctx, "input keyevent 224", 0) // KEYCODE_WAKEUP
		p.wake = p.wake && e != nil
		err = errors.Join(err, e)
	}
	return err
}

// lostOr is the outcome of an error of adb.
func lostOr(err error, def Status) Outcome {
	s := def
	switch {
	case errors.Is(err, adb.ErrLost), errors.Is(err, adb.ErrNoADB), errors.Is(err, adb.ErrUnauthorized):
		s = DeviceLost
	case errors.Is(err, adb.ErrFull):
		s = DeviceFull
	case errors.Is(err, adb.ErrTimeout):
		s = TimedOut
	}
	return Outcome{Answer: Answer{Status: s, Reason: err.Error()}}
}

// AnswerError is the answer of a Self tool that is not OK.
type AnswerError Answer

// Error returns the reason.
func (e *AnswerError) Error() string { return e.Reason }

// Self is this program as a tool on a device that can run it: the child's side of a host, with LiteRT's library beside it.
func Self(name, library string) runtime.Tool {
	return runtime.Tool{
		Name: name, Binary: "gaugenn",
		Args: func(model string, o runtime.Options) ([]string, error) {
			b, err := json.Marshal(Request{Job: Job{Path: model, Runtime: name, Options: o}, Library: "./" + library})
			if err != nil {
				return nil, err
			}
			return []string{"calibrate", "run-one", "--request", string(b)}, nil
		},
		Parse: func(stdout, _ []byte) (runtime.Result, error) {
			var a Answer
			if err := json.Unmarshal(stdout, &a); err != nil {
				return runtime.Result{}, &runtime.OutputError{Tool: "run-one", Msg: err.Error()}
			}
			if a.Status != OK {
				e := AnswerError(a)
				return a.Result, &e
			}
			return a.Result, nil
		},
	}
}
