package tensorflow

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// builder makes one graph: the main one, or the body of a function's call.
type builder struct {
	p     *parser
	g     *graph.Graph
	index int
	// fn is nil for the main graph, whose tensors are named differently.
	fn    *functionDef
	nodes []nodeDef
	// at finds a node by name, outs are its results.
	at   map[string]int
	outs [][]graph.TensorID
	ids  map[string]graph.TensorID
	// alias leads from the result of an operator that hands its operand on to
	// that operand; variables holds the values behind handles.
	alias     map[graph.TensorID]graph.TensorID
	variables map[graph.TensorID]*graph.Const
}

// open starts a graph and reads its nodes.
func (b *builder) open(name string, role graph.Role, list []protowire.Message) error {
	if b.p.depth++; b.p.depth > b.p.limits.Depth {
		return format.Errorf(format.ErrLimit, -1, "functions are nested more than %d deep", b.p.limits.Depth)
	}
	if b.p.nodes += len(list); b.p.nodes > b.p.limits.Nodes {
		return format.Errorf(format.ErrLimit, -1, "more than %d nodes", b.p.limits.Nodes)
	}
	b.g = &graph.Graph{Name: b.p.text([]byte(name)), Role: role}
	b.index = len(b.p.model.Graphs)
	b.p.model.Graphs = append(b.p.model.Graphs, b.g)
	b.ids, b.at = map[string]graph.TensorID{}, make(map[string]int, len(list))
	b.alias, b.variables = map[graph.TensorID]graph.TensorID{}, map[graph.TensorID]*graph.Const{}
	b.nodes = make([]nodeDef, len(list))
	for i, m := range list {
		n := &b.nodes[i]
		if err := n.read(m); err != nil {
			return fmt.Errorf("node %d %q: %w", i, n.name, err)
		}
		if n.op == "" {
			return format.Errorf(format.ErrMalformed, m.Offset(), "node %d %q has no op", i, b.p.text([]byte(n.name)))
		}
		if _, dup := b.at[n.name]; !dup {
			b.at[n.name] = i
		}
	}
	return nil
}

// build makes tensors and nodes. Results come first, since a node may stand
// before the ones it reads from.
func (b *builder) build() error {
	b.outs = make([][]graph.TensorID, len(b.nodes))
	counts := b.resultCounts()
	for i := range b.nodes {
		if err := b.results(i, counts[i]); err != nil {
			return err
		}
	}
	for i := range b.nodes {
		if n := &b.nodes[i]; handsOn[n.op] && len(n.inputs) > 0 && len(b.outs[i]) > 0 {
			id, err := b.resolve(n.inputs[0])
			if err != nil {
				return err
			}
			b.alias[b.outs[i][0]] = id
		}
	}
	for i := range b.nodes {
		b.adopt(i)
	}
	b.g.Nodes = make([]graph.Node, 0, len(b.nodes))
	for i := range b.nodes {
		if err := b.node(i); err != nil {
			return fmt.Errorf("node %d %q: %w", i, b.nodes[i].name, err)
		}
	}
	return nil
}

// handsOn lists operators whose first result is their first operand.
var handsOn = map[string]bool{
	"Identity": true, "IdentityN": true, "ReadVariableOp": true, "StopGradient": true, "PreventGradient": true, "Snapshot": true,
	"CheckNumerics": true, "Enter": true, "RefEnter": true, "PlaceholderWithDefault": true, "EnsureShape": true, "RefIdentity": true,
	"Switch": true, "RefSwitch": true, "Exit": true,
}

// resultCounts is how many results each node has as far as attributes and
// references tell.
func (b *builder) resultCounts() []int {
	counts := make([]int, len(b.nodes))
	for i := range b.nodes {
		counts[i] = b.nodes[i].results()
	}
	use := func(ref string) {
		if i, slot, ok := b.reference(ref); ok {
			counts[i] = max(counts[i], slot+1)
		}
	}
	for i := range b.nodes {
		for _, ref := range b.nodes[i].inputs {
			use(ref)
		}
	}
	if b.fn != nil {
		for _, ref := range b.fn.ret {
			use(ref)
		}
	}
	return counts
}

// maxResults bounds the results of one node.
const maxResults = 1 << 14

// results is the number of results that a node's attributes state.
func (n *nodeDef) results() int {
	k := int64(1)
	switch n.op {
	case "NoOp", "Assert", "SaveV2", "AssignVariableOp", "ControlTrigger", "MergeV2Checkpoints", "_Send", "AssignAddVariableOp":
		k = 0
	case "Split", "SplitV":
		k = n.int("num_split", 1)
	case "Unpack", "Unstack":
		k = n.int("num", 1)
	case "IdentityN":
		k = int64(len(n.types("T")))
	case "PartitionedCall", "StatefulPartitionedCall", "If", "StatelessIf":
		k = int64(len(n.types("Tout")))
	case "While", "StatelessWhile":
		k = int64(len(n.types("T")))
	case "RestoreV2":
		k = int64(len(n.types("dtypes")))
	case "Switch", "RefSwitch":
		k = 2
	default:
		if args := outputArgs[n.op]; len(args) > 0 {
			k = int64(len(args))
		}
	}
	return int(max(0, min(k, maxResults)))
}

// outputArgs names the results of operators that have several; a reference in
// a function body goes by these names (the operators' registrations).
var outputArgs = map[string][]string{
	"FusedBatchNorm":            {"y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2"},
	"FusedBatchNormV2":          {"y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2"},
	"FusedBatchNormV3":          {"y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2", "reserve_space_3"},
	"TopK":                      {"values", "indices"},
	"TopKV2":                    {"values", "indices"},
	"Unique":                    {"y", "idx"},
	"UniqueV2":                  {"y", "idx"},
	"UniqueWithCounts":          {"y", "idx", "count"},
	"Switch":                    {"output_false", "output_true"},
	"Merge":                     {"output", "value_index"},
	"MaxPoolWithArgmax":         {"output", "argmax"},
	"QuantizeV2":                {"output", "output_min", "output_max"},
	"NonMaxSuppressionV4":       {"selected_indices", "valid_outputs"},
	"NonMaxSuppressionV5":       {"selected_indices", "selected_scores", "valid_outputs"},
	"CombinedNonMaxSuppression": {"nmsed_boxes", "nmsed_scores", "nmsed_classes", "valid_detections"},
	"LSTMBlockCell":             {"i", "cs", "f", "o", "ci", "co", "h"},
	"BlockLSTM":                 {"i", "cs", "f", "o", "ci", "co", "h"},
	"BlockLSTMV2":               {"i", "cs", "f", "o", "ci", "co", "h"},
	"GRUBlockCell":              {"r", "u", "c", "h"},
	"ListDiff":                  {"out", "idx"},
	"TensorListPopBack":         {"output_handle", "tensor"},
	"SparseFillEmptyRows":       {"output_indices", "output_values", "empty_row_indicator", "reverse_index_map"},
	"SparseReshape":             {"output_indices", "output_shape"},
	"Svd":                       {"s", "u", "v"},
	"StringSplit":               {"indices", "values", "shape"},
	"StringSplitV2":             {"indices", "values", "shape"},
	"DecodeWav":                 {"audio", "sample_rate"},
}

// reference splits a tensor's reference into node and slot. In the main graph
// that is "node" or "node:slot", in a function "node:result:slot".
func (b *builder) reference(ref string) (node, slot int, ok bool) {
	parts := strings.Split(ref, ":")
	i, ok := b.at[parts[0]]
	if !ok || len(parts) == 1 {
		return i, 0, ok
	}
	k, err := strconv.Atoi(parts[len(parts)-1])
	if err != nil || k < 0 {
		return i, 0, false
	}
	if len(parts) == 3 {
		for j, arg := range outputArgs[b.nodes[i].op] {
			if arg == parts[1] {
				k += j
			}
		}
	}
	return i, k, k < maxResults
}

// results makes the tensors of a node's results, with what the node states of them.
func (b *builder) results(i, count int) error {
	n := &b.nodes[i]
	shapes := n.shapes("_output_shapes")
	for k := range count {
		key := n.name
		if k > 0 {
			key += ":" + strconv.Itoa(k)
		}
		t := graph.Tensor{Name: b.p.text([]byte(key))}
		if k < len(shapes) {
			t.Shape = shapes[k]
		}
		if k == 0 {
			if err := b.state(n, &t); err != nil {
				return err
			}
		}
		id, err := b.add(key, t)
		if err != nil {
			return err
		}
		b.outs[i] = append(b.outs[i], id)
		if k == 0 && t.IsVariable && b.p.saved {
			b.variables[id] = b.p.variable(n, &t)
		}
	}
	return nil
}

// state fills in what a node says of its first result.
func (b *builder) state(n *nodeDef, t *graph.Tensor) error {
	switch n.op {
	case "Const", "HostConst":
		f, ok := n.value("value", attrTensor)
		if !ok || f.Type != protowire.Bytes {
			return nil
		}
		v, err := readTensor(f.Message())
		if err != nil {
			return fmt.Errorf("constant %q: %w", t.Name, err)
		}
		t.DType, t.Shape = v.dtype, v.shape
		if w := b.p.weights[n.name]; w != nil {
			t.DType, t.Shape, t.Const, t.Quant = w.DType, w.Shape, w.Const, w.Quant
			break
		}
		t.Const = b.p.constant(t.Name, &v)
	case "Placeholder", "PlaceholderV2", "PlaceholderWithDefault":
		t.DType = n.dtype("dtype")
		if s := n.shape("shape"); s.IsRanked() && (s.Len() > 0 || !t.Shape.IsRanked()) {
			t.Shape = s
		}
		if s := b.p.stated[n.name]; !t.Shape.IsRanked() {
			t.Shape = s
		}
	case "VarHandleOp", "VariableV2", "Variable", "AutoReloadVariable", "TemporaryVariable":
		t.DType, t.Shape, t.IsVariable = n.dtype("dtype"), n.shape("shape"), true
	}
	return nil
}

// variable is the value of a variable, which lies outside the graph: under the
// key that the checkpoint's object graph gives its name, or under the name.
func (p *parser) variable(n *nodeDef, t *graph.Tensor) *graph.Const {
	for _, own := range []string{n.str("shared_name", ""), n.name} {
		key, ok := p.keys[own]
		if !ok {
			key = own
		}
		if p.bundle == nil || own == "" {
			continue
		}
		if i, ok := p.bundle.byName[key]; ok {
			e := &p.bundle.entries[i]
			if e.dtype != t.DType || !e.shape.Equal(t.Shape) {
				break
			}
			return p.shards.value(e)
		}
	}
	c := &graph.Const{StoredBytes: -1, Missing: p.missing}
	if n, ok := t.Shape.Elements(); ok {
		if bytes, ok := t.DType.ByteCount(n); ok {
			c.StoredBytes = bytes
		}
	}
	return c
}

// add appends a tensor under a key.
func (b *builder) add(key string, t graph.Tensor) (graph.TensorID, error) {
	if b.p.tensors++; b.p.tensors > b.p.limits.Tensors {
		return 0, format.Errorf(format.ErrLimit, -1, "more than %d tensors", b.p.limits.Tensors)
	}
	id := graph.TensorID(len(b.g.Tensors))
	b.g.Tensors = append(b.g.Tensors, t)
	if _, dup := b.ids[key]; !dup {
		b.ids[key] = id
	}
	return id, nil
}

// resolve returns the tensor that a reference means; one that nothing makes
// gets a tensor of its own.
func (b *builder) resolve(ref string) (graph.TensorID, error) {
	if i, slot, ok := b.reference(ref); ok && slot < len(b.outs[i]) {
		return b.outs[i][slot], nil
	}
	if id, ok := b.ids[ref]; ok {
		return id, nil
	}
	return b.add(ref, graph.Tensor{Name: b.p.text([]byte(ref))})
}

// source follows operators that hand their operand on.
func (b *builder) source(id graph.TensorID) graph.TensorID {
	for range 64 {
		from, ok := b.alias[id]
		if !ok {
			break
		}
		id = from
	}
	return id
}

// adopt gives the result of an operator that hands its operand on the dtype
// and shape of a constant or variable, and to a variable's reading its value.
func (b *builder) adopt(i int) {
	n := &b.nodes[i]
	if !handsOn[n.op] || len(b.outs[i]) == 0 || n.op == "Switch" || n.op == "Exit" {
		return
	}
	out := b.g.Tensor(b.outs[i][0])
	src := b.source(b.outs[i][0])
	from := b.g.Tensor(src)
	if from == nil || from == out || from.Const == nil && !from.IsVariable {
		return
	}
	if !out.Shape.IsRanked() {
		out.Shape = from.Shape
	}
	if out.DType == graph.UnknownDType {
		out.DType = from.DType
	}
	if n.op == "ReadVariableOp" {
		out.Const = b.variables[src]
	}
}

// ends sets the main graph's inputs and outputs: those of the signature that
// serves, else placeholders and results that nobody reads.
func (b *builder) ends(sigs []signature) {
	if s := servingSignature(sigs); s != nil {
		b.g.Inputs, b.g.Outputs = b.named(s.inputs), b.named(s.outputs)
		if len(b.g.Inputs)+len(b.g.Outputs) > 0 {
			return
		}
	}
	read := make([]bool, len(b.g.Tensors))
	for i := range b.g.Nodes {
		for _, id := range b.g.Nodes[i].Inputs {
			if id != graph.NoTensor {
				read[id] = true
			}
		}
	}
	for i := range b.nodes {
		if len(b.outs[i]) == 0 {
			continue
		}
		id := b.outs[i][0]
		switch {
		case strings.HasPrefix(b.nodes[i].op, "Placeholder"):
			b.g.Inputs = append(b.g.Inputs, id)
		case !read[id] && b.g.Tensors[id].Const == nil && !b.g.Tensors[id].IsVariable:
			b.g.Outputs = append(b.g.Outputs, id)
		}
	}
}

func servingSignature(sigs []signature) *signature {
	var best *signature
	for i := range sigs {
		switch {
		case sigs[i].name == "serving_default":
			return &sigs[i]
		case best == nil && !strings.HasPrefix(sigs[i].name, "__saved_model"):
			best = &sigs[i]
		}
	}
	return best
}

func (b *builder) named(refs []string) []graph.TensorID {
	var out []graph.TensorID
	for _, ref := range refs {
		if i, slot, ok := b.reference(ref); ok && slot < len(b.outs[i]) {
			out = append(out, b.outs[i][slot])
		}
	}
	return out
}
