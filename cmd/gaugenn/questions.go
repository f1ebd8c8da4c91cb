package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/gaugenn/gaugenn/data"
	"github.com/gaugenn/gaugenn/estimate"
	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/estimate/simulate"
	"github.com/gaugenn/gaugenn/extract"
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/bind"
	"github.com/gaugenn/gaugenn/graph/format/all"
)

// pricedModel is a model ready to be priced, with what the answer's text says
// of it.
type pricedModel struct {
	estimate.Question
	id, format string
	quantised  bool
	binding    string
	// exact says that the MACs are known, at sizes that the file or the caller
	// states; then there is a network.
	exact bool
	// explicit are the names that sizes of the caller were given by.
	explicit []string
}

// macs are those of one inference.
func (q *pricedModel) macs() float64 { return q.Network.MACs() * max(q.Times, 1) }

// assumes reports whether sizes were assumed, which neither the file nor the caller states.
func (q *pricedModel) assumes() bool { return strings.Contains(q.binding, ", assumed") }

// eachQuestion calls visit for every distinct model of a model file, an app or
// a folder of tables.
func eachQuestion(ctx context.Context, in string, binds []string, visit func(*pricedModel) error) error {
	if tables, err := data.Files(in, "models"); err == nil && len(tables) > 0 {
		if len(binds) > 0 {
			return usagef("--bind: the sizes of models in tables are those of their scan; scan with --bind, or estimate the file itself")
		}
		return eachTableModel(in, visit)
	}
	policy, err := bindPolicy(binds)
	if err != nil {
		return err
	}
	sc := extract.Scanner{Formats: all.Formats(), Digest: func(f *extract.Finding, m *graph.Model) any {
		q := &pricedModel{format: m.Format, Question: estimate.Question{Name: filepath.Base(f.Path)}}
		if len(m.Graphs) > 0 {
			q = fileQuestion(q.Name, m, policy)
		}
		q.id = f.ModelID
		return q
	}}
	unused, models := maps.Clone(policy.Explicit), 0
	for role := range bind.Customary() {
		delete(unused, string(role)) // a fixed height is no fault
	}
	err = sc.Scan(ctx, []string{in}, func(a *extract.App) error {
		for _, f := range a.Findings {
			if q, ok := f.Digest.(*pricedModel); ok {
				models++
				for _, name := range q.explicit {
					delete(unused, name)
				}
				if err := visit(q); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err == nil && models > 0 && len(unused) > 0 {
		return usagef("--bind %s: no model in %s has a free dimension of that name, and it is no role such as height; gaugenn inspect shows the free ones", slices.Sorted(maps.Keys(unused))[0], in)
	}
	return err
}

// fileQuestion prepares a model as it was read; free dimensions that the policy
// leaves take customary sizes.
func fileQuestion(name string, m *graph.Model, policy bind.Policy) *pricedModel {
	bound := customary(m, policy)
	shaped, costs, totals := bound.model, bound.costs, bound.totals
	g, times := workGraph(len(costs), func(gi int) int64 { return sumMACs(costs[gi]) }, totals.MACs)
	q := &pricedModel{
		format: m.Format, binding: bound.text, explicit: bound.explicit, quantised: isQuantised(quantisationOf(shaped, totals)),
		exact: bound.known && len(bound.assumed) == 0,
	}
	q.Question = estimate.Question{Name: name, Graph: shaped.Graphs[g], Costs: costs[g], WeightBytes: totals.WeightBytes, Opaque: len(m.Opaque), Times: times}
	q.Work = simulate.NewWork(q.Graph, q.Costs)
	q.Network = feature.Of(q.Name, q.Graph, q.Costs, fusionOf(m.Format))
	if m.Format == "mediapipe" {
		q.Unpriceable = aPipeline
	}
	return q
}

// isQuantised reports whether a kind of quantisation is priced as int8.
func isQuantised(kind string) bool {
	return kind == "full_integer" || kind == "mixed" || kind == "dynamic_range"
}

// eachTableModel rebuilds the main graph of each model from the layers table.
func eachTableModel(dir string, visit func(*pricedModel) error) error {
	models, order := map[string]*data.Model{}, []string(nil)
	for m, err := range data.Read[data.Model](dir) {
		if err != nil {
			return err
		}
		if models[m.ModelID] == nil {
			order = append(order, m.ModelID)
		}
		models[m.ModelID] = &m
	}
	names := map[string]string{}
	for f, err := range data.Read[data.File](dir) {
		if err != nil {
			return err
		}
		if f.ModelID != nil && names[*f.ModelID] == "" && f.Status != string(extract.PartOf) {
			names[*f.ModelID] = path.Base(f.Path)
		}
	}
	asked := map[string]bool{}
	ask := func(id string, rows []data.Layer) error {
		m := models[id]
		if m == nil {
			return nil
		}
		asked[id] = true
		q, err := tableQuestion(m, rows)
		if err != nil {
			return err
		}
		q.Name = cmp.Or(names[id], q.Name)
		return visit(q)
	}
	var rows []data.Layer
	for l, err := range data.Read[data.Layer](dir) {
		if err != nil {
			return err
		}
		if len(rows) > 0 && rows[0].ModelID != l.ModelID {
			if err := ask(rows[0].ModelID, rows); err != nil {
				return err
			}
			rows = rows[:0]
		}
		rows = append(rows, l)
	}
	if len(rows) > 0 {
		if err := ask(rows[0].ModelID, rows); err != nil {
			return err
		}
	}
	for _, id := range order {
		if asked[id] {
			continue
		}
		if err := ask(id, nil); err != nil { // files of weights have no layers
			return err
		}
	}
	return nil
}

func tableQuestion(m *data.Model, rows []data.Layer) (*pricedModel, error) {
	q := &pricedModel{id: m.ModelID, format: m.Format, binding: m.Binding, quantised: isQuantised(m.Quantisation)}
	q.Question = estimate.Question{Name: m.Name, Opaque: len(m.OpaqueKinds)}
	if m.WeightBytes != nil {
		q.WeightBytes = *m.WeightBytes
	}
	if q.Unpriceable = unpriceable(m); q.Unpriceable != "" || len(rows) == 0 {
		return q, nil
	}
	macs := int64(-1) // the graph with most of what is known
	if m.MACs != nil {
		macs = *m.MACs
	}
	rows, times := workRows(rows, macs)
	g, costs, err := data.Rebuild(rows)
	if err != nil {
		return nil, err
	}
	q.exact, q.Times = m.MACs != nil, times
	q.Graph, q.Costs, q.Work = g, costs, simulate.NewWork(g, costs)
	q.Network = feature.Of(q.Name, g, costs, fusionOf(m.Format))
	return q, nil
}

// aPipeline is why there is no price of a graph of other models.
const aPipeline = "a pipeline: the networks that it names are priced by themselves"

// unpriceable says why there is no answer for a model by its row, "" where its
// layers can be asked.
func unpriceable(m *data.Model) string {
	switch {
	case m.Format == "mediapipe":
		return aPipeline
	case m.MACs == nil && m.AssumedMACs != nil:
		var flags []string
		for _, size := range assumedSize.FindAllStringSubmatch(m.AssumedBinding, -1) {
			if flag := "--bind " + size[1] + "=" + size[2]; !slices.Contains(flags, flag) {
				flags = append(flags, flag)
			}
		}
		return fmt.Sprintf("its sizes are chosen when it runs: scan with %s, or the sizes that you use, or estimate the file itself", strings.Join(flags, " "))
	case m.MACs == nil && strings.Contains(m.Binding, " unbound"):
		return "its work is not known, nor are its sizes, which are chosen when it runs"
	}
	return ""
}

// assumedSize is a role with its size in an assumed binding.
var assumedSize = regexp.MustCompile(`\(([a-z]+)\) = (\d+), assumed`)

// workGraph returns the index of the graph that a model's MACs are of, with 1,
// else of the one with most and how often the MACs hold those of it: the main
// graph of a TensorFlow SavedModel does nothing but call the function that is
// the network, that of a converted LSTM nothing but run a loop.
func workGraph(graphs int, macsOf func(graph int) int64, macs int64) (index int, times float64) {
	most := int64(-1)
	for gi := range graphs {
		sum := macsOf(gi)
		if sum == macs {
			return gi, 1
		}
		if sum > most {
			index, most = gi, sum
		}
	}
	if index > 0 && most > 0 && macs > most {
		return index, float64(macs) / float64(most)
	}
	return index, 1
}

func sumMACs(costs []graph.Cost) (sum int64) {
	for i := range costs {
		sum += costs[i].MACs
	}
	return sum
}

// workRows returns the rows of the graph that workGraph chooses, and how often
// it runs.
func workRows(rows []data.Layer, macs int64) ([]data.Layer, float64) {
	var graphs [][]data.Layer
	for from := 0; from < len(rows); {
		to := from
		for to < len(rows) && rows[to].GraphIndex == rows[from].GraphIndex {
			to++
		}
		graphs, from = append(graphs, rows[from:to]), to
	}
	g, times := workGraph(len(graphs), func(gi int) (sum int64) {
		for i := range graphs[gi] {
			if n := graphs[gi][i].MACs; n != nil {
				sum += *n
			}
		}
		return sum
	}, macs)
	if len(graphs) == 0 {
		return nil, 1
	}
	return graphs[g], times
}
