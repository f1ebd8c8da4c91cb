package evidence_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gaugenn/gaugenn/extract/evidence"
)

// TestRead_valuesThatCodeGives: constants are read where every path brings the same,
// in code that a compiler made (testdata/calls/src), and who gives or loads them.
func TestRead_valuesThatCodeGives(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "calls", "app.dex"))
	if err != nil {
		t.Fatal(err)
	}
	type use struct{ rule, caller, value string }
	got := map[use]bool{}
	for _, o := range reader(t).Read(archive(t, "classes.dex", string(b))).Observations {
		got[use{o.Rule.ID, o.Caller, o.Value}] = true
		if o.Strength == evidence.Called && o.Rule.Signal != evidence.ClassPrefix {
			t.Logf("%s\n\t%q %s", o.Rule.ID, o.Value, o.Detail)
		}
	}
	const (
		main    = "com.example.app.Main."
		threads = "delegate/litert-threads/method/org/tensorflow/lite/Interpreter$Options->setNumThreads"
		intra   = "delegate/onnx-runtime-threads/method/ai/onnxruntime/OrtSession$SessionOptions->setIntraOpNumThreads"
		inter   = "delegate/onnx-runtime-threads/method/ai/onnxruntime/OrtSession$SessionOptions->setInterOpNumThreads"
	)
	want := []use{
		{threads, main + "plain", "4"},
		{threads, main + "chained", "2"},
		{threads, main + "onEveryPath", "3"},
		{intra, main + "onOnePath", ""},
		{inter, main + "caught", ""}, // and that of given, which looks the same
		{intra, main + "inCases", "5"},
		{intra, main + "inCases", "7"},
		{intra, main + "inCases", "1000"},
		{"delegate/litert-nnapi/method/org/tensorflow/lite/Interpreter$Options->setUseNNAPI", main + "chained", "true"},
		{"delegate/litert-delegate/method/org/tensorflow/lite/Interpreter$Options->addDelegate", main + "delegate", "new GpuDelegate"},
		{"delegate/litert-accelerator/field/com/google/ai/edge/litert/Accelerator->NPU", main + "accelerator", "NPU"},
		{"cloud_api/openai/string/api.openai.com", main + "host", ""},
		{"download/model-by-web-address/url/.tflite", main + "model", "https://example.org/models/face.tflite"},
		{"download/model-named-but-not-in-the-app/name/.onnx", main + "missing", "elsewhere/net.onnx"},
	}
	for _, w := range want {
		if !got[w] {
			t.Errorf("not seen: %+v", w)
		}
	}
	for u := range got {
		if u.value == "11" || u.value == "8" || u.value == "9" || u.rule == threads && u.value == "" {
			t.Errorf("seen: %+v", u)
		}
	}
}
