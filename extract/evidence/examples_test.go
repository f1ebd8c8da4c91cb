package evidence_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/extract/container"
	"github.com/gaugenn/gaugenn/extract/evidence"
)

var observe = flag.String("observe", "", "folders of real packages, separated by commas: write into rules/*.tsv which file shows each rule")

// TestRules_examplesAreObserved, with -observe, sets the example of every rule that
// fires on a real package to that file's name and keeps examples it cannot check.
// Without, it holds that rules have either an example or the word.
func TestRules_examplesAreObserved(t *testing.T) {
	seen := map[string]string{}
	if *observe != "" {
		for _, dir := range strings.Split(*observe, ",") {
			observed(t, dir, seen)
		}
	}
	files, err := filepath.Glob("rules/*.tsv")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d rule files: %v", len(files), err)
	}
	rules, err := evidence.Rules()
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]evidence.Rule{}
	for _, r := range rules {
		ids[string(r.Kind)+"\t"+r.Subject+"\t"+string(r.Signal)+"\t"+r.Pattern] = r
	}
	verified := 0
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(b), "\n")
		for i, l := range lines {
			at := strings.LastIndexByte(l, '\t')
			if at < 0 || l[0] == '#' || filepath.Base(f) == "owners.tsv" {
				continue
			}
			r, ok := ids[l[:at]]
			if !ok {
				t.Fatalf("%s:%d: %q is no rule", f, i+1, l)
			}
			if example := seen[r.ID]; example != "" && r.Example == "" {
				lines[i] = l[:at+1] + example
			}
			if !strings.HasSuffix(lines[i], "\tunverified") {
				verified++
			}
		}
		if out := []byte(strings.Join(lines, "\n")); !bytes.Equal(out, b) {
			if err := os.WriteFile(f, out, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("%d of %d rules have an observed example", verified, len(rules))
}

// observed notes the first file, in name order, on which each rule fires.
func observed(t *testing.T, dir string, seen map[string]string) {
	r := reader(t)
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !slices.Contains([]string{".apk", ".aab", ".aar", ".xapk", ".apks"}, filepath.Ext(p)) {
			return err
		}
		f, err := container.OpenFile(p)
		if err != nil {
			return err
		}
		defer f.Close()
		a, err := container.Open(f.Data(), container.Limits{})
		if err != nil {
			return nil // malformed ones are part of the collection
		}
		for _, o := range r.Read(a).Observations {
			if seen[o.Rule.ID] == "" {
				seen[o.Rule.ID] = filepath.Base(p)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
