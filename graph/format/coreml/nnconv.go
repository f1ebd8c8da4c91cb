package coreml

import (
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// borders reads a BorderAmounts: begin and end per spatial axis.
func borders(m protowire.Message) (begin, end []int64) {
	var f protowire.Field
	for m.Next(&f) && len(begin) < 8 {
		if !f.Is(10, protowire.Bytes) {
			continue
		}
		e := f.Message()
		var b, z int64
		for e.Next(&f) {
			switch f.Number {
			case 1:
				b = f.Int64()
			case 2:
				z = f.Int64()
			}
		}
		begin, end = append(begin, b), append(end, z)
	}
	return begin, end
}

// inner returns a sub-message of a field's message.
func inner(f protowire.Field, number int32) (protowire.Message, bool) {
	m := f.Message()
	var g protowire.Field
	for m.Next(&g) {
		if g.Is(number, protowire.Bytes) {
			return g.Message(), true
		}
	}
	return protowire.Message{}, false
}

// padding reads the alternatives valid and same of a window.
func (c *layerCall) padding(w *graph.Window, valid, same int32) {
	if f, ok := c.field(same); ok && f.Type == protowire.Bytes {
		w.PadMode = graph.PadSameUpper
		m := f.Message()
		var g protowire.Field
		for m.Next(&g) {
			if g.Is(1, protowire.Varint) && g.Uint == 1 {
				w.PadMode = graph.PadSameLower
			}
		}
		return
	}
	if f, ok := c.field(valid); ok && f.Type == protowire.Bytes {
		if b, ok := inner(f, 1); ok {
			w.PadBegin, w.PadEnd = borders(b)
		}
	}
}

func orDefault(v []int64, def ...int64) []int64 {
	if len(v) == 0 {
		return def
	}
	return v
}

func nnConv(c *layerCall) error {
	out, kernelChannels, groups := c.int(1, 0), c.int(2, 0), max(c.int(10, 1), 1)
	k := orDefault(c.ints(20), 3, 3)
	a := &graph.ConvAttrs{Groups: groups, OutChannels: out, Data: c.layout(), Filter: graph.OIHW(2)}
	a.Window = graph.Window{Kernel: k, Strides: orDefault(c.ints(30), 1, 1), Dilations: orDefault(c.ints(40), 1, 1)}
	c.padding(&a.Window, 50, 51)
	shape := append([]int64{out, kernelChannels}, k...)
	if c.int(60, 0) != 0 {
		c.out.Op = graph.ConvTranspose
		a.Filter = graph.IOHW(2)
		shape = append([]int64{kernelChannels, out / groups}, k...)
		if s := c.ints(100); len(s) == 2 {
			a.OutputShape = s
		}
	}
	c.out.Attrs = a
	if len(c.out.Inputs) > 1 {
		return nil // filter and bias are operands
	}
	if err := c.weight(90, "weights", shape...); err != nil || c.int(70, 0) == 0 {
		return err
	}
	return c.weight(91, "bias", out)
}

// window3D reads depth, height and width from three fields.
func (c *layerCall) window3D(number int32, def int64) []int64 {
	return []int64{c.int(number, def), c.int(number+1, def), c.int(number+2, def)}
}

func (c *layerCall) padding3D(w *graph.Window, kind, first int32) {
	switch c.int(kind, 0) {
	case 1:
		w.PadMode = graph.PadValid
	case 2:
		w.PadMode = graph.PadSameUpper
	default:
		for i := range int32(3) {
			w.PadBegin, w.PadEnd = append(w.PadBegin, c.int(first+2*i, 0)), append(w.PadEnd, c.int(first+2*i+1, 0))
		}
	}
}

func nnConv3D(c *layerCall) error {
	out, in, groups := c.int(1, 0), c.int(2, 0), max(c.int(10, 1), 1)
	k := c.window3D(20, 1)
	a := &graph.ConvAttrs{Groups: groups, OutChannels: out, Data: graph.NCHW(3), Filter: graph.OIHW(3)}
	a.Window = graph.Window{Kernel: k, Strides: c.window3D(31, 1), Dilations: c.window3D(40, 1)}
	c.padding3D(&a.Window, 70, 80)
	shape := append([]int64{out, in / groups}, k...)
	if c.int(86, 0) != 0 {
		c.out.Op, a.Filter = graph.ConvTranspose, graph.IOHW(3)
		shape = append([]int64{in, out / groups}, k...)
	}
	c.out.Attrs = a
	if err := c.weight(60, "weights", shape...); err != nil || c.int(50, 0) == 0 {
		return err
	}
	return c.weight(61, "bias", out)
}

func (c *layerCall) poolOp(kind int64) {
	switch kind {
	case 0:
		c.out.Op = graph.MaxPool
	case 2:
		c.out.Op = graph.LpPool
	default:
		c.out.Op = graph.AveragePool
	}
}

func nnPool(c *layerCall) error {
	c.poolOp(c.int(1, 0))
	a := &graph.PoolAttrs{Data: c.layout(), Global: c.int(60, 0) != 0, CountPad: c.int(50, 0) == 0}
	a.Window = graph.Window{Kernel: orDefault(c.ints(10), 3, 3), Strides: orDefault(c.ints(20), 1, 1)}
	c.padding(&a.Window, 30, 31)
	if f, ok := c.field(32); ok && f.Type == protowire.Bytes { // includeLastPixel: Caffe's rounding
		p := orDefault(intsOf(f.Message(), 10), 0, 0)
		a.PadBegin, a.PadEnd, a.Ceil, a.ClipCeil = p, p, true, true
	}
	if a.Global {
		a.Window = graph.Window{}
	}
	c.out.Attrs = a
	return nil
}

func nnPool3D(c *layerCall) error {
	c.poolOp(c.int(1, 0))
	a := &graph.PoolAttrs{Data: graph.NCHW(3), CountPad: c.int(14, 0) == 0}
	a.Window = graph.Window{Kernel: c.window3D(2, 1), Strides: c.window3D(5, 1)}
	c.padding3D(&a.Window, 15, 8)
	c.out.Attrs = a
	return nil
}

func nnGlobalPool3D(c *layerCall) error {
	c.poolOp(c.int(1, 0))
	c.out.Attrs = &graph.PoolAttrs{Data: graph.NCHW(3), Global: true}
	return nil
}

func nnInnerProduct(c *layerCall) error {
	in, out := c.int(1, 0), c.int(2, 0)
	c.out.Attrs = &graph.FullyConnectedAttrs{OutFeatures: out, KeepDims: c.exact}
	if err := c.weight(20, "weights", out, in); err != nil || c.int(10, 0) == 0 {
		return err
	}
	return c.weight(21, "bias", out)
}

func nnBatchedMatMul(c *layerCall) error {
	a := &graph.MatMulAttrs{TransA: c.int(1, 0) != 0, TransB: c.int(2, 0) != 0}
	c.out.Attrs = a
	if len(c.out.Inputs) > 1 {
		return nil
	}
	// With weights: x [..., k] times [k, n], stored as [n, k].
	k, n := c.int(5, 0), c.int(6, 0)
	a.TransB = true
	if err := c.weight(8, "weights", n, k); err != nil || c.int(7, 0) == 0 {
		return err
	}
	return c.weight(9, "bias", n)
}

// nnEmbedding has a table [channels, entries].
func nnEmbedding(weights, channels, entries int32) func(*layerCall) error {
	return func(c *layerCall) error { return c.weight(weights, "weights", c.int(entries, 0), c.int(channels, 0)) }
}

func nnBatchNorm(c *layerCall) error {
	n := c.int(1, 0)
	if c.int(6, 0) != 0 {
		c.out.Op = graph.InstanceNormalization
	}
	c.out.Attrs = &graph.AxisAttrs{Axis: c.channelAxis()}
	for i, name := range []string{"gamma", "beta", "mean", "variance"} {
		if err := c.weight(int32(15+i), name, n); err != nil {
			return err
		}
	}
	for k := len(c.out.Inputs); k > 0 && c.out.Inputs[k-1] == graph.NoTensor; k-- {
		c.out.Inputs = c.out.Inputs[:k-1]
	}
	return nil
}

func nnLayerNorm(c *layerCall) error {
	shape := c.ints(1)
	a := &graph.ReduceAttrs{KeepDims: true}
	for i := range shape {
		a.Axes = append(a.Axes, i-len(shape))
	}
	c.out.Attrs = a
	if err := c.weight(3, "gamma", shape...); err != nil {
		return err
	}
	return c.weight(4, "beta", shape...)
}

// nnScale has a scale and a bias of shape [1], [C] or [C, H, W].
func nnScale(c *layerCall) error {
	c.out.Attrs = &graph.AxisAttrs{Axis: c.channelAxis()}
	if err := c.weight(2, "scale", orDefault(c.ints(1), 1)...); err != nil || c.int(3, 0) == 0 {
		return err
	}
	return c.weight(5, "bias", orDefault(c.ints(4), 1)...)
}

func nnBias(c *layerCall) error {
	c.out.Attrs = &graph.AxisAttrs{Axis: c.channelAxis()}
	return c.weight(2, "bias", orDefault(c.ints(1), 1)...)
}

func nnConstant(c *layerCall) error {
	c.out.Inputs = nil
	return c.weight(2, "data", c.ints(1)...)
}

// nnRNN has its matrices in three fields.
func nnRNN(w, r, bias int32) func(*layerCall) error {
	return func(c *layerCall) error {
		in, hidden := c.int(1, 0), c.int(2, 0)
		c.recurrent(hidden, in, 1, c.int(15, 0) == 0)
		c.out.Inputs = c.out.Inputs[:min(len(c.out.Inputs), 1)]
		if err := c.weight(w, "weights", hidden, in); err != nil {
			return err
		}
		if err := c.weight(r, "recursion", hidden, hidden); err != nil || c.int(20, 0) == 0 {
			return err
		}
		return c.weight(bias, "bias", hidden)
	}
}

func (c *layerCall) recurrent(hidden, in int64, directions int, lastOnly bool) *graph.RNNAttrs {
	a := &graph.RNNAttrs{Hidden: hidden, Directions: directions, TimeAxis: -1, BatchAxis: -1, DirectionAxis: -1, LastOnly: lastOnly, ExternalInput: in}
	if c.exact {
		a.TimeAxis, a.BatchAxis, a.Trailing = 0, 1, 2
	}
	c.out.Attrs = a
	return a
}

// nnGRU has three gates, each with its matrices.
func nnGRU(c *layerCall) error {
	in, hidden := c.int(1, 0), c.int(2, 0)
	c.recurrent(hidden, in, 1, c.int(15, 0) == 0)
	c.out.Inputs = append(c.out.Inputs[:min(len(c.out.Inputs), 1)], graph.NoTensor, graph.NoTensor)
	for i, gate := range []string{"update", "reset", "output"} {
		if err := c.weight(int32(30+i), gate+".weights", hidden, in); err != nil {
			return err
		}
		if err := c.weight(int32(50+i), gate+".recursion", hidden, hidden); err != nil {
			return err
		}
		if c.int(20, 0) == 0 {
			continue
		}
		if err := c.weight(int32(70+i), gate+".bias", hidden); err != nil {
			return err
		}
	}
	return nil
}

// nnLSTM has one or two LSTMWeightParams with four gates each.
func nnLSTM(directions int) func(*layerCall) error {
	return func(c *layerCall) error {
		in, hidden := c.int(1, 0), c.int(2, 0)
		last := true
		a := &graph.RNNAttrs{}
		if f, ok := c.field(15); ok && f.Type == protowire.Bytes {
			m := f.Message()
			for m.Next(&f) {
				switch f.Number {
				case 10:
					last = f.Uint == 0
				case 40:
					a.Peephole = f.Uint != 0
				case 50:
					a.Coupled = f.Uint != 0
				}
			}
		}
		peephole, coupled := a.Peephole, a.Coupled
		a = c.recurrent(hidden, in, directions, last)
		a.Peephole, a.Coupled = peephole, coupled
		c.out.Inputs = append(c.out.Inputs[:min(len(c.out.Inputs), 1)], graph.NoTensor, graph.NoTensor)
		m := c.params
		var f protowire.Field
		for m.Next(&f) {
			if f.Is(20, protowire.Bytes) {
				if err := c.lstmWeights(f.Message(), hidden, in); err != nil {
					return err
				}
			}
		}
		return m.Err()
	}
}

func (c *layerCall) lstmWeights(m protowire.Message, hidden, in int64) error {
	var f protowire.Field
	for m.Next(&f) {
		if f.Type != protowire.Bytes || len(f.Bytes) == 0 {
			continue
		}
		var err error
		switch {
		case f.Number >= 1 && f.Number <= 4:
			err = c.weightOf(f.Message(), "weights", hidden, in)
		case f.Number >= 20 && f.Number <= 23:
			err = c.weightOf(f.Message(), "recursion", hidden, hidden)
		case f.Number >= 40 && f.Number <= 43, f.Number >= 60 && f.Number <= 62:
			err = c.weightOf(f.Message(), "vector", hidden)
		}
		if err != nil {
			return err
		}
	}
	return m.Err()
}
