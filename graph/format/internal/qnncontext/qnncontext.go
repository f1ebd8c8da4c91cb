// Package qnncontext reads the header and description of Qualcomm QNN context
// binaries, which stand alone (graph/format/qnn) or inside ExecuTorch programs,
// ONNX EPContext nodes and TensorFlow Lite dispatch operators. Its facts are
// stated in graph/format/qnn.
package qnncontext

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"regexp"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

const (
	// headerSize are the words and sizes in front of the description.
	headerSize = 40
	// idSearch is how far behind the header the build id may stand.
	idSearch = 1 << 20
	// targetSearch bounds the search for the chip's name in the compiled part.
	targetSearch = 8 << 20
	// insideSearch is how far into a payload a context may begin.
	insideSearch = 8 << 10
)

// Info is what a context binary says of itself.
type Info struct {
	// Version is the container's ("2.3"), Producer the tools' ("QAIRT 2.51.0").
	Version, Producer string
	// Metadata holds build id, date of the tools, chip and Hexagon version.
	Metadata []graph.KeyValue
	// Graphs have one opaque node each; nil where the version does not say.
	Graphs []*graph.Graph
	// Compiled is the size of the compiled part, Length the whole context's; both
	// 0 where the version does not say.
	Compiled, Length int64
}

// header is the start of a context binary.
type header struct {
	minor uint32
	// sized says that the three sizes are there (version 2.3).
	sized                bool
	info, offset, length uint64
}

// readHeader returns the header, ok false where b does not begin with one.
func readHeader(b []byte) (h header, ok bool) {
	if len(b) < headerSize || binary.BigEndian.Uint32(b) != 2 || binary.BigEndian.Uint32(b[8:]) != 0 {
		return h, false
	}
	h.minor = binary.BigEndian.Uint32(b[4:])
	if h.minor < 1 || h.minor > 3 {
		return h, false
	}
	if h.minor == 3 {
		h.info, h.offset, h.length = binary.LittleEndian.Uint64(b[16:]), binary.LittleEndian.Uint64(b[24:]), binary.LittleEndian.Uint64(b[32:])
		const most = 1 << 40
		h.sized = h.info >= 8 && h.info < most && h.offset >= headerSize+h.info && h.offset < most && h.length < most
	}
	return h, true
}

// Match says by its first bytes whether a file of the given size (-1 if unknown)
// is a context binary.
func Match(b []byte, size int64) format.Confidence {
	head, ok := readHeader(b)
	switch {
	case !ok || !buildID.Match(b):
		return format.No
	case head.sized && (size < 0 || head.offset <= uint64(size)):
		return format.Certain
	}
	return format.Likely
}

// buildID is how the tools name themselves: version, date and time of the
// build, and in some the build's number.
var buildID = regexp.MustCompile(`v(\d{1,2}\.\d{1,3}\.\d{1,3})\.(\d{2})(\d{2})(\d{2})(\d{0,6})(_[0-9A-Za-z.-]{1,24})?`)

// target is how the compiled part of a Hexagon graph names what it is for.
var target = regexp.MustCompile(`soc_type=([A-Za-z0-9_+-]{1,24});arch=(\d{2,3});`)

// Read returns what the context binary that b begins with says. Its errors are
// *format.Error of kind ErrNotModel and ErrTruncated.
func Read(b []byte, lim format.Limits) (*Info, error) {
	h, ok := readHeader(b)
	if !ok {
		return nil, format.Errorf(format.ErrNotModel, 0, "no header of a context binary")
	}
	id := buildID.FindSubmatch(b[headerSize:min(len(b), headerSize+idSearch)])
	if id == nil {
		return nil, format.Errorf(format.ErrNotModel, headerSize, "no build id behind the header")
	}
	i := &Info{Version: fmt.Sprintf("2.%d", h.minor), Producer: "QAIRT " + string(id[1])}
	i.add("build_id", string(id[0]))
	i.add("tools_built", dateOf(id[2], id[3], id[4]))
	if !h.sized {
		return i, nil
	}
	end := h.offset + h.length
	if end > uint64(len(b)) {
		return nil, format.Errorf(format.ErrTruncated, 24, "compiled part of %d bytes at %d in a file of %d", h.length, h.offset, len(b))
	}
	i.Length, i.Compiled = int64(end), int64(h.length)
	i.Graphs = readDescription(b[headerSize:headerSize+h.info], lim)
	if t := target.FindSubmatch(b[h.offset:min(end, h.offset+targetSearch)]); t != nil {
		i.add("soc", string(t[1]))
		i.add("hexagon", "v"+string(t[2]))
	}
	return i, nil
}

// Describe adds to m what a context binary in the payload of a delegate says of
// itself. It is to be called before the payload is recorded among m.Opaque: only
// the first of them is described, since the words of several would not tell
// which is meant.
func Describe(m *graph.Model, payload []byte, lim format.Limits) {
	if len(m.Opaque) > 0 {
		return
	}
	if i := Find(payload, lim); i != nil {
		m.Metadata = append(m.Metadata, i.Metadata...)
	}
}

// Find returns what the context binary says that begins in the first bytes of a
// delegate's payload, nil if there is none.
func Find(payload []byte, lim format.Limits) *Info {
	for at := 0; at < min(len(payload)-headerSize, insideSearch); at++ {
		n := bytes.Index(payload[at:min(len(payload), insideSearch)], []byte{0, 0, 0, 2, 0, 0, 0})
		if n < 0 {
			return nil
		}
		at += n
		// A chance find is seldom a whole context: that costs no search for a build id.
		if h, ok := readHeader(payload[at:]); !ok || !h.sized || h.offset+h.length > uint64(len(payload)-at) {
			continue
		}
		if i, err := Read(payload[at:], lim); err == nil && i.Length > 0 {
			return i
		}
	}
	return nil
}

func (i *Info) add(key, value string) {
	if value != "" {
		i.Metadata = append(i.Metadata, graph.KeyValue{Key: "qnn." + key, Value: value})
	}
}

// dateOf returns "2024-05-15" of the two-digit year, month and day of a build
// id, "" where they are no date.
func dateOf(year, month, day []byte) string {
	if bytes.Compare(year, []byte("18")) < 0 || bytes.Compare(month, []byte("01")) < 0 || bytes.Compare(month, []byte("12")) > 0 || bytes.Compare(day, []byte("01")) < 0 || bytes.Compare(day, []byte("31")) > 0 {
		return ""
	}
	return fmt.Sprintf("20%s-%s-%s", year, month, day)
}
