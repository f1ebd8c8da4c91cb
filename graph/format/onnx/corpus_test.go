package onnx_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/onnx"
	wire "google.golang.org/protobuf/encoding/protowire"
)

// models names a folder with further files to hold against the truth, such as
// the one that corpus/get.sh fills, or with models of the onnx package's tests.
var models = flag.String("models", "", "folder with more real models")

type truth struct {
	SHA256, Format, Kind, Path string
	Params                     *int64
	ParamsWithConstants        *int64 `json:"params_with_constants"`
	Ops                        []struct{ Op string }
	Inputs                     []struct{ Name string }
}

// readTruth returns the records by SHA-256.
func readTruth(t testing.TB) map[string]truth {
	t.Helper()
	f, err := os.Open(formattest.Shared(t, "corpus/truth.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]truth{}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var r truth
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		out[r.SHA256] = r
	}
	return out
}

// walk calls visit with every file below the roots.
func walk(t testing.TB, visit func(path string, data []byte), roots ...string) {
	t.Helper()
	for _, root := range roots {
		if root == "" {
			continue
		}
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(path)
			if err == nil {
				visit(path, data)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func head(path string, data []byte) format.Head {
	return format.Head{Name: filepath.Base(path), Bytes: data[:min(len(data), format.MaxHead)], Size: int64(len(data))}
}

// TestCorpus_agreesWithTheTruth compares operators, inputs and parameters of
// every real ONNX model, and requires that nothing else is taken for one.
func TestCorpus_agreesWithTheTruth(t *testing.T) {
	records := readTruth(t)
	checked := 0
	walk(t, func(path string, data []byte) {
		sum := sha256.Sum256(data)
		r, known := records[hex.EncodeToString(sum[:])]
		matched := onnx.Format.Match(head(path, data)) != format.No
		m, err := onnx.Format.Parse(format.Input{Path: path, Name: filepath.Base(path), Data: data})
		switch {
		case !known:
			return
		case r.Format != "onnx":
			if err == nil {
				t.Errorf("%s is %s and parses as onnx", r.Path, r.Format)
			}
			return
		case !matched || err != nil:
			t.Errorf("%s: matched %v, %v", r.Path, matched, err)
			return
		}
		checked++
		compare(t, r, m)
	}, formattest.Shared(t, "corpus/models"), *models)
	t.Logf("%d models agree with the truth", checked)
}

func compare(t *testing.T, r truth, m *graph.Model) {
	t.Helper()
	if err := graph.Validate(m); err != nil {
		t.Errorf("%s: %v", r.Path, err)
	}
	var got []string
	for _, g := range m.Graphs {
		for i := range g.Nodes {
			got = append(got, g.Nodes[i].SourceOp)
			if g.Nodes[i].Op == graph.Unknown {
				t.Errorf("%s: node %d %s is unknown", r.Path, i, g.Nodes[i].SourceOp)
			}
		}
	}
	var want []string
	for _, o := range r.Ops {
		want = append(want, o.Op)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: operators %d, want %d, or another order", r.Path, len(got), len(want))
	}
	if p := params(m); r.Params != nil && p != *r.Params && (r.ParamsWithConstants == nil || p != *r.ParamsWithConstants) {
		t.Errorf("%s: %d parameters, want %d", r.Path, p, *r.Params)
	}
	if len(m.Graphs[0].Inputs) != len(r.Inputs) {
		t.Errorf("%s: %d inputs, want %d", r.Path, len(m.Graphs[0].Inputs), len(r.Inputs))
	}
}

// params counts the elements of every constant once, but for those of Constant nodes.
func params(m *graph.Model) (n int64) {
	seen := map[*graph.Const]bool{}
	for _, g := range m.Graphs {
		for i := range g.Tensors {
			t := &g.Tensors[i]
			if t.Const == nil || t.Const.NotParam || seen[t.Const] {
				continue
			}
			seen[t.Const] = true
			e, _ := t.Shape.Elements()
			n += e
		}
	}
	return n
}

// TestModels_allParse takes every .onnx file below the folder given with
// -models: the onnx package's own test data, generated or installed.
func TestModels_allParse(t *testing.T) {
	if *models == "" {
		t.Skip("no folder given with -models")
	}
	n := 0
	walk(t, func(path string, data []byte) {
		if filepath.Ext(path) != ".onnx" {
			return
		}
		n++
		if onnx.Format.Match(head(path, data)) == format.No {
			t.Errorf("%s is not matched", path)
		}
		m, err := onnx.Format.Parse(format.Input{Path: path, Data: data})
		if err != nil {
			t.Errorf("%v", err)
			return
		}
		if err := graph.Validate(m); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		for _, g := range m.Graphs {
			for i := range g.Nodes {
				source := g.Nodes[i].SourceOp
				if g.Nodes[i].Op == graph.Unknown && !strings.Contains(source, ".") && source != "CenterCropPad" {
					t.Errorf("%s: %s is unknown", path, source)
				}
			}
		}
	}, *models)
	t.Logf("%d models", n)
}

// big is a model with a weight of the given size.
func big(bytesOfWeight int) []byte {
	str := func(n wire.Number, b []byte) []byte {
		return wire.AppendBytes(wire.AppendTag(nil, n, wire.BytesType), b)
	}
	num := func(n wire.Number, v uint64) []byte {
		return wire.AppendVarint(wire.AppendTag(nil, n, wire.VarintType), v)
	}
	join := func(p ...[]byte) []byte { return bytes.Join(p, nil) }
	w := join(num(1, uint64(bytesOfWeight/4)), num(2, 1), str(8, []byte("w")), str(9, make([]byte, bytesOfWeight)))
	n := join(str(1, []byte("w")), str(2, []byte("y")), str(4, []byte("Relu")))
	return join(num(1, 8), str(7, join(str(1, n), str(5, w))), str(8, num(2, 13)))
}

// BenchmarkParse_100MBOfWeights must cost microseconds: tensors are not copied.
func BenchmarkParse_100MBOfWeights(b *testing.B) {
	data := big(100 << 20)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := onnx.Format.Parse(format.Input{Data: data}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestParse_allocationsDoNotGrowWithWeights(t *testing.T) {
	bytesOf := func(size int) uint64 {
		data := big(size)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 10 {
			if _, err := onnx.Format.Parse(format.Input{Data: data}); err != nil {
				t.Fatal(err)
			}
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	if n := bytesOf(32 << 20); n > 4<<20 {
		t.Errorf("%d bytes allocated by ten parses with 32 MB of weights, %d with 4 bytes", n, bytesOf(4))
	}
}

// BenchmarkParse_real measures a real model where there is one.
func BenchmarkParse_real(b *testing.B) {
	data, err := os.ReadFile(formattest.Shared(b, "corpus/models/onnx/Linzaer+Ultra-Light-Fast-Generic-Face-Detector-1MB/models/onnx/version-slim-320.onnx"))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := onnx.Format.Parse(format.Input{Data: data}); err != nil {
			b.Fatal(err)
		}
	}
}
