package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/estimate/device"
)

func smallNet(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "net.param")
	if err := os.WriteFile(file, []byte(param), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestEstimate_refusesFlagsThatNameNothing(t *testing.T) {
	file := smallNet(t)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"runtime":            {[]string{"--runtime", "caffe9"}, "litert"},
		"delegate":           {[]string{"--delegate", "tpu"}, "cpu, gpu, npu"},
		"precision":          {[]string{"--precision", "fp12"}, "f32, f16, i8, auto"},
		"affinity":           {[]string{"--affinity", "huge"}, "big, little"},
		"threads":            {[]string{"--threads", "0"}, "1 to 128"},
		"ncnn on an npu":     {[]string{"--runtime", "ncnn", "--delegate", "npu"}, "use --runtime litert"},
		"affinity of a gpu":  {[]string{"--delegate", "gpu", "--affinity", "big"}, "says nothing"},
		"words and own rows": {[]string{"--words", "10", "--given", "x.csv"}, "--words"},
	} {
		code, stdout, stderr := gaugenn(t, append([]string{"estimate", file, "--device", "Pixel 7"}, c.args...)...)
		if code != 2 || stdout != "" || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit %d, %q%q, want one line with %q", name, code, stdout, stderr, c.want)
		}
	}
}

func TestEstimate_saysWhatMakesNoSenseOnADevice(t *testing.T) {
	file := smallNet(t)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"a Qualcomm runtime elsewhere":  {[]string{"--device", "Pixel 7", "--runtime", "snpe"}, "no answer: snpe runs on Qualcomm chips"},
		"ncnn by its file on an npu":    {[]string{"--device", "Pixel 7", "--delegate", "npu"}, "no answer: ncnn has no delegate for neural processors"},
		"no neural processor":           {[]string{"--device", "Galaxy A15", "--runtime", "litert", "--delegate", "npu"}, "try --delegate cpu or gpu"},
		"threads beyond the cores":      {[]string{"--device", "Pixel 7", "--threads", "12"}, "12 threads on 8 cores"},
		"a runtime of another format":   {[]string{"--device", "Pixel 7", "--runtime", "litert"}, "does not read ncnn files"},
		"floating weights priced as i8": {[]string{"--device", "Pixel 7", "--runtime", "litert", "--precision", "i8"}, "as if it were quantised"},
	} {
		code, stdout, stderr := gaugenn(t, append([]string{"estimate", file}, c.args...)...)
		if code != 0 || !strings.Contains(stdout, c.want) {
			t.Errorf("%s: exit %d, want %q in\n%s%s", name, code, c.want, stdout, stderr)
		}
	}
}

func TestEstimate_ownRowsAndTheirFaults(t *testing.T) {
	file := smallNet(t)
	for name, c := range map[string]struct {
		table, want string
		code        int
	}{
		"the model itself": {"model,latency_ms\nnet.param,4.5\n", "latency   4.5 ms", 0},
		"other columns":    {"name,ms\nnet.param,4.5\n", "the columns model and latency_ms", 1},
		"no rows":          {"model,latency_ms\n", "no rows", 1},
		"below zero":       {"model,latency_ms\nnet.param,-1\n", "line 2: latency_ms \"-1\"", 1},
		"a missing model":  {"model,latency_ms\nother.param,1\n", "line 2: model \"other.param\" is neither", 1},
		"nothing":          {"", "header", 1},
		"by a spreadsheet": {"\xef\xbb\xbfmodel,latency_ms\r\nnet.param,4.5\r\n", "latency   4.5 ms", 0},
		"its stem":         {"model,latency_ms\n net ,4.5\n", "latency   4.5 ms", 0},
	} {
		given := filepath.Join(t.TempDir(), "mine.csv")
		if err := os.WriteFile(given, []byte(c.table), 0o644); err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := gaugenn(t, "estimate", file, "--device", "Pixel 7", "--runtime", "litert", "--given", given)
		if code != c.code || !strings.Contains(stdout+stderr, c.want) {
			t.Errorf("%s: exit %d, want %d and %q in\n%s%s", name, code, c.code, c.want, stdout, stderr)
		}
	}
}

// The run of a loop says nothing of other models: its body alone is known.
func TestEstimate_ownRowOfALoopIsItsOwnAnswerAlone(t *testing.T) {
	fixtures, dir := "../../graph/format/tflite/testdata", t.TempDir()
	app, given := filepath.Join(dir, "app.apk"), filepath.Join(dir, "mine.csv")
	zipped(t, app, map[string]string{"a/loop.tflite": filepath.Join(fixtures, "lstm_converted.tflite"), "a/two.tflite": filepath.Join(fixtures, "mobile_converted.tflite")})
	if err := os.WriteFile(given, []byte("model,latency_ms\nloop.tflite,4.5\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := gaugenn(t, "estimate", app, "--device", "Pixel 7", "--given", given)
	if code != 0 || strings.Count(stdout, "basis: measured") != 1 || strings.Contains(stdout, "basis: same_target") {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
}

// A row may be of any model in what is priced, by name or id.
func TestEstimate_ownRowOfOneModelOfAnApp(t *testing.T) {
	fixtures, dir := "../../graph/format/tflite/testdata", t.TempDir()
	app, given := filepath.Join(dir, "app.apk"), filepath.Join(dir, "mine.csv")
	zipped(t, app, map[string]string{"a/one.tflite": filepath.Join(fixtures, "mobile_converted.tflite"), "a/two.tflite": filepath.Join(fixtures, "operands.tflite"),
		"b/same.tflite": filepath.Join(fixtures, "recurrent.tflite"), "c/same.tflite": filepath.Join(fixtures, "mobile_int8_converted.tflite"), "other.onnx": "../../graph/format/all/testdata/mobile.onnx"})
	same := ""
	for id, a := range pricesOf(t, app) {
		if a.LatencyMS != nil && a.Basis == "unseen" {
			same = id
		}
	}
	for name, c := range map[string]struct{ row, want string }{
		"a name":        {"one.tflite,4.5", ""},
		"an id":         {same + ",4.5", ""},
		"shared name":   {"same.tflite,4.5", "several models are called \"same.tflite\""},
		"of none there": {"three.tflite,4.5", "neither in what is priced (app.apk) nor a model file beside the table"},
	} {
		if err := os.WriteFile(given, []byte("model,latency_ms\n"+c.row+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := gaugenn(t, "estimate", app, "--device", "Pixel 7", "--given", given)
		if c.want == "" && (code != 0 || strings.Count(stdout, "basis: measured") != 1 || strings.Count(stdout, "basis: same_target") != 3 || strings.Count(stdout, "basis: simulated") != 1) || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit %d, want %q in\n%s%s", name, code, c.want, stdout, stderr)
		}
	}
}

func TestEstimate_ownRowOfAModelOfUnknownWorkIsRefused(t *testing.T) {
	dir := t.TempDir()
	net, given, tables := filepath.Join(dir, "free.param"), filepath.Join(dir, "mine.csv"), filepath.Join(dir, "tables")
	for path, text := range map[string]string{net: "7767517\n2 2\nInput data 0 1 data\nInnerProductX fc 1 1 data out 0=4\n", given: "model,latency_ms\nfree.param,5\n"} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if code, _, stderr := gaugenn(t, "scan", net, "-o", tables, "-q"); code != 0 {
		t.Fatal(stderr)
	}
	code, stdout, stderr := gaugenn(t, "estimate", tables, "--device", "Pixel 7", "--given", given)
	if code != 0 || !strings.Contains(stdout, "no answer: its work is not known") {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
}

func TestFindDevice_readsWhatPhonesSay(t *testing.T) {
	props := filepath.Join(t.TempDir(), "getprop.txt")
	if err := os.WriteFile(props, []byte("[gsm.x]: [y]\n[ro.product.model]: [SM-A155F]\n[ro.soc.model]: [MT6789]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{"Galaxy A15": "Galaxy A15", "SM-A155F": "Galaxy A15", "[ro.product.model]: [SM-A155F]": "Galaxy A15", props: "Galaxy A15",
		"ro.soc.model=SM8650, ro.product.model=XYZ": "XYZ", "soc=Snapdragon 7 Gen 1, ram=8": "soc=Snapdragon 7 Gen 1, ram=8"} {
		d, err := findDevice(text)
		if err != nil || d.Name != want || len(d.SoC.Clusters) == 0 {
			t.Errorf("%q: got %q (%s), %v; want %q", text, d.Name, d.SoC.Name, err, want)
		}
	}
	if _, err := findDevice("galxy s23"); err == nil || !strings.Contains(err.Error(), "Galaxy S23") {
		t.Errorf("a misspelt name: %v", err)
	}
}

func TestDevices_namesAndSearchesAsTheyAreTyped(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
		code int
	}{
		{[]string{"Pixel", "7"}, "Google Pixel 7 ", 0},
		{[]string{"Pixel 7"}, "Google Pixel 7 ", 0},
		{[]string{"--search", "galaxy", "a54"}, "Galaxy A54 5G ", 0},
		{[]string{"--search", "Dimensity 9300+"}, "Dimensity 9300+ ", 0},
		{[]string{"--search", "Dimensity 9300+", "--json"}, "\"soc\":\"Dimensity 9300+\"", 0},
		{[]string{"--search", "zzz"}, "device \"zzz\" is not known", 1},
		{[]string{"No", "Such"}, "device \"No Such\" is not known", 1},
	} {
		if testing.Short() && strings.Contains(c.want, "Pixel 7") {
			continue // a page of predictions each, which takes long under the race detector
		}
		code, stdout, stderr := gaugenn(t, append([]string{"devices"}, c.args...)...)
		if code != c.code || !strings.Contains(stdout+stderr, c.want) {
			t.Errorf("devices %q: exit %d, want %d and %q in\n%.400s%s", c.args, code, c.code, c.want, stdout, stderr)
		}
	}
}

func TestDevices_pageShowsFactsAndErrors(t *testing.T) {
	code, stdout, stderr := gaugenn(t, "devices", "Galaxy A15")
	if code != 0 {
		t.Fatal(stderr)
	}
	for _, want := range []string{"Helio G99", "← ", "from memory", "LiteRT CPU, f32", "ncnn CPU", "median error to expect", "chips left out", "battery"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	if code, stdout, _ = gaugenn(t, "devices", "Galaxy S24 Ultra", "--json"); code != 0 || !strings.Contains(stdout, `"chips_left_out":{"chips"`) {
		t.Errorf("exit %d: %s", code, stdout)
	}
	if code, _, stderr = gaugenn(t, "devices", "no such phone at all"); code != 1 || !strings.Contains(stderr, "not known") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

func TestLoads(t *testing.T) {
	for _, c := range []struct {
		runtime, format string
		want            bool
	}{
		{"litert", "tflite", true}, {"litert", "litertlm", true}, {"ort", "onnx", true}, {"ort", "ort", true}, {"qnn", "dlc", true}, {"snpe", "dlc", true},
		{"tnn", "tnn", true}, {"paddlelite", "paddlelite", true}, {"ncnn", "ncnn", true},
		{"litert", "ncnn", false}, {"litert", "caffe", false}, {"ort", "tflite", false}, {"qnn", "onnx", false}, {"ncnn", "dlc", false},
	} {
		if got := loads(c.runtime, c.format); got != c.want {
			t.Errorf("loads(%s, %s) = %v", c.runtime, c.format, got)
		}
	}
}

func TestAssumptions_aFormatOfNoRuntimeIsPricedAsConverted(t *testing.T) {
	q := &pricedModel{format: "caffe"}
	got := assumptions(q, device.Target{Runtime: runtimeOf(q.format), Delegate: device.CPU})
	if len(got) != 1 || !strings.Contains(got[0], "does not read caffe files") {
		t.Errorf("got %q", got)
	}
}

func TestEstimate_takesTheUsualNamesOfAPrecision(t *testing.T) {
	net := smallNet(t)
	for name, want := range map[string]string{"int8": "i8", "FP16": "f16", "float32": "f32"} {
		code, stdout, stderr := gaugenn(t, "estimate", net, "--device", "Pixel 7", "--precision", name, "--json")
		if code != 0 || !strings.Contains(stdout, "\"precision\":\""+want+"\"") {
			t.Errorf("%s: exit %d: %s%s", name, code, stdout, stderr)
		}
	}
}

func TestEstimate_writesSmallSharesOfTheBatteryOut(t *testing.T) {
	code, stdout, stderr := gaugenn(t, "estimate", smallNet(t), "--device", "Pixel 7")
	if code != 0 || !strings.Contains(stdout, "(1,000 runs: 0.0000") || strings.Contains(stdout, "e-0") {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
}
