package torch

import (
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format/internal/aten"
)

// settled are operators of one result whose arguments say all there is to know
// of their result, once that of their operands is known.
var settled = map[string]bool{
	"_convolution": true, "convolution": true, "conv1d": true, "conv2d": true, "conv3d": true, "linear": true, "batch_norm": true,
	"relu": true, "relu6": true, "sigmoid": true, "tanh": true, "gelu": true, "silu": true, "hardswish": true, "hardsigmoid": true, "leaky_relu": true, "hardtanh": true, "clamp": true,
	"max_pool2d": true, "avg_pool2d": true, "adaptive_avg_pool2d": true, "flatten": true, "reshape": true, "view": true, "permute": true, "cat": true,
	"add": true, "sub": true, "mul": true, "div": true, "mean": true, "softmax": true, "log_softmax": true, "dropout": true,
}

// settle gives every operator the attributes that its arguments state. It does
// so for all or none: where one is left out, or a branch, a loop or a statement
// was not followed, sizes after it would be guessed.
func (s *script) settle() {
	g := s.b.g
	if s.branches > 0 || s.loops > 0 || s.unread > 0 || len(s.calls) != len(g.Nodes) {
		return
	}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if s.calls[i] == nil || len(n.Outputs) != 1 || !settled[strings.TrimSuffix(n.SourceOp, "_")] {
			return
		}
	}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		aten.Translate(n, aten.Call{Name: "aten::" + n.SourceOp, Args: s.calls[i], Graph: g})
		s.operandType(n)
	}
}

// operandType gives an input the dtype of the weights that it is multiplied
// with: ATen takes both of one type.
func (s *script) operandType(n *graph.Node) {
	if n.Op != graph.Conv && n.Op != graph.FullyConnected {
		return
	}
	x, w := s.b.g.Tensor(n.Input(0)), s.b.g.Tensor(n.Input(1))
	for _, id := range s.b.g.Inputs {
		if id == n.Input(0) && x != nil && w != nil && x.DType == graph.UnknownDType {
			x.DType = w.DType
		}
	}
}

// arguments are a call's by position, nil where one is neither a tensor, a
// list of tensors nor written out in the code. Those by keyword come last and
// are left out.
func arguments(args []*expr, values []value) []aten.Value {
	out := make([]aten.Value, 0, len(args))
	for i, e := range args {
		if e.kind == 'k' {
			break
		}
		v, ok := literal(e)
		switch t := values[i].tensors; {
		case values[i].object != nil:
			return nil
		case e.kind == 's' && len(t) > 0 && len(t) == len(items(e)):
			v = aten.Value{Kind: aten.TensorList, Tensors: t}
		case e.kind != 's' && e.kind != 'o' && len(t) == 1:
			v = aten.Value{Kind: aten.Tensor, Tensor: t[0]}
		case !ok || len(t) > 0:
			return nil
		}
		out = append(out, v)
	}
	return out
}

// items are the parts of a list or tuple.
func items(e *expr) []*expr {
	if e.text == "sequence" && len(e.args) == 1 {
		if t := e.args[0]; t.kind == 's' && t.text == "" {
			return t.args
		}
	}
	return e.args
}

// literal is a number, a word or a list of integers written in the code.
func literal(e *expr) (aten.Value, bool) {
	if e.kind == 's' {
		v := aten.Value{Kind: aten.IntList, Ints: []int64{}}
		for _, x := range items(e) {
			n, ok := literal(x)
			if !ok || n.Kind != aten.Int {
				return aten.Value{}, false
			}
			v.Ints = append(v.Ints, n.Int)
		}
		return v, true
	}
	if e.kind != 'l' {
		return aten.Value{}, false
	}
	switch e.text {
	case "None":
		return aten.Value{}, true
	case "True":
		return aten.Value{Kind: aten.Bool, Int: 1}, true
	case "False":
		return aten.Value{Kind: aten.Bool}, true
	}
	if n, err := strconv.ParseInt(e.text, 10, 64); err == nil {
		return aten.Value{Kind: aten.Int, Int: n}, true
	}
	if f, err := strconv.ParseFloat(e.text, 64); err == nil {
		return aten.Value{Kind: aten.Float, Float: f}, true
	}
	if strings.HasPrefix(e.text, `"`) || strings.HasPrefix(e.text, "'") {
		return aten.Value{Kind: aten.Text, Text: strings.Trim(e.text, `"'`)}, true
	}
	return aten.Value{}, false
}
