package simulate_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/estimate/simulate"
	"github.com/gaugenn/gaugenn/graph/bind"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/tflite"
	"github.com/gaugenn/gaugenn/graph/op"
)

// The planned arena, with the weights that are unpacked once, is held to the memory that LiteRT's interpreter really took for models of the
// corpus (testdata/litert_memory.json, recorded by the script beside it).
func TestPlanArena_agreesWithLiteRT(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "litert_memory.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Name       string `json:"name"`
		SHA256     string `json:"sha256"`
		BuiltinKiB int64  `json:"builtin_kib"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	recorded := map[string]int64{}
	for _, r := range list {
		recorded[r.SHA256] = r.BuiltinKiB
	}
	var logs []float64
	err = filepath.WalkDir(shared(t, "corpus", "models", "tflite"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".tflite") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		kib := recorded[hex.EncodeToString(sum[:])]
		if kib < 2048 { // below, what the interpreter takes for itself and for unrolled convolutions decides
			return nil
		}
		m, err := tflite.Format.Parse(format.Input{Path: path, Name: filepath.Base(path), Data: data})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return nil
		}
		bound, _ := bind.Bind(m, bind.Policy{})
		shaped, _ := op.Infer(bound)
		a := simulate.PlanArena(shaped.Graphs[0])
		checkArena(t, a)
		planned := float64(a.Bytes+a.PersistentBytes) / 1024
		t.Logf("%-58s LiteRT %6d KiB, planned %6.0f (arena %.0f, unpacked weights %.0f), known %v", filepath.Base(path), kib, planned,
			float64(a.Bytes)/1024, float64(a.PersistentBytes)/1024, a.Known)
		if a.Known {
			logs = append(logs, math.Abs(math.Log(planned/float64(kib))))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(logs) < 4 {
		t.Skipf("only %d recorded models are at hand", len(logs))
	}
	sort.Float64s(logs)
	if m := logs[len(logs)/2]; m > 0.12 {
		t.Errorf("median difference %.0f %%", 100*m)
	}
	if w := logs[len(logs)-1]; w > 0.5 {
		t.Errorf("worst difference %.0f %%", 100*(math.Exp(w)-1))
	}
}
