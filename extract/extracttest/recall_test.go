package extracttest_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/extract"
	"github.com/gaugenn/gaugenn/extract/extracttest"
	"github.com/gaugenn/gaugenn/graph/format/all"
)

// fixtures are small models of ours; anywhere says that the format can be told in
// the middle of other bytes, partial that not all of it is read, masked as in
// Model.
var fixtures = []struct {
	path     string
	anywhere bool
	partial  bool
	masked   bool
}{
	{"tflite/testdata/mobile_converted.tflite", true, false, false},
	{"tflite/testdata/mobile_int8_converted.tflite", true, false, false},
	{"tflite/testdata/while_converted.tflite", true, false, false},
	{"executorch/testdata/portable.pte", true, false, false},
	{"gguf/testdata/llama.gguf", true, false, false},
	{"ort/testdata/conv.ort", true, false, false},
	{"circle/testdata/mobile.circle", true, false, false},
	{"mslite/testdata/plain.ms", true, false, false},
	{"dlc/testdata/v3.dlc", false, false, false},     // a ZIP file: in other bytes, its members are found
	{"ptl/testdata/traced.ptl", false, false, false}, // found anywhere, but up to 8 bytes short of its padding
	{"litertlm/testdata/two.litertlm", true, false, false},
	{"onnx/testdata/conv.onnx", true, false, true},
	{"mnn/testdata/mobile.mnn", false, false, false},
	{"coreml/testdata/network.mlmodel", false, false, false},
	{"kerash5/testdata/functional.h5", true, false, false},
	{"paddle/testdata/tiny.pdmodel", true, true, false}, // without its parameters,
	{"paddlelite/testdata/net.nb", true, false, false},
	{"torch/testdata/legacy.pth", true, true, false}, // tensors only
	{"torch/testdata/sequential_trace.pt", false, false, false},
	{"unity/testdata/v20.nn", false, true, false},
	{"unity/testdata/v8.sentis", false, true, false},
}

func models(t testing.TB) []extracttest.Model {
	t.Helper()
	var out []extracttest.Model
	for _, f := range fixtures {
		b, err := os.ReadFile(filepath.Join("..", "..", "graph", "format", f.path))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, extracttest.Model{Name: filepath.Base(f.path), Data: b, Anywhere: f.anywhere, Partial: f.partial, Masked: f.masked, Headed: strings.HasSuffix(f.path, ".mnn")})
	}
	return out
}

// tally counts models over a place or over all.
type tally struct{ planted, found, wrong int }

func (t *tally) add(o tally) {
	t.planted += o.planted
	t.found += o.found
	t.wrong += o.wrong
}

// TestScan_everyPlaceThatIsClaimed plants every model in every place and counts:
// the places that are claimed have recall 1, none gives a model or a verdict that
// was not planted.
func TestScan_everyPlaceThatIsClaimed(t *testing.T) {
	all := models(t)
	var total tally
	for _, place := range extracttest.Places() {
		var sum tally
		verdict := extracttest.Missed
		for i := range all {
			plant, ok, err := extracttest.Hide(place, append(all[i:len(all):len(all)], all[:i]...))
			if err != nil {
				t.Fatalf("%s: %v", place, err)
			}
			if ok {
				verdict = plant.Verdict
				sum.add(judge(t, plant))
			}
		}
		recall := float64(sum.found) / float64(sum.planted)
		t.Logf("%-32s %-9s planted %3d  found %3d  wrong %d  recall %.2f", place, verdict, sum.planted, sum.found, sum.wrong, recall)
		if verdict != extracttest.Missed {
			total.add(sum)
			if sum.found != sum.planted {
				t.Errorf("%s: recall %.3f, claimed is 1", place, recall)
			}
		}
		if sum.wrong > 0 {
			t.Errorf("%s: %d findings that were not planted", place, sum.wrong)
		}
	}
	t.Logf("claimed places: %d of %d planted models accounted for, %d wrong", total.found, total.planted, total.wrong)
}

// judge scans one planted app.
func judge(t *testing.T, plant extracttest.Plant) tally {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "app")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range plant.Files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]string{}
	for _, m := range plant.Models {
		sum := sha256.Sum256(m.Data)
		want[hex.EncodeToString(sum[:])] = m.Name
	}
	apps := 0
	result := tally{planted: len(want)}
	sc := extract.Scanner{Formats: all.Formats(), Workers: 1}
	err := sc.Scan(context.Background(), []string{dir}, func(a *extract.App) error {
		apps++
		for _, f := range a.Findings {
			name, planted := want[f.SHA256]
			switch {
			case f.Status.IsModel() && planted && plant.Verdict != extracttest.Labelled && within(f, plant):
				result.found++
				delete(want, f.SHA256)
			case f.Status == extract.Encrypted && plant.Verdict != extracttest.Found && within(f, plant):
				result.found++
				want = map[string]string{}
			case f.Status.IsModel() || f.Status == extract.Encrypted:
				result.wrong++
				t.Logf("%s: wrong: %s @%d %s %s %s (%s)", plant.Place, f.Path, f.Offset, f.Format, f.Status, f.Reason, name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if plant.Verdict != extracttest.Missed {
		for _, name := range want {
			t.Logf("%s: %s is not found", plant.Place, name)
		}
	}
	if apps != 1 {
		t.Errorf("%s: %d rows of apps, want 1", plant.Place, apps)
	}
	return result
}

func within(f *extract.Finding, plant extracttest.Plant) bool {
	return strings.HasPrefix(f.Path, plant.Within)
}

// TestScan_graphAndWeightsInOneFile: a graph that its weights follow is whole, at the
// start of a file as behind a header.
func TestScan_graphAndWeightsInOneFile(t *testing.T) {
	var pair []byte
	for _, name := range []string{"small.param", "small.bin"} {
		b, err := os.ReadFile(filepath.Join("..", "..", "graph", "format", "ncnn", "testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		pair = append(pair, b...)
	}
	for header, offset := range map[string]int64{"": -1, "MYCO\x00\x01\x02\x03": 8} {
		file := filepath.Join(t.TempDir(), "net.dat")
		if err := os.WriteFile(file, append([]byte(header), pair...), 0o644); err != nil {
			t.Fatal(err)
		}
		sc := extract.Scanner{Formats: all.Formats(), Workers: 1}
		if err := sc.Scan(context.Background(), []string{file}, func(a *extract.App) error {
			if len(a.Findings) != 1 || a.Findings[0].Status != extract.Parsed || a.Findings[0].Offset != offset {
				t.Errorf("behind %q: %d findings, %+v", header, len(a.Findings), a.Findings)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestScan_producerUnderAKey: the producer's name, which most ONNX models begin with,
// is plaintext enough for a key of four bytes.
func TestScan_producerUnderAKey(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "graph", "format", "onnx", "testdata", "conv.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	const own = 2 + 2 + 16 // version and the fixture's own producer
	model := append([]byte("\x08\x08\x12\x07pytorch"), b[own:]...)
	for _, key := range []string{"\x01\x80\x7f", "\xde\xad\xbe\xef"} {
		for i := range model {
			model[i] ^= key[i%len(key)]
		}
		file := filepath.Join(t.TempDir(), "a.dat")
		if err := os.WriteFile(file, model, 0o644); err != nil {
			t.Fatal(err)
		}
		sc := extract.Scanner{Formats: all.Formats(), Workers: 1}
		if err := sc.Scan(context.Background(), []string{file}, func(a *extract.App) error {
			if a.Status != extract.Encrypted || !strings.HasPrefix(a.Reason, "onnx under repeating XOR key") {
				t.Errorf("%d bytes: %s %s", len(key), a.Status, a.Reason)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for i := range model {
			model[i] ^= key[i%len(key)]
		}
	}
}
