package opcost

import (
	"math"
	"slices"

	"github.com/gaugenn/gaugenn/estimate/feature"
)

// Result is a fitted model and how well it predicts groups that it did not see.
type Result struct {
	Model   *Model
	HeldOut []HeldOut // of each run; not Known for probes
}

// Fit learns the prices of kernels and of whole runs, and predicts every run that is no probe from the runs of other groups and the probes. The
// lengths of the processes are learned once, from probes where there are enough of them: a held-out group has no part in those.
func Fit(runs []Run) (*Result, error) {
	m, err := fitCells(runs)
	if err != nil {
		return nil, err
	}
	sums, err := m.heldSums(runs)
	if err != nil {
		return nil, err
	}
	m.whole = wholeOf(runs, sums, "")
	held := make([]HeldOut, len(runs))
	scores := make([]float64, len(runs))
	for i := range runs {
		if runs[i].Probe {
			continue
		}
		w := wholeOf(runs, sums, runs[i].Group)
		held[i] = HeldOut{Known: true, ValueMS: w.ms(sums[i].ms, sums[i].launches), SD: sumSD(sums[i].sd)}
		scores[i] = math.Abs(math.Log(runs[i].LatencyMS/held[i].ValueMS)) / held[i].SD
	}
	all := []float64{}
	for i := range held {
		h := &held[i]
		if !h.Known {
			continue
		}
		all = append(all, scores[i])
		var rest []float64
		for j := range held {
			if held[j].Known && runs[j].Group != runs[i].Group {
				rest = append(rest, scores[j])
			}
		}
		f := math.Exp(conformal(rest) * h.SD)
		h.LoMS, h.HiMS = h.ValueMS/f, h.ValueMS*f
	}
	m.quantile = conformal(all)
	return &Result{Model: m, HeldOut: held}, nil
}

// sumNoise is the part of a prediction's standard deviation that no kernel's process knows of.
const sumNoise = 0.06

func sumSD(sd float64) float64 { return math.Hypot(sd, sumNoise) }

// fewScores is how many held-out errors an interval needs; with fewer it is noughtScore standard deviations wide.
const (
	fewScores   = 5
	noughtScore = 3
)

// conformal returns the 90 % quantile of scores for a new one (split conformal prediction: rank ceil((n+1)q)).
func conformal(scores []float64) float64 {
	if len(scores) < fewScores {
		return noughtScore
	}
	s := slices.Clone(scores)
	slices.Sort(s)
	k := int(math.Ceil(float64(len(s)+1) * 0.9))
	return s[min(k, len(s))-1]
}

// Predict returns the latency of a network and its 90 % interval in milliseconds.
func (m *Model) Predict(net *feature.Network) (value, lo, hi float64) {
	us, variance, launches := m.sumUS(kernels(net))
	value = m.whole.ms(us/1000, launches)
	f := math.Exp(m.quantile * sumSD(math.Sqrt(variance)/math.Max(us, 1e-6)))
	return value, value / f, value * f
}

// Layers returns the price of each layer of a network in milliseconds; 0 for those that do nothing at run time.
func (m *Model) Layers(net *feature.Network) []float64 {
	ks := kernels(net)
	out := make([]float64, len(ks))
	for i := range ks {
		us, _, _ := m.sumUS(ks[i : i+1])
		out[i] = m.whole.Sum * us / 1000
	}
	return out
}
