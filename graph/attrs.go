package graph

// Attrs is the typed attributes of a node: one of the structs of this file.
// The zero value of a field means the default that its comment states.
type Attrs interface{ isAttrs() }

// Layout says which axis of a data tensor is which, so that one formula serves
// NCHW, NHWC and batchless CHW.
type Layout struct {
	// Batch is the batch axis, -1 for tensors without one (ncnn).
	Batch int
	// Channel is the channel axis.
	Channel int
	// Spatial are the spatial axes, outermost first (D, H, W).
	Spatial []int
}

// NCHW returns the layout [N, C, spatial...] with n spatial axes.
func NCHW(n int) Layout { return Layout{0, 1, axes(2, n)} }

// NHWC returns the layout [N, spatial..., C] with n spatial axes.
func NHWC(n int) Layout { return Layout{0, n + 1, axes(1, n)} }

// CHW returns the batchless layout [C, spatial...] with n spatial axes.
func CHW(n int) Layout { return Layout{-1, 0, axes(1, n)} }

func axes(first, n int) []int {
	a := make([]int, n)
	for i := range a {
		a[i] = first + i
	}
	return a
}

// FilterLayout says which axis of a filter is which. Sizes: for Conv the In
// axis has Ci/groups elements, Out has Co. For ConvTranspose In has Ci, Out
// has Co/groups. A depthwise filter of TFLite, [1, kh, kw, C*m], has In 0 and Out 3.
type FilterLayout struct {
	Out, In int
	Spatial []int
}

// OIHW returns the filter layout [O, I, spatial...].
func OIHW(n int) FilterLayout { return FilterLayout{0, 1, axes(2, n)} }

// IOHW returns the filter layout [I, O, spatial...] (ONNX, Caffe ConvTranspose).
func IOHW(n int) FilterLayout { return FilterLayout{1, 0, axes(2, n)} }

// OHWI returns the filter layout [O, spatial..., I] (TFLite).
func OHWI(n int) FilterLayout { return FilterLayout{0, n + 1, axes(1, n)} }

// HWIO returns the filter layout [spatial..., I, O] (TensorFlow, Keras).
func HWIO(n int) FilterLayout { return FilterLayout{n + 1, n, axes(0, n)} }

// HWOI returns the filter layout [spatial..., O, I] (TensorFlow transposed convolution).
func HWOI(n int) FilterLayout { return FilterLayout{n, n + 1, axes(0, n)} }

// PadMode says how the padding of a window is found.
type PadMode uint8

// Padding modes. SameUpper is TensorFlow's SAME: output = ceil(input/stride),
// the odd pixel at the end; SameLower puts it at the beginning.
const (
	PadExplicit PadMode = iota
	PadValid
	PadSameUpper
	PadSameLower
)

// Window is the sliding window shared by convolution and pooling. Each slice
// has one element per spatial axis, outermost first; nil means: kernel from
// the filter, stride 1, dilation 1, no padding.
type Window struct {
	Kernel, Strides, Dilations []int64
	PadMode                    PadMode
	PadBegin, PadEnd           []int64
}

// ConvAttrs are the attributes of Conv, ConvTranspose, DeformConv and Im2Col.
type ConvAttrs struct {
	Window
	Groups int64 // 0 means 1; see Depthwise
	// Depthwise means groups = input channels (TFLite DEPTHWISE_CONV_2D).
	Depthwise bool
	// OutChannels is Co where the filter's shape is not known from the file, 0 = take it from the filter.
	OutChannels int64
	Data        Layout
	Filter      FilterLayout
	// OutputPadding and OutputShape (spatial, or whole when as long as the rank) are for ConvTranspose.
	OutputPadding []int64
	OutputShape   []int64
}

// PoolAttrs are the attributes of MaxPool, AveragePool, LpPool and MaxUnpool.
type PoolAttrs struct {
	Window
	Data Layout
	// Global pools the whole spatial extent; the spatial axes stay with size 1
	// unless DropSpatial.
	Global      bool
	DropSpatial bool
	// AdaptiveOutput is the spatial output size of adaptive pooling, nil otherwise.
	AdaptiveOutput []int64
	// Ceil rounds the output size up (Caffe always, ONNX ceil_mode); ClipCeil
	// then drops a last window that starts beyond the input and its front padding.
	Ceil     bool
	ClipCeil bool
	// CountPad includes padding in the average.
	CountPad bool
}

// RoiAttrs are the attributes of RoiPool and RoiAlign: each region becomes
// PooledHeight x PooledWidth.
type RoiAttrs struct {
	PooledHeight, PooledWidth int64
	SamplingRatio             int64
	// Channels is C of the result where pooling is by position, 0 = x's.
	Channels int64
	Data     Layout
}

// MatMulAttrs are the attributes of MatMul and Gemm; a is [..., M, K], b is [..., K, N] before
// transposition. N and K are the sizes of b where its stored form is packed
// (MatMulNBits), 0 = take them from b's shape.
type MatMulAttrs struct {
	TransA, TransB bool
	N, K           int64
}

// FullyConnectedAttrs are the attributes of FullyConnected.
type FullyConnectedAttrs struct {
	// OutFeatures is N where the filter's shape is not known, 0 = take it from the filter.
	OutFeatures int64
	// Axis is the first input axis that is flattened into features (Caffe
	// InnerProduct, ncnn: 0 for batchless); KeepDims keeps all axes before the
	// last and multiplies along the last (TFLite keep_num_dims).
	Axis     int
	KeepDims bool
	// FlattenTo2D gives [elements/K, N] as TFLite does without keep_num_dims.
	FlattenTo2D bool
	// TransposedFilter means the filter is [K, N] instead of [N, K].
	TransposedFilter bool
}

// EinsumAttrs hold an equation such as "bhqd,bhkd->bhqk".
type EinsumAttrs struct{ Equation string }

// RNNAttrs are the attributes of LSTM, GRU and RNN.
type RNNAttrs struct {
	Hidden int64
	// Directions is 1 or 2; 0 means 1.
	Directions int
	// TimeAxis and BatchAxis of x; -1 when x has none (one step per inference).
	TimeAxis, BatchAxis int
	// Projection is the size of the projected output, 0 if none.
	Projection int64
	// Coupled marks an LSTM with coupled input and forget gates (3 gates).
	Coupled  bool
	Peephole bool
	// LastOnly: output 0 holds only the last step.
	LastOnly bool
	// DirectionAxis is the axis of output 0 that holds the directions (ONNX: 1),
	// -1 when they are concatenated in the last axis.
	DirectionAxis int
	// MergeDirections adds or averages the directions instead of concatenating.
	MergeDirections bool
	// Trailing is the number of axes behind the features of x and of the results
	// (Core ML: 2, [steps, batch, features, 1, 1]); only the last step then
	// leaves a step axis of 1, and the results behind output 0 are shaped like it.
	Trailing int
	// ExternalInput is the input size where the weights' shapes are not known, 0 = take it from x.
	ExternalInput int64
}

// SVDFAttrs are the attributes of SVDF.
type SVDFAttrs struct{ Rank int64 }

// AttentionAttrs are the attributes of Attention and MultiHeadAttention.
type AttentionAttrs struct {
	Heads, KVHeads, HeadDim int64
	// PackedQKV means that operand 0 holds q, k and v side by side.
	PackedQKV bool
	// Hidden is the output's last dimension where it differs from operand 0's, 0 = same.
	Hidden int64
	// PastKey and PastValue are the indexes of the operands that hold keys and
	// values of earlier steps, [B, KVHeads, P, D] each; 0 = none.
	PastKey, PastValue int
}

// SpectralAttrs are the attributes of FFT-like operators.
type SpectralAttrs struct {
	Length   int64 // transform length, 0 = the axis size
	Hop      int64
	Axis     int
	OneSided bool
	Inverse  bool
	// Pairs means that the last axis holds real and imaginary parts (ONNX DFT
	// and STFT) instead of complex elements.
	Pairs bool
	// Framed means one transform per frame (ONNX STFT): operands are signal,
	// frame step, window and frame length; Hop and Length win where they are set.
	// Its result is [batch, frames, bins]; with BinsFirst it is [bins, frames] of
	// a signal without batch (ncnn). Centred pads the signal by half a length on
	// both sides.
	Framed, BinsFirst, Centred bool
}

// Form says how a result gets its shape from operand Operand.
type Form struct {
	Kind    FormKind
	Operand int
	// Last is the size that FormRows and FormLast give the last axis, negative
	// if it is open.
	Last int64
}

// FormKind is a rule of Form.
type FormKind string

// FormOpen leaves the shape unknown. FormRows is [first dimension, Last],
// FormLast the operand with its last axis replaced, FormPicked the operand with
// as many values in the last axis as operand Operand+1 has.
const (
	FormOpen      FormKind = ""
	FormScalar    FormKind = "scalar"
	FormSame      FormKind = "same"
	FormBroadcast FormKind = "broadcast"
	FormFirst     FormKind = "first" // a vector as long as the first axis
	FormRows      FormKind = "rows"
	FormLast      FormKind = "last"
	FormPicked    FormKind = "picked"
	FormAppend    FormKind = "append" // the operand with an axis of Last behind
)

// FormAttrs give the shapes of results, one Form each, of operators that the
// table knows by class alone: text, look-ups, trees, losses, sequences.
type FormAttrs struct{ Forms []Form }

// AxisAttrs name one axis (negative counts from the end).
type AxisAttrs struct{ Axis int }

// AxesAttrs name several axes; nil means as the Op's comment says. OnesAlone is
// a Squeeze that keeps axes which are not 1 (ncnn, PyTorch, Paddle) instead of failing.
type AxesAttrs struct {
	Axes      []int
	OnesAlone bool
}

// PermAttrs are a permutation; nil reverses the axes.
type PermAttrs struct{ Perm []int }

// ReduceAttrs are the attributes of reductions and of normalisations along axes.
type ReduceAttrs struct {
	// Axes is nil for: all axes (or operand 1 where it is given).
	Axes     []int
	KeepDims bool
	// NoopWithEmptyAxes makes an empty list of axes the identity.
	NoopWithEmptyAxes bool
	// To is the output dtype for ArgMax and ArgMin.
	To DType
}

// GroupAttrs are the attributes of GroupNormalization and ChannelShuffle.
type GroupAttrs struct {
	Groups int64
	Axis   int
}

// LRNAttrs are the attributes of LRN: Size neighbours along Axis (across
// channels), or a Size x Size window within one channel.
type LRNAttrs struct {
	Size          int64
	Axis          int
	WithinChannel bool
}

// CastAttrs hold the output dtype; UnknownDType means: taken from the tensor.
type CastAttrs struct{ To DType }

// TopKAttrs hold k where it is not operand 1; 0 means operand 1.
type TopKAttrs struct {
	K    int64
	Axis int
}

// ReshapeAttrs hold a shape, sizes or repeats; nil means operand 1. In a
// reshape -1 is inferred and, unless AllowZero, 0 copies the input's dimension.
type ReshapeAttrs struct {
	Shape     []int64
	AllowZero bool
	// Axis and NumAxes restrict the reshape to a range of axes (Caffe); NumAxes
	// 0 with a nil Range flag means all.
	Axis, NumAxes int
	PartOfAxes    bool
	// To is the dtype of values that are made (ConstantOfShape, RandomNormal).
	To DType
	// Fill is the value of ConstantOfShape where HasFill is set; without it the
	// value is not known (the shape still is).
	Fill    float64
	HasFill bool
}

// FlattenAttrs flatten the axes Axis..EndAxis (both included) into one. TwoD
// is ONNX's form: [prod(before Axis), prod(from Axis)].
type FlattenAttrs struct {
	Axis, EndAxis int
	TwoD          bool
}

// SplitAttrs are the attributes of Split and Unpack. Sizes nil: equal parts,
// one per output (or operand 1). A size of -1 is the rest.
type SplitAttrs struct {
	Axis  int
	Sizes []int64
	// Points are cut positions (Caffe Slice), nil unless given.
	Points []int64
}

// SliceAttrs are the attributes of Slice; nil slices mean the operands.
type SliceAttrs struct {
	Starts, Ends, Steps []int64
	Axes                []int
}

// StridedSliceAttrs are TensorFlow's masks, one bit per entry; Begin, End and
// Strides are nil where they are operands.
type StridedSliceAttrs struct {
	Begin, End, Strides                                       []int64
	BeginMask, EndMask, EllipsisMask, NewAxisMask, ShrinkMask int64
	// OffsetEnd means that end is an offset from begin (TFLite offset).
	OffsetEnd bool
}

// CropAttrs are the attributes of Crop. With a reference operand the output
// takes its sizes from axis Axis on; else Sizes (and -1: to the end less End).
type CropAttrs struct {
	Axis         int
	Offsets      []int64
	Sizes        []int64
	End          []int64
	HasReference bool
}

// PadAttrs hold the padding per axis; nil means operand 1, laid out as ONNX
// does (all begins, then all ends), or with Interleaved as TensorFlow does
// ([rank, 2]). Axes nil means all axes in order.
type PadAttrs struct {
	Begin, End  []int64
	Axes        []int
	Interleaved bool
	// Mode is "constant", "reflect", "edge" or "wrap".
	Mode string
}

// GatherAttrs are the attributes of Gather and GatherND. AxisOperand means that
// operand 2, where it is known, is the axis of Gather.
type GatherAttrs struct {
	Axis, BatchDims int
	AxisOperand     bool
}

// ResizeAttrs are the attributes of Resize. Sizes or Scales are per spatial
// axis of Data, nil where they come from operands. OperandsAllAxes says that the
// operands have one entry per axis of x (ONNX) instead of per spatial axis (TFLite).
type ResizeAttrs struct {
	// Mode is "nearest", "linear", "cubic" or "area".
	Mode            string
	Sizes           []int64
	Scales          []float64
	Data            Layout
	OperandsAllAxes bool
	// Axes are the axes the operands speak of (ONNX opset 18), nil for all.
	Axes []int
	// Reference means that x becomes as large as operand 1 is (ncnn, Caffe).
	Reference bool
	// Corners means that Scales act on size-1, the distance of the corners.
	Corners bool
	// KeepAspect is ONNX's keep_aspect_ratio_policy, "" or "stretch" for none.
	KeepAspect string
}

// LayoutAttrs hold a data layout only.
type LayoutAttrs struct{ Data Layout }

// BlockAttrs are the attributes of DepthToSpace, SpaceToDepth and Reorg.
type BlockAttrs struct {
	Block int64
	Data  Layout
}

// ShapeAttrs restrict Shape to the axes Start..End (ONNX opset 15); End 0 with
// HasEnd false means all.
type ShapeAttrs struct {
	Start, End int
	HasEnd     bool
	To         DType
}

// NMSAttrs are the attributes of detection post-processing.
type NMSAttrs struct {
	MaxOutputs    int64
	MaxPerClass   int64
	Classes       int64
	CentrePoint   bool
	KeepTopK      int64
	SelectedCount bool
}

// PriorBoxAttrs hold what decides the number of priors per cell.
type PriorBoxAttrs struct {
	PriorsPerCell int64
	// Data is the layout of the feature operand.
	Data Layout
}

// LoopAttrs hold the trip count of While and Loop where it can be derived from
// the file: -1 and 0 mean unknown.
type LoopAttrs struct {
	TripCount int64
	// Reason says how the trip count was derived, or why it is unknown.
	Reason string
}

// ScanAttrs are the attributes of Scan.
type ScanAttrs struct {
	ScanInputs int
	// InputAxes and OutputAxes are the scanned axes, nil for 0.
	InputAxes, OutputAxes []int
	// Batched means that every tensor has a batch axis in front that the body
	// does not see (opset 8).
	Batched bool
}

// CustomAttrs keep the word and size of a custom operator's options.
type CustomAttrs struct {
	Domain string
	Bytes  int64
}

func (*ConvAttrs) isAttrs()           {}
func (*PoolAttrs) isAttrs()           {}
func (*RoiAttrs) isAttrs()            {}
func (*MatMulAttrs) isAttrs()         {}
func (*FullyConnectedAttrs) isAttrs() {}
func (*EinsumAttrs) isAttrs()         {}
func (*RNNAttrs) isAttrs()            {}
func (*SVDFAttrs) isAttrs()           {}
func (*AttentionAttrs) isAttrs()      {}
func (*SpectralAttrs) isAttrs()       {}
func (*AxisAttrs) isAttrs()           {}
func (*AxesAttrs) isAttrs()           {}
func (*PermAttrs) isAttrs()           {}
func (*ReduceAttrs) isAttrs()         {}
func (*GroupAttrs) isAttrs()          {}
func (*LRNAttrs) isAttrs()            {}
func (*CastAttrs) isAttrs()           {}
func (*TopKAttrs) isAttrs()           {}
func (*ReshapeAttrs) isAttrs()        {}
func (*FlattenAttrs) isAttrs()        {}
func (*SplitAttrs) isAttrs()          {}
func (*SliceAttrs) isAttrs()          {}
func (*StridedSliceAttrs) isAttrs()   {}
func (*CropAttrs) isAttrs()           {}
func (*PadAttrs) isAttrs()            {}
func (*GatherAttrs) isAttrs()         {}
func (*ResizeAttrs) isAttrs()         {}
func (*LayoutAttrs) isAttrs()         {}
func (*BlockAttrs) isAttrs()          {}
func (*ShapeAttrs) isAttrs()          {}
func (*NMSAttrs) isAttrs()            {}
func (*PriorBoxAttrs) isAttrs()       {}
func (*LoopAttrs) isAttrs()           {}
func (*ScanAttrs) isAttrs()           {}
func (*FormAttrs) isAttrs()           {}
func (*CustomAttrs) isAttrs()         {}
