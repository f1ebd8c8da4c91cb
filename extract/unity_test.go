package extract_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/gaugenn/gaugenn/extract"
	"github.com/gaugenn/gaugenn/extract/container"
	"github.com/gaugenn/gaugenn/extract/extracttest"
)

// game is a bundle with models in a text asset, a larger object, a resource file and
// a node of its own.
func game(lz4 bool) []byte {
	assets := extracttest.UnityAssets(
		extracttest.UnityObject{Class: 49, Name: "net", Content: toyModel(1, 900)},
		extracttest.UnityObject{Class: 114, Name: "Data", Content: toyModel(2, 500)},
		extracttest.UnityObject{Class: 114, Name: "Data", Content: toyModel(3, 600)},
		extracttest.UnityObject{Class: 114, Name: "agent", Content: toyModel(4, 700), More: make([]byte, 20)},
	)
	return extracttest.UnityBundle(lz4,
		extracttest.File{Name: "CAB-1", Data: assets},
		extracttest.File{Name: "CAB-1.resource", Data: join(random(1, 140_000), toyModel(5, 800), random(2, 10))},
		extracttest.File{Name: "raw", Data: toyModel(1, 900)},
	)
}

func TestScan_unityBundleIsSearchedAtEveryLevel(t *testing.T) {
	for _, lz4 := range []bool{false, true} {
		root := write(t, file{"x.apk", zipped(t, zip.Store, file{"b.unity3d", game(lz4)}, file{"again", toyModel(3, 600)})})
		apps := scan(t, extract.Scanner{}, root)
		got := map[string]string{}
		for _, f := range apps[0].Findings {
			if f.Status != extract.Parsed {
				t.Errorf("%s: %s %s", f.Path, f.Status, f.Reason)
			}
			got[f.Path] = f.ModelID
			content, err := extract.Member(filepath.Join(root, "x.apk"), f.Path, max(f.Offset, 0), f.Size, container.Limits{})
			if err != nil || !bytes.Equal(content[4:8], []byte("TOY1")) || int64(len(content)) != f.Size {
				t.Errorf("%s: Member gives %d bytes, %v", f.Path, len(content), err)
			}
		}
		for _, p := range []string{"b.unity3d!/CAB-1!/net", "b.unity3d!/CAB-1!/Data", "b.unity3d!/CAB-1!/Data#3", "b.unity3d!/CAB-1", "b.unity3d!/CAB-1.resource", "b.unity3d!/raw", "again"} {
			if got[p] == "" {
				t.Errorf("LZ4 %v: no finding at %s: %v", lz4, p, rows(apps))
			}
		}
		if len(got) != 7 || got["b.unity3d!/CAB-1!/net"] != got["b.unity3d!/raw"] || got["again"] != got["b.unity3d!/CAB-1!/Data#3"] {
			t.Errorf("LZ4 %v: the same model has one id: %v", lz4, got)
		}
	}
}

// TestScan_looseUnityFiles: a bundle or file of assets that is no app is looked into too.
func TestScan_looseUnityFiles(t *testing.T) {
	assets := extracttest.UnityAssets(extracttest.UnityObject{Class: 49, Name: "net", Content: toyModel(1, 900)})
	wantRows(t, scan(t, extract.Scanner{Workers: 3}, write(t, file{"level0", assets}, file{"m.bundle", game(true)})),
		"level0 file parsed", "  level0!/net toy parsed",
		"m.bundle unity bundle parsed",
		"  CAB-1!/net toy parsed", "  CAB-1!/Data toy parsed", "  CAB-1!/Data#3 toy parsed", "  CAB-1@2476 toy parsed",
		"  CAB-1.resource@140000 toy parsed", "  raw toy parsed")
}

func TestScan_unityBundleKeepsTheBudget(t *testing.T) {
	bomb := extracttest.UnityBundle(true,
		extracttest.File{Name: "a", Data: make([]byte, 3<<20)}, extracttest.File{Name: "b", Data: make([]byte, 3<<20)}, extracttest.File{Name: "c", Data: make([]byte, 3<<20)})
	apps := scan(t, extract.Scanner{Limits: extract.Limits{ExpandedBytes: 4 << 20}}, write(t, file{"x.apk", zipped(t, zip.Store, file{"bomb", bomb})}))
	wantRows(t, apps, "x.apk zip parsed", "  bomb!/b  limit", "  bomb!/c  limit")
}

// TestScan_brokenUnityBundleIsARow: encrypted or cut, one row says so.
func TestScan_brokenUnityBundleIsARow(t *testing.T) {
	sealed := extracttest.UnityBundle(true, extracttest.File{Name: "a", Data: make([]byte, 3000)})
	at := bytes.Index(sealed, []byte("f1\x00")) + 3 + 8 + 8
	sealed[at+2] |= 0x04
	copy(sealed[at+8:], random(9, 70))
	cut := game(true)[:60]
	apps := scan(t, extract.Scanner{}, write(t, file{"x.apk", zipped(t, zip.Store, file{"sealed", sealed}, file{"cut", cut}, file{"part", game(true)[:100_000]})}))
	wantRows(t, apps, "x.apk zip parsed",
		"  sealed unity bundle encrypted", "  cut unity bundle truncated",
		"  part!/CAB-1  truncated", "  part!/CAB-1.resource  truncated", "  part!/raw  truncated")
}

// TestScan_unityPiecesCountOnce: a model that lies in one of the pieces is found in the
// whole and not again in the piece; other pieces, or ones of another size, are left alone.
func TestScan_unityPiecesCountOnce(t *testing.T) {
	whole := join(random(1, 1<<20+500), toyModel(1, 900), random(2, 1<<20))
	cut := func(name string, size int) (files []file) {
		for k := 0; k*size < len(whole); k++ {
			files = append(files, file{fmt.Sprintf("%s.split%d", name, k), whole[k*size : min((k+1)*size, len(whole))]})
		}
		return files
	}
	apk := zipped(t, zip.Store, append(cut("a.resource", 1<<20), cut("b.resource", 1<<19)...)...)
	root := write(t, file{"x.apk", apk})
	model, err := extract.Member(filepath.Join(root, "x.apk"), "a.resource.split0", 1<<20+500, 900, container.Limits{})
	if err != nil || !bytes.Equal(model, toyModel(1, 900)) {
		t.Errorf("Member gives %d bytes, %v", len(model), err)
	}
	wantRows(t, scan(t, extract.Scanner{Workers: 2}, root), "x.apk zip parsed",
		"  a.resource.split0@1049076 toy parsed", "  a.resource.split1  part_of", "  a.resource.split2  part_of",
		"  b.resource.split2@500 toy parsed")
	limits := extract.Limits{Container: container.Limits{EntryBytes: 2 << 20}}
	wantRows(t, scan(t, extract.Scanner{Limits: limits}, write(t, file{"x.apk", zipped(t, zip.Store, cut("a.resource", 1<<20)...)})), "x.apk zip parsed",
		"  a.resource.split0  limit", "  a.resource.split1@500 toy parsed")
}
