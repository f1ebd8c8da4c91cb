package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gaugenn/gaugenn/calibrate/plan"
	runs "github.com/gaugenn/gaugenn/calibrate/run"
	"github.com/gaugenn/gaugenn/calibrate/runtime"
	"github.com/gaugenn/gaugenn/calibrate/runtime/benchmodel"
	"github.com/gaugenn/gaugenn/calibrate/runtime/executorch"
	"github.com/gaugenn/gaugenn/calibrate/runtime/litert"
	"github.com/gaugenn/gaugenn/calibrate/runtime/mnn"
	"github.com/gaugenn/gaugenn/calibrate/runtime/ncnn"
	"github.com/gaugenn/gaugenn/calibrate/runtime/ort"
	"github.com/gaugenn/gaugenn/calibrate/runtime/snpe"
	"github.com/gaugenn/gaugenn/data"
)

type runOptions struct {
	plan      string
	devices   []string
	out       string
	library   string
	adb       string
	adbPort   int
	binary    string
	binarySHA string
	runtime   string
	python    string
	beside    []string
	reader    string
	statistic string
	options   runtime.Options
	coolTo    float64
	battery   float64
	meter     meterOptions
	screenOff bool
	seed      uint64
	quiet     bool
}

func runCommand() *cobra.Command {
	var o runOptions
	c := &cobra.Command{
		Use:   "run PLAN",
		Short: "Run the models of a plan on a device and keep every repeat",
		Long: `Run takes a plan's models to a device one after another, each in a process of its own, and
appends a line for each to RUNS/runs.jsonl as soon as it ends. Started again, it goes on where
it stopped; runs that a lost device or a full disk spoiled are tried again. At the end it writes
RUNS/measurements: the reduced values, with the reason beside each run that is not valid.

Several devices run the plan at once, each its models one after another; one that is lost does not
stop the others. sim:NAME is a phone of the catalogue that is simulated from published facts, heat
included: its rows say so.

With --meter the energy of an inference is measured beside: the meter records on the phone around
each run, the power of the phone left alone is subtracted, and what was recorded is kept in
RUNS/traces. A phone that charges is refused: use adb over Wi-Fi.

--device host runs LiteRT's library in this machine's processes ("pip install ai-edge-litert").
The value kept there is the smallest process CPU time of one thread (--statistic cpu_min), since
other work on the machine hardly moves it; --statistic median keeps the median of wall times.
--runtime ort, ncnn or mnn runs those runtimes there out of their Python wheels.`,
		Example: `  gaugenn calibrate run plan.json -o runs/ --device host
  gaugenn calibrate run plan.json -o runs/ --device sim:"Pixel 7"
  gaugenn calibrate run plan.json -o runs/ --device 192.168.1.20:5555 --binary benchmark_model --meter odpm`,
		Args: atLeast(1, "a plan"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || o.out == "" {
				return usagef("run needs one PLAN and -o FOLDER")
			}
			o.plan = args[0]
			return runPlan(cmd.Context(), o, cmd.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringArrayVar(&o.devices, "device", []string{hostName}, "host; the serial number or address of a device that adb lists; all of those; or sim:NAME, a simulated phone. May be repeated")
	f.StringVarP(&o.out, "output", "o", "", "folder for runs and measurements")
	f.StringVar(&o.library, "litert-library", "", "path of libLiteRt.so; else it is looked for in the active Python environment and the usual folders")
	f.StringVar(&o.runtime, "runtime", "litert", "with --device host: litert, or ort, ncnn or mnn out of their Python wheels; with sim:NAME: the one to simulate")
	f.StringVar(&o.python, "python", "", "with those: the Python interpreter that has the wheel; else the active environment's or the one in PATH")
	f.StringVar(&o.adb, "adb", "", "path of the adb program; else the one in PATH")
	f.IntVar(&o.adbPort, "adb-port", 0, "port of adb's server, if not its own default")
	f.StringVar(&o.binary, "binary", "", "the runtime's benchmark program for the device: benchmark_model, benchncnn, ...")
	f.StringVar(&o.binarySHA, "binary-sha256", "", "refuse another program than the one with this SHA-256")
	f.StringArrayVar(&o.beside, "beside", nil, "file that the program needs beside it, as a library; may be repeated")
	f.StringVar(&o.reader, "reader", "", "with snpe-net-run: the SDK's snpe-diagview for this machine, which prints its logs")
	f.StringVar(&o.statistic, "statistic", "", "median or cpu_min; empty takes cpu_min on the host with one thread, else median")
	f.StringVar(&o.options.Delegate, "delegate", "", "cpu (also empty), gpu, nnapi, npu or dsp, where the runtime has it")
	f.StringVar(&o.options.Precision, "precision", "", "f32, f16 or i8, where the runtime leaves a choice")
	f.StringVar(&o.options.Affinity, "affinity", "", "big or little; empty takes any core")
	f.IntVar(&o.options.Threads, "threads", 1, "CPU threads")
	f.IntVar(&o.options.Warmup, "warmup", 3, "runs before the timed ones")
	f.IntVar(&o.options.Repeats, "repeats", 20, "least number of timed runs")
	f.DurationVar(&o.options.MinTime, "min-time", time.Second, "repeat for at least this long")
	f.DurationVar(&o.options.MaxTime, "max-time", 30*time.Second, "stop repeating after this long")
	f.StringVar(&o.options.Kernel, "kernel", "", "LiteRT kernels: delegate (XNNPACK), builtin or reference")
	f.BoolVar(&o.options.Profile, "profile", true, "also take times per operator")
	f.Float64Var(&o.coolTo, "cool-to", 0, "wait until the device is at most this warm (degrees Celsius) before each run")
	f.Float64Var(&o.battery, "min-battery", 20, "stop when a device that is not charging has less than this percentage")
	f.StringVar(&o.meter.name, "meter", "", "meter of each run's energy: odpm, perfetto, fuelgauge, or monsoon=FILE, the CSV of a monitor in the battery's place")
	f.StringVar(&o.meter.command, "meter-command", "", "with monsoon=FILE: program that writes the file, started before the runs and interrupted after them")
	f.Float64Var(&o.meter.volts, "meter-volts", 0, "with monsoon=FILE: voltage that the monitor was set to, if the file does not tell")
	f.DurationVar(&o.meter.idle, "idle", 5*time.Second, "with a meter: time that a phone is left alone before and after each run, whose power is subtracted")
	f.BoolVar(&o.screenOff, "screen-off", false, "send phones to sleep for the runs, and wake those again that were awake")
	f.Uint64Var(&o.seed, "seed", 1, "of simulated phones")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no progress")
	return c
}

// runOneCommand is the child's side of calibrate run.
func runOneCommand() *cobra.Command {
	var request string
	c := &cobra.Command{
		Use: "run-one", Short: "Run one model as asked on standard input", Args: cobra.NoArgs, Hidden: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in := cmd.InOrStdin()
			if request != "" {
				in = strings.NewReader(request)
			}
			return runs.Serve(in, cmd.OutOrStdout(), func(q runs.Request) (runtime.Result, error) {
				lib, err := litert.Find(q.Library)
				if err != nil {
					return runtime.Result{}, err
				}
				return litert.Run(cmd.Context(), lib, q.Job.Path, q.Job.Options)
			})
		},
	}
	c.Flags().StringVar(&request, "request", "", "the request, instead of standard input")
	return c
}

func runPlan(ctx context.Context, o runOptions, stderr io.Writer) error {
	p, err := readPlan(o.plan)
	if err != nil {
		return err
	}
	devices, name, err := o.devicesOf(ctx)
	if err != nil {
		return err
	}
	o.options.Profile = o.options.Profile && (name == "litert" || name == snpe.Tool.Name || o.wheelProfiles(name)) && !o.meter.slows(devices) // the others' programs tell no operators
	log, err := runs.OpenLog(o.out)
	if err != nil {
		return err
	}
	defer log.Close()
	var jobs []runs.Job
	for _, m := range p.Models {
		job := runs.Job{ModelID: m.ID, Name: m.Name, Path: m.Path, Runtime: name, Options: o.options.Filled()}
		if m.Inside != nil {
			if job.Path, err = takeOut(m, filepath.Join(o.out, "models")); err != nil {
				job.Missing = err.Error()
			}
		}
		if (o.wheel(name) || name == snpe.Tool.Name) && job.Missing == "" {
			job.Shapes, job.Whole = inputShapes(job.Path)
		}
		jobs = append(jobs, job)
	}
	stop, err := o.meter.start(ctx)
	if err != nil {
		return err
	}
	err = runs.All(ctx, devices, jobs, log, runs.Options{CoolTo: o.coolTo, MinBattery: o.battery, Progress: func(done, all int, r *runs.Record) {
		if !o.quiet && r != nil {
			writeRun(stderr, done, all, r, o.rules(r), len(devices) > 1)
		}
	}})
	if err = errors.Join(err, closeAll(ctx, devices), stop()); err != nil {
		return errors.Join(err, o.measurements(stderr)) // what was run before is kept
	}
	if err := o.meter.read(log, o.out, stderr); err != nil {
		return err
	}
	return o.measurements(stderr)
}

// rules returns the rules of reduction that the flags ask for: on this machine, where other work runs beside, the smallest CPU time.
func (o runOptions) rules(r *runs.Record) runs.Rules {
	return runs.Rules{Statistic: statisticOf(o.statistic, r)}
}

// statisticOf returns the statistic that was asked for, or else the one that fits a record.
func statisticOf(asked string, r *runs.Record) string {
	if asked == "" && r.Device.ID == hostName && r.Job.Options.Threads <= 1 {
		return runs.CPUMin
	}
	return asked
}

// tools are the benchmark programs that can be run on a device.
func tools() []runtime.Tool {
	return []runtime.Tool{benchmodel.Tool, ncnn.Tool, mnn.Tool, ort.Tool, executorch.Tool, snpe.Tool, runs.Self("litert", "libLiteRt.so")}
}

// toolNamed returns the tool whose program has a name like the file's, as benchmark_model_plus_flex is benchmark_model.
func toolNamed(file string) (runtime.Tool, bool) {
	for _, t := range tools() {
		if strings.Contains(file, strings.TrimSuffix(t.Binary, ".out")) {
			return t, true
		}
	}
	return runtime.Tool{}, false
}

func toolNames() []string {
	var out []string
	for _, t := range tools() {
		out = append(out, t.Binary)
	}
	return out
}

// findLiteRT looks for the library where Python environments keep it.
func findLiteRT(path string) (litert.Library, error) {
	home, _ := os.UserHomeDir() // an unknown home is one place less to look
	return litert.Find(path, os.Getenv("VIRTUAL_ENV"), filepath.Join("build", "venv"), filepath.Join(home, ".local"), "/usr/local", "/usr/lib", "/usr")
}

func readPlan(path string) (*plan.Plan, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	p := &plan.Plan{}
	if err := json.Unmarshal(b, p); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if p.Version != plan.Version {
		return nil, fmt.Errorf("%s: plan of version %d, this is version %d", path, p.Version, plan.Version)
	}
	return p, nil
}

// writeRun prints a run for people.
func writeRun(w io.Writer, done, all int, r *runs.Record, rules runs.Rules, several bool) {
	if several {
		fmt.Fprintf(w, "%-14.14s ", r.Device.Name)
	}
	red := runs.Reduce(r, rules)
	verdict := red.Reason
	if red.Valid {
		verdict = "ok"
	}
	if red.Stat == "" {
		fmt.Fprintf(w, "%3d/%d  %-44.44s %s\n", done, all, r.Job.Name, verdict)
		return
	}
	n := len(r.Result.RepeatsMS)
	if s := r.Result.Summary; n == 0 && s != nil {
		n = s.Count
	}
	fmt.Fprintf(w, "%3d/%d  %-44.44s %9s ms %s of %d, %d operators, %.1f s  %s%s\n",
		done, all, r.Job.Name, digits(red.LatencyMS, 4), red.Stat, n, len(r.Result.Ops), r.TookS, verdict, energyWords(r.Energy))
}

// measurements writes the table from all runs of the folder.
func (o runOptions) measurements(stderr io.Writer) error {
	records, err := runs.ReadDir(o.out)
	if err != nil {
		return err
	}
	w, err := data.Create[data.Measurement](o.out, "part-0", data.Meta{Tool: version, Command: "calibrate run"})
	if err != nil {
		return err
	}
	valid := 0
	for i := range records {
		row := measurementRow(&records[i], o.rules(&records[i]))
		if row.Valid {
			valid++
		}
		if err := w.Write(row); err != nil {
			return errors.Join(err, w.Close())
		}
	}
	if !o.quiet {
		fmt.Fprintf(stderr, "%d runs, %d valid: %s\n", len(records), valid, filepath.Join(o.out, "measurements"))
	}
	return w.Close()
}

// measurementRow is a run as a row of the measurements table.
func measurementRow(r *runs.Record, rules runs.Rules) data.Measurement {
	red := runs.Reduce(r, rules)
	res := &r.Result
	threads := int64(max(r.Job.Options.Threads, 1))
	row := data.Measurement{
		RunID: r.RunID, ModelID: r.Job.ModelID, ModelName: r.Job.Name, Device: r.Device.Name, SoC: r.Device.SoC,
		Runtime: r.Job.Runtime, RuntimeVersion: res.Version, Delegate: r.Job.Options.Delegate, Threads: &threads,
		Affinity: r.Job.Options.Affinity, Precision: r.Job.Options.Precision, RepeatsMS: res.RepeatsMS, LatencyStat: red.Stat,
		LatencyMS: positive(red.LatencyMS), LatencyMinMS: positive(red.MinMS), LatencyP90MS: positive(red.P90MS),
		TemperatureC: r.Before.TemperatureC, Basis: "measured", Valid: red.Valid, Reason: red.Reason,
		RecordedAt: r.Started.Format(time.RFC3339), Source: "gaugenn calibrate run", Notes: notesOf(r, red),
	}
	if r.Device.Simulated {
		row.Basis = "simulated"
	}
	if e := r.Energy; e.Known() {
		row.EnergyMJ, row.PowerW = &e.EnergyMJ, positive(e.PowerW)
	}
	if res.PeakBytes > 0 {
		row.PeakMemoryBytes = &res.PeakBytes
	}
	if c := r.Before.ClocksMHz; len(c) > 0 {
		sum := 0.0
		for _, v := range c {
			sum += v
		}
		row.ClockMHz = positive(sum / float64(len(c)))
	}
	return row
}

// positive returns a value that was taken; 0 and what is no number were not.
func positive(v float64) *float64 {
	if v > 0 {
		return &v
	}
	return nil
}

// notesOf are the facts of a run that the table has no column for.
func notesOf(r *runs.Record, red runs.Reduced) string {
	s := fmt.Sprintf("status=%s", r.Status)
	if k := r.Result.Options.Kernel; k != "" {
		s += ";kernel=" + k
	}
	if r.Result.LibrarySHA != "" {
		s += fmt.Sprintf(";library=%.12s", r.Result.LibrarySHA)
	}
	if red.CPUMinMS > 0 {
		s += fmt.Sprintf(";cpu_min_ms=%.6g;cpu_spread=%.3f", red.CPUMinMS, red.CPUSteady)
	}
	s += energyNotes(r.Energy)
	if r.Before.Load != nil {
		s += fmt.Sprintf(";load=%.2f", *r.Before.Load)
	}
	if r.Device.CPU != "" {
		s += ";cpu=" + r.Device.CPU
	}
	return s
}
