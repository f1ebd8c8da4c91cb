package extract_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"

	"github.com/gaugenn/gaugenn/extract"
	"github.com/gaugenn/gaugenn/extract/container"
)

func TestMember_goesDownPathsAndCutsPieces(t *testing.T) {
	zipOf := func(name string, content []byte, method uint16) []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		e, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Write(content); err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	var packed bytes.Buffer
	g := gzip.NewWriter(&packed)
	if _, err := g.Write([]byte("weights")); err != nil || g.Close() != nil {
		t.Fatal(err)
	}
	app := filepath.Join(t.TempDir(), "app.apk")
	if err := os.WriteFile(app, zipOf("in.zip", zipOf("net.gz", packed.Bytes(), zip.Store), zip.Deflate), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path           string
		offset, length int64
		want           string
	}{
		{"in.zip!/net.gz!/net", 0, 0, "weights"}, {"in.zip!/net.gz!/net", 2, 3, "igh"}, {"in.zip!/net.gz!/net", 3, 0, "ghts"},
		{"in.zip!/other", 0, 0, ""}, {"in.zip!/net.gz!/net!/more", 0, 0, ""}, {"in.zip!/net.gz!/net", 5, 3, ""}, {"in.zip!/net.gz!/net", -1, 3, ""}, {"in.zip!/net.gz!/net", 8, 0, ""},
	} {
		got, err := extract.Member(app, tt.path, tt.offset, tt.length, container.Limits{})
		if string(got) != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s from %d, %d bytes: %q, %v; want %q", tt.path, tt.offset, tt.length, got, err, tt.want)
		}
	}
	if whole, err := extract.Member(app, "", 0, 2, container.Limits{}); err != nil || string(whole) != "PK" {
		t.Errorf("the file itself: %q, %v", whole, err)
	}
}
