package opcost

import (
	"math"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
)

// HeldOut is the prediction of a run by a fit that saw no run of its group.
type HeldOut struct {
	Known   bool
	ValueMS float64
	SD      float64 // of the relative error, from the kernels' processes
	LoMS    float64 // 90 % interval, from the errors of the other groups only
	HiMS    float64
}

// summed is a run's sum of prices by cells that saw nothing of its group.
type summed struct {
	ms, sd   float64
	launches int
}

// enoughRuns is how many runs of networks tell by themselves what a run costs beside its operators; of fewer, probes help.
const enoughRuns = 8

// heldSums prices runs by cells without their groups: all, or when there are enough of them those that are no probes.
func (m *Model) heldSums(runs []Run) ([]summed, error) {
	networks := 0
	for i := range runs {
		if !runs[i].Probe {
			networks++
		}
	}
	withProbes := networks < enoughRuns
	var all []sample
	for _, key := range m.keys() {
		all = append(all, m.cells[key].samples...)
	}
	groups := map[string][]int{}
	var names []string
	for i := range runs {
		if runs[i].Probe && !withProbes {
			continue
		}
		if groups[runs[i].Group] == nil {
			names = append(names, runs[i].Group)
		}
		groups[runs[i].Group] = append(groups[runs[i].Group], i)
	}
	out := make([]summed, len(runs))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, name := range names {
		g.Go(func() error {
			rest := &Model{device: m.device, cells: map[string]*cell{}, fused: m.fused, without: name}
			rest.classes, rest.all = classMeans(all, m.device, name)
			for _, i := range groups[name] {
				ks := kernels(runs[i].Net)
				if err := rest.borrow(m, ks, name); err != nil {
					return err
				}
				us, variance, n := rest.sumUS(ks)
				out[i] = summed{ms: us / 1000, sd: math.Sqrt(variance) / math.Max(us, 1e-6), launches: n}
			}
			return nil
		})
	}
	return out, g.Wait()
}

// borrow brings the cells of kernels from another model, without the samples of a group.
func (m *Model) borrow(from *Model, ks []kernel, group string) error {
	for i := range ks {
		key := ks[i].key
		if _, ok := m.cells[key]; ok || from.cells[key] == nil {
			continue
		}
		mean, ok := m.classes[ks[i].class]
		if !ok {
			mean = m.all
		}
		c, err := from.cells[key].without(group, mean, m.device)
		if err != nil {
			return err
		}
		m.cells[key] = c
	}
	return nil
}

// keys returns the keys of the cells in order.
func (m *Model) keys() []string {
	var out []string
	for k := range m.cells {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// wholeOf fits what runs cost beside their operators, on the runs of other groups.
func wholeOf(runs []Run, sums []summed, group string) whole {
	var s, ms []float64
	var n []int
	for i := range runs {
		if runs[i].Group != group && sums[i].ms > 0 {
			s, n, ms = append(s, sums[i].ms), append(n, sums[i].launches), append(ms, runs[i].LatencyMS)
		}
	}
	return fitWhole(s, n, ms)
}
