package opprofile_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
	"github.com/gaugenn/gaugenn/calibrate/runtime/opprofile"
)

// sample reads a recorded output, and skips the test where the recordings are not.
func sample(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "..", "shared", "prototypes", "samples", name))
	if err != nil {
		t.Skipf("recorded output: %v", err)
	}
	return string(b)
}

func TestParse_recordedSummaries(t *testing.T) {
	for _, tt := range []struct {
		file      string
		ops       int
		delegated bool
		first     runtime.OpTime
		sumMS     float64
	}{
		{"litert_profile_summary_builtin_i8.txt", 30, false, runtime.OpTime{Node: 0, Type: "CONV_2D", MeanUS: 643, Calls: 20}, 44.55},
		{"litert_profile_summary_xnnpack_f32.txt", 31, true, runtime.OpTime{Node: -1, Type: "Delegate/Convolution (NHWC, F32) IGEMM", MeanUS: 799, Calls: 20, Delegated: true}, 20.76},
	} {
		ops, ok, err := opprofile.Parse(sample(t, tt.file))
		if err != nil || !ok {
			t.Fatalf("%s: found %v, %v", tt.file, ok, err)
		}
		if len(ops) != tt.ops {
			t.Errorf("%s: %d operators, want %d", tt.file, len(ops), tt.ops)
		}
		if ops[0] != tt.first {
			t.Errorf("%s: first operator %+v, want %+v", tt.file, ops[0], tt.first)
		}
		sum := 0.0
		for i, op := range ops {
			sum += op.MeanUS / 1000
			if op.Delegated != tt.delegated || !tt.delegated && op.Node != i {
				t.Errorf("%s: operator %d: %+v", tt.file, i, op)
			}
		}
		if math.Abs(sum-tt.sumMS) > 0.05 {
			t.Errorf("%s: sum %.3f ms, want %.2f", tt.file, sum, tt.sumMS)
		}
	}
}

const head = "==== Run Order ====\n [node type] [start] [first] [avg ms] [%] [cdf%] [mem KB] [times called] [Name]\n"

func TestParse_names(t *testing.T) {
	const row = "  CONV_2D 0.000 0.552 0.643 1.444% 1.444% 0.000 20 [conv1/relu;conv1]:17\n"
	ops, _, err := opprofile.Parse(head + row + "\n")
	if err != nil || len(ops) != 1 || ops[0].Node != 17 || ops[0].Name != "conv1/relu;conv1" {
		t.Fatalf("got %+v, %v", ops, err)
	}
}

func TestParse_refusesWhatItDoesNotKnow(t *testing.T) {
	for name, text := range map[string]string{
		"head":    "==== Run Order ====\n [node type] [first] [avg ms] [Name]\n",
		"row":     head + "  CONV_2D 0.000 oops\n",
		"no head": "==== Run Order ====",
		"sign":    head + " CONV_2D 0.000 0.552 -0.643 1.444% 1.444% 0.000 20 [a]:1\n",
	} {
		if _, ok, err := opprofile.Parse(text); !ok || !errors.Is(err, runtime.ErrFormat) {
			t.Errorf("%s: found %v, error %v", name, ok, err)
		}
	}
	if _, ok, err := opprofile.Parse("nothing here\n"); ok || err != nil {
		t.Errorf("text without a table: %v, %v", ok, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(head + "  CONV_2D 0.000 0.552 0.643 1.444% 1.444% 0.000 20 [a]:17\n")
	f.Add(strings.Repeat("=", 100) + " Run Order ")
	f.Fuzz(func(t *testing.T, text string) {
		ops, _, err := opprofile.Parse(text)
		if err != nil && ops != nil {
			t.Error("operators beside an error")
		}
		for _, op := range ops {
			if op.MeanUS < 0 || math.IsNaN(op.MeanUS) {
				t.Errorf("operator %+v", op)
			}
		}
	})
}
