package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gaugenn/gaugenn/calibrate/additive"
	"github.com/gaugenn/gaugenn/calibrate/plan"
	runs "github.com/gaugenn/gaugenn/calibrate/run"
	"github.com/gaugenn/gaugenn/data"
	"github.com/gaugenn/gaugenn/estimate/device"
	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/estimate/simulate"
)

type sampleOptions struct {
	models  []string
	files   []string
	devices []string
	runs    string
	runtime string
	out     string
	budget  time.Duration
	most    int
	minRun  time.Duration
	probes  int
	all     bool
	quiet   bool
}

func sampleCommand() *cobra.Command {
	var o sampleOptions
	c := &cobra.Command{
		Use:   "sample",
		Short: "Choose which models to run on a device, and say why",
		Long: `Sample reads the models below --models and chooses those whose runs tell most about the
latency of all of them, per second that a run is expected to cost. Expected latencies are
simulated for --devices from published facts ("host" takes nominal ones). With several devices
the budget holds on the slowest. A folder of tables stands for the models of a scan: their layers
are read from the tables, their bytes from --files when they are run. With --runs the
models that were run before count as known, so that the plan names the next ones. --probes
adds networks that are made for the purpose, in a folder beside the plan: with the times of
their operators a fit can price kernels that no model at hand has.`,
		Example: `  gaugenn calibrate sample --models models/ --probes 60 --budget 20m --devices "Pixel 8" -o plan.json
  gaugenn calibrate sample --models tables/ --files apps/ --devices "Pixel 8,Galaxy S21" -o plan.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(o.models) == 0 && o.probes == 0 || o.out == "" {
				return usagef("sample needs --models FOLDER or --probes N, and -o FILE")
			}
			if o.probes > 0 && o.runtime != "litert" {
				return usagef("--probes are .tflite files: they are for --runtime litert")
			}
			return sample(cmd.Context(), o, cmd.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringArrayVar(&o.models, "models", nil, "folder of models, or of the tables of a scan; may be repeated")
	f.StringArrayVar(&o.files, "files", nil, "with tables: folder or file that was scanned, to take the models from; may be repeated")
	f.StringSliceVar(&o.devices, "devices", []string{"host"}, "devices that the plan is for, by name or model code")
	f.StringVar(&o.runs, "runs", "", "folder of runs that were done before")
	f.StringVar(&o.runtime, "runtime", "litert", "runtime that will run them")
	f.DurationVar(&o.budget, "budget", 20*time.Minute, "time for the whole plan on one device; 0 is no limit")
	f.IntVar(&o.most, "most", 0, "most models; 0 is no limit")
	f.BoolVar(&o.all, "all", false, "every model, however little its run would tell: to judge fits by")
	f.IntVar(&o.probes, "probes", 0, "also make and run this many networks of random operators, which tell what each kind of kernel costs (LiteRT)")
	f.DurationVar(&o.minRun, "min-time", time.Second, "least time of the repeats of one model")
	f.StringVarP(&o.out, "output", "o", "", "file for the plan")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no summary")
	return c
}

// formatsOfRuntime are the formats that a runtime loads.
var formatsOfRuntime = map[string][]string{
	"litert": {"tflite"}, "ncnn": {"ncnn"}, "mnn": {"mnn"}, "ort": {"onnx", "ort"}, "executorch": {"executorch"}, "snpe": {"snpe", "dlc"},
}

func sample(ctx context.Context, o sampleOptions, stderr io.Writer) error {
	formats, ok := formatsOfRuntime[o.runtime]
	if !ok {
		return usagef("runtime %q is not known", o.runtime)
	}
	machines, err := machinesOf(o.devices, o.runtime)
	if err != nil {
		return err
	}
	all, skipped, err := findCandidates(ctx, o.models, o.files, formats)
	if err != nil {
		return err
	}
	for i := range all {
		all[i].LatencyMS = expectedMS(machines, all[i].Net)
	}
	opt := plan.Options{Budget: o.budget, Models: o.most, Setup: 2 * time.Second, MinRun: o.minRun}
	if opt.Prior, err = priorOf(o.devices, o.runtime); err != nil {
		return err
	}
	probes, err := addProbes(o, machines, &opt)
	if err != nil {
		return err
	}
	if o.runs != "" {
		if all, opt.Done, err = splitDone(o.runs, all); err != nil {
			return err
		}
	}
	p, err := plan.Choose(all, opt)
	if errors.Is(err, plan.ErrNothing) && len(probes) > 0 {
		p, err = &plan.Plan{Version: plan.Version, Method: "probes only"}, nil
	}
	if err != nil {
		return err
	}
	if o.all {
		addRest(p, all, opt)
	}
	withProbes(p, probes, opt)
	p.BudgetS = o.budget.Seconds()
	p.Devices = o.devices
	p.DeviceCostS = costsOf(o.devices, machines, p, slices.Concat(all, probes), opt)
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(o.out, append(b, '\n'), 0o644); err != nil {
		return err
	}
	if !o.quiet {
		writePlan(stderr, p, len(probes), skipped, o.out)
	}
	return nil
}

// addRest puts the models that were not chosen after those that were.
func addRest(p *plan.Plan, all []plan.Candidate, opt plan.Options) {
	chosen := map[string]bool{}
	for _, m := range p.Models {
		chosen[m.ID] = true
	}
	for i := range all {
		if !chosen[all[i].ID] && !all[i].Absent {
			m := choiceOf(&all[i], opt, "asked for with --all")
			m.Step = len(p.Models) + 1
			p.Models = append(p.Models, m)
			p.CostS += m.CostS
		}
	}
}

// choiceOf is a candidate in a plan that no gain was weighed of.
func choiceOf(c *plan.Candidate, opt plan.Options, why string) plan.Choice {
	return plan.Choice{ID: c.ID, Name: c.Name, Path: c.Path, Inside: c.Inside, Format: c.Format, LatencyMS: c.LatencyMS, CostS: opt.Cost(c.LatencyMS), Reason: why}
}

// writePlan prints a plan with n probes for people.
func writePlan(w io.Writer, p *plan.Plan, n, skipped int, path string) {
	for _, c := range p.Models {
		fmt.Fprintf(w, "%3d  %-44.44s %9.3g ms %5.1f s  %s\n", c.Step, c.Name, c.LatencyMS, c.CostS, c.Reason)
	}
	for _, d := range p.Devices {
		if s, ok := p.DeviceCostS[d]; ok {
			fmt.Fprintf(w, "%s: %.0f s expected\n", d, s)
		}
	}
	what := plural(len(p.Models)-n, "model")
	if n > 0 {
		what += " and " + plural(n, "probe")
	}
	fmt.Fprintf(w, "%s to run, %d distinct models considered (%d files without a cost left out), %.0f s expected, uncertainty left %.0f %%: %s\n",
		what, p.Considered, skipped, p.CostS, 100*p.MeanSDLeft, path)
}

// machinesOf returns a simulated machine for each device but the host.
func machinesOf(devices []string, runtimeName string) ([]*simulate.Machine, error) {
	var out []*simulate.Machine
	for _, name := range devices {
		if name == "host" {
			continue
		}
		d, err := device.Embedded().Find(name)
		if err != nil {
			return nil, err
		}
		m, err := simulate.NewMachine(device.Target{Device: d, Runtime: runtimeName, Delegate: device.CPU, Threads: 1, Precision: device.F32})
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// expectedMS returns the largest simulated latency; where no machine tells, the nominal one.
func expectedMS(machines []*simulate.Machine, net *feature.Network) float64 {
	most := 0.0
	for _, m := range machines {
		if r, err := m.RunNetwork(net); err == nil && r.LatencyMS.Known {
			most = max(most, r.LatencyMS.Value)
		}
	}
	if most > 0 {
		return most
	}
	return additive.Nominal(additive.Terms(net))
}

// findCandidates reads every model of the formats below the folders. Files that no reader takes, or without a kernel of known cost, are
// counted. The same bytes under several names are one candidate.
func findCandidates(ctx context.Context, dirs, files, formats []string) (out []plan.Candidate, skipped int, err error) {
	seen := map[string]bool{}
	for _, dir := range dirs {
		if tables, err := data.Files(dir, "models"); err == nil && len(tables) > 0 {
			some, none, err := tableCandidates(dir, files, formats)
			if err != nil {
				return nil, 0, err
			}
			skipped += none
			for _, c := range some {
				if !seen[c.ID] {
					seen[c.ID] = true
					out = append(out, c)
				}
			}
			continue
		}
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || ctx.Err() != nil {
				return cmp.Or(err, ctx.Err())
			}
			if d.IsDir() || !mayBe(path, formats) {
				return nil
			}
			c, err := candidateOf(path, formats)
			switch {
			case err != nil:
				skipped++
			case !seen[c.ID]:
				seen[c.ID] = true
				out = append(out, c)
			}
			return nil
		})
		if err != nil {
			return nil, 0, err
		}
	}
	return out, skipped, nil
}

// suffixes are the endings that spare the reading of every file of a folder.
var suffixes = map[string][]string{
	"tflite": {".tflite", ".lite"}, "ncnn": {".param"}, "mnn": {".mnn"}, "onnx": {".onnx"}, "ort": {".ort"}, "executorch": {".pte"}, "dlc": {".dlc"},
}

func mayBe(path string, formats []string) bool {
	for _, f := range formats {
		for _, s := range suffixes[f] {
			if strings.HasSuffix(strings.ToLower(path), s) {
				return true
			}
		}
	}
	return false
}

// candidateOf reads one file. A reader's panic is the file's fault and an error.
func candidateOf(path string, formats []string) (c plan.Candidate, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: reader failed: %v", path, r)
		}
	}()
	m, content, err := readWhole(path)
	if err != nil {
		return c, err
	}
	if !slices.Contains(formats, m.Format) {
		return c, fmt.Errorf("%s: format %s", path, m.Format)
	}
	h := sha256.New()
	for _, b := range content {
		h.Write(b)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return c, err
	}
	c = plan.Candidate{ID: hex.EncodeToString(h.Sum(nil)), Name: strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), Path: abs, Format: m.Format}
	stateInput(path, m)
	c.Net = kernels(c.Name, m)
	if !worthRunning(c.Net) {
		return c, fmt.Errorf("%s: no kernel of known cost", path)
	}
	return c, nil
}

// minKernels is how few kernels a network has: fewer are a test of an operator, whose time is that of starting it.
const minKernels = 4

// worthRunning reports whether a model is a network most of whose kernels have a known cost.
func worthRunning(n *feature.Network) bool {
	unknown := 0
	for i := range n.Layers {
		if !n.Layers[i].Known {
			unknown++
		}
	}
	return len(n.Layers) >= minKernels && unknown*2 <= len(n.Layers)
}

// splitDone parts candidates into those to choose from and those that a folder of runs has a good run of. Models that the device's
// runtime refused or died of are in neither.
func splitDone(dir string, all []plan.Candidate) (left, done []plan.Candidate, err error) {
	records, err := runs.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	status := map[string]runs.Status{}
	for _, r := range records {
		if status[r.Job.ModelID] != runs.OK {
			status[r.Job.ModelID] = r.Status
		}
	}
	for _, c := range all {
		s, ran := status[c.ID]
		switch {
		case s == runs.OK:
			done = append(done, c)
		case !ran || s.Retry():
			left = append(left, c)
		}
	}
	return left, done, nil
}
