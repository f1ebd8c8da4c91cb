package format_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format"
)

func TestIn_keepsTheNounAroundAnError(t *testing.T) {
	in := format.Input{Path: "a.bin"}
	inner := format.Errorf(format.ErrTruncated, 12, "shape of 9 bytes")
	for _, c := range []struct {
		err  error
		want string
	}{
		{inner, "x: truncated: a.bin: offset 12: shape of 9 bytes"},
		{fmt.Errorf("layer 3: %w", inner), "x: truncated: a.bin: offset 12: layer 3: shape of 9 bytes"},
		{fmt.Errorf("graph %q: %w", "main", fmt.Errorf("layer 3: %w", inner)), `x: truncated: a.bin: offset 12: graph "main": layer 3: shape of 9 bytes`},
		{errors.New("odd"), "x: malformed: a.bin: odd"},
	} {
		got := format.In(c.err, "x", in)
		if got.Error() != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
		if again := format.In(got, "y", format.Input{Path: "b.bin"}); again.Error() != c.want {
			t.Errorf("a second boundary makes %q of %q", again, c.want)
		}
	}
	if err := format.In(nil, "x", in); err != nil {
		t.Errorf("nil: got %v", err)
	}
}
