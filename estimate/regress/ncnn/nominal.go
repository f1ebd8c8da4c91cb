package ncnn

import (
	"math"

	"github.com/gaugenn/gaugenn/estimate/feature"
)

// class is a part of the nominal time that has its own unknown factor per run.
type class int

// The classes: kernels by kind, then overhead per kernel launch, traffic of convolution weights, traffic of convolution activations.
const (
	conv1x1 class = iota
	conv3x3
	convOther
	convFirst // reads an image of at most four channels
	depthwise
	grouped1x1
	dense
	pointwise
	pooling
	moving
	normalising
	detecting
	launching
	weightTraffic
	activationTraffic
	classCount
)

// int8Classes are the classes whose 8-bit part has a further factor of its own.
var int8Classes = [...]class{conv1x1, conv3x3, convOther, convFirst, depthwise}

const int8Count = len(int8Classes)

// modifier is a property of kernels that may make them slower or faster than their class; its value for a network is the share of the
// nominal time that has the property.
type modifier int

// The modifiers.
const (
	fewPixels1x1 modifier = iota
	fewInputs1x1
	fewOutputs1x1
	fewInputs3x3
	fewPixels3x3
	notBy4 // channels that do not fill packs of four
	notBy8 // channels that fill packs of four but not of eight
	spills // activations beyond a megabyte
	bigWeights
	depthStrided
	depthLarge // kernel beyond 3x3
	otherPoint // 1x1 within convOther
	resizing
	permuting
	acrossChannels // local response normalisation
	unary          // pointwise with one operand
	joining        // concatenation and slicing
	modifierCount
)

// nominal is the time in milliseconds that a network would take with prior knowledge alone.
type nominal struct {
	class    [classCount]float64
	int8     [int8Count]float64 // the part of class[int8Classes[i]] in 8-bit kernels
	modifier [modifierCount]float64
}

// total returns the nominal time.
func (x *nominal) total() float64 {
	t := 0.0
	for _, v := range x.class {
		t += v
	}
	return t
}

// rates are a setting's peaks in the units of layer counts.
type rates struct {
	macs, macs8, bytes float64 // MACs, 8-bit MACs and bytes per ms
	elem               float64 // bytes per activation element
}

// nominalOf sums the layers of a network at a setting. Efficiencies, fractions of the peak that kernels of a class reach, are prior
// knowledge of such kernels in general: small channel counts and few pixels leave vector lanes idle; 3x3 convolutions run as
// Winograd F(6,3) or F(4,3), which saves multiplications and pays for transforms; channel counts that do not fill packs take slower
// paths since the runtime packs channels (2020). What a run does differently from this is the Gaussian process's to learn.
func nominalOf(s *setting, net *feature.Network) *nominal {
	r := rates{macs: s.peak * 1e6 / 2, macs8: s.peakInt8 * 1e6 / 2, bytes: s.bandwidth * 1e6, elem: 4}
	if s.fp16 {
		r.elem = 2
	}
	x := &nominal{}
	for i := range net.Layers {
		x.add(s, r, &net.Layers[i])
	}
	if s.gpu { // the shape of work matters more to a GPU
		for i := range x.modifier {
			x.modifier[i] *= 2
		}
	}
	return x
}

// add adds one layer.
func (x *nominal) add(s *setting, r rates, l *feature.Layer) {
	before := x.total()
	bytes := r.elem
	if l.Int8 {
		bytes = 1
	}
	io := (l.InElems + l.OutElems) * bytes
	x.class[launching] += launch(s)
	switch c := classOf(l); c {
	case conv1x1, conv3x3, convOther, convFirst, depthwise, grouped1x1:
		x.addConv(s, r, l, c, bytes)
		x.class[activationTraffic] += io / r.bytes * .35
	case dense:
		x.class[dense] += l.Params*bytes/r.bytes + l.MACs*.2/r.macs
	case detecting:
		x.class[detecting] += (l.InElems+l.OutElems)*12/r.bytes + .02/s.ghz
	case normalising:
		x.class[normalising] += io / r.bytes * 4
	case pooling:
		k := 1.0
		if l.Kind == feature.Pool {
			k = float64(max(1, l.KernelW))
		}
		x.class[pooling] += (l.InElems + l.OutElems*k) * bytes / r.bytes * .6
	case moving:
		if l.Kind == feature.Reshape {
			io /= 2
		}
		x.class[moving] += io / r.bytes * .8
	default:
		x.class[pointwise] += io/r.bytes*.7 + l.MACs*.2/r.macs
	}
	took := x.total() - before
	x.modifier[spills] += took * io / (io + 1e6)
	if m, ok := opModifiers[l.Op]; ok {
		x.modifier[m] += took
	} else if classOf(l) == pointwise && l.Kind != feature.Eltwise {
		x.modifier[unary] += took
	}
}

// opModifiers are the modifiers that follow from the operator alone.
var opModifiers = map[string]modifier{"Resize": resizing, "Transpose": permuting, "ChannelShuffle": permuting, "LRN": acrossChannels,
	"Concat": joining, "Slice": joining, "Split": joining, "StridedSlice": joining}

// launch is the nominal cost of starting one kernel in ms: waking the threads costs with their number.
func launch(s *setting) float64 {
	if s.gpu {
		return .02
	}
	return (.004 + .002*float64(s.threads)) * 2 / s.ghz
}

// classOf returns the class that a layer's own work is booked on.
func classOf(l *feature.Layer) class {
	point := l.KernelH == 1 && l.KernelW == 1
	three := l.KernelH == 3 && l.KernelW == 3 && l.StrideH == 1 && l.StrideW == 1 && l.DilationH == 1 && l.DilationW == 1
	switch l.Kind {
	case feature.Conv:
		switch {
		case l.InChannels <= 4:
			return convFirst
		case point:
			return conv1x1
		case three:
			return conv3x3
		}
		return convOther
	case feature.GroupConv:
		switch {
		case point:
			return grouped1x1
		case three && l.OutChannels/l.Groups >= 16:
			return conv3x3
		}
		return convOther
	case feature.DepthConv:
		return depthwise
	case feature.Deconv:
		return convOther
	case feature.Dense:
		if l.Pixels > 1 {
			return conv1x1
		}
		return dense
	case feature.MatMul, feature.Attention:
		return conv1x1
	case feature.Recurrent:
		return dense
	case feature.Pool, feature.GlobalPool:
		return pooling
	case feature.Norm, feature.Softmax:
		return normalising
	case feature.Detect:
		return detecting
	case feature.Move, feature.Reshape, feature.Resize, feature.Embed:
		return moving
	}
	return pointwise
}

// addConv books the arithmetic of a convolution or matrix product, and its weights.
func (x *nominal) addConv(s *setting, r rates, l *feature.Layer, c class, bytes float64) {
	peak := r.macs
	if l.Int8 {
		peak = r.macs8
	}
	in, out, px := float64(l.InChannels), float64(l.OutChannels), float64(l.Pixels)
	if l.Kind == feature.GroupConv && c != grouped1x1 {
		in, out = math.Max(1, math.Floor(in/float64(l.Groups))), math.Max(1, math.Floor(out/float64(l.Groups)))
	}
	work, weights := 0.0, l.Params*bytes
	switch c {
	case conv1x1:
		work = l.MACs / (.45 * in / (in + 8) * out / (out + 8) * px / (px + 16))
	case conv3x3:
		work = l.MACs / .3
		if in >= 16 && out >= 16 && px >= 36 { // Winograd: transforms, and weights 64/9 as large
			work = l.MACs/(.45*2.6) + (l.InElems+l.OutElems)*12
			weights = l.Params * bytes * 5
			if l.Int8 {
				weights = l.Params * bytes * 1.8
			}
		}
	case convOther:
		work = l.MACs / (.35 * in / (in + 8))
	case convFirst, grouped1x1:
		work, weights = l.MACs/.2, 0
	case depthwise:
		work, weights = l.MACs/.15, 0
		if max(l.KernelH, l.KernelW) > 3 {
			work = l.MACs / .12
		}
	}
	if !s.gpu && s.date < packedSince && fellBack(l) {
		work = l.MACs / .05
	}
	by4, by8 := l.InChannels%4 == 0 && l.OutChannels%4 == 0, l.InChannels%8 == 0 && l.OutChannels%8 == 0
	if l.Kind == feature.GroupConv {
		i, o := l.InChannels/l.Groups, l.OutChannels/l.Groups
		by4, by8 = i%4 == 0 && o%4 == 0, i%8 == 0 && o%8 == 0
	}
	if (c == conv1x1 || c == conv3x3) && !s.gpu {
		if s.date >= packedSince && !by4 {
			work *= 1.4
		}
		if s.fp16 && !by8 {
			work *= 1.25
		}
	}
	t := work / peak
	x.class[c] += t
	x.class[weightTraffic] += weights / r.bytes * .7
	if l.Int8 {
		for i, k := range int8Classes {
			if k == c {
				x.int8[i] += t
			}
		}
	}
	x.modifyConv(l, c, t, in, out, px, by4, by8)
}

// fellBack reports whether a convolution had no kernel of its own before packing: the ARM layer fell back to plain loops for kernels beyond
// 7 and strides beyond 4 (convolution_arm.cpp of 2018 and 2019).
func fellBack(l *feature.Layer) bool {
	return max(l.KernelH, l.KernelW) > 7 || max(l.StrideH, l.StrideW) > 4
}

// packedSince is when the runtime began to store channels in packs.
const packedSince = 2020.2

// modifyConv books the modifiers of a convolution of t ms.
func (x *nominal) modifyConv(l *feature.Layer, c class, t, in, out, px float64, by4, by8 bool) {
	switch c {
	case conv1x1:
		x.modifier[fewPixels1x1] += t * 16 / (px + 16)
		x.modifier[fewInputs1x1] += t * 16 / (in + 16)
		x.modifier[fewOutputs1x1] += t * 16 / (out + 16)
	case conv3x3:
		x.modifier[fewInputs3x3] += t * 16 / (in + 16)
		x.modifier[fewPixels3x3] += t * 36 / (px + 36)
	case depthwise:
		if l.StrideH > 1 || l.StrideW > 1 {
			x.modifier[depthStrided] += t
		}
		if max(l.KernelH, l.KernelW) > 3 {
			x.modifier[depthLarge] += t
		}
	case convOther:
		if l.KernelH == 1 && l.KernelW == 1 {
			x.modifier[otherPoint] += t
		}
	}
	switch c {
	case conv1x1, conv3x3, convOther, grouped1x1:
		if !by4 {
			x.modifier[notBy4] += t
		} else if !by8 {
			x.modifier[notBy8] += t
		}
		x.modifier[bigWeights] += t * l.Params * 4 / (l.Params*4 + 5e5)
	}
}
