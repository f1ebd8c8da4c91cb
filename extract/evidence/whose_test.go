package evidence_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/extract/evidence"
	"github.com/gaugenn/gaugenn/extract/extracttest"
)

// TestRead_callsOfTheAppCountBeforeThoseOfLibraries: where a library and the app both
// call an SDK, load a string or choose the same value, the app's code is named, wherever
// it stands in the file and also where the file was read for another app before.
func TestRead_callsOfTheAppCountBeforeThoseOfLibraries(t *testing.T) {
	const (
		run     = "Lorg/tensorflow/lite/Interpreter;->run"
		threads = "Lorg/tensorflow/lite/Interpreter$Options;->setNumThreads"
		host    = "https://api.openai.com/v1"
	)
	code := string(extracttest.Dex(
		extracttest.Class{Name: "Lcom/acme/Detector;", Calls: []string{run, threads}, Strings: []string{host}},
		extracttest.Class{Name: "Lnet/example/app/Main;", Calls: []string{run, threads}, Strings: []string{host}},
	))
	r := reader(t)
	for _, c := range []struct{ pkg, want string }{
		{"net.example.app", "net.example.app.Main.run"},
		{"com.acme.camera", "com.acme.Detector.run"},
		{"net.example.app", "net.example.app.Main.run"},
	} {
		rep := r.Read(archive(t, "AndroidManifest.xml", string(extracttest.Manifest(c.pkg, "1")), "classes.dex", code))
		seen := map[string]int{}
		for _, o := range rep.Observations {
			if o.Caller == "" {
				continue
			}
			seen[o.Rule.Subject]++
			if o.Caller != c.want || !rep.Manifest.OwnCode(o.Caller) {
				t.Errorf("%s: %s is used by %s, want %s", c.pkg, o.Rule.Subject, o.Caller, c.want)
			}
		}
		for _, s := range []string{"LiteRT", "LiteRT threads"} {
			if seen[s] != 1 {
				t.Errorf("%s: %s seen %d times with its user", c.pkg, s, seen[s])
			}
		}
	}
}

// TestRead_appBehindRenamedCallers: however many renamed classes call an SDK before it,
// the app's own call is found.
func TestRead_appBehindRenamedCallers(t *testing.T) {
	call := []string{"Lorg/tensorflow/lite/Interpreter;->run"}
	var classes []extracttest.Class
	for i := range 200 {
		classes = append(classes, extracttest.Class{Name: fmt.Sprintf("L%c%c;", 'a'+i/20, 'a'+i%20), Calls: call})
	}
	classes = append(classes, extracttest.Class{Name: "Lnet/example/app/Main;", Calls: call})
	r := reader(t).Read(archive(t, "AndroidManifest.xml", string(extracttest.Manifest("net.example.app", "1")), "classes.dex", string(extracttest.Dex(classes...))))
	if s, detail, _ := strongest(r, "LiteRT"); s != evidence.Called || !strings.HasPrefix(detail, "net.example.app.Main.run calls") {
		t.Errorf("%q: %s", s, detail)
	}
}

// TestRead_whoIsOfTheSDK tells calls from outside an SDK from those inside it.
func TestRead_whoIsOfTheSDK(t *testing.T) {
	for _, c := range []struct {
		class, call, subject string
		want                 evidence.Strength
	}{
		{"Lorg/tensorflow/lite/task/Core;", "Lorg/tensorflow/lite/Interpreter;->run", "LiteRT", evidence.Referenced},
		{"Lorg/tensorflow/lite/examples/detection/Classifier;", "Lorg/tensorflow/lite/Interpreter;->run", "LiteRT", evidence.Called},
		{"Lorg/pytorch/demo/vision/Result;", "Lorg/pytorch/Module;->forward", "PyTorch Mobile", evidence.Called},
		{"Lorg/pytorchlike/A;", "Lorg/pytorch/Module;->forward", "PyTorch Mobile", evidence.Called},
		{"Lweka/attributeSelection/Evaluation;", "Lweka/classifiers/rules/ZeroR;->build", "Weka", evidence.Referenced},
		{"Lorg/deeplearning4j/nn/Layer;", "Lorg/nd4j/linalg/Array;->add", "Deeplearning4j", evidence.Referenced},
		{"Lcom/google/android/apps/lens/Main;", "Lcom/google/android/gms/tflite/java/TfLite;->initialize", "LiteRT in Play services", evidence.Called},
	} {
		code := string(extracttest.Dex(extracttest.Class{Name: c.class, Calls: []string{c.call}}))
		if s, detail, _ := strongest(reader(t).Read(archive(t, "classes.dex", code)), c.subject); s != c.want {
			t.Errorf("%s of %s is %q (%s), want %q", c.subject, c.class, s, detail, c.want)
		}
	}
}

func TestManifest_OwnCode(t *testing.T) {
	for _, c := range []struct {
		pkg, caller string
		want        bool
	}{
		{"com.example.app", "com.example.core.Net.run", true},
		{"com.example.app", "com.examples.Net.run", false},
		{"io.github.alice.app", "io.github.alice.Net.run", true},
		{"io.github.alice.app", "io.github.bob.Net.run", false},
		{"app", "app.Net.run", false},
		{"", "com.example.Net.run", false},
	} {
		m := &evidence.Manifest{Package: c.pkg}
		if got := m.OwnCode(c.caller); got != c.want {
			t.Errorf("%s in %q: %v", c.caller, c.pkg, got)
		}
	}
}

func TestRenamed(t *testing.T) {
	for method, want := range map[string]bool{
		"a.b.c.run": true, "x1.run": true, "A0.e1.b": true,
		"com.example.Net.run": false, "io.github.alice.Net.run": false, "ai.x.Net.run": true, "okio.Buffer.read": false,
	} {
		if got := evidence.Renamed(method); got != want {
			t.Errorf("Renamed(%q) = %v", method, got)
		}
	}
}
