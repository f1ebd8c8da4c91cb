package data_test

import (
	"testing"

	"github.com/gaugenn/gaugenn/data"
	"github.com/gaugenn/gaugenn/extract"
	"github.com/gaugenn/gaugenn/extract/evidence"
)

// TestFileRows_owner: files of an app have an owner, by their path or by the package
// that the evidence names; loose files and what is no model have none.
func TestFileRows_owner(t *testing.T) {
	report := func(pkg string) *evidence.Report { return &evidence.Report{Manifest: &evidence.Manifest{Package: pkg}} }
	for _, c := range []struct {
		name        string
		container   string
		description any
		finding     extract.Finding
		want        string
	}{
		{"its own", "apk", report("org.example.app"), extract.Finding{Path: "assets/net.tflite", Status: extract.Parsed}, "app"},
		{"nothing known of the app", "apk", nil, extract.Finding{Path: "assets/net.tflite", Status: extract.Parsed}, "app"},
		{"by path", "apks", report("org.example.app"), extract.Finding{Path: "base.apk!/assets/mlkit/x.tflite", Status: extract.Encrypted}, "sdk:ML Kit"},
		{"by package", "aar", report("com.banuba.sdk"), extract.Finding{Path: "assets/net.tflite", Status: extract.Partial}, "sdk:Banuba"},
		{"no model", "apk", report("org.example.app"), extract.Finding{Path: "assets/net.tflite", Status: extract.NotAModel}, ""},
		{"a loose file", "file", nil, extract.Finding{Path: "net.tflite", Status: extract.Parsed}, ""},
	} {
		rows := data.FileRows(&extract.App{Container: c.container, Description: c.description, Findings: []*extract.Finding{&c.finding}})
		got := ""
		if rows[0].Owner != nil {
			got = *rows[0].Owner
		}
		if got != c.want {
			t.Errorf("%s: owner %q, want %q", c.name, got, c.want)
		}
	}
}

// TestTell_fillsTheAppRow: what the manifest does not say stays null.
func TestTell_fillsTheAppRow(t *testing.T) {
	row := data.AppRow(&extract.App{Container: "apk"})
	row.Tell(&evidence.Report{
		Manifest: &evidence.Manifest{Package: "org.example.app", Label: "Example", Permissions: []string{"p"}},
		ABIs:     []string{"arm64-v8a"}, Problems: []string{"x: y"},
	})
	if row.PackageName == nil || *row.PackageName != "org.example.app" || row.Label == nil || *row.Label != "Example" {
		t.Errorf("%+v", row)
	}
	if row.VersionName != nil || row.MinSDK != nil || len(row.Permissions) != 1 || len(row.ABIs) != 1 || len(row.Problems) != 1 {
		t.Errorf("%+v", row)
	}
	empty := data.AppRow(&extract.App{Container: "zip"})
	empty.Tell(nil)
	if empty.PackageName != nil || empty.Signers == nil {
		t.Errorf("%+v", empty)
	}
}
