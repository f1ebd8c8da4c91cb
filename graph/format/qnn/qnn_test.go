package qnn_test

import (
	"bytes"
	"errors"
	"flag"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/qnn"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestFormat_conforms(t *testing.T) {
	formattest.Run(t, qnn.Format, formattest.Load(t, "*.bin"))
}

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, qnn.Format, formattest.Load(f, "*.bin"))
}

func TestParse_golden(t *testing.T) {
	formattest.Golden(t, qnn.Format, formattest.Load(t, "*.bin")[0], formattest.Update(*update))
}

// TestParse_olderVersionIsDatedByItsBuildID: assembled here, since tools that
// write versions before 2.3 are not to be had: the words and a build id.
func TestParse_olderVersionIsDatedByItsBuildID(t *testing.T) {
	data := append([]byte{0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 12, 0, 0, 0}, bytes.Repeat([]byte{7}, 300)...)
	for _, c := range []struct {
		id             string
		producer, date string
	}{
		{"v2.22.6.240515120326_92912", "QAIRT 2.22.6", "2024-05-15"},
		{"v2.10.0.999999999999", "QAIRT 2.10.0", ""},
	} {
		file := append(append(bytes.Clone(data), c.id...), 0, 1, 2)
		head := format.Head{Name: "m.bin", Bytes: file, Size: int64(len(file))}
		if got := qnn.Format.Match(head); got != format.Likely {
			t.Errorf("%s: match is %d", c.id, got)
		}
		m, err := qnn.Format.Parse(format.Input{Name: "m.bin", Data: file})
		if err != nil {
			t.Fatal(err)
		}
		date := ""
		for _, kv := range m.Metadata {
			if kv.Key == "qnn.tools_built" {
				date = kv.Value
			}
		}
		if m.Producer != c.producer || date != c.date || m.FormatVersion != "2.1" || len(m.Opaque) != 1 || m.Opaque[0].Bytes != int64(len(file)) {
			t.Errorf("%s: producer %q, built %q, version %q, opaque %v", c.id, m.Producer, date, m.FormatVersion, m.Opaque)
		}
	}
	if got := qnn.Format.Match(format.Head{Name: "m.bin", Bytes: data, Size: int64(len(data))}); got != format.No {
		t.Errorf("the words alone match with confidence %d", got)
	}
}

func TestParse_truncatedCompiledPart(t *testing.T) {
	fx := formattest.Load(t, "*.bin")[0]
	if _, err := qnn.Format.Parse(format.Input{Name: "x", Data: fx.Data[:len(fx.Data)-1]}); !errors.Is(err, format.ErrTruncated) {
		t.Errorf("error %v, want truncated", err)
	}
	m, err := qnn.Format.Parse(format.Input{Name: "x", Data: append(bytes.Clone(fx.Data), 1, 2, 3), Trailing: true})
	if err != nil || m.Length != int64(len(fx.Data)) {
		t.Errorf("length %v, %v, want %d", m, err, len(fx.Data))
	}
}
