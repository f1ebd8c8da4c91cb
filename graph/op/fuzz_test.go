package op_test

import (
	"encoding/binary"
	"math"
	"reflect"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/op"
)

// source turns fuzz bytes into small decisions; past the end it gives zeros.
type source struct{ b []byte }

func (s *source) byte() byte {
	if len(s.b) == 0 {
		return 0
	}
	c := s.b[0]
	s.b = s.b[1:]
	return c
}

func (s *source) below(n int) int { return int(s.byte()) % n }

// size is mostly small, sometimes negative, huge or at a limit.
func (s *source) size() int64 {
	c := s.byte()
	switch {
	case c < 200:
		return int64(c % 9)
	case c < 220:
		return int64(c) - 210
	case c < 230:
		return math.MaxInt64 - int64(s.below(3))
	case c < 240:
		return math.MinInt64 + int64(s.below(3))
	case c < 250:
		return 1 << (c % 63)
	}
	return int64(c) * 1000
}

func (s *source) shape() graph.Shape {
	n := s.below(7)
	if n == 6 {
		return graph.Shape{}
	}
	dims := make([]graph.Dim, n)
	for i := range dims {
		switch s.below(8) {
		case 0:
		case 1:
			dims[i] = graph.SymbolDim("n")
		case 2:
			dims[i] = graph.SymbolDim("m").WithDefault(1)
		default:
			dims[i] = graph.DimOf(s.size())
		}
	}
	return graph.ShapeOfDims(dims...)
}

// fill sets every field of an attribute struct.
func (s *source) fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			s.fill(v.Field(i))
		}
	case reflect.Int, reflect.Int64, reflect.Int32:
		v.SetInt(s.size())
	case reflect.Uint8:
		v.SetUint(uint64(s.below(6)))
	case reflect.Bool:
		v.SetBool(s.below(2) == 1)
	case reflect.Float64:
		v.SetFloat([]float64{0, 1, 2, .5, -1, math.NaN(), math.Inf(1), 1e300}[s.below(8)])
	case reflect.String:
		v.SetString([]string{"", "ij,jk->ik", "...ij,...jk", "ii->i", "linear", "not_larger", "->", "a,b,c"}[s.below(8)])
	case reflect.Slice:
		n := s.below(6)
		if n == 5 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			s.fill(v.Index(i))
		}
	}
}

var allAttrs = []graph.Attrs{
	&graph.ConvAttrs{}, &graph.PoolAttrs{}, &graph.RoiAttrs{}, &graph.MatMulAttrs{}, &graph.FullyConnectedAttrs{},
	&graph.EinsumAttrs{}, &graph.RNNAttrs{}, &graph.SVDFAttrs{}, &graph.AttentionAttrs{}, &graph.SpectralAttrs{},
	&graph.AxisAttrs{}, &graph.AxesAttrs{}, &graph.PermAttrs{}, &graph.ReduceAttrs{}, &graph.GroupAttrs{},
	&graph.LRNAttrs{}, &graph.CastAttrs{}, &graph.TopKAttrs{}, &graph.ReshapeAttrs{}, &graph.FlattenAttrs{},
	&graph.SplitAttrs{}, &graph.SliceAttrs{}, &graph.StridedSliceAttrs{}, &graph.CropAttrs{}, &graph.PadAttrs{},
	&graph.GatherAttrs{}, &graph.ResizeAttrs{}, &graph.LayoutAttrs{}, &graph.BlockAttrs{}, &graph.ShapeAttrs{},
	&graph.NMSAttrs{}, &graph.PriorBoxAttrs{}, &graph.LoopAttrs{}, &graph.ScanAttrs{}, &graph.CustomAttrs{},
}

// natural is the attribute type that an operator usually has, found by trying:
// half of the nodes get it, so that rules run past their first check.
var natural = map[graph.Op]graph.Attrs{
	graph.Conv: &graph.ConvAttrs{}, graph.ConvTranspose: &graph.ConvAttrs{}, graph.DeformConv: &graph.ConvAttrs{},
	graph.MaxPool: &graph.PoolAttrs{}, graph.AveragePool: &graph.PoolAttrs{}, graph.LpPool: &graph.PoolAttrs{}, graph.MaxUnpool: &graph.PoolAttrs{},
	graph.RoiAlign: &graph.RoiAttrs{}, graph.RoiPool: &graph.RoiAttrs{}, graph.MatMul: &graph.MatMulAttrs{}, graph.Gemm: &graph.MatMulAttrs{},
	graph.FullyConnected: &graph.FullyConnectedAttrs{}, graph.Einsum: &graph.EinsumAttrs{}, graph.LSTM: &graph.RNNAttrs{}, graph.GRU: &graph.RNNAttrs{},
	graph.Attention: &graph.AttentionAttrs{}, graph.MultiHeadAttention: &graph.AttentionAttrs{}, graph.SpectralTransform: &graph.SpectralAttrs{},
	graph.Reshape: &graph.ReshapeAttrs{}, graph.Tile: &graph.ReshapeAttrs{}, graph.Expand: &graph.ReshapeAttrs{}, graph.ConstantOfShape: &graph.ReshapeAttrs{},
	graph.Flatten: &graph.FlattenAttrs{}, graph.Split: &graph.SplitAttrs{}, graph.Unpack: &graph.SplitAttrs{}, graph.Slice: &graph.SliceAttrs{},
	graph.StridedSlice: &graph.StridedSliceAttrs{}, graph.Crop: &graph.CropAttrs{}, graph.Pad: &graph.PadAttrs{}, graph.Gather: &graph.GatherAttrs{},
	graph.GatherND: &graph.GatherAttrs{}, graph.Resize: &graph.ResizeAttrs{}, graph.DepthToSpace: &graph.BlockAttrs{}, graph.SpaceToDepth: &graph.BlockAttrs{},
	graph.ShapeOp: &graph.ShapeAttrs{}, graph.PriorBox: &graph.PriorBoxAttrs{}, graph.Loop: &graph.LoopAttrs{}, graph.While: &graph.LoopAttrs{},
	graph.Scan: &graph.ScanAttrs{}, graph.TopK: &graph.TopKAttrs{}, graph.Squeeze: &graph.AxesAttrs{}, graph.Unsqueeze: &graph.AxesAttrs{},
	graph.Transpose: &graph.PermAttrs{}, graph.Im2Col: &graph.ConvAttrs{}, graph.Col2Im: &graph.ConvAttrs{}, graph.GridSample: &graph.LayoutAttrs{},
	graph.ReduceMean: &graph.ReduceAttrs{}, graph.ReduceProd: &graph.ReduceAttrs{}, graph.Concat: &graph.AxisAttrs{}, graph.Pack: &graph.AxisAttrs{},
	graph.OneHot: &graph.AxisAttrs{}, graph.LRN: &graph.LRNAttrs{}, graph.GroupNormalization: &graph.GroupAttrs{},
}

func (s *source) attrs(o graph.Op) graph.Attrs {
	a := natural[o]
	if a == nil || s.below(8) == 0 {
		if s.below(2) == 0 {
			return nil
		}
		a = allAttrs[s.below(len(allAttrs))]
	}
	v := reflect.New(reflect.TypeOf(a).Elem())
	s.fill(v.Elem())
	return v.Interface().(graph.Attrs)
}

// model makes a valid model of up to three graphs from the bytes.
func (s *source) model() *graph.Model {
	ops := op.All()
	m := &graph.Model{}
	graphs := 1 + s.below(3)
	for gi := range graphs {
		g := &graph.Graph{}
		if gi > 0 {
			g.Role = graph.RoleBody
		}
		for range 1 + s.below(8) {
			g.Tensors = append(g.Tensors, s.tensor())
		}
		for i := range g.Tensors {
			if s.below(2) == 0 && g.Tensors[i].Const == nil {
				g.Inputs = append(g.Inputs, graph.TensorID(i))
			}
		}
		for range 1 + s.below(6) {
			k := int(s.byte())<<8 | int(s.byte())
			n := graph.Node{Op: ops[k%len(ops)].Op}
			n.Attrs = s.attrs(n.Op)
			for range s.below(6) {
				n.Inputs = append(n.Inputs, graph.TensorID(s.below(len(g.Tensors)+1)-1))
			}
			for range s.below(4) {
				g.Tensors = append(g.Tensors, graph.Tensor{Name: string(rune('a' + s.below(8))), DType: []graph.DType{0, graph.Float32, graph.Int64}[s.below(3)]})
				if s.below(4) == 0 {
					g.Tensors[len(g.Tensors)-1].Shape = s.shape()
				}
				n.Outputs = append(n.Outputs, graph.TensorID(len(g.Tensors)-1))
			}
			if n.Op == graph.If || n.Op == graph.While || n.Op == graph.Loop || n.Op == graph.Scan || n.Op == graph.Call {
				for range s.below(3) {
					n.Subgraphs = append(n.Subgraphs, s.below(graphs))
				}
			}
			g.Nodes = append(g.Nodes, n)
		}
		for range s.below(3) {
			g.Outputs = append(g.Outputs, graph.TensorID(s.below(len(g.Tensors))))
		}
		m.Graphs = append(m.Graphs, g)
	}
	return m
}

func (s *source) tensor() graph.Tensor {
	t := graph.Tensor{Name: string(rune('a' + s.below(8))), DType: []graph.DType{0, graph.Float32, graph.Int64, graph.Int32, graph.Bool, graph.Int4, graph.String}[s.below(7)], Shape: s.shape()}
	switch s.below(4) {
	case 0:
		t.Const = &graph.Const{Missing: "gone", StoredBytes: s.size()}
	case 1, 2:
		n := s.below(6)
		t.DType, t.Shape = graph.Int64, graph.ShapeOf(int64(n))
		if n == 5 {
			n, t.Shape = 1, graph.ShapeOf()
		}
		b := make([]byte, 8*n)
		for i := range n {
			binary.LittleEndian.PutUint64(b[8*i:], uint64(s.size()))
		}
		t.Const = &graph.Const{Data: b, StoredBytes: int64(len(b))}
	}
	return t
}

// FuzzInfer holds that no valid model, however absurd, makes the package panic
// or hang, that inference does not change its input, and that it is stable.
func FuzzInfer(f *testing.F) {
	for i := range 64 {
		seed := make([]byte, 160)
		for k := range seed {
			seed[k] = byte((i*2654435761 + k*k*40503) >> 7)
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m := (&source{b}).model()
		if graph.Validate(m) != nil {
			return
		}
		shaped, _ := op.Infer(m)
		if err := graph.Validate(shaped); err != nil {
			t.Fatalf("the shaped model is not valid: %v", err)
		}
		costs := op.Costs(shaped)
		for gi := range costs {
			for ni, c := range costs[gi] {
				if c.MACs < 0 || c.Ops < 0 || c.ReadBytes < 0 || c.WriteBytes < 0 || c.Params < 0 || c.WeightBytes < 0 {
					t.Fatalf("graph %d node %d %s: negative cost %+v", gi, ni, shaped.Graphs[gi].Nodes[ni].Op, c)
				}
				if !c.Known && c.Reason == "" {
					t.Fatalf("graph %d node %d: unknown without a reason", gi, ni)
				}
			}
		}
		total := op.Total(shaped, costs)
		if total.MACs < 0 || total.FLOPs < 0 || total.PeakActivationBytes < 0 || total.Params < 0 {
			t.Fatalf("negative total %+v", total)
		}
	})
}
