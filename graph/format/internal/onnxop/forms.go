package onnxop

import "github.com/gaugenn/gaugenn/graph"

// forms returns a translation that states how results get their shapes.
func forms(f ...graph.Form) func(*call) {
	return func(c *call) { c.n.Attrs = &graph.FormAttrs{Forms: f} }
}

func same(operand int) graph.Form { return graph.Form{Kind: graph.FormSame, Operand: operand} }

func rows(columns int) graph.Form { return graph.Form{Kind: graph.FormRows, Last: int64(columns)} }

func last(size int64) graph.Form { return graph.Form{Kind: graph.FormLast, Last: size} }

var (
	scalarForm    = graph.Form{Kind: graph.FormScalar}
	broadcastForm = graph.Form{Kind: graph.FormBroadcast}
	firstForm     = graph.Form{Kind: graph.FormFirst}
	openAppend    = graph.Form{Kind: graph.FormAppend, Last: -1}
	pickedForm    = graph.Form{Kind: graph.FormPicked}
)

// loss has scores, labels, [weights]; a scalar unless nothing is reduced. A
// second result has the scores' shape.
func loss(c *call) {
	f := []graph.Form{scalarForm, same(0)}
	if c.str("reduction", "mean") == "none" {
		f[0] = same(1)
	}
	c.n.Attrs = &graph.FormAttrs{Forms: f}
}

// optimizer has rate, step, then groups of as many tensors as are trained:
// values, gradients and states; values and states come out again.
func optimizer(groups int) func(*call) {
	return func(c *call) {
		n := (len(c.src.Inputs) - 2) / groups
		var f []graph.Form
		for i := range max(0, min(n*(groups-1), len(c.src.Outputs))) {
			k := 2 + i
			if i >= n { // behind the gradients
				k += n
			}
			f = append(f, same(k))
		}
		c.n.Attrs = &graph.FormAttrs{Forms: f}
	}
}

// count is the length of the first list among the attributes, of integers or of
// words, that is not empty, -1 if there is none.
func (c *call) count(names ...string) int {
	for _, name := range names {
		if a := c.attr(name); a != nil && len(a.Ints)+len(a.Strings) > 0 {
			return len(a.Ints) + len(a.Strings)
		}
	}
	return -1
}

// classes counts the labels of a classifier.
func (c *call) classes() int {
	return c.count("classlabels_int64s", "classlabels_ints", "classlabels_strings")
}

// classifier gives a label and a score per class for each row.
func classifier(c *call) {
	c.n.Attrs = &graph.FormAttrs{Forms: []graph.Form{firstForm, rows(c.classes())}}
}

// svmClassifier scores classes only where it has probabilities, pairs of
// classes otherwise.
func svmClassifier(c *call) {
	if classifier(c); c.attr("prob_a") == nil {
		c.n.Attrs = &graph.FormAttrs{Forms: []graph.Form{firstForm, rows(-1)}}
	}
}

// regressor gives as many values per row as the attribute name says.
func regressor(name string, def int64) func(*call) {
	return func(c *call) {
		c.n.Attrs = &graph.FormAttrs{Forms: []graph.Form{rows(clampInt(c.int(name, def)))}}
	}
}

// oneHotEncoder appends an axis of categories.
func oneHotEncoder(c *call) {
	n := c.count("cats_int64s", "cats_strings")
	c.n.Attrs = &graph.FormAttrs{Forms: []graph.Form{{Kind: graph.FormAppend, Last: int64(n)}}}
}

// featureVectorizer joins columns whose numbers an attribute lists.
func featureVectorizer(c *call) {
	columns := c.list("inputdimensions")
	n := int64(-1)
	if len(columns) > 0 {
		n = 0
	}
	for _, v := range columns {
		n += max(0, min(v, 1<<31))
	}
	c.n.Attrs = &graph.FormAttrs{Forms: []graph.Form{rows(clampInt(n))}}
}

// tfIdf replaces the last axis by one value per column that the n-grams name.
func tfIdf(c *call) {
	n := int64(-1)
	for _, v := range c.list("ngram_indexes") {
		n = max(n, min(v, 1<<31)+1)
	}
	c.n.Attrs = &graph.FormAttrs{Forms: []graph.Form{last(n)}}
}
