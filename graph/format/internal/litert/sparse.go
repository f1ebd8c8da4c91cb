package litert

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
)

// level is one dimension of a sparse tensor in traversal order: dense with a
// size, or compressed with row pointers and indices as in CSR.
type level struct {
	csr      bool
	size     int64
	segments indexes
	indices  indexes
}

// indexes is a vector of a union SparseIndexVector, read where it stands: its
// size grows with the weights.
type indexes struct {
	data  []byte
	width int
}

func (x indexes) len() int64 {
	if x.width == 0 {
		return 0
	}
	return int64(len(x.data) / x.width)
}

func (x indexes) at(i int64) int64 {
	switch x.width {
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(x.data[4*i:])))
	case 2:
		return int64(binary.LittleEndian.Uint16(x.data[2*i:]))
	}
	return int64(x.data[i])
}

// sparse reads SparsityParameters. The tensor's shape stays the dense one; its
// constant, which holds only the kept values, decodes to the dense payload.
func (r *reader) sparse(t flatbuf.Table, out *graph.Tensor) {
	if !t.Exists() {
		return
	}
	order := t.Vector(sparsityTraversalOrder, 4).Int64s()
	blockMap := t.Vector(sparsityBlockMap, 4).Int64s()
	list := t.Tables(sparsityDimMetadata)
	levels := make([]level, list.Len())
	for i := range levels {
		d := list.Table(i)
		levels[i] = level{
			csr:      d.Int8(dimensionFormat, 0) == 1,
			size:     int64(d.Int32(dimensionDenseSize, 0)),
			segments: sparseIndex(d, dimensionSegmentsType, dimensionArraySegments),
			indices:  sparseIndex(d, dimensionIndicesType, dimensionArrayIndices),
		}
	}
	s := &graph.Sparsity{StoredElements: -1, Word: sparseWord(levels, out.Shape.Len(), len(blockMap))}
	out.Sparsity = s
	c := out.Const
	if c == nil || c.Data == nil || r.err() != nil {
		return
	}
	if bits := int64(out.DType.Bits()); bits > 0 {
		s.StoredElements = int64(len(c.Data)) * 8 / bits
	}
	p := sparsePayload{
		values: c.Data, width: out.DType.Bits() / 8, shape: out.Shape.Ints(), order: order, blockMap: blockMap,
		levels: levels, limit: r.lim.DecodedBytes,
	}
	c.Data, c.Decode = nil, p.dense
}

// sparseIndex reads a union SparseIndexVector: 1 Int32Vector, 2 Uint16Vector, 3 Uint8Vector.
func sparseIndex(d flatbuf.Table, kind, slot int) indexes {
	t := d.Table(slot)
	widths := [...]int{0, 4, 2, 1}
	k := int(d.Uint8(kind, 0))
	if k == 0 || k >= len(widths) || !t.Exists() {
		return indexes{}
	}
	return indexes{t.Vector(0, widths[k]).Raw(), widths[k]}
}

// sparseWord returns "csr", "dense" or, with inner blocks, "csr block 1x4".
func sparseWord(levels []level, rank, blocks int) string {
	word := "dense"
	for _, l := range levels {
		if l.csr {
			word = "csr"
		}
	}
	if blocks > 0 && len(levels) == rank+blocks {
		var sizes []string
		for _, l := range levels[rank:] {
			sizes = append(sizes, strconv.FormatInt(l.size, 10))
		}
		word += " block " + strings.Join(sizes, "x")
	}
	return word
}

// sparsePayload is what is needed to write out a sparse constant densely.
type sparsePayload struct {
	values   []byte
	width    int // bytes of an element
	shape    []int64
	order    []int64
	blockMap []int64
	levels   []level
	limit    int64
}

// dense returns the dense payload. The format is that of TACO as the schema
// describes it: levels in traversal order; the first rank of them address the
// outer blocks, the others the positions inside a block.
func (p sparsePayload) dense() ([]byte, error) {
	n := int64(1)
	for _, d := range p.shape {
		if d < 0 || d > 0 && n > p.limit/d {
			return nil, fmt.Errorf("sparse tensor of shape %v cannot be written out", p.shape)
		}
		n *= d
	}
	if p.width == 0 || n*int64(p.width) > p.limit || len(p.order) != len(p.levels) || len(p.order) != len(p.shape)+len(p.blockMap) {
		return nil, fmt.Errorf("sparse tensor of shape %v cannot be written out", p.shape)
	}
	w := sparseWalk{p: p, out: make([]byte, n*int64(p.width)), at: make([]int64, len(p.order))}
	if err := w.walk(0, 0); err != nil {
		return nil, err
	}
	return w.out, nil
}

type sparseWalk struct {
	p    sparsePayload
	out  []byte
	at   []int64 // coordinate by original dimension number
	next int     // values used so far
}

// walk visits level l below entry pos of the level before.
func (w *sparseWalk) walk(l int, pos int64) error {
	if l == len(w.p.levels) {
		return w.put()
	}
	lv, axis := &w.p.levels[l], w.p.order[l]
	if axis < 0 || axis >= int64(len(w.at)) {
		return fmt.Errorf("sparse level %d traverses dimension %d", l, axis)
	}
	first, last := pos*lv.size, (pos+1)*lv.size
	if lv.csr {
		if pos < 0 || pos+1 >= lv.segments.len() {
			return fmt.Errorf("sparse level %d has no segment %d", l, pos)
		}
		first, last = lv.segments.at(pos), lv.segments.at(pos+1)
		if first < 0 || last > lv.indices.len() {
			return fmt.Errorf("sparse level %d ends at index %d of %d", l, last, lv.indices.len())
		}
	}
	for i := first; i < last; i++ {
		w.at[axis] = i - first
		if lv.csr {
			w.at[axis] = lv.indices.at(i)
		}
		if err := w.walk(l+1, i); err != nil {
			return err
		}
	}
	return nil
}

// put writes the next value at the current coordinate.
func (w *sparseWalk) put() error {
	rank := len(w.p.shape)
	index := int64(0)
	for d := range rank {
		c := w.at[d]
		for b, m := range w.p.blockMap {
			if m == int64(d) {
				c = c*w.blockSize(rank+b) + w.at[rank+b]
			}
		}
		if c < 0 || c >= w.p.shape[d] {
			return fmt.Errorf("sparse value %d lies at %d of dimension %d", w.next, c, d)
		}
		index = index*w.p.shape[d] + c
	}
	from := w.next * w.p.width
	if from+w.p.width > len(w.p.values) {
		return fmt.Errorf("sparse tensor has fewer than %d values", w.next+1)
	}
	copy(w.out[index*int64(w.p.width):], w.p.values[from:from+w.p.width])
	w.next++
	return nil
}

// blockSize returns the size of a dimension inside a block.
func (w *sparseWalk) blockSize(axis int) int64 {
	for l, o := range w.p.order {
		if o == int64(axis) {
			return w.p.levels[l].size
		}
	}
	return 1
}
