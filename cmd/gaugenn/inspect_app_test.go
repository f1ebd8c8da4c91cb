package main

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
			"cloud      Google Cloud Vision  string      https://vision.googleapis.com/v1/images:annotate (main.js)",
			"elsewhere  MediaPipe models     string      model elsewhere: https://example.org/mediapipe-models/face.task",
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
