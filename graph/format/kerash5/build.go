package kerash5

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

// object is a JSON object.
type object map[string]any

func asObject(v any) object           { o, _ := v.(map[string]any); return o }
func asList(v any) []any              { l, _ := v.([]any); return l }
func asString(v any) string           { s, _ := v.(string); return s }
func (o object) obj(k string) object  { return asObject(o[k]) }
func (o object) list(k string) []any  { return asList(o[k]) }
func (o object) text(k string) string { return asString(o[k]) }

func (o object) flag(k string, def bool) bool {
	if b, ok := o[k].(bool); ok {
		return b
	}
	return def
}

func toInt(v any) (int64, bool) {
	f, ok := v.(float64)
	if !ok || f != f || f > 1<<53 || f < -(1<<53) {
		return 0, false
	}
	return int64(f), true
}

func (o object) int(k string, def int64) int64 {
	if n, ok := toInt(o[k]); ok {
		return n
	}
	return def
}

// ints reads a list of whole numbers, or one number n times; null is -1.
func (o object) ints(k string, n int, def int64) []int64 {
	if v, ok := toInt(o[k]); ok {
		def = v
	} else if l := o.list(k); l != nil {
		out := make([]int64, len(l))
		for i, x := range l {
			v, ok := toInt(x)
			if !ok {
				v = -1
			}
			out[i] = v
		}
		if n == 0 || len(out) == n {
			return out
		}
	}
	out := make([]int64, n)
	for i := range out {
		out[i] = def
	}
	return out
}

// builder makes the model.
type builder struct {
	lim     format.Limits
	m       *graph.Model
	w       *weights
	unknown map[string]int
	order   []string
	notes   []graph.Note
	nodes   int
	shared  int
	missing int
}

func (b *builder) model(config string) error {
	var root map[string]any
	if err := json.Unmarshal([]byte(config), &root); err != nil {
		return format.Errorf(format.ErrMalformed, -1, "model_config: %v", err)
	}
	cfg := object(root)
	if err := b.graph(cfg, graph.RoleMain, "", 0); err != nil {
		return err
	}
	b.m.Name = cfg.obj("config").text("name")
	if b.shared > 0 {
		b.notes = append(b.notes, graph.Note{Loses: true, Text: fmt.Sprintf("%d layers are called more than once; only their first call is counted", b.shared)})
	}
	if b.missing > 0 {
		b.notes = append(b.notes, graph.Note{Loses: true, Text: fmt.Sprintf("%d weights of layers are not in the file", b.missing)})
	}
	return nil
}

// tensorsOnly makes a graph without operators.
func (b *builder) tensorsOnly() {
	g := &graph.Graph{}
	for _, layer := range b.w.order {
		for _, w := range b.w.byLayer[layer] {
			g.Tensors = append(g.Tensors, w.tensor)
		}
	}
	b.m.Graphs = []*graph.Graph{g}
	b.notes = append(b.notes, graph.Note{Loses: true, Text: "weights only: the file has no layer list"})
}

// scope is one model being built; outer is the layer name under which nested
// weights are kept, counts how many layers of a class were met (archives).
type scope struct {
	b      *builder
	g      *graph.Graph
	outer  string
	counts map[string]int
	outs   map[string][]graph.TensorID
	last   graph.TensorID
}

// graph builds a Functional or Sequential model as a graph.
func (b *builder) graph(cfg object, role graph.Role, outer string, depth int) error {
	if depth > b.lim.Depth {
		return format.Errorf(format.ErrLimit, -1, "models nested deeper than %d", b.lim.Depth)
	}
	s := &scope{b: b, g: &graph.Graph{Name: cfg.obj("config").text("name"), Role: role}, outer: outer, counts: map[string]int{}, outs: map[string][]graph.TensorID{}, last: graph.NoTensor}
	b.m.Graphs = append(b.m.Graphs, s.g)
	layers := cfg.obj("config").list("layers")
	if layers == nil { // Sequential of Keras 1 and 2.0: the list itself
		layers = cfg.list("config")
	}
	if b.nodes += len(layers); b.nodes > b.lim.Nodes {
		return format.Errorf(format.ErrLimit, -1, "more than %d layers", b.lim.Nodes)
	}
	sequential := cfg.text("class_name") == "Sequential"
	used := map[graph.TensorID]bool{}
	for i, v := range layers {
		if err := s.layer(asObject(v), sequential, i == 0, depth); err != nil {
			return err
		}
		for _, id := range s.g.Nodes[len(s.g.Nodes)-1].Inputs {
			used[id] = true
		}
	}
	for _, o := range references(cfg.obj("config")["output_layers"]) {
		if ids := s.outs[o]; len(ids) > 0 {
			s.g.Outputs = append(s.g.Outputs, ids[0])
		}
	}
	if s.g.Outputs == nil {
		for i := range s.g.Nodes {
			for _, id := range s.g.Nodes[i].Outputs {
				if !used[id] {
					s.g.Outputs = append(s.g.Outputs, id)
				}
			}
		}
	}
	return nil
}

// references reads [["name", 0, 0], ...] or ["name", 0, 0].
func references(v any) []string {
	l := asList(v)
	if len(l) > 0 {
		if n := asString(l[0]); n != "" {
			return []string{n}
		}
	}
	var out []string
	for _, x := range l {
		if r := asList(x); len(r) > 0 {
			out = append(out, asString(r[0]))
		}
	}
	return out
}

// inbound returns the layers that the first call reads, and how many calls
// there are. Keras 2 writes lists, Keras 3 objects with keras_history.
func inbound(v any) (names []string, calls int) {
	l := asList(v)
	if len(l) == 0 {
		return nil, 0
	}
	if o := asObject(l[0]); o != nil {
		collect(o["args"], &names, 0)
		return names, len(l)
	}
	for _, r := range asList(l[0]) {
		if ref := asList(r); len(ref) > 0 {
			names = append(names, asString(ref[0]))
		} else if s := asString(r); s != "" { // one reference without its list
			return []string{s}, len(l)
		}
	}
	return names, len(l)
}

func collect(v any, names *[]string, depth int) {
	if depth > 8 {
		return
	}
	if o := asObject(v); o != nil {
		if h := o.obj("config").list("keras_history"); len(h) > 0 {
			*names = append(*names, asString(h[0]))
		}
		return
	}
	for _, x := range asList(v) {
		collect(x, names, depth+1)
	}
}

func (s *scope) tensor(t graph.Tensor) graph.TensorID {
	s.g.Tensors = append(s.g.Tensors, t)
	return graph.TensorID(len(s.g.Tensors) - 1)
}

// layer adds the node of one layer.
func (s *scope) layer(l object, sequential, first bool, depth int) error {
	cfg := l.obj("config")
	n := graph.Node{Name: l.text("name"), SourceOp: l.text("class_name")}
	if n.Name == "" {
		n.Name = cfg.text("name")
	}
	if n.SourceOp == "" {
		return format.Errorf(format.ErrMalformed, -1, "layer %q has no class", clip(n.Name))
	}
	shape := batchShape(cfg)
	if sequential {
		switch {
		case s.last != graph.NoTensor:
			n.Inputs = []graph.TensorID{s.last}
		case n.SourceOp != "InputLayer":
			id := s.tensor(graph.Tensor{Name: n.Name + "_input", DType: graph.Float32, Shape: shape})
			s.g.Inputs = append(s.g.Inputs, id)
			n.Inputs = []graph.TensorID{id}
		}
	} else {
		names, calls := inbound(l["inbound_nodes"])
		if calls > 1 {
			s.b.shared++
		}
		for _, from := range names {
			if ids := s.outs[from]; len(ids) > 0 {
				n.Inputs = append(n.Inputs, ids[0])
			} else {
				n.Inputs = append(n.Inputs, graph.NoTensor)
			}
		}
	}
	out := s.tensor(graph.Tensor{Name: n.Name, DType: graph.Float32})
	n.Outputs = []graph.TensorID{out}
	c := &call{s: s, n: &n, cfg: cfg, class: n.SourceOp}
	key := s.key(n.Name, n.SourceOp)
	c.weights = s.weightsOf(key, n.Name)
	switch {
	case n.SourceOp == "InputLayer":
		n.Op = graph.InputOp
		s.g.Tensors[out].Shape = shape
		s.g.Inputs = append(s.g.Inputs, out)
	case cfg.list("layers") != nil || n.SourceOp == "Sequential" && l.list("config") != nil:
		n.Op = graph.Call
		n.Subgraphs = []int{len(s.b.m.Graphs)}
		if err := s.b.graph(l, graph.RoleBody, key, depth+1); err != nil {
			return err
		}
	default:
		if f, ok := classes[n.SourceOp]; ok {
			f(c)
		} else {
			c.custom()
		}
		c.rest()
	}
	s.g.Nodes = append(s.g.Nodes, n)
	s.outs[n.Name] = n.Outputs
	s.last = out
	return nil
}

// key is where a layer's arrays are kept: under its own name, or that of the
// outermost model it is nested in; in archives under its class and number.
func (s *scope) key(name, class string) string {
	if !s.b.w.byClass {
		if s.outer != "" {
			return s.outer
		}
		return name
	}
	key := snake(class)
	k := s.counts[key]
	s.counts[key]++
	if k > 0 {
		key = fmt.Sprintf("%s_%d", key, k)
	}
	return strings.TrimPrefix(s.outer+"/"+key, "/")
}

// weightsOf returns the arrays of a layer: those under its key, and in models
// nested in HDF5 files those of them that name it.
func (s *scope) weightsOf(key, name string) []*weight {
	w := s.b.w
	var out []*weight
	own := w.byLayer[key]
	for i := range own {
		x := &own[i]
		if w.byClass || s.outer == "" || named(x.path, name) {
			out = append(out, x)
		}
	}
	return out
}

func named(path []string, name string) bool {
	for _, p := range path {
		if p == name {
			return true
		}
	}
	return false
}

// snake is the key that Keras 3 derives from a class name.
func snake(s string) string {
	var b strings.Builder
	r := []rune(s)
	for i, c := range r {
		if unicode.IsUpper(c) && i > 0 && (unicode.IsLower(r[i-1]) || unicode.IsDigit(r[i-1]) && i+1 < len(r) && unicode.IsLower(r[i+1]) || i+1 < len(r) && unicode.IsLower(r[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

// batchShape reads the input's shape with its batch, where a layer states it.
func batchShape(cfg object) graph.Shape {
	for _, k := range []string{"batch_input_shape", "batch_shape"} {
		if l := cfg.list(k); l != nil {
			return graph.ShapeOf(cfg.ints(k, 0, -1)...)
		}
	}
	return graph.Shape{}
}

// call is one layer being built.
type call struct {
	s       *scope
	n       *graph.Node
	cfg     object
	class   string
	weights []*weight
}

func (c *call) op(op graph.Op, a graph.Attrs) { c.n.Op, c.n.Attrs = op, a }

func (c *call) custom() {
	c.n.Op = graph.Custom
	b := c.s.b
	if b.unknown[c.class]++; b.unknown[c.class] == 1 {
		b.order = append(b.order, c.class)
	}
}

// weight appends the array whose name begins with one of the words, or the
// k-th one of an archive, as an operand; NoTensor where there is none.
func (c *call) weight(k int, word string) graph.TensorID {
	id := graph.NoTensor
	for i, w := range c.weights {
		last := strings.TrimSuffix(w.path[len(w.path)-1], ":0")
		numbered := c.s.b.w.byClass && i == k
		if !w.used && (numbered || last == word || strings.HasSuffix(last, "_"+word) && !strings.HasSuffix(last, "recurrent_"+word) && !strings.HasSuffix(last, "depthwise_"+word) && !strings.HasSuffix(last, "pointwise_"+word)) {
			w.used = true
			id = c.s.tensor(w.tensor)
			break
		}
	}
	if id == graph.NoTensor {
		c.s.b.missing++
	}
	c.n.Inputs = append(c.n.Inputs, id)
	return id
}

// rest appends arrays that no rule has taken behind the operands.
func (c *call) rest() {
	for _, w := range c.weights {
		if !w.used {
			w.used = true
			c.n.Inputs = append(c.n.Inputs, c.s.tensor(w.tensor))
		}
	}
}
