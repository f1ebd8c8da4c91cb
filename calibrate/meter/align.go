package meter

import (
	"fmt"
	"math"
)

// Align finds the shift that puts marks, taken on another clock, onto the trace: the one at which power inside the marks stands out most
// from power in the quiet windows (of the marks' clock; with none, from power outside the marks), among shifts up to limitNS either way that
// leave the marks inside the trace. It returns the moved marks, the shift and the contrast reached, which is the difference of both means
// over the standard deviation of all. A contrast below 1, or a best shift at the limit, is ErrAlign.
func Align(t *Trace, marks []Mark, quiet []Window, limitNS int64) (moved []Mark, shiftNS int64, contrast float64, err error) {
	if len(marks) == 0 || limitNS < 0 {
		return nil, 0, 0, fmt.Errorf("%w: nothing to align (%d marks)", ErrAlign, len(marks))
	}
	shortest := int64(math.MaxInt64)
	for _, m := range marks {
		shortest = min(shortest, m.ToNS-m.FromNS)
	}
	// Fast noise hides the steps: the grid of the first search is a part of the shortest mark, that of the second the trace's own.
	g, err := gridOf(t, shortest/coarseParts)
	if err != nil {
		return nil, 0, 0, err
	}
	shiftNS, contrast = g.search(marks, quiet, -limitNS, limitNS)
	if contrast < 1 || limitNS > 0 && abs(shiftNS) > limitNS-g.step {
		return nil, shiftNS, contrast, fmt.Errorf("%w: best contrast %.2f at a shift of %.3f s", ErrAlign, contrast, float64(shiftNS)/1e9)
	}
	fine, err := gridOf(t, 0)
	if err != nil {
		return nil, 0, 0, err
	}
	if fine.step < g.step {
		shiftNS, _ = fine.search(marks, quiet, max(shiftNS-2*g.step, -limitNS), min(shiftNS+2*g.step, limitNS))
	}
	for _, m := range marks {
		moved = append(moved, Mark{m.FromNS + shiftNS, m.ToNS + shiftNS, m.Inferences})
	}
	return moved, shiftNS, contrast, nil
}

// coarseParts is how many steps of the first grid the shortest mark has.
const coarseParts = 16

// grid is the power of all rails on even steps, with running sums.
type grid struct {
	start, step int64
	sum, square []float64
}

// search returns the shift with the most contrast; of equal ones the smallest.
func (g *grid) search(marks []Mark, quiet []Window, from, to int64) (shift int64, contrast float64) {
	var length int64
	for _, m := range marks {
		length += m.ToNS - m.FromNS
	}
	contrast = math.Inf(-1)
	for at := from / g.step * g.step; at <= to; at += g.step {
		var in, out moments
		for _, m := range marks {
			in.add(g, m.FromNS+at, m.ToNS+at)
		}
		if in.n < 0.9*float64(length/g.step) { // marks hang out of the trace
			continue
		}
		if len(quiet) == 0 {
			out.add(g, g.start, g.start+int64(len(g.sum))*g.step)
			out = moments{out.n - in.n, out.sum - in.sum, out.square - in.square}
		}
		for _, w := range quiet {
			out.add(g, w.FromNS+at, w.ToNS+at)
		}
		if c, ok := in.over(out); ok && (c > contrast+1e-12 || c > contrast-1e-12 && abs(at) < abs(shift)) {
			contrast, shift = c, at
		}
	}
	return shift, contrast
}

// moments are the count, sum and sum of squares of some points of a grid.
type moments struct{ n, sum, square float64 }

func (m *moments) add(g *grid, from, to int64) {
	a, b := clampIndex((from-g.start)/g.step, len(g.sum)-1), clampIndex((to-g.start)/g.step, len(g.sum)-1)
	m.n += float64(b - a)
	m.sum += g.sum[b] - g.sum[a]
	m.square += g.square[b] - g.square[a]
}

// over is the difference of the means over the standard deviation of both together; false where it has none.
func (m moments) over(o moments) (float64, bool) {
	if m.n == 0 || o.n == 0 {
		return 0, false
	}
	n := m.n + o.n
	mean := (m.sum + o.sum) / n
	v := (m.square+o.square)/n - mean*mean
	if v <= 1e-12*(mean*mean) {
		return 0, false
	}
	return (m.sum/m.n - o.sum/o.n) / math.Sqrt(v), true
}

func abs(x int64) int64 { return x * sign(x) }

func clampIndex(i int64, n int) int { return int(min(max(i, 0), int64(n))) }

// gridLimit bounds the points of the common grid that Align works on.
const gridLimit = 1 << 20

// gridOf brings the sum of all rails onto one grid of their finest step, or of a longer one.
func gridOf(t *Trace, least int64) (*grid, error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	first, last, step := int64(math.MaxInt64), int64(math.MinInt64), int64(0)
	for _, r := range t.Rails {
		if len(r.Intervals) == 0 {
			continue
		}
		first, last = min(first, r.Intervals[0].FromNS), max(last, r.Intervals[len(r.Intervals)-1].ToNS)
		if s := r.step(); step == 0 || s < step {
			step = s
		}
	}
	if step == 0 || last <= first {
		return nil, fmt.Errorf("%w: the trace is empty", ErrAlign)
	}
	step = max(step, least, (last-first)/gridLimit+1)
	n := int((last - first) / step)
	watts := make([]float64, n)
	for _, r := range t.Rails {
		for _, x := range r.Intervals {
			spread(watts, x, first, step)
		}
	}
	g := &grid{start: first, step: step, sum: make([]float64, n+1), square: make([]float64, n+1)}
	for i, w := range watts {
		g.sum[i+1], g.square[i+1] = g.sum[i]+w, g.square[i]+w*w
	}
	return g, nil
}

// spread gives each step of the grid its part of an interval's energy.
func spread(watts []float64, x Interval, first, step int64) {
	w := x.PowerW()
	for i := clampIndex((x.FromNS-first)/step, len(watts)); i < clampIndex((x.ToNS-first+step-1)/step, len(watts)); i++ {
		from := first + int64(i)*step
		watts[i] += w * float64(min(x.ToNS, from+step)-max(x.FromNS, from)) / float64(step)
	}
}
