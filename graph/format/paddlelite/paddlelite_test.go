package paddlelite_test

import (
	"errors"
	"flag"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/paddlelite"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestFormat(t *testing.T) { formattest.Run(t, paddlelite.Format, formattest.Load(t, "*.nb")) }

func TestGolden(t *testing.T) {
	for _, fx := range formattest.Load(t, "*.nb") {
		formattest.Golden(t, paddlelite.Format, fx, formattest.Update(*update))
	}
}

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, paddlelite.Format, formattest.Load(f, "*.nb"))
}

func TestMatch_refusesOtherFiles(t *testing.T) {
	for _, data := range []string{
		"\x02\x00\x00\x00 a file with a small number in front",
		"\x01\x00ncnn text is no version\x00\x00\x00",
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
	} {
		if c := paddlelite.Format.Match(format.Head{Bytes: []byte(data), Size: int64(len(data))}); c != format.No {
			t.Errorf("%q: confidence %d", data, c)
		}
	}
}

func TestParse_oldMetaVersionsAreRecognised(t *testing.T) {
	data := append([]byte(nil), formattest.Load(t, "net.nb")[0].Data...)
	data[0] = 1
	if _, err := paddlelite.Format.Parse(format.Input{Data: data}); !errors.Is(err, format.ErrUnsupported) {
		t.Errorf("%v, want unsupported", err)
	}
}
