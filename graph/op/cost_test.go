package op_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/op"
)

type costCase struct {
	name      string
	op        graph.Op
	a         graph.Attrs
	in        []operand
	macs, ops int64
}

var costCases = []costCase{
	// N*S_out*Co*(Ci/G)*K; the bias adds 1 per result.
	{"convolution", graph.Conv, nchw(window(3, 1, 1), 1), []operand{in(1, 16, 10, 10), w(32, 16, 3, 3), w(32)}, 10 * 10 * 32 * 16 * 9, 3200},
	{"grouped", graph.Conv, nchw(window(3, 1, 1), 4), []operand{in(1, 16, 10, 10), w(32, 4, 3, 3)}, 10 * 10 * 32 * 4 * 9, 0},
	{"depthwise", graph.Conv, &graph.ConvAttrs{Window: window(3, 1, 1), Depthwise: true, Data: graph.NHWC(2), Filter: graph.FilterLayout{Out: 3, In: 0, Spatial: []int{1, 2}}}, []operand{in(1, 10, 10, 16), w(1, 3, 3, 32)}, 10 * 10 * 32 * 9, 0},
	{"depthwise of batch 2", graph.Conv, nchw(window(3, 1, 1), 16), []operand{in(2, 16, 10, 10), w(16, 1, 3, 3)}, 2 * 10 * 10 * 16 * 9, 0},
	{"three axes", graph.Conv, &graph.ConvAttrs{Data: graph.NCHW(3), Filter: graph.OIHW(3)}, []operand{in(1, 2, 4, 5, 6), w(3, 2, 1, 2, 3)}, 4 * 4 * 4 * 3 * 2 * 6, 0},
	// N*S_in*Ci*(Co/G)*K, not on output positions.
	{"transposed", graph.ConvTranspose, &graph.ConvAttrs{Window: window(4, 2, 1), Data: graph.NCHW(2), Filter: graph.IOHW(2)}, []operand{in(1, 8, 5, 5), w(8, 4, 4, 4), w(4)}, 5 * 5 * 8 * 4 * 16, 10 * 10 * 4},
	{"transposed in groups", graph.ConvTranspose, &graph.ConvAttrs{Window: window(2, 2, 0), Groups: 4, Data: graph.NCHW(2), Filter: graph.IOHW(2)}, []operand{in(1, 8, 5, 5), w(8, 3, 2, 2)}, 5 * 5 * 8 * 3 * 4, 0},
	{"matrix product", graph.MatMul, nil, []operand{in(2, 3, 4, 5), in(5, 6)}, 2 * 3 * 4 * 5 * 6, 0},
	{"gemm", graph.Gemm, &graph.MatMulAttrs{TransA: true}, []operand{in(5, 4), in(5, 6), w(6)}, 4 * 5 * 6, 24},
	{"packed product", graph.MatMul, &graph.MatMulAttrs{K: 64, N: 10}, []operand{in(1, 7, 64), w(10, 2, 16)}, 7 * 64 * 10, 0},
	{"dense", graph.FullyConnected, &graph.FullyConnectedAttrs{FlattenTo2D: true}, []operand{in(2, 3, 8), w(5, 24), w(5)}, 2 * 24 * 5, 10},
	{"einsum", graph.Einsum, &graph.EinsumAttrs{Equation: "bhqd,bhkd->bhqk"}, []operand{in(2, 4, 5, 8), in(2, 4, 6, 8)}, 2 * 4 * 5 * 6 * 8, 0},
	{"einsum without a sum", graph.Einsum, &graph.EinsumAttrs{Equation: "i,j->ij"}, []operand{in(4), in(5)}, 0, 20},
	{"einsum of three", graph.Einsum, &graph.EinsumAttrs{Equation: "ij,jk,kl->il"}, []operand{in(2, 3), in(3, 4), in(4, 5)}, 2*3*4 + 2*4*5, 0},
	{"einsum trace", graph.Einsum, &graph.EinsumAttrs{Equation: "ii->"}, []operand{in(4, 4)}, 0, 16},
	// D*T*N*g*H*(I+H); 25, 17 and 5 Ops per step and unit.
	{"lstm", graph.LSTM, &graph.RNNAttrs{Hidden: 8, BatchAxis: 1, DirectionAxis: 1}, []operand{in(10, 2, 4)}, 10 * 2 * 4 * 8 * (4 + 8), 10 * 2 * 8 * 25},
	{"lstm both ways, projected", graph.LSTM, &graph.RNNAttrs{Hidden: 8, Projection: 3, Directions: 2, TimeAxis: 1, DirectionAxis: -1}, []operand{in(2, 10, 4)}, 2 * 10 * 2 * (4*8*(4+3) + 8*3), 2 * 10 * 2 * 8 * 25},
	{"lstm of Core ML", graph.LSTM, &graph.RNNAttrs{Hidden: 8, BatchAxis: 1, DirectionAxis: -1, Trailing: 2}, []operand{in(10, 2, 4, 1, 1)}, 10 * 2 * 4 * 8 * (4 + 8), 10 * 2 * 8 * 25},
	{"coupled lstm", graph.LSTM, &graph.RNNAttrs{Hidden: 8, Coupled: true, BatchAxis: 1, DirectionAxis: 1}, []operand{in(10, 2, 4)}, 10 * 2 * 3 * 8 * (4 + 8), 10 * 2 * 8 * 21},
	{"gru", graph.GRU, &graph.RNNAttrs{Hidden: 8, BatchAxis: 1, DirectionAxis: 1}, []operand{in(10, 2, 4)}, 10 * 2 * 3 * 8 * 12, 10 * 2 * 8 * 17},
	{"rnn of one step", graph.RNN, &graph.RNNAttrs{Hidden: 8, TimeAxis: -1, DirectionAxis: -1}, []operand{in(2, 4)}, 2 * 8 * 12, 2 * 8 * 5},
	// N*filters*(I + memory).
	{"determinant", graph.Det, nil, []operand{in(2, 6, 6)}, 2 * 72, 0},
	{"svdf", graph.SVDF, &graph.SVDFAttrs{Rank: 2}, []operand{in(1, 16), w(64, 16), w(64, 10), w(32)}, 64 * 26, 64 + 32},
	// B*h*Lq*Lk*(Dk+Dv).
	{"attention", graph.Attention, nil, []operand{in(1, 8, 10, 64), in(1, 8, 20, 64), in(1, 8, 20, 32)}, 8 * 10 * 20 * 96, 4 * 8 * 10 * 20},
	{"attention with heads inside", graph.Attention, &graph.AttentionAttrs{Heads: 8}, []operand{in(1, 10, 512), in(1, 20, 512), in(1, 20, 512)}, 10 * 20 * 1024, 4 * 8 * 10 * 20},
	{"attention of one step with cache", graph.Attention, &graph.AttentionAttrs{Heads: 8, KVHeads: 2, PastKey: 3, PastValue: 4}, []operand{in(1, 1, 512), in(1, 1, 128), in(1, 1, 128), in(1, 2, 9, 64), in(1, 2, 9, 64)}, 10 * 1024, 4 * 8 * 10},
	{"packed attention", graph.Attention, &graph.AttentionAttrs{Heads: 4, PackedQKV: true}, []operand{in(1, 10, 192)}, 10 * 10 * 128, 4 * 4 * 100},
	{"attention with projections", graph.MultiHeadAttention, &graph.AttentionAttrs{Heads: 4}, []operand{in(1, 10, 64), none(), none(), w(64, 192), w(192)}, 10*64*192 + 2*10*10*64, 4 * 4 * 100},
	{"embedding", graph.EmbeddingLookup, nil, []operand{in(1, 12).typed(graph.Int32), w(1000, 64)}, 0, 0},
	// E*K; the average divides once per result; global pooling reads each element once.
	{"max pool", graph.MaxPool, &graph.PoolAttrs{Window: window(3, 2, 0), Data: graph.NCHW(2)}, []operand{in(1, 4, 7, 7)}, 0, 4 * 9 * 9},
	{"average pool", graph.AveragePool, &graph.PoolAttrs{Window: window(2, 2, 0), Data: graph.NCHW(2)}, []operand{in(1, 4, 8, 8)}, 0, 64*4 + 64},
	{"global average", graph.AveragePool, &graph.PoolAttrs{Global: true, Data: graph.NCHW(2)}, []operand{in(1, 4, 7, 7)}, 0, 4*49 + 4},
	{"softmax", graph.Softmax, nil, []operand{in(2, 10)}, 0, 60},
	{"batch norm", graph.BatchNormalization, &graph.AxisAttrs{Axis: 1}, []operand{in(2, 5, 4), w(5), w(5), w(5), w(5)}, 0, 80},
	{"layer norm", graph.LayerNormalization, &graph.ReduceAttrs{Axes: []int{-1}}, []operand{in(2, 5), w(5), w(5)}, 0, 70},
	{"layer norm without scale", graph.LayerNormalization, &graph.ReduceAttrs{Axes: []int{-1}}, []operand{in(2, 5)}, 0, 50},
	{"lrn", graph.LRN, &graph.LRNAttrs{Size: 5}, []operand{in(1, 8, 2, 2)}, 0, 32 * 14},
	{"scale and bias", graph.Scale, &graph.AxisAttrs{Axis: 1}, []operand{in(1, 8), w(8), w(8)}, 0, 16},
	{"relu", graph.Relu, nil, []operand{in(2, 5)}, 0, 10},
	{"sigmoid", graph.Sigmoid, nil, []operand{in(2, 5)}, 0, 30},
	{"hard swish", graph.HardSwish, nil, []operand{in(2, 5)}, 0, 50},
	{"add with broadcast", graph.Add, nil, []operand{in(2, 5), in(5)}, 0, 10},
	{"sum of three", graph.Sum, nil, []operand{in(2, 5), in(2, 5), in(2, 5)}, 0, 20},
	{"mean of three", graph.Mean, nil, []operand{in(2, 5), in(2, 5), in(2, 5)}, 0, 30},
	{"quantise", graph.QuantizeLinear, nil, []operand{in(2, 5)}, 0, 20},
	{"reduce sum", graph.ReduceSum, nil, []operand{in(2, 5)}, 0, 10},
	{"reduce mean", graph.ReduceMean, &graph.ReduceAttrs{Axes: []int{1}}, []operand{in(2, 5)}, 0, 12},
	{"reduce l2", graph.ReduceL2, nil, []operand{in(2, 5)}, 0, 21},
	{"top k", graph.TopK, &graph.TopKAttrs{K: 4, Axis: -1}, []operand{in(2, 8)}, 0, 32},
	{"reshape", graph.Reshape, &graph.ReshapeAttrs{Shape: []int64{-1}}, []operand{in(2, 5)}, 0, 0},
	{"concat", graph.Concat, nil, []operand{in(2, 5), in(2, 5)}, 0, 0},
	{"nearest", graph.Resize, &graph.ResizeAttrs{Mode: "nearest", Sizes: []int64{4, 4}, Data: graph.NCHW(2)}, []operand{in(1, 1, 2, 2)}, 0, 0},
	{"bilinear", graph.Resize, &graph.ResizeAttrs{Mode: "linear", Sizes: []int64{4, 4}, Data: graph.NCHW(2)}, []operand{in(1, 1, 2, 2)}, 0, 64},
	{"scatter", graph.ScatterND, nil, []operand{in(8), in(2, 1).typed(graph.Int64), in(2)}, 0, 2},
	{"fft", graph.SpectralTransform, &graph.SpectralAttrs{Axis: 1, Pairs: true}, []operand{in(3, 16, 2)}, 0, 3 * 5 * 16 * 4},
	{"glu", graph.GLU, &graph.AxisAttrs{Axis: -1}, []operand{in(3, 16)}, 0, 3 * 8 * 4},
	{"real inverse fft", graph.SpectralTransform, &graph.SpectralAttrs{Axis: -1, OneSided: true, Inverse: true}, []operand{in(100, 5)}, 0, 100 * 5 * 8 * 3 / 2},
	{"spectrogram", graph.SpectralTransform, &graph.SpectralAttrs{Framed: true, BinsFirst: true, OneSided: true, Hop: 160, Length: 400}, []operand{in(2000)}, 0, 11 * 5 * 400 * 8 / 2},
	{"complex spectrogram", graph.SpectralTransform, &graph.SpectralAttrs{Framed: true, BinsFirst: true, Pairs: true, Hop: 160, Length: 400}, []operand{in(2000)}, 0, 11 * 5 * 400 * 8},
	{"spectrogram turned back", graph.SpectralTransform, &graph.SpectralAttrs{Framed: true, BinsFirst: true, OneSided: true, Inverse: true, Hop: 160, Length: 400}, []operand{in(201, 11, 2)}, 0, 11 * 5 * 400 * 8 / 2},
	{"stft", graph.SpectralTransform, &graph.SpectralAttrs{Axis: 1, OneSided: true, Pairs: true, Framed: true, Hop: 8, Length: 16}, []operand{in(2, 128, 1)}, 0, 2 * 15 * 5 * 16 * 4 / 2},
	{"real fft", graph.SpectralTransform, &graph.SpectralAttrs{Axis: 1, Pairs: true, OneSided: true}, []operand{in(3, 16, 1)}, 0, 3 * 5 * 16 * 4 / 2},
}

func TestCosts_byHand(t *testing.T) {
	for _, c := range costCases {
		t.Run(string(c.op)+" "+c.name, func(t *testing.T) {
			shaped, _ := op.Infer(model(c.op, c.a, 1, c.in...))
			got := op.Costs(shaped)[0][0]
			if !got.Known {
				t.Fatalf("unknown: %s", got.Reason)
			}
			if got.MACs != c.macs || got.Ops != c.ops {
				t.Errorf("MACs %d Ops %d, want %d %d", got.MACs, got.Ops, c.macs, c.ops)
			}
			if got.FLOPs() != 2*c.macs+c.ops {
				t.Errorf("FLOPs %d", got.FLOPs())
			}
		})
	}
}

func TestCosts_bytesAndParameters(t *testing.T) {
	half := func(o operand) operand { return o.typed(graph.Float16) }
	for name, c := range map[string]struct {
		m    *graph.Model
		want graph.Cost
	}{
		"dense": {model(graph.FullyConnected, &graph.FullyConnectedAttrs{KeepDims: true}, 1, in(2, 8), w(5, 8), w(5)),
			graph.Cost{MACs: 80, Ops: 10, Params: 45, WeightBytes: 180, ReadBytes: 64 + 180, WriteBytes: 40, DType: graph.Float32, Known: true}},
		"packed int4 weights": {model(graph.FullyConnected, &graph.FullyConnectedAttrs{KeepDims: true}, 1, half(in(1, 5)), w(3, 5).typed(graph.Int4)),
			graph.Cost{MACs: 15, Params: 15, WeightBytes: 8, ReadBytes: 10 + 8, WriteBytes: 6, DType: graph.Float16, Known: true}},
		"lookup reads its rows only": {model(graph.EmbeddingLookup, nil, 1, in(1, 3).typed(graph.Int32), w(1000, 8)),
			graph.Cost{Params: 8000, WeightBytes: 32000, ReadBytes: 12 + 96, WriteBytes: 96, DType: graph.Int32, Known: true}},
		"slice reads what it keeps": {model(graph.Slice, &graph.SliceAttrs{Starts: []int64{0}, Ends: []int64{2}}, 1, in(10, 5)),
			graph.Cost{ReadBytes: 40, WriteBytes: 40, DType: graph.Float32, Known: true}},
		"movement": {model(graph.Transpose, nil, 1, in(3, 4)),
			graph.Cost{ReadBytes: 48, WriteBytes: 48, DType: graph.Float32, Known: true}},
		"unknown operator keeps its weights": {model(graph.Custom, nil, 1, in(3, 4), w(10)),
			graph.Cost{Params: 10, WeightBytes: 40, DType: graph.Float32, Reason: "the shape of result 0 is not known"}},
		"strings have no width": {model(graph.Identity, nil, 1, in(3).typed(graph.String)),
			graph.Cost{DType: graph.String, Known: true}},
	} {
		t.Run(name, func(t *testing.T) {
			shaped, _ := op.Infer(c.m)
			if got := op.Costs(shaped)[0][0]; got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestCosts_fusedActivationAddsItsOps(t *testing.T) {
	m := model(graph.Add, nil, 1, in(2, 5), in(2, 5))
	m.Graphs[0].Nodes[0].Fused = graph.Relu6
	shaped, _ := op.Infer(m)
	if got := op.Costs(shaped)[0][0].Ops; got != 30 {
		t.Errorf("Ops = %d, want 10 additions and 20 comparisons", got)
	}
}

func TestCosts_unknownSaysWhy(t *testing.T) {
	made := func(o graph.Op, x operand) *graph.Model {
		m := model(o, nil, 1, x)
		m.Graphs[0].Tensors[1] = graph.Tensor{DType: graph.Float32, Shape: graph.ShapeOf(2)}
		m.Graphs[0].Nodes[0].SourceOp = "Odd"
		return m
	}
	for want, m := range map[string]*graph.Model{
		"the shape of operand 0 is not known": made(graph.Relu, sym("N", 2)),
		`operator "Odd" is not known`:         made(graph.Unknown, in(2)),
		"the cost of Custom is not known":     made(graph.Custom, in(2)),
		"the cost of Opaque is not known":     made(graph.OpaqueOp, in(2)),
		`operator "Made up" has no rule`:      made("Made up", in(2)),
		"trip count unknown":                  made(graph.While, in(2)),
		"the hidden size is not known":        made(graph.LSTM, in(2, 2, 2)),
	} {
		shaped, _ := op.Infer(m)
		if c := op.Costs(shaped)[0][0]; c.Known || c.Reason != want || c.MACs+c.Ops+c.ReadBytes+c.WriteBytes != 0 {
			t.Errorf("got %+v, want reason %q", c, want)
		}
	}
}

func TestCosts_hugeShapesSaturate(t *testing.T) {
	m := model(graph.MatMul, nil, 1, in(1<<30, 1<<31), in(1<<31, 1<<31))
	shaped, _ := op.Infer(m)
	if c := op.Costs(shaped)[0][0]; c.MACs < 0 || c.Known && c.MACs != 1<<63-1 {
		t.Errorf("cost %+v", c)
	}
}

func TestCosts_constantSizes(t *testing.T) {
	// The same weights at 8 bits and 2 bits, and a constant whose shape only
	// its bytes tell.
	g := &graph.Graph{Tensors: []graph.Tensor{
		{DType: graph.Float32, Shape: graph.ShapeOf(4)},
		{DType: graph.Int2, Shape: graph.ShapeOf(9), Const: &graph.Const{StoredBytes: -1}},
		{DType: graph.Float32, Const: &graph.Const{StoredBytes: 40}},
		{DType: graph.Float32, Shape: graph.ShapeOf(4)},
	}, Nodes: []graph.Node{{Op: graph.Custom, Inputs: []graph.TensorID{0, 1, 2, 2}, Outputs: []graph.TensorID{3}}}}
	c := op.Costs(&graph.Model{Graphs: []*graph.Graph{g}})[0][0]
	if c.Params != 9+10 || c.WeightBytes != 3+40 {
		t.Errorf("params %d bytes %d, want 19 and 43", c.Params, c.WeightBytes)
	}
}

// TestAll_coversEveryCanonicalOperator reads graph/ops.go itself: an operator
// that is declared but has no line in the table fails here.
func TestAll_coversEveryCanonicalOperator(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "../ops.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	ast.Inspect(f, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || len(v.Values) != 1 {
			return true
		}
		lit, ok := v.Values[0].(*ast.BasicLit)
		if !ok {
			return true
		}
		name, _ := strconv.Unquote(lit.Value)
		if name == "" {
			return true
		}
		declared++
		if _, ok := op.Lookup(graph.Op(name)); !ok {
			t.Errorf("%s has no line in the table", v.Names[0])
		}
		return true
	})
	if declared != len(op.All()) {
		t.Errorf("%d operators are declared, the table has %d", declared, len(op.All()))
	}
}

func TestLookup_classes(t *testing.T) {
	for o, want := range map[graph.Op]string{graph.Conv: "compute", graph.MaxPool: "pooling", graph.Softmax: "normalization", graph.Relu: "elementwise",
		graph.ReduceSum: "reduction", graph.Reshape: "movement", graph.ShapeOp: "value", graph.PriorBox: "detection", graph.If: "control",
		graph.Custom: "opaque", graph.Unknown: "unknown", "Made up": "unknown"} {
		if got := op.ClassOf(o).String(); got != want {
			t.Errorf("%s is %s, want %s", o, got, want)
		}
	}
	if i, ok := op.Lookup(graph.Custom); !ok || i.CostKnown {
		t.Errorf("Custom: %+v %v", i, ok)
	}
	if i, ok := op.Lookup(graph.While); !ok || !i.CostKnown {
		t.Errorf("While: %+v %v", i, ok)
	}
}

// TestCosts_everyElementwiseOperatorCounts: an elementwise operator without an
// entry in its table of Ops would silently cost nothing.
func TestCosts_everyElementwiseOperatorCounts(t *testing.T) {
	free := map[graph.Op]bool{graph.Real: true, graph.Imag: true, graph.Complex: true, graph.Resize: true}
	for _, i := range op.All() {
		if i.Class != op.ClassElementwise && i.Class != op.ClassNormalization && i.Class != op.ClassReduction {
			continue
		}
		m := model(i.Op, nil, 1, in(2, 5), in(2, 5))
		m.Graphs[0].Tensors[2] = graph.Tensor{DType: graph.Float32, Shape: graph.ShapeOf(2, 5)}
		c := op.Costs(m)[0][0]
		if !c.Known {
			t.Errorf("%s: %s", i.Op, c.Reason)
		}
		if (c.Ops > 0) == free[i.Op] {
			t.Errorf("%s costs %d Ops", i.Op, c.Ops)
		}
		if c.MACs != 0 {
			t.Errorf("%s costs %d MACs", i.Op, c.MACs)
		}
	}
}

// TestCosts_movementIsFree: bytes only.
func TestCosts_movementIsFree(t *testing.T) {
	adds := map[graph.Op]bool{graph.ScatterElements: true, graph.ScatterND: true, graph.ScatterFromShape: true, graph.Col2Im: true}
	for _, i := range op.All() {
		if i.Class != op.ClassMovement {
			continue
		}
		m := model(i.Op, nil, 1, in(2, 5), in(2, 5), in(2, 5))
		m.Graphs[0].Tensors[3] = graph.Tensor{DType: graph.Float32, Shape: graph.ShapeOf(2, 5)}
		c := op.Costs(m)[0][0]
		if !c.Known || c.MACs != 0 || (c.Ops != 0) != adds[i.Op] || c.ReadBytes != 120 || c.WriteBytes != 40 {
			t.Errorf("%s: %+v", i.Op, c)
		}
	}
}
