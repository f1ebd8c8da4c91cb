package tensorflow

import (
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// functionDef is a FunctionDef of the library, as views.
type functionDef struct {
	name    string
	inputs  []argDef
	outputs []string
	nodes   []protowire.Message
	// ret says which tensor each output is ("node:arg:0").
	ret map[string]string
}

type argDef struct {
	name  string
	dtype graph.DType
}

func (p *parser) library(m protowire.Message) error {
	var f protowire.Field
	for m.Next(&f) {
		if !f.Is(libraryFunction, protowire.Bytes) {
			continue
		}
		fn, err := readFunction(f.Message())
		if err != nil {
			return err
		}
		p.functions[fn.name] = fn
	}
	return m.Err()
}

func readFunction(m protowire.Message) (*functionDef, error) {
	fn := &functionDef{ret: map[string]string{}}
	var f protowire.Field
	for m.Next(&f) {
		if f.Type != protowire.Bytes {
			continue
		}
		switch f.Number {
		case functionSignature:
			fn.signature(f.Message())
		case functionNodeDef:
			fn.nodes = append(fn.nodes, f.Message())
		case functionRet:
			var key, value []byte
			e := f.Message()
			for e.Next(&f) {
				switch f.Number {
				case mapKey:
					key = f.Bytes
				case mapValue:
					value = f.Bytes
				}
			}
			fn.ret[string(key)] = string(value)
		}
	}
	return fn, m.Err()
}

func (fn *functionDef) signature(m protowire.Message) {
	var f protowire.Field
	for m.Next(&f) {
		if f.Type != protowire.Bytes {
			continue
		}
		switch f.Number {
		case opDefName:
			fn.name = f.String()
		case opDefInput, opDefOutput:
			isInput := f.Number == opDefInput
			var a argDef
			arg := f.Message()
			for arg.Next(&f) {
				switch {
				case f.Is(argName, protowire.Bytes):
					a.name = f.String()
				case f.Is(argType, protowire.Varint):
					a.dtype = dtypeOf(f.Int64())
				}
			}
			if isInput {
				fn.inputs = append(fn.inputs, a)
			} else {
				fn.outputs = append(fn.outputs, a.name)
			}
		}
	}
}

// How a caller's operands reach a body.
type passing uint8

const (
	// passAll: shapes and constants of operands hold in the body (calls, If).
	passAll passing = iota
	// passHandles: only variables do, since other operands change (While).
	passHandles
)

// maxUnfolded bounds the nodes that calls make of functions, since a small file
// can call functions that call functions.
const maxUnfolded = 1 << 17

// expand builds the body of a function for one call and returns its index; ok
// is false for a function that the library does not have.
func (b *builder) expand(fnName string, operands []graph.TensorID, how passing) (index int, ok bool, err error) {
	fn := b.p.functions[fnName]
	if fn == nil {
		return 0, false, nil
	}
	if b.p.active[fnName] {
		b.p.lose("function %q calls itself", b.p.text([]byte(fnName)))
		return 0, false, nil
	}
	if b.p.unfolded += len(fn.nodes); b.p.unfolded > min(maxUnfolded, b.p.limits.Nodes) {
		return 0, false, format.Errorf(format.ErrLimit, -1, "calls of functions unfold to more than %d nodes", min(maxUnfolded, b.p.limits.Nodes))
	}
	b.p.active[fnName] = true
	defer delete(b.p.active, fnName)
	inner := &builder{p: b.p, fn: fn}
	if err := inner.open(fnName, graph.RoleBody, fn.nodes); err != nil {
		return 0, false, err
	}
	defer func() { b.p.depth-- }()
	for i, a := range fn.inputs {
		t := graph.Tensor{Name: b.p.text([]byte(a.name)), DType: a.dtype}
		if i < len(operands) {
			if from := b.g.Tensor(b.source(operands[i])); from != nil && (from.IsVariable || how == passAll) {
				t.Shape, t.Const, t.IsVariable = from.Shape, from.Const, from.IsVariable
				if from.DType != graph.UnknownDType {
					t.DType = from.DType
				}
			}
		}
		id, err := inner.add(a.name, t)
		if err != nil {
			return 0, false, err
		}
		inner.g.Inputs = append(inner.g.Inputs, id)
	}
	if err := inner.build(); err != nil {
		return 0, false, err
	}
	for _, out := range fn.outputs {
		id := graph.NoTensor
		if ref := fn.ret[out]; ref != "" {
			if id, err = inner.resolve(ref); err != nil {
				return 0, false, err
			}
		}
		inner.g.Outputs = append(inner.g.Outputs, id)
	}
	return inner.index, true, nil
}

// restores reports whether a function saves or restores a checkpoint.
func (fn *functionDef) restores() bool {
	if fn == nil {
		return false
	}
	for _, m := range fn.nodes {
		var f protowire.Field
		for m.Next(&f) {
			if f.Is(nodeOp, protowire.Bytes) {
				switch string(f.Bytes) {
				case "SaveV2", "RestoreV2", "MergeV2Checkpoints":
					return true
				}
			}
		}
	}
	return false
}
