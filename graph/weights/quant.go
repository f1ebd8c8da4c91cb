package weights

import "github.com/gaugenn/gaugenn/graph"

// codebookLimit is the number of distinct float32 values up to which a tensor
// of codebookElements or more looks clustered: the centroids of an 8-bit codebook.
const (
	codebookLimit    = 256
	codebookElements = 1024
)

// Quantisation names how a constant is quantised: "none", "float16",
// "bfloat16", "float8", "per_tensor", "per_channel", "blockwise",
// "codebook", "codebook_like" (float values with at most 256 distinct ones,
// the trace of weight clustering), or the file's own word for another scheme.
// s is the tensor's Stats; see DynamicRange for a scheme that only the graph shows.
func Quantisation(t *graph.Tensor, s Stats) string {
	if q := t.Quant; q != nil && (t.DType.IsInteger() || t.DType == graph.BlockQuantized) {
		switch {
		case q.Scheme == graph.QuantCodebook:
			return "codebook"
		case q.Scheme == graph.QuantBlockwise:
			return "blockwise"
		case q.Scheme == graph.QuantOther && q.Word != "":
			return q.Word
		case len(q.Scales) == 0:
			return "none"
		case len(q.Scales) > 1:
			return "per_channel"
		}
		return "per_tensor"
	}
	switch t.DType {
	case graph.Float16:
		return "float16"
	case graph.BFloat16:
		return "bfloat16"
	case graph.Float8E4M3FN, graph.Float8E4M3FNUZ, graph.Float8E5M2, graph.Float8E5M2FNUZ, graph.Float8E8M0:
		return "float8"
	case graph.Float32, graph.Float64:
		if s.Known && s.DistinctValues > 1 && s.DistinctValues <= codebookLimit && s.ElementCount >= codebookElements {
			return "codebook_like"
		}
	}
	return "none"
}

// DynamicRange returns the constants of g that are dynamic-range quantised:
// 8- and 4-bit weights with a scale that a node multiplies with float
// activations to float results.
func DynamicRange(g *graph.Graph) map[graph.TensorID]bool {
	found := map[graph.TensorID]bool{}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if len(n.Inputs) < 2 || len(n.Outputs) == 0 || n.Op == graph.DequantizeLinear {
			continue
		}
		x, y := g.Tensor(n.Inputs[0]), g.Tensor(n.Outputs[0])
		if x == nil || y == nil || x.DType != graph.Float32 || y.DType != graph.Float32 {
			continue
		}
		for _, id := range n.Inputs[1:] {
			t := g.Tensor(id)
			if t != nil && t.Const != nil && t.Quant != nil && len(t.Quant.Scales) > 0 && t.DType.IsInteger() && t.DType.Bits() <= 8 {
				found[id] = true
			}
		}
	}
	return found
}
