package tnn

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

// proto is a graph as written.
type proto struct {
	version string
	inputs  []input
	outputs []string
	layers  []layer
}

type input struct {
	name  string
	dims  []int64
	dtype graph.DType
}

// layer is one line: type, name, inputs, outputs, positional parameters.
type layer struct {
	kind, name  string
	ins, outs   []string
	params      []string
	offset      int64
	quantised   bool
	description string
}

// readProto reads entries that end with commas: header, inputs, blob names,
// outputs, layer count, layers. Quotes and line ends mean nothing.
func readProto(data []byte, lim format.Limits) (*proto, error) {
	p := &proto{version: "1"}
	pos, index := 0, 0
	for pos < len(data) {
		at := pos
		for pos < len(data) && data[pos] != ',' {
			pos++
		}
		ended := pos < len(data)
		entry := strings.Map(func(r rune) rune {
			if r == '"' || r == '\n' || r == '\r' {
				return -1
			}
			return r
		}, string(data[at:pos]))
		pos++
		if strings.TrimSpace(entry) == "" && index > 4 {
			continue
		}
		if !ended {
			return nil, format.Errorf(format.ErrTruncated, int64(at), "entry %d does not end", index)
		}
		if err := p.entry(index, entry, int64(at), lim); err != nil {
			return nil, err
		}
		index++
	}
	if len(p.layers) == 0 {
		return nil, format.Errorf(format.ErrTruncated, int64(len(data)), "no layers")
	}
	return p, nil
}

func (p *proto) entry(index int, s string, at int64, lim format.Limits) error {
	f := strings.Fields(s)
	switch index {
	case 0:
		if len(f) == 4 && f[3] == strconv.Itoa(magicV2) {
			p.version = "2"
		} else if len(f) == 3 {
			p.version = "0"
		}
	case 1:
		for _, one := range strings.Split(s, ":") {
			in, err := p.input(strings.Fields(one), at)
			if err != nil {
				return err
			}
			p.inputs = append(p.inputs, in)
		}
	case 2, 4:
	case 3:
		p.outputs = f
	default:
		if len(p.layers) >= lim.Nodes {
			return format.Errorf(format.ErrLimit, at, "more than %d layers", lim.Nodes)
		}
		l, err := readLayer(f, at, lim)
		if err != nil {
			return err
		}
		p.layers = append(p.layers, l)
	}
	return nil
}

var dataTypes = []graph.DType{graph.Float32, graph.Float16, graph.Int8, graph.Int32, graph.BFloat16, graph.Int64, graph.Uint32, graph.Uint8}

func dataType(n int64) graph.DType {
	if n >= 0 && n < int64(len(dataTypes)) {
		return dataTypes[n]
	}
	return graph.UnknownDType
}

// input is "name dims..." or, in version 2, "name rank dims... type".
func (p *proto) input(f []string, at int64) (input, error) {
	in := input{dtype: graph.Float32}
	if len(f) < 2 || len(f) > 40 {
		return in, format.Errorf(format.ErrMalformed, at, "input of %d words", len(f))
	}
	in.name = f[0]
	for _, w := range f[1:] {
		n, err := strconv.ParseInt(w, 10, 32)
		if err != nil {
			return in, format.Errorf(format.ErrMalformed, at, "input %q: size %q", clip(f[0]), clip(w))
		}
		in.dims = append(in.dims, n)
	}
	if p.version == "2" {
		n := in.dims[0]
		if n < 0 || n > int64(len(in.dims)-1) {
			return in, format.Errorf(format.ErrMalformed, at, "input %q of rank %d", clip(f[0]), n)
		}
		if int(n)+1 < len(in.dims) {
			in.dtype = dataType(in.dims[n+1])
		}
		in.dims = in.dims[1 : n+1]
	}
	return in, nil
}

func readLayer(f []string, at int64, lim format.Limits) (layer, error) {
	l := layer{offset: at}
	if len(f) < 4 {
		return l, format.Errorf(format.ErrMalformed, at, "layer of %d words", len(f))
	}
	for _, w := range f {
		if len(w) > lim.TextBytes {
			return l, format.Errorf(format.ErrLimit, at, "word of %d bytes", len(w))
		}
	}
	l.description, l.name = f[0], f[1]
	l.kind = strings.TrimPrefix(f[0], "DynamicRange")
	l.kind, l.quantised = strings.CutPrefix(l.kind, "Quantized")
	nin, err1 := strconv.Atoi(f[2])
	nout, err2 := strconv.Atoi(f[3])
	rest := f[4:]
	if err1 != nil || err2 != nil || nin < 0 || nout < 0 || nin > len(rest) || nout > len(rest)-nin {
		return l, format.Errorf(format.ErrMalformed, at, "layer %q: %q inputs and %q outputs do not fit its line", clip(l.name), clip(f[2]), clip(f[3]))
	}
	l.ins, l.outs, l.params = rest[:nin], rest[nin:nin+nout], rest[nin+nout:]
	return l, nil
}

// int returns parameter i as a whole number, def where it is absent.
func (l *layer) int(i int, def int64) int64 {
	if i < len(l.params) {
		if n, err := strconv.ParseInt(l.params[i], 10, 64); err == nil && n > -1<<40 && n < 1<<40 {
			return n
		}
	}
	return def
}

func (l *layer) float(i int, def float64) float64 {
	if i < len(l.params) {
		if v, err := strconv.ParseFloat(l.params[i], 64); err == nil {
			return v
		}
	}
	return def
}

// list reads a count at i and as many numbers behind it; next is behind them.
func (l *layer) list(i int) (v []int64, next int) {
	n := l.int(i, 0)
	if n < 0 || n > int64(len(l.params)-i-1) {
		return nil, len(l.params)
	}
	for k := range int(n) {
		v = append(v, l.int(i+1+k, 0))
	}
	return v, i + 1 + int(n)
}

// fits reports whether weights have every layer that must have some.
func (p *proto) fits(w map[string][]buffer) bool {
	n := 0
	for i := range p.layers {
		if k := p.layers[i].kind; k == "Convolution" || k == "InnerProduct" {
			if len(w[p.layers[i].name]) == 0 {
				return false
			}
			n++
		}
	}
	return n > 0
}

// buffer is one stored value.
type buffer struct {
	dtype graph.DType
	data  []byte
	dims  []int64
}

// readWeights reads the resources of each layer: a header of type and name,
// then the layer's own words and buffers. Every buffer starts with one of the
// two magic numbers, which no header does.
func readWeights(data []byte, lim format.Limits) (map[string][]buffer, error) {
	r := &reader{data: data, pos: 4}
	count := r.u32()
	out := map[string][]buffer{}
	for i := range count {
		at := int64(r.pos)
		r.u32()
		kind, layer := r.text(lim), r.text(lim)
		if r.failed {
			return nil, format.Errorf(format.ErrTruncated, at, "resource %d of %d", i, count)
		}
		// The layer's own words in front of its first buffer: its name again,
		// and for a convolution whether there is a bias.
		for skip := 0; !r.atBuffer(); skip++ {
			if skip == 0 && r.peek() == uint32(len(layer)) && layer != "" {
				r.text(lim)
				continue
			}
			if skip > 2 || r.failed || i+1 < count && r.atHeader(lim) {
				break
			}
			r.u32()
		}
		for r.atBuffer() {
			b, err := r.buffer(kind, len(out[layer]))
			if err != nil {
				return nil, err
			}
			if len(out[layer]) >= 64 {
				return nil, format.Errorf(format.ErrLimit, at, "more than 64 buffers of layer %q", clip(layer))
			}
			out[layer] = append(out[layer], b)
		}
		if r.failed {
			return nil, format.Errorf(format.ErrTruncated, at, "resource %d of %d, layer %q", i, count, clip(layer))
		}
	}
	return out, nil
}

// reader reads little-endian words; after the end failed stays set.
type reader struct {
	data   []byte
	pos    int
	failed bool
}

func (r *reader) take(n int64) []byte {
	if r.failed || n < 0 || n > int64(len(r.data)-r.pos) {
		r.failed = true
		return nil
	}
	b := r.data[r.pos : r.pos+int(n) : r.pos+int(n)]
	r.pos += int(n)
	return b
}

func (r *reader) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) peek() uint32 {
	if len(r.data)-r.pos < 4 {
		return 0
	}
	return binary.LittleEndian.Uint32(r.data[r.pos:])
}

func (r *reader) text(lim format.Limits) string {
	n := r.u32()
	if int64(n) > int64(lim.TextBytes) {
		r.failed = true
		return ""
	}
	return string(r.take(int64(n)))
}

func (r *reader) atBuffer() bool { m := r.peek(); return m == magicV1 || m == magicV2 }

// atHeader reports whether a layer header could start here: a small number and
// two short texts, the first of letters.
func (r *reader) atHeader(lim format.Limits) bool {
	t := *r
	if t.u32() > 1<<16 {
		return false
	}
	kind := t.text(lim)
	t.text(lim)
	if t.failed || kind == "" {
		return false
	}
	for _, c := range []byte(kind) {
		if c < '0' || c > 'z' {
			return false
		}
	}
	return true
}

// dimsKinds are layers whose second buffer is a list of sizes, counted in
// elements instead of bytes.
var dimsKinds = map[string]bool{"Add": true, "Sub": true, "Mul": true, "Div": true, "Max": true, "Min": true, "SquaredDifference": true}

func (r *reader) buffer(kind string, index int) (buffer, error) {
	at := int64(r.pos)
	magic := r.u32()
	b := buffer{dtype: dataType(int64(int32(r.u32())))}
	n := int64(int32(r.u32()))
	if r.failed || n < 0 {
		r.failed = true
		return b, nil
	}
	if index == 1 && dimsKinds[strings.TrimPrefix(kind, "Quantized")] && b.dtype == graph.Int32 && magic == magicV1 {
		b.data = r.take(4 * n)
		return b, nil
	}
	if magic == magicV2 && n > 0 {
		rank := r.u32()
		if rank > 32 {
			return b, format.Errorf(format.ErrMalformed, at, "buffer of rank %d", rank)
		}
		for range rank {
			b.dims = append(b.dims, int64(int32(r.u32())))
		}
	}
	b.data = r.take(n)
	return b, nil
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}
