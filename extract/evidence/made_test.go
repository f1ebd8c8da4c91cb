package evidence_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/extract/container"
	"github.com/gaugenn/gaugenn/extract/evidence"
	"github.com/gaugenn/gaugenn/extract/extracttest"
	"github.com/google/go-cmp/cmp"
)

// archive writes entries in pairs of name and content and opens them.
func archive(t testing.TB, entries ...string) *container.Archive {
	t.Helper()
	return open(t, []byte(pack(t, entries...)))
}

func open(t testing.TB, data []byte) *container.Archive {
	t.Helper()
	a, err := container.Open(data, container.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestRead_classesLargerThanDeclared: what classes really expand to counts.
func TestRead_classesLargerThanDeclared(t *testing.T) {
	var deflated bytes.Buffer
	w, err := flate.NewWriter(&deflated, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 60<<20)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := range 6 {
		w, err := z.CreateRaw(&zip.FileHeader{
			Name: fmt.Sprintf("A%d.class", i), Method: zip.Deflate,
			CompressedSize64: uint64(deflated.Len()), UncompressedSize64: 1,
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(deflated.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	a := open(t, b.Bytes())
	want := []string{"A5.class: more classes than are read for evidence"}
	if diff := cmp.Diff(want, reader(t).Read(a).Problems); diff != "" {
		t.Error(diff)
	}
}

// strongest returns the strength of a subject and what was seen, "" for none.
func strongest(r *evidence.Report, subject string) (s evidence.Strength, detail, path string) {
	for _, o := range r.Observations {
		if o.Rule.Subject == subject && (s == "" || o.Strength.Compare(s) < 0) {
			s, detail, path = o.Strength, o.Detail, o.Path
		}
	}
	return s, detail, path
}

func TestRead_strengths(t *testing.T) {
	const interpreter = "Lorg/tensorflow/lite/Interpreter;"
	dex := func(c ...extracttest.Class) string { return string(extracttest.Dex(c...)) }
	so := func(l extracttest.Library) string { return string(l.Bytes()) }
	for _, c := range []struct {
		name, file, content, subject string
		want                         evidence.Strength
		detail                       string
	}{
		{"the app calls it", "classes.dex", dex(extracttest.Class{Name: "Lcom/example/Voice;", Calls: []string{interpreter + "->run"}}),
			"LiteRT", evidence.Called, "com.example.Voice.run calls org.tensorflow.lite.Interpreter.run"},
		{"only the SDK itself calls it", "classes2.dex", dex(extracttest.Class{Name: "Lorg/tensorflow/lite/task/Core;", Calls: []string{interpreter + "->run"}}),
			"LiteRT", evidence.Referenced, "org.tensorflow.lite"},
		{"a method that chooses threads", "classes.dex", dex(extracttest.Class{Name: "Lcom/example/A;", Calls: []string{"Lorg/tensorflow/lite/Interpreter$Options;->setNumThreads"}}),
			"LiteRT threads", evidence.Called, "com.example.A.run calls"},
		{"a host in code", "classes.dex", dex(extracttest.Class{Name: "Lcom/example/A;", Strings: []string{"https://api.openai.com/v1/chat"}}),
			"OpenAI", evidence.InText, "https://api.openai.com/v1/chat"},
		{"a name that only begins alike", "classes.dex", dex(extracttest.Class{Name: "Lorg/tensorflow/litex/Net;"}), "LiteRT", "", ""},
		{"a library by name", "lib/arm64-v8a/libncnn.so", so(extracttest.Library{}), "ncnn", evidence.Linked, "libncnn.so"},
		{"a renamed library by what it exports", "lib/arm64-v8a/libx.so", so(extracttest.Library{Exports: []string{"_ZN4ncnn3NetC1Ev"}}),
			"ncnn", evidence.Linked, "exports _ZN4ncnn3NetC1Ev"},
		{"a library that needs another", "lib/arm64-v8a/libx.so", so(extracttest.Library{Needed: []string{"libMNN.so"}}), "MNN", evidence.Linked, "needs libMNN.so"},
		{"an import of the system", "lib/arm64-v8a/libx.so", so(extracttest.Library{Imports: []string{"ANeuralNetworksModel_create"}}),
			"NNAPI", evidence.Linked, "imports ANeuralNetworksModel_create"},
		{"a string in read-only data", "lib/arm64-v8a/libx.so", so(extracttest.Library{Data: []byte("param is too old, please regenerate\x00")}),
			"ncnn", evidence.InText, "param is too old"},
		{"meta-data of the manifest", "AndroidManifest.xml", string(extracttest.Manifest("org.example.app", "1", extracttest.Element{
			Name: "application", Children: []extracttest.Element{{Name: "meta-data", Attributes: []extracttest.Attribute{
				extracttest.Text("name", extracttest.AttrName, "com.google.mlkit.vision.DEPENDENCIES"), extracttest.Text("value", extracttest.AttrValue, "face"),
			}}}})), "ML Kit", evidence.Referenced, "com.google.mlkit.vision.DEPENDENCIES=face"},
		{"classes of an Android library", "classes.jar", jar(t, "org/tensorflow/lite/Interpreter.class"), "LiteRT", evidence.Referenced, "org.tensorflow.lite.Interpreter"},
	} {
		s, detail, path := strongest(reader(t).Read(archive(t, c.file, c.content)), c.subject)
		if s != c.want || !strings.HasPrefix(detail, c.detail) && !strings.Contains(detail, c.detail) || s != "" && path != c.file {
			t.Errorf("%s: %q %q in %q; want %q %q", c.name, s, detail, path, c.want, c.detail)
		}
	}
}

func jar(t *testing.T, name string) string {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if _, err := z.Create(name); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestRead_manifestWithResources(t *testing.T) {
	manifest := extracttest.XML(extracttest.Element{Name: "manifest", Attributes: []extracttest.Attribute{
		extracttest.Text("package", 0, "org.example.app"),
		{Name: "versionName", ID: extracttest.AttrVersionName, Type: 1, Data: 0x7f010001},
	}, Children: []extracttest.Element{{Name: "application", Attributes: []extracttest.Attribute{
		{Name: "label", ID: extracttest.AttrLabel, Type: 1, Data: 0x7f010000},
	}}}})
	r := reader(t).Read(archive(t, "AndroidManifest.xml", string(manifest), "resources.arsc", string(extracttest.Strings([]string{"Keyboard", "9.1"}, nil))))
	if m := r.Manifest; m == nil || m.VersionName != "9.1" || m.Label != "Keyboard" || len(r.Problems) > 0 {
		t.Errorf("%+v, problems %v", r.Manifest, r.Problems)
	}
	r = reader(t).Read(archive(t, "AndroidManifest.xml", string(manifest)))
	if m := r.Manifest; m == nil || m.VersionName != "" || m.Label != "" {
		t.Errorf("without resources: %+v", r.Manifest)
	}
}

// TestRead_sameBytesInTwoApps: what is remembered of a file does not carry the path
// that it had in another app, neither in observations nor in problems.
func TestRead_sameBytesInTwoApps(t *testing.T) {
	r := reader(t)
	dex := extracttest.Dex(extracttest.Class{Name: "Lcom/example/A;", Strings: []string{"https://api.openai.com/"}})
	dex[0x38], dex[0x39], dex[0x3a] = 0xff, 0xff, 0xff // more strings than there is room for
	for _, name := range []string{"classes.dex", "classes7.dex"} {
		rep := r.Read(archive(t, name, string(dex)))
		if len(rep.Problems) != 1 || !strings.HasPrefix(rep.Problems[0], name+": table of") {
			t.Errorf("%s: problems %q", name, rep.Problems)
		}
		if _, _, path := strongest(rep, "OpenAI"); path != name {
			t.Errorf("%s: observed in %q", name, path)
		}
	}
}

// TestNote_tellsWhatReadTells: content that was noted gives the report that reading it
// again gives, and is not read again.
func TestNote_tellsWhatReadTells(t *testing.T) {
	code := extracttest.Dex(extracttest.Class{Name: "Lcom/example/A;", Strings: []string{"https://api.openai.com/", "face.tflite"}})
	broken := slices.Clone(code)
	broken[0x38], broken[0x39], broken[0x3a] = 0xff, 0xff, 0xff
	a := archive(t, "classes.dex", string(code), "classes2.dex", string(broken), "libs/x.jar", pack(t, "com/openai/A.class", "no class"), "assets/x.txt", "text")
	plain := reader(t).Read(a)
	noted := reader(t)
	for i := range a.Entries {
		content, err := new(container.Decoder).Bytes(&a.Entries[i], nil)
		if err != nil {
			t.Fatal(err)
		}
		noted.Note(&a.Entries[i], content.Data)
		noted.Note(&a.Entries[i], nil) // of no use, of no harm
	}
	if got := noted.Read(a); cmp.Diff(plain, got, cmp.AllowUnexported(evidence.Report{})) != "" {
		t.Error(cmp.Diff(plain, got, cmp.AllowUnexported(evidence.Report{})))
	}
	if len(plain.Problems) == 0 || len(plain.Observations) == 0 {
		t.Errorf("nothing to compare: %+v", plain)
	}
}

func TestRead_brokenFilesAreProblems(t *testing.T) {
	so := extracttest.Library{Exports: []string{"ncnn_net_create"}}.Bytes()
	for _, c := range []struct{ file, content string }{
		{"AndroidManifest.xml", "\x03\x00\x08\x00junk"},
		{"AndroidManifest.xml", "<other/>"},
		{"AndroidManifest.xml", "<!-- only a comment -->"},
		{"classes.dex", "dex\n035\x00 too short"},
		{"lib/arm64-v8a/libx.so", "\x7fELF" + strings.Repeat("\xff", 100)},
		{"lib/arm64-v8a/libx.so", string(so[:len(so)-100])},
		{"classes.jar", "PK\x03\x04"},
		{"META-INF/CERT.RSA", "no certificate"},
	} {
		if rep := reader(t).Read(archive(t, c.file, c.content)); len(rep.Problems) == 0 {
			t.Errorf("%s with %.20q: no problem said", c.file, c.content)
		}
	}
}

// pack writes entries in pairs of name and content as a ZIP file.
func pack(t testing.TB, entries ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(entries); i += 2 {
		w, err := z.Create(entries[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(entries[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestRead_packagesInsideAnArchive: a set of splits takes its name and version from
// the base, wherever it stands, and what its parts show from all of them.
func TestRead_packagesInsideAnArchive(t *testing.T) {
	config := extracttest.XML(extracttest.Element{Name: "manifest", Attributes: []extracttest.Attribute{
		extracttest.Text("package", 0, "org.example.app"), extracttest.Text("split", 0, "config.arm64_v8a"),
	}})
	base := pack(t, "AndroidManifest.xml", string(extracttest.Manifest("org.example.app", "3.4")))
	split := pack(t, "AndroidManifest.xml", string(config), "lib/arm64-v8a/libncnn.so", string(extracttest.Library{}.Bytes()))
	stranger := pack(t, "AndroidManifest.xml", string(extracttest.Manifest("org.stranger", "1")))

	r := reader(t).Read(archive(t, "config.arm64_v8a.apk", split, "org.example.app.apk", base, "more/stranger.apk", stranger, "broken.apk", "PK\x03\x04"))
	if m := r.Manifest; m == nil || m.Package != "org.example.app" || m.VersionName != "3.4" || m.TargetSDK == nil || *m.TargetSDK != 35 {
		t.Fatalf("manifest %+v, problems %v", r.Manifest, r.Problems)
	}
	if s, _, path := strongest(r, "ncnn"); s != evidence.Linked || path != "config.arm64_v8a.apk!/lib/arm64-v8a/libncnn.so" {
		t.Errorf("ncnn is %q in %q", s, path)
	}
	if len(r.ABIs) != 1 || r.ABIs[0] != "arm64-v8a" {
		t.Errorf("ABIs %v", r.ABIs)
	}
	want := []string{"broken.apk", "more/stranger.apk: package org.stranger beside org.example.app"}
	for _, w := range want {
		if !strings.Contains(strings.Join(r.Problems, "\n"), w) {
			t.Errorf("problems %q do not say %q", r.Problems, w)
		}
	}
}

func TestMerge_partsWithoutReports(t *testing.T) {
	r := evidence.Merge([]evidence.Part{{Path: "base.apk"}, {Path: "split_x.apk", Report: &evidence.Report{}}})
	if r == nil || r.Manifest != nil || len(r.Observations) > 0 {
		t.Errorf("%+v", r)
	}
}

// TestRead_bundle: a bundle's manifests are protobuf, one for each module; the
// base's stands for all.
func TestRead_bundle(t *testing.T) {
	text := extracttest.Text
	module := func(attributes []extracttest.Attribute, children ...extracttest.Element) string {
		return string(extracttest.ProtoXML(extracttest.Element{
			Name: "manifest", Attributes: append(attributes, text("package", 0, "org.example.app")), Children: children,
		}))
	}
	camera := extracttest.Element{Name: "uses-permission", Attributes: []extracttest.Attribute{text("name", extracttest.AttrName, "android.permission.CAMERA")}}
	r := reader(t).Read(archive(t,
		"ar/manifest/AndroidManifest.xml", module([]extracttest.Attribute{text("split", 0, "ar")}, camera),
		"base/manifest/AndroidManifest.xml", module([]extracttest.Attribute{text("versionName", extracttest.AttrVersionName, "2.0"), text("versionCode", extracttest.AttrVersionCode, "20")},
			extracttest.Element{Name: "application", Attributes: []extracttest.Attribute{text("label", extracttest.AttrLabel, "@string/app")}}),
	))
	m := r.Manifest
	if m == nil || m.Package != "org.example.app" || m.VersionName != "2.0" || m.VersionCode == nil || *m.VersionCode != 20 || m.Split != "" || m.Label != "" {
		t.Fatalf("%+v, problems %v", m, r.Problems)
	}
	if len(m.Permissions) != 1 {
		t.Errorf("permissions %v", m.Permissions)
	}
}

// TestRead_modelsElsewhere: names of model files in code count where the app does
// not hold the file, in whatever folder, split or case.
func TestRead_modelsElsewhere(t *testing.T) {
	const url, missing = "model by web address", "model named but not in the app"
	code := string(extracttest.Dex(extracttest.Class{Name: "Lcom/example/A;", Strings: []string{
		"https://example.org/v1/net.gguf?download=true", "models/face.tflite", "hand.onnx", ".tflite", "%s.tflite", "*.onnx", "not a name .onnx", "com.google.android.gms.tflite",
	}}))
	r := reader(t)
	for _, c := range []struct {
		name    string
		archive []string
		want    map[string]string
	}{
		{"both missing", []string{"classes.dex", code}, map[string]string{url: "https://example.org/v1/net.gguf?download=true", missing: "hand.onnx"}},
		{"one is there", []string{"classes.dex", code, "assets/x/Hand.onnx", ""}, map[string]string{missing: "models/face.tflite"}},
		{"both are there", []string{"classes.dex", code, "assets/hand.onnx", "", "assets/face.tflite", ""}, map[string]string{missing: ""}},
		{"in another split", []string{
			"base.apk", pack(t, "AndroidManifest.xml", string(extracttest.Manifest("org.example.app", "1")), "classes.dex", code),
			"pack.apk", pack(t, "assets/hand.onnx", "", "assets/face.tflite", ""),
		}, map[string]string{missing: "", url: "https://example.org/v1/net.gguf?download=true"}},
	} {
		rep := r.Read(archive(t, c.archive...))
		for subject, want := range c.want {
			s, detail, _ := strongest(rep, subject)
			if (s == "") != (want == "") || want != "" && detail != want && subject == url {
				t.Errorf("%s: %s is %q %q, want %q", c.name, subject, s, detail, want)
			}
		}
	}
}

func TestRead_libraryWithTextManifest(t *testing.T) {
	r := reader(t).Read(archive(t, "AndroidManifest.xml", "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"+
		`<manifest xmlns:android="http://schemas.android.com/apk/res/android" package="org.example.lib"><uses-sdk android:minSdkVersion="21"/></manifest>`))
	if m := r.Manifest; m == nil || m.Package != "org.example.lib" || m.MinSDK == nil || *m.MinSDK != 21 || len(r.Problems) > 0 {
		t.Errorf("%+v, problems %v", r.Manifest, r.Problems)
	}
}
