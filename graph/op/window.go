package op

import "github.com/gaugenn/gaugenn/graph"

// layout returns l if it fits rank. Where the parser stated none, or NCHW with
// another number of spatial axes (a file need not state the rank that its
// operators have), it is NCHW; ok is false where an axis lies outside.
func layout(l graph.Layout, rank int) (graph.Layout, bool) {
	none := len(l.Spatial) == 0 && l.Channel == 0
	if (none || l.Channel == 1 && len(l.Spatial) != rank-2) && l.Batch == 0 && rank > 2 {
		return graph.NCHW(rank - 2), true
	}
	ok := l.Channel < rank && l.Batch < rank && l.Channel >= 0
	for _, a := range l.Spatial {
		ok = ok && a >= 0 && a < rank
	}
	return l, ok
}

// windowAt is the window along spatial axis i, with defaults filled in.
type windowAt struct {
	kernel           graph.Dim
	stride, dilation int64
	padBegin, padEnd int64
	mode             graph.PadMode
	outPadding       int64
	ceil, clip       bool
}

func pick(list []int64, i int, def int64) int64 {
	if i < len(list) {
		return list[i]
	}
	return def
}

func axisWindow(w *graph.Window, i int, kernel graph.Dim) windowAt {
	if i < len(w.Kernel) && w.Kernel[i] > 0 {
		kernel = known(w.Kernel[i])
	}
	return windowAt{
		kernel: kernel, mode: w.PadMode,
		stride: max(pick(w.Strides, i, 1), 1), dilation: max(pick(w.Dilations, i, 1), 1),
		padBegin: pick(w.PadBegin, i, 0), padEnd: pick(w.PadEnd, i, 0),
	}
}

// extent is the dilated kernel, (k-1)*d + 1.
func (w windowAt) extent() (int64, bool) {
	k, ok := w.kernel.Value()
	if !ok || k > maxDim/w.dilation {
		return 0, false
	}
	return (k-1)*w.dilation + 1, true
}

// forward is the output size of a convolution or pooling axis:
// SAME ceil(in/s); VALID ceil((in-e+1)/s); else floor((in+pads-e)/s) + 1, or
// ceil. Sources: TensorFlow SAME/VALID padding; ONNX Conv and MaxPool; Caffe
// PoolingLayer::Reshape for the clipped ceil.
func (w windowAt) forward(in graph.Dim) graph.Dim {
	if w.mode == graph.PadSameUpper || w.mode == graph.PadSameLower {
		if w.stride == 1 {
			return free(in)
		}
		n, ok := in.Value()
		if !ok {
			return unknownDim
		}
		return known((n + w.stride - 1) / w.stride)
	}
	e, ok := w.extent()
	if !ok {
		return unknownDim
	}
	pads := w.padBegin + w.padEnd
	if w.mode == graph.PadValid {
		pads = 0
	}
	if w.stride == 1 {
		return shiftDim(in, pads-e+1)
	}
	n, ok := in.Value()
	if !ok {
		return unknownDim
	}
	span := n + pads - e
	if span < 0 {
		if w.ceil && span > -w.stride {
			return known(1)
		}
		return known(0)
	}
	out := span/w.stride + 1
	if w.ceil && span%w.stride != 0 {
		out++
		if w.clip && (out-1)*w.stride >= n+w.padBegin {
			out--
		}
	}
	return known(out)
}

// backward is the output size of a transposed convolution axis: SAME in*s;
// else s*(in-1) + output padding + e - pads. Source: ONNX ConvTranspose.
func (w windowAt) backward(in graph.Dim) graph.Dim {
	if w.mode == graph.PadSameUpper || w.mode == graph.PadSameLower {
		return mulDim(in, known(w.stride))
	}
	e, ok := w.extent()
	if !ok {
		return unknownDim
	}
	pads := w.padBegin + w.padEnd
	if w.mode == graph.PadValid {
		pads = 0
	}
	if w.stride == 1 {
		return shiftDim(in, w.outPadding+e-pads-1)
	}
	n, ok := in.Value()
	if !ok {
		return unknownDim
	}
	return known(w.stride*(n-1) + w.outPadding + e - pads)
}

// groups is the number of groups of a convolution over x, unknown where it
// equals an unknown number of channels.
func groups(a *graph.ConvAttrs, channels graph.Dim) graph.Dim {
	if a.Depthwise {
		return free(channels)
	}
	return known(max(a.Groups, 1))
}

// filterDim is a filter axis by its place in the layout.
func filterDim(s *site, axis int) graph.Dim {
	f := s.shape(1)
	if axis < 0 || axis >= f.Len() {
		return unknownDim
	}
	return f.Dim(axis)
}

func spatialFilter(s *site, a *graph.ConvAttrs, i int) graph.Dim {
	if i < len(a.Filter.Spatial) {
		if d := filterDim(s, a.Filter.Spatial[i]); d.IsKnown() {
			return d
		}
	}
	if i < len(a.Kernel) && a.Kernel[i] > 0 {
		return known(a.Kernel[i])
	}
	return unknownDim
}

// wantFilter completes the filter's shape: In from the input's channels, Out
// from the attributes, the spatial axes from the kernel.
func wantFilter(s *site, a *graph.ConvAttrs, in, out graph.Dim) {
	f := a.Filter
	rank := len(f.Spatial) + 2
	if !s.has(1) || s.shape(1).IsRanked() && s.shape(1).Len() != rank {
		return
	}
	dims := make([]graph.Dim, rank)
	for i, ax := range f.Spatial {
		if ax < 0 || ax >= rank {
			return
		}
		dims[ax] = spatialFilter(s, a, i)
	}
	if f.In < 0 || f.In >= rank || f.Out < 0 || f.Out >= rank || f.In == f.Out {
		return
	}
	dims[f.In], dims[f.Out] = in, out
	s.want(1, graph.ShapeOfDims(dims...))
}

// inferConv: x, filter, [bias]. Output channels are the filter's Out axis.
func inferConv(s *site) {
	a := attrs[graph.ConvAttrs](s)
	x := s.shape(0)
	co := known(a.OutChannels)
	if a.OutChannels <= 0 {
		co = filterDim(s, a.Filter.Out)
	}
	l, ok := layout(a.Data, x.Len())
	if x.IsRanked() && !ok {
		s.complain("the layout does not fit the rank of the input")
		return
	}
	if !x.IsRanked() {
		wantFilter(s, a, unknownDim, co)
		s.set(0, graph.Shape{}, s.dtype(0))
		return
	}
	in := x.Dim(l.Channel)
	switch g, ok := groups(a, in).Value(); {
	case a.Depthwise:
		wantFilter(s, a, known(1), co)
	case ok:
		wantFilter(s, a, divDim(in, g), co)
	}
	wantBias(s, biasIndex(s.n.Op), co)
	dims := make([]graph.Dim, x.Len())
	if l.Batch >= 0 {
		dims[l.Batch] = free(x.Dim(l.Batch))
	}
	dims[l.Channel] = free(co)
	for i, ax := range l.Spatial {
		dims[ax] = axisWindow(&a.Window, i, spatialFilter(s, a, i)).forward(x.Dim(ax))
	}
	s.set(0, graph.ShapeOfDims(dims...), s.dtype(0))
	if len(s.n.Outputs) > 1 && len(l.Spatial) == 1 {
		// A causal convolution hands on the last k-1 inputs as its state.
		state := shiftDim(spatialFilter(s, a, 0), -1)
		s.set(1, free2(x).With(l.Spatial[0], state), s.dtype(0))
	}
}

// inferSeparable: x, depthwise filter, pointwise filter, [bias]. The spatial
// axes follow the depthwise part, the channels the pointwise one.
func inferSeparable(s *site) {
	a := attrs[graph.ConvAttrs](s)
	x := s.shape(0)
	l, ok := layout(a.Data, x.Len())
	if !x.IsRanked() || !ok {
		s.set(0, graph.Shape{}, s.dtype(0))
		return
	}
	dims := x.Dims()
	dims[l.Channel] = free(known(a.OutChannels))
	for i, ax := range l.Spatial {
		dims[ax] = axisWindow(&a.Window, i, spatialFilter(s, a, i)).forward(x.Dim(ax))
	}
	s.set(0, graph.ShapeOfDims(dims...), s.dtype(0))
}

func biasIndex(op graph.Op) int {
	if op == graph.DeformConv {
		return 3
	}
	return 2
}

// wantBias completes a bias of n elements.
func wantBias(s *site, i int, n graph.Dim) {
	if sh := s.shape(i); !sh.IsRanked() || sh.Len() == 1 {
		s.want(i, graph.ShapeOfDims(free(n)))
	}
}

// inferConvTranspose: x, filter, [bias], [output shape]. The filter's Out axis
// holds Co/groups.
func inferConvTranspose(s *site) {
	a := attrs[graph.ConvAttrs](s)
	x := s.shape(0)
	co := known(a.OutChannels)
	if a.OutChannels <= 0 {
		co = filterDim(s, a.Filter.Out)
		if !a.Depthwise {
			co = mulDim(co, known(max(a.Groups, 1)))
		}
	}
	if full, ok := s.dims(3); ok && s.has(3) && len(full) == x.Len() {
		s.set(0, graph.ShapeOfDims(full...), s.dtype(0))
	}
	l, ok := layout(a.Data, x.Len())
	if !x.IsRanked() || !ok {
		return
	}
	in := x.Dim(l.Channel)
	perGroup := unknownDim
	if g, ok := groups(a, in).Value(); ok {
		perGroup = divDim(co, g)
	}
	wantFilter(s, a, free(in), perGroup)
	wantBias(s, 2, co)
	if s.has(3) && s.outShape(0).IsStatic() {
		return
	}
	dims := make([]graph.Dim, x.Len())
	if l.Batch >= 0 {
		dims[l.Batch] = free(x.Dim(l.Batch))
	}
	dims[l.Channel] = free(co)
	for i, ax := range l.Spatial {
		w := axisWindow(&a.Window, i, spatialFilter(s, a, i))
		w.outPadding = pick(a.OutputPadding, i, 0)
		dims[ax] = w.backward(x.Dim(ax))
		if s.has(3) {
			dims[ax] = unknownDim
		}
		switch len(a.OutputShape) {
		case len(l.Spatial):
			dims[ax] = known(a.OutputShape[i])
		case x.Len():
			dims[ax] = known(a.OutputShape[ax])
		}
	}
	s.set(0, graph.ShapeOfDims(dims...), s.dtype(0))
}
