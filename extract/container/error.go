package container

import (
	"errors"
	"fmt"
)

// What kept an archive or an entry from being read, for use with errors.Is.
var (
	// ErrMalformed says that the bytes break the rules of the container format.
	ErrMalformed = errors.New("malformed")
	// ErrTruncated says that data ends before the container says it does.
	ErrTruncated = errors.New("truncated")
	// ErrEncrypted says that an entry is encrypted by the container.
	ErrEncrypted = errors.New("encrypted")
	// ErrUnsupported says that the container or compression method is not read.
	ErrUnsupported = errors.New("unsupported")
	// ErrLimit says that reading on would pass one of the Limits.
	ErrLimit = errors.New("limit")
)

// Error is a failure at a known place in a container.
type Error struct {
	Kind   Kind   // the container that failed
	Offset int64  // byte offset in that container
	Msg    string // what is wrong there, without the offset
	Err    error  // one of the Err values of this package
}

// Error returns one line: the kind, the offset and what is wrong.
func (e *Error) Error() string { return fmt.Sprintf("%s offset %d: %s", e.Kind, e.Offset, e.Msg) }

// Unwrap returns the sentinel, so that errors.Is(err, ErrTruncated) works.
func (e *Error) Unwrap() error { return e.Err }

func errorAt(kind Kind, offset int64, sentinel error, format string, args ...any) *Error {
	return &Error{Kind: kind, Offset: offset, Msg: fmt.Sprintf(format, args...), Err: sentinel}
}
