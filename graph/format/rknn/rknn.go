package rknn

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatfmt"
)

const name = "rknn"

// Format is RKNN's entry in the list of formats.
var Format = format.Format{
	Name:       name,
	Title:      "Rockchip RKNN",
	Extensions: []string{"rknn"},
	Magic:      "\"RKNN\" and sizes that fit the file, \"RKNN\" at offset 4 of a FlatBuffer, \"RKNX\"; \"CYPTRKNN\" is encrypted",
	Container:  "own header, FlatBuffers, JSON",
	Reads:      "Operators, shapes, windows of convolutions, tool version, date and chip of version 2; the operators of version 1.",
	ReadsNot:   "Weights (packed for the chip), attributes of other operators, the body of RKNX.",
	Match:      match,
	Parse:      parse,
	Embedded:   []format.Signature{{Bytes: []byte("RKNN\x00\x00\x00\x00")}},
}

const (
	magic     = "RKNN"
	magicX    = "RKNX"
	encrypted = "CYPTRKNN"
	// headerSize is magic, padding, version and body size; reserved follows in
	// versions whose low byte is 2 or more, when there is a body.
	headerSize = 24
	reserved   = 40
	// headerX is where the FlatBuffer of an RKNX file begins.
	headerX = 0x50
)

func match(h format.Head) format.Confidence {
	b := h.Bytes
	switch {
	case len(b) < headerSize:
		return format.No
	case bytes.HasPrefix(b, []byte(encrypted)):
		return format.Certain
	case bytes.HasPrefix(b, []byte(magic)):
		if _, err := splitFile(b, h.Size); err == nil {
			return format.Certain
		}
	case bytes.HasPrefix(b, []byte(magicX)):
		if len(b) > headerX+8 && flatbuf.PlausibleRoot(b[headerX:], h.Size-headerX) {
			return format.Likely
		}
	case flatbuf.Identifier(b) == magic && flatbuf.PlausibleRoot(b, h.Size):
		return format.Certain
	}
	return format.No
}

// layout says where the parts of a file are.
type layout struct {
	version  uint64
	body     [2]uint64 // from, to
	summary  uint64    // where the u64 size of the JSON stands
	complete bool      // the file is long enough for the summary's size
}

// splitFile reads the header; size is the whole file's, -1 if unknown.
func splitFile(b []byte, size int64) (l layout, err error) {
	if len(b) < headerSize || binary.LittleEndian.Uint32(b[4:]) != 0 {
		return l, format.Errorf(format.ErrNotModel, 0, "no header")
	}
	l.version = binary.LittleEndian.Uint64(b[8:])
	if low := l.version & 0xff; l.version>>8 != 0 && l.version>>8 != 0x10 || low < 1 || low > 15 {
		return l, format.Errorf(format.ErrNotModel, 8, "version %#x", l.version)
	}
	n := binary.LittleEndian.Uint64(b[16:])
	if n > 1<<40 {
		return l, format.Errorf(format.ErrNotModel, 16, "body of %d bytes", n)
	}
	from := uint64(headerSize)
	if l.version&0xff > 1 && n > 0 {
		from += reserved
	}
	l.body, l.summary = [2]uint64{from, from + n}, from+n
	l.complete = size >= 0 && l.summary+8 <= uint64(size)
	return l, nil
}

func parse(in format.Input) (*graph.Model, error) {
	m, err := parseFile(in)
	if err != nil {
		return nil, format.In(flatfmt.Error(err), name, in)
	}
	return m, nil
}

func parseFile(in format.Input) (*graph.Model, error) {
	b, lim := in.Data, in.Limits.OrDefault()
	m := &graph.Model{Format: name}
	switch {
	case bytes.HasPrefix(b, []byte(encrypted)):
		return nil, format.Errorf(format.ErrEncrypted, 0, "encrypted by the toolkit")
	case bytes.HasPrefix(b, []byte(magicX)) && len(b) > headerX+8:
		return m, readHeaderX(m, b, lim)
	case bytes.HasPrefix(b, []byte(magic)):
		return m, readContainer(m, in, lim)
	case flatbuf.Identifier(b) == magic:
		return m, readBody(m, b, lim)
	}
	return nil, format.Errorf(format.ErrNotModel, 0, "no signature")
}

// readContainer reads header, body and summary.
func readContainer(m *graph.Model, in format.Input, lim format.Limits) error {
	b := in.Data
	l, err := splitFile(b, int64(len(b)))
	if err != nil {
		return err
	}
	if !l.complete {
		return format.Errorf(format.ErrTruncated, 16, "body of %d bytes in a file of %d", l.body[1]-l.body[0], len(b))
	}
	n := binary.LittleEndian.Uint64(b[l.summary:])
	if rest := uint64(len(b)) - l.summary - 8; n > rest {
		return format.Errorf(format.ErrTruncated, int64(l.summary), "summary of %d bytes, %d are left", n, rest)
	}
	m.Length = int64(l.summary + 8 + n)
	if int64(n) > lim.DecodedBytes {
		return format.Errorf(format.ErrLimit, int64(l.summary), "summary of %d bytes", n)
	}
	var s summary
	if err := json.Unmarshal(b[l.summary+8:l.summary+8+n], &s); err != nil {
		return format.Errorf(format.ErrMalformed, int64(l.summary)+8, "summary: %v", err)
	}
	s.describe(m, lim)
	body := b[l.body[0]:l.body[1]:l.body[1]]
	if flatbuf.Identifier(body) == magic {
		return readBody(m, body, lim)
	}
	kind := "rknn"
	if bytes.HasPrefix(body, []byte("VPMN")) {
		kind = "nbg"
	}
	s.graph(m, lim)
	m.Opaque = append(m.Opaque, graph.Opaque{Kind: kind, Where: "body", Bytes: int64(len(body))})
	return nil
}

// commit is how the compiler signs: version, commit and time.
var commit = regexp.MustCompile(`@(\d{4}-\d{2}-\d{2})T`)

// describeTool sets the producer and the date from the compiler's words.
func describeTool(m *graph.Model, compiler string) {
	if v, _, ok := strings.Cut(compiler, "("); ok || v != "" {
		m.Producer = "rknn-toolkit2 " + strings.TrimSpace(v)
	}
	if d := commit.FindStringSubmatch(compiler); d != nil {
		addMeta(m, "tools_built", d[1])
	}
}

func addMeta(m *graph.Model, key, value string) {
	if value != "" {
		m.Metadata = append(m.Metadata, graph.KeyValue{Key: "rknn." + key, Value: value})
	}
}

// readHeaderX reads what an RKNX file says of itself.
func readHeaderX(m *graph.Model, data []byte, lim format.Limits) error {
	b := flatbuf.New(data[headerX:])
	t := b.Root()
	m.FormatVersion = fmt.Sprintf("RKNX %d", t.Int32(0, 0))
	m.Description = flatfmt.Text(t.String(1), lim)
	describeTool(m, flatfmt.Text(t.String(2), lim))
	addMeta(m, "toolkit", flatfmt.Text(t.String(3), lim))
	addMeta(m, "target", flatfmt.Text(t.Table(5).String(0), lim))
	if err := b.Err(); err != nil {
		return format.Errorf(format.ErrNotModel, headerX, "%v", err)
	}
	if m.Producer == "" {
		return format.Errorf(format.ErrNotModel, headerX, "the header names no compiler")
	}
	m.Opaque = []graph.Opaque{{Kind: name, Where: "the whole file", Bytes: int64(len(data))}}
	return nil
}
