package unity_test

import (
	"encoding/binary"
	"errors"
	"flag"
	"math"
	"slices"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/unity"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestBarracuda_conforms(t *testing.T) {
	formattest.Run(t, unity.Barracuda, formattest.Load(t, "*.nn"))
}

func TestSentis_conforms(t *testing.T) {
	formattest.Run(t, unity.Sentis, formattest.Load(t, "*.sentis"))
}

func FuzzBarracuda(f *testing.F) {
	formattest.Fuzz(f, unity.Barracuda, formattest.Load(f, "*.nn"))
}

func FuzzSentis(f *testing.F) {
	formattest.Fuzz(f, unity.Sentis, append(formattest.Load(f, "*.sentis"), formattest.Load(f, "Data")...))
}

func TestParse_golden(t *testing.T) {
	for _, name := range []string{"v16.nn", "v20.nn"} {
		formattest.Golden(t, unity.Barracuda, formattest.Load(t, name)[0], formattest.Update(*update))
	}
	for _, name := range []string{"v4.sentis", "v8.sentis"} {
		formattest.Golden(t, unity.Sentis, formattest.Load(t, name)[0], formattest.Update(*update))
	}
}

// TestParse_countsByHand: 3*3*3*4+4 of the convolution, 64*5 and a bias of 5 of the
// dense layer, five more of Barracuda and the two sizes of a reshape of Sentis.
func TestParse_countsByHand(t *testing.T) {
	for _, c := range []struct {
		f        format.Format
		name     string
		elements int64
		nodes    int
	}{
		{unity.Barracuda, "v16.nn", 108 + 4 + 320 + 5 + 5, 5}, {unity.Barracuda, "v17.nn", 442, 5}, {unity.Barracuda, "v20.nn", 442, 5}, {unity.Barracuda, "half.nn", 442, 5},
		{unity.Sentis, "v4.sentis", 108 + 4 + 320 + 2, 4}, {unity.Sentis, "v8.sentis", 434, 4}, {unity.Sentis, "Data", 434, 4},
	} {
		m := formattest.Parse(t, c.f, formattest.Load(t, c.name)[0])
		var elements int64
		for i := range m.Graphs[0].Tensors {
			tensor := &m.Graphs[0].Tensors[i]
			if tensor.Const == nil {
				continue
			}
			n, _ := tensor.Shape.Elements()
			b, err := tensor.Const.Bytes()
			if size, _ := tensor.DType.ByteCount(n); err != nil || int64(len(b)) != size {
				t.Errorf("%s: %q: %d bytes, want %d (%v)", c.name, tensor.Name, len(b), size, err)
			}
			elements += n
		}
		if elements != c.elements || len(m.Graphs[0].Nodes) != c.nodes {
			t.Errorf("%s: %d elements of constants, %d nodes; want %d, %d", c.name, elements, len(m.Graphs[0].Nodes), c.elements, c.nodes)
		}
	}
}

// TestBarracuda_valuesAreTheirTensors: constants lie one behind the other in the order
// of the layers, as gen.py filled them.
func TestBarracuda_valuesAreTheirTensors(t *testing.T) {
	m := formattest.Parse(t, unity.Barracuda, formattest.Load(t, "v20.nn")[0])
	for _, name := range []string{"conv/K", "conv/B", "fc/W", "fc/B", "offset"} {
		found := false
		for i := range m.Graphs[0].Tensors {
			tensor := &m.Graphs[0].Tensors[i]
			if tensor.Name != name {
				continue
			}
			found = true
			for k := 0; k*4 < len(tensor.Const.Data); k++ {
				if got, want := math.Float32frombits(binary.LittleEndian.Uint32(tensor.Const.Data[4*k:])), float32(k%7)/8; got != want {
					t.Fatalf("%s[%d] = %v, want %v", name, k, got, want)
				}
			}
		}
		if !found {
			t.Errorf("no tensor %q", name)
		}
	}
}

// TestSentis_weightsInAnObjectOfTheirOwn are found by size, unless that is no proof.
func TestSentis_weightsInAnObjectOfTheirOwn(t *testing.T) {
	fx := formattest.Load(t, "Data")[0]
	m := formattest.Parse(t, unity.Sentis, fx)
	if len(m.Parts) != 1 || m.Parts[0].Name != "Data#12" || !m.Parts[0].Found {
		t.Errorf("parts %+v", m.Parts)
	}
	twice := fx
	twice.Companions = map[string][]byte{"Data": fx.Data, "Data#1": fx.Companions["Data#12"], "Data#2": fx.Companions["Data#12"]}
	for _, fx := range []formattest.Fixture{twice, {Name: fx.Name, Data: fx.Data}} {
		m := formattest.Parse(t, unity.Sentis, fx)
		missing := 0
		for i := range m.Graphs[0].Tensors {
			if c := m.Graphs[0].Tensors[i].Const; c != nil && c.Missing != "" {
				missing++
			}
		}
		if len(m.Parts) != 0 || missing != 4 || !m.Notes[0].Loses {
			t.Errorf("parts %+v, %d constants without a value, notes %+v", m.Parts, missing, m.Notes)
		}
	}
}

func TestParse_otherBytesAreNoModels(t *testing.T) {
	old := formattest.Load(t, "v16.nn")[0].Data
	younger := append([]byte{}, old...)
	younger[0] = 30
	for _, c := range []struct {
		f    format.Format
		data []byte
	}{
		{unity.Barracuda, make([]byte, 100)}, {unity.Sentis, make([]byte, 100)}, {unity.Barracuda, younger},
		{unity.Sentis, old}, {unity.Barracuda, formattest.Load(t, "v8.sentis")[0].Data},
		{unity.Sentis, formattest.Load(t, "Data#12")[0].Data}, // weights alone
	} {
		if m, err := c.f.Parse(format.Input{Name: "x", Data: c.data}); m != nil || !errors.Is(err, format.ErrNotModel) {
			t.Errorf("%s: %v", c.f.Name, err)
		}
	}
}

func TestParse_limits(t *testing.T) {
	for _, c := range []struct {
		f    format.Format
		name string
	}{{unity.Barracuda, "v20.nn"}, {unity.Sentis, "v8.sentis"}} {
		formattest.Limits(t, c.f, formattest.Load(t, c.name)[0], format.Limits{Nodes: 2}, format.Limits{Tensors: 3})
	}
}

// A layer that lists one value again and again gets a tensor for each.
func TestSentis_limitOfResults(t *testing.T) {
	data := formattest.Load(t, "v8.sentis")[0].Data
	le := binary.LittleEndian
	end := 4 + int(le.Uint32(data))
	fb := flatbuf.New(data[4:end])
	plan := fb.Root().Table(1)
	values, chain := plan.Tables(1).Len(), plan.Tables(6).Table(plan.Tables(6).Len()-1)
	id := chain.Vector(1, 4).Uint32(0)
	body := slices.Clone(data[4:end])
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	vtable := chain.Pos() - int(int32(le.Uint32(body[chain.Pos():])))
	field := chain.Pos() + int(le.Uint16(body[vtable+6:]))
	le.PutUint32(body[field:], uint32(len(body)-field))
	body = le.AppendUint32(body, uint32(values+1))
	for range values + 1 {
		body = le.AppendUint32(body, id)
	}
	in := format.Input{Data: slices.Concat(le.AppendUint32(nil, uint32(len(body))), body, data[end:])}
	if _, err := unity.Sentis.Parse(in); err != nil {
		t.Fatal(err)
	}
	in.Limits.Tensors = values
	if _, err := unity.Sentis.Parse(in); !errors.Is(err, format.ErrLimit) {
		t.Errorf("%d results with a limit of %d: %v, want ErrLimit", values+1, values, err)
	}
}

func TestParse_lengthInsideOtherBytes(t *testing.T) {
	for _, c := range []struct {
		f    format.Format
		name string
	}{{unity.Barracuda, "v20.nn"}, {unity.Sentis, "v8.sentis"}} {
		fx := formattest.Load(t, c.name)[0]
		in := fx.Input()
		in.Data, in.Trailing = append(append([]byte{}, fx.Data...), make([]byte, 50)...), true
		m, err := c.f.Parse(in)
		if err != nil || m.Length != int64(len(fx.Data)) {
			t.Errorf("%s: length %v, want %d (%v)", c.name, m, len(fx.Data), err)
		}
		if in.Trailing = false; err == nil {
			if _, err := c.f.Parse(in); !errors.Is(err, format.ErrMalformed) {
				t.Errorf("%s with 50 bytes behind: %v", c.name, err)
			}
		}
	}
}

func TestFormats_refuseOtherModels(t *testing.T) {
	for _, f := range []format.Format{unity.Barracuda, unity.Sentis} {
		formattest.Refuses(t, f, "corpus/models")
	}
}
