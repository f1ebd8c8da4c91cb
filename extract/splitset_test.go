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

// TestScan_expansionFilesOfSeveralApps: in a folder of many apps, a part goes with the
// one app that is called after its package; what has no such app stays alone.
func TestScan_expansionFilesOfSeveralApps(t *testing.T) {
	app := zipped(t, zip.Deflate, file{"AndroidManifest.xml", []byte{3, 0, 8, 0}})
	obb := zipped(t, zip.Deflate, file{"data/net.toy", toyModel(1, 500)})
	dir := write(t, file{"apps/org.one_12.apk", app}, file{"apps/org.two.apk", app}, file{"apps/org.two.more.apk", app},
		file{"apps/main.12.org.one.obb", obb}, file{"apps/org.two.config.en.apk", app}, file{"apps/main.1.org.three.obb", obb})
	wantRows(t, scan(t, extract.Scanner{}, filepath.Join(dir, "apps")),
		"org.one_12 split set parsed",
		"  main.12.org.one.obb!/data/net.toy toy parsed",
		"org.two split set parsed",
		"main.1.org.three.obb zip parsed",
		"  data/net.toy toy parsed",
		"org.two.more.apk apk parsed",
	)
}
