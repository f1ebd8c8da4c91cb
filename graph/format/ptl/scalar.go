package ptl

import (
	"strings"

	"github.com/gaugenn/gaugenn/graph/format/internal/aten"
)

// outputs are operators with more than one result, by name or name and overload.
var outputs = map[string]int{
	"aten::max_pool2d_with_indices": 2, "aten::lstm": 3, "aten::gru": 2, "aten::topk": 2, "aten::sort": 2, "aten::max.dim": 2, "aten::min.dim": 2,
	"aten::native_layer_norm": 3, "aten::native_batch_norm": 3, "aten::native_group_norm": 3, "aten::var_mean": 2, "aten::std_mean": 2, "aten::kthvalue": 2,
	"aten::adaptive_max_pool2d": 2, "aten::unique_consecutive": 3, "aten::_unique2": 3, "aten::nll_loss_forward": 2, "aten::frexp": 2,
}

// listResult are operators that return a list of tensors.
var listResult = map[string]bool{"aten::split": true, "aten::split_with_sizes": true, "aten::chunk": true, "aten::unbind": true, "aten::tensor_split": true, "aten::meshgrid": true}

// arity is the number of arguments of operators for which files before
// operator versions state none.
var arity = map[string]int{
	"aten::conv2d": 7, "aten::conv1d": 7, "aten::linear": 3, "aten::batch_norm": 9, "aten::relu": 1, "aten::relu_": 1, "aten::sigmoid": 1, "aten::tanh": 1,
	"aten::max_pool2d": 6, "aten::avg_pool2d": 7, "aten::adaptive_avg_pool2d": 2, "aten::add": 3, "aten::add_": 3, "aten::sub": 3, "aten::mul": 2, "aten::div": 2,
	"aten::cat": 2, "aten::view": 2, "aten::reshape": 2, "aten::flatten": 3, "aten::permute": 2, "aten::transpose": 3, "aten::softmax": 3, "aten::log_softmax": 3,
	"aten::mean": 4, "aten::sum": 4, "aten::size": 1, "aten::len": 1, "aten::__getitem__": 2, "aten::hardtanh": 3, "aten::hardtanh_": 3, "aten::dropout": 3,
	"aten::embedding": 5, "aten::layer_norm": 6, "aten::matmul": 2, "aten::unsqueeze": 2, "aten::squeeze": 2, "aten::contiguous": 2, "aten::addmm": 5, "aten::t": 1,
	"aten::slice": 5, "aten::select": 3, "aten::_convolution": 13, "aten::upsample_nearest2d": 4, "aten::upsample_bilinear2d": 4, "prim::NumToTensor": 1,
}

// scalarNames are operators that never yield a tensor.
var scalarNames = map[string]bool{
	"aten::size": true, "aten::len": true, "aten::dim": true, "aten::is_floating_point": true, "aten::Int": true, "aten::Float": true, "aten::Bool": true, "aten::item": true,
	"aten::numel": true, "aten::stride": true, "aten::__contains__": true, "aten::keys": true, "aten::format": true, "aten::str": true, "aten::warn": true, "aten::is_contiguous": true,
	"prim::dtype": true, "prim::device": true, "prim::layout": true, "prim::min": true, "prim::max": true, "aten::IntImplicit": true, "aten::ScalarImplicit": true, "aten::FloatImplicit": true,
	"aten::append": true, "aten::_set_item": true, "aten::insert": true, "aten::extend": true, "aten::list": true, "aten::copy.t": true, "aten::__is__": true, "aten::__isnot__": true,
}

// factories yield tensors from numbers.
var factories = map[string]bool{
	"aten::zeros": true, "aten::ones": true, "aten::full": true, "aten::empty": true, "aten::arange": true, "aten::rand": true, "aten::randn": true, "aten::tensor": true,
	"aten::linspace": true, "aten::eye": true, "aten::scalar_tensor": true, "prim::NumToTensor": true, "aten::hann_window": true, "aten::randint": true, "aten::as_tensor": true,
}

// scalar computes an operator on numbers and lists; ok is false where it
// yields tensors and has to be a node.
func (c *code) scalar(name, overload string, args []*value) (*value, bool) {
	tensors := false
	for _, a := range args {
		tensors = tensors || a.Kind == aten.Tensor || a.Kind == aten.TensorList && len(a.Tensors) > 0
	}
	if name == "aten::__getitem__" {
		return item(args), true
	}
	if factories[name] || tensors && !scalarNames[name] {
		return nil, false
	}
	switch name {
	case "aten::append":
		if len(args) == 2 {
			c.steps += len(args[0].items)
			*args[0] = *listOf(append(args[0].items[:len(args[0].items):len(args[0].items)], args[1]))
			return args[0], true
		}
	case "aten::len":
		if len(args) == 1 && (args[0].items != nil || args[0].Kind == aten.IntList) {
			return intValue(int64(max(len(args[0].items), len(args[0].Ints)))), true
		}
	case "aten::size", "aten::dim":
		return c.size(name, args), true
	case "aten::warn", "aten::_set_item":
		return nil, true
	}
	if v := arithmetic(strings.TrimPrefix(name, "aten::"), args); v != nil {
		return v, true
	}
	return unknown(), true
}

// item takes an element of a list at a known place.
func item(args []*value) *value {
	if len(args) != 2 || args[1].Kind != aten.Int {
		return unknown()
	}
	k := args[1].Int
	if k < 0 {
		k += int64(len(args[0].items))
	}
	if k < 0 || k >= int64(len(args[0].items)) {
		return unknown()
	}
	return args[0].items[k]
}

// size returns what is known of a tensor's shape: that of weights.
func (c *code) size(name string, args []*value) *value {
	if len(args) == 0 || args[0].Kind != aten.Tensor {
		return unknown()
	}
	t := c.g.Tensor(args[0].Tensor)
	if t == nil || !t.Shape.IsStatic() {
		return unknown()
	}
	dims := t.Shape.Ints()
	if name == "aten::dim" {
		return intValue(int64(len(dims)))
	}
	if len(args) > 1 && args[1].Kind == aten.Int {
		k := args[1].Int
		if k < 0 {
			k += int64(len(dims))
		}
		if k >= 0 && k < int64(len(dims)) {
			return intValue(dims[k])
		}
		return unknown()
	}
	items := make([]*value, len(dims))
	for i := range items {
		items[i] = intValue(dims[i])
	}
	return listOf(items)
}

// arithmetic computes on two integers or one; nil where it cannot.
func arithmetic(name string, args []*value) *value {
	for _, a := range args {
		if a.Kind != aten.Int && a.Kind != aten.Bool {
			return nil
		}
	}
	switch len(args) {
	case 1:
		switch name {
		case "neg":
			return intValue(-args[0].Int)
		case "Int":
			return args[0]
		case "Bool":
			return boolValue(args[0].Int != 0)
		case "__not__":
			return boolValue(args[0].Int == 0)
		}
		return nil
	case 2:
	default:
		return nil
	}
	a, b := args[0].Int, args[1].Int
	switch name {
	case "add":
		return intValue(a + b)
	case "sub":
		return intValue(a - b)
	case "mul":
		return intValue(a * b)
	case "floordiv":
		if b > 0 && a >= 0 {
			return intValue(a / b)
		}
	case "remainder":
		if b > 0 && a >= 0 {
			return intValue(a % b)
		}
	case "eq":
		return boolValue(a == b)
	case "ne":
		return boolValue(a != b)
	case "lt":
		return boolValue(a < b)
	case "le":
		return boolValue(a <= b)
	case "gt":
		return boolValue(a > b)
	case "ge":
		return boolValue(a >= b)
	case "__and__":
		return boolValue(a != 0 && b != 0)
	case "__or__":
		return boolValue(a != 0 || b != 0)
	}
	return nil
}
