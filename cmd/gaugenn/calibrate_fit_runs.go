package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gaugenn/gaugenn/calibrate/additive"
	"github.com/gaugenn/gaugenn/calibrate/opcost"
	"github.com/gaugenn/gaugenn/calibrate/plan"
	runs "github.com/gaugenn/gaugenn/calibrate/run"
	"github.com/gaugenn/gaugenn/calibrate/runtime"
	"github.com/gaugenn/gaugenn/estimate/feature"
)

type fitRunsOptions struct {
	out       string
	statistic string
	device    string
	plot      string
	quiet     bool
}

// withRuns lets calibrate fit take a folder of runs as its argument, beside rows of recorded tables.
func withRuns(c *cobra.Command) *cobra.Command {
	var o fitRunsOptions
	rows := c.RunE
	c.Use = "fit [RUNS...]"
	c.Args = cobra.ArbitraryArgs
	c.Long += `

With RUNS, folders that calibrate run wrote, fit finds what each kind of kernel costs from the
times of operators in the valid runs of one device, those of probes too, or, where a runtime tells
none, a price for each kind of work from whole runs. Several devices, runtimes, numbers of threads
and so on are fitted each by itself, into files whose names tell them apart. It predicts every model from fits that saw
neither it nor any of its family: the table and the figures at the end are of those predictions.
The models' files must still be where they were run from.`
	c.Example += "\n  gaugenn calibrate fit runs/ -o host.json --plot host.svg"
	c.Flags().StringVar(&o.statistic, "statistic", "", "with RUNS: median or cpu_min; empty takes cpu_min for one thread of the host, else median")
	c.Flags().StringVar(&o.device, "device", "", "with RUNS of several devices: the one to fit, by name, serial number or address; empty fits each")
	c.Flags().StringVar(&o.plot, "plot", "", "with RUNS: file for a plot of predicted against measured (.svg, .png, .pdf)")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return rows(cmd, args)
		}
		o.out, o.quiet = cmd.Flag("output").Value.String(), cmd.Flag("quiet").Value.String() == "true"
		return fitRuns(cmd.Context(), args, o, cmd.ErrOrStderr())
	}
	return c
}

// runProfile is a profile that was fitted on runs.
type runProfile struct {
	Version   int             `json:"version"`
	Tool      string          `json:"tool"`
	Device    runs.Facts      `json:"device"`
	Runtime   string          `json:"runtime"`
	Statistic string          `json:"statistic"`
	Options   runtime.Options `json:"options"` // that the runs had
	Terms     []string        `json:"terms,omitempty"`
	Model     *additive.Model `json:"model,omitempty"`   // of whole runs; nil where there are too few networks for it
	Kernels   *opcost.Model   `json:"kernels,omitempty"` // of operators; nil where the runs did not tell their times
	Networks  int             `json:"networks"`          // runs that are no probes
	Probes    int             `json:"probes"`
	heldFigures
	Energy *energyFit `json:"energy,omitempty"` // nil where too few runs have one
	Noise  float64    `json:"noise_floor"`      // median distance of the tenth part of CPU times from the smallest

	probes []fitRow // for energies, where networks are too few
}

// heldFigures judge predictions of families by fits that did not see them.
type heldFigures struct {
	MAPE    float64 `json:"held_out_mape"` // mean relative error
	Median  float64 `json:"held_out_median_error"`
	Covered float64 `json:"held_out_covered"` // the part inside its 90 % interval
}

// figuresOf compares predictions with what was measured; all are 0 where there is no prediction.
func figuresOf(samples []additive.Sample, held []additive.HeldOut) (f heldFigures) {
	var errs []float64
	inside := 0
	for i, h := range held {
		if y := samples[i].LatencyMS; h.Known {
			errs = append(errs, math.Abs(h.ValueMS/y-1))
			if h.LoMS <= y && y <= h.HiMS {
				inside++
			}
		}
	}
	n := len(errs)
	if n == 0 {
		return f
	}
	slices.Sort(errs)
	for _, e := range errs {
		f.MAPE += e / float64(n)
	}
	f.Median, f.Covered = errs[n/2], float64(inside)/float64(n)
	return f
}

// fitRow is a run that a fit can use.
type fitRow struct {
	name   string
	sample additive.Sample
	noise  float64
	energy *runs.Energy
	run    opcost.Run
}

// fitRuns fits each group of the runs in folders by itself. With several, each one's files carry its label.
func fitRuns(ctx context.Context, dirs []string, o fitRunsOptions, stderr io.Writer) error {
	return eachGroup(dirs, o.device, func(g runGroup) error {
		named := o
		named.out, named.plot = withLabel(o.out, g.label), withLabel(o.plot, g.label)
		if g.label != "" && !o.quiet {
			fmt.Fprintf(stderr, "\n%s\n", g.title)
		}
		return fitGroup(ctx, g.records, named, stderr)
	})
}

// fitGroup fits the runs of one group.
func fitGroup(ctx context.Context, records []runs.Record, o fitRunsOptions, stderr io.Writer) error {
	p, rows, held, left, err := fittedProfile(ctx, records, o.statistic)
	if err != nil {
		return err
	}
	if !o.quiet {
		writeFit(stderr, p, rows, held, left)
		writeJoined(stderr, append(slices.Clone(rows), p.probes...))
	}
	if err := p.fitEnergy(rows, o.quiet, stderr); err != nil {
		return err
	}
	if o.plot != "" && p.Networks > 0 {
		if err := plotFit(o.plot, p, rows, held); err != nil {
			return err
		}
	}
	if o.out == "" {
		return nil
	}
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return os.WriteFile(o.out, append(b, '\n'), 0o644)
}

// noiseFloor is the median noise of the runs that were predicted, as far as CPU times tell it; 0 where none does.
func noiseFloor(rows []fitRow, held []additive.HeldOut) float64 {
	var noise []float64
	for i, h := range held {
		if h.Known && !math.IsNaN(rows[i].noise) {
			noise = append(noise, rows[i].noise)
		}
	}
	if len(noise) == 0 {
		return 0
	}
	slices.Sort(noise)
	return noise[len(noise)/2]
}

// fitRows returns the valid runs with their networks' terms, and why others are left out.
func fitRows(ctx context.Context, records []runs.Record, rules runs.Rules) (rows []fitRow, left map[string]int, err error) {
	left = map[string]int{}
	for i := range records {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		r := &records[i]
		red := runs.Reduce(r, rules)
		if !red.Valid {
			why, _, _ := strings.Cut(red.Reason, ":")
			left[why]++
			continue
		}
		c, err := candidateOf(r.Job.Path, formatsOfRuntime[r.Job.Runtime])
		switch {
		case errors.Is(err, os.ErrNotExist), err == nil && c.ID != r.Job.ModelID:
			left["model file is gone or changed"]++
			continue
		case err != nil:
			left["model is too small or its cost is not known"]++
			continue
		}
		row := fitRow{name: r.Job.Name, energy: r.Energy, noise: red.CPUSteady, run: operatorRun(c, r, red.LatencyMS)}
		row.sample = additive.Sample{Group: familyOf(c), Terms: additive.Terms(c.Net), LatencyMS: red.LatencyMS, Parts: partsOf(c.Net, r)}
		rows = append(rows, row)
	}
	return rows, left, nil
}

// partsOf splits a run by the times of its operators.
func partsOf(net *feature.Network, r *runs.Record) []additive.Part {
	if r.Result.OpsUnit != "us" {
		return nil
	}
	var ops []additive.OpTime
	for _, o := range r.Result.Ops {
		ops = append(ops, additive.OpTime{Name: o.Type, US: o.MeanUS})
	}
	return additive.Parts(net, ops)
}

// familyOf names the family of a model, which is held out as a whole: the letters that its name starts with.
func familyOf(c plan.Candidate) string {
	name := strings.ToLower(c.Name)
	end := strings.IndexFunc(name, func(r rune) bool { return r != '_' && r != '-' && (r < 'a' || r > 'z') })
	if end > 2 {
		name = name[:end]
	}
	parts := strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '-' })
	if len(parts) == 0 {
		return c.ID
	}
	return parts[0]
}

// writeFit prints predicted against measured, and the figures.
func writeFit(w io.Writer, p *runProfile, rows []fitRow, held []additive.HeldOut, left map[string]int) {
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(rows[a].sample.LatencyMS, rows[b].sample.LatencyMS) })
	if len(rows) > 0 {
		fmt.Fprintf(w, "%-44s %-14s %10s %10s  %-21s %7s\n", "model", "family", map[bool]string{false: "measured", true: "simulated"}[p.Device.Simulated], "held out", "90 % interval", "error")
	}
	for _, i := range order {
		h, y := held[i], rows[i].sample.LatencyMS
		if !h.Known {
			fmt.Fprintf(w, "%-44.44s %-14.14s %10.4g %10s\n", rows[i].name, rows[i].sample.Group, y, "-")
			continue
		}
		fmt.Fprintf(w, "%-44.44s %-14.14s %10.4g %10.4g  %9.4g - %-9.4g %+6.0f%%\n", rows[i].name, rows[i].sample.Group, y, h.ValueMS, h.LoMS, h.HiMS, 100*(h.ValueMS/y-1))
	}
	for _, why := range sortedKeys(left) {
		fmt.Fprintf(w, "left out: %d runs, %s\n", left[why], why)
	}
	noise := ""
	if p.Noise > 0 {
		noise = fmt.Sprintf("; noise floor %.1f %%", 100*p.Noise)
	}
	probes := ""
	if p.Probes > 0 {
		probes = fmt.Sprintf(" and %d probes", p.Probes)
	}
	if p.Networks == 0 {
		fmt.Fprintf(w, "%d probes%s, no networks: the error of predictions is not known\n", p.Probes, simulatedWord(p.Device))
		return
	}
	fmt.Fprintf(w, "%d runs%s%s; families held out: mean error %.1f %%, median %.1f %%, %.0f %% inside the 90 %% interval%s\n",
		p.Networks, probes, simulatedWord(p.Device), 100*p.MAPE, 100*p.Median, 100*p.Covered, noise)
}

func sortedKeys(m map[string]int) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
