// Package protofmt is what the formats built of protobuf share: the translation
// of faults into the contract's errors.
package protofmt

import (
	"errors"
	"strings"

	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// Error returns a fault of a protobuf message as a *format.Error at its offset: a
// field beyond the last byte is a truncated file, any other fault a malformed one.
// What was said around it ("layer 3: ...") stays. Other errors stay as they are,
// nil too.
func Error(err error) error {
	var e *protowire.Error
	if !errors.As(err, &e) {
		return err
	}
	kind := format.ErrMalformed
	if e.Truncated {
		kind = format.ErrTruncated
	}
	// The offset has a field of its own: said once.
	return format.Errorf(kind, e.Offset, "%s", strings.Replace(err.Error(), e.Error(), e.Msg, 1))
}
