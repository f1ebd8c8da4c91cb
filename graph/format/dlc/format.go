package dlc

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
)

// Name is the format's name in the tables.
const Name = "dlc"

// Member names of the container.
const (
	memberModel    = "model"
	memberParams   = "model.params"
	memberMetadata = "dlc.metadata"
)

// Format is DLC.
var Format = format.Format{
	Name:       Name,
	Title:      "Qualcomm DLC (SNPE, QAIRT)",
	Extensions: []string{"dlc"},
	Magic:      "ZIP with members model, model.params, dlc.metadata; members: D5 0A version NETD, NETP or NR64",
	Container:  "ZIP of FlatBuffers",
	Reads:      "Operators, tensor shapes and types, weights, quantisation, metadata of versions 3 and 4.",
	ReadsNot:   "Version 2, windows of version 3, compiled caches.",
	Match:      match,
	Parse:      parse,
	Parts: func(h format.Head) []string {
		if bytes.HasPrefix(h.Bytes, zipMagic) {
			return nil
		}
		return []string{memberParams, memberMetadata}
	},
	Embedded: nil,
}

var (
	zipMagic  = []byte("PK\x03\x04")
	blobMagic = []byte{0xd5, 0x0a}
)

// blob tells what a member is: its major version (3 where it has no prefix),
// its FlatBuffer's identifier and where the FlatBuffer starts.
func blob(b []byte) (version int, id string, start int) {
	if len(b) >= 16 && bytes.HasPrefix(b, blobMagic) {
		return int(binary.LittleEndian.Uint16(b[2:])), string(b[12:16]), 8
	}
	if id := flatbuf.Identifier(b); id == "NETD" || id == "NETP" {
		return 3, id, 0
	}
	return 0, "", 0
}

func match(h format.Head) format.Confidence {
	if _, id, _ := blob(h.Bytes); id == "NETD" || id == "NETP" || id == "NR64" {
		return format.Certain
	}
	if len(h.Bytes) >= 8 && bytes.HasPrefix(h.Bytes, []byte{0xd5, 0x0a, 2, 0}) {
		return format.Likely
	}
	if !bytes.HasPrefix(h.Bytes, zipMagic) || len(h.Bytes) < 30 {
		return format.No
	}
	n := int(binary.LittleEndian.Uint16(h.Bytes[26:]))
	if 30+n > len(h.Bytes) {
		return format.No
	}
	switch string(h.Bytes[30 : 30+n]) {
	case memberModel, memberParams, memberMetadata:
		return format.Likely
	}
	return format.No
}

// members are the parts of one container, nil where absent.
type members struct{ model, params, metadata []byte }

func parse(in format.Input) (*graph.Model, error) {
	m, err := read(in)
	if err != nil {
		return nil, format.In(err, Name, in)
	}
	return m, nil
}

// open finds the members: in the ZIP, or this file and those beside it.
func open(in format.Input) (members, error) {
	var p members
	if !bytes.HasPrefix(in.Data, zipMagic) {
		_, id, _ := blob(in.Data)
		switch {
		case id == "NETP" || id == "NR64":
			return p, format.Errorf(format.ErrPart, 0, "weights (%s) without their graph", id)
		case len(in.Data) >= 4 && bytes.HasPrefix(in.Data, []byte{0xd5, 0x0a, 2, 0}):
			return p, format.Errorf(format.ErrUnsupported, 2, "version 2, whose layout is not public")
		case id != "NETD" && len(in.Data) < 16:
			return p, format.Errorf(format.ErrTruncated, 0, "%d bytes", len(in.Data))
		case id != "NETD":
			return p, format.Errorf(format.ErrNotModel, 0, "neither a ZIP nor a DLC member")
		}
		p.model = in.Data
		if b, err := in.Companion(memberParams); err == nil {
			p.params = b
		}
		if b, err := in.Companion(memberMetadata); err == nil {
			p.metadata = b
		}
		return p, nil
	}
	z, err := zip.NewReader(bytes.NewReader(in.Data), int64(len(in.Data)))
	if err != nil {
		return p, format.Errorf(format.ErrTruncated, -1, "zip: %v", err)
	}
	budget := in.Limits.OrDefault().DecodedBytes
	for _, f := range z.File {
		var to *[]byte
		switch f.Name {
		case memberModel:
			to = &p.model
		case memberParams:
			to = &p.params
		case memberMetadata:
			to = &p.metadata
		default:
			continue
		}
		if *to, err = member(in.Data, f, &budget); err != nil {
			return p, err
		}
	}
	if p.model == nil {
		return p, format.Errorf(format.ErrNotModel, -1, "zip without a member %q", memberModel)
	}
	return p, nil
}

// member returns a member's bytes: a view when it is stored.
func member(data []byte, f *zip.File, budget *int64) ([]byte, error) {
	off, err := f.DataOffset()
	if err != nil {
		return nil, format.Errorf(format.ErrMalformed, -1, "member %q: %v", f.Name, err)
	}
	if f.Method == zip.Store {
		n := f.UncompressedSize64
		if off < 0 || off > int64(len(data)) || n > uint64(int64(len(data))-off) {
			return nil, format.Errorf(format.ErrTruncated, off, "member %q of %d bytes", f.Name, n)
		}
		return data[off : off+int64(n) : off+int64(n)], nil
	}
	if f.UncompressedSize64 > uint64(*budget) {
		return nil, format.Errorf(format.ErrLimit, off, "member %q of %d bytes", f.Name, f.UncompressedSize64)
	}
	r, err := f.Open()
	if err != nil {
		return nil, format.Errorf(format.ErrUnsupported, off, "member %q: %v", f.Name, err)
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, *budget))
	*budget -= int64(len(b))
	if err != nil {
		return nil, format.Errorf(format.ErrMalformed, off, "member %q: %v", f.Name, err)
	}
	return b, nil
}

// metadata reads lines "key=value".
func metadata(m *graph.Model, b []byte, l format.Limits) {
	for _, line := range strings.Split(string(b[:min(len(b), l.TextBytes)]), "\n") {
		key, value, ok := strings.Cut(strings.TrimRight(line, "\r\x00"), "=")
		if !ok || key == "" {
			continue
		}
		m.Metadata = append(m.Metadata, graph.KeyValue{Key: key, Value: value})
		switch key {
		case "converter-command":
			m.Producer, _, _ = strings.Cut(value, " ")
		}
	}
}
