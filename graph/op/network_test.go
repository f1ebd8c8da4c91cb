package op_test

import (
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/op"
)

// network builds an NCHW network layer by layer.
type network struct {
	g    *graph.Graph
	last graph.TensorID
}

func newNetwork(dims ...int64) *network {
	return &network{g: &graph.Graph{Tensors: []graph.Tensor{{Name: "x", DType: graph.Float32, Shape: graph.ShapeOf(dims...)}}, Inputs: []graph.TensorID{0}}}
}

func (n *network) tensor(t graph.Tensor) graph.TensorID {
	n.g.Tensors = append(n.g.Tensors, t)
	return graph.TensorID(len(n.g.Tensors) - 1)
}

func (n *network) weight(dims ...int64) graph.TensorID {
	return n.tensor(graph.Tensor{DType: graph.Float32, Shape: graph.ShapeOf(dims...), Const: &graph.Const{StoredBytes: -1, Missing: "made up"}})
}

func (n *network) add(o graph.Op, a graph.Attrs, fused graph.Op, in ...graph.TensorID) graph.TensorID {
	n.last = n.tensor(graph.Tensor{})
	n.g.Nodes = append(n.g.Nodes, graph.Node{Op: o, Attrs: a, Fused: fused, Inputs: in, Outputs: []graph.TensorID{n.last}})
	return n.last
}

func (n *network) conv(from graph.TensorID, ci, co, k, s, groups int64, fused graph.Op) graph.TensorID {
	return n.add(graph.Conv, nchw(window(k, s, k/2), groups), fused, from, n.weight(co, ci/groups, k, k), n.weight(co))
}

// convNorm is a convolution without bias, then batch normalisation.
func (n *network) convNorm(from graph.TensorID, ci, co, k, s int64, fused graph.Op) graph.TensorID {
	x := n.add(graph.Conv, nchw(window(k, s, k/2), 1), "", from, n.weight(co, ci, k, k))
	return n.add(graph.BatchNormalization, &graph.AxisAttrs{Axis: 1}, fused, x, n.weight(co), n.weight(co), n.weight(co), n.weight(co))
}

// classify ends the network with global pooling and a dense layer.
func (n *network) classify(from graph.TensorID, ci, classes int64) *graph.Model {
	n.add(graph.AveragePool, &graph.PoolAttrs{Global: true, Data: graph.NCHW(2)}, "", from)
	n.add(graph.FullyConnected, &graph.FullyConnectedAttrs{OutFeatures: classes, Axis: 1}, "", n.last, n.weight(classes, ci), n.weight(classes))
	n.add(graph.Softmax, &graph.AxisAttrs{Axis: 1}, "", n.last)
	n.g.Outputs = []graph.TensorID{n.last}
	return &graph.Model{Graphs: []*graph.Graph{n.g}}
}

// mobileNetV1 is MobileNet 1.0 224 (Howard et al. 2017, table 1) with folded
// batch normalisation.
func mobileNetV1() *graph.Model {
	n := newNetwork(1, 3, 224, 224)
	x := n.conv(0, 3, 32, 3, 2, 1, graph.Relu6)
	ci := int64(32)
	for _, l := range [][2]int64{{64, 1}, {128, 2}, {128, 1}, {256, 2}, {256, 1}, {512, 2}, {512, 1}, {512, 1}, {512, 1}, {512, 1}, {512, 1}, {1024, 2}, {1024, 1}} {
		x = n.conv(x, ci, ci, 3, l[1], ci, graph.Relu6)
		x = n.conv(x, ci, l[0], 1, 1, 1, graph.Relu6)
		ci = l[0]
	}
	return n.classify(x, 1024, 1000)
}

// resNet50 is ResNet-50 (He et al. 2016) with the stride in the 3x3
// convolution, as later implementations have it.
func resNet50() *graph.Model {
	n := newNetwork(1, 3, 224, 224)
	x := n.convNorm(0, 3, 64, 7, 2, graph.Relu)
	x = n.add(graph.MaxPool, &graph.PoolAttrs{Window: window(3, 2, 1), Data: graph.NCHW(2)}, "", x)
	ci := int64(64)
	for stage, blocks := range []int{3, 4, 6, 3} {
		mid := int64(64) << stage
		for b := range blocks {
			stride := int64(1)
			if b == 0 && stage > 0 {
				stride = 2
			}
			short := x
			y := n.convNorm(x, ci, mid, 1, 1, graph.Relu)
			y = n.convNorm(y, mid, mid, 3, stride, graph.Relu)
			y = n.convNorm(y, mid, 4*mid, 1, 1, "")
			if b == 0 {
				short = n.convNorm(x, ci, 4*mid, 1, stride, "")
			}
			x = n.add(graph.Add, nil, graph.Relu, y, short)
			ci = 4 * mid
		}
	}
	return n.classify(x, 2048, 1000)
}

func TestTotal_publishedNetworks(t *testing.T) {
	for name, c := range map[string]struct {
		m            *graph.Model
		macs, params int64
		peak         int64
	}{
		// 569 M multiply-adds and 4.24 M parameters in the authors' table, which
		// has scales and biases of batch normalisation: 10,944 each, folded here
		// into biases. The peak is the first pointwise layer: 112*112*(32+64)
		// float32 values.
		"MobileNetV1 1.0 224": {mobileNetV1(), 568_740_352, 4_221_032, 112 * 112 * (32 + 64) * 4},
		// 4.09 G: 25,557,032 trained parameters and 53,120 stored statistics. The
		// peak is the sum of a block of the first stage: three maps of 256 channels.
		"ResNet-50": {resNet50(), 4_089_184_256, 25_610_152, 3 * 56 * 56 * 256 * 4},
	} {
		t.Run(name, func(t *testing.T) {
			shaped, issues := op.Infer(c.m)
			if len(issues) > 0 {
				t.Fatal(issues[0])
			}
			got := op.Total(shaped, op.Costs(shaped))
			if got.MACs != c.macs || got.Params != c.params || !got.Known {
				t.Errorf("MACs %d params %d known %v, want %d %d", got.MACs, got.Params, got.Known, c.macs, c.params)
			}
			if got.PeakActivationBytes != c.peak || !got.PeakKnown {
				t.Errorf("peak %d known %v, want %d", got.PeakActivationBytes, got.PeakKnown, c.peak)
			}
			if got.WeightBytes != 4*c.params || got.WeightDType != graph.Float32 || got.ActivationDType != graph.Float32 {
				t.Errorf("weight bytes %d of %s, activations %s", got.WeightBytes, got.WeightDType, got.ActivationDType)
			}
		})
	}
}

// repeat makes one long network of n copies of ResNet-50's nodes.
func repeat(n int) *graph.Model {
	all := &graph.Graph{}
	for range n {
		g := resNet50().Graphs[0]
		off := graph.TensorID(len(all.Tensors))
		all.Tensors = append(all.Tensors, g.Tensors...)
		all.Inputs = append(all.Inputs, off)
		for _, node := range g.Nodes {
			shift := func(ids []graph.TensorID) []graph.TensorID {
				out := make([]graph.TensorID, len(ids))
				for i, id := range ids {
					out[i] = id + off
				}
				return out
			}
			node.Inputs, node.Outputs = shift(node.Inputs), shift(node.Outputs)
			all.Nodes = append(all.Nodes, node)
		}
	}
	return &graph.Model{Graphs: []*graph.Graph{all}}
}

func BenchmarkInfer(b *testing.B) {
	m := repeat(20)
	nodes := len(m.Graphs[0].Nodes)
	b.ReportAllocs()
	for b.Loop() {
		op.Infer(m)
	}
	b.ReportMetric(float64(nodes*b.N)/b.Elapsed().Seconds(), "nodes/s")
}

func BenchmarkCosts(b *testing.B) {
	m, _ := op.Infer(repeat(20))
	nodes := len(m.Graphs[0].Nodes)
	b.ReportAllocs()
	for b.Loop() {
		op.Costs(m)
	}
	b.ReportMetric(float64(nodes*b.N)/b.Elapsed().Seconds(), "nodes/s")
}

func BenchmarkTotal(b *testing.B) {
	m, _ := op.Infer(repeat(20))
	costs := op.Costs(m)
	nodes := len(m.Graphs[0].Nodes)
	b.ReportAllocs()
	for b.Loop() {
		op.Total(m, costs)
	}
	b.ReportMetric(float64(nodes*b.N)/b.Elapsed().Seconds(), "nodes/s")
}
