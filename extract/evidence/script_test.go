package evidence_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRead_scripts: strings of JavaScript are seen alike in text and in bytecode of
// Hermes, where they lie in one storage without anything between them.
func TestRead_scripts(t *testing.T) {
	for _, name := range []string{"app.js", "v84.hbc", "v99.hbc"} {
		b, err := os.ReadFile(filepath.Join("testdata", "hermes", name))
		if err != nil {
			t.Fatal(err)
		}
		file := "assets/index.android.bundle"
		r := reader(t).Read(archive(t, file, string(b)))
		for subject, want := range map[string]string{
			"OpenAI":                         "https://api.openai.com/v1/chat/completions",
			"model by web address":           "https://example.org/models/net.gguf?download=1",
			"model named but not in the app": "face_detection.tflite",
		} {
			if _, detail, path := strongest(r, subject); detail != want || path != file {
				t.Errorf("%s: %s: %q in %q, want %q", name, subject, detail, path, want)
			}
		}
		if len(r.Problems) > 0 {
			t.Errorf("%s: %v", name, r.Problems)
		}
		r0 := reader(t)
		for n := 0; n < len(b); n += 7 { // cut anywhere it is a problem at most
			r0.Read(archive(t, file, string(b[:n])))
		}
	}
}

// TestRead_scriptStringsThatOverlap: strings that all cover the whole storage would
// take time by its square.
func TestRead_scriptStringsThatOverlap(t *testing.T) {
	const count, storage = 1000, 1000
	le := binary.LittleEndian
	b := append([]byte("\xc6\x1f\xbc\x03\xc1\x03\x19\x1f"), make([]byte, 0x2c-8)...)
	for _, n := range []uint32{1, 0, count, 1, storage} { // kinds, identifiers, strings, long ones
		b = le.AppendUint32(b, n)
	}
	b = append(b, make([]byte, 128-len(b))...)
	b = le.AppendUint32(b, count) // of the one kind
	for range count {
		b = le.AppendUint32(b, 0xff<<24) // the long one
	}
	b = le.AppendUint32(b, 0)
	b = le.AppendUint32(b, storage)
	b = append(b, strings.Repeat("x", storage)...)
	file := "assets/index.android.bundle"
	want := []string{file + ": strings of the Hermes bytecode overlap too much"}
	if diff := cmp.Diff(want, reader(t).Read(archive(t, file, string(b))).Problems); diff != "" {
		t.Error(diff)
	}
}

// TestRead_scriptPropertiesAreNoFiles: only strings of JavaScript name files.
func TestRead_scriptPropertiesAreNoFiles(t *testing.T) {
	r := reader(t).Read(archive(t, "assets/main.js", `env.backends.onnx=1;load('face.tflite')`))
	for _, o := range r.Observations {
		if o.Value != "face.tflite" {
			t.Errorf("%+v", o)
		}
	}
	if len(r.Observations) != 1 {
		t.Errorf("%d observations", len(r.Observations))
	}
}

// FuzzRead reads files in the places that have readers of their own.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"hermes/v84.hbc", "hermes/v99.hbc", "calls/app.dex"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(binaryPlist("CFBundleIdentifier", "org.example.app")))
	r := reader(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, file := range []string{"assets/index.android.bundle", "classes.dex", "A.class", "Payload/A.app/Info.plist", "module.json"} {
			r.Read(archive(t, file, string(b)))
		}
	})
}
