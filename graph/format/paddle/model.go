package paddle

import (
	"fmt"
	"sort"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/paddleop"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// Field numbers of framework.proto.
const (
	programBlocks  = 1
	programVersion = 4
	programOps     = 5 // versions of operators
	blockIdx       = 1
	blockVars      = 3
	blockOps       = 4
	varName        = 1
	varType        = 2
	varPersistable = 3
	opInputs       = 1
	opOutputs      = 2
	opType         = 3
	opAttrs        = 4
)

// variable is a VarDesc.
type variable struct {
	dtype       graph.DType
	shape       graph.Shape
	persistable bool
}

type parser struct {
	in      format.Input
	limits  format.Limits
	model   *graph.Model
	consts  map[string]*graph.Const
	tensors int
	nodes   int
}

func parseModel(in format.Input) (*graph.Model, error) {
	p := &parser{in: in, limits: in.Limits.OrDefault(), model: &graph.Model{Format: name}, consts: map[string]*graph.Const{}}
	if plausiblePIR(in.Data) {
		return p.pir()
	}
	if !plausible(in.Data, true) {
		return nil, format.Errorf(format.ErrNotModel, -1, "no ProgramDesc")
	}
	m := protowire.NewMessage(in.Data)
	var f protowire.Field
	var blocks []protowire.Message
	end, last := int64(0), int32(0)
	for m.Next(&f) {
		if in.Trailing && !follows(last, &f) {
			break
		}
		end, last = m.Offset(), f.Number
		switch {
		case f.Is(programBlocks, protowire.Bytes):
			if blocks = append(blocks, f.Message()); len(blocks) > 10000 {
				return nil, format.Errorf(format.ErrLimit, f.Offset, "more than 10000 blocks")
			}
		case f.Is(programVersion, protowire.Bytes):
			v := f.Message()
			for v.Next(&f) {
				if f.Is(1, protowire.Varint) {
					p.model.FormatVersion = versionText(f.Int64())
				}
			}
		case f.Number > 16:
			return nil, format.Errorf(format.ErrNotModel, f.Offset, "field %d does not fit a program", f.Number)
		}
	}
	if err := m.Err(); err != nil && !(in.Trailing && len(blocks) > 0) {
		return nil, err
	}
	p.model.Length = end
	return p.model, p.blocks(blocks)
}

// follows reports whether f, behind a field numbered last, is still of the program:
// writers put fields in order, and each of those known holds messages; only the first
// block is number 0, with which another program would begin.
func follows(last int32, f *protowire.Field) bool {
	if f.Type != protowire.Bytes || f.Number < last {
		return false
	}
	inner := f.Message()
	var first protowire.Field
	switch {
	case f.Number == programBlocks:
		return inner.Next(&first) && first.Is(blockIdx, protowire.Varint) && (first.Uint == 0) == (last == 0)
	case f.Number == programVersion, f.Number == programOps:
		for inner.Next(&first) {
		}
		return inner.Err() == nil
	}
	return false
}

// versionText writes 1008000 as 1.8.0; 0 is a development version.
func versionText(v int64) string {
	if v <= 0 {
		return ""
	}
	return fmt.Sprintf("%d.%d.%d", v/1000000, v/1000%1000, v%1000)
}

func (p *parser) blocks(list []protowire.Message) error {
	bs := make([]*builder, len(list))
	for i := range list {
		role := graph.RoleBody
		if i == 0 {
			role = graph.RoleMain
		}
		bs[i] = &builder{p: p, g: &graph.Graph{Role: role, Name: fmt.Sprintf("block_%d", i)}, vars: map[string]variable{}, ids: map[string]graph.TensorID{}, blocks: len(list)}
		p.model.Graphs = append(p.model.Graphs, bs[i].g)
		if err := bs[i].declare(list[i]); err != nil {
			return err
		}
	}
	p.parameters(bs[0].vars)
	for i, m := range list {
		if i > 0 {
			bs[i].outer = bs[0]
		}
		if err := bs[i].operators(m); err != nil {
			return fmt.Errorf("block %d: %w", i, err)
		}
	}
	if len(bs[0].g.Nodes) == 0 {
		return format.Errorf(format.ErrNotModel, -1, "program without operators")
	}
	return nil
}

// builder makes the graph of one block.
type builder struct {
	p      *parser
	g      *graph.Graph
	outer  *builder
	vars   map[string]variable
	ids    map[string]graph.TensorID
	taken  []bool
	blocks int
}

func (b *builder) declare(m protowire.Message) error {
	var f protowire.Field
	for m.Next(&f) {
		if !f.Is(blockVars, protowire.Bytes) {
			continue
		}
		if b.p.tensors++; b.p.tensors > b.p.limits.Tensors {
			return format.Errorf(format.ErrLimit, f.Offset, "more than %d variables", b.p.limits.Tensors)
		}
		name, v, err := readVar(f.Message())
		if err != nil {
			return err
		}
		b.vars[name] = v
	}
	return m.Err()
}

func readVar(m protowire.Message) (name string, v variable, err error) {
	var f protowire.Field
	for m.Next(&f) {
		switch {
		case f.Is(varName, protowire.Bytes):
			name = f.String()
		case f.Is(varType, protowire.Bytes):
			t := f.Message()
			for t.Next(&f) {
				if f.Is(3, protowire.Bytes) { // dense (lod) tensor
					d := f.Message()
					for d.Next(&f) {
						if f.Is(1, protowire.Bytes) {
							v.dtype, v.shape = readDesc(f.Message())
						}
					}
				}
			}
		case f.Is(varPersistable, protowire.Varint):
			v.persistable = f.Uint != 0
		}
	}
	return name, v, m.Err()
}

// readDesc reads a TensorDesc.
func readDesc(m protowire.Message) (graph.DType, graph.Shape) {
	dt := graph.UnknownDType
	dims := []int64{}
	var f protowire.Field
	for m.Next(&f) {
		switch f.Number {
		case 1:
			dt = paddleop.DType(f.Int64())
		case 2:
			dims, _ = f.AppendInts(dims, 256)
		}
	}
	return dt, graph.ShapeOf(dims...)
}

// parameters finds the values of persistable variables: in one file in the
// order of names, or in a file each.
func (p *parser) parameters(vars map[string]variable) {
	var names []string
	for n, v := range vars {
		if v.persistable && v.dtype != graph.UnknownDType && n != "feed" && n != "fetch" {
			names = append(names, n)
		}
	}
	if len(names) == 0 {
		return
	}
	sort.Strings(names)
	for _, file := range parameterFiles(p.in.Name) {
		if data, err := p.in.Companion(file); err == nil {
			p.model.Parts = append(p.model.Parts, graph.Part{Name: file, Found: true, Bytes: int64(len(data))})
			p.combined(file, data, names, vars)
			return
		}
	}
	missing := 0
	for _, n := range names {
		data, err := p.in.Companion(n)
		if err != nil {
			missing++
		}
		p.consts[n], _ = p.value(n, data, vars[n])
		if err != nil {
			p.consts[n].Missing = fmt.Sprintf("parameter file of %q not found", p.text(n))
		}
	}
	if missing > 0 {
		file := append(parameterFiles(p.in.Name), "__params__")[0]
		p.model.Parts = append(p.model.Parts, graph.Part{Name: file})
		p.note(fmt.Sprintf("parameter file %q not found: %d values are missing", file, missing))
	}
}

func (p *parser) combined(file string, data []byte, names []string, vars map[string]variable) {
	for i, n := range names {
		c, used := p.value(n, data, vars[n])
		c.Location = file
		p.consts[n] = c
		if c.Missing != "" {
			p.note(fmt.Sprintf("%s: parameter %d of %d %q: %s", file, i, len(names), p.text(n), c.Missing))
			data = nil
			continue
		}
		data = data[used:]
	}
	if len(data) > 0 {
		p.note(fmt.Sprintf("%s: %d bytes behind the last parameter", file, len(data)))
	}
}

// value reads one parameter record at the start of data and its length.
func (p *parser) value(n string, data []byte, v variable) (c *graph.Const, used int) {
	c = &graph.Const{StoredBytes: -1}
	elements, known := v.shape.Elements()
	want, sized := v.dtype.ByteCount(elements)
	if known && sized {
		c.StoredBytes = want
	}
	desc, at, ok := record(data)
	if !ok {
		c.Missing = "the file ends before it, or holds something else"
		return c, 0
	}
	dt, shape := readDesc(protowire.NewMessage(desc))
	if k, ok := shape.Elements(); ok {
		elements, known = k, true
	}
	want, sized = dt.ByteCount(elements)
	if !known || !sized || want > int64(len(data)-at) {
		c.Missing = "its values go beyond the file"
		return c, 0
	}
	if dt != v.dtype || !shape.Equal(v.shape) {
		c.Missing = fmt.Sprintf("the file has %s %s where the program says %s %s", dt, shape, v.dtype, v.shape)
		return c, 0
	}
	c.StoredBytes = want
	c.Data = data[at : at+int(want) : at+int(want)]
	return c, at + int(want)
}

func (p *parser) note(text string) {
	if len(p.model.Notes) < 1000 {
		p.model.Notes = append(p.model.Notes, graph.Note{Loses: true, Text: text})
	}
}

// text keeps a string from the file, cut to the limit.
func (p *parser) text(s string) string {
	if len(s) > p.limits.TextBytes {
		s = s[:p.limits.TextBytes]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
