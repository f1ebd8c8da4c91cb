package runtime

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// The reasons for which a run has no result.
var (
	// ErrFormat marks output that the reader does not know: another version, or a run that died on the way.
	ErrFormat = errors.New("unknown output")
	// ErrOption marks an option that the runtime cannot honour.
	ErrOption = errors.New("option not supported")
	// ErrLibrary marks a runtime that is not there or is of another make than the one this code was written for.
	ErrLibrary = errors.New("runtime library")
	// ErrModel marks a model that the runtime refuses.
	ErrModel = errors.New("runtime refuses the model")
)

// OutputError says where the output of a tool departs from what its reader knows. It is an ErrFormat.
type OutputError struct {
	Tool string // name of the tool
	Line int    // 1 for the first line; 0 when the whole is meant
	Msg  string
}

// Error says tool, line and what is wrong.
func (e *OutputError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.Tool, e.Msg)
	}
	return fmt.Sprintf("%s: line %d: %s", e.Tool, e.Line, e.Msg)
}

// Is reports whether target is ErrFormat.
func (e *OutputError) Is(target error) bool { return target == ErrFormat }

// Options says how a model is run. The zero value is one thread on the CPU with the runtime's own kernels and repeats.
type Options struct {
	Threads   int           `json:"threads"`             // CPU threads; 0 is 1
	Warmup    int           `json:"warmup"`              // runs before the timed ones; 0 is 3
	Repeats   int           `json:"repeats"`             // least number of timed runs; 0 is 20
	MinTime   time.Duration `json:"min_time_ns"`         // repeats go on until this much time was measured
	MaxTime   time.Duration `json:"max_time_ns"`         // and stop after this much, however few they are; 0 is a minute
	Delegate  string        `json:"delegate,omitempty"`  // cpu (also ""), gpu, nnapi, npu, dsp
	Kernel    string        `json:"kernel,omitempty"`    // LiteRT: delegate (XNNPACK, also ""), builtin or reference
	Precision string        `json:"precision,omitempty"` // f32, f16, i8; "" leaves it to model and runtime
	Affinity  string        `json:"affinity,omitempty"`  // "" any, big or little
	Profile   bool          `json:"profile,omitempty"`   // also take times per operator, in a pass of its own
}

// Filled returns the options with every default written out.
func (o Options) Filled() Options {
	o.Threads, o.Warmup, o.Repeats = max(o.Threads, 1), orInt(o.Warmup, 3), orInt(o.Repeats, 20)
	if o.MaxTime <= 0 {
		o.MaxTime = time.Minute
	}
	if o.Delegate == "" {
		o.Delegate = "cpu"
	}
	return o
}

func orInt(n, def int) int {
	if n <= 0 {
		return def
	}
	return n
}

// OpTime is the time of one operator in a profiled pass.
type OpTime struct {
	Index     int     `json:"index"` // place in run order
	Node      int     `json:"node"`  // node of the model's graph, -1 when the runtime does not say
	Type      string  `json:"type"`  // the runtime's own word
	Name      string  `json:"name,omitempty"`
	MeanUS    float64 `json:"mean_us"` // microseconds per inference
	Calls     int     `json:"calls"`
	Delegated bool    `json:"delegated,omitempty"` // Index counts the delegate's nodes, not the model's
}

// Least joins the profiles of two runs of one model: the smaller time of each operator, and its calls in all. A run that lists other operators, as
// one whose control flow went another way, is left out; the first one counts.
func Least(have, run []OpTime) []OpTime {
	if len(have) == 0 {
		return run
	}
	if len(have) != len(run) {
		return have
	}
	for i := range run {
		if have[i].Type != run[i].Type || have[i].Name != run[i].Name || have[i].Node != run[i].Node {
			return have
		}
	}
	for i := range run {
		have[i].MeanUS = min(have[i].MeanUS, run[i].MeanUS)
		have[i].Calls += run[i].Calls
	}
	return have
}

// Summary holds statistics that a tool printed instead of its repeats. Values are finite milliseconds; what was not printed is nil.
type Summary struct {
	Count    int      `json:"count"` // runs that the statistics are of; 0 not told
	MinMS    *float64 `json:"min_ms,omitempty"`
	MaxMS    *float64 `json:"max_ms,omitempty"`
	MeanMS   *float64 `json:"mean_ms,omitempty"`
	SDMS     *float64 `json:"sd_ms,omitempty"`
	MedianMS *float64 `json:"median_ms,omitempty"`
	P5MS     *float64 `json:"p5_ms,omitempty"`
	P90MS    *float64 `json:"p90_ms,omitempty"`
	P95MS    *float64 `json:"p95_ms,omitempty"`
}

// Result is what one run of one model gave. A zero value of a slice means that the runtime does not say.
type Result struct {
	Runtime     string    `json:"runtime"`
	Version     string    `json:"version,omitempty"`
	LibrarySHA  string    `json:"library_sha256,omitempty"`
	Options     Options   `json:"options"`
	InitMS      float64   `json:"init_ms,omitempty"`       // loading and preparing the model; 0 not told
	FirstMS     float64   `json:"first_ms,omitempty"`      // first inference; 0 not told
	RepeatsMS   []float64 `json:"repeats_ms,omitempty"`    // wall time of each timed run, in order
	CPUMS       []float64 `json:"cpu_ms,omitempty"`        // process CPU time of each timed run, in order
	TimedFromNS int64     `json:"timed_from_ns,omitempty"` // when the timed runs began, on the clock of boot time; 0 not told
	TimedToNS   int64     `json:"timed_to_ns,omitempty"`   // and when they ended
	TimedRuns   int       `json:"timed_runs,omitempty"`    // inferences between the two, which may be more than the repeats kept
	Summary     *Summary  `json:"summary,omitempty"`       // when the repeats are not told
	PeakBytes   int64     `json:"peak_bytes,omitempty"`    // peak resident memory of the process; 0 not told
	Ops         []OpTime  `json:"ops,omitempty"`           // only with Options.Profile
	OpsUnit     string    `json:"ops_unit,omitempty"`      // "us", or "cycles" where a runtime counts those
	Delegated   bool      `json:"delegated,omitempty"`     // the delegate took every node
	InputBytes  int64     `json:"input_bytes,omitempty"`   // of all inputs
	OutputBytes int64     `json:"output_bytes,omitempty"`  // of all outputs
	FirstOutput string    `json:"first_output,omitempty"`  // SHA-256 of the first output for the fixed input

	BesideSHA map[string]string `json:"beside_sha256,omitempty"` // SHA-256 of the libraries put beside the program, by file name
}

// LatencyMS returns the best single number for one warm inference: the median of the repeats, else the tool's median, else its
// mean. The second result names the statistic; "" when there is none.
func (r *Result) LatencyMS() (float64, string) {
	if len(r.RepeatsMS) > 0 {
		return Quantile(r.RepeatsMS, 0.5), "median"
	}
	if s := r.Summary; s != nil {
		switch {
		case s.MedianMS != nil:
			return *s.MedianMS, "median"
		case s.MeanMS != nil:
			return *s.MeanMS, "mean"
		case s.MinMS != nil:
			return *s.MinMS, "min"
		}
	}
	return 0, ""
}

// Quantile returns the q-quantile (0 to 1) of values by linear interpolation, and NaN of none. It does not change values.
func Quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	s := slices.Clone(values)
	slices.Sort(s)
	at := q * float64(len(s)-1)
	i := int(at)
	if i+1 >= len(s) {
		return s[len(s)-1]
	}
	return s[i] + (at-float64(i))*(s[i+1]-s[i])
}

// Tool is a command-line benchmark of a runtime.
type Tool struct {
	Name string // as in tables: litert, ncnn, mnn, ort, executorch, snpe
	// Binary is the usual file name of the program.
	Binary string
	// Args returns the arguments after the program's path that run the model at path. An option that the tool has no flag for is an
	// ErrOption.
	Args func(path string, o Options) ([]string, error)
	// Parse reads what the program printed. Output that it does not know is an ErrFormat.
	Parse func(stdout, stderr []byte) (Result, error)
	// Lists is of a program that runs lists of input files and writes a log instead of printing; nil for the others. Parse then reads what the
	// log's reader prints.
	Lists *Lists
}

// InputFile is a file with one input of a model, raw float32 values in the computer's order.
type InputFile struct{ Name, Path string }

// Lists says how a program that takes lists of input files is run.
type Lists struct {
	Log    string                                 // file name of its log in the folder of outputs
	Reader string                                 // usual name of the host's program that prints the log
	Read   func(log string) []string              // the reader's arguments
	List   func(inputs []InputFile, n int) string // text of the list for n inferences
	Flags  func(list, out string) []string        // arguments for the list and the folder of outputs, after those of Args
	Env    func(dir string) []string              // variables, each NAME=value, for libraries in dir
}
