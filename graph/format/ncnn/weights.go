package ncnn

import (
	"encoding/binary"
	"math"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

// Type tags in front of a weight buffer. Any other tag that is not 0 announces
// a table of 256 floats and one byte per element.
const (
	tagFloat32  = 0
	tagFloat16  = 0x01306B47
	tagBFloat16 = 0x01348B83
	tagInt8     = 0x000D4B38
	tagRawFloat = 0x0002C056
)

// weightReader cuts the weights file into buffers in the order of the layers.
type weightReader struct {
	data []byte
	pos  int
	err  error
	// tables counts buffers whose tag is none of the known ones: coded by a table.
	tables int
}

// buffer is one weight buffer as stored.
type buffer struct {
	dtype  graph.DType
	data   []byte
	stored int64
	table  bool
}

// tagged reads a buffer of n elements with a type tag in front.
func (r *weightReader) tagged(n int64) buffer {
	start := r.pos
	tag := r.word()
	var b buffer
	switch tag {
	case tagFloat16:
		b = buffer{dtype: graph.Float16, data: r.bytes(n, 2)}
	case tagBFloat16:
		b = buffer{dtype: graph.BFloat16, data: r.bytes(n, 2)}
	case tagInt8:
		b = buffer{dtype: graph.Int8, data: r.bytes(n, 1)}
	case tagFloat32, tagRawFloat:
		b = buffer{dtype: graph.Float32, data: r.bytes(n, 4)}
	default:
		r.tables++
		r.bytes(256, 4)
		b = buffer{dtype: graph.Uint8, data: r.bytes(n, 1), table: true}
	}
	r.align()
	b.stored = int64(r.pos - start)
	return b
}

// raw reads a buffer of n floats without a tag.
func (r *weightReader) raw(n int64) buffer {
	b := buffer{dtype: graph.Float32, data: r.bytes(n, 4)}
	b.stored = int64(len(b.data))
	return b
}

func (r *weightReader) word() uint32 {
	b := r.bytes(1, 4)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint32(b)
}

// bytes returns the next n elements of the given width, nil past the end.
func (r *weightReader) bytes(n, width int64) []byte {
	if r.err != nil {
		return nil
	}
	if left := int64(len(r.data) - r.pos); n < 0 || n > left/width {
		r.err = format.Errorf(format.ErrTruncated, int64(r.pos), "weights: %d elements of %d bytes beyond file of %d bytes", n, width, len(r.data))
		return nil
	}
	b := r.data[r.pos : r.pos+int(n*width) : r.pos+int(n*width)]
	r.pos += len(b)
	return b
}

func (r *weightReader) align() {
	r.pos = min((r.pos+3)&^3, len(r.data))
}

// floats decodes the first values of a float32 buffer.
func (b buffer) floats(limit int) []float32 {
	if b.dtype != graph.Float32 {
		return nil
	}
	out := make([]float32, min(len(b.data)/4, limit))
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b.data[4*i:]))
	}
	return out
}

// plausibleWeights reports whether a file without its graph looks like ncnn
// weights: a known tag, and behind a float32 tag numbers of the size that
// weights have. It is a hint for the row of an orphan, never a proof.
func plausibleWeights(h format.Head) bool {
	if len(h.Bytes) < 64 || h.Size > 0 && h.Size%4 != 0 {
		return false
	}
	body := h.Bytes[4 : 4+(len(h.Bytes)-4)&^3]
	switch binary.LittleEndian.Uint32(h.Bytes) {
	case tagFloat16, tagBFloat16, tagInt8, tagRawFloat:
		return true
	case tagFloat32:
		good := 0
		for i := 0; i+4 <= len(body); i += 4 {
			f := math.Abs(float64(math.Float32frombits(binary.LittleEndian.Uint32(body[i:]))))
			if !(f < 1e5) {
				return false
			}
			if f > 1e-9 {
				good++
			} else if i < 16 { // another format's header
				return false
			}
		}
		return good > len(body)/4*9/10
	}
	return false
}
