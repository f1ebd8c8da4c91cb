package op_test

import (
	"math"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/op"
)

// dense makes a graph x[N, k] -> dense -> y[N, n]; x is open where shape is.
func dense(role graph.Role, shape graph.Shape, k, n int64) *graph.Graph {
	return &graph.Graph{Role: role, Inputs: []graph.TensorID{0}, Outputs: []graph.TensorID{2},
		Tensors: []graph.Tensor{{Name: "x", DType: graph.Float32, Shape: shape},
			{DType: graph.Float32, Shape: graph.ShapeOf(n, k), Const: &graph.Const{StoredBytes: 4 * n * k}}, {Name: "y"}},
		Nodes: []graph.Node{{Op: graph.FullyConnected, Attrs: &graph.FullyConnectedAttrs{KeepDims: true}, Inputs: []graph.TensorID{0, 1}, Outputs: []graph.TensorID{2}}}}
}

// caller is a main graph of one control-flow node over x[1, 8].
func caller(n graph.Node, operands int) *graph.Graph {
	g := &graph.Graph{}
	for i := range operands {
		t := graph.Tensor{DType: graph.Float32, Shape: graph.ShapeOf(1, 8)}
		if i < operands-1 {
			t = graph.Tensor{DType: graph.Bool, Shape: graph.ShapeOf()}
		}
		g.Tensors = append(g.Tensors, t)
		g.Inputs = append(g.Inputs, graph.TensorID(i))
		n.Inputs = append(n.Inputs, graph.TensorID(i))
	}
	g.Tensors = append(g.Tensors, graph.Tensor{DType: graph.Float32})
	n.Outputs = []graph.TensorID{graph.TensorID(operands)}
	g.Outputs = n.Outputs
	g.Nodes = []graph.Node{n}
	return g
}

func body(k, n int64) *graph.Graph { return dense(graph.RoleBody, graph.Shape{}, k, n) }

// deep is a body of two layers, 8 -> 4 -> 4: 48 MACs.
func deep() *graph.Graph {
	g := body(8, 4)
	g.Tensors = append(g.Tensors, graph.Tensor{DType: graph.Float32, Shape: graph.ShapeOf(4, 4), Const: &graph.Const{StoredBytes: 64}}, graph.Tensor{})
	g.Nodes = append(g.Nodes, graph.Node{Op: graph.FullyConnected, Attrs: &graph.FullyConnectedAttrs{KeepDims: true}, Inputs: []graph.TensorID{2, 3}, Outputs: []graph.TensorID{4}})
	g.Outputs = []graph.TensorID{4}
	return g
}

func TestTotal_controlFlow(t *testing.T) {
	for name, c := range map[string]struct {
		graphs  []*graph.Graph
		macs    int64
		unknown int
		shape   string
		note    string
	}{
		"if takes the costlier branch": {[]*graph.Graph{caller(graph.Node{Op: graph.If, Subgraphs: []int{1, 2}}, 2), body(8, 4), deep()}, 48, 0, "[1, 4]", "costlier branch"},
		"if of different sizes":        {[]*graph.Graph{caller(graph.Node{Op: graph.If, Subgraphs: []int{1, 2}}, 2), body(8, 4), body(8, 6)}, 48, 1, "[1, ?]", "costlier branch"},
		"call adds its body":           {[]*graph.Graph{caller(graph.Node{Op: graph.Call, Subgraphs: []int{1}}, 1), body(8, 4)}, 32, 0, "[1, 4]", ""},
		"while of 5 iterations":        {[]*graph.Graph{caller(graph.Node{Op: graph.While, Attrs: &graph.LoopAttrs{TripCount: 5}, Subgraphs: []int{1, 2}}, 1), body(8, 1), body(8, 8)}, 5 * (8 + 64), 0, "[1, 8]", "once per iteration"},
		"while without a count":        {[]*graph.Graph{caller(graph.Node{Op: graph.While, Attrs: &graph.LoopAttrs{Reason: "data dependent"}, Subgraphs: []int{1, 2}}, 1), body(8, 1), body(8, 8)}, 0, 1, "[1, 8]", ""},
		"two signatures count the first": {[]*graph.Graph{dense(graph.RoleMain, graph.ShapeOf(1, 8), 8, 4), dense(graph.RoleMain, graph.ShapeOf(1, 8), 8, 100)},
			32, 0, "[1, 4]", ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := &graph.Model{Graphs: c.graphs}
			shaped, issues := op.Infer(m)
			if len(issues) > 0 {
				t.Error(issues)
			}
			costs := op.Costs(shaped)
			got := op.Total(shaped, costs)
			if got.MACs != c.macs || got.UnknownNodes != c.unknown || got.Known != (c.unknown == 0) {
				t.Errorf("MACs %d unknown %d known %v, want %d %d", got.MACs, got.UnknownNodes, got.Known, c.macs, c.unknown)
			}
			g := shaped.Graphs[0]
			if s := g.Tensors[g.Outputs[0]].Shape.String(); s != c.shape {
				t.Errorf("shape %s, want %s", s, c.shape)
			}
			if !strings.Contains(strings.Join(got.Notes, ";"), c.note) {
				t.Errorf("notes %q lack %q", got.Notes, c.note)
			}
		})
	}
}

func TestInfer_ifWithKnownConditionTakesThatBranch(t *testing.T) {
	main := caller(graph.Node{Op: graph.If, Subgraphs: []int{1, 2}}, 2)
	main.Tensors[0] = graph.Tensor{DType: graph.Bool, Shape: graph.ShapeOf(), Const: &graph.Const{Data: []byte{0}}}
	shaped, _ := op.Infer(&graph.Model{Graphs: []*graph.Graph{main, body(8, 4), body(8, 6)}})
	if s := shaped.Graphs[0].Tensors[2].Shape.String(); s != "[1, 6]" {
		t.Errorf("shape %s", s)
	}
}

// TestInfer_loop: ONNX Loop with a trip count, one state that keeps its shape
// and one scanned output; the body also reads a tensor of the outer graph.
func TestInfer_loop(t *testing.T) {
	count := graph.Tensor{DType: graph.Int64, Shape: graph.ShapeOf(), Const: &graph.Const{Data: pack64([]int64{7})}}
	main := &graph.Graph{
		Tensors: []graph.Tensor{count, {Name: "state", DType: graph.Float32, Shape: graph.ShapeOf(1, 8)}, {Name: "outer", DType: graph.Float32, Shape: graph.ShapeOf(8, 8)}, {}, {}},
		Inputs:  []graph.TensorID{1, 2}, Outputs: []graph.TensorID{3, 4},
		Nodes: []graph.Node{{Op: graph.Loop, Inputs: []graph.TensorID{0, graph.NoTensor, 1}, Outputs: []graph.TensorID{3, 4}, Subgraphs: []int{1}}}}
	inner := &graph.Graph{Role: graph.RoleBody,
		Tensors: []graph.Tensor{{}, {DType: graph.Bool}, {}, {Name: "outer"}, {}},
		Inputs:  []graph.TensorID{0, 1, 2}, Outputs: []graph.TensorID{1, 4, 4},
		Nodes: []graph.Node{{Op: graph.MatMul, Inputs: []graph.TensorID{2, 3}, Outputs: []graph.TensorID{4}}}}
	shaped, issues := op.Infer(&graph.Model{Graphs: []*graph.Graph{main, inner}})
	if len(issues) > 0 {
		t.Error(issues)
	}
	for id, want := range map[graph.TensorID]string{3: "[1, 8]", 4: "[7, 1, 8]"} {
		if got := shaped.Graphs[0].Tensors[id].Shape.String(); got != want {
			t.Errorf("tensor %d has shape %s, want %s", id, got, want)
		}
	}
	if got := op.Total(shaped, op.Costs(shaped)); got.MACs != 7*64 || !got.Known {
		t.Errorf("MACs %d known %v %v, want %d", got.MACs, got.Known, got.Reasons, 7*64)
	}
}

// TestTotal_loopWithCondition: a trip count means something only where the
// body hands a true condition on.
func TestTotal_loopWithCondition(t *testing.T) {
	build := func(handsOn bool) *graph.Model {
		main := &graph.Graph{
			Tensors: []graph.Tensor{
				{DType: graph.Int64, Shape: graph.ShapeOf(), Const: &graph.Const{Data: pack64([]int64{3})}},
				{DType: graph.Bool, Shape: graph.ShapeOf(), Const: &graph.Const{Data: []byte{1}}},
				{DType: graph.Float32, Shape: graph.ShapeOf(8)}, {}},
			Inputs: []graph.TensorID{2}, Outputs: []graph.TensorID{3},
			Nodes: []graph.Node{{Op: graph.Loop, Inputs: []graph.TensorID{0, 1, 2}, Outputs: []graph.TensorID{3}, Subgraphs: []int{1}}}}
		inner := &graph.Graph{Role: graph.RoleBody,
			Tensors: []graph.Tensor{{DType: graph.Int64}, {DType: graph.Bool, Shape: graph.ShapeOf()}, {}, {DType: graph.Bool, Shape: graph.ShapeOf()}, {}},
			Inputs:  []graph.TensorID{0, 1, 2}, Outputs: []graph.TensorID{3, 4},
			Nodes: []graph.Node{
				{Op: graph.Identity, Inputs: []graph.TensorID{1}, Outputs: []graph.TensorID{3}},
				{Op: graph.Relu, Inputs: []graph.TensorID{2}, Outputs: []graph.TensorID{4}}}}
		if !handsOn {
			inner.Nodes[0].Op = graph.LogicalNot
		}
		return &graph.Model{Graphs: []*graph.Graph{main, inner}}
	}
	for handsOn, want := range map[bool]int64{true: 24, false: 0} {
		shaped, _ := op.Infer(build(handsOn))
		if got := op.Total(shaped, op.Costs(shaped)); got.Ops != want || got.Known != handsOn {
			t.Errorf("hands on %v: Ops %d known %v %v", handsOn, got.Ops, got.Known, got.Reasons)
		}
	}
}

// TestInfer_loopStateThatGrows: the state is concatenated with itself, so its
// first axis must not keep the size of the first iteration.
func TestInfer_loopStateThatGrows(t *testing.T) {
	main := caller(graph.Node{Op: graph.While, Attrs: &graph.LoopAttrs{TripCount: 3}, Subgraphs: []int{1}}, 1)
	grow := &graph.Graph{Role: graph.RoleBody, Tensors: []graph.Tensor{{}, {}}, Inputs: []graph.TensorID{0}, Outputs: []graph.TensorID{1},
		Nodes: []graph.Node{{Op: graph.Concat, Attrs: &graph.AxisAttrs{}, Inputs: []graph.TensorID{0, 0}, Outputs: []graph.TensorID{1}}}}
	shaped, _ := op.Infer(&graph.Model{Graphs: []*graph.Graph{main, grow}})
	for gi, want := range []string{"[?, 8]", "[?, 8]"} {
		if got := shaped.Graphs[gi].Tensors[1].Shape.String(); got != want {
			t.Errorf("graph %d: shape %s, want %s", gi, got, want)
		}
	}
}

func TestInfer_scan(t *testing.T) {
	main := &graph.Graph{Tensors: []graph.Tensor{{DType: graph.Float32, Shape: graph.ShapeOf(4)}, {DType: graph.Float32, Shape: graph.ShapeOf(9, 4)}, {}, {}},
		Inputs: []graph.TensorID{0, 1}, Outputs: []graph.TensorID{2, 3},
		Nodes: []graph.Node{{Op: graph.Scan, Attrs: &graph.ScanAttrs{ScanInputs: 1}, Inputs: []graph.TensorID{0, 1}, Outputs: []graph.TensorID{2, 3}, Subgraphs: []int{1}}}}
	step := &graph.Graph{Role: graph.RoleBody, Tensors: []graph.Tensor{{}, {}, {}}, Inputs: []graph.TensorID{0, 1}, Outputs: []graph.TensorID{2, 2},
		Nodes: []graph.Node{{Op: graph.Add, Inputs: []graph.TensorID{0, 1}, Outputs: []graph.TensorID{2}}}}
	shaped, _ := op.Infer(&graph.Model{Graphs: []*graph.Graph{main, step}})
	if a, b := shaped.Graphs[0].Tensors[2].Shape.String(), shaped.Graphs[0].Tensors[3].Shape.String(); a != "[4]" || b != "[9, 4]" {
		t.Errorf("shapes %s and %s", a, b)
	}
	if got := op.Total(shaped, op.Costs(shaped)); got.Ops != 9*4 {
		t.Errorf("Ops %d, want %d", got.Ops, 9*4)
	}
}

func TestTotal_graphThatRunsItself(t *testing.T) {
	m := &graph.Model{Graphs: []*graph.Graph{caller(graph.Node{Op: graph.Call, Subgraphs: []int{0}}, 1)}}
	shaped, _ := op.Infer(m)
	got := op.Total(shaped, op.Costs(shaped))
	if got.Known || got.PeakKnown {
		t.Errorf("known %v peak known %v", got.Known, got.PeakKnown)
	}
}

func TestTotal_countsStoredConstantsOnce(t *testing.T) {
	g := dense(graph.RoleMain, graph.ShapeOf(1, 8), 8, 4)
	g.Tensors = append(g.Tensors, g.Tensors[1], graph.Tensor{DType: graph.Int64, Shape: graph.ShapeOf(2), Const: &graph.Const{Data: pack64([]int64{1, 2}), NotParam: true}})
	second := dense(graph.RoleMain, graph.ShapeOf(1, 8), 8, 4)
	second.Tensors[1].Const = g.Tensors[1].Const
	m := &graph.Model{Graphs: []*graph.Graph{g, second}}
	got := op.Total(m, op.Costs(m))
	if got.Params != 32 || got.WeightBytes != 128+16 {
		t.Errorf("params %d bytes %d, want 32 and 144", got.Params, got.WeightBytes)
	}
}

func TestTotal_opaqueAndEmptyModelsAreUnknown(t *testing.T) {
	for name, m := range map[string]*graph.Model{
		"empty":         {},
		"opaque":        {Opaque: []graph.Opaque{{Kind: "edgetpu"}}},
		"without nodes": {Graphs: []*graph.Graph{{}}},
		"opaque beside": {Graphs: []*graph.Graph{dense(graph.RoleMain, graph.ShapeOf(1, 8), 8, 4)}, Opaque: []graph.Opaque{{Kind: "qnn_context"}}},
	} {
		shaped, _ := op.Infer(m)
		if got := op.Total(shaped, op.Costs(shaped)); got.Known || got.UnknownNodes != len(m.Opaque) {
			t.Errorf("%s: known %v unknown nodes %d", name, got.Known, got.UnknownNodes)
		}
	}
}

func TestTotal_trainingNodesDoNotRun(t *testing.T) {
	m := model(graph.MatMul, nil, 1, in(4, 5), in(5, 6))
	m.Graphs[0].Nodes[0].Train = true
	shaped, _ := op.Infer(m)
	if got := op.Total(shaped, op.Costs(shaped)); got.MACs != 0 || got.Nodes != 0 {
		t.Errorf("MACs %d nodes %d", got.MACs, got.Nodes)
	}
}

// chain is x -> a -> b -> ... of Relu nodes over sizes in float32 elements,
// made by Custom-free nodes with stated shapes.
func chain(ops []graph.Op, sizes ...int64) *graph.Model {
	g := &graph.Graph{Inputs: []graph.TensorID{0}}
	for i, n := range sizes {
		g.Tensors = append(g.Tensors, graph.Tensor{DType: graph.Float32, Shape: graph.ShapeOf(n)})
		if i > 0 {
			g.Nodes = append(g.Nodes, graph.Node{Op: ops[i-1], Inputs: []graph.TensorID{graph.TensorID(i - 1)}, Outputs: []graph.TensorID{graph.TensorID(i)}})
		}
	}
	g.Outputs = []graph.TensorID{graph.TensorID(len(sizes) - 1)}
	return &graph.Model{Graphs: []*graph.Graph{g}}
}

func TestPeak_liveness(t *testing.T) {
	relu := graph.Relu
	skip := chain([]graph.Op{relu, relu, relu}, 10, 20, 5, 5)
	skip.Graphs[0].Nodes = append(skip.Graphs[0].Nodes, graph.Node{Op: graph.Add, Inputs: []graph.TensorID{3, 0}, Outputs: []graph.TensorID{4}})
	skip.Graphs[0].Tensors = append(skip.Graphs[0].Tensors, graph.Tensor{DType: graph.Float32, Shape: graph.ShapeOf(10)})
	skip.Graphs[0].Outputs = []graph.TensorID{4}
	weights := chain([]graph.Op{relu}, 10, 10)
	weights.Graphs[0].Tensors = append(weights.Graphs[0].Tensors, graph.Tensor{DType: graph.Float16, Shape: graph.ShapeOf(1000), Const: &graph.Const{}}, graph.Tensor{DType: graph.Float32, Shape: graph.ShapeOf(1000)})
	weights.Graphs[0].Nodes = append(weights.Graphs[0].Nodes, graph.Node{Op: graph.DequantizeLinear, Inputs: []graph.TensorID{2}, Outputs: []graph.TensorID{3}})
	for name, c := range map[string]struct {
		m    *graph.Model
		want int64
	}{
		"two neighbours live together": {chain([]graph.Op{relu, relu, relu}, 10, 20, 5, 30), 4 * (5 + 30)},
		"a reshape shares":             {chain([]graph.Op{graph.Reshape, relu}, 10, 10, 10), 4 * 20},
		"a skip keeps its source":      {skip, 4 * (10 + 20 + 5)},
		"unread inputs stay":           {chain(nil, 10), 40},
		"decoded weights do not count": {weights, 80},
	} {
		t.Run(name, func(t *testing.T) {
			if got, known := op.Peak(c.m, 0); got != c.want || !known {
				t.Errorf("peak %d known %v, want %d", got, known, c.want)
			}
		})
	}
	open := chain([]graph.Op{relu}, 10, -1)
	if _, known := op.Peak(open, 0); known {
		t.Error("a graph of open sizes has a known peak")
	}
	if _, known := op.Peak(open, 3); known {
		t.Error("a graph that is not there has a known peak")
	}
}

func TestPeak_bodyAddsToItsCaller(t *testing.T) {
	m := &graph.Model{Graphs: []*graph.Graph{caller(graph.Node{Op: graph.Call, Subgraphs: []int{1}}, 1), body(8, 4)}}
	shaped, _ := op.Infer(m)
	// The caller holds x [1, 8] and y [1, 4], its body the same once more.
	if got, known := op.Peak(shaped, 0); got != 2*4*(8+4) || !known {
		t.Errorf("peak %d known %v", got, known)
	}
}

func TestTotal_reasonsAreRanked(t *testing.T) {
	m := chain([]graph.Op{graph.Custom, graph.Custom, graph.Proposal}, 1, 1, 1, 1)
	got := op.Total(m, op.Costs(m))
	if len(got.Reasons) != 2 || got.Reasons[0] != "the cost of Custom is not known" || got.UnknownNodes != 3 {
		t.Errorf("reasons %q unknown %d", got.Reasons, got.UnknownNodes)
	}
	if got.FLOPs != 0 || math.Signbit(float64(got.MACs)) {
		t.Errorf("totals %+v", got)
	}
}
