package extract_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gaugenn/gaugenn/extract"
	"github.com/gaugenn/gaugenn/extract/container"
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/google/go-cmp/cmp"
)

// file is a name and content; archives keep the order given.
type file struct {
	name    string
	content []byte
}

func zipped(tb testing.TB, method uint16, files ...file) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		e, err := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: method})
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := e.Write(f.content); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(tb testing.TB, data []byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func tarred(tb testing.TB, files ...file) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Size: int64(len(f.content)), Mode: 0o644}); err != nil {
			tb.Fatal(err)
		}
		if _, err := w.Write(f.content); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func random(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 9))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func hashOf(data ...[]byte) string {
	sum := sha256.Sum256(bytes.Join(data, nil))
	return hex.EncodeToString(sum[:])
}

// write puts files below a new folder and returns it.
func write(tb testing.TB, files ...file) string {
	tb.Helper()
	root := tb.TempDir()
	for _, f := range files {
		p := filepath.Join(root, filepath.FromSlash(f.name))
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(p, f.content, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return root
}

// scan returns all apps of a scan that must not fail.
func scan(tb testing.TB, s extract.Scanner, paths ...string) []*extract.App {
	tb.Helper()
	if s.Formats == nil {
		s.Formats = toyFormats()
	}
	var apps []*extract.App
	if err := s.Scan(context.Background(), paths, func(a *extract.App) error {
		apps = append(apps, a)
		return nil
	}); err != nil {
		tb.Fatal(err)
	}
	return apps
}

// rows renders apps as one line per app and finding: path @offset format status.
func rows(apps []*extract.App) []string {
	var lines []string
	for _, a := range apps {
		lines = append(lines, fmt.Sprintf("%s %s %s", a.Path, a.Container, a.Status))
		for _, f := range a.Findings {
			at := ""
			if f.Offset >= 0 {
				at = fmt.Sprintf("@%d", f.Offset)
			}
			lines = append(lines, fmt.Sprintf("  %s%s %s %s", f.Path, at, f.Format, f.Status))
		}
	}
	return lines
}

func wantRows(tb testing.TB, apps []*extract.App, want ...string) {
	tb.Helper()
	if diff := cmp.Diff(want, rows(apps)); diff != "" {
		tb.Errorf("rows (-want +got):\n%s", diff)
		for _, a := range apps {
			for _, f := range a.Findings {
				tb.Logf("%s: %s", f.Path, f.Reason)
			}
		}
	}
}

var png = append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"), make([]byte, 600)...)

func TestScan_looseFilesAreRowsWhateverTheyAre(t *testing.T) {
	model := toyModel(1, 900)
	root := write(t,
		file{"a.txt", []byte("some text")}, file{"b.toy", model}, file{"c.bin", model[:500]},
		file{"d.png", png}, file{"e", nil}, file{"sub/f.dat", model}, file{"W.txt", []byte("Wwww")}, file{"X.txt", []byte("Wxx")},
	)
	apps := scan(t, extract.Scanner{}, root)
	wantRows(t, apps,
		"W.txt file parsed", "  W.txt plain parsed",
		"X.txt file not_a_model", "  X.txt text not_a_model",
		"a.txt file not_a_model", "  a.txt text not_a_model",
		"b.toy file parsed", "  b.toy toy parsed",
		"c.bin file truncated", "  c.bin toy truncated",
		"d.png file not_a_model", "  d.png png not_a_model",
		"e file not_a_model", "  e  not_a_model",
		"sub/f.dat file parsed", "  sub/f.dat toy parsed",
	)
	b := apps[3].Findings[0]
	if b.SHA256 != hashOf(model) || b.ModelID != b.SHA256 || apps[3].SHA256 != b.SHA256 || b.Size != 900 || b.Extension != "toy" {
		t.Errorf("finding %+v", b)
	}
}

func TestScan_everyEntryOfAnArchiveByContent(t *testing.T) {
	model := toyModel(1, 3000)
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		root := write(t, file{"x.apk", zipped(t, method,
			file{"AndroidManifest.xml", []byte("\x03\x00\x08\x00")},
			file{"assets/model.toy", model},
			file{"assets/song.mp3", model},
			file{"assets/icon.png", png},
			file{"assets/text.txt", []byte("nothing")},
			file{"assets/no.toy", []byte("nothing")},
			file{"assets/empty.toy", nil},
			file{"assets/cut.toy", model[:700]},
			file{"assets/tiny", toyModel(2, 40)},
		)})
		apps := scan(t, extract.Scanner{}, root)
		wantRows(t, apps, "x.apk apk parsed",
			"  assets/model.toy toy parsed", "  assets/song.mp3 toy parsed",
			"  assets/no.toy text not_a_model", "  assets/empty.toy  not_a_model", "  assets/cut.toy toy truncated",
			"  assets/tiny toy parsed")
		f := apps[0].Findings[0]
		if f.Stored != (method == zip.Store) || f.Size != 3000 || apps[0].EntryCount != 9 {
			t.Errorf("stored %v, size %d, entries %d", f.Stored, f.Size, apps[0].EntryCount)
		}
	}
}

func TestScan_nestedArchives(t *testing.T) {
	model := toyModel(1, 3000)
	inner := zipped(t, zip.Deflate, file{"m/deep.bin", model})
	root := write(t, file{"x.zip", zipped(t, zip.Deflate,
		file{"pack.dat", zipped(t, zip.Store, file{"a", inner}, file{"b", []byte("text")})},
		file{"hand.bin", gzipped(t, model)},
		file{"set.tar", tarred(t, file{"one", model}, file{"two.gz", gzipped(t, toyModel(2, 99))})},
		file{"old.7z", []byte("7z\xbc\xaf\x27\x1c and more")},
		file{"cut.zip", inner[:len(inner)-30][:200]},
	)})
	wantRows(t, scan(t, extract.Scanner{}, root), "x.zip zip parsed",
		"  pack.dat!/a!/m/deep.bin toy parsed",
		"  hand.bin!/hand toy parsed",
		"  set.tar!/one toy parsed", "  set.tar!/two.gz!/two toy parsed",
		"  old.7z 7z unsupported",
		"  cut.zip!/m/deep.bin toy truncated")
	wantRows(t, scan(t, extract.Scanner{Depth: extract.Peek}, root), "x.zip zip parsed",
		"  pack.dat zip limit", "  hand.bin gzip limit", "  set.tar tar limit", "  old.7z 7z limit", "  cut.zip zip limit")
	wantRows(t, scan(t, extract.Scanner{Limits: extract.Limits{Nesting: 1}}, root), "x.zip zip parsed",
		"  pack.dat!/a zip limit",
		"  hand.bin!/hand toy parsed",
		"  set.tar!/one toy parsed", "  set.tar!/two.gz gzip limit",
		"  old.7z 7z unsupported",
		"  cut.zip!/m/deep.bin toy truncated")
}

func TestScan_bundlesGiveEachModelItsTrueLength(t *testing.T) {
	one, two, three := toyModel(1, 1001), toyModel(2, 77), toyModel(3, 4099)
	starts := join(one, []byte("gap"), two, random(4, 3001), three, random(5, 100))
	inside := join(random(6, 4097), three, []byte("TOY1 is only a word"), one[:300])
	root := write(t, file{"x.apk", zipped(t, zip.Deflate,
		file{"starts.data", starts}, file{"lib/libx.so", join([]byte("\x7fELF"), inside)},
		file{"alone.toy", two}, file{"tail.toy", join(two, []byte("metadata"))}, file{"noise.png", join(png, one)},
	)})
	apps := scan(t, extract.Scanner{}, root)
	wantRows(t, apps, "x.apk zip parsed",
		"  starts.data@0 toy parsed", "  starts.data@1004 toy parsed", "  starts.data@4082 toy parsed",
		"  lib/libx.so@4101 toy parsed",
		"  alone.toy toy parsed", "  tail.toy toy parsed")
	for i, want := range [][]byte{one, two, three, three, two, join(two, []byte("metadata"))} {
		if f := apps[0].Findings[i]; f.SHA256 != hashOf(want) || f.Size != int64(len(want)) {
			t.Errorf("%s@%d: %d bytes, want %d", f.Path, f.Offset, f.Size, len(want))
		}
	}
}

func TestScan_findsModelsAtEveryAlignment(t *testing.T) {
	model := toyModel(1, 64)
	for shift := range 17 {
		root := write(t, file{"blob", join(random(uint64(shift), shift+1), model, random(7, 20))})
		apps := scan(t, extract.Scanner{}, root)
		if len(apps[0].Findings) != 1 || apps[0].Findings[0].Offset != int64(shift+1) || apps[0].Findings[0].SHA256 != hashOf(model) {
			t.Errorf("shift %d: %v", shift, rows(apps))
		}
	}
}

func TestScan_base64Text(t *testing.T) {
	model := toyModel(1, 3000)
	var folded []byte
	for text := []byte(base64.StdEncoding.EncodeToString(model)); len(text) > 0; {
		n := min(76, len(text))
		folded = append(append(folded, text[:n]...), '\n')
		text = text[n:]
	}
	root := write(t, file{"x.zip", zipped(t, zip.Deflate,
		file{"a.txt", folded}, file{"b", []byte(base64.RawURLEncoding.EncodeToString(model))},
		file{"c.txt", bytes.Repeat([]byte("words"), 100)},
	)})
	apps := scan(t, extract.Scanner{}, root)
	wantRows(t, apps, "x.zip zip parsed", "  a.txt!/base64 toy parsed", "  b!/base64 toy parsed")
	if apps[0].Findings[0].SHA256 != hashOf(model) {
		t.Error("the decoded bytes are not the model's")
	}
}

func TestScan_outsideTheArchive(t *testing.T) {
	model := toyModel(1, 500)
	archive := zipped(t, zip.Store, file{"x", []byte("y")})
	root := write(t, file{"behind.zip", join(archive, model)}, file{"before.apk", join(random(1, 33), model, archive)})
	wantRows(t, scan(t, extract.Scanner{}, root),
		"before.apk zip parsed", "  before.apk@33 toy parsed",
		"behind.zip zip parsed",
		fmt.Sprintf("  behind.zip@%d toy parsed", len(archive)))
}

// Resource bundles of ICU and RIFF files tell their length: a model behind them is found,
// compressed or not.
func TestScan_behindContentThatTellsItsLength(t *testing.T) {
	picture := make([]byte, 600)
	copy(picture, "RIFF\x50\x02\x00\x00WEBPVP8 ")
	bundle := make([]byte, 600)
	copy(bundle, "\x20\x00\xda\x27\x14\x00\x00\x00\x00\x00\x02\x00ResB")
	bundle[36], bundle[48] = 4, (600-32)/4
	model := toyModel(1, 500)
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		root := write(t, file{"x.zip", zipped(t, method, file{"a.res", bundle}, file{"b.res", join(bundle, model)},
			file{"c.webp", picture}, file{"d.webp", join(picture, model)})})
		wantRows(t, scan(t, extract.Scanner{}, root), "x.zip zip parsed", "  b.res@600 toy parsed", "  d.webp@600 toy parsed")
	}
}

// What Content is given is the content of each compressed entry that was read.
func TestScan_givesContent(t *testing.T) {
	var mu sync.Mutex
	got := map[string]string{}
	s := extract.Scanner{Content: func(e *container.Entry, data []byte) {
		mu.Lock()
		defer mu.Unlock()
		got[e.Name] = hashOf(data)
		if e.Name == "b" {
			panic("one reader's trouble")
		}
	}}
	a, b := random(1, 3000), random(2, 4000)
	root := write(t, file{"x.zip", zipped(t, zip.Deflate, file{"a", a}, file{"b", b}, file{"c.toy", toyModel(1, 700)})},
		file{"y.zip", zipped(t, zip.Store, file{"stored", a})})
	wantRows(t, scan(t, s, root), "x.zip zip parsed", "  c.toy toy parsed", "y.zip zip parsed")
	if len(got) != 3 || got["a"] != hashOf(a) || got["b"] != hashOf(b) {
		t.Errorf("%v", got)
	}
}

func TestScan_companionsInArchives(t *testing.T) {
	weights := random(1, 2000)
	root := write(t, file{"x.apk", zipped(t, zip.Deflate,
		file{"a/net.bin", weights}, file{"a/net.duo", []byte("duo\nnet.bin\n")},
		file{"a/other.duo", []byte("duo\nnet.bin\nsub/more.bin\n")}, file{"a/sub/more.bin", []byte("Www")},
		file{"b/net.duo", []byte("duo\nnet.bin\n../a/net.bin\n/etc/hosts\n")},
	)})
	apps := scan(t, extract.Scanner{}, root)
	wantRows(t, apps, "x.apk zip parsed",
		"  a/net.bin duo part_of", "  a/net.duo duo parsed", "  a/other.duo duo parsed", "  a/sub/more.bin duo part_of", "  b/net.duo duo partial")
	f := apps[0].Findings[1]
	if f.ModelID != hashOf([]byte("duo\nnet.bin\n"), weights) || f.SHA256 != hashOf([]byte("duo\nnet.bin\n")) || !slices.Equal(f.Companions, []string{"a/net.bin"}) {
		t.Errorf("finding %+v", f)
	}
	if p := apps[0].Findings[0]; p.Reason != "part of a/net.duo" || p.SHA256 != hashOf(weights) || p.Size != 2000 {
		t.Errorf("part %+v", p)
	}
}

func TestScan_companionsOnDisk(t *testing.T) {
	weights := random(1, 100_000)
	root := write(t, file{"m/a.bin", weights}, file{"m/net.duo", []byte("duo\na.bin\nsub/b.bin\n")}, file{"m/sub/b.bin", weights[:50]})
	want := []string{
		"m/a.bin file part_of", "  m/a.bin duo part_of",
		"m/net.duo file parsed", "  m/net.duo duo parsed",
		"m/sub/b.bin file part_of", "  m/sub/b.bin duo part_of",
	}
	wantRows(t, scan(t, extract.Scanner{}, root), want...)
	apps := scan(t, extract.Scanner{}, filepath.Join(root, "m", "a.bin"), filepath.Join(root, "m", "net.duo"))
	wantRows(t, apps, "a.bin file part_of", "  a.bin duo part_of", "net.duo file parsed", "  net.duo duo parsed")
}

func TestScan_companionsByContent(t *testing.T) {
	weights := join([]byte("MATE"), random(1, 3000))
	files := []file{{"p/a.txt", []byte("mate seeks")}, {"p/b", []byte("not this")}, {"p/sub/c", weights}, {"p/d.weird", weights}}
	apps := scan(t, extract.Scanner{}, write(t, append([]file{{"x.zip", zipped(t, zip.Deflate, files...)}}, files...)...))
	wantRows(t, apps,
		"x.zip zip parsed", "  p/a.txt mate parsed", "  p/d.weird mate part_of",
		"p/a.txt file parsed", "  p/a.txt mate parsed",
		"p/b file not_a_model", "  p/b text not_a_model",
		"p/d.weird file part_of", "  p/d.weird mate part_of",
		"p/sub/c file not_a_model", "  p/sub/c  not_a_model")
	if a, b := apps[0].Findings[0], apps[1].Findings[0]; a.ModelID != b.ModelID || a.ModelID != hashOf([]byte("mate seeks"), weights) {
		t.Errorf("model ids %s, %s", a.ModelID, b.ModelID)
	}
}

func TestScan_filesThatClaimEachOtherAreOneModel(t *testing.T) {
	files := []file{{"a.duo", []byte("duo\nb.duo\n")}, {"b.duo", []byte("duo\na.duo\n")}}
	apps := scan(t, extract.Scanner{}, write(t, append([]file{{"x.zip", zipped(t, zip.Deflate, files...)}}, files...)...))
	wantRows(t, apps,
		"x.zip zip parsed", "  a.duo duo parsed", "  b.duo duo part_of",
		"a.duo file parsed", "  a.duo duo parsed", "b.duo file part_of", "  b.duo duo part_of")
}

func TestScan_companionsInNestedArchives(t *testing.T) {
	inner := zipped(t, zip.Deflate, file{"n.duo", []byte("duo\nw.bin\n")}, file{"w.bin", random(1, 2000)})
	apps := scan(t, extract.Scanner{Workers: 1}, write(t,
		file{"1.apk", zipped(t, zip.Deflate, file{"a.zip", inner}, file{"z.toy", toyModel(1, 99)})},
		file{"2.apk", zipped(t, zip.Deflate, file{"a.zip", inner}, file{"z.toy", toyModel(1, 99)})}))
	for i, name := range []string{"1.apk", "2.apk"} {
		wantRows(t, apps[i:i+1], name+" zip parsed", "  a.zip!/n.duo duo parsed", "  a.zip!/w.bin duo part_of", "  z.toy toy parsed")
	}
}

func TestScan_protectedContent(t *testing.T) {
	model := toyModel(1, 3000)
	scramble := func(key ...byte) []byte {
		b := bytes.Clone(model)
		for i := range b {
			b[i] ^= key[i%len(key)]
		}
		return b
	}
	cases := []struct {
		name    string
		content []byte
		reason  string
	}{
		{"a.bin", join([]byte("Salted__"), random(1, 500)), "OpenSSL"},
		{"b.toy", random(2, 4096), "entropy"},
		{"c.toy.enc", scramble(0x5a), "toy under repeating XOR key 0x5a"},
		{"d", scramble(1, 2), "XOR key 0x0102"},
		{"e.x", scramble(1, 2, 3), "XOR key 0x010203"},
		{"f.x", scramble(9, 8, 7, 6), "XOR key 0x09080706"},
		{"my_model.x", random(3, 4096), "entropy"},
	}
	var files []file
	want := []string{"x.apk zip parsed"}
	for i, c := range cases {
		files = append(files, file{c.name, c.content})
		name := ""
		if 2 <= i && i <= 5 {
			name = "toy"
		}
		want = append(want, "  "+c.name+" "+name+" encrypted")
	}
	files = append(files, file{"quiet.x", random(3, 4096)}, file{"small.toy", random(3, 100)})
	want = append(want, "  small.toy  not_a_model")
	apps := scan(t, extract.Scanner{}, write(t, file{"x.apk", zipped(t, zip.Deflate, files...)}))
	wantRows(t, apps, want...)
	for i, c := range cases {
		if f := apps[0].Findings[i]; !strings.Contains(f.Reason, c.reason) || f.ModelID != "" {
			t.Errorf("%s: reason %q, want %q in it", c.name, f.Reason, c.reason)
		}
	}
}

func TestScan_recoversFromXORWhenTold(t *testing.T) {
	model := toyModel(1, 3000)
	secret := bytes.Clone(model)
	for i := range secret {
		secret[i] ^= 0x5a
	}
	apps := scan(t, extract.Scanner{Protection: extract.Recover}, write(t, file{"x.zip", zipped(t, zip.Deflate, file{"a.enc", secret}, file{"b", model})}))
	wantRows(t, apps, "x.zip zip parsed", "  a.enc toy parsed", "  b toy parsed")
	if f := apps[0].Findings[0]; f.SHA256 != hashOf(model) || !strings.Contains(f.Reason, "XOR key 0x5a") || f.ModelID != apps[0].Findings[1].ModelID {
		t.Errorf("finding %+v", f)
	}
}

func TestScan_troubleCostsItsRowOnly(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	s := extract.Scanner{
		Formats: []format.Format{toy, trouble(release)},
		Limits:  extract.Limits{Time: time.Millisecond},
	}
	words := []string{"panic", "hang", "nil", "opaque", "limit", "unsupported", "encrypted", "part", "other"}
	status := []extract.Status{extract.Malformed, extract.Limit, "", extract.Opaque, extract.Limit, extract.Unsupported, extract.Encrypted, extract.PartOf, extract.Malformed}
	var files []file
	want := []string{"x.apk zip parsed"}
	for i, w := range words {
		files = append(files, file{w, []byte("trouble " + w)})
		if status[i] != "" {
			want = append(want, fmt.Sprintf("  %s trouble %s", w, status[i]))
		}
	}
	files = append(files, file{"good", toyModel(1, 2000)})
	want = append(want, "  good toy parsed")
	s.Limits.Time = 200 * time.Millisecond
	apps := scan(t, s, write(t, file{"x.apk", zipped(t, zip.Deflate, files...)}))
	wantRows(t, apps, want...)
	for _, f := range apps[0].Findings {
		if f.Status != extract.Parsed && f.Reason == "" || strings.Contains(f.Reason, "\n") {
			t.Errorf("%s: reason %q", f.Path, f.Reason)
		}
	}
	if r := apps[0].Findings[0].Reason; !strings.Contains(r, "toy_test.go:") {
		t.Errorf("panic without its place: %q", r)
	}
}

func TestScan_digestOncePerModelFirstFindingCarriesIt(t *testing.T) {
	shared, own := toyModel(1, 5000), toyModel(2, 100)
	var files []file
	for i := range 20 {
		files = append(files, file{fmt.Sprintf("%02d.apk", i), zipped(t, zip.Deflate, file{"m", shared}, file{"n", shared}, file{"o", own})})
	}
	root := write(t, files...)
	var calls atomic.Int64
	s := extract.Scanner{Workers: 4, Digest: func(f *extract.Finding, m *graph.Model) any {
		calls.Add(1)
		return m.Length
	}}
	apps := scan(t, s, root)
	if calls.Load() != 2 {
		t.Errorf("%d digests, want 2", calls.Load())
	}
	for i, a := range apps {
		for k, f := range a.Findings {
			first := i == 0 && k != 1
			if (f.Digest != nil) != first || f.Model != nil {
				t.Errorf("app %d finding %d: digest %v, model %v", i, k, f.Digest, f.Model)
			}
		}
	}
	for _, a := range scan(t, extract.Scanner{}, root)[:1] {
		if a.Findings[0].Model == nil || a.Findings[1].Model != nil || a.Findings[2].Model == nil {
			t.Error("without Digest the first finding of each model must carry it")
		}
	}
}

func TestScan_panickingDigestIsMalformed(t *testing.T) {
	s := extract.Scanner{Digest: func(*extract.Finding, *graph.Model) any { panic("no shape") }}
	apps := scan(t, s, write(t, file{"m.toy", toyModel(1, 100)}))
	if f := apps[0].Findings[0]; f.Status != extract.Malformed || !strings.Contains(f.Reason, "no shape") {
		t.Errorf("%s: %s", f.Status, f.Reason)
	}
}

// TestScan_sameRowsWithAnyNumberOfWorkers also holds that repeated entries, which
// are searched once, leave no trace of that in the rows.
func TestScan_sameRowsWithAnyNumberOfWorkers(t *testing.T) {
	var files []file
	for i := range 12 {
		var entries []file
		for k := range 40 {
			content := random(uint64(k), 3000+k)
			if k%5 == 0 {
				content = join(content, toyModel(uint64(k), 200+i))
			}
			entries = append(entries, file{fmt.Sprintf("assets/%d", k), content})
		}
		entries = append(entries, file{"z/n.duo", []byte("duo\nw.bin\n")}, file{"z/w.bin", random(77, 50)})
		files = append(files, file{fmt.Sprintf("%02d.apk", i), zipped(t, zip.Deflate, entries...)}, file{fmt.Sprintf("loose/%02d.toy", i), toyModel(uint64(i), 70)})
	}
	root := write(t, files...)
	want := rows(scan(t, extract.Scanner{Workers: 1}, root))
	for _, n := range []int{2, 3, 8} {
		if diff := cmp.Diff(want, rows(scan(t, extract.Scanner{Workers: n}, root))); diff != "" {
			t.Fatalf("%d workers (-one +many):\n%s", n, diff)
		}
	}
}

func TestScan_expandedBytesAreBounded(t *testing.T) {
	many := []file{}
	for i := range 8 {
		bomb := zipped(t, zip.Deflate, file{"zeros", make([]byte, 4<<20+i)})
		many = append(many, file{fmt.Sprintf("%d.zip", i), bomb})
	}
	apps := scan(t, extract.Scanner{Limits: extract.Limits{ExpandedBytes: 10 << 20}}, write(t, file{"x.zip", zipped(t, zip.Store, many...)}))
	limited := 0
	for _, f := range apps[0].Findings {
		if f.Status == extract.Limit {
			limited++
		}
	}
	if limited == 0 {
		t.Error("no row says that the limit was reached")
	}
}

func TestScan_unreadableEntriesAreRows(t *testing.T) {
	data := zipped(t, zip.Deflate, file{"plain.txt", bytes.Repeat([]byte("hello "), 500)}, file{"m.toy", toyModel(1, 3000)})
	bad := bytes.Clone(data)
	for i := 45; i < 60; i++ {
		bad[i] ^= 0xA5
	}
	apps := scan(t, extract.Scanner{}, write(t, file{"bad.apk", bad}, file{"cut.apk", data[:len(data)/2]}, file{"none.apk", []byte("PK\x03\x04")}))
	if a := apps[0]; len(a.Findings) != 2 || a.Findings[0].Status.IsModel() || a.Findings[0].Reason == "" || a.Findings[1].Status != extract.Parsed {
		t.Errorf("%v", rows(apps[:1]))
	}
	if a := apps[1]; a.Status != extract.Partial || !strings.Contains(a.Reason, "truncated download?") || a.Findings[len(a.Findings)-1].Status != extract.Truncated {
		t.Errorf("%v: %s", rows(apps[1:2]), a.Reason)
	}
	if a := apps[2]; a.Status != extract.Truncated || a.Reason == "" || a.SHA256 == "" {
		t.Errorf("%v: %s", rows(apps[2:]), a.Reason)
	}
}

func TestScan_endsWithTheSinksErrorOrTheContexts(t *testing.T) {
	var files []file
	for i := range 30 {
		files = append(files, file{fmt.Sprintf("%02d.toy", i), toyModel(uint64(i), 100)})
	}
	root := write(t, files...)
	s := extract.Scanner{Formats: toyFormats()}
	full := errors.New("disk full")
	n := 0
	err := s.Scan(context.Background(), []string{root}, func(*extract.App) error {
		if n++; n == 3 {
			return full
		}
		return nil
	})
	if !errors.Is(err, full) || n != 3 {
		t.Errorf("err %v after %d apps", err, n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	err = s.Scan(ctx, []string{root}, func(*extract.App) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("err %v, want canceled", err)
	}
	if err := s.Scan(context.Background(), []string{filepath.Join(root, "absent")}, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("err %v, want not exist", err)
	}
}

func TestScan_describeAndProgress(t *testing.T) {
	root := write(t, file{"a.apk", zipped(t, zip.Store, file{"x", []byte("1")})}, file{"b.txt", []byte("2")})
	var last [2]int
	s := extract.Scanner{
		Describe: func(src extract.Source) any { return fmt.Sprintf("%s %d", src.Path, len(src.Archive.Entries)) },
		Progress: func(done, known int, bytes int64) { last = [2]int{done, known} },
	}
	apps := scan(t, s, root)
	if apps[0].Description != "a.apk 1" || apps[1].Description != nil || last != [2]int{2, 2} {
		t.Errorf("descriptions %v, %v; progress %v", apps[0].Description, apps[1].Description, last)
	}
}

func TestScan_containerNames(t *testing.T) {
	cases := map[string][]string{
		"apk": {"AndroidManifest.xml"}, "aar": {"AndroidManifest.xml", "classes.jar"}, "aab": {"BundleConfig.pb", "base/x"},
		"apks": {"toc.pb", "splits/a.apk"}, "xapk": {"manifest.json", "a.apk"}, "apkm": {"info.json", "a.apk"},
		"wheel": {"p-1.dist-info/WHEEL"}, "jar": {"META-INF/MANIFEST.MF"}, "zip": {"x"}, "ipa": {"Payload/A.app/Info.plist"},
		"hap": {"module.json", "resources.index"}, "harmony app": {"pack.info", "entry-default.hap"},
	}
	for want, names := range cases {
		var files []file
		for _, n := range names {
			files = append(files, file{n, []byte("x")})
		}
		if apps := scan(t, extract.Scanner{}, write(t, file{"f.zip", zipped(t, zip.Store, files...)})); apps[0].Container != want {
			t.Errorf("%v: container %q, want %q", names, apps[0].Container, want)
		}
	}
}
