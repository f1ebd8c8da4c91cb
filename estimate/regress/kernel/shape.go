package kernel

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Shape is one convolution with batch norm and rectifier on a square input of
// batch 1, "same" padding.
type Shape struct {
	HW     int // input height and width, pixels
	CIn    int // input channels
	COut   int // output channels
	K      int // kernel height and width
	Stride int
}

// ParseShape reads the form "conv-bn-relu:HW=14,CIN=64,COUT=128,K=3,S=1"; the
// text before the colon may be anything.
func ParseShape(s string) (Shape, error) {
	var p Shape
	field := map[string]*int{"HW": &p.HW, "CIN": &p.CIn, "COUT": &p.COut, "K": &p.K, "S": &p.Stride}
	list := s[strings.IndexByte(s, ':')+1:]
	for _, kv := range strings.Split(list, ",") {
		k, v, ok := strings.Cut(kv, "=")
		dst := field[k]
		if !ok || dst == nil {
			return Shape{}, fmt.Errorf("kernel shape %q: unknown field %q", s, kv)
		}
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 1<<20 {
			return Shape{}, fmt.Errorf("kernel shape %q: %s is not a size", s, kv)
		}
		*dst = n
	}
	for k, v := range field {
		if *v == 0 {
			return Shape{}, fmt.Errorf("kernel shape %q: %s is missing", s, k)
		}
	}
	return p, nil
}

// Out is the output height and width: ceil(HW/Stride).
func (s Shape) Out() int { return (s.HW + s.Stride - 1) / s.Stride }

// MACs is the number of multiply-accumulates.
func (s Shape) MACs() float64 {
	o := float64(s.Out())
	return o * o * float64(s.CIn) * float64(s.COut) * float64(s.K*s.K)
}

// FeatureNames names the columns of Features, in order.
func FeatureNames() []string {
	return []string{
		"log_hw", "log_cin", "log_cout", "log_k", "log_stride",
		"log_macs", "log_input", "log_output", "log_weight", "log_im2col",
		"pad_c4", "pad_cout8", "pad_pixels8", "winograd", "pointwise", "strided", "pad_row4", "pad_cout16",
		"intensity", "pad_pixels64", "threads", "pad_cin4", "log_depth",
	}
}

// rawColumns is the number of leading features that are the five sizes.
const rawColumns = 5

// Features returns the logarithms of sizes and traffic and the logarithms of
// the work added by rounding channels, pixels and rows up to the tiles of
// common kernels (4 channels in one texel, 8 and 16 output channels or 8
// pixels in a micro-kernel), with flags of the kernels that runtimes choose
// between.
func (s Shape) Features() []float64 {
	h, ci, co, k, o := float64(s.HW), float64(s.CIn), float64(s.COut), float64(s.K), float64(s.Out())
	macs, in, out, w, im := s.MACs(), h*h*ci, o*o*co, ci*co*k*k, o*o*ci*k*k
	return []float64{
		math.Log(h), math.Log(ci), math.Log(co), math.Log(k), math.Log(float64(s.Stride)),
		math.Log(macs), math.Log(in), math.Log(out), math.Log(w), math.Log(im),
		pad(ci, 4) + pad(co, 4), pad(co, 8), pad(o*o, 8),
		flag(s.K == 3 && s.Stride == 1), flag(s.K == 1), flag(s.Stride > 1),
		2 * pad(o, 4), pad(co, 16),
		math.Log(macs / (in + out + w)), pad(o*o, 64), math.Log(math.Ceil(co/4) * o * o), pad(ci, 4), math.Log(ci * k * k),
	}
}

// pad is the log of the growth of x when it is rounded up to a multiple of m.
func pad(x, m float64) float64 { return math.Log(math.Ceil(x/m) * m / x) }

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
