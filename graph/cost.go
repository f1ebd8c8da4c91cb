package graph

// Cost is what one execution of a node (or the sum over nodes) takes.
//
// MACs are multiply-accumulates of convolutions, matrix products and gates;
// Ops are all other arithmetic operations (additions, comparisons, exponentials
// each count 1 unless the operator's formula says otherwise). FLOPs are
// 2*MACs + Ops. Bytes are element counts times dtype width: a lower bound of
// traffic, with no cache model.
type Cost struct {
	MACs int64
	Ops  int64
	// Params counts the elements of constant operands, WeightBytes their bytes.
	Params      int64
	WeightBytes int64
	// ReadBytes includes weights; WriteBytes are the outputs.
	ReadBytes  int64
	WriteBytes int64
	// DType is the type the arithmetic runs in (that of the first data operand).
	DType DType
	// Known is false where shapes or the operator are not known: then MACs,
	// Ops and the byte counts mean nothing and Reason says why.
	Known  bool
	Reason string
	// UnknownNodes is the number of unknown costs in a sum, 0 for one node.
	UnknownNodes int
}

// FLOPs returns 2*MACs + Ops.
func (c Cost) FLOPs() int64 { return saturate(saturate(c.MACs, c.MACs), c.Ops) }

// Add returns the sum of c and d. An unknown part adds nothing but its count
// to UnknownNodes; sums saturate at the largest int64.
func (c Cost) Add(d Cost) Cost {
	c.UnknownNodes += d.UnknownNodes
	if !d.Known {
		if d.UnknownNodes == 0 {
			c.UnknownNodes++
		}
		c.Params = saturate(c.Params, d.Params)
		c.WeightBytes = saturate(c.WeightBytes, d.WeightBytes)
		return c
	}
	c.MACs = saturate(c.MACs, d.MACs)
	c.Ops = saturate(c.Ops, d.Ops)
	c.Params = saturate(c.Params, d.Params)
	c.WeightBytes = saturate(c.WeightBytes, d.WeightBytes)
	c.ReadBytes = saturate(c.ReadBytes, d.ReadBytes)
	c.WriteBytes = saturate(c.WriteBytes, d.WriteBytes)
	return c
}

// Times returns c repeated n times (a loop body); the parameters, which are
// read from one place, stay.
func (c Cost) Times(n int64) Cost {
	c.MACs = saturateMul(c.MACs, n)
	c.Ops = saturateMul(c.Ops, n)
	c.ReadBytes = saturateMul(c.ReadBytes, n)
	c.WriteBytes = saturateMul(c.WriteBytes, n)
	return c
}

func saturate(a, b int64) int64 {
	if s := a + b; s >= 0 {
		return s
	}
	return 1<<63 - 1
}

func saturateMul(a, n int64) int64 {
	if n <= 0 || a == 0 {
		return 0
	}
	if a > (1<<63-1)/n {
		return 1<<63 - 1
	}
	return a * n
}
