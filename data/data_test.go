package data_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/google/go-cmp/cmp"

	"github.com/gaugenn/gaugenn/data"
)

var update = flag.Bool("update", false, "rewrite the schema goldens; read the diff")

func ptr[T any](v T) *T { return &v }

var layers = withLists([]data.Layer{
	{ModelID: "b", NodeIndex: 1, Op: "Conv", InputShapes: [][]int64{{1, 2}, nil, {}}, OutputShapes: [][]int64{{-1, 3}}, InputDTypes: []string{"float32"}, OutputDTypes: []string{}, MACs: ptr(int64(7))},
	{ModelID: "a", NodeIndex: 0, Op: "Relu", InputShapes: nil, OutputShapes: [][]int64{nil}, InputDTypes: []string{}, OutputDTypes: []string{}},
	{ModelID: "a", GraphIndex: 1, NodeIndex: 0, Op: "Add", InputShapes: [][]int64{{}}, OutputShapes: [][]int64{{0}, {1, 2, 3}}, InputDTypes: []string{"", "x"}, OutputDTypes: []string{}, CostKnown: true},
})

// withLists gives the lists that are never null an empty value.
func withLists(rows []data.Layer) []data.Layer {
	for i := range rows {
		rows[i].InputTensors, rows[i].OutputTensors, rows[i].Subgraphs = []int64{}, []int64{}, []int64{}
	}
	return rows
}

func TestWrite_roundTripKeepsNullsAndSortsByKey(t *testing.T) {
	dir := t.TempDir()
	w, err := data.Create[data.Layer](dir, "part", data.Meta{Tool: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(layers...); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var got []data.Layer
	for r, err := range data.Read[data.Layer](dir) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}
	want := []data.Layer{layers[1], layers[2], layers[0]}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	if v, err := data.Version(dir); err != nil || v != "test" {
		t.Errorf("Version = %q, %v", v, err)
	}
}

func TestWrite_nullableShapeOfTensor(t *testing.T) {
	dir := t.TempDir()
	w, err := data.Create[data.Tensor](dir, "part", data.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	want := []data.Tensor{{ModelID: "m", TensorIndex: 0, Shape: nil}, {ModelID: "m", TensorIndex: 1, Shape: []int64{}}, {ModelID: "m", TensorIndex: 2, Shape: []int64{4, -1}, ZeroFraction: ptr(0.5)}}
	if err := w.Write(want...); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var got []data.Tensor
	for r, err := range data.Read[data.Tensor](dir) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
}

func TestWrite_unfinishedFileHasNoName(t *testing.T) {
	dir := t.TempDir()
	if _, err := data.Create[data.App](dir, "part", data.Meta{}); err != nil {
		t.Fatal(err)
	}
	if paths, _ := data.Files(dir, "apps"); len(paths) != 0 {
		t.Errorf("an unfinished table is visible: %v", paths)
	}
}

func TestRead_damagedFileIsAnError(t *testing.T) {
	dir := t.TempDir()
	w, err := data.Create[data.Layer](dir, "part", data.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(layers...); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "layers", "part.parquet")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(whole); i += 7 {
		bad := bytes.Clone(whole)
		bad[i] ^= 0xff
		if err := os.WriteFile(path, bad, 0o644); err != nil {
			t.Fatal(err)
		}
		for range data.Read[data.Layer](dir) {
		}
	}
	if err := os.WriteFile(path, whole[:len(whole)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	failed := false
	for _, err := range data.Read[data.Layer](dir) {
		failed = failed || err != nil
	}
	if !failed {
		t.Error("half a file was read without an error")
	}
}

func TestArrow_streamHasTheSameColumnsAndNulls(t *testing.T) {
	var b bytes.Buffer
	tab, err := data.TableNamed("layers")
	if err != nil {
		t.Fatal(err)
	}
	w := data.NewArrowWriter(&b, tab, data.Meta{Tool: "test"})
	for _, l := range layers {
		if err := w.Write(l); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := ipc.NewReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	if !r.Next() {
		t.Fatal("no record batch")
	}
	rec := r.Record()
	if rec.NumRows() != 3 {
		t.Fatalf("%d rows", rec.NumRows())
	}
	text := map[string]string{"model_id": `["b" "a" "a"]`, "macs": "[7 (null) (null)]", "input_shapes": "[[[1 2] (null) []] [] [[]]]"}
	for i, f := range rec.Schema().Fields() {
		if want, ok := text[f.Name]; ok {
			if got := fmt.Sprint(rec.Column(i)); got != want {
				t.Errorf("column %s = %s, want %s", f.Name, got, want)
			}
		}
	}
}

func TestSchema_goldens(t *testing.T) {
	var b strings.Builder
	fmt.Fprintf(&b, "schema version %d\n", data.SchemaVersion)
	for _, tab := range data.Tables() {
		fmt.Fprintf(&b, "\n# %s, key %s\n%s\n", tab.Name, strings.Join(tab.Key, ", "), tab.Schema())
	}
	path := filepath.Join("testdata", "schema.golden")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Errorf("a schema changed: raise SchemaVersion, write the migration in CHANGELOG.md, then -update (-want +got):\n%s", d)
	}
}

func BenchmarkWrite_layers(b *testing.B) {
	row := data.Layer{ModelID: strings.Repeat("a", 64), Op: "Conv", SourceOp: "CONV_2D", Name: "block/conv", InputShapes: [][]int64{{1, 56, 56, 64}, {64, 3, 3, 64}, {64}}, OutputShapes: [][]int64{{1, 56, 56, 64}}, InputDTypes: []string{"float32", "float32", "float32"}, OutputDTypes: []string{"float32"}, MACs: ptr(int64(115605504)), CostKnown: true}
	dir := b.TempDir()
	w, err := data.Create[data.Layer](dir, "part", data.Meta{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		row.NodeIndex = int32(i)
		if err := w.Write(row); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
