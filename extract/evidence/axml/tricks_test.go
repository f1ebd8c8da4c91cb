package axml_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/gaugenn/gaugenn/extract/evidence/axml"
	"github.com/gaugenn/gaugenn/extract/extracttest"
)

func sample() []byte {
	return extracttest.Manifest("org.example.app", "2.1", extracttest.Element{
		Name: "application", Attributes: []extracttest.Attribute{extracttest.Text("label", extracttest.AttrLabel, "Example")},
		Children: []extracttest.Element{{Name: "meta-data", Attributes: []extracttest.Attribute{
			extracttest.Text("name", extracttest.AttrName, "key"), extracttest.Text("value", extracttest.AttrValue, "v"),
		}}},
	})
}

// TestParse_tricks damages a document in the ways that apps do to keep readers
// out while Android still installs them: the package is read all the same.
func TestParse_tricks(t *testing.T) {
	le := binary.LittleEndian
	const pool = 8 // offset of the string pool chunk
	for _, c := range []struct {
		name   string
		damage func([]byte) []byte
	}{
		{"intact", func(b []byte) []byte { return b }},
		{"document type is not 3", func(b []byte) []byte { b[0] = 0; return b }},
		{"document says it is longer than the file", func(b []byte) []byte { le.PutUint32(b[4:], 1<<31); return b }},
		{"document header of 0 bytes", func(b []byte) []byte { b[2] = 0; return b }},
		{"more strings than there is room for", func(b []byte) []byte { le.PutUint32(b[pool+8:], 1<<30); return b }},
		{"styles that are not there", func(b []byte) []byte { le.PutUint32(b[pool+12:], 1<<20); return b }},
		{"unknown chunk before the pool", func(b []byte) []byte {
			junk := extracttest.Chunk(0x7777, nil, make([]byte, 12))
			return append(append(append([]byte{}, b[:8]...), junk...), b[8:]...)
		}},
		{"second string pool", func(b []byte) []byte { return append(b, extracttest.StringPool("evil")...) }},
		{"bytes behind the document", func(b []byte) []byte { return append(b, 0, 0, 0, 0, 1, 2, 3) }},
		{"attributes larger than their record", func(b []byte) []byte { return wideAttributes(b) }},
	} {
		doc, err := axml.Parse(c.damage(sample()))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if a := doc.Root.Attr("package"); a == nil || a.Value() != "org.example.app" {
			t.Errorf("%s: package %+v, warnings %v", c.name, a, doc.Warnings)
		}
		if a := doc.Root.Attr("versionCode"); a == nil || a.Data != 7 {
			t.Errorf("%s: version code %+v", c.name, a)
		}
	}
}

// wideAttributes gives the root's attributes records of 24 bytes.
func wideAttributes(b []byte) []byte {
	at := 8
	for binary.LittleEndian.Uint16(b[at:]) != 0x0102 {
		at += int(binary.LittleEndian.Uint32(b[at+4:]))
	}
	size := int(binary.LittleEndian.Uint32(b[at+4:]))
	out := append([]byte{}, b[:at+36]...)
	for i := at + 36; i < at+size; i += 20 {
		out = append(append(out, b[i:i+20]...), 0xee, 0xee, 0xee, 0xee)
	}
	binary.LittleEndian.PutUint16(out[at+26:], 24)
	binary.LittleEndian.PutUint32(out[at+4:], uint32(len(out)-at))
	return append(out, b[at+size:]...)
}

// TestParse_namesByResourceID: the strings of framework attributes may be stripped
// or lie; the resource id decides, as it does on a phone.
func TestParse_namesByResourceID(t *testing.T) {
	doc, err := axml.Parse(extracttest.XML(extracttest.Element{Name: "manifest", Attributes: []extracttest.Attribute{
		extracttest.Number("targetSdkVersion", extracttest.AttrVersionCode, 41), extracttest.Number("", extracttest.AttrTargetSDK, 35),
	}}))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]uint32{"versionCode": 41, "targetSdkVersion": 35} {
		if a := doc.Root.Attr(name); a == nil || a.Data != want {
			t.Errorf("%s = %+v, want %d", name, a, want)
		}
	}
}

// TestParse_everyCutEnds: a document cut anywhere gives elements or ErrNotXML.
func TestParse_everyCutEnds(t *testing.T) {
	b := sample()
	for n := range b {
		if _, err := axml.Parse(b[:n]); err != nil && !errors.Is(err, axml.ErrNotXML) {
			t.Errorf("%d bytes: %v", n, err)
		}
		for _, v := range []byte{0, 0x7f, 0xff} { // and damaged anywhere it does not panic
			d := append([]byte{}, b...)
			d[n] = v
			if doc, err := axml.Parse(d); err == nil {
				_ = doc.Root.All("meta-data")
			}
		}
	}
}

// TestParse_depthAndAttributesAreBounded: a chunk that claims 65,535 attributes,
// and elements that never close.
func TestParse_depthAndAttributesAreBounded(t *testing.T) {
	deep := extracttest.Element{Name: "x"}
	for range 2000 {
		deep = extracttest.Element{Name: "x", Children: []extracttest.Element{deep}}
	}
	doc, err := axml.Parse(extracttest.XML(deep))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(doc.Root.All("x")); n > 1000 {
		t.Errorf("%d elements deep", n)
	}
}
