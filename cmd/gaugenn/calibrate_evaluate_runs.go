package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/gaugenn/gaugenn/calibrate/additive"
	"github.com/gaugenn/gaugenn/estimate/feature"
)

// evaluateRuns fits each group of runs and shows the error of predictions that held families out by family, size and type of numbers, and how well
// the intervals hold what they say.
func evaluateRuns(ctx context.Context, dirs []string, only, statistic string, w io.Writer) error {
	return eachGroup(dirs, only, func(g runGroup) error {
		p, rows, held, left, err := fittedProfile(ctx, g.records, statistic)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s, %s\n", g.title, p.Statistic)
		writeFit(w, p, nil, nil, left)
		for _, by := range []struct {
			name string
			of   func(r *fitRow) string
		}{{"family", func(r *fitRow) string { return r.sample.Group }}, {"size", sizeOf}, {"numbers", numbersOf}} {
			writeGroups(w, by.name, rows, held, by.of)
		}
		writeCalibration(w, rows, held)
		return nil
	})
}

// sizeOf names the size of a run by its latency. The first is below what the clocks of profilers tell of single operators.
func sizeOf(r *fitRow) string {
	for _, s := range []struct {
		below float64
		name  string
	}{{0.02, "below 0.02 ms"}, {0.2, "0.02 - 0.2 ms"}, {2, "0.2 - 2 ms"}, {20, "2 - 20 ms"}} {
		if r.sample.LatencyMS < s.below {
			return s.name
		}
	}
	return "above 20 ms"
}

// numbersOf names the type of numbers that a network's weights are used in.
func numbersOf(r *fitRow) string {
	float, int8, mixed := false, false, false
	for i := range r.run.Net.Layers {
		l := &r.run.Net.Layers[i]
		if l.Kind == feature.Reshape || l.Params <= 0 || l.MACs <= 0 {
			continue
		}
		mixed = mixed || l.Mixed
		int8 = int8 || l.Int8 && !l.Mixed
		float = float || !l.Int8
	}
	switch {
	case mixed:
		return "int8 weights"
	case int8 && !float:
		return "int8"
	case int8:
		return "int8 and float"
	}
	return "float"
}

// groupError is the error of one group of runs.
type groupError struct {
	name             string
	n, inside        int
	sum, worst, bias float64
}

// writeGroups prints the errors by group, the worst group first.
func writeGroups(w io.Writer, what string, rows []fitRow, held []additive.HeldOut, of func(*fitRow) string) {
	at := map[string]*groupError{}
	var list []*groupError
	for i := range rows {
		if !held[i].Known {
			continue
		}
		name := of(&rows[i])
		g := at[name]
		if g == nil {
			g = &groupError{name: name}
			at[name], list = g, append(list, g)
		}
		y := rows[i].sample.LatencyMS
		e := held[i].ValueMS/y - 1
		g.n, g.sum, g.bias, g.worst = g.n+1, g.sum+math.Abs(e), g.bias+e, max(g.worst, math.Abs(e))
		if held[i].LoMS <= y && y <= held[i].HiMS {
			g.inside++
		}
	}
	slices.SortFunc(list, func(a, b *groupError) int {
		return cmp.Or(cmp.Compare(b.sum/float64(b.n), a.sum/float64(a.n)), strings.Compare(a.name, b.name))
	})
	fmt.Fprintf(w, "\n%-20s %5s %11s %8s %8s %8s\n", what, "runs", "mean error", "bias", "worst", "inside")
	for _, g := range list {
		n := float64(g.n)
		fmt.Fprintf(w, "%-20.20s %5d %10.1f%% %+7.1f%% %7.0f%% %7.0f%%\n", g.name, g.n, 100*g.sum/n, 100*g.bias/n, 100*g.worst, 100*float64(g.inside)/n)
	}
}

// writeCalibration prints how many measurements lie within intervals of several widths, where the 90 % interval is what was said.
func writeCalibration(w io.Writer, rows []fitRow, held []additive.HeldOut) {
	fmt.Fprintf(w, "\n%-28s %8s\n", "width of the 90 % interval", "inside")
	for _, f := range []float64{0.25, 0.5, 1, 1.5} {
		n, in := 0, 0
		for i, h := range held {
			if !h.Known {
				continue
			}
			n++
			if math.Abs(math.Log(rows[i].sample.LatencyMS/h.ValueMS)) <= f*math.Log(h.HiMS/h.ValueMS) {
				in++
			}
		}
		if n > 0 {
			fmt.Fprintf(w, "%-28s %7.0f%%\n", fmt.Sprintf("times %.2g", f), 100*float64(in)/float64(n))
		}
	}
}
