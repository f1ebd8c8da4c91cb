package qnncontext_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/qnncontext"
)

func context(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile("../../qnn/testdata/tiny_ctx.bin")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFind_insideAPayload(t *testing.T) {
	data := context(t)
	for _, before := range []int{0, 1, 7, 64, 4096} {
		front := bytes.Repeat([]byte{0, 0, 0, 2, 0, 0, 0}, before/7+1)[:before]
		i := qnncontext.Find(append(front, data...), format.Limits{}.OrDefault())
		if i == nil || i.Length != int64(len(data)) || len(i.Graphs) != 1 || i.Producer != "QAIRT 2.51.0" {
			t.Errorf("behind %d bytes: %+v", before, i)
		}
	}
	for _, none := range [][]byte{nil, {0, 0, 0, 2}, make([]byte, 9000), bytes.Repeat([]byte{0, 0, 0, 2}, 3000), data[:60]} {
		if i := qnncontext.Find(none, format.Limits{}.OrDefault()); i != nil {
			t.Errorf("%d bytes that hold none: %+v", len(none), i)
		}
	}
}
