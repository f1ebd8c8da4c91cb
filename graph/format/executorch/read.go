package executorch

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatfmt"
)

// Slots of the tables, by the schema's own names.
const (
	programVersion         = 0
	programExecutionPlan   = 1
	programConstantBuffer  = 2
	programDelegateData    = 3
	programSegments        = 4
	programConstantSegment = 5
	programMutableSegments = 6
	programNamedData       = 7

	planName                = 0
	planContainerMetaType   = 1
	planValues              = 2
	planInputs              = 3
	planOutputs             = 4
	planChains              = 5
	planOperators           = 6
	planDelegates           = 7
	planNonConstBufferSizes = 8

	tensorScalarType     = 0
	tensorSizes          = 2
	tensorDimOrder       = 3
	tensorDataBufferIdx  = 5
	tensorAllocationInfo = 6
	tensorShapeDynamism  = 8
	tensorExtraInfo      = 9

	chainInputs       = 0
	chainOutputs      = 1
	chainInstructions = 2
	instructionType   = 0
	instructionArgs   = 1

	callKernel   = 1
	callDelegate = 2

	delegateID           = 0
	delegateProcessed    = 1
	delegateCompileSpecs = 2
)

// scalarTypes is enum ScalarType of scalar_type.fbs, which is c10's.
var scalarTypes = [...]graph.DType{
	0: graph.Uint8, 1: graph.Int8, 2: graph.Int16, 3: graph.Int32, 4: graph.Int64, 5: graph.Float16, 6: graph.Float32, 7: graph.Float64,
	9: graph.Complex64, 10: graph.Complex128, 11: graph.Bool, 12: graph.Int8, 13: graph.Uint8, 14: graph.Int32, 15: graph.BFloat16,
	16: graph.Uint4, 17: graph.Uint2, 22: graph.Uint16, 23: graph.Float8E5M2, 24: graph.Float8E4M3FN, 25: graph.Float8E5M2FNUZ, 26: graph.Float8E4M3FNUZ,
	27: graph.Uint16, 28: graph.Uint32, 29: graph.Uint64,
}

func dtypeOf(code int8) graph.DType {
	if code < 0 || int(code) >= len(scalarTypes) {
		return graph.UnknownDType
	}
	return scalarTypes[code]
}

type segment struct{ off, size uint64 }

type reader struct {
	in  format.Input
	lim format.Limits
	fb  *flatbuf.Buffer
	m   *graph.Model

	base     uint64 // where segments count from
	segments []segment
	constant segmentOffsets
	mutable  []segmentOffsets
	inline   flatbuf.Vector // constant_buffer
	consts   map[uint32]*graph.Const
	blobs    flatbuf.Vector          // backend_delegate_data
	named    map[string]*graph.Const // named_data by key
	beside   map[string]*graph.Const // named data of .ptd files; nil: not read
	sizes    map[string]int64        // of the .ptd files
	bodies   []*graph.Graph          // of delegates that can be read
	end      int64

	nodes, tensors int
}

// segmentOffsets says where in a segment each constant starts.
type segmentOffsets struct {
	segment uint32
	offsets []int64
}

func read(in format.Input) (*graph.Model, error) {
	r := &reader{in: in, lim: in.Limits.OrDefault(), fb: flatbuf.New(in.Data), m: &graph.Model{Format: Name}, consts: map[uint32]*graph.Const{}, named: map[string]*graph.Const{}}
	p := r.fb.Root()
	if err := flatfmt.Error(r.fb.Err()); err != nil {
		return nil, err
	}
	r.m.FormatVersion = strconv.Itoa(int(p.Uint32(programVersion, 0)))
	if err := r.header(); err != nil {
		return nil, err
	}
	if err := r.data(p); err != nil {
		return nil, err
	}
	plans := p.Tables(programExecutionPlan)
	if err := flatfmt.Error(r.fb.Err()); err != nil {
		return nil, err
	}
	if plans.Len() == 0 {
		return nil, format.Errorf(format.ErrMalformed, int64(p.Pos()), "program without methods")
	}
	for i := range plans.Len() {
		if err := r.plan(plans.Table(i)); err != nil {
			return nil, flatfmt.Wrap(err, fmt.Sprintf("method %d", i))
		}
	}
	if err := flatfmt.Error(r.fb.Err()); err != nil {
		return nil, err
	}
	r.place()
	r.m.Length = max(r.fb.End(), r.end)
	return r.m, nil
}

// header reads the extended header: "eh00", u32 its length, u64 size of the
// program, u64 base of the segments and, in longer ones, u64 their size.
func (r *reader) header() error {
	d := r.in.Data
	if len(d) < 32 || string(d[8:12]) != "eh00" {
		return nil
	}
	n := binary.LittleEndian.Uint32(d[12:])
	r.base = binary.LittleEndian.Uint64(d[24:])
	if n >= 32 && len(d) >= 40 {
		if size := binary.LittleEndian.Uint64(d[32:]); size > 0 {
			_, err := r.outside(32, r.base, size)
			return err
		}
	}
	return nil
}

// outside returns bytes that lie behind the FlatBuffer.
func (r *reader) outside(at int, off, size uint64) ([]byte, error) {
	if total := uint64(len(r.in.Data)); off > total || size > total-off {
		return nil, format.Errorf(format.ErrTruncated, int64(at), "%d bytes at offset %d beyond the file of %d bytes", size, off, total)
	}
	r.end = max(r.end, int64(off+size))
	return r.in.Data[off : off+size : off+size], nil
}

// data reads where constants and payloads lie.
func (r *reader) data(p flatbuf.Table) error {
	list := p.Tables(programSegments)
	r.segments = make([]segment, list.Len())
	for i := range r.segments {
		t := list.Table(i)
		s := segment{r.base + t.Uint64(0, 0), t.Uint64(1, 0)}
		if _, err := r.outside(t.Pos(), s.off, s.size); err != nil {
			return flatfmt.Wrap(err, fmt.Sprintf("segment %d", i))
		}
		r.segments[i] = s
	}
	r.constant = offsetsOf(p.Table(programConstantSegment))
	muts := p.Tables(programMutableSegments)
	for i := range muts.Len() {
		r.mutable = append(r.mutable, offsetsOf(muts.Table(i)))
	}
	r.inline, r.blobs = p.Tables(programConstantBuffer), p.Tables(programDelegateData)
	named := p.Tables(programNamedData)
	shared := map[int]*graph.Const{} // keys may share a segment
	for i := range named.Len() {
		t := named.Table(i)
		k := int(t.Uint32(1, 0))
		if k >= len(r.segments) {
			continue
		}
		c, ok := shared[k]
		if !ok {
			g := r.segments[k]
			c = flatfmt.View(r.in.Data[g.off : g.off+g.size : g.off+g.size])
			shared[k] = c
		}
		if c != nil {
			r.named[t.String(0)] = c
		}
	}
	return flatfmt.Error(r.fb.Err())
}

func offsetsOf(t flatbuf.Table) segmentOffsets {
	return segmentOffsets{t.Uint32(0, 0), t.Vector(1, 8).Int64s()}
}

func (r *reader) put(key, value string) {
	r.m.Metadata = append(r.m.Metadata, graph.KeyValue{Key: key, Value: value})
}

// constOf returns constant i with the given packed size. Several tensors of
// one index share one constant.
func (r *reader) constOf(i uint32, size int64, mutable bool, at int) (*graph.Const, error) {
	if c, ok := r.consts[i]; ok && !mutable {
		return c, nil
	}
	c, err := r.load(i, size, mutable, at)
	if err == nil && !mutable {
		r.consts[i] = c
	}
	return c, err
}

func (r *reader) load(i uint32, size int64, mutable bool, at int) (*graph.Const, error) {
	if int(i) < r.inline.Len() && !mutable {
		return flatfmt.View(r.inline.Table(int(i)).Bytes(0)), nil
	}
	from := r.constant
	if mutable && len(r.mutable) > 0 {
		from = r.mutable[0]
	}
	if int64(i) >= int64(len(from.offsets)) || int64(from.segment) >= int64(len(r.segments)) {
		return nil, format.Errorf(format.ErrMalformed, int64(at), "constant %d of %d", i, len(from.offsets))
	}
	s, off := r.segments[from.segment], from.offsets[i]
	if off < 0 || size < 0 || uint64(off) > s.size || uint64(size) > s.size-uint64(off) {
		return nil, format.Errorf(format.ErrMalformed, int64(at), "constant %d of %d bytes at %d of a segment of %d", i, size, off, s.size)
	}
	begin := s.off + uint64(off)
	return flatfmt.View(r.in.Data[begin : begin+uint64(size) : begin+uint64(size)]), nil
}
