package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gaugenn/gaugenn/data"
	"github.com/gaugenn/gaugenn/graph/format/all"
)

var update = flag.Bool("update", false, "rewrite golden files and the README's table; read the diff")

const param = `7767517
3 3
Input            data    0 1 data 0=8 1=8 2=3
Convolution      conv1   1 1 data c1 0=4 1=3 4=1 5=1 6=108 9=1
InnerProduct     fc      1 1 c1 out 0=10 1=1 2=2560
`

// tinyAPK writes an APK with an ncnn graph under a name that says nothing, one
// in a nested archive, a cut ONNX-named file and an entry that is no model.
func tinyAPK(t *testing.T, path string) {
	t.Helper()
	var nested bytes.Buffer
	z := zip.NewWriter(&nested)
	add(t, z, "inner/net.param", []byte(strings.Replace(param, "0=10", "0=10 -23310=1,0.5", 1)), zip.Deflate)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z = zip.NewWriter(&b)
	add(t, z, "AndroidManifest.xml", []byte{3, 0, 8, 0, 8, 0, 0, 0}, zip.Deflate)
	add(t, z, "classes.dex", []byte("dex\n035\x00"), zip.Deflate)
	add(t, z, "assets/a.dat", []byte(param), zip.Store)
	add(t, z, "assets/pack.bin", nested.Bytes(), zip.Deflate)
	add(t, z, "assets/broken.onnx", []byte("this is not a model"), zip.Deflate)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func add(t *testing.T, z *zip.Writer, name string, content []byte, method uint16) {
	t.Helper()
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
}

func gaugenn(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(context.Background(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestScan_wholePathFromAPKToRows(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "tables")
	if err := os.Mkdir(in, 0o755); err != nil {
		t.Fatal(err)
	}
	tinyAPK(t, filepath.Join(in, "app.apk"))
	if err := os.WriteFile(filepath.Join(in, "loose.bin"), []byte(param), 0o644); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := gaugenn(t, "scan", in, "-o", out)
	if code != 0 || stdout != "" {
		t.Fatalf("exit %d, stdout %q, stderr %s", code, stdout, stderr)
	}
	if !strings.Contains(stderr, "3 models (2 distinct)") {
		t.Errorf("summary: %s", stderr)
	}
	golden(t, "scan", rowsText(t, out))
}

// rowsText returns the rows of the tables as text, without what differs per build.
func rowsText(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	tableText(t, &b, "apps", data.Read[data.App](dir))
	tableText(t, &b, "files", data.Read[data.File](dir))
	tableText(t, &b, "models", data.Read[data.Model](dir))
	tableText(t, &b, "layers", data.Read[data.Layer](dir))
	tableText(t, &b, "tensors", data.Read[data.Tensor](dir))
	return b.String()
}

func tableText[T data.Row](t *testing.T, b *strings.Builder, name string, rows func(func(T, error) bool)) {
	t.Helper()
	for r, err := range rows {
		if err != nil {
			t.Fatal(err)
		}
		j, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(b, "%s %s\n", name, j)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
		t.Errorf("%s (-want +got):\n%s", path, d)
	}
}

func TestScan_twoRunsGiveTheSameBytes(t *testing.T) {
	dir := t.TempDir()
	tinyAPK(t, filepath.Join(dir, "app.apk"))
	var sums [2]string
	for i := range sums {
		out := filepath.Join(dir, fmt.Sprint("tables", i))
		if code, _, stderr := gaugenn(t, "scan", "-q", filepath.Join(dir, "app.apk"), "-o", out); code != 0 {
			t.Fatal(stderr)
		}
		for _, table := range []string{"apps", "files", "models", "layers", "tensors"} {
			b, err := os.ReadFile(filepath.Join(out, table, "scan.parquet"))
			if err != nil {
				t.Fatal(err)
			}
			sums[i] += fmt.Sprintf("%s %x\n", table, b)
		}
	}
	if sums[0] != sums[1] {
		t.Error("two scans of the same input wrote different bytes")
	}
}

func TestScan_refusesToMixScansUnlessTold(t *testing.T) {
	dir := t.TempDir()
	tinyAPK(t, filepath.Join(dir, "app.apk"))
	args := []string{"scan", "-q", filepath.Join(dir, "app.apk"), "-o", filepath.Join(dir, "tables")}
	if code, _, stderr := gaugenn(t, args...); code != 0 {
		t.Fatal(stderr)
	}
	code, _, stderr := gaugenn(t, args...)
	if code != 1 || !strings.Contains(stderr, "--overwrite") {
		t.Errorf("second scan: exit %d: %s", code, stderr)
	}
	if code, _, stderr := gaugenn(t, append(args, "--overwrite")...); code != 0 {
		t.Errorf("--overwrite: %s", stderr)
	}
}

func TestScan_quietAndJSON(t *testing.T) {
	dir := t.TempDir()
	apk := filepath.Join(dir, "app.apk")
	tinyAPK(t, apk)
	if _, stdout, stderr := gaugenn(t, "scan", "-q", apk, "-o", filepath.Join(dir, "a")); stdout+stderr != "" {
		t.Errorf("--quiet printed %q %q", stdout, stderr)
	}
	_, stdout, stderr := gaugenn(t, "scan", "--json", apk, "-o", filepath.Join(dir, "b"))
	if stderr != "" {
		t.Errorf("--json wrote to stderr: %s", stderr)
	}
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines, want one per app and a summary:\n%s", len(lines), stdout)
	}
	for _, l := range lines {
		if !json.Valid([]byte(l)) {
			t.Errorf("not JSON: %s", l)
		}
	}
}

func TestScan_arrowOfAnyTable(t *testing.T) {
	dir := t.TempDir()
	apk := filepath.Join(dir, "app.apk")
	tinyAPK(t, apk)
	for _, table := range []string{"apps", "files", "models", "layers", "tensors"} {
		code, stdout, stderr := gaugenn(t, "scan", "-q", apk, "--arrow", "-", "--table", table)
		if code != 0 || len(stdout) < 200 {
			t.Errorf("%s: exit %d, %d bytes: %s", table, code, len(stdout), stderr)
		}
	}
}

func TestScan_interruptedLeavesReadableTables(t *testing.T) {
	dir := t.TempDir()
	for i := range 20 {
		tinyAPK(t, filepath.Join(dir, fmt.Sprintf("app%02d.apk", i)))
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var out, errs bytes.Buffer
	tables := filepath.Join(t.TempDir(), "tables")
	if code := run(ctx, []string{"scan", dir, "-o", tables}, &out, &errs); code != 1 || !strings.Contains(errs.String(), "interrupted") {
		t.Errorf("exit %d: %s", code, errs.String())
	}
	rowsText(t, tables)
}

func TestUsage_exitCodes(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"scan"}, 2, "at least one file"},
		{[]string{"scan", "x"}, 2, "-o FOLDER"},
		{[]string{"scan", "x", "-o", "y", "--depth", "deep"}, 2, "full or peek"},
		{[]string{"scan", "x", "--bogus"}, 2, "bogus"},
		{[]string{"scan", "x", "-o", "y", "--bind", "height"}, 2, "NAME=SIZE"},
		{[]string{"scan", filepath.Join(t.TempDir(), "absent"), "-o", t.TempDir()}, 1, "absent"},
		{[]string{"inspect"}, 2, "a file"},
	} {
		code, _, stderr := gaugenn(t, c.args...)
		if code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit %d, want %d; stderr %q should say %q", c.args, code, c.code, stderr, c.want)
		}
	}
}

func TestInspect_showsModelsAndLayers(t *testing.T) {
	apk := filepath.Join(t.TempDir(), "app.apk")
	tinyAPK(t, apk)
	code, stdout, stderr := gaugenn(t, "inspect", apk, "--layers", "--why")
	if code != 0 {
		t.Fatal(stderr)
	}
	for _, want := range []string{"2 models", "assets/a.dat", "assets/pack.bin!/inner/net.param", "Convolution", "3×8×8", "assets/broken.onnx"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("inspect does not say %q:\n%s", want, stdout)
		}
	}
}

func TestFormats_textAndJSON(t *testing.T) {
	for _, args := range [][]string{{"formats"}, {"formats", "--json"}} {
		_, stdout, _ := gaugenn(t, args...)
		for _, f := range all.Formats() {
			if !strings.Contains(stdout, f.Name) {
				t.Errorf("%v does not list %s", args, f.Name)
			}
		}
	}
}

// TestReadme_listsTheFormats holds the README's table to the code.
func TestReadme_listsTheFormats(t *testing.T) {
	path := filepath.Join("..", "..", "README.md")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "holds this table to the code -->\n", "<!-- end of formats -->"
	s := string(b)
	i, j := strings.Index(s, begin), strings.Index(s, end)
	if i < 0 || j < i {
		t.Fatal("README.md has no marked table of formats")
	}
	want := formatsMarkdown(all.Formats())
	if *update {
		s = s[:i+len(begin)] + want + s[j:]
		if err := os.WriteFile(path, []byte(s), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if s[i+len(begin):j] != want {
		t.Error("README.md's table of formats is stale: run go test ./cmd/gaugenn -update")
	}
}

func TestEstimate_fileAndTablesAgree(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "net.param")
	if err := os.WriteFile(file, []byte(param), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := gaugenn(t, "scan", "-q", file, "-o", filepath.Join(dir, "tables")); code != 0 {
		t.Fatal(stderr)
	}
	latency := func(path string) float64 {
		code, stdout, stderr := gaugenn(t, "estimate", path, "--device", "Pixel 7", "--runtime", "litert", "--json")
		if code != 0 {
			t.Fatal(stderr)
		}
		var row struct {
			LatencyMS *float64 `json:"latency_ms"`
		}
		if err := json.Unmarshal([]byte(stdout), &row); err != nil || row.LatencyMS == nil {
			t.Fatalf("%v: %s", err, stdout)
		}
		return *row.LatencyMS
	}
	if a, b := latency(file), latency(filepath.Join(dir, "tables")); a != b {
		t.Errorf("the file costs %g ms, its tables %g ms", a, b)
	}
}

func TestEstimate_devicesAndTable(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "net.param")
	if err := os.WriteFile(file, []byte(param), 0o644); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := gaugenn(t, "estimate", file, "--runtime", "litert", "--devices", "popular", "-o", dir)
	if code != 0 || stdout != "" || !strings.Contains(stderr, "predictions") {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	n := 0
	for r, err := range data.Read[data.Prediction](dir) {
		if err != nil || r.Basis == "" || r.Target == "" {
			t.Fatalf("%+v %v", r, err)
		}
		n++
	}
	if n < 5 {
		t.Errorf("%d predictions", n)
	}
	if code, _, stderr := gaugenn(t, "estimate", file, "--device", "no such phone at all"); code != 1 || !strings.Contains(stderr, "not known") {
		t.Errorf("unknown phone: exit %d: %s", code, stderr)
	}
	if code, _, stderr := gaugenn(t, "estimate", file); code != 2 || !strings.Contains(stderr, "which phone") {
		t.Errorf("no phone: exit %d: %s", code, stderr)
	}
}

func TestDevices_search(t *testing.T) {
	if _, stdout, _ := gaugenn(t, "devices", "--search", "pixel 7"); !strings.Contains(stdout, "Tensor G2") {
		t.Errorf("devices: %s", stdout)
	}
}
