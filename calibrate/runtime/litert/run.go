//go:build linux && (amd64 || arm64) && !nolitert

package litert

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	goruntime "runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
)

// Run loads a model, warms it up, times repeats and, with Profile, takes times per operator in a second pass with the profiler on, so
// that the repeats carry no cost of profiling. Inputs are the same pseudo-random numbers in every run (ones for indices). It uses the
// whole process: call it in one of its own.
func Run(ctx context.Context, lib Library, model string, opt runtime.Options) (runtime.Result, error) {
	opt = opt.Filled()
	res := runtime.Result{Runtime: Name, Version: lib.Version, LibrarySHA: lib.SHA256, Options: opt}
	if opt.Delegate != "cpu" {
		return res, fmt.Errorf("%w: delegate %q; this library is run on the CPU", runtime.ErrOption, opt.Delegate)
	}
	if opt.Kernel == "" {
		opt.Kernel = "delegate"
	}
	fn, err := load(lib.Path)
	if err != nil {
		return res, err
	}
	goruntime.LockOSThread()
	defer goruntime.UnlockOSThread()
	if err := timed(ctx, fn, model, opt, &res); err != nil {
		return res, err
	}
	if opt.Profile {
		if err := profiled(ctx, fn, model, opt, &res); err != nil {
			return res, err
		}
	}
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) == nil {
		res.PeakBytes = u.Maxrss << 10
	}
	return res, nil
}

// timed is the pass without a profiler.
func timed(ctx context.Context, fn *functions, model string, opt runtime.Options, res *runtime.Result) error {
	start := time.Now()
	s, err := newSession(fn, model, opt, false)
	if err != nil {
		return err
	}
	defer s.close()
	res.InitMS = ms(time.Since(start))
	if err := s.allocate(); err != nil {
		return err
	}
	res.InputBytes, res.OutputBytes = s.inBytes, s.outBytes
	var all bool
	res.Delegated = fn.fullyAccelerated(s.compiled, &all) == 0 && all
	end := time.Now().Add(opt.MaxTime)
	for i := range opt.Warmup {
		wall, _, err := s.once()
		if err != nil {
			return err
		}
		if i == 0 {
			res.FirstMS = wall
			if res.FirstOutput, err = s.firstOutput(); err != nil {
				return err
			}
		}
		if time.Now().After(end) {
			break
		}
	}
	res.TimedFromNS = sinceBoot()
	for began := time.Now(); len(res.RepeatsMS) < opt.Repeats || time.Since(began) < opt.MinTime; {
		wall, cpu, err := s.once()
		if err != nil {
			return err
		}
		if res.TimedRuns++; len(res.RepeatsMS) < maxRepeats { // the rest only fills the time, for meters
			res.RepeatsMS, res.CPUMS = append(res.RepeatsMS, wall), append(res.CPUMS, cpu)
		}
		if ctx.Err() != nil || time.Now().After(end) {
			break
		}
	}
	res.TimedToNS = sinceBoot()
	return ctx.Err()
}

// maxRepeats bounds how many repeats are kept of a model that takes microseconds.
const maxRepeats = 2000

// A profiled model is run this often at most, and not again after profiledTime once it was run profiledLeast times.
const (
	profiledRuns  = 40
	profiledLeast = 5
	profiledTime  = 400 * time.Millisecond
)

// profiled is the pass with the profiler on. The profiler's clock is the wall's, so that one operator that was held up would spoil a mean: each run
// is read by itself, and the smallest time of each operator kept.
func profiled(ctx context.Context, fn *functions, model string, opt runtime.Options, res *runtime.Result) error {
	s, err := newSession(fn, model, opt, true)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.allocate(); err != nil {
		return err
	}
	if _, _, err := s.once(); err != nil {
		return err
	}
	var p uintptr
	if err := status("profiler", fn.profiler(s.compiled, &p)); err != nil {
		return err
	}
	start := time.Now()
	for i := 0; i < profiledRuns && (i < profiledLeast || time.Since(start) < profiledTime); i++ {
		ops, err := s.profiledOnce(p)
		if err != nil {
			return err
		}
		res.Ops = runtime.Least(res.Ops, ops)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	res.OpsUnit = "us"
	return nil
}

// profiledOnce runs the model once and reads the times of its operators.
func (s *session) profiledOnce(p uintptr) ([]runtime.OpTime, error) {
	if err := status("reset of the profiler", s.fn.resetProfiler(p)); err != nil {
		return nil, err
	}
	if err := status("start of the profiler", s.fn.startProfiler(p)); err != nil {
		return nil, err
	}
	if _, _, err := s.once(); err != nil {
		return nil, err
	}
	if err := status("end of the profiler", s.fn.stopProfiler(p)); err != nil {
		return nil, err
	}
	return s.operators(p)
}

// session is a compiled model with its buffers.
type session struct {
	fn                        *functions
	env, model, compiled      uintptr
	in, out                   []uintptr
	inBytes, outBytes         int64
	firstSize                 uintptr
	signature, graph, options uintptr
}

func newSession(fn *functions, path string, opt runtime.Options, profile bool) (*session, error) {
	s := &session{fn: fn}
	if err := status("environment", fn.createEnvironment(0, nil, &s.env)); err != nil {
		return nil, err
	}
	if err := modelStatus("model", fn.modelFromFile(s.env, path, &s.model)); err != nil {
		return nil, err
	}
	if err := status("options", fn.createOptions(&s.options)); err != nil {
		return nil, err
	}
	const cpu = 1 // kLiteRtHwAcceleratorCpu
	if err := status("accelerators", fn.setAccelerators(s.options, cpu)); err != nil {
		return nil, err
	}
	if err := s.opaque("xnnpack", fmt.Sprintf("kernel_mode = %q\nnum_threads = %d\n", opt.Kernel, opt.Threads)); err != nil {
		return nil, err
	}
	if profile {
		if err := s.opaque("runtime_options_string", "enable_profiling = true\n"); err != nil {
			return nil, err
		}
	}
	if err := modelStatus("compile", fn.compile(s.env, s.model, s.options, &s.compiled)); err != nil {
		return nil, err
	}
	return s, nil
}

// opaque adds options that the library reads as TOML.
func (s *session) opaque(id, toml string) error {
	var q uintptr
	if err := status("options "+id, s.fn.createOpaque(id, s.fn.duplicate(toml), s.fn.free, &q)); err != nil {
		return err
	}
	return status("options "+id, s.fn.addOpaque(s.options, q))
}

func (s *session) close() {
	s.fn.destroyCompiled(s.compiled)
	s.fn.destroyModel(s.model)
	s.fn.destroyEnv(s.env)
}

// once runs the model once and returns wall and process CPU milliseconds.
func (s *session) once() (wall, cpu float64, err error) {
	var in, out *uintptr
	if len(s.in) > 0 {
		in = &s.in[0]
	}
	if len(s.out) > 0 {
		out = &s.out[0]
	}
	c0, start := cpuTime(), time.Now()
	st := s.fn.run(s.compiled, s.signature, uintptr(len(s.in)), in, uintptr(len(s.out)), out)
	wall, cpu = ms(time.Since(start)), ms(cpuTime()-c0)
	return wall, cpu, modelStatus("run", st)
}

// firstOutput returns the hash of the first output.
func (s *session) firstOutput() (string, error) {
	if len(s.out) == 0 || s.firstSize == 0 {
		return "", nil
	}
	var p unsafe.Pointer
	const read = 0
	if err := status("output", s.fn.lock(s.out[0], &p, read)); err != nil {
		return "", err
	}
	sum := sha256.Sum256(unsafe.Slice((*byte)(p), s.firstSize))
	return hex.EncodeToString(sum[:]), status("output", s.fn.unlock(s.out[0]))
}

func cpuTime() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

// sinceBoot is the clock that power meters of phones stamp with, in nanoseconds; 0 where there is none.
func sinceBoot() int64 {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) != nil {
		return 0
	}
	return t.Nano()
}

func ms(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

// status turns a LiteRtStatus into an error; 0 is kLiteRtStatusOk.
func status(what string, st int32) error {
	if st == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s: LiteRtStatus %d", runtime.ErrLibrary, what, st)
}

// modelStatus is status for calls that fail by the model's fault.
func modelStatus(what string, st int32) error {
	if st == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s: LiteRtStatus %d", runtime.ErrModel, what, st)
}
