package openvino

import (
	"bytes"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

const name = "openvino"

// Format is OpenVINO's entry in the list of formats.
var Format = format.Format{
	Name:       name,
	Title:      "OpenVINO IR",
	Extensions: []string{"xml", "bin"},
	Magic:      "XML whose root is <net ... version=...> with <layers>",
	Container:  "XML, raw constants beside it",
	Reads:      "IR 2 to 11 with stated shapes and types, constants by offset, bodies of If, Loop and TensorIterator.",
	ReadsNot:   "Trip counts of loops, compiled .blob files.",
	Match:      match,
	Parse:      Parse,
	Parts: func(h format.Head) []string {
		if match(h) == format.No {
			return nil
		}
		return []string{weightsName(h.Name)}
	},
}

// match wants <net as the first element, and <layers behind it where the head
// reaches that far.
func match(h format.Head) format.Confidence {
	b := bytes.TrimPrefix(h.Bytes, []byte("\xef\xbb\xbf"))
	for {
		b = bytes.TrimLeft(b, " \t\r\n")
		var end []byte
		switch {
		case bytes.HasPrefix(b, []byte("<?")):
			end = []byte("?>")
		case bytes.HasPrefix(b, []byte("<!--")):
			end = []byte("-->")
		case bytes.HasPrefix(b, []byte("<net ")):
			tag, rest, ok := bytes.Cut(b, []byte(">"))
			if !ok || !bytes.Contains(tag, []byte("version=")) {
				return format.No
			}
			if bytes.Contains(rest, []byte("<layers")) {
				return format.Likely
			}
			return format.No
		default:
			return format.No
		}
		_, rest, ok := bytes.Cut(b, end)
		if !ok {
			return format.No
		}
		b = rest
	}
}

func weightsName(n string) string {
	if s, ok := strings.CutSuffix(n, ".xml"); ok {
		return s + ".bin"
	}
	return n + ".bin"
}

// Parse reads the XML with the constants found beside it.
func Parse(in format.Input) (*graph.Model, error) {
	m, err := parse(in)
	if err != nil {
		return nil, format.In(err, name, in)
	}
	return m, nil
}

func parse(in format.Input) (*graph.Model, error) {
	lim := in.Limits.OrDefault()
	if match(format.Head{Bytes: in.Data[:min(len(in.Data), format.MaxHead)]}) == format.No {
		return nil, format.Errorf(format.ErrNotModel, 0, "no <net> with <layers>")
	}
	root, err := readXML(in.Data, lim)
	if err != nil {
		return nil, err
	}
	r := &reader{lim: lim, model: &graph.Model{Format: name, FormatVersion: root.attr("version"), Name: root.attr("name")}}
	file := weightsName(in.Name)
	if data, err := in.Companion(file); err == nil {
		r.bin, r.hasBin = data, true
	}
	if err := r.graph(root, graph.RoleMain, 0); err != nil {
		return nil, err
	}
	if r.constants > 0 || r.hasBin {
		r.model.Parts = append(r.model.Parts, graph.Part{Name: file, Found: r.hasBin, Bytes: int64(len(r.bin))})
	}
	switch {
	case r.missing > 0 && r.hasBin:
		r.model.Notes = append(r.model.Notes, graph.Note{Loses: true, Text: "constants lie beyond the end of the weights file"})
	case r.missing > 0:
		r.model.Notes = append(r.model.Notes, graph.Note{Loses: true, Text: missing})
	}
	return r.model, nil
}

const missing = "weights file not found"
