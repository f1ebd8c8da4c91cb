package axml_test

import (
	"errors"
	"testing"

	"github.com/gaugenn/gaugenn/extract/evidence/axml"
	"github.com/gaugenn/gaugenn/extract/extracttest"
)

func TestTable_stringsByID(t *testing.T) {
	b := extracttest.Strings([]string{"Keyboard", "", "loop", ""}, map[int]uint32{1: 0x7f010000, 2: 0x7f010003, 3: 0x7f010002})
	table, err := axml.ReadTable(b)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[uint32]string{
		0x7f010000: "Keyboard",
		0x7f010001: "Keyboard", // by reference
		0x7f010002: "",         // references in a circle
		0x7f010009: "",
		0x7f020000: "",
		0x01010001: "",
	} {
		if got := table.String(id); got != want {
			t.Errorf("String(0x%08x) = %q, want %q", id, got, want)
		}
	}
	for n := range b {
		if cut, err := axml.ReadTable(b[:n]); err == nil {
			_ = cut.String(0x7f010001)
		} else if !errors.Is(err, axml.ErrNotTable) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func FuzzReadTable(f *testing.F) {
	f.Add(extracttest.Strings([]string{"a", "b"}, map[int]uint32{1: 0x7f010000}))
	f.Fuzz(func(t *testing.T, b []byte) {
		table, err := axml.ReadTable(b)
		if err != nil {
			return
		}
		for i := range uint32(8) {
			_ = table.String(0x7f010000 + i)
		}
	})
}
