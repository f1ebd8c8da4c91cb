package litert

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/qnncontext"
)

// customOps are the custom operators whose meaning is known, by custom_code:
// those of TensorFlow Lite itself, of MediaPipe and of TensorFlow Text.
var customOps = map[string]builtin{
	"TFLite_Detection_PostProcess": {op: graph.DetectionOutput, read: detectionPostProcess},
	"Convolution2DTransposeBias":   {op: graph.ConvTranspose, read: mediapipeTransposeConv},
	"MaxPoolingWithArgmax2D":       {op: graph.MaxPool, read: structPool},
	"MaxUnpooling2D":               {op: graph.MaxUnpool, read: structPool},
	"AudioSpectrogram":             {op: graph.Audio, read: audioSpectrogram},
	"Mfcc":                         {op: graph.Audio, read: nil},
	"RFFT2D":                       {op: graph.SpectralTransform, read: rfft2D},
	"Bucketize":                    {op: graph.Bucketize},
	"Multinomial":                  {op: graph.Multinomial},
	"RandomStandardNormal":         {op: graph.RandomNormal},
	"RandomUniform":                {op: graph.RandomUniform},
	"HashTableV2":                  {op: graph.Lookup},
	"LookupTableFindV2":            {op: graph.Lookup},
	"LookupTableImportV2":          {op: graph.Lookup},
	"LookupTableSizeV2":            {op: graph.Lookup},
	"TFSentencepieceTokenizeOp":    {op: graph.StringOp},
	"TFSentencepieceDetokenizeOp":  {op: graph.StringOp},
	"NGrams":                       {op: graph.StringOp},
	"Normalize":                    {op: graph.StringOp},
	"ExtractFeatures":              {op: graph.StringOp},
}

// flexOps are TensorFlow operators run by the Flex delegate ("FlexSub") that
// need no attributes.
var flexOps = map[string]graph.Op{
	"Add": graph.Add, "AddV2": graph.Add, "Sub": graph.Sub, "Mul": graph.Mul, "Div": graph.Div, "RealDiv": graph.Div,
	"FloorDiv": graph.FloorDiv, "FloorMod": graph.FloorMod, "Mod": graph.Mod, "Pow": graph.Pow, "AddN": graph.Sum,
	"Maximum": graph.Max, "Minimum": graph.Min, "SquaredDifference": graph.SquaredDifference, "Atan2": graph.Atan2,
	"Relu": graph.Relu, "Relu6": graph.Relu6, "Elu": graph.Elu, "Selu": graph.Selu, "Softplus": graph.Softplus, "Softsign": graph.Softsign,
	"Sigmoid": graph.Sigmoid, "Tanh": graph.Tanh, "Exp": graph.Exp, "Expm1": graph.Expm1, "Log": graph.Log, "Log1p": graph.Log1p,
	"Sqrt": graph.Sqrt, "Rsqrt": graph.Rsqrt, "Square": graph.Square, "Abs": graph.Abs, "Neg": graph.Neg, "Sign": graph.Sign,
	"Floor": graph.Floor, "Ceil": graph.Ceil, "Round": graph.Round, "Rint": graph.Round, "Reciprocal": graph.Reciprocal,
	"Sin": graph.Sin, "Cos": graph.Cos, "Tan": graph.Tan, "Asin": graph.Asin, "Acos": graph.Acos, "Atan": graph.Atan,
	"Sinh": graph.Sinh, "Cosh": graph.Cosh, "Asinh": graph.Asinh, "Acosh": graph.Acosh, "Atanh": graph.Atanh, "Erf": graph.Erf,
	"Equal": graph.Equal, "NotEqual": graph.NotEqual, "Less": graph.Less, "LessEqual": graph.LessOrEqual,
	"Greater": graph.Greater, "GreaterEqual": graph.GreaterOrEqual, "LogicalAnd": graph.LogicalAnd, "LogicalOr": graph.LogicalOr,
	"LogicalNot": graph.LogicalNot, "IsNan": graph.IsNaN, "IsInf": graph.IsInf, "IsFinite": graph.IsFinite,
	"Identity": graph.Identity, "StopGradient": graph.Identity, "Select": graph.Where, "SelectV2": graph.Where,
	"Real": graph.Real, "Imag": graph.Imag, "ComplexAbs": graph.ComplexAbs, "Fill": graph.Fill, "Range": graph.Range,
	"Multinomial": graph.Multinomial, "Where": graph.WhereIndices, "Unique": graph.Unique, "ZerosLike": graph.ZerosLike,
	"ReadVariableOp": graph.StateRead, "VarHandleOp": graph.StateRead, "AssignVariableOp": graph.StateWrite,
	"WhitespaceTokenizeWithOffsets": graph.StringOp, "UnicodeDecodeWithOffsets": graph.StringOp, "UnicodeEncode": graph.StringOp,
	"StringSplit": graph.StringOp, "StringSplitV2": graph.StringOp, "StringJoin": graph.StringOp, "RegexReplace": graph.StringOp, "StaticRegexReplace": graph.StringOp,
	"StringLower": graph.StringOp, "StringStrip": graph.StringOp, "StringToNumber": graph.StringOp, "StringToHashBucketFast": graph.StringOp,
	"TensorListReserve": graph.SequenceOp, "TensorListGetItem": graph.SequenceOp, "TensorListSetItem": graph.SequenceOp,
	"TensorListStack": graph.SequenceOp, "TensorListFromTensor": graph.SequenceOp,
	"HashTableV2": graph.Lookup, "LookupTableFindV2": graph.Lookup, "LookupTableImportV2": graph.Lookup,
}

// opaqueOps are custom operators that carry a compiled piece of the network;
// the values name the kind of the piece.
var opaqueOps = map[string]string{
	"edgetpu-custom-op": "edgetpu",
	"DISPATCH_OP":       "dispatch_op",
	"ethos-u":           "ethos_u",
}

// customOf returns what is known of a custom operator.
func customOf(code string) *builtin {
	if b, ok := customOps[code]; ok {
		return &b
	}
	if _, ok := opaqueOps[code]; ok {
		return &builtin{op: graph.OpaqueOp}
	}
	if op, ok := flexOps[strings.TrimPrefix(code, "Flex")]; ok && strings.HasPrefix(code, "Flex") {
		return &builtin{op: op}
	}
	if strings.HasPrefix(code, "tftext:") {
		return &builtin{op: graph.StringOp}
	}
	return &builtin{op: graph.Custom}
}

// custom reads a custom operator: its options' size always, their contents
// where the operator is known.
func (s *site) custom() error {
	data, err := s.customOptions()
	if err != nil {
		return err
	}
	kind, opaque := opaqueOps[s.code.word]
	switch {
	case opaque:
		s.opaque(kind, data)
	case s.code.builtin.read != nil:
		s.code.builtin.read(s)
	case s.n.Op == graph.Custom:
		s.n.Attrs = &graph.CustomAttrs{Bytes: int64(len(data))}
	}
	return nil
}

// customOptions returns the operator's options, which in a large model lie
// behind the FlatBuffer.
func (s *site) customOptions() ([]byte, error) {
	if data := s.operator.Bytes(operatorCustomOptions); len(data) > 0 {
		return data, nil
	}
	off, size := s.operator.Uint64(operatorLargeCustomOptionsOffset, 0), s.operator.Uint64(operatorLargeCustomOptionsSize, 0)
	if off <= 1 || size == 0 {
		return nil, nil
	}
	return s.r.outside(s.operator.Pos(), off, size)
}

// opaque records a compiled piece. Its bytes are the options, or for
// DISPATCH_OP what the options point to, or for Ethos-U the constant operands
// (command stream and weights).
func (s *site) opaque(kind string, data []byte) {
	size := int64(len(data))
	if m := flatbuf.FlexRoot(data); m.IsMap() {
		off, ok := m.Field("bytecode_offset").Int()
		n, ok2 := m.Field("bytecode_size").Int()
		if total := int64(len(s.r.in.Data)); ok && ok2 && off > 1 && n > 0 && off <= total && n <= total-off {
			size = n
			s.r.end = max(s.r.end, off+n)
			qnncontext.Describe(s.r.m, s.r.in.Data[off:off+n], s.r.lim)
		} else if ok && ok2 && n > 0 {
			s.r.note(true, fmt.Sprintf("the bytecode of %s (%d bytes at %d) is not in the file", s.code.word, n, off))
		}
		if name, ok := m.Field("name").Text(); ok {
			s.n.Name = s.r.text(name)
		}
	}
	for i := range s.n.Inputs {
		if t := s.in(i); kind == "ethos_u" && t != nil && t.Const != nil {
			size += t.Const.StoredBytes
		}
	}
	s.n.Attrs = &graph.CustomAttrs{Bytes: size}
	where := s.code.word
	if s.n.Name != "" {
		where += " " + s.n.Name
	}
	s.r.m.Opaque = append(s.r.m.Opaque, graph.Opaque{Kind: kind, Where: where, Bytes: size})
}

// flexMap returns the options as a FlexBuffers map, absent if they are none.
func (s *site) flexMap() flatbuf.Flex {
	return flatbuf.FlexRoot(s.operator.Bytes(operatorCustomOptions))
}

func detectionPostProcess(s *site) {
	m := s.flexMap()
	get := func(key string) int64 {
		v, _ := m.Field(key).Int()
		return max(0, v)
	}
	s.n.Attrs = &graph.NMSAttrs{
		MaxOutputs: get("max_detections"), MaxPerClass: get("detections_per_class"), Classes: get("num_classes"), CentrePoint: true,
	}
}

func audioSpectrogram(s *site) {
	m := s.flexMap()
	size, _ := m.Field("window_size").Int()
	hop, _ := m.Field("stride").Int()
	s.n.Attrs = &graph.SpectralAttrs{Length: max(0, size), Hop: max(0, hop), OneSided: true}
}

// cInts reads options that are a C struct of 32-bit integers, as MediaPipe
// stores them: nil when they are too short.
func (s *site) cInts(n int) []int64 {
	data := s.operator.Bytes(operatorCustomOptions)
	if len(data) < 4*n {
		return nil
	}
	out := make([]int64, n)
	for i := range out {
		out[i] = int64(int32(binary.LittleEndian.Uint32(data[4*i:])))
	}
	return out
}

// cPadding is TfLitePadding: 1 same, 2 valid.
func cPadding(v int64) graph.PadMode {
	if v == 2 {
		return graph.PadValid
	}
	return graph.PadSameUpper
}

// mediapipeTransposeConv has x, filter and bias as operands and
// TfLiteTransposeConvParams{padding, stride_width, stride_height} as options.
func mediapipeTransposeConv(s *site) {
	v := s.cInts(3)
	if v == nil || v[1] <= 0 || v[2] <= 0 {
		s.n.Op = graph.Custom
		return
	}
	a := &graph.ConvAttrs{Data: graph.NHWC(2), Filter: graph.OHWI(2)}
	a.PadMode, a.Strides = cPadding(v[0]), []int64{v[2], v[1]}
	s.n.Attrs = a
}

// structPool has TfLitePoolParams{padding, stride_width, stride_height,
// filter_width, filter_height} as options.
func structPool(s *site) {
	v := s.cInts(5)
	if v == nil || v[1] <= 0 || v[2] <= 0 || v[3] <= 0 || v[4] <= 0 {
		s.n.Op = graph.Custom
		return
	}
	a := &graph.PoolAttrs{Data: graph.NHWC(2)}
	a.PadMode, a.Strides, a.Kernel = cPadding(v[0]), []int64{v[2], v[1]}, []int64{v[4], v[3]}
	s.n.Attrs = a
}
