package all_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/all"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/vendor"
)

// folders names the folder of formats whose name is not their folder's.
var folders = map[string]string{"pytorch-lite": "ptl", "ggml": "gguf", "keras": "kerash5", "pytorch": "torch"}

func folder(name string) string {
	if f, ok := folders[name]; ok {
		return f
	}
	for _, f := range vendor.Formats() {
		if f.Name == name {
			return "vendor"
		}
	}
	return strings.ReplaceAll(name, "-", "")
}

// fixtures returns the models in every format's testdata, by folder.
func fixtures(t testing.TB) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	paths, err := filepath.Glob(filepath.Join("..", "*", "testdata", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		info, err := os.Stat(p)
		ext := filepath.Ext(p)
		if err != nil || info.IsDir() || ext == ".golden" || ext == ".py" || ext == ".md" || ext == ".not" || strings.HasSuffix(p, ".oracle.json") {
			continue
		}
		name := filepath.Base(filepath.Dir(filepath.Dir(p)))
		out[name] = append(out[name], p)
	}
	return out
}

// TestFormats_noneClaimsAnothersFixture is the confusion matrix: a format that
// matches and parses a file of another's folder claims what is not its own.
func TestFormats_noneClaimsAnothersFixture(t *testing.T) {
	own := map[string]bool{}
	for _, f := range all.Formats() {
		own[folder(f.Name)] = true
	}
	for dir, paths := range fixtures(t) {
		for _, p := range paths {
			in := formattest.FileInput(t, p)
			head := formattest.FileHead(t, p)
			for _, f := range all.Formats() {
				if folder(f.Name) == dir || f.Match(head) == format.No {
					continue
				}
				if m, err := f.Parse(in); err == nil && own[dir] {
					t.Errorf("%s claims %s as a model of %d graphs", f.Name, p, len(m.Graphs))
				}
			}
		}
	}
}

// TestFormats_strongestMatchIsTheRightOne: among the formats that match a
// fixture none is surer than its own.
func TestFormats_strongestMatchIsTheRightOne(t *testing.T) {
	for dir, paths := range fixtures(t) {
		for _, p := range paths {
			head := formattest.FileHead(t, p)
			best, mine := format.No, format.No
			var name string
			for _, f := range all.Formats() {
				c := f.Match(head)
				if folder(f.Name) == dir {
					mine = max(mine, c)
				} else if c > best {
					best, name = c, f.Name
				}
			}
			if mine > format.No && best > mine {
				t.Errorf("%s: %s matches with confidence %d, its own format with %d", p, name, best, mine)
			}
		}
	}
}

func TestFormats_namesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range all.Formats() {
		if f.Name == "" || seen[f.Name] {
			t.Errorf("format %q is there twice or has no name", f.Name)
		}
		seen[f.Name] = true
	}
}

// TestFormats_embeddedSignaturesBeginWithRareBytes: the search inside files looks
// closer wherever the first two or the second two bytes of a signature occur;
// zeros occur everywhere.
func TestFormats_embeddedSignaturesBeginWithRareBytes(t *testing.T) {
	for _, f := range all.Formats() {
		for _, s := range f.Embedded {
			if len(s.Bytes) < 3 || s.Bytes[0] == 0 && s.Bytes[1] == 0 || s.Bytes[1] == 0 && s.Bytes[2] == 0 {
				t.Errorf("%s: signature % x begins with common bytes", f.Name, s.Bytes)
			}
		}
	}
}
