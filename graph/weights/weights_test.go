package weights_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"math/rand"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/weights"
)

func floats(v ...float32) []byte {
	var b bytes.Buffer
	_ = binary.Write(&b, binary.LittleEndian, v)
	return b.Bytes()
}

func constant(dt graph.DType, data []byte, dims ...int64) *graph.Tensor {
	return &graph.Tensor{DType: dt, Shape: graph.ShapeOf(dims...), Const: &graph.Const{Data: data, StoredBytes: int64(len(data))}}
}

func TestMeasure_knownValues(t *testing.T) {
	nan := float32(math.NaN())
	affine := func(x *graph.Tensor, scale float32, zero int64) *graph.Tensor {
		x.Quant = &graph.Quant{Scales: []float32{scale}, ZeroPoints: []int64{zero}}
		return x
	}
	for name, c := range map[string]struct {
		t                                *graph.Tensor
		n, distinct, odd                 int64
		zero, near, low, high, mean, std float64
	}{
		"float32":          {constant(graph.Float32, floats(0, 1, -1, 4), 4), 4, 4, 0, .25, .25, -1, 4, 1, math.Sqrt(3.5)},
		"negative zero":    {constant(graph.Float32, floats(0, float32(math.Copysign(0, -1))), 2), 2, 2, 0, 1, 1, 0, 0, 0, 0},
		"near zero":        {constant(graph.Float32, floats(1e-10, -1e-10, 1e-8, 2), 4), 4, 4, 0, 0, .5, -1e-10, 2, .5, math.Sqrt(.75)},
		"not finite":       {constant(graph.Float32, floats(nan, 1, 3), 3), 3, 3, 1, 0, 0, 1, 3, 2, 1},
		"float16":          {constant(graph.Float16, []byte{0, 0x3c, 0, 0xc0, 0, 0, 1, 0}, 4), 4, 4, 0, .25, .25, -2, 1, (1 - 2 + math.Ldexp(1, -24)) / 4, 1.0897247202},
		"bfloat16":         {constant(graph.BFloat16, []byte{0x80, 0x3f, 0x80, 0x3f}, 2), 2, 1, 0, 0, 0, 1, 1, 1, 0},
		"float8 e4m3":      {constant(graph.Float8E4M3FN, []byte{0x38, 0x7e, 0x7f}, 3), 3, 3, 1, 0, 0, 1, 448, 224.5, 223.5},
		"float8 e5m2":      {constant(graph.Float8E5M2, []byte{0x3c, 0x7b}, 2), 2, 2, 0, 0, 0, 1, 57344, 28672.5, 28671.5},
		"int8":             {constant(graph.Int8, []byte{0, 255, 1, 128}, 4), 4, 4, 0, .25, .25, -128, 1, -32, 55.43013621},
		"int8 zero point":  {affine(constant(graph.Int8, []byte{3, 3, 4, 0}, 4), .1, 3), 4, 3, 0, .5, .5, 0, 4, 2.5, 1.5},
		"uint8 tiny scale": {affine(constant(graph.Uint8, []byte{3, 4, 5}, 3), 4e-10, 3), 3, 3, 0, 1. / 3, 1, 3, 5, 4, math.Sqrt(2. / 3)},
		"int4":             {constant(graph.Int4, []byte{0xf1, 0x08}, 3), 3, 3, 0, 0, 0, -8, 1, -8. / 3, 3.858612301},
		"uint4 odd count":  {constant(graph.Uint4, []byte{0x21, 0xf3}, 3), 3, 3, 0, 0, 0, 1, 3, 2, math.Sqrt(2. / 3)},
		"int2":             {constant(graph.Int2, []byte{0b11_10_01_00}, 4), 4, 4, 0, .25, .25, -2, 1, -.5, math.Sqrt(1.25)},
		"bool":             {constant(graph.Bool, []byte{1, 0, 1, 1}, 4), 4, 2, 0, .25, .25, 0, 1, .75, .4330127019},
		"int32":            {constant(graph.Int32, []byte{255, 255, 255, 255, 5, 0, 0, 0}, 2), 2, 2, 0, 0, 0, -1, 5, 2, 3},
		"int64":            {constant(graph.Int64, []byte{2, 0, 0, 0, 0, 0, 0, 0}), 1, 1, 0, 0, 0, 2, 2, 2, 0},
		"empty":            {constant(graph.Float32, []byte{}, 0), 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"open shape":       {&graph.Tensor{DType: graph.Float32, Const: &graph.Const{Data: floats(5, 7)}}, 2, 2, 0, 0, 0, 5, 7, 6, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := weights.Measure(c.t)
			if !s.Known {
				t.Fatalf("unknown: %s", s.Reason)
			}
			if s.ElementCount != c.n || s.DistinctValues != c.distinct || s.NonFinite != c.odd {
				t.Errorf("elements %d distinct %d odd %d, want %d %d %d", s.ElementCount, s.DistinctValues, s.NonFinite, c.n, c.distinct, c.odd)
			}
			for what, v := range map[string][2]float64{"zero": {s.ZeroFraction, c.zero}, "near": {s.NearZeroFraction, c.near},
				"min": {s.Min, c.low}, "max": {s.Max, c.high}, "mean": {s.Mean, c.mean}, "std": {s.Std, c.std}} {
				if math.Abs(v[0]-v[1]) > 1e-6*math.Max(1, math.Abs(v[1])) {
					t.Errorf("%s = %v, want %v", what, v[0], v[1])
				}
			}
			want := sha256.Sum256(c.t.Const.Data)
			if s.SHA256 != hex.EncodeToString(want[:]) {
				t.Errorf("sha256 = %s", s.SHA256)
			}
		})
	}
}

// random returns n floats and their exact figures by a plain loop.
func random(n int) (v []float32, sum, low, high float64) {
	r := rand.New(rand.NewSource(1))
	v = make([]float32, n)
	low, high = math.Inf(1), math.Inf(-1)
	for i := range v {
		if i%5 > 0 {
			v[i] = float32(r.NormFloat64()*0.05 + 0.01)
		}
		f := float64(v[i])
		sum += f
		low, high = math.Min(low, f), math.Max(high, f)
	}
	return v, sum, low, high
}

func TestMeasure_largeTensorAgreesWithPlainLoop(t *testing.T) {
	for _, n := range []int{2047, 2048, 2049, 300_001} {
		v, sum, low, high := random(n)
		aligned := floats(v...)
		shifted := append([]byte{0}, aligned...)[1:]
		for name, data := range map[string][]byte{"aligned": aligned, "unaligned": shifted} {
			s := weights.Measure(constant(graph.Float32, data, int64(n)))
			if math.Abs(s.Mean-sum/float64(n)) > 1e-8 || s.Min != low || s.Max != high {
				t.Errorf("%s %d: mean %v min %v max %v, want %v %v %v", name, n, s.Mean, s.Min, s.Max, sum/float64(n), low, high)
			}
			zeros := float64((n + 4) / 5)
			if s.ZeroFraction != zeros/float64(n) || s.NearZeroFraction < s.ZeroFraction {
				t.Errorf("%s %d: zero %v near %v", name, n, s.ZeroFraction, s.NearZeroFraction)
			}
			if math.Abs(s.Std-0.0447) > 0.01 {
				t.Errorf("%s %d: std %v", name, n, s.Std)
			}
		}
	}
}

// TestMeasure_countsDistinctValuesOfLongTensors: around the limit, whether the
// beginning shows all of them or not.
func TestMeasure_countsDistinctValuesOfLongTensors(t *testing.T) {
	for _, distinct := range []int{1, 300, weights.MaxDistinct - 1, weights.MaxDistinct, weights.MaxDistinct + 1, 3 * weights.MaxDistinct} {
		for _, n := range []int{2 * weights.MaxDistinct, 7*weights.MaxDistinct + 3} {
			v := make([]float32, n)
			for i := range v {
				v[i] = 1 + float32(min(i, n-i)%distinct)/(1<<20)
			}
			seen := map[float32]bool{}
			for _, x := range v {
				seen[x] = true
			}
			want := int64(len(seen))
			if want > weights.MaxDistinct {
				want = -1
			}
			if s := weights.Measure(constant(graph.Float32, floats(v...), int64(n))); s.DistinctValues != want {
				t.Errorf("%d values, %d distinct: got %d, want %d", n, len(seen), s.DistinctValues, want)
			}
		}
	}
}

// TestMeasure_sameFiguresWhereverThePayloadLies: to the last bit, or the rows of a
// model would hang on which of its copies was read.
func TestMeasure_sameFiguresWhereverThePayloadLies(t *testing.T) {
	for _, n := range []int{5, 2048, 8192, 100_003} {
		v, _, _, _ := random(n)
		plain := floats(v...)
		want := weights.Measure(constant(graph.Float32, plain, int64(n)))
		for shift := range 33 {
			data := append(make([]byte, shift), plain...)[shift:]
			if got := weights.Measure(constant(graph.Float32, data, int64(n))); got != want {
				t.Fatalf("%d values, moved by %d: %+v, want %+v", n, shift, got, want)
			}
		}
	}
}

// TestMeasure_shortAndLongHalvesAgree: both ways of counting 16-bit floats.
func TestMeasure_shortAndLongHalvesAgree(t *testing.T) {
	v, _, _, _ := random(5000)
	short := floats(v[:2500]...)
	long := bytes.Repeat(short, 4)
	a := weights.Measure(constant(graph.Float16, short, 5000))
	b := weights.Measure(constant(graph.Float16, long, 20000))
	if a.DistinctValues != b.DistinctValues || a.ZeroFraction != b.ZeroFraction || a.Min != b.Min || a.Max != b.Max || 4*a.NonFinite != b.NonFinite {
		t.Errorf("short %+v\nlong %+v", a, b)
	}
}

// FuzzMeasure holds that no payload, dtype or shape panics, and that the
// fractions stay fractions.
func FuzzMeasure(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8}, uint8(graph.Float32), int64(2), int64(1))
	f.Add([]byte{0xff, 0x7f, 0, 0x80}, uint8(graph.Float16), int64(2), int64(-1))
	f.Add([]byte{0x12, 0x34}, uint8(graph.Int4), int64(3), int64(1))
	f.Add(bytes.Repeat([]byte{0, 0, 0xc0, 0x7f, 1, 0, 0, 0}, 2000), uint8(graph.Float32), int64(4000), int64(1))
	f.Fuzz(func(t *testing.T, data []byte, dt uint8, a, b int64) {
		x := &graph.Tensor{DType: graph.DType(dt % 40), Shape: graph.ShapeOf(a, b), Const: &graph.Const{Data: data, StoredBytes: a},
			Quant: &graph.Quant{Scales: []float32{float32(b)}, ZeroPoints: []int64{a}}}
		s := weights.Measure(x)
		weights.Quantisation(x, s)
		if s.ZeroFraction < 0 || s.ZeroFraction > s.NearZeroFraction || s.NearZeroFraction > 1 {
			t.Errorf("zero %v near %v", s.ZeroFraction, s.NearZeroFraction)
		}
		if s.Known && s.Min > s.Max {
			t.Errorf("min %v max %v", s.Min, s.Max)
		}
		if v, err := weights.Open(x); err == nil {
			if _, err := v.Channels(0); err != nil {
				t.Errorf("channels: %v", err)
			}
		}
	})
}

func TestMeasure_distinctIsBounded(t *testing.T) {
	v := make([]float32, weights.MaxDistinct+1)
	for i := range v {
		v[i] = float32(i)
	}
	if s := weights.Measure(constant(graph.Float32, floats(v...), int64(len(v)))); s.DistinctValues != -1 {
		t.Errorf("distinct = %d, want -1", s.DistinctValues)
	}
	if s := weights.Measure(constant(graph.Float32, floats(v[:len(v)-1]...), int64(len(v)-1))); s.DistinctValues != weights.MaxDistinct {
		t.Errorf("distinct = %d, want %d", s.DistinctValues, weights.MaxDistinct)
	}
}

func TestMeasure_saysWhyItCannot(t *testing.T) {
	for name, c := range map[string]struct {
		t    *graph.Tensor
		want string
	}{
		"missing":   {&graph.Tensor{DType: graph.Float32, Shape: graph.ShapeOf(2), Const: &graph.Const{Missing: "external file not found", StoredBytes: 8}}, "external file not found"},
		"decode":    {&graph.Tensor{DType: graph.Float32, Shape: graph.ShapeOf(2), Const: &graph.Const{Decode: func() ([]byte, error) { return nil, errors.New("bad block") }}}, "bad block"},
		"short":     {constant(graph.Float32, floats(1), 2), "the payload is shorter than the shape"},
		"string":    {constant(graph.String, []byte("ab"), 1), "no statistics of string"},
		"not const": {&graph.Tensor{DType: graph.Float32}, "no constant"},
	} {
		t.Run(name, func(t *testing.T) {
			if s := weights.Measure(c.t); s.Known || s.Reason != c.want {
				t.Errorf("known %v reason %q, want %q", s.Known, s.Reason, c.want)
			}
		})
	}
}

func TestQuantisation_names(t *testing.T) {
	few := make([]float32, 2000)
	for i := range few {
		few[i] = float32(i % 16)
	}
	scales := func(dt graph.DType, n int, scheme graph.QuantScheme) *graph.Tensor {
		x := constant(dt, make([]byte, 8), 8)
		x.Quant = &graph.Quant{Scheme: scheme, Scales: make([]float32, n)}
		return x
	}
	for name, c := range map[string]struct {
		t    *graph.Tensor
		want string
	}{
		"float":         {constant(graph.Float32, floats(1, 2), 2), "none"},
		"half":          {constant(graph.Float16, make([]byte, 4), 2), "float16"},
		"clustered":     {constant(graph.Float32, floats(few...), 2000), "codebook_like"},
		"per tensor":    {scales(graph.Int8, 1, graph.QuantAffine), "per_tensor"},
		"per channel":   {scales(graph.Int8, 8, graph.QuantAffine), "per_channel"},
		"blockwise":     {scales(graph.Int4, 8, graph.QuantBlockwise), "blockwise"},
		"codebook":      {scales(graph.Uint8, 1, graph.QuantCodebook), "codebook"},
		"plain integer": {constant(graph.Int64, make([]byte, 8), 1), "none"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := weights.Quantisation(c.t, weights.Measure(c.t)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestDynamicRange_needsFloatActivations(t *testing.T) {
	w := *constant(graph.Int8, make([]byte, 4), 2, 2)
	w.Quant = &graph.Quant{Scales: []float32{.1}}
	for _, dt := range []graph.DType{graph.Float32, graph.Int8} {
		g := &graph.Graph{
			Tensors: []graph.Tensor{{DType: dt}, w, {DType: dt}},
			Nodes:   []graph.Node{{Op: graph.FullyConnected, Inputs: []graph.TensorID{0, 1}, Outputs: []graph.TensorID{2}}},
		}
		if got := weights.DynamicRange(g)[1]; got != (dt == graph.Float32) {
			t.Errorf("%s activations: %v", dt, got)
		}
	}
}

func TestView_aliasesAndReduces(t *testing.T) {
	v := make([]float32, 4*6)
	for i := range v {
		v[i] = float32(i)
	}
	data := floats(v...)
	w, err := weights.Open(constant(graph.Float32, data, 4, 2, 3))
	if err != nil {
		t.Fatal(err)
	}
	for axis, want := range [][]weights.Channel{
		{{0, 5, 2.5}, {6, 11, 8.5}, {12, 17, 14.5}, {18, 23, 20.5}},
		{{0, 20, 10}, {3, 23, 13}},
		{{0, 21, 10.5}, {1, 22, 11.5}, {2, 23, 12.5}},
	} {
		got, err := w.Channels(axis)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("axis %d channel %d = %+v, want %+v", axis, i, got[i], want[i])
			}
		}
	}
	part, err := w.Slice(1, 3)
	if err != nil || part.Shape()[0] != 2 {
		t.Fatalf("slice %v: %v", part, err)
	}
	binary.LittleEndian.PutUint32(data[6*4:], math.Float32bits(-7))
	if c, _ := part.Channels(0); c[0].Min != -7 {
		t.Errorf("the view does not alias the payload: %+v", c)
	}
}

func TestOpen_refuses(t *testing.T) {
	for name, x := range map[string]*graph.Tensor{
		"half":      constant(graph.Float16, make([]byte, 4), 2),
		"unaligned": constant(graph.Float32, append([]byte{0}, floats(1)...)[1:], 1),
		"short":     constant(graph.Float32, floats(1), 2),
		"empty":     constant(graph.Float32, nil, 0, 3),
	} {
		if _, err := weights.Open(x); !errors.Is(err, weights.ErrNoView) {
			t.Errorf("%s: %v", name, err)
		}
	}
	x := constant(graph.Float32, floats(1), 1)
	v, err := weights.Open(x)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Channels(3); err == nil {
		t.Error("axis outside the rank")
	}
	if _, err := v.Slice(0, 9); err == nil {
		t.Error("slice outside the axis")
	}
}

func BenchmarkMeasure(b *testing.B) {
	v, _, _, _ := random(4 << 20)
	clustered := make([]float32, len(v))
	for i := range clustered {
		clustered[i] = v[(i*7919)%200]
	}
	for name, c := range map[string]*graph.Tensor{
		"float32":   constant(graph.Float32, floats(v...), int64(len(v))),
		"clustered": constant(graph.Float32, floats(clustered...), int64(len(v))),
		"float16":   constant(graph.Float16, floats(v...), int64(2*len(v))),
		"int8":      constant(graph.Int8, floats(v...), int64(4*len(v))),
		"int4":      constant(graph.Int4, floats(v...), int64(8*len(v))),
		"int32":     constant(graph.Int32, floats(v...), int64(len(v))),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(c.Const.Data)))
			b.ReportAllocs()
			for b.Loop() {
				weights.Measure(c)
			}
		})
	}
}
