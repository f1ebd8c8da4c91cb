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

// TestScan_signatureBelongsToItsPackage: the file of a v4 signature is no app of its
// own, whether its package is alone, a split, or named with it; without its package it
// is a row that says what it is.
func TestScan_signatureBelongsToItsPackage(t *testing.T) {
	apk := zipped(t, zip.Store, file{"x", []byte("1")})
	sig := join([]byte("\x02\x00\x00\x00\x2d\x00\x00\x00\x01\x00\x00\x00\x0c\x00\x00\x00\x00\x20\x00\x00\x00"), random(1, 4000))
	root := write(t, file{"one/a.apk", apk}, file{"one/a.apk.idsig", sig}, file{"one/b.apk", apk}, file{"one/notes.txt", []byte("n")},
		file{"set/base.apk", apk}, file{"set/base.apk.idsig", sig}, file{"set/split_x.apk", apk}, file{"set/split_x.apk.idsig", sig},
		file{"lost/c.apk.idsig", sig})
	s := extract.Scanner{Describe: func(src extract.Source) any { return len(src.Signature) }}
	apps := scan(t, s, root)
	wantRows(t, apps, "lost/c.apk.idsig file not_a_model", "  lost/c.apk.idsig package signature v4 not_a_model",
		"one/a.apk zip parsed", "one/b.apk zip parsed", "one/notes.txt file not_a_model", "  one/notes.txt text not_a_model", "set split set parsed")
	if apps[1].Description != len(sig) || apps[2].Description != 0 || apps[4].Members[0].Description != len(sig) || apps[4].Members[1].Description != len(sig) {
		t.Errorf("signatures of %v, %v, %v, %v bytes", apps[1].Description, apps[2].Description, apps[4].Members[0].Description, apps[4].Members[1].Description)
	}
	named := scan(t, s, filepath.Join(root, "one/a.apk.idsig"), filepath.Join(root, "one/a.apk"))
	wantRows(t, named, "a.apk zip parsed")
	alone := scan(t, s, filepath.Join(root, "one/a.apk"))
	if named[0].Description != len(sig) || alone[0].Description != len(sig) {
		t.Errorf("named: signatures of %v and %v bytes", named[0].Description, alone[0].Description)
	}
}
