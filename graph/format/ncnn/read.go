package ncnn

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/graph/format"
)

// network is a graph as written in the file.
type network struct {
	layers []layer
	binary bool
	// old marks text from before the magic number.
	old bool
	// length is where the graph ends in the file.
	length int64
}

// layer is one layer with its blobs by name; the binary form has indexes for
// names.
type layer struct {
	kind, name   string
	bottoms, top []string
	params       params
	offset       int64
}

// params maps a parameter's id to its value.
type params map[int]value

// value is a scalar, an array or a string. The binary form does not say
// whether four bytes are an integer or a float: the reader of the value knows.
type value struct {
	array bool
	raw   bool // bits of an int32 or float32
	nums  []float64
	bits  []uint32
	text  string
}

// int returns a scalar integer, def where it is not given.
func (p params) int(id int, def int64) int64 {
	v, ok := p[id]
	if !ok {
		return def
	}
	if a := v.ints(); len(a) > 0 {
		return a[0]
	}
	return def
}

// float returns a scalar, def where it is not given.
func (p params) float(id int, def float64) float64 {
	v, ok := p[id]
	if !ok {
		return def
	}
	if a := v.floats(); len(a) > 0 {
		return a[0]
	}
	return def
}

// ints returns an array of integers, nil where it is not given.
func (p params) ints(id int) []int64 { return p[id].ints() }

// floats returns an array, nil where it is not given.
func (p params) floats(id int) []float64 { return p[id].floats() }

func (p params) text(id int) string { return p[id].text }

func (v value) ints() []int64 {
	if v.bits == nil && v.nums == nil {
		return nil
	}
	if v.raw {
		out := make([]int64, len(v.bits))
		for i, b := range v.bits {
			out[i] = int64(int32(b))
		}
		return out
	}
	out := make([]int64, len(v.nums))
	for i, f := range v.nums {
		out[i] = toInt(f)
	}
	return out
}

func toInt(f float64) int64 {
	if !(math.Abs(f) < 1<<52) {
		return 0
	}
	return int64(f)
}

func (v value) floats() []float64 {
	if v.raw {
		out := make([]float64, len(v.bits))
		for i, b := range v.bits {
			out[i] = float64(math.Float32frombits(b))
		}
		return out
	}
	return v.nums
}

// readText reads a .param file: the magic, two counts, one layer a line.
func readText(data []byte, lim format.Limits) (*network, error) {
	r := lineReader{data: data}
	n := &network{}
	f, at := r.next()
	if len(f) == 1 && f[0] == strconv.Itoa(magic) {
		f, at = r.next()
	} else {
		n.old = true
	}
	if len(f) != 2 {
		return nil, format.Errorf(format.ErrTruncated, at, "layer count and blob count expected, found %d words", len(f))
	}
	layers, err1 := strconv.Atoi(f[0])
	blobs, err2 := strconv.Atoi(f[1])
	if err1 != nil || err2 != nil || layers <= 0 || blobs < 0 {
		return nil, format.Errorf(format.ErrMalformed, at, "layer count %q, blob count %q", clip(f[0]), clip(f[1]))
	}
	if layers > lim.Nodes || blobs > lim.Tensors {
		return nil, format.Errorf(format.ErrLimit, at, "%d layers, %d blobs", layers, blobs)
	}
	n.layers = make([]layer, 0, min(layers, len(data)/6+1))
	for i := range layers {
		f, at := r.next()
		if len(f) == 0 {
			return nil, format.Errorf(format.ErrTruncated, at, "layer %d of %d is missing", i, layers)
		}
		l, err := textLayer(f, at, lim)
		if err != nil {
			return nil, err
		}
		n.layers = append(n.layers, l)
	}
	n.length = int64(r.pos)
	return n, nil
}

// lineReader gives the words of one line after another, skipping blank lines.
type lineReader struct {
	data []byte
	pos  int
}

func (r *lineReader) next() (words []string, at int64) {
	for r.pos < len(r.data) {
		at = int64(r.pos)
		line := r.data[r.pos:]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i]
			r.pos += i + 1
		} else {
			r.pos = len(r.data)
		}
		if words = strings.Fields(string(line)); len(words) > 0 {
			return words, at
		}
	}
	return nil, int64(len(r.data))
}

func textLayer(f []string, at int64, lim format.Limits) (layer, error) {
	l := layer{offset: at}
	if len(f) < 4 || !isWord([]byte(f[0])) {
		return l, format.Errorf(format.ErrMalformed, at, "line %q is no layer", clip(strings.Join(f, " ")))
	}
	for _, w := range f {
		if len(w) > lim.TextBytes {
			return l, format.Errorf(format.ErrLimit, at, "word of %d bytes", len(w))
		}
	}
	l.kind, l.name = f[0], f[1]
	nin, err1 := strconv.Atoi(f[2])
	nout, err2 := strconv.Atoi(f[3])
	rest := f[4:]
	if err1 != nil || err2 != nil || nin < 0 || nout < 0 || nin > len(rest) || nout > len(rest)-nin {
		return l, format.Errorf(format.ErrMalformed, at, "layer %q: %q inputs and %q outputs do not fit its line", clip(l.name), clip(f[2]), clip(f[3]))
	}
	l.bottoms, l.top = rest[:nin], rest[nin:nin+nout]
	l.params = params{}
	for i, w := range rest[nin+nout:] {
		key, val, found := strings.Cut(w, "=")
		if !found { // before key=value: positions
			key, val = strconv.Itoa(i), w
		}
		id, err := strconv.Atoi(key)
		if err != nil {
			return l, format.Errorf(format.ErrMalformed, at, "layer %q: parameter %q", clip(l.name), clip(w))
		}
		array := id <= -23300
		if array {
			id = -id - 23300
		}
		v, err := textValue(val, array)
		if err != nil {
			return l, format.Errorf(format.ErrMalformed, at, "layer %q: parameter %q", clip(l.name), clip(w))
		}
		l.params[id] = v
	}
	return l, nil
}

// textValue reads "1", "1.5", "text", "1,2" or, with its length first, an
// array of the older form.
func textValue(s string, counted bool) (value, error) {
	words := strings.Split(s, ",")
	if counted {
		n, err := strconv.Atoi(words[0])
		if err != nil || n != len(words)-1 {
			return value{}, strconv.ErrSyntax
		}
		words = words[1:]
	} else if c := s[:min(1, len(s))]; c == "" || strings.ContainsAny(c, `"'`) || isWord([]byte(c)) {
		return value{text: strings.Trim(s, `"'`)}, nil
	}
	v := value{array: counted || len(words) > 1, nums: make([]float64, 0, len(words))}
	for _, w := range words {
		f, err := strconv.ParseFloat(w, 64)
		if err != nil {
			return value{}, err
		}
		v.nums = append(v.nums, f)
	}
	return v, nil
}

// readBinary reads a .param.bin file.
func readBinary(data []byte, lim format.Limits) (*network, error) {
	r := &wordReader{data: data, pos: 4}
	layers, blobs := r.i32(), r.i32()
	switch {
	case r.failed:
		return nil, r.err()
	case layers <= 0 || blobs < 0:
		return nil, format.Errorf(format.ErrMalformed, 4, "%d layers, %d blobs", layers, blobs)
	case int(layers) > lim.Nodes || int(blobs) > lim.Tensors:
		return nil, format.Errorf(format.ErrLimit, 4, "%d layers, %d blobs", layers, blobs)
	}
	n := &network{binary: true, layers: make([]layer, 0, min(int(layers), len(data)/16+1))}
	for i := range int(layers) {
		l := layer{offset: int64(r.pos), params: params{}}
		index, nin, nout := r.i32(), r.i32(), r.i32()
		l.kind = typeName(index)
		l.bottoms, l.top = r.blobs(nin, blobs), r.blobs(nout, blobs)
		if r.failed {
			return nil, format.Errorf(format.ErrTruncated, l.offset, "layer %d of %d", i, layers)
		}
		if l.kind == "" || l.bottoms == nil || l.top == nil {
			return nil, format.Errorf(format.ErrMalformed, l.offset, "layer %d: type %d with %d inputs and %d outputs of %d blobs", i, index, nin, nout, blobs)
		}
		if err := r.params(l.params, i); err != nil {
			return nil, err
		}
		n.layers = append(n.layers, l)
	}
	n.length = int64(r.pos)
	return n, nil
}

// wordReader reads little-endian 32-bit words; after the end failed stays set.
type wordReader struct {
	data   []byte
	pos    int
	failed bool
}

func (r *wordReader) u32() uint32 {
	if len(r.data)-r.pos < 4 {
		r.failed = true
		return 0
	}
	v := binary.LittleEndian.Uint32(r.data[r.pos:])
	r.pos += 4
	return v
}

func (r *wordReader) i32() int32 { return int32(r.u32()) }

func (r *wordReader) err() error {
	return format.Errorf(format.ErrTruncated, int64(r.pos), "file of %d bytes ends inside the graph", len(r.data))
}

// blobs reads n blob indexes as names; nil where the count or an index is wrong.
func (r *wordReader) blobs(n, count int32) []string {
	if n < 0 || int(n) > (len(r.data)-r.pos)/4 {
		r.failed = r.failed || n >= 0
		return nil
	}
	out := make([]string, n)
	for i := range out {
		id := r.i32()
		if id < 0 || id >= count {
			return nil
		}
		out[i] = strconv.Itoa(int(id))
	}
	return out
}

func (r *wordReader) params(p params, layer int) error {
	for {
		at := int64(r.pos)
		id := r.i32()
		if r.failed {
			return r.err()
		}
		if id == -233 {
			return nil
		}
		n, array := int32(1), id <= -23300
		if array {
			id = -id - 23300
			n = r.i32()
		}
		if id < 0 || id > 200 {
			return format.Errorf(format.ErrMalformed, at, "layer %d: parameter id %d", layer, id)
		}
		if n < 0 || int(n) > (len(r.data)-r.pos)/4 {
			return format.Errorf(format.ErrTruncated, at, "layer %d: parameter %d of %d words", layer, id, n)
		}
		v := value{array: array, raw: true, bits: make([]uint32, n)}
		for i := range v.bits {
			v.bits[i] = r.u32()
		}
		p[int(id)] = v
	}
}

// clip shortens text from a file for messages.
func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}
