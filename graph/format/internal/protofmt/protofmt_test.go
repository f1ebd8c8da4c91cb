package protofmt_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protofmt"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

func TestError_saysTheOffsetOnceAndKeepsTheNoun(t *testing.T) {
	wire := &protowire.Error{Offset: 12, Truncated: true, Msg: "field 3 of 9 bytes goes beyond the end"}
	got := protofmt.Error(fmt.Errorf("layer 3: %w", wire))
	want := "truncated: offset 12: layer 3: field 3 of 9 bytes goes beyond the end"
	if got.Error() != want || !errors.Is(got, format.ErrTruncated) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestError_toldApart(t *testing.T) {
	if err := protofmt.Error(&protowire.Error{Offset: 1, Msg: "x"}); !errors.Is(err, format.ErrMalformed) {
		t.Errorf("a fault that is no truncation: got %v, want malformed", err)
	}
	other := errors.New("other")
	if got := protofmt.Error(other); got != other {
		t.Errorf("another error: got %v, want it as it was", got)
	}
	if got := protofmt.Error(nil); got != nil {
		t.Errorf("nil: got %v", got)
	}
}
