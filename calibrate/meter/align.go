package meter

import (
	"fmt"
	"math"
)

// Align finds the shift that puts marks, taken on another clock, onto the trace: the one at which power inside the marks stands out most
// from power outside, among shifts up to limitNS either way. It returns the moved marks, the shift and the contrast reached, which is the
// difference of both means over the standard deviation of all. A contrast below 1, or a best shift at the limit, is ErrAlign.
func Align(t *Trace, marks []Mark, limitNS int64) (moved []Mark, shiftNS int64, contrast float64, err error) {
	grid, start, step, err := sampled(t)
	if err != nil || len(marks) == 0 || limitNS < 0 {
		return nil, 0, 0, fmt.Errorf("%w: nothing to align (%d marks)", ErrAlign, len(marks))
	}
	prefix := make([]float64, len(grid)+1)
	square := 0.0
	for i, w := range grid {
		prefix[i+1] = prefix[i] + w
		square += w * w
	}
	all := float64(len(grid))
	mean := prefix[len(grid)] / all
	deviation := math.Sqrt(math.Max(square/all-mean*mean, 0))
	if deviation == 0 {
		return nil, 0, 0, fmt.Errorf("%w: the power never changes", ErrAlign)
	}
	best, bestShift := math.Inf(-1), int64(0)
	for shift := -limitNS / step * step; shift <= limitNS; shift += step {
		in, n := 0.0, 0.0
		for _, m := range marks {
			a, b := clampIndex((m.FromNS+shift-start)/step, len(grid)), clampIndex((m.ToNS+shift-start)/step, len(grid))
			in += prefix[b] - prefix[a]
			n += float64(b - a)
		}
		if n == 0 || n == all {
			continue
		}
		if c := (in/n - (prefix[len(grid)]-in)/(all-n)) / deviation; c > best+1e-12 || c > best-1e-12 && abs(shift) < abs(bestShift) {
			best, bestShift = c, shift
		}
	}
	if best < 1 || limitNS > 0 && abs(bestShift) > limitNS-step {
		return nil, bestShift, best, fmt.Errorf("%w: best contrast %.2f at a shift of %.3f s", ErrAlign, best, float64(bestShift)/1e9)
	}
	for _, m := range marks {
		moved = append(moved, Mark{m.FromNS + bestShift, m.ToNS + bestShift, m.Inferences})
	}
	return moved, bestShift, best, nil
}

func abs(x int64) int64 { return x * sign(x) }

func clampIndex(i int64, n int) int { return int(min(max(i, 0), int64(n))) }

// gridLimit bounds the points of the common grid that Align works on.
const gridLimit = 1 << 20

// sampled brings the sum of all rails onto one grid of their finest step.
func sampled(t *Trace) (watts []float64, start, step int64, err error) {
	if err := t.Validate(); err != nil {
		return nil, 0, 0, err
	}
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
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
		return nil, 0, 0, ErrAlign
	}
	step = max(step, (last-first)/gridLimit+1)
	watts = make([]float64, (last-first)/step)
	for _, r := range t.Rails {
		for _, x := range r.Intervals {
			for i := clampIndex((x.FromNS-first)/step, len(watts)); i < clampIndex((x.ToNS-first+step-1)/step, len(watts)); i++ {
				watts[i] += x.PowerW()
			}
		}
	}
	return watts, first, step, nil
}
