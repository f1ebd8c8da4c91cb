package vendor_test

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/vendor"
)

var update = flag.Bool("update", false, "rewrite golden files")

// fixtures are a format's files: those that begin with its name.
func fixtures(t testing.TB, name string) []formattest.Fixture {
	t.Helper()
	var out []formattest.Fixture
	for _, fx := range formattest.Load(t, name+"*") {
		if base, _, _ := strings.Cut(fx.Name, "."); !strings.HasSuffix(fx.Name, ".golden") && (base == name || base == name+"3") {
			out = append(out, fx)
		}
	}
	if len(out) == 0 {
		t.Fatalf("no fixture of %s", name)
	}
	return out
}

func TestFormats_conform(t *testing.T) {
	for _, f := range vendor.Formats() {
		t.Run(f.Name, func(t *testing.T) {
			formattest.Run(t, f, fixtures(t, f.Name))
			for _, fx := range fixtures(t, f.Name) {
				formattest.Golden(t, f, fx, formattest.Update(*update))
			}
		})
	}
}

// TestFormats_noneClaimsAnothersFixture: also among the rows of the table.
func TestFormats_noneClaimsAnothersFixture(t *testing.T) {
	for _, own := range vendor.Formats() {
		for _, fx := range fixtures(t, own.Name) {
			for _, f := range vendor.Formats() {
				if m, err := f.Parse(fx.Input()); err == nil && f.Name != own.Name {
					t.Errorf("%s claims %s as %v", f.Name, fx.Name, m.Opaque)
				}
			}
		}
	}
}

func TestFormats_areOpaqueAndNeverFree(t *testing.T) {
	for _, f := range vendor.Formats() {
		for _, fx := range fixtures(t, f.Name) {
			m, err := f.Parse(fx.Input())
			if err != nil {
				t.Fatal(err)
			}
			if len(m.Opaque) != 1 || m.Opaque[0].Bytes <= 0 {
				t.Errorf("%s: opaque pieces %v", fx.Name, m.Opaque)
			}
		}
	}
}

// TestFormats_signatureAloneIsNoModel: what follows a signature must hold, too.
func TestFormats_signatureAloneIsNoModel(t *testing.T) {
	mention, err := os.ReadFile("testdata/mentions.so.not")
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Repeat("a sentence that goes on in plain words. ", 60)
	for _, f := range vendor.Formats() {
		start := fixtures(t, f.Name)[0].Data[:8]
		for what, data := range map[string][]byte{
			"words":   append(start[:8:8], words...),
			"padding": append(start[:8:8], make([]byte, 2000)...),
			"library": mention,
		} {
			if m, err := f.Parse(format.Input{Name: "x", Data: data}); err == nil {
				t.Errorf("%s: %s behind the signature are a model: %v", f.Name, what, m.Opaque)
			} else if errors.Is(err, format.ErrLimit) {
				t.Errorf("%s: %s: %v", f.Name, what, err)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	all := vendor.Formats()
	for i, ft := range all {
		for _, fx := range fixtures(f, ft.Name) {
			f.Add(byte(i), fx.Data)
		}
	}
	f.Fuzz(func(t *testing.T, i byte, data []byte) {
		ft := all[int(i)%len(all)]
		formattest.Try(t, ft, data)
	})
}
