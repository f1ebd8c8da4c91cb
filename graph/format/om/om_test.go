package om_test

import (
	"bytes"
	"errors"
	"flag"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/om"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestFormat_conforms(t *testing.T) {
	formattest.Run(t, om.Format, formattest.Load(t, "*.om"))
}

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, om.Format, formattest.Load(f, "*.om"))
}

func TestParse_golden(t *testing.T) {
	formattest.Golden(t, om.Format, formattest.Load(t, "*.om")[0], formattest.Update(*update))
}

func TestParse_refusals(t *testing.T) {
	fx := formattest.Load(t, "*.om")[0]
	secret := bytes.Clone(fx.Data)
	secret[80] = 1
	noTable := append(bytes.Clone(fx.Data[:256]), bytes.Repeat([]byte{0xff}, 400)...)
	for _, c := range []struct {
		name string
		data []byte
		kind error
	}{
		{"encrypted", secret, format.ErrEncrypted},
		{"cut", fx.Data[:len(fx.Data)-1], format.ErrTruncated},
		{"no table", noTable, format.ErrTruncated},
		{"a word", append([]byte("IMODERATE"), make([]byte, 300)...), format.ErrNotModel},
	} {
		if _, err := om.Format.Parse(format.Input{Name: "x", Data: c.data}); !errors.Is(err, c.kind) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if m, err := om.Format.Parse(format.Input{Name: "x", Data: append(bytes.Clone(fx.Data), 1, 2), Trailing: true}); err != nil || m.Length != int64(len(fx.Data)) {
		t.Errorf("with bytes behind: %v, %v", m, err)
	}
}

func TestParse_picoIsOpaque(t *testing.T) {
	b := append([]byte("PICO"), make([]byte, 96)...)
	for i, w := range []byte{2: 100, 3: 8, 4: 32, 6: 40, 7: 60} {
		b[4*i] |= w
	}
	copy(b, "PICO")
	m, err := om.Format.Parse(format.Input{Name: "x.om", Data: b})
	if err != nil || len(m.Opaque) != 1 || m.FormatVersion != "PICO" {
		t.Errorf("%+v, %v", m, err)
	}
	b[24] = 200 // the model would lie behind the file
	if got := om.Format.Match(format.Head{Bytes: b, Size: int64(len(b))}); got != format.No {
		t.Errorf("offsets behind the file match with confidence %d", got)
	}
}
