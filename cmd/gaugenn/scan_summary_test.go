package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/extract/extracttest"
)

// TestScan_saysWhichModelsAppsShare: two versions of an app do not share a model with
// each other, a loose file is no app, and a second copy in an app does not count.
func TestScan_saysWhichModelsAppsShare(t *testing.T) {
	dir := t.TempDir()
	app := func(name, pkg string, models ...string) {
		p := extracttest.NewApp(pkg)
		p.Store("assets/version.txt", []byte(name))
		for i, m := range models {
			p.Deflate("assets/"+string(rune('a'+i))+".param", []byte(m))
		}
		b, err := p.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	other := strings.Replace(param, "data", "datum", 1)
	third := strings.Replace(param, "data", "dates", 1)
	app("a1.apk", "org.example.a", third, param)
	app("a2.apk", "org.example.a", third, param, param)
	app("b.apk", "org.example.b", param, other)
	if err := os.WriteFile(filepath.Join(dir, "loose.param"), []byte(other), 0o644); err != nil {
		t.Fatal(err)
	}
	_, _, stderr := gaugenn(t, "scan", dir, "-o", filepath.Join(t.TempDir(), "tables"))
	if want := "  in apps of several packages: 1 of the distinct models; most often a.param ("; !strings.Contains(stderr, want) || !strings.Contains(stderr, "), in 3 apps\n") {
		t.Errorf("summary has no %q with 3 apps:\n%s", want, stderr)
	}
	_, stdout, _ := gaugenn(t, "scan", dir, "--json", "-o", filepath.Join(t.TempDir(), "tables"))
	if !strings.Contains(stdout, `"shared_models":1`) {
		t.Errorf("summary as JSON: %s", stdout)
	}
	if err := os.Remove(filepath.Join(dir, "b.apk")); err != nil {
		t.Fatal(err)
	}
	if _, _, stderr := gaugenn(t, "scan", dir, "-o", filepath.Join(t.TempDir(), "tables")); strings.Contains(stderr, "several packages") {
		t.Errorf("nothing is shared, but:\n%s", stderr)
	}
}
