package litert

import (
	"fmt"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
)

// tensorTypes are the dtypes of the schema's enum TensorType.
var tensorTypes = [...]graph.DType{
	0: graph.Float32, 1: graph.Float16, 2: graph.Int32, 3: graph.Uint8, 4: graph.Int64,
	5: graph.String, 6: graph.Bool, 7: graph.Int16, 8: graph.Complex64, 9: graph.Int8,
	10: graph.Float64, 11: graph.Complex128, 12: graph.Uint64, 13: graph.Resource, 14: graph.Variant,
	15: graph.Uint32, 16: graph.Uint16, 17: graph.Int4, 18: graph.BFloat16, 19: graph.Int2,
	20: graph.Uint4, 21: graph.Float8E4M3FN, 22: graph.Float8E5M2,
}

// typeOf returns the dtype of a TensorType, unknown for a later schema's.
func typeOf(code int8) graph.DType {
	if code < 0 || int(code) >= len(tensorTypes) {
		return graph.UnknownDType
	}
	return tensorTypes[code]
}

// tensors reads the tensors of subgraph index gi into g.
func (r *reader) tensors(sub flatbuf.Table, g *graph.Graph) error {
	list := sub.Tables(subgraphTensors)
	r.tensorCount += list.Len()
	if r.tensorCount > r.lim.Tensors {
		return format.Errorf(format.ErrLimit, int64(list.Pos()), "%d tensors exceed the limit of %d", r.tensorCount, r.lim.Tensors)
	}
	g.Tensors = make([]graph.Tensor, list.Len())
	var unranked []int
	ranked := false
	for i := range g.Tensors {
		t := list.Table(i)
		if err := r.tensor(t, &g.Tensors[i]); err != nil {
			return fmt.Errorf("tensor %d: %w", i, err)
		}
		if t.Bool(tensorHasRank) {
			ranked = true
		} else if g.Tensors[i].Shape.Len() == 0 && g.Tensors[i].Const == nil {
			unranked = append(unranked, i)
		}
	}
	// Converters before has_rank wrote scalars without it, so its absence means
	// an unknown rank only in files that use the field at all.
	if ranked {
		for _, i := range unranked {
			g.Tensors[i].Shape = graph.Shape{}
		}
	}
	return r.err()
}

func (r *reader) tensor(t flatbuf.Table, out *graph.Tensor) error {
	out.Name = r.text(t.String(tensorName))
	code := t.Int8(tensorType, 0)
	if out.DType = typeOf(code); out.DType == graph.UnknownDType {
		r.note(true, fmt.Sprintf("tensor type %d is not in the schema", code))
	}
	out.Shape = shapeOf(t)
	out.IsVariable = t.Bool(tensorIsVariable)
	r.reach(t.Tables(tensorVariantTensors))
	if err := r.err(); err != nil {
		return err
	}
	if err := r.bind(t, out); err != nil {
		return err
	}
	out.Quant = r.quantOf(t.Table(tensorQuantization))
	r.sparse(t.Table(tensorSparsity), out)
	return r.err()
}

// bind gives a tensor its constant value, if it has one.
func (r *reader) bind(t flatbuf.Table, out *graph.Tensor) error {
	if id := r.externalID(t); id != 0 {
		out.Const = r.external[id]
		if out.Const == nil {
			return format.Errorf(format.ErrMalformed, int64(t.Pos()), "external buffer %d is not listed", id)
		}
		return nil
	}
	i := t.Uint32(tensorBuffer, 0)
	if int64(i) >= int64(len(r.consts)) {
		if i == 0 {
			return nil
		}
		return format.Errorf(format.ErrMalformed, int64(t.Pos()), "buffer %d of %d", i, len(r.consts))
	}
	out.Const = r.consts[i]
	return nil
}

func (r *reader) externalID(t flatbuf.Table) uint32 {
	if r.dialect.InlineOnly {
		return 0
	}
	return t.Uint32(tensorExternalBuffer, 0)
}

// shapeOf joins shape and shape_signature: the signature says which
// dimensions are free, the shape what the file would run with.
func shapeOf(t flatbuf.Table) graph.Shape {
	shape, sig := t.Vector(tensorShape, 4), t.Vector(tensorShapeSignature, 4)
	n := shape.Len()
	useSig := sig.Len() > 0 && (sig.Len() == n || n == 0)
	if useSig {
		n = sig.Len()
	}
	dims := make([]graph.Dim, n)
	for i := range dims {
		stored := int64(-1)
		if i < shape.Len() {
			stored = int64(shape.Int32(i))
		}
		if !useSig || sig.Int32(i) >= 0 {
			if useSig && stored < 0 {
				stored = int64(sig.Int32(i))
			}
			dims[i] = graph.DimOf(stored)
			continue
		}
		dims[i] = graph.Dim{}.WithDefault(stored)
	}
	return graph.ShapeOfDims(dims...)
}

// quantOf reads QuantizationParameters; nil where they only keep a range.
func (r *reader) quantOf(q flatbuf.Table) *graph.Quant {
	if !q.Exists() {
		return nil
	}
	r.reach(q.Vector(quantMin, 4))
	r.reach(q.Vector(quantMax, 4))
	axis := int(q.Int32(quantQuantizedDimension, 0))
	d := q.Table(quantDetails)
	switch q.Uint8(quantDetailsType, 0) {
	case quantDetailsCustom:
		d.Bytes(0)
		return &graph.Quant{Scheme: graph.QuantOther, Axis: axis, Word: "custom"}
	case quantDetailsBlockwise:
		// The scales are a tensor of their own and are counted there.
		r.reach(d.Vector(blockwiseBlockShape, 4))
		return &graph.Quant{Scheme: graph.QuantBlockwise, Axis: axis, BlockSize: int64(d.Int32(blockwiseBlockSize, 0)), Word: "blockwise"}
	case quantDetailsMultiAxis:
		r.reach(d.Vector(blockwiseBlockShape, 4))
		return &graph.Quant{Scheme: graph.QuantBlockwise, Axis: axis, BlockSize: int64(d.Int32(blockwiseBlockSize, 0)), Word: "multi-axis"}
	}
	scale := q.Vector(quantScale, 4)
	zero := q.Vector(quantZeroPoint, 8)
	if scale.Len() == 0 {
		return nil
	}
	return &graph.Quant{Scales: scale.Float32s(), ZeroPoints: zero.Int64s(), Axis: axis}
}
