// Package boost fits gradient-boosted regression trees with a Huber loss to small
// tables by exact search for splits.
//
// It follows Friedman, Greedy function approximation: a gradient boosting
// machine (2001): each tree is fitted to the loss's negative gradient on a random
// part of the rows and columns, and its leaves take the value that lowers the
// loss most in one step.
package boost

import (
	"math"
	"math/rand/v2"
	"sort"
)

// Options are the settings of Fit; zero fields take the defaults in brackets.
type Options struct {
	Trees    int     // [400]
	Depth    int     // [4]
	Rate     float64 // learning rate [.04]
	Rows     float64 // part of the rows that a tree sees [.6]
	Columns  float64 // part of the columns that a split may use [.5]
	MinLeaf  int     // [1]
	Quantile float64 // of absolute residuals, beyond which the loss is linear [.9]
	Seed     uint64
}

func (o *Options) defaults() {
	set := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	if o.Trees == 0 {
		o.Trees = 400
	}
	if o.Depth == 0 {
		o.Depth = 4
	}
	if o.MinLeaf == 0 {
		o.MinLeaf = 1
	}
	set(&o.Rate, .04)
	set(&o.Rows, .6)
	set(&o.Columns, .5)
	set(&o.Quantile, .9)
}

// Model is a fitted sum of trees.
type Model struct {
	start float64
	rate  float64
	trees [][]node
}

// node is an inner node (column >= 0: left when x[column] <= cut) or a leaf.
type node struct {
	column      int
	cut, value  float64
	left, right int
}

// Fit fits to rows x with values y, which must not be empty. The same input
// gives the same model.
func Fit(x [][]float64, y []float64, o Options) *Model {
	o.defaults()
	g := &grower{x: x, o: o, rng: rand.New(rand.NewPCG(o.Seed, 1))}
	m := &Model{start: quantile(y, .5), rate: o.Rate}
	f := make([]float64, len(y))
	rest, abs := make([]float64, len(y)), make([]float64, len(y))
	for i := range f {
		f[i] = m.start
	}
	g.target = make([]float64, len(y))
	for t := 0; t < o.Trees; t++ {
		for i := range y {
			rest[i] = y[i] - f[i]
			abs[i] = math.Abs(rest[i])
		}
		delta := quantile(abs, o.Quantile)
		for i, r := range rest {
			g.target[i] = math.Max(-delta, math.Min(delta, r))
		}
		g.rest, g.delta, g.nodes = rest, delta, nil
		part := g.rng.Perm(len(y))[:max(1, int(o.Rows*float64(len(y))))]
		sort.Ints(part)
		g.grow(part, o.Depth)
		m.trees = append(m.trees, g.nodes)
		for i := range f {
			f[i] += o.Rate * evaluate(g.nodes, x[i])
		}
	}
	return m
}

// Predict returns the value at x.
func (m *Model) Predict(x []float64) float64 {
	v := m.start
	for _, t := range m.trees {
		v += m.rate * evaluate(t, x)
	}
	return v
}

func evaluate(t []node, x []float64) float64 {
	i := 0
	for t[i].column >= 0 {
		if x[t[i].column] <= t[i].cut {
			i = t[i].left
		} else {
			i = t[i].right
		}
	}
	return t[i].value
}

// grower grows one tree at a time.
type grower struct {
	x      [][]float64
	target []float64 // clipped residuals, which splits are chosen by
	rest   []float64 // residuals
	delta  float64
	o      Options
	rng    *rand.Rand
	nodes  []node
}

// grow appends the tree over the rows and returns its root.
func (g *grower) grow(rows []int, depth int) int {
	at := len(g.nodes)
	g.nodes = append(g.nodes, node{column: -1, value: g.leaf(rows)})
	if depth == 0 || len(rows) < 2*g.o.MinLeaf {
		return at
	}
	column, cut, ok := g.split(rows)
	if !ok {
		return at
	}
	var left, right []int
	for _, i := range rows {
		if g.x[i][column] <= cut {
			left = append(left, i)
		} else {
			right = append(right, i)
		}
	}
	l := g.grow(left, depth-1)
	r := g.grow(right, depth-1)
	g.nodes[at] = node{column: column, cut: cut, left: l, right: r}
	return at
}

// leaf is the median residual plus the mean of what clipping leaves of the rest
// (Friedman, equation 33).
func (g *grower) leaf(rows []int) float64 {
	r := make([]float64, len(rows))
	for k, i := range rows {
		r[k] = g.rest[i]
	}
	m := quantile(r, .5)
	s := 0.
	for _, v := range r {
		s += math.Max(-g.delta, math.Min(g.delta, v-m))
	}
	return m + s/float64(len(rows))
}

// split returns the split of a random part of the columns that lowers the
// squared error of the targets most.
func (g *grower) split(rows []int) (column int, cut float64, ok bool) {
	q := len(g.x[0])
	columns := g.rng.Perm(q)[:max(1, int(g.o.Columns*float64(q)))]
	best := 1e-12
	order := append([]int(nil), rows...)
	total := 0.
	for _, i := range rows {
		total += g.target[i]
	}
	n := float64(len(rows))
	for _, c := range columns {
		sort.Slice(order, func(a, b int) bool {
			x, y := g.x[order[a]][c], g.x[order[b]][c]
			if x != y {
				return x < y
			}
			return order[a] < order[b]
		})
		left := 0.
		for k := 0; k+1 < len(order); k++ {
			left += g.target[order[k]]
			a, b := g.x[order[k]][c], g.x[order[k+1]][c]
			if a == b || k+1 < g.o.MinLeaf || len(order)-k-1 < g.o.MinLeaf {
				continue
			}
			nl := float64(k + 1)
			gain := left*left/nl + (total-left)*(total-left)/(n-nl) - total*total/n
			if gain > best {
				best, column, cut, ok = gain, c, a+.5*(b-a), true
			}
		}
	}
	return column, cut, ok
}

func quantile(x []float64, q float64) float64 {
	s := append([]float64(nil), x...)
	sort.Float64s(s)
	at := q * float64(len(s)-1)
	lo := int(at)
	if lo+1 >= len(s) {
		return s[len(s)-1]
	}
	return s[lo] + (at-float64(lo))*(s[lo+1]-s[lo])
}
