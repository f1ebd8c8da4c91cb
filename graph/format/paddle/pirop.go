package paddle

import (
	"encoding/json"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format/internal/paddleop"
)

// pirName is an operator's older name and the parameters that its operands go
// by, in the order of the newer form; "@x" is an operand whose constant value
// becomes attribute x, "" one that is passed over.
type pirName struct {
	older    string
	operands []string
	renames  map[string]string // attributes
}

var pirNames = map[string]pirName{
	"data": {"feed", nil, nil}, "fetch": {"fetch", []string{"X"}, nil},
	"add": {"elementwise_add", nil, nil}, "subtract": {"elementwise_sub", nil, nil}, "multiply": {"elementwise_mul", nil, nil}, "divide": {"elementwise_div", nil, nil},
	"maximum": {"elementwise_max", nil, nil}, "minimum": {"elementwise_min", nil, nil}, "floor_divide": {"elementwise_floordiv", nil, nil}, "remainder": {"elementwise_mod", nil, nil},
	"matmul":     {"matmul_v2", nil, map[string]string{"transpose_x": "trans_x", "transpose_y": "trans_y"}},
	"batch_norm": {"batch_norm", []string{"X", "Mean", "Variance", "Scale", "Bias"}, nil},
	"hardswish":  {"hard_swish", nil, nil}, "hardsigmoid": {"hard_sigmoid", nil, nil},
	"pool2d": {"pool2d", []string{"X", "@ksize"}, nil}, "reshape": {"reshape2", []string{"X", "@shape"}, nil},
	"transpose": {"transpose2", nil, map[string]string{"perm": "axis"}}, "flatten": {"flatten_contiguous_range", nil, nil},
	"concat": {"concat", []string{"X", "@axis"}, nil}, "split": {"split", []string{"X", "@sections", "@axis"}, nil}, "split_with_num": {"split", []string{"X", "@axis"}, nil},
	"squeeze": {"squeeze2", []string{"X", "@axes"}, nil}, "unsqueeze": {"unsqueeze2", []string{"X", "@axes"}, nil},
	"slice": {"slice", []string{"Input", "@starts", "@ends"}, nil}, "embedding": {"lookup_table_v2", []string{"Ids", "W"}, nil},
	"scale": {"scale", []string{"X", ""}, nil}, "full": {"fill_constant", nil, nil}, "shape64": {"shape", nil, nil}, "one_hot": {"one_hot_v2", []string{"X", ""}, nil},
	"mean": {"reduce_mean", nil, map[string]string{"axis": "dim", "keepdim": "keep_dim"}}, "sum": {"reduce_sum", []string{"X", "@dim"}, map[string]string{"keepdim": "keep_dim"}},
	"max": {"reduce_max", []string{"X", "@dim"}, map[string]string{"keepdim": "keep_dim"}}, "min": {"reduce_min", []string{"X", "@dim"}, map[string]string{"keepdim": "keep_dim"}},
	"nearest_interp": {"nearest_interp_v2", nil, nil}, "bilinear_interp": {"bilinear_interp_v2", nil, nil}, "bicubic_interp": {"bicubic_interp_v2", nil, nil},
	"expand": {"expand_v2", []string{"X", "@shape"}, nil}, "tile": {"tile", []string{"X", "@repeat_times"}, nil}, "argmax": {"arg_max", []string{"X", "@axis"}, nil}, "argmin": {"arg_min", []string{"X", "@axis"}, nil},
	"topk": {"top_k_v2", []string{"X", "@k"}, nil}, "pow": {"pow", nil, nil}, "elementwise_pow": {"elementwise_pow", nil, nil}, "clip": {"clip", []string{"X", "", ""}, nil},
	"full_int_array": {"assign_value", nil, nil}, "conv2d": {"conv2d", []string{"Input", "Filter"}, nil}, "depthwise_conv2d": {"depthwise_conv2d", []string{"Input", "Filter"}, nil},
	"conv2d_transpose": {"conv2d_transpose", []string{"Input", "Filter", "@output_size"}, nil}, "dropout": {"dropout", []string{"X"}, nil}, "add_n": {"sum", nil, nil},
	"arange": {"range", []string{"Start", "End", "Step"}, nil}, "nonzero": {"where_index", []string{"Condition"}, nil}, "gather": {"gather", []string{"X", "Index", "@axis"}, nil}, "cumsum": {"cumsum", []string{"X", "@axis"}, nil},
}

// translate gives an operator its older form, by which the table knows it, and
// keeps the file's own word.
func (r *pirReader) translate(op *paddleop.Op, in, out [][]graph.TensorID) {
	word := op.Type
	key := strings.TrimSuffix(word, "_") // in place
	n, ok := pirNames[key]
	if !ok {
		n.older = key
	}
	op.Type = n.older
	for i := range op.Attrs {
		if to, ok := n.renames[op.Attrs[i].Name]; ok {
			op.Attrs[i].Name = to
		}
	}
	ins, outs := paddleop.Params(op.Type)
	if n.operands != nil {
		ins = n.operands
	}
	var unnamed []graph.TensorID
	for i, ids := range in {
		switch {
		case ins == nil: // the table takes all, or does not know the operator
			op.Inputs = append(op.Inputs, paddleop.Param{IDs: ids})
		case i >= len(ins) || ins[i] == "":
			unnamed = append(unnamed, ids...)
		case ins[i][0] == '@':
			if v, ok := r.known(ids); ok {
				a := paddleop.Attr{Name: ins[i][1:], Ints: v}
				if len(v) == 1 {
					a.Int = v[0]
				}
				op.Attrs = append(op.Attrs, a)
			}
			unnamed = append(unnamed, ids...)
		default:
			op.Inputs = append(op.Inputs, paddleop.Param{Name: ins[i], IDs: ids})
		}
	}
	for i, ids := range out {
		p := paddleop.Param{IDs: ids}
		if i < len(outs) {
			p.Name = outs[i]
		}
		op.Outputs = append(op.Outputs, p)
	}
	if key == "full_int_array" || key == "full" {
		r.constant(op, out)
	}
	before := len(r.g.Tensors)
	switch key {
	case "data":
		for _, ids := range out {
			r.g.Inputs = append(r.g.Inputs, ids...)
			for _, a := range op.Attrs {
				if a.Name == "name" && len(ids) == 1 {
					r.g.Tensors[ids[0]].Name = r.p.text(a.Str)
				}
			}
		}
	case "fetch":
		op.Outputs = nil
		for _, ids := range in {
			r.g.Outputs = append(r.g.Outputs, ids...)
		}
	}
	paddleop.Append(r.g, op)
	node := &r.g.Nodes[len(r.g.Nodes)-1]
	node.SourceOp = word
	if len(ins) > 0 {
		node.Inputs = append(node.Inputs, unnamed...)
	}
	r.p.tensors += len(r.g.Tensors) - before
}

// known returns the value of a constant list.
func (r *pirReader) known(ids []graph.TensorID) ([]int64, bool) {
	if len(ids) != 1 {
		return nil, false
	}
	v, ok := r.ints[ids[0]]
	return v, ok
}

// pirResults reads a result or a list of them.
func pirResults(b json.RawMessage) ([]pirValue, error) {
	if len(b) == 0 {
		return nil, nil
	}
	if b[0] == '{' {
		var v pirValue
		err := json.Unmarshal(b, &v)
		return []pirValue{v}, err
	}
	var list []pirValue
	return list, json.Unmarshal(b, &list)
}

// pirTensor reads a tensor type: dtype, dimensions (-1 where open), layout.
func pirTensor(t pirType) (graph.DType, graph.Shape) {
	var parts []json.RawMessage
	if t.Name != "0.t_dtensor" || json.Unmarshal(t.Data, &parts) != nil || len(parts) < 2 {
		return graph.UnknownDType, graph.Shape{}
	}
	var dt pirType
	var dims []int64
	if json.Unmarshal(parts[0], &dt) != nil || json.Unmarshal(parts[1], &dims) != nil || len(dims) > 256 {
		return graph.UnknownDType, graph.Shape{}
	}
	return pirDTypes[strings.TrimPrefix(dt.Name, "0.t_")], graph.ShapeOf(dims...)
}

var pirDTypes = map[string]graph.DType{
	"f32": graph.Float32, "f64": graph.Float64, "f16": graph.Float16, "bf16": graph.BFloat16, "i64": graph.Int64, "i32": graph.Int32, "i16": graph.Int16,
	"i8": graph.Int8, "ui8": graph.Uint8, "bool": graph.Bool, "c64": graph.Complex64, "c128": graph.Complex128,
}

// pirAttrs reads named attributes; kinds that no operator needs are left out.
func pirAttrs(b json.RawMessage) ([]paddleop.Attr, error) {
	if len(b) == 0 {
		return nil, nil
	}
	var list []pirAttr
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, err
	}
	var out []paddleop.Attr
	for _, x := range list {
		a := paddleop.Attr{Name: x.Name}
		var v any
		if json.Unmarshal(x.Value.Data, &v) != nil {
			continue
		}
		switch v := v.(type) {
		case string:
			a.Str = v
		case bool:
			if v {
				a.Int = 1
			}
		case float64:
			a.Float, a.Int = v, int64(max(-1<<53, min(v, 1<<53)))
		case []any:
			if len(v) > maxList {
				continue
			}
			a.Ints = pirInts(v)
		}
		out = append(out, a)
	}
	return out, nil
}

// pirInts reads numbers that stand by themselves or in typed elements.
func pirInts(list []any) []int64 {
	out := []int64{}
	for _, x := range list {
		if m, ok := x.(map[string]any); ok {
			x = m["D"]
		}
		switch x := x.(type) {
		case float64:
			out = append(out, int64(max(-1<<53, min(x, 1<<53))))
		case bool:
			n := int64(0)
			if x {
				n = 1
			}
			out = append(out, n)
		default:
			return nil
		}
	}
	return out
}
