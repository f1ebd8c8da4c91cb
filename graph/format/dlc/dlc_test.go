package dlc_test

import (
	"errors"
	"flag"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/dlc"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestFormat(t *testing.T) { formattest.Run(t, dlc.Format, formattest.Load(t, "*.dlc")) }

func TestGolden(t *testing.T) {
	for _, fx := range formattest.Load(t, "*.dlc") {
		formattest.Golden(t, dlc.Format, fx, formattest.Update(*update))
	}
}

func FuzzParse(f *testing.F) { formattest.Fuzz(f, dlc.Format, formattest.Load(f, "*.dlc")) }

func TestParse_params(t *testing.T) {
	for name, want := range map[string]int64{"v3.dlc": 216 + 8 + 640 + 5, "v4.dlc": 224, "v4_64.dlc": 224} {
		m, err := dlc.Format.Parse(formattest.Load(t, name)[0].Input())
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := formattest.Params(m); !ok || got != want {
			t.Errorf("%s: %d parameters (known %v), want %d", name, got, ok, want)
		}
	}
}

func TestParse_kindsOfFailure(t *testing.T) {
	tests := []struct {
		name, data string
		kind       error
	}{
		{"weights alone", "\xd5\x0a\x03\x00\x00\x00\x00\x00\x10\x00\x00\x00NETP", format.ErrPart},
		{"version 2", "\xd5\x0a\x02\x00 whatever follows here", format.ErrUnsupported},
		{"other", "no container of any kind at all", format.ErrNotModel},
	}
	for _, tt := range tests {
		if _, err := dlc.Format.Parse(format.Input{Data: []byte(tt.data)}); !errors.Is(err, tt.kind) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.kind)
		}
	}
}
