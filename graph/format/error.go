package format

import (
	"errors"
	"fmt"
	"strings"
)

// The kinds of failure, tested with errors.Is.
var (
	// ErrTruncated: the file ends before something it announces.
	ErrTruncated = errors.New("truncated")
	// ErrEncrypted: the bytes are encrypted or scrambled.
	ErrEncrypted = errors.New("encrypted")
	// ErrUnsupported: a version or construct that is recognised but not read.
	ErrUnsupported = errors.New("unsupported")
	// ErrLimit: the file asks for more than Limits allow.
	ErrLimit = errors.New("limit exceeded")
	// ErrMalformed: the bytes contradict themselves.
	ErrMalformed = errors.New("malformed")
	// ErrNotModel: on a closer look the file is not of this format at all.
	ErrNotModel = errors.New("not a model")
	// ErrPart: the file is one half of a model and means nothing alone (weights
	// without their graph).
	ErrPart = errors.New("part of a model")
	// ErrNotFound: a companion file is not there.
	ErrNotFound = errors.New("companion not found")
)

// Error is bad input, with the place and the value that was wrong.
type Error struct {
	// Kind is one of the sentinels of this package.
	Kind error
	// Format is the format's name, Path the file's.
	Format, Path string
	// Offset is the position in the file in bytes, -1 if there is no one place.
	Offset int64
	// Msg says what is wrong, lower case, naming the noun that failed.
	Msg string
}

// Errorf returns an *Error of the given kind; offset -1 means no one place.
func Errorf(kind error, offset int64, msg string, args ...any) *Error {
	return &Error{Kind: kind, Offset: offset, Msg: fmt.Sprintf(msg, args...)}
}

// Error returns "tflite: truncated: model.tflite: offset 8192: buffer 3 ...".
func (e *Error) Error() string {
	var b strings.Builder
	for _, s := range []string{e.Format, errorText(e.Kind), e.Path} {
		if s != "" {
			b.WriteString(s)
			b.WriteString(": ")
		}
	}
	if e.Offset >= 0 {
		fmt.Fprintf(&b, "offset %d: ", e.Offset)
	}
	b.WriteString(e.Msg)
	return b.String()
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Unwrap returns the kind.
func (e *Error) Unwrap() error { return e.Kind }

// In returns err with format and path filled in where it is an *Error that
// lacks them; parsers call it once, at their boundary. What was said around the
// *Error ("layer 3: ...") goes in front of its message.
func In(err error, name string, in Input) error {
	if err == nil {
		return nil
	}
	var e *Error
	if !errors.As(err, &e) {
		return &Error{Kind: ErrMalformed, Format: name, Path: in.Path, Offset: -1, Msg: err.Error()}
	}
	c := *e
	c.Msg = strings.Replace(err.Error(), e.Error(), e.Msg, 1)
	if c.Format == "" {
		c.Format = name
	}
	if c.Path == "" {
		c.Path = in.Path
	}
	return &c
}
