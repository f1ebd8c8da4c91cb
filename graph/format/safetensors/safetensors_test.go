package safetensors_test

import (
	"encoding/binary"
	"errors"
	"flag"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/safetensors"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestFormat_conforms(t *testing.T) {
	formattest.Run(t, safetensors.Format, formattest.Load(t, "*.safetensors"))
}

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, safetensors.Format, formattest.Load(f, "*.safetensors"))
}

func TestParse_golden(t *testing.T) {
	formattest.Golden(t, safetensors.Format, formattest.Load(t, "*.safetensors")[0], formattest.Update(*update))
}

// file writes a header and n bytes of values.
func file(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, n)...)
}

func TestParse_badFiles(t *testing.T) {
	for _, c := range []struct {
		header string
		n      int
		kind   error
	}{
		{`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 4, format.ErrTruncated},
		{`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 8, format.ErrMalformed},
		{`{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,4]}}`, 8, format.ErrMalformed},
		{`{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}`, 8, format.ErrMalformed},
		{`{"a":{"dtype":"F32","shape":[4611686018427387904,8],"data_offsets":[0,8]}}`, 8, format.ErrMalformed},
		{`{"a": x}`, 8, format.ErrMalformed},
		{`[1]`, 0, format.ErrNotModel},
	} {
		if _, err := safetensors.Parse(format.Input{Name: "x", Data: file(c.header, c.n)}); !errors.Is(err, c.kind) {
			t.Errorf("%s: error %v, want %v", c.header, err, c.kind)
		}
	}
	if _, err := safetensors.Parse(format.Input{Name: "x", Data: append([]byte{255, 255, 255, 255, 0, 0, 0, 0}, "{}"...)}); !errors.Is(err, format.ErrTruncated) {
		t.Errorf("huge header: %v", err)
	}
}

func TestParse_embeddedFileEndsWhereItEnds(t *testing.T) {
	fx := formattest.Load(t, "*.safetensors")[0]
	in := fx.Input()
	in.Data = append(append([]byte{}, fx.Data...), make([]byte, 100)...)
	in.Trailing = true
	m, err := safetensors.Parse(in)
	if err != nil || m.Length != int64(len(fx.Data)) {
		t.Errorf("error %v, length %d, want %d", err, m.Length, len(fx.Data))
	}
}

func TestMatch_refusesJSONAndOthers(t *testing.T) {
	for _, b := range [][]byte{[]byte(`{"dtype": 1, "data_offsets": 2}`), file(`{"a": 1}`, 0), make([]byte, 100), nil} {
		if c := safetensors.Format.Match(format.Head{Bytes: b, Size: int64(len(b))}); c != format.No {
			t.Errorf("%.20q: confidence %d", b, c)
		}
	}
}
