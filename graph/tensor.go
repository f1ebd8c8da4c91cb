package graph

// TensorID is the index of a tensor in Graph.Tensors; NoTensor marks an
// optional operand that is left out.
type TensorID int32

// NoTensor is the id of an absent optional operand.
const NoTensor TensorID = -1

// Tensor is one value of a graph: an input, an output, an intermediate result
// or a constant (an initializer).
type Tensor struct {
	Name  string
	DType DType
	Shape Shape
	// Quant is nil for tensors without quantisation.
	Quant *Quant
	// Const is nil unless the value is stored in the model. Tensors that share
	// one stored buffer share one *Const, so that it is counted once.
	Const *Const
	// Sparsity is nil for dense tensors.
	Sparsity *Sparsity
	// IsVariable marks state kept between inferences (LSTM state, KV cache).
	IsVariable bool
}

// QuantScheme names how integers stand for real values.
type QuantScheme uint8

// The quantisation schemes seen in mobile formats.
const (
	// QuantAffine is real = scale * (q - zero point), per tensor when Scales
	// has one element, per channel along Axis when it has more.
	QuantAffine QuantScheme = iota
	// QuantBlockwise has one scale per BlockSize elements along Axis.
	QuantBlockwise
	// QuantCodebook maps indexes to stored values.
	QuantCodebook
	// QuantOther is a scheme only its Word names.
	QuantOther
)

// String returns "affine", "blockwise", "codebook" or "other".
func (s QuantScheme) String() string {
	switch s {
	case QuantAffine:
		return "affine"
	case QuantBlockwise:
		return "blockwise"
	case QuantCodebook:
		return "codebook"
	}
	return "other"
}

// Quant is a tensor's quantisation.
type Quant struct {
	Scheme     QuantScheme
	Scales     []float32
	ZeroPoints []int64
	// Axis is the quantised dimension for per-channel and blockwise schemes.
	Axis int
	// BlockSize is the number of elements per scale, 0 unless blockwise.
	BlockSize int64
	// Word is the file's own name of the scheme ("q4_0", "IDSTQuan 2"), if any.
	Word string
}

// Sparsity says that a constant is stored sparse; Tensor.Shape stays dense.
type Sparsity struct {
	// StoredElements is the number of values kept in the file, -1 if unknown.
	StoredElements int64
	// Word describes the layout ("csr", "block 1x4").
	Word string
}

// Const is the stored value of a tensor. It never owns a copy made only to be
// measured: Data is a view of the model's bytes.
type Const struct {
	// Data is the little-endian, densely packed payload, or nil where the
	// value is encoded otherwise (Decode) or lies elsewhere (Missing).
	Data []byte
	// Decode returns the payload in the form of Data, for values that the
	// file stores in another encoding; nil when Data serves.
	Decode func() ([]byte, error)
	// StoredBytes is what the value takes in the file, -1 if unknown.
	StoredBytes int64
	// Missing says why the payload cannot be had ("external file
	// \"model.onnx.data\" not found"), "" when it can.
	Missing string
	// Location is where an external payload lies ("model.onnx.data"), "" when inline.
	Location string
	// NotParam marks constants that are no learned parameter by the file's own
	// word, such as the value of an ONNX Constant node; they are left out of
	// the parameter count but not of the bytes.
	NotParam bool
}

// Bytes returns the packed little-endian payload, or an error that says why it
// cannot be had. The result must not be changed.
func (c *Const) Bytes() ([]byte, error) {
	switch {
	case c.Data != nil:
		return c.Data, nil
	case c.Decode != nil:
		return c.Decode()
	case c.Missing != "":
		return nil, missingError(c.Missing)
	}
	return nil, nil
}

type missingError string

func (e missingError) Error() string { return string(e) }
