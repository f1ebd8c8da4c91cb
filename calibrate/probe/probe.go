package probe

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

// Family is the word that names of probes start with: no trained network is of that family.
const Family = "probe"

// types are the types of numbers that probes come in, by the end of their names: float32, int8, and int8 weights with float32 activations (dynamic range).
var types = []string{"f32", "i8", "w8"}

// Build returns the probe of a seed and its name. Three seeds in a row draw the same sizes in the three types.
func Build(seed uint64) (name string, file []byte) {
	turn, kind := seed/3, types[seed%3]
	n := &network{int8: kind == "i8", narrow: kind != "f32", rng: rand.New(rand.NewPCG(turn, 0x9e3779b97f4a7c15)), values: rand.New(rand.NewPCG(seed, 1))}
	c := &chain{network: n}
	style := styles[int(turn)%len(styles)]
	style.build(c)
	n.outputs = []int{c.at}
	name = fmt.Sprintf("%s_%s_%03d_%s", Family, style.name, turn, kind)
	return name, n.file(name)
}

// Write writes the probes of the seeds below count to a folder that is made, leaves what is there, and returns their paths.
func Write(dir string, count int) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var out []string
	for seed := range uint64(count) {
		name, file := Build(seed)
		path := filepath.Join(dir, name+".tflite")
		out = append(out, path)
		if b, err := os.ReadFile(path); err == nil && bytes.Equal(b, file) {
			continue
		}
		if err := os.WriteFile(path, file, 0o644); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// The limits of one operator and of a probe: a run of a probe takes milliseconds, as the networks do that it stands for.
const (
	maxOpMACs    = 100e6
	maxMACs      = 200e6
	maxElements  = 1 << 20 // of an activation
	maxWeights   = 6 << 20 // of an operator, elements
	allWeights   = 8 << 20 // of a probe
	probeNodes   = 32
	activeScale  = 0.05
	activeZero   = -3 // of int8 activations, as in most networks not in the middle: some runtimes have no fast kernel for that
	weightScale  = 0.01
	smallestSide = 3
)

// chain is a network that grows at its end: the tensor at.
type chain struct {
	*network
	at     int
	macs   float64
	weight int // elements of weights so far
}

func (c *chain) shape() []int { return c.tensors[c.at].shape }

func (c *chain) last() int { s := c.shape(); return s[len(s)-1] }

// start adds the input.
func (c *chain) start(shape ...int) {
	c.at = c.activation(shape, activeScale, 0)
	c.inputs = []int{c.at}
}

func (c *chain) activation(shape []int, scale float32, zero int64) int {
	t := tensor{shape: shape, kind: typeFloat32}
	if c.int8 {
		if scale == activeScale {
			zero = activeZero
		}
		t.kind, t.scale, t.zero = typeInt8, []float32{scale}, zero
	}
	c.tensors = append(c.tensors, t)
	return len(c.tensors) - 1
}

// like adds an activation with the quantisation of the tensor at the end.
func (c *chain) like(shape []int) int {
	t := c.tensors[c.at]
	t.shape = shape
	c.tensors = append(c.tensors, t)
	return len(c.tensors) - 1
}

// add adds an operator that continues the chain.
func (c *chain) add(op opcode, out int, in []int, options ...slot) {
	c.nodes = append(c.nodes, node{op: op, in: in, out: []int{out}, options: options})
	c.at = out
}

// weights adds a constant filter and its bias, quantised per output channel along axis.
func (c *chain) weights(shape []int, axis, channels int) (filter, bias int) {
	n := volume(shape)
	t := tensor{shape: shape, kind: typeFloat32, axis: int32(axis)}
	if c.narrow {
		t.kind, t.data = typeInt8, make([]byte, n)
		for i := range t.data {
			t.data[i] = byte(int8(c.values.IntN(255) - 127))
		}
		t.scale = slices.Repeat([]float32{weightScale}, channels)
	} else {
		spread := math.Sqrt(2 * float64(channels) / float64(n)) // keeps activations about 1: neither denormal nor infinite numbers, whose arithmetic is slow
		if axis == 3 {
			spread = math.Sqrt(2 / float64(n/channels))
		}
		t.data = floats(n, func() float32 { return float32(c.values.NormFloat64() * spread) })
	}
	c.tensors = append(c.tensors, t)
	u := tensor{shape: []int{channels}, kind: typeFloat32, data: make([]byte, 4*channels)}
	if c.int8 {
		u.kind, u.scale = typeInt32, slices.Repeat([]float32{weightScale * c.tensors[c.at].scale[0]}, channels)
	}
	c.tensors = append(c.tensors, u)
	return len(c.tensors) - 2, len(c.tensors) - 1
}

// constant adds a constant operand of the type of activations.
func (c *chain) constant(shape ...int) int {
	n := volume(shape)
	t := tensor{shape: shape, kind: typeFloat32}
	if c.int8 {
		t.kind, t.scale, t.data = typeInt8, []float32{activeScale}, make([]byte, n)
		for i := range t.data {
			t.data[i] = byte(int8(c.values.IntN(100) + 1))
		}
	} else {
		t.data = floats(n, func() float32 { return c.values.Float32() + 0.1 })
	}
	c.tensors = append(c.tensors, t)
	return len(c.tensors) - 1
}

// indices adds an int32 constant.
func (c *chain) indices(shape []int, values ...int) int {
	t := tensor{shape: shape, kind: typeInt32}
	for _, v := range values {
		t.data = binary.LittleEndian.AppendUint32(t.data, uint32(int32(v)))
	}
	c.tensors = append(c.tensors, t)
	return len(c.tensors) - 1
}

func floats(n int, next func() float32) []byte {
	b := make([]byte, 0, 4*n)
	for range n {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(next()))
	}
	return b
}

// logInt returns a number between lo and hi, evenly on the logarithm.
func (c *chain) logInt(lo, hi int) int {
	if hi <= lo {
		return lo
	}
	return int(math.Round(math.Exp(math.Log(float64(lo)) + c.rng.Float64()*math.Log(float64(hi)/float64(lo)))))
}

// channels returns a customary number of channels: half are multiples of 8.
func (c *chain) channels(lo, hi int) int {
	n := c.logInt(lo, hi)
	if n >= 12 && c.rng.IntN(4) > 0 {
		n = (n + 4) / 8 * 8
	}
	return max(n, 1)
}

// again makes a tensor that was added before share the data of one with the same shape, so that the file is smaller than what a runtime holds.
func (c *chain) again(tensor, as int) { c.tensors[tensor].data = c.tensors[as].data }

func (c *chain) pick(v ...int) int { return v[c.rng.IntN(len(v))] }

// full reports whether the chain is long or heavy enough.
func (c *chain) full() bool { return len(c.nodes) >= probeNodes || c.macs > maxMACs }
