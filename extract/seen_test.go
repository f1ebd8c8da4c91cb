package extract_test

import (
	"archive/zip"
	"fmt"
	"testing"

	"github.com/gaugenn/gaugenn/extract"
	"github.com/google/go-cmp/cmp"
)

// details renders all of a finding that rows of tables come from.
func details(f *extract.Finding) string {
	return fmt.Sprintf("%s @%d %s %d/%d stored %v ext %q %s %s %q id %s entropy %.6f", f.Path, f.Offset, f.SHA256, f.Size, f.CompressedSize, f.Stored, f.Extension, f.Format, f.Status, f.Reason, f.ModelID, f.Entropy)
}

// TestScan_repeatedContentUnderOtherNames holds that an entry has the same row
// whether its content was met before under another name or it is scanned alone.
func TestScan_repeatedContentUnderOtherNames(t *testing.T) {
	model := toyModel(1, 90_000)
	contents := map[string][]byte{
		"model":         model,
		"with more":     join(model, random(3, 900)),
		"bundle":        join(model, toyModel(2, 5000)),
		"cut short":     model[:80_000],
		"inside":        join(random(4, 100_000), model),
		"small":         toyModel(5, 300),
		"noise":         random(6, 100_000),
		"scrambled":     scrambleAll(model, 0x5a),
		"names another": []byte("duo\n" + "w.bin\n" + fmt.Sprint(random(7, 100))),
	}
	names := []string{"a.toy", "b.toy", "b.dat", "plain", "model.bin", "x.toy.enc", "c.txt"}
	for what, content := range contents {
		for _, method := range []uint16{zip.Store, zip.Deflate} {
			for _, depth := range []extract.Depth{extract.Full, extract.Peek} {
				var entries []file
				var want []string
				for i, n := range names {
					e := []file{{fmt.Sprintf("%d/%s", i, n), content}}
					if i == 3 && depth == extract.Full {
						e[0] = file{"n.zip", zipped(t, method, e...)}
					}
					entries = append(entries, e...)
					for _, f := range scan(t, extract.Scanner{Depth: depth}, write(t, file{"one.apk", zipped(t, method, e...)}))[0].Findings {
						want = append(want, details(f))
					}
				}
				var got []string
				for _, f := range scan(t, extract.Scanner{Depth: depth, Workers: 1}, write(t, file{"all.apk", zipped(t, method, entries...)}))[0].Findings {
					got = append(got, details(f))
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s, method %d, depth %s (-alone +together):\n%s", what, method, depth, diff)
				}
			}
		}
	}
}

// scrambleAll is data under a key of one byte.
func scrambleAll(data []byte, key byte) []byte {
	out := make([]byte, len(data))
	for i, b := range data {
		out[i] = b ^ key
	}
	return out
}

// TestScan_firstPieceAloneIsNotRemembered: what a first piece gives depends on the
// pieces beside it, also where there were none.
func TestScan_firstPieceAloneIsNotRemembered(t *testing.T) {
	model := toyModel(1, 3000)
	whole := join(random(1, 1<<20-100), toyModel(2, 900), random(2, 500))
	first := []file{{"net.part0", model[:1500]}, {"a.resource.split0", whole[:1<<20]}}
	both := append(first[:2:2], file{"net.part1", model[1500:]}, file{"a.resource.split1", whole[1<<20:]})
	apps := scan(t, extract.Scanner{Workers: 1}, write(t, file{"1.apk", zipped(t, zip.Store, first...)}, file{"2.apk", zipped(t, zip.Store, both...)}))
	found := 0
	for _, f := range apps[1].Findings {
		if f.Status == extract.Parsed {
			found++
		}
	}
	if found != 2 {
		t.Errorf("%d models, want 2: %v", found, rows(apps))
	}
}
