package qnn

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"regexp"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

const (
	name = "qnn"
	kind = "qnn_context"
	// headerSize are the words and sizes in front of the description.
	headerSize = 40
	// idSearch is how far behind the header the build id may stand.
	idSearch = 1 << 20
	// targetSearch bounds the search for the chip's name in the compiled part.
	targetSearch = 8 << 20
)

// Format is the entry of QNN context binaries in the list of formats.
var Format = format.Format{
	Name:       name,
	Title:      "Qualcomm QNN context binary",
	Extensions: []string{"bin", "serialized", "qnn", "dlc"},
	Magic:      "00 00 00 02 00 00 00 01..03 00 00 00 00, then sizes that fit the file or the build id of the tools",
	Container:  "own header, FlatBuffers, compiled code",
	Reads:      "Names, types and shapes of inputs and outputs, tool version and date, chip: compiled, so opaque.",
	ReadsNot:   "The compiled operators; the graphs of versions 2.1 and 2.2.",
	Match:      match,
	Parse:      parse,
	Embedded:   []format.Signature{{Bytes: []byte{0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1}}},
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

func match(h format.Head) format.Confidence {
	head, ok := readHeader(h.Bytes)
	switch {
	case !ok:
		return format.No
	case head.sized && (h.Size < 0 || head.offset <= uint64(h.Size)) && buildID.Match(h.Bytes):
		return format.Certain
	case buildID.Match(h.Bytes):
		return format.Likely
	}
	return format.No
}

// buildID is how the tools name themselves: version, date and time of the
// build, and in some the build's number.
var buildID = regexp.MustCompile(`v(\d{1,2}\.\d{1,3}\.\d{1,3})\.(\d{2})(\d{2})(\d{2})(\d{0,6})(_[0-9A-Za-z.-]{1,24})?`)

// target is how the compiled part of a Hexagon graph names what it is for.
var target = regexp.MustCompile(`soc_type=([A-Za-z0-9_+-]{1,24});arch=(\d{2,3});`)

func parse(in format.Input) (*graph.Model, error) {
	h, ok := readHeader(in.Data)
	if !ok {
		return nil, format.In(format.Errorf(format.ErrNotModel, 0, "no header of a context binary"), name, in)
	}
	id := buildID.FindSubmatch(in.Data[headerSize:min(len(in.Data), headerSize+idSearch)])
	if id == nil {
		return nil, format.In(format.Errorf(format.ErrNotModel, headerSize, "no build id behind the header"), name, in)
	}
	m := &graph.Model{Format: name, FormatVersion: fmt.Sprintf("2.%d", h.minor), Producer: "QAIRT " + string(id[1])}
	m.Metadata = append(m.Metadata, graph.KeyValue{Key: "qnn.build_id", Value: string(id[0])})
	if date := dateOf(id[2], id[3], id[4]); date != "" {
		m.Metadata = append(m.Metadata, graph.KeyValue{Key: "qnn.tools_built", Value: date})
	}
	size := int64(len(in.Data))
	if h.sized {
		end := h.offset + h.length
		if end > uint64(size) {
			return nil, format.In(format.Errorf(format.ErrTruncated, 24, "compiled part of %d bytes at %d in a file of %d", h.length, h.offset, size), name, in)
		}
		m.Length, size = int64(end), int64(h.length)
		readDescription(m, in.Data[headerSize:headerSize+h.info], in.Limits.OrDefault())
		if t := target.FindSubmatch(in.Data[h.offset:min(end, h.offset+targetSearch)]); t != nil {
			m.Metadata = append(m.Metadata, graph.KeyValue{Key: "qnn.soc", Value: string(t[1])}, graph.KeyValue{Key: "qnn.hexagon", Value: "v" + string(t[2])})
		}
	}
	where := "the whole file"
	if len(m.Graphs) > 0 {
		where = "graph " + strings.Join(graphNames(m), ", ")
	}
	m.Opaque = []graph.Opaque{{Kind: kind, Where: where, Bytes: size}}
	return m, nil
}

func graphNames(m *graph.Model) []string {
	var names []string
	for _, g := range m.Graphs[:min(len(m.Graphs), 4)] {
		names = append(names, g.Name)
	}
	return names
}

// dateOf returns "2024-05-15" of the two-digit year, month and day of a build
// id, "" where they are no date.
func dateOf(year, month, day []byte) string {
	if bytes.Compare(year, []byte("18")) < 0 || bytes.Compare(month, []byte("01")) < 0 || bytes.Compare(month, []byte("12")) > 0 || bytes.Compare(day, []byte("01")) < 0 || bytes.Compare(day, []byte("31")) > 0 {
		return ""
	}
	return fmt.Sprintf("20%s-%s-%s", year, month, day)
}
