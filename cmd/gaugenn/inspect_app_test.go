package main

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/data"
	"github.com/gaugenn/gaugenn/extract"
	"github.com/gaugenn/gaugenn/extract/extracttest"
)

// TestInspect_saysWhatRunsAndWhy: the runtime is counted on the first line, has
// its reason below the models, and with --why its rule, file and offset.
func TestInspect_saysWhatRunsAndWhy(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	add(t, z, "AndroidManifest.xml", []byte{3, 0, 8, 0, 8, 0, 0, 0}, zip.Deflate)
	add(t, z, "assets/net.param", []byte(param), zip.Deflate)
	add(t, z, "lib/arm64-v8a/libncnn.so", []byte("\x7fELF"), zip.Store)
	add(t, z, "assets/main.js", []byte(`fetch("https://vision.googleapis.com/v1/images:annotate")`), zip.Deflate)
	add(t, z, "assets/index.bundle", []byte(`var u="https://example.org/mediapipe-models/face.task"`), zip.Deflate)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	apk := filepath.Join(t.TempDir(), "app.apk")
	if err := os.WriteFile(apk, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"inspect", apk}, []string{
			"1 model, 1 runtime, 1 cloud API\n",
			"runtimes   ncnn ", "linked      libncnn.so",
			"cloud      Google Cloud Vision   string      https://vision.googleapis.com/v1/images:annotate (main.js)",
			"elsewhere  MediaPipe models      string      model elsewhere: https://example.org/mediapipe-models/face.task",
			"           model by web address  string      model elsewhere: https://example.org/mediapipe-models/face.task",
		}},
		{[]string{"inspect", apk, "--why"}, []string{
			"runtime/ncnn/library/libncnn*.so   lib/arm64-v8a/libncnn.so",
			"cloud_api/google-cloud-vision/string/vision.googleapis.com   assets/main.js @0xf",
			"unread     AndroidManifest.xml",
		}},
	} {
		code, stdout, stderr := gaugenn(t, c.args...)
		if code != 0 {
			t.Fatal(stderr)
		}
		for _, want := range c.want {
			if !strings.Contains(stdout, want) {
				t.Errorf("%v does not say %q:\n%s", c.args[2:], want, stdout)
			}
		}
	}
}

// TestScan_splitSetIsOneRow: a folder of split packages is one row of apps with the
// base's name and what all of its packages show.
func TestScan_splitSetIsOneRow(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "example")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	base, split := extracttest.NewPackage(), extracttest.NewPackage()
	base.Deflate("AndroidManifest.xml", extracttest.Manifest("org.example.app", "3.4"))
	split.Deflate("AndroidManifest.xml", extracttest.Manifest("org.example.app", "3.4"))
	split.Store("lib/arm64-v8a/libncnn.so", extracttest.Library{}.Bytes())
	split.Deflate("assets/net.param", []byte(param))
	for name, p := range map[string]*extracttest.Package{"base.apk": base, "split_config.arm64_v8a.apk": split} {
		b, err := p.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_, stdout, stderr := gaugenn(t, "inspect", dir)
	for _, want := range []string{"org.example.app 3.4 (target 35)   example   split set", "1 model, 1 runtime", "split_config.arm64_v8a.apk!/assets/net.param"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("inspect does not say %q:\n%s%s", want, stdout, stderr)
		}
	}
	out := filepath.Join(t.TempDir(), "tables")
	if code, _, stderr := gaugenn(t, "scan", "-q", dir, "-o", out); code != 0 {
		t.Fatal(stderr)
	}
	apps := 0
	for a, err := range data.Read[data.App](out) {
		if err != nil {
			t.Fatal(err)
		}
		apps++
		if a.Container != extract.SplitSet || a.PackageName == nil || *a.PackageName != "org.example.app" || a.ModelCount != 1 || len(a.ABIs) != 1 {
			t.Errorf("%+v", a)
		}
	}
	if apps != 1 {
		t.Errorf("%d rows of apps", apps)
	}
}

// TestInspect_recoversFromXOROnlyWhenTold: without the flag such a model is labelled,
// with it the model is read and says how.
func TestInspect_recoversFromXOROnlyWhenTold(t *testing.T) {
	model, err := os.ReadFile(filepath.Join("..", "..", "graph", "format", "tflite", "testdata", "mobile_converted.tflite"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range model {
		model[i] ^= 0x5a
	}
	file := filepath.Join(t.TempDir(), "net.bin")
	if err := os.WriteFile(file, model, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, stdout, stderr := gaugenn(t, "inspect", file); !strings.Contains(stdout, "0 models") || !strings.Contains(stdout, "encrypted: tflite under repeating XOR key 0x5a") {
		t.Errorf("%s%s", stdout, stderr)
	}
	if _, stdout, stderr := gaugenn(t, "inspect", "--recover-xor", file); !strings.Contains(stdout, "1 model") || !strings.Contains(stdout, "recovered from repeating XOR key 0x5a") {
		t.Errorf("%s%s", stdout, stderr)
	}
}

// TestInspect_saysWhatCodeChooses: threads and accelerators stand with their values
// and with whose code chooses them.
func TestInspect_saysWhatCodeChooses(t *testing.T) {
	dex, err := os.ReadFile(filepath.Join("..", "..", "extract", "evidence", "testdata", "calls", "app.dex"))
	if err != nil {
		t.Fatal(err)
	}
	p := extracttest.NewPackage()
	p.Deflate("AndroidManifest.xml", extracttest.Manifest("com.example.app", "3.4"))
	p.Deflate("classes.dex", dex)
	p.Store("lib/arm64-v8a/libflutter.so", extracttest.Library{}.Bytes())
	b, err := p.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	apk := filepath.Join(t.TempDir(), "app.apk")
	if err := os.WriteFile(apk, b, 0o644); err != nil {
		t.Fatal(err)
	}
	_, stdout, stderr := gaugenn(t, "inspect", apk)
	for _, want := range []string{
		"apk (flutter)", "setNumThreads(2), setNumThreads(3), setNumThreads(4)   app code com.example.app.Main.chained and 2 more",
		"LiteRT accelerator              called      NPU   app code", "addDelegate(new GpuDelegate)",
		"https://api.openai.com/v1/chat (classes.dex) loaded by app code com.example.app.Main.host",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("inspect does not say %q:\n%s%s", want, stdout, stderr)
		}
	}
}
