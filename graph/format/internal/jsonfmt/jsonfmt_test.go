package jsonfmt_test

import (
	"errors"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/jsonfmt"
)

func TestUnmarshal_faults(t *testing.T) {
	for _, c := range []struct {
		data   string
		kind   error
		offset int64
	}{
		{`{"a": 1`, format.ErrTruncated, 7},
		{`{"a": "x`, format.ErrTruncated, 8},
		{``, format.ErrTruncated, 0},
		{`{"a": !}`, format.ErrMalformed, 7},
		{`{"a": 1]`, format.ErrMalformed, 8}, // the last byte, but a wrong one
		{`{"a": "x"}`, format.ErrMalformed, 9},
	} {
		var v struct{ A int }
		err := jsonfmt.Unmarshal([]byte(c.data), &v, "header")
		var e *format.Error
		if !errors.As(err, &e) || !errors.Is(err, c.kind) || e.Offset != c.offset {
			t.Errorf("%s: %v, want %v at %d", c.data, err, c.kind, c.offset)
		}
	}
	var v struct{ A int }
	if err := jsonfmt.Unmarshal([]byte(`{"a": 3}`), &v, "header"); err != nil || v.A != 3 {
		t.Errorf("%+v, %v", v, err)
	}
}
