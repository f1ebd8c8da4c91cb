package paddle

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/jsonfmt"
	"github.com/gaugenn/gaugenn/graph/format/internal/paddleop"
)

// The JSON form of Paddle 3 ("PIR"): regions of blocks of operators whose names
// carry a dialect's number (0 builtin, 1 Paddle's operators), whose operands
// and results are numbered values, and whose results state dtype and shape.
// Parameters are operators "p"; their values lie in .pdiparams, in the order
// of their names. Source: paddle/fluid/pir/serialize_deserialize of PaddlePaddle/Paddle.

type pirFile struct {
	Code struct {
		Magic   string `json:"magic"`
		Version int64  `json:"version"`
	} `json:"base_code"`
	Program struct {
		Regions []pirRegion `json:"regions"`
	} `json:"program"`
}

type pirRegion struct {
	Blocks []struct {
		Ops []pirOp `json:"ops"`
	} `json:"blocks"`
}

type pirOp struct {
	Name    string          `json:"#"`
	Attrs   json.RawMessage `json:"A"`
	In      []pirValue      `json:"I"`
	Out     json.RawMessage `json:"O"`
	Regions []pirRegion     `json:"regions"`
}

type pirValue struct {
	ID   int64   `json:"%"`
	Type pirType `json:"TT"`
}

type pirType struct {
	Name string          `json:"#"`
	Data json.RawMessage `json:"D"`
}

type pirAttr struct {
	Name  string  `json:"N"`
	Value pirType `json:"AT"`
}

// plausiblePIR looks for the words that such a file begins with.
func plausiblePIR(b []byte) bool {
	b = b[:min(len(b), 512)]
	return len(b) > 0 && b[0] == '{' && bytes.Contains(b, []byte(`"base_code"`)) && bytes.Contains(b, []byte(`"magic"`)) && bytes.Contains(b, []byte(`"pir"`))
}

// pirReader makes a graph of the main block.
type pirReader struct {
	p      *parser
	g      *graph.Graph
	values map[int64][]graph.TensorID // a list of tensors is several
	ints   map[graph.TensorID][]int64 // constants that attributes were made of
	bodies int
}

func (p *parser) pir() (*graph.Model, error) {
	var f pirFile
	if err := jsonfmt.Unmarshal(p.in.Data, &f, "program"); err != nil {
		return nil, err
	}
	if f.Code.Magic != "pir" || len(f.Program.Regions) == 0 || len(f.Program.Regions[0].Blocks) == 0 {
		return nil, format.Errorf(format.ErrNotModel, -1, "no program in the JSON form")
	}
	p.model.FormatVersion = fmt.Sprintf("PIR %d", f.Code.Version)
	r := &pirReader{p: p, g: &graph.Graph{Role: graph.RoleMain, Name: "block_0"}, values: map[int64][]graph.TensorID{}, ints: map[graph.TensorID][]int64{}}
	p.model.Graphs = []*graph.Graph{r.g}
	ops := f.Program.Regions[0].Blocks[0].Ops
	if len(ops) > p.limits.Nodes {
		return nil, format.Errorf(format.ErrLimit, -1, "more than %d operators", p.limits.Nodes)
	}
	vars := map[string]variable{}
	names := map[graph.TensorID]string{}
	for i := range ops {
		if err := r.operator(&ops[i], vars, names); err != nil {
			return nil, fmt.Errorf("operator %d: %w", i, err)
		}
	}
	if len(r.g.Nodes) == 0 {
		return nil, format.Errorf(format.ErrNotModel, -1, "program without operators")
	}
	p.parameters(vars)
	for id, name := range names {
		r.g.Tensors[id].Const = p.consts[name]
	}
	if r.bodies > 0 {
		p.note(fmt.Sprintf("the bodies of %d control-flow operators are not read", r.bodies))
	}
	return p.model, nil
}

func (r *pirReader) operator(o *pirOp, vars map[string]variable, names map[graph.TensorID]string) error {
	results, err := pirResults(o.Out)
	if err != nil {
		return format.Errorf(format.ErrMalformed, -1, "results of %q: %v", r.p.text(o.Name), err)
	}
	if o.Name == "p" {
		return r.parameter(o, results, vars, names)
	}
	dialect, word, ok := strings.Cut(o.Name, ".")
	if !ok {
		return format.Errorf(format.ErrMalformed, -1, "operator name %q", r.p.text(o.Name))
	}
	attrs, err := pirAttrs(o.Attrs)
	if err != nil {
		return format.Errorf(format.ErrMalformed, -1, "attributes of %q: %v", r.p.text(o.Name), err)
	}
	op := &paddleop.Op{Type: word, Attrs: attrs}
	var in [][]graph.TensorID
	for _, v := range o.In {
		in = append(in, r.values[v.ID])
	}
	var out [][]graph.TensorID
	for _, v := range results {
		ids, err := r.define(v)
		if err != nil {
			return err
		}
		out = append(out, ids)
	}
	r.bodies += min(len(o.Regions), 1)
	if dialect == "0" { // lists and their elements: no operators of the network
		r.builtin(word, in, results, out)
		return nil
	}
	r.translate(op, in, out)
	return nil
}

// parameter is a stored tensor: attributes are [flags..., name].
func (r *pirReader) parameter(o *pirOp, results []pirValue, vars map[string]variable, names map[graph.TensorID]string) error {
	var flags []any
	if err := json.Unmarshal(o.Attrs, &flags); err != nil || len(flags) == 0 || len(results) != 1 {
		return format.Errorf(format.ErrMalformed, -1, "parameter without a name")
	}
	name, _ := flags[len(flags)-1].(string)
	ids, err := r.define(results[0])
	if err != nil || len(ids) != 1 {
		return err
	}
	t := &r.g.Tensors[ids[0]]
	t.Name = r.p.text(name)
	if strings.HasSuffix(name, "__non_persistable") { // made at run time, not in the parameter file
		return nil
	}
	vars[name] = variable{dtype: t.DType, shape: t.Shape, persistable: true}
	names[ids[0]] = name
	return nil
}

// define adds the tensors of a result.
func (r *pirReader) define(v pirValue) ([]graph.TensorID, error) {
	types := []pirType{v.Type}
	if v.Type.Name == "0.t_vec" {
		types = nil
		if err := json.Unmarshal(v.Type.Data, &types); err != nil {
			return nil, format.Errorf(format.ErrMalformed, -1, "list of types: %v", err)
		}
	}
	var ids []graph.TensorID
	for _, t := range types {
		if r.p.tensors++; r.p.tensors > r.p.limits.Tensors {
			return nil, format.Errorf(format.ErrLimit, -1, "more than %d tensors", r.p.limits.Tensors)
		}
		x := graph.Tensor{Name: fmt.Sprint(v.ID)}
		x.DType, x.Shape = pirTensor(t)
		ids = append(ids, graph.TensorID(len(r.g.Tensors)))
		r.g.Tensors = append(r.g.Tensors, x)
	}
	r.values[v.ID] = ids
	return ids, nil
}

// builtin passes the tensors of lists on.
func (r *pirReader) builtin(word string, in [][]graph.TensorID, results []pirValue, out [][]graph.TensorID) {
	all := slices.Concat(in...)
	switch {
	case word == "combine" && len(results) == 1:
		r.values[results[0].ID] = all
	case word == "split" && len(results) == len(all):
		for i, v := range results {
			r.values[v.ID] = all[i : i+1]
		}
	default:
		r.g.Nodes = append(r.g.Nodes, graph.Node{SourceOp: "builtin." + word, Op: graph.SequenceOp, Inputs: all, Outputs: slices.Concat(out...)})
	}
}

// constant keeps the value of a list of integers for operators whose older form
// has it as an attribute.
func (r *pirReader) constant(op *paddleop.Op, out [][]graph.TensorID) {
	if len(out) != 1 || len(out[0]) != 1 {
		return
	}
	var v []int64
	for _, a := range op.Attrs {
		if a.Name == "value" {
			if v = a.Ints; v == nil {
				v = []int64{a.Int}
			}
		}
	}
	id := out[0][0]
	t := &r.g.Tensors[id]
	n, ok := t.Shape.Elements()
	r.ints[id] = v
	if t.DType == graph.Int64 && ok && n == int64(len(v)) {
		b := make([]byte, 0, 8*len(v))
		for _, x := range v {
			b = binary.LittleEndian.AppendUint64(b, uint64(x))
		}
		t.Const = &graph.Const{Data: b, StoredBytes: 0, NotParam: true}
	}
}
