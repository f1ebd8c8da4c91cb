package container

import (
	"bytes"
	"errors"
	"io"
	"math"
	"slices"

	"github.com/klauspost/compress/flate"
)

const (
	// unbounded is a size no output reaches; sums with it do not overflow.
	unbounded = math.MaxInt / 4

	// headerRoom is about as long as the description of a block's codes can be.
	headerRoom = 384

	// maxExpansion is the largest ratio DEFLATE can reach: 258 bytes from two bits.
	maxExpansion = 1032
)

var (
	errInflateData      = errors.New("invalid deflate data")
	errInflateTruncated = errors.New("deflate stream ends early")
	errInflateLimit     = errors.New("deflate output exceeds the limit")
)

// inflater reads raw DEFLATE streams (RFC 1951) from slices. It keeps one
// library reader with its window and tables for all streams; the zero value is
// ready.
type inflater struct {
	src    bytes.Reader
	reader io.ReadCloser
}

// run appends the decoded stream in src to dst and returns it with the number
// of bytes of src that were used. It stops without error once want bytes have
// been appended; a stream that goes on beyond max bytes ends with
// errInflateLimit. What was decoded before an error is returned too.
func (z *inflater) run(dst, src []byte, want, max int) (out []byte, used int, err error) {
	z.src.Reset(src)
	defer z.src.Reset(nil)
	if z.reader == nil {
		z.reader = flate.NewReader(&z.src)
	} else if err := z.reader.(flate.Resetter).Reset(&z.src, nil); err != nil {
		return dst, 0, err
	}
	out, base := dst, len(dst)
	stop := min(want, max)
	for len(out)-base < stop {
		if len(out) == cap(out) {
			out = slices.Grow(out, 4096)
		}
		n, err := z.reader.Read(out[len(out):min(cap(out), base+stop)])
		out = out[:len(out)+n]
		if err != nil {
			return out, len(src) - z.src.Len(), inflateError(err)
		}
	}
	if want > max && z.more() {
		err = errInflateLimit
	}
	return out, len(src) - z.src.Len(), err
}

// head appends up to want of the first bytes of the decoded stream in src to dst.
// The library decodes a whole window of 32 KiB before it gives out a byte, unless
// its input ends: so it is given little input first, and more when that was not enough.
func (z *inflater) head(dst, src []byte, want int) ([]byte, error) {
	for cut := want + headerRoom; ; cut *= 4 {
		out, _, err := z.run(dst, src[:min(cut, len(src))], want, unbounded)
		if len(out)-len(dst) == want || cut >= len(src) || !errors.Is(err, errInflateTruncated) {
			return out, err
		}
	}
}

// more reports whether the stream has another byte.
func (z *inflater) more() bool {
	var b [1]byte
	n, _ := io.ReadFull(z.reader, b[:])
	return n > 0
}

// inflateError gives an error of the library its sentinel, nil for the end.
func inflateError(err error) error {
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errInflateTruncated
	}
	return errInflateData
}
