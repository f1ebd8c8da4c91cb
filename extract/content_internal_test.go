package extract

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/extract/container"
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/google/go-cmp/cmp"
)

func noise(seed uint64, n, spread int) []byte {
	r := rand.New(rand.NewPCG(seed, 5))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.IntN(spread))
	}
	return b
}

func TestEntropy(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	cases := []struct {
		name string
		data []byte
		want float64
	}{
		{"nothing", nil, -1},
		{"one value", bytes.Repeat([]byte{7}, 1000), 0},
		{"two values", bytes.Repeat([]byte{1, 2}, 1000), 1},
		{"all values", bytes.Repeat(all, 10), 8},
		{"odd length", []byte{1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4}, 2},
		{"sampled zeros", make([]byte, 3<<20), 0},
		{"sampled pairs", bytes.Repeat([]byte{1, 2}, 1<<20), 1},
	}
	for _, c := range cases {
		if got := entropy(c.data); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestLooksRandom(t *testing.T) {
	for _, n := range []int{1024, 5000, 60_000, 1 << 20, 3 << 20} {
		if b := noise(1, n, 256); !looksRandom(entropy(b), n) {
			t.Errorf("%d random bytes: entropy %v does not look random", n, entropy(b))
		}
		if b := noise(1, n, 220); looksRandom(entropy(b), n) {
			t.Errorf("%d bytes of 220 values: entropy %v looks random", n, entropy(b))
		}
	}
	if looksRandom(8, 1000) {
		t.Error("1,000 bytes say nothing")
	}
}

func TestKnown(t *testing.T) {
	cases := map[string]struct {
		name string
		skip bool
	}{
		"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR rest": {"png", true},
		"\x89PNG\r\n\x1a\n rest":                     {"", false},
		"\xff\xd8\xff\xe0":                           {"jpeg", true},
		"RIFF\x08\x00\x00\x00WEBPVP8 ":               {"webp", true},
		"RIFF\x08\x00\x00\x00WEBPVP8 and more":       {"webp", false},
		"RIFF\xff\xff\xff\xffWAVEfmt ":               {"wav", false},
		"\x00\x00\x00\x18ftypmp42":                   {"mp4", true},
		"\x00\x01\x00\x00\x00\x10":                   {"truetype font", true},
		"\x03\x00\x08\x00\x10":                       {"binary xml", true},
		"\xca\xfe\xba\xbe\x00\x00\x00\x34":           {"java class", true},
		"dex\n035\x00":                               {"dex", false},
		"\x7fELF\x02\x01\x01":                        {"elf", false},
		"plain words\n":                              {"text", false},
		"\xef\xbb\xbfgr\xc3\xbc\xc3\x9fe":            {"text", false},
		"cut in a letter \xc3":                       {"text", false},
		"\x1c\x00\x00\x00TFL3":                       {"", false},
		"bad \xff utf-8":                             {"", false},
		"":                                           {"", false},
		icuBundle:                                    {"icu resources", true},
		icuBundle + "more":                           {"icu resources", false},
		"\x00\x20\xda\x26" + icuBundle[4:]:           {"icu resources", false},
		icuBundle[:40]:                               {"icu resources", false},
	}
	for head, want := range cases {
		got, skip := known([]byte(head)), skipSearch([]byte(head), int64(len(head)))
		if got != want.name || skip != want.skip {
			t.Errorf("%q: %q, skip %v; want %q, %v", head, got, skip, want.name, want.skip)
		}
	}
}

// icuBundle is a resource bundle of ICU as its tools write it for Java: a header of 32
// bytes, big endian, of format ResB 1.2, the root, and seven indexes (their number,
// the ends of keys and resources, the bundle's length in words of four bytes, ...).
const icuBundle = "\x00\x20\xda\x27" + "\x00\x14\x00\x00\x01\x00\x02\x00ResB\x01\x02\x00\x00\x01\x00\x00\x00" + "\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x20\x00\x00\x08" + "\x00\x00\x00\x07\x00\x00\x00\x08\x00\x00\x00\x09\x00\x00\x00\x09\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x09" + "\x00\x00\x00\x00"

func TestNameRules(t *testing.T) {
	r := newNameRules([]format.Format{{Extensions: []string{"xyz", "json", "cfg.ncnn", "bin"}}})
	cases := map[string]nameKind{
		"a/b.tflite": modelName, "B.ONNX": modelName, "x.xyz": modelName, "y.tflite.enc": modelName, "z.ncnn": modelName,
		"a.bin": maybeName, "b.dat": maybeName, "c.enc": maybeName, "d.png.enc": maybeName,
		"a.json": plainName, "b.txt": plainName, "c": plainName, "d.so": plainName, "model.tflite/readme": plainName,
	}
	for name, want := range cases {
		if got := r.kind(name); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
	if !hasWord("a/Face_Detector.v2") || hasWord("model/icon") {
		t.Error("words count in the base name only")
	}
}

func TestStatusOf(t *testing.T) {
	cases := map[error]Status{
		format.Errorf(format.ErrTruncated, 1, "x"):   Truncated,
		format.Errorf(format.ErrEncrypted, 1, "x"):   Encrypted,
		format.Errorf(format.ErrUnsupported, 1, "x"): Unsupported,
		format.Errorf(format.ErrLimit, 1, "x"):       Limit,
		format.Errorf(format.ErrMalformed, 1, "x"):   Malformed,
		format.Errorf(format.ErrPart, 1, "x"):        PartOf,
		format.Errorf(format.ErrNotModel, 1, "x"):    NotAModel,
		fmt.Errorf("a: %w", container.ErrTruncated):  Truncated,
		fmt.Errorf("a: %w", container.ErrEncrypted):  Encrypted,
		fmt.Errorf("a: %w", container.ErrLimit):      Limit,
		errors.New("anything"):                       Malformed,
	}
	for err, want := range cases {
		if got := statusOf(err); got != want {
			t.Errorf("%v: %s, want %s", err, got, want)
		}
	}
}

func TestModelStatus(t *testing.T) {
	known := []*graph.Graph{{Nodes: []graph.Node{{Op: graph.Add}}}}
	unknown := []*graph.Graph{{Nodes: []graph.Node{{}}}}
	blob := []graph.Opaque{{Kind: "edgetpu", Where: "node 0"}}
	cases := []struct {
		name   string
		model  graph.Model
		want   Status
		reason string
	}{
		{"whole", graph.Model{Graphs: known}, Parsed, ""},
		{"harmless note", graph.Model{Graphs: known, Notes: []graph.Note{{Text: "odd"}}}, Parsed, ""},
		{"loss", graph.Model{Graphs: known, Notes: []graph.Note{{Text: "odd"}, {Text: "no weights", Loses: true}}}, Partial, "no weights"},
		{"blob alone", graph.Model{Opaque: blob}, Opaque, "edgetpu in node 0 cannot be looked into"},
		{"blob with unknown nodes", graph.Model{Graphs: unknown, Opaque: blob}, Opaque, "edgetpu in node 0 cannot be looked into"},
		{"blob among nodes", graph.Model{Graphs: known, Opaque: blob}, Partial, "edgetpu in node 0 cannot be looked into"},
	}
	for _, c := range cases {
		if got, reason := modelStatus(&c.model); got != c.want || reason != c.reason {
			t.Errorf("%s: %s %q, want %s %q", c.name, got, reason, c.want, c.reason)
		}
	}
}

func TestReasonOf_leavesOutWhatTheRowHas(t *testing.T) {
	err := &format.Error{Kind: format.ErrTruncated, Format: "tflite", Path: "a/b.tflite", Offset: 12, Msg: "buffer 3"}
	if got := reasonOf(fmt.Errorf("wrapped: %w", err)); got != "truncated: offset 12: buffer 3" {
		t.Errorf("%q", got)
	}
	if got := reasonOf(errors.New("other")); got != "other" {
		t.Errorf("%q", got)
	}
}

// nilMap returns a map that panics when it is written to.
func nilMap() map[string]int { return nil }

func TestGuard(t *testing.T) {
	if got := guard(func() {}); got != "" {
		t.Errorf("no panic: %q", got)
	}
	got := guard(func() { nilMap()["x"] = 1 })
	if !strings.Contains(got, "nil map at content_internal_test.go:") || strings.Contains(got, "\n") {
		t.Errorf("%q", got)
	}
}

func TestWalk_ordersAndGroups(t *testing.T) {
	root := t.TempDir()
	for _, p := range []string{"b.bin", "a.apk", "c.zip", "d/x.param", "d/x.bin", "d/e/y.onnx"} {
		full := filepath.Join(root, filepath.FromSlash(p))
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(p), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	describe := func(units []unitFiles) (lines []string) {
		for _, u := range units {
			var names []string
			for _, f := range u.files {
				names = append(names, fmt.Sprintf("%s(%d)", f.name, f.size))
			}
			lines = append(lines, strings.Join(names, " "))
		}
		return lines
	}
	units, err := walk([]string{root})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a.apk(5)", "c.zip(5)", "b.bin(5)", "d/x.bin(7) d/x.param(9)", "d/e/y.onnx(10)"}
	if diff := cmp.Diff(want, describe(units)); diff != "" {
		t.Errorf("folder (-want +got):\n%s", diff)
	}
	units, err = walk([]string{filepath.Join(root, "d", "x.param"), filepath.Join(root, "d", "x.bin"), filepath.Join(root, "a.apk"), filepath.Join(root, "b.bin")})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"x.param(9) x.bin(7)", "a.apk(5)", "b.bin(5)"}, describe(units)); diff != "" {
		t.Errorf("named files (-want +got):\n%s", diff)
	}
}

func TestModelSet_claimsOnce(t *testing.T) {
	s := modelSet{states: map[string]*modelState{}}
	a, first := s.claim("x")
	b, again := s.claim("x")
	if !first || again || a != b {
		t.Errorf("first %v, again %v, same %v", first, again, a == b)
	}
}
