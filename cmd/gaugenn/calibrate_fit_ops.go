package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/gaugenn/gaugenn/calibrate/additive"
	"github.com/gaugenn/gaugenn/calibrate/opcost"
	"github.com/gaugenn/gaugenn/calibrate/plan"
	"github.com/gaugenn/gaugenn/calibrate/probe"
	runs "github.com/gaugenn/gaugenn/calibrate/run"
)

// operatorRun is a run with the times of its operators, as opcost takes it. Each probe, in its three types, is a group of its own.
func operatorRun(c plan.Candidate, r *runs.Record, ms float64) opcost.Run {
	out := opcost.Run{Group: familyOf(c), Net: c.Net, LatencyMS: ms}
	if out.Group == probe.Family {
		out.Probe = true
		if at := strings.LastIndex(c.Name, "_"); at > 0 {
			out.Group = c.Name[:at]
		}
	}
	if r.Result.OpsUnit == "us" {
		for _, o := range r.Result.Ops {
			out.Ops = append(out.Ops, opcost.OpTime{Name: o.Type, Node: nodeOf(o.Name), US: o.MeanUS})
		}
	}
	return out
}

// nodeOf returns the name of the node of a runtime's operator: LiteRT's tools write [NAME]:INDEX, the others the name alone.
func nodeOf(name string) string {
	if rest, ok := strings.CutPrefix(name, "["); ok {
		if at := strings.LastIndex(rest, "]"); at >= 0 {
			return rest[:at]
		}
	}
	return name
}

// writeJoined says how the times of operators were matched to layers.
func writeJoined(w io.Writer, rows []fitRow) {
	var c opcost.Joined
	for i := range rows {
		c.Count(&rows[i].run)
	}
	if c.ByName+c.ByKind+c.Not > 0 {
		fmt.Fprintf(w, "times of operators: %d joined to layers by name, %d by kind and order, %d to none\n", c.ByName, c.ByKind, c.Not)
	}
}

// fittedProfile fits the runs of one device and runtime, by operators where the runs tell their times. It returns the rows of networks with the
// predictions that held their families out, and why other runs were left out.
func fittedProfile(ctx context.Context, records []runs.Record, statistic string) (*runProfile, []fitRow, []additive.HeldOut, map[string]int, error) {
	statistic = statisticOf(statistic, &records[0])
	all, left, err := fitRows(ctx, records, runs.Rules{Statistic: statistic})
	if err != nil {
		return nil, nil, nil, nil, err
	}
	if len(all) == 0 {
		return nil, nil, nil, nil, fmt.Errorf("%w: %d runs, none to fit on: %v", additive.ErrTooFew, len(records), left)
	}
	p := &runProfile{Version: 1, Tool: version, Device: records[0].Device, Runtime: records[0].Job.Runtime, Options: records[0].Job.Options, Statistic: statistic}
	rows := slices.DeleteFunc(slices.Clone(all), func(r fitRow) bool { return r.run.Probe })
	p.Networks, p.Probes = len(rows), len(all)-len(rows)
	p.probes = slices.DeleteFunc(slices.Clone(all), func(r fitRow) bool { return !r.run.Probe })
	samples := make([]additive.Sample, len(rows))
	for i, r := range rows {
		samples[i] = r.sample
	}
	held, err := p.fitOperators(all)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	if len(rows) >= additive.MinRuns || p.Kernels == nil {
		if p.Model, err = additive.Fit(samples); err != nil {
			return nil, nil, nil, nil, err
		}
		p.Terms = additive.Names()
	}
	if p.Model != nil {
		if whole := additive.LeaveOut(samples); p.Kernels == nil || typicalError(samples, whole) < typicalError(samples, held) {
			p.Kernels, held = nil, whole // a few runs whose operators are not ours say more as wholes
		}
	}
	p.heldFigures, p.Noise = figuresOf(samples, held), noiseFloor(rows, held)
	return p, rows, held, left, nil
}

// typicalError is the median of the logarithms' errors of predictions that held families out.
func typicalError(samples []additive.Sample, held []additive.HeldOut) float64 {
	var errs []float64
	for i, h := range held {
		if h.Known {
			errs = append(errs, math.Abs(math.Log(h.ValueMS/samples[i].LatencyMS)))
		}
	}
	if len(errs) == 0 {
		return math.Inf(1)
	}
	slices.Sort(errs)
	return errs[len(errs)/2]
}

// fitOperators fits the prices of kernels and returns the predictions of networks that held their families out. Runs that tell too few operators leave
// the profile without them.
func (p *runProfile) fitOperators(all []fitRow) ([]additive.HeldOut, error) {
	rs := make([]opcost.Run, len(all))
	for i := range all {
		rs[i] = all[i].run
	}
	res, err := opcost.Fit(rs)
	if errors.Is(err, opcost.ErrTooFew) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p.Kernels = res.Model
	var held []additive.HeldOut
	for i, h := range res.HeldOut {
		if !rs[i].Probe {
			held = append(held, additive.HeldOut{Index: len(held), Known: h.Known, ValueMS: h.ValueMS, SD: h.SD, LoMS: h.LoMS, HiMS: h.HiMS})
		}
	}
	return held, nil
}
