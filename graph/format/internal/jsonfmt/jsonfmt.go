// Package jsonfmt is what the formats built of JSON share: the translation of
// faults into the contract's errors.
package jsonfmt

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/gaugenn/gaugenn/graph/format"
)

// Unmarshal stores data in v as json.Unmarshal does. Its errors are
// *format.Error with what was read in front: data that ends inside a value is
// truncated, all else malformed. The offset is that in data, -1 where the
// library names none.
func Unmarshal(data []byte, v any, what string) error {
	err := json.Unmarshal(data, v)
	if err == nil {
		return nil
	}
	kind, offset := format.ErrMalformed, int64(-1)
	var syntax *json.SyntaxError
	var other *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		// The library has no kind of its own for it, and its offset may also be
		// that of a wrong last byte.
		if offset = syntax.Offset; strings.HasPrefix(syntax.Error(), "unexpected end") {
			kind = format.ErrTruncated
		}
	case errors.As(err, &other):
		offset = other.Offset
	}
	return format.Errorf(kind, offset, "%s: %v", what, err)
}
