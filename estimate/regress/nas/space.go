package nas

import (
	"fmt"
	"math"

	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/estimate/feature/arch"
)

// termNames are the physical terms of a network's latency, in order.
var termNames = []string{"macs_dense", "macs_pointwise", "macs_grouped", "work_depthwise3", "work_depthwise5",
	"work_pool", "elems_add", "elems_move", "elems_conv", "launches", "fixed"}

// TermNames names the physical terms of Terms, in order.
func TermNames() []string { return append([]string(nil), termNames...) }

// Terms sums the work of a network's layers by kind: multiply-accumulates of
// dense convolutions larger than 1x1, of pointwise ones and of grouped ones, of
// depthwise ones by kernel size, window sums of pooling, elements of additions,
// of moves and of convolutions, layers, and 1.
func Terms(n *feature.Network) []float64 {
	t := make([]float64, len(termNames))
	for i := range n.Layers {
		l := &n.Layers[i]
		t[9]++
		switch l.Kind {
		case feature.Conv:
			if l.KernelH*l.KernelW > 1 {
				t[0] += l.MACs
			} else {
				t[1] += l.MACs
			}
			t[8] += l.InElems + l.OutElems
		case feature.GroupConv:
			t[2] += l.MACs
			t[8] += l.InElems + l.OutElems
		case feature.DepthConv:
			if l.KernelH <= 3 {
				t[3] += l.MACs
			} else {
				t[4] += l.MACs
			}
			t[8] += l.InElems + l.OutElems
		case feature.Pool:
			t[5] += l.OutElems * float64(l.KernelH*l.KernelW)
		case feature.Eltwise:
			t[6] += l.InElems + l.OutElems
		case feature.Move:
			t[7] += l.InElems + l.OutElems
		}
	}
	t[10] = 1
	return t
}

// space holds the features of a set of architectures under every rule.
type space struct {
	names []string       // architectures, those of the training rows first
	train int            // number of those; scales are taken from them alone
	index map[string]int // places of names
	rules []arch.Rule
	terms [][][]float64 // rule, architecture, term; mean 1 over all
	z     [][][]float64 // rule, architecture, standardised shape feature
	hot   [][][]float64 // rule, architecture, centred one-hot of operators
	same  [][][]int     // rule, architecture, operator number by position
	alive []int         // terms that vary or are 1 somewhere
}

func newSpace(names []string, train int) (*space, error) {
	s := &space{names: names, train: train, index: map[string]int{}, rules: []arch.Rule{arch.RunAll}}
	if len(names) > 0 && arch.IsCell(names[0]) {
		s.rules = arch.Rules()
	}
	for i, n := range names {
		s.index[n] = i
	}
	for _, r := range s.rules {
		var terms, z [][]float64
		var same [][]int
		for _, n := range names {
			net, err := arch.Network(n, r)
			if err != nil {
				return nil, fmt.Errorf("architecture: %w", err)
			}
			t := Terms(net)
			shape, ops, err := describe(n, r, t)
			if err != nil {
				return nil, err
			}
			terms, z, same = append(terms, t), append(z, shape), append(same, ops)
		}
		s.terms, s.z, s.same = append(s.terms, terms), append(s.z, z), append(s.same, same)
	}
	s.normalise()
	return s, nil
}

// describe returns the shape features of an architecture, not standardised, and
// its operator numbers by position, 0 for none.
func describe(name string, r arch.Rule, terms []float64) ([]float64, []int, error) {
	if arch.IsCell(name) {
		return describeCell(name, r)
	}
	blocks, err := arch.ParseBlocks(name)
	if err != nil {
		return nil, nil, err
	}
	number := map[string]int{}
	for i, o := range arch.BlockOps() {
		number[o] = i + 1
	}
	var ops []int
	early, late, layers := 0., 0., 0.
	for _, b := range blocks {
		ops = append(ops, number[b.Op])
		if b.Op == "skip" {
			continue
		}
		layers++
		o := float64(b.HW / b.Stride)
		m := float64(b.CIn * b.Expansion)
		work := (float64(b.CIn)*float64(b.HW*b.HW)*m+m*float64(b.COut)*o*o)/float64(b.Groups) + m*o*o*float64(b.Kernel*b.Kernel)
		if b.HW >= 32 {
			early += work
		} else {
			late += work
		}
	}
	return []float64{terms[1], terms[2], terms[3], terms[4], terms[8], early, late, layers}, ops, nil
}

func describeCell(name string, r arch.Rule) ([]float64, []int, error) {
	edges, err := arch.ParseCell(name)
	if err != nil {
		return nil, nil, err
	}
	edges = r.Apply(edges)
	f := make([]float64, 7)
	var in [4]float64
	ops := make([]int, len(edges))
	for i, e := range edges {
		for k, o := range arch.CellOps() {
			if e.Op == o {
				f[k]++
				ops[i] = k + 1
				in[e.To]++
			}
		}
	}
	for _, n := range in {
		f[4] += math.Max(0, n-1)
	}
	f[5] = arch.LongestPath(edges, func(op string) float64 {
		if op == arch.OpSkip {
			return 0
		}
		return 1
	})
	f[6] = arch.LongestPath(edges, func(op string) float64 {
		if op == arch.OpConv3 {
			return 1
		}
		return 0
	})
	return f, ops, nil
}

// normalise scales the terms to mean 1 under the first rule, standardises the
// shape features (after a logarithm with an offset for block networks) and
// makes one-hot codes.
func (s *space) normalise() {
	n := float64(s.train)
	for c := range termNames {
		mean := 0.
		for _, t := range s.terms[0][:s.train] {
			mean += t[c] / n
		}
		if mean == 0 {
			continue
		}
		s.alive = append(s.alive, c)
		for r := range s.rules {
			for _, t := range s.terms[r] {
				t[c] /= mean
			}
		}
	}
	if len(s.rules) == 1 {
		s.logShapes()
	}
	s.standardise()
	ops := 0
	for _, o := range s.same[0] {
		for _, v := range o {
			ops = max(ops, v)
		}
	}
	for r := range s.rules {
		s.hot = append(s.hot, oneHot(s.same[r], ops, s.train))
	}
}

func (s *space) logShapes() {
	for c := range s.z[0][0] {
		mean := 0.
		for _, z := range s.z[0][:s.train] {
			mean += z[c] / float64(s.train)
		}
		for _, z := range s.z[0] {
			z[c] = math.Log(z[c] + .05*mean)
		}
	}
}

func (s *space) standardise() {
	for c := range s.z[0][0] {
		m, v, n := 0., 0., 0.
		for r := range s.z {
			for _, z := range s.z[r][:s.train] {
				m += z[c]
				n++
			}
		}
		m /= n
		for r := range s.z {
			for _, z := range s.z[r][:s.train] {
				v += (z[c] - m) * (z[c] - m) / n
			}
		}
		sd := math.Sqrt(v) + 1e-9
		for r := range s.z {
			for _, z := range s.z[r] {
				z[c] = (z[c] - m) / sd
			}
		}
	}
}

// oneHot codes operator numbers 1..ops by position, centred over the first train
// rows, and scaled so that the dot product of two rows is of order 1.
func oneHot(same [][]int, ops, train int) [][]float64 {
	p := len(same[0])
	mean := make([]float64, p*ops)
	out := make([][]float64, len(same))
	for i, o := range same {
		out[i] = make([]float64, p*ops)
		for k, v := range o {
			if v > 0 {
				out[i][k*ops+v-1] = 1
				if i < train {
					mean[k*ops+v-1] += 1 / float64(train)
				}
			}
		}
	}
	scale := 1 / math.Sqrt(float64(p))
	for _, h := range out {
		for c := range h {
			h[c] = (h[c] - mean[c]) * scale
		}
	}
	return out
}
