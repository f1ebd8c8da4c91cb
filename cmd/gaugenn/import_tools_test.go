package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/data"
)

func TestImport_readsWhatToolsPrint(t *testing.T) {
	net := smallNet(t)
	for name, c := range map[string]struct {
		text, runtime, model string
		latency              float64
		rows                 int
		args                 []string
	}{
		"benchmark_model": {"INFO: STARTING!\ncount=50 first=9000 curr=2100 min=2000 max=3000 avg=2200.5 std=10\nINFO: Inference timings in us: Init: 100, First inference: 9000, Warmup (avg): 3000, Inference (avg): 2200.5\n",
			"litert", "net.param", 2.2005, 1, []string{"--model", net}},
		"perf test": {"Session creation time cost: 0.01 s\nTotal inference time cost: 0.1 s\nAverage inference time cost: 5.25 ms\n", "ort", "out", 5.25, 1, nil},
		"profile": {`[{"cat":"Session","pid":1,"tid":1,"dur":100,"ts":1,"ph":"X","name":"model_run","args":{}},{"cat":"Node","pid":1,"tid":1,"dur":90,"ts":5,"ph":"X","name":"c_kernel_time","args":{"op_name":"Conv"}},{"cat":"Session","pid":1,"tid":1,"dur":3000,"ts":200,"ph":"X","name":"model_run","args":{}}]`,
			"ort", "out", 0, 1, nil},
		"benchncnn": {"loop_count = 8\nnum_threads = 4\npowersave = 2\ngpu_device = -1\n  squeezenet  min =    3.01  max =    3.50  avg =    3.20\n  mobilenet  min =    4.01  max =    4.50  avg =    4.20\n", "ncnn", "squeezenet", 3.2, 2, nil},
		"MNN":       {"MNN benchmark\n[ - ] mobilenet.mnn    max =   12.0 ms  min =   10.0 ms  avg =   11.0 ms\n[ - ] resnet.mnn    max =   22.0 ms  min =   20.0 ms  avg =   21.0 ms\n", "mnn", "mobilenet.mnn", 11, 2, nil},
		"TNN":       {"mobilenet_v1.tnnproto - cpu          time cost: min = 30.5   ms  |  max = 33.5   ms  |  avg = 31.5   ms\n", "tnn", "mobilenet_v1.tnnproto", 31.5, 1, nil},
		"Paddle":    {"mobilenetv1   min = 28.1   max = 30.2   avg = 28.6\n", "paddlelite", "mobilenetv1", 28.6, 1, []string{"--runtime", "paddlelite"}},
		"snpe":      {"Dnn Runtime Load/Deserialize/Create Statistics:\nLoad: 100 us\nTotal Inference Time: 5000 us\n", "snpe", "out", 5, 1, nil},
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, "out.txt")
		if err := os.WriteFile(file, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		code, _, stderr := gaugenn(t, append([]string{"calibrate", "import", file, "--device", "Galaxy A15", "-o", dir}, c.args...)...)
		if code != 0 {
			t.Errorf("%s: exit %d: %s", name, code, stderr)
			continue
		}
		n := 0
		for row, err := range data.Read[data.Measurement](dir) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; row.ModelName != c.model && c.rows == 1 || row.Runtime != c.runtime || row.Basis != "measured" || row.Device != "Galaxy A15" || row.LatencyMS == nil ||
				c.rows == 1 && c.latency > 0 && *row.LatencyMS != c.latency {
				t.Errorf("%s: %+v, want %+v", name, row, c)
			}
			if c.args != nil && c.args[0] == "--model" && (row.ModelID == "" || row.MACs == nil) {
				t.Errorf("%s: no model behind the row", name)
			}
		}
		if n != c.rows {
			t.Errorf("%s: %d rows, want %d", name, n, c.rows)
		}
	}
}

func TestImport_saysWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ncnn := put("n.txt", "  squeezenet  min =    3.01  max =    3.50  avg =    3.20\n")
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no device":       {[]string{ncnn}, 2, "add --device"},
		"unknown text":    {[]string{put("x.txt", "hello\n"), "--device", "Galaxy A15"}, 1, "benchmark_model"},
		"an empty file":   {[]string{put("e.txt", ""), "--device", "Galaxy A15"}, 1, "empty"},
		"no runs":         {[]string{t.TempDir()}, 1, "no runs"},
		"another runtime": {[]string{ncnn, "--runtime", "litert", "--device", "Galaxy A15"}, 1, "not read as output"},
		"no such file":    {[]string{filepath.Join(dir, "none")}, 1, "no such file"},
	} {
		code, _, stderr := gaugenn(t, append([]string{"calibrate", "import", "-o", filepath.Join(dir, "t")}, c.args...)...)
		if code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit %d, want %d with %q: %s", name, code, c.code, c.want, stderr)
		}
	}
}

func TestImport_addsReplacesAndRefuses(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "n.txt")
	if err := os.WriteFile(file, []byte("  squeezenet  min =    3.01  max =    3.50  avg =    3.20\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	count := func() (n int, bases string) {
		for row, err := range data.Read[data.Measurement](dir) {
			if err != nil {
				t.Fatal(err)
			}
			n++
			bases += row.Basis + " " + row.Licence + " "
		}
		return n, bases
	}
	args := []string{"calibrate", "import", file, "--device", "Galaxy A15", "-o", dir, "-q"}
	for _, c := range []struct {
		extra []string
		code  int
		rows  int
	}{{nil, 0, 1}, {nil, 1, 1}, {[]string{"--add", "--source", "a page", "--licence", "MIT"}, 0, 2}, {[]string{"--add"}, 0, 3}, {[]string{"--overwrite"}, 0, 1},
		{[]string{"--overwrite", "--delegate", "tpu"}, 2, 1}, {[]string{"--overwrite", "--precision", "int3"}, 2, 1}, {[]string{"--overwrite", "--threads", "-3"}, 2, 1},
		{[]string{"--overwrite", "--delegate", "dsp", "--precision", "INT8", "--threads", "2"}, 0, 1}} {
		code, _, stderr := gaugenn(t, append(args[:len(args):len(args)], c.extra...)...)
		n, bases := count()
		if code != c.code || n != c.rows {
			t.Errorf("%v: exit %d, %d rows; want %d and %d: %s", c.extra, code, n, c.code, c.rows, stderr)
		}
		if n == 2 && !strings.Contains(bases, "recorded MIT") {
			t.Errorf("rows of others: %q", bases)
		}
	}
}

func TestImport_modelOfUnknownWorkLeavesMACsUnknown(t *testing.T) {
	dir := t.TempDir()
	net, out := filepath.Join(dir, "free.param"), filepath.Join(dir, "out.txt")
	tables := filepath.Join(dir, "tables")
	for path, text := range map[string]string{
		net: "7767517\n2 2\nInput data 0 1 data\nInnerProductX fc 1 1 data out 0=4\n",
		out: "Session creation time cost: 0.01 s\nTotal inference time cost: 0.1 s\nAverage inference time cost: 5.25 ms\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if code, _, stderr := gaugenn(t, "scan", net, "-o", tables, "-q"); code != 0 {
		t.Fatal(stderr)
	}
	for _, model := range []string{net, tables} {
		to := t.TempDir()
		if code, _, stderr := gaugenn(t, "calibrate", "import", out, "--device", "Galaxy A15", "--model", model, "-o", to, "-q"); code != 0 {
			t.Fatal(stderr)
		}
		rows := 0
		for row, err := range data.Read[data.Measurement](to) {
			if err != nil {
				t.Fatal(err)
			}
			if rows++; row.ModelID == "" || row.MACs != nil {
				t.Errorf("%s: model %q, MACs %v; want its id and no MACs", filepath.Base(model), row.ModelID, row.MACs)
			}
		}
		if rows != 1 {
			t.Errorf("%s: %d rows, want one", filepath.Base(model), rows)
		}
	}
}

// Tables may have been copied without their layers.
func TestImport_modelOfTablesWithoutLayersLeavesMACsUnknown(t *testing.T) {
	dir := t.TempDir()
	out, tables, to := filepath.Join(dir, "out.txt"), filepath.Join(dir, "tables"), filepath.Join(dir, "rows")
	text := "Session creation time cost: 0.01 s\nTotal inference time cost: 0.1 s\nAverage inference time cost: 5.25 ms\n"
	if err := os.WriteFile(out, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := gaugenn(t, "scan", "../../graph/format/tflite/testdata/mobile_converted.tflite", "-o", tables, "-q"); code != 0 {
		t.Fatal(stderr)
	}
	if err := os.RemoveAll(filepath.Join(tables, "layers")); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := gaugenn(t, "calibrate", "import", out, "--device", "Galaxy A15", "--model", tables, "-o", to, "-q"); code != 0 {
		t.Fatal(stderr)
	}
	rows := 0
	for row, err := range data.Read[data.Measurement](to) {
		if err != nil {
			t.Fatal(err)
		}
		if rows++; row.ModelID == "" || row.MACs != nil {
			t.Errorf("model %q, MACs %v; want its id and no MACs", row.ModelID, row.MACs)
		}
	}
	if rows != 1 {
		t.Errorf("%d rows, want one", rows)
	}
}
