package extract_test

import (
	"archive/zip"
	"path/filepath"
	"testing"

	"github.com/gaugenn/gaugenn/extract"
)

// TestScan_splitSetIsOneApp: the packages of a folder that belong together are one
// app, whose paths say which package a finding is in; what stands beside stays apart.
func TestScan_splitSetIsOneApp(t *testing.T) {
	manifest := file{"AndroidManifest.xml", []byte{3, 0, 8, 0}}
	base := zipped(t, zip.Deflate, manifest, file{"assets/a.toy", toyModel(1, 500)})
	split := zipped(t, zip.Deflate, manifest, file{"assets/b.bin", join(random(1, 333), toyModel(2, 500))})
	dir := write(t, file{"app/base.apk", base}, file{"app/split_pack.apk", split}, file{"app/notes.toy", toyModel(3, 500)}, file{"other.apk", base})
	apps := scan(t, extract.Scanner{}, dir)
	wantRows(t, apps,
		"other.apk apk parsed",
		"  assets/a.toy toy parsed",
		"app split set parsed",
		"  base.apk!/assets/a.toy toy parsed",
		"  split_pack.apk!/assets/b.bin@333 toy parsed",
		"app/notes.toy file parsed",
		"  app/notes.toy toy parsed",
	)
	set := apps[1]
	if set.Container != extract.SplitSet || len(set.Members) != 2 || set.SizeBytes != int64(len(base)+len(split)) || set.Status != extract.Parsed || len(set.SHA256) != 64 {
		t.Errorf("%+v", set)
	}
	if root := scan(t, extract.Scanner{}, filepath.Join(dir, "app")); root[0].Path != "app" || root[0].SHA256 != set.SHA256 {
		t.Errorf("scanned by itself: %q %s, want the same digest as %s", root[0].Path, root[0].SHA256, set.SHA256)
	}
}
