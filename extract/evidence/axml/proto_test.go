package axml_test

import (
	"errors"
	"testing"

	"github.com/gaugenn/gaugenn/extract/evidence/axml"
	"github.com/gaugenn/gaugenn/extract/extracttest"
)

func TestParseProto(t *testing.T) {
	b := extracttest.ProtoXML(extracttest.Element{
		Name: "manifest", Attributes: []extracttest.Attribute{extracttest.Text("package", 0, "org.example.app")},
		Children: []extracttest.Element{{Name: "uses-sdk", Attributes: []extracttest.Attribute{
			extracttest.Text("wrong", extracttest.AttrTargetSDK, "35"),
		}}},
	})
	doc, err := axml.ParseProto(b)
	if err != nil {
		t.Fatal(err)
	}
	if a := doc.Root.Attr("package"); doc.Root.Name != "manifest" || a == nil || a.Value() != "org.example.app" {
		t.Errorf("%+v", doc.Root)
	}
	sdk := doc.Root.All("uses-sdk")
	if len(sdk) != 1 || sdk[0].Attr("targetSdkVersion") == nil {
		t.Fatalf("uses-sdk: %+v", sdk)
	}
	if n, ok := sdk[0].Attr("targetSdkVersion").Int(); !ok || n != 35 {
		t.Errorf("target %d %v", n, ok)
	}
	for n := range b {
		if _, err := axml.ParseProto(b[:n]); err != nil && !errors.Is(err, axml.ErrNotXML) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestParseProto_depthIsBounded(t *testing.T) {
	deep := extracttest.Element{Name: "x"}
	for range 1000 {
		deep = extracttest.Element{Name: "x", Children: []extracttest.Element{deep}}
	}
	doc, err := axml.ParseProto(extracttest.ProtoXML(deep))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(doc.Root.All("x")); n > 300 {
		t.Errorf("%d elements deep", n)
	}
}

func FuzzParseProto(f *testing.F) {
	f.Add(extracttest.ProtoXML(extracttest.Element{Name: "manifest", Attributes: []extracttest.Attribute{extracttest.Text("package", 0, "a")}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if doc, err := axml.ParseProto(b); err == nil {
			_ = doc.Root.All("meta-data")
		}
	})
}

func TestParseText(t *testing.T) {
	doc, err := axml.ParseText([]byte(`<manifest xmlns:a="x" package="org.example.lib"><application><meta-data a:name="k" a:value="v"/></application>`))
	if err != nil {
		t.Fatal(err)
	}
	if a := doc.Root.Attr("package"); a == nil || a.Value() != "org.example.lib" || len(doc.Root.All("meta-data")) != 1 {
		t.Errorf("%+v", doc.Root)
	}
	for _, s := range []string{"", "text", "<", "<!-- -->", "</manifest>"} {
		if doc, err := axml.ParseText([]byte(s)); !errors.Is(err, axml.ErrNotXML) {
			t.Errorf("%q: %+v, %v", s, doc, err)
		}
	}
}
