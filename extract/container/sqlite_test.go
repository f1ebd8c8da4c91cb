package container_test

import (
	"bytes"
	"testing"

	"github.com/gaugenn/gaugenn/extract/container"
)

// sqliteContent is what testdata/sqlite/gen.py writes.
func sqliteContent(seed, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(seed + i*i/7 + i)
	}
	return b
}

func TestOpen_largeValuesOfADatabase(t *testing.T) {
	data := testFile(t, "sqlite", "values.sqlite")
	a := open(t, data)
	if a.Kind != container.SQLite {
		t.Fatalf("kind %s", a.Kind)
	}
	checkEntries(t, a, map[string][]byte{
		"models/101/2":    sqliteContent(2, 300),
		"models/102/2":    sqliteContent(3, 3000),
		"models/103/1":    bytes.Repeat([]byte("x"), 1500),
		"odd/../name/1/1": sqliteContent(4, 1000),
	})
	var d container.Decoder
	for i := range a.Entries {
		e := &a.Entries[i]
		buf := make([]byte, 700)
		n, err := d.Peek(e, buf)
		whole, _ := d.Bytes(e, nil)
		if err != nil || !bytes.Equal(buf[:n], whole.Data[:min(700, len(whole.Data))]) {
			t.Errorf("%s: peek of %d bytes, %v", e.Name, n, err)
		}
	}
	if len(a.Between()) == 0 {
		t.Error("no gap: the index is in no entry")
	}
}

// Whatever the pages say, no page is read twice: entries hold no more than the file.
func TestOpen_databaseThatLies(t *testing.T) {
	good := testFile(t, "sqlite", "values.sqlite")
	var d container.Decoder
	for i := 0; i < len(good); i += 1 + 6*min(i/600, 1) {
		for _, mask := range []byte{0xFF, 0x80, 1} {
			a, err := container.Open(flipped(good, i, mask), container.Limits{})
			if err != nil {
				continue
			}
			total := 0
			for k := range a.Entries {
				c, _ := d.Bytes(&a.Entries[k], nil)
				total += len(c.Data)
			}
			if total > len(good) {
				t.Fatalf("byte %d: %d bytes in entries of a file of %d", i, total, len(good))
			}
		}
	}
	for n := 0; n < len(good); n += 37 {
		if a, err := container.Open(good[:n], container.Limits{}); err == nil {
			for k := range a.Entries {
				_, _ = d.Bytes(&a.Entries[k], nil)
			}
		}
	}
}
