package onnxop

import "github.com/gaugenn/gaugenn/graph"

// microsoftFind looks in ONNX Runtime's own operators, then, for those that it
// only re-registers under its domain, in ONNX's.
func microsoftFind(domain, opType string) (entry, bool) {
	if domain == "com.ms.internal.nhwc" {
		if e, ok := nhwcTable[opType]; ok {
			return e, true
		}
	}
	if e, ok := microsoftTable[opType]; ok {
		return e, true
	}
	if e, ok := strayTable[opType]; ok {
		return e, true
	}
	e, ok := onnxTable[opType]
	return e, ok
}

// nhwcTable has ONNX's operators in the channels-last domain that execution
// providers use inside ONNX Runtime.
var nhwcTable = map[string]entry{
	"AveragePool":       {graph.AveragePool, nhwcPool},
	"Conv":              {graph.Conv, nhwcConv},
	"FusedConv":         {graph.Conv, nhwcConv},
	"GlobalAveragePool": {graph.AveragePool, nhwcGlobalPool},
	"GlobalMaxPool":     {graph.MaxPool, nhwcGlobalPool},
	"MaxPool":           {graph.MaxPool, nhwcPool},
	"QLinearConv":       {graph.Conv, qLinearConv},
}

func nhwcGlobalPool(c *call) {
	globalPool(c)
	c.channelsLast()
}

// microsoftTable has the com.microsoft operators.
var microsoftTable = map[string]entry{
	"Attention":                        {graph.MultiHeadAttention, contribAttention},
	"BiasAdd":                          {graph.Sum, nil},
	"BiasDropout":                      {graph.Sum, nil},
	"BiasGelu":                         {graph.Add, addBias(graph.Gelu)},
	"BiasSoftmax":                      {graph.Softmax, biasSoftmax},
	"BitmaskBiasDropout":               {graph.Sum, nil},
	"BitmaskDropout":                   {graph.Dropout, nil},
	"ComplexMul":                       {graph.Mul, nil},
	"ComplexMulConj":                   {graph.Mul, nil},
	"ConvTransposeWithDynamicPads":     {graph.ConvTranspose, convTransposeDynamicPads},
	"CropAndResize":                    {graph.RoiAlign, cropAndResize},
	"DecoderMaskedMultiHeadAttention":  {graph.Attention, multiHeadAttention},
	"DecoderMaskedSelfAttention":       {graph.MultiHeadAttention, contribAttention},
	"DequantizeLinear":                 {graph.DequantizeLinear, dequantizeLinear},
	"DynamicQuantizeLSTM":              {graph.LSTM, rnn},
	"DynamicQuantizeMatMul":            {graph.MatMul, dynamicQuantizeMatMul},
	"EPContext":                        {graph.OpaqueOp, nil},
	"EmbedLayerNormalization":          {graph.EmbeddingLookup, embedLayerNorm},
	"ExpandDims":                       {graph.Unsqueeze, expandDims},
	"FastGelu":                         {graph.Add, addBias(graph.Gelu)},
	"FusedConv":                        {graph.Conv, fusedConv},
	"FusedGemm":                        {graph.Gemm, fusedGemm},
	"FusedMatMul":                      {graph.MatMul, fusedMatMul},
	"FusedMatMulActivation":            {graph.MatMul, fusedMatMul},
	"GatherBlockQuantized":             {graph.Gather, gatherBlockQuantized},
	"GemmFastGelu":                     {graph.MatMul, gemmFastGelu},
	"GemmFloat8":                       {graph.Gemm, fusedGemm},
	"GroupNorm":                        {graph.GroupNormalization, contribGroupNorm},
	"GroupQueryAttention":              {graph.Attention, multiHeadAttention},
	"Irfft":                            {graph.SpectralTransform, rfft},
	"IsAllFinite":                      {graph.IsFinite, nil},
	"LayerNormalization":               {graph.LayerNormalization, layerNorm},
	"LongformerAttention":              {graph.MultiHeadAttention, contribAttention},
	"MatMulBnb4":                       {graph.FullyConnected, matMulBnb4},
	"MatMulFpQ4":                       {graph.FullyConnected, matMulBnb4},
	"MatMulInteger16":                  {graph.MatMul, matMulInteger},
	"MatMulIntegerToFloat":             {graph.MatMul, matMulIntegerToFloat},
	"MatMulNBits":                      {graph.FullyConnected, matMulNBits},
	"MaxpoolWithMask":                  {graph.MaxPool, pool},
	"MulInteger":                       {graph.Mul, qLinearBinary},
	"MultiHeadAttention":               {graph.Attention, multiHeadAttention},
	"MurmurHash3":                      {graph.UnaryOther, nil},
	"NhwcConv":                         {graph.Conv, nhwcConv},
	"NhwcFusedConv":                    {graph.Conv, nhwcConv},
	"NhwcMaxPool":                      {graph.MaxPool, nhwcPool},
	"PackedAttention":                  {graph.MultiHeadAttention, contribAttention},
	"PackedMultiHeadAttention":         {graph.Attention, multiHeadAttention},
	"PagedAttention":                   {graph.Attention, multiHeadAttention},
	"Pad":                              {graph.Pad, pad},
	"QAttention":                       {graph.MultiHeadAttention, contribAttention},
	"QEmbedLayerNormalization":         {graph.EmbeddingLookup, embedLayerNorm},
	"QGemm":                            {graph.Gemm, qGemm},
	"QLinearAdd":                       {graph.Add, qLinearBinary},
	"QLinearAveragePool":               {graph.AveragePool, qLinearPool},
	"QLinearConcat":                    {graph.Concat, qLinearConcat},
	"QLinearConv":                      {graph.Conv, qLinearConv},
	"QLinearGlobalAveragePool":         {graph.AveragePool, qLinearGlobalPool},
	"QLinearLeakyRelu":                 {graph.LeakyRelu, qLinearUnary},
	"QLinearMul":                       {graph.Mul, qLinearBinary},
	"QLinearReduceMean":                {graph.ReduceMean, qLinearReduce},
	"QLinearSigmoid":                   {graph.Sigmoid, qLinearUnary},
	"QLinearSoftmax":                   {graph.Softmax, qLinearSoftmax},
	"QLinearWhere":                     {graph.Where, qLinearWhere},
	"QOrderedGelu":                     {graph.Gelu, nil},
	"QOrderedLayerNormalization":       {graph.LayerNormalization, layerNorm},
	"QOrderedMatMul":                   {graph.MatMul, qOrderedMatMul},
	"QuantizeLinear":                   {graph.QuantizeLinear, quantizeLinear},
	"QuickGelu":                        {graph.Silu, nil},
	"ReduceSumInteger":                 {graph.ReduceSum, reduce},
	"Rfft":                             {graph.SpectralTransform, rfft},
	"RotaryEmbedding":                  {graph.UnaryOther, nil},
	"SimplifiedLayerNormalization":     {graph.RMSNormalization, layerNorm},
	"SkipGroupNorm":                    {graph.GroupNormalization, contribGroupNorm},
	"SkipLayerNormalization":           {graph.LayerNormalization, skipLayerNorm},
	"SkipSimplifiedLayerNormalization": {graph.RMSNormalization, skipRMSNorm},
	"Snpe":                             {graph.OpaqueOp, nil},
	"SparseAttention":                  {graph.Attention, multiHeadAttention},
	"SparseToDenseMatMul":              {graph.MatMul, matMul},
	"Tokenizer":                        {graph.StringOp, nil},
	"TorchEmbedding":                   {graph.EmbeddingLookup, torchEmbedding},
	"TransposeMatMul":                  {graph.MatMul, fusedMatMul},
	"Trilu":                            {graph.Trilu, nil},
	"Unique":                           {graph.Unique, nil},
	"Inverse":                          {graph.UnaryOther, nil},
	"NGramRepeatBlock":                 {graph.UnaryOther, nil},
	"ReorderInput":                     {graph.LayoutCopy, nil},
	"ReorderOutput":                    {graph.LayoutCopy, nil},
	"GatherND":                         {graph.GatherND, gatherND},
	"QuantizeWithOrder":                {graph.QuantizeLinear, nil},
	"DequantizeWithOrder":              {graph.DequantizeLinear, nil},
	"QuantizeBFP":                      {graph.QuantizeLinear, nil},
	"DequantizeBFP":                    {graph.DequantizeLinear, nil},
}

// qOrderedMatMul has a, a scale, b, b scale, y scale, [bias], ....
func qOrderedMatMul(c *call) {
	c.operands(0, 2, 5)
	c.n.Attrs = &graph.MatMulAttrs{}
}
