package arch

import (
	"fmt"

	"github.com/gaugenn/gaugenn/graph"
)

// Graph returns the network of an architecture string of either search space
// as a model with one graph, float32, NCHW, batch 1. The rule applies to
// NAS-Bench-201 cells only. The weights have shapes but no values.
func Graph(s string, rule Rule) (*graph.Model, error) {
	b := &builder{g: &graph.Graph{Name: s}}
	var err error
	if IsCell(s) {
		err = b.nasBench(s, rule)
	} else {
		err = b.fbnet(s)
	}
	if err != nil {
		return nil, err
	}
	return &graph.Model{Format: "architecture", Name: s, Graphs: []*graph.Graph{b.g}}, nil
}

// builder appends nodes to a graph; its methods return the tensor they make.
type builder struct{ g *graph.Graph }

func (b *builder) tensor(name string, constant bool, sizes ...int64) graph.TensorID {
	t := graph.Tensor{Name: name, DType: graph.Float32, Shape: graph.ShapeOf(sizes...)}
	if constant {
		t.Const = &graph.Const{StoredBytes: -1, Missing: "architecture strings have no weights"}
	}
	b.g.Tensors = append(b.g.Tensors, t)
	return graph.TensorID(len(b.g.Tensors) - 1)
}

func (b *builder) node(op graph.Op, attrs graph.Attrs, inputs []graph.TensorID, sizes ...int64) graph.TensorID {
	name := fmt.Sprintf("%s_%d", op, len(b.g.Nodes))
	out := b.tensor(name, false, sizes...)
	b.g.Nodes = append(b.g.Nodes, graph.Node{Name: name, Op: op, SourceOp: string(op), Attrs: attrs,
		Inputs: inputs, Outputs: []graph.TensorID{out}})
	return out
}

// dims returns channels and height of a [1, C, H, W] tensor.
func (b *builder) dims(x graph.TensorID) (c, hw int64) {
	s := b.g.Tensor(x).Shape.Ints()
	return s[1], s[2]
}

func (b *builder) input(c, hw int64) graph.TensorID {
	x := b.tensor("input", false, 1, c, hw, hw)
	b.g.Inputs = append(b.g.Inputs, x)
	return x
}

// conv is a convolution with folded batch norm and padding k/2.
func (b *builder) conv(x graph.TensorID, cout, k, stride, groups int64, act graph.Op) graph.TensorID {
	c, hw := b.dims(x)
	o := (hw + stride - 1) / stride
	w := b.tensor("weight", true, cout, c/groups, k, k)
	bias := b.tensor("bias", true, cout)
	p := []int64{k / 2, k / 2}
	y := b.node(graph.Conv, &graph.ConvAttrs{Groups: groups, Data: graph.NCHW(2), Filter: graph.OIHW(2),
		Window: graph.Window{Kernel: []int64{k, k}, Strides: []int64{stride, stride}, PadBegin: p, PadEnd: p}},
		[]graph.TensorID{x, w, bias}, 1, cout, o, o)
	b.g.Nodes[len(b.g.Nodes)-1].Fused = act
	return y
}

func (b *builder) relu(x graph.TensorID) graph.TensorID {
	c, hw := b.dims(x)
	return b.node(graph.Relu, nil, []graph.TensorID{x}, 1, c, hw, hw)
}

func (b *builder) add(x, y graph.TensorID) graph.TensorID {
	c, hw := b.dims(x)
	return b.node(graph.Add, nil, []graph.TensorID{x, y}, 1, c, hw, hw)
}

func (b *builder) pool(x graph.TensorID, k, stride int64) graph.TensorID {
	c, hw := b.dims(x)
	o := (hw + stride - 1) / stride
	p := []int64{(k - 1) / 2, (k - 1) / 2}
	return b.node(graph.AveragePool, &graph.PoolAttrs{Data: graph.NCHW(2),
		Window: graph.Window{Kernel: []int64{k, k}, Strides: []int64{stride, stride}, PadBegin: p, PadEnd: p}},
		[]graph.TensorID{x}, 1, c, o, o)
}

// classifier pools globally and multiplies into classes.
func (b *builder) classifier(x graph.TensorID, classes int64) {
	c, hw := b.dims(x)
	p := b.node(graph.AveragePool, &graph.PoolAttrs{Global: true, Data: graph.NCHW(2),
		Window: graph.Window{Kernel: []int64{hw, hw}}}, []graph.TensorID{x}, 1, c, 1, 1)
	w := b.tensor("weight", true, classes, c)
	y := b.node(graph.FullyConnected, &graph.FullyConnectedAttrs{Axis: 1}, []graph.TensorID{p, w, b.tensor("bias", true, classes)}, 1, classes)
	b.g.Outputs = append(b.g.Outputs, y)
}

// zeros is a tensor of a tensor's shape that a runtime makes at run time: the
// value of a cell node that nothing reaches. It is no constant, or what it
// feeds would be folded away.
func (b *builder) zeros(x graph.TensorID) graph.TensorID {
	c, hw := b.dims(x)
	return b.tensor("zeros", false, 1, c, hw, hw)
}

func (b *builder) nasBench(s string, rule Rule) error {
	edges, err := ParseCell(s)
	if err != nil {
		return err
	}
	edges = rule.Apply(edges)
	x := b.conv(b.input(3, 32), 16, 3, 1, 1, graph.Unknown)
	for stage, c := range []int64{16, 32, 64} {
		if stage > 0 {
			y := b.conv(b.relu(x), c, 3, 2, 1, graph.Unknown)
			y = b.conv(b.relu(y), c, 3, 1, 1, graph.Unknown)
			x = b.add(y, b.conv(b.pool(x, 2, 2), c, 1, 1, 1, graph.Unknown))
		}
		for i := 0; i < 5; i++ {
			x = b.cell(x, edges)
		}
	}
	b.classifier(b.relu(x), 10)
	return nil
}

func (b *builder) cell(x graph.TensorID, edges []Edge) graph.TensorID {
	nodes := [4]graph.TensorID{x, graph.NoTensor, graph.NoTensor, graph.NoTensor}
	c, _ := b.dims(x)
	for to := 1; to <= 3; to++ {
		sum := graph.NoTensor
		for _, e := range edges {
			if e.To != to || e.Op == "" {
				continue
			}
			y := nodes[e.From]
			switch e.Op {
			case OpConv3:
				y = b.conv(b.relu(y), c, 3, 1, 1, graph.Unknown)
			case OpConv1:
				y = b.conv(b.relu(y), c, 1, 1, 1, graph.Unknown)
			case OpPool:
				y = b.pool(y, 3, 1)
			}
			if sum == graph.NoTensor {
				sum = y
			} else {
				sum = b.add(sum, y)
			}
		}
		if sum == graph.NoTensor {
			sum = b.zeros(x)
		}
		nodes[to] = sum
	}
	return nodes[3]
}

func (b *builder) fbnet(s string) error {
	blocks, err := ParseBlocks(s)
	if err != nil {
		return err
	}
	x := b.conv(b.input(3, fbnetPixels), fbnetStem, 3, 1, 1, graph.Relu)
	for _, k := range blocks {
		x = b.block(x, k)
	}
	b.classifier(b.conv(x, fbnetHeader, 1, 1, 1, graph.Relu), fbnetClasses)
	return nil
}

func (b *builder) block(x graph.TensorID, k Block) graph.TensorID {
	switch {
	case k.IsIdentity:
		return x
	case k.Op == "skip":
		return b.conv(x, int64(k.COut), 1, int64(k.Stride), 1, graph.Relu)
	}
	mid, g := int64(k.CIn*k.Expansion), int64(k.Groups)
	y := b.conv(x, mid, 1, 1, g, graph.Relu)
	if g > 1 {
		c, hw := b.dims(y)
		y = b.node(graph.ChannelShuffle, &graph.GroupAttrs{Groups: g, Axis: 1}, []graph.TensorID{y}, 1, c, hw, hw)
	}
	y = b.conv(y, mid, int64(k.Kernel), int64(k.Stride), mid, graph.Relu)
	y = b.conv(y, int64(k.COut), 1, 1, g, graph.Unknown)
	if k.Stride == 1 && k.CIn == k.COut {
		y = b.add(y, x)
	}
	return y
}
