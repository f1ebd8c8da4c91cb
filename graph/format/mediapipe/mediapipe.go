package mediapipe

import (
	"bytes"
	"errors"
	"path"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
	"github.com/gaugenn/gaugenn/graph/format/internal/textproto"
)

const name = "mediapipe"

// Format is MediaPipe's entry in the list of formats.
var Format = format.Format{
	Name:       name,
	Title:      "MediaPipe graph",
	Extensions: []string{"binarypb", "pbtxt"},
	Magic:      "none: protobuf tags of CalculatorGraphConfig with calculator names, or text with node { calculator: ... }",
	Container:  "protobuf or protobuf text",
	Reads:      "Calculators in file order with their streams, graph inputs and outputs, the model files that options name.",
	ReadsNot:   "Options of calculators; subgraphs that are registered elsewhere; templates.",
	Match:      match,
	Parse:      parse,
	Parts:      func(h format.Head) []string { return modelNames(h.Bytes) },
}

// Field numbers of CalculatorGraphConfig and its Node.
const (
	configNode         = 1
	configInputStream  = 10
	configOutputStream = 15
	configInputSide    = 16
	configOutputSide   = 17
	configType         = 20
	maxConfigField     = 2000

	nodeName       = 1
	nodeCalculator = 2
	nodeInput      = 3
	nodeOutput     = 4
	nodeInputSide  = 5
	nodeOutputSide = 6
)

// config is a CalculatorGraphConfig.
type config struct {
	kind                                     string
	nodes                                    []node
	inputs, outputs, inputSides, outputSides []string
	models                                   []string
}

// node is one calculator.
type node struct {
	name, calculator                         string
	inputs, outputs, inputSides, outputSides []string
	options                                  int64
}

func match(h format.Head) format.Confidence {
	c, err := read(h.Bytes, int64(len(h.Bytes)) < h.Size, format.Limits{}.OrDefault())
	if err != nil || !c.plausible() {
		return format.No
	}
	return format.Likely
}

func parse(in format.Input) (*graph.Model, error) {
	c, err := read(in.Data, false, in.Limits.OrDefault())
	if err == nil && !c.plausible() {
		err = format.Errorf(format.ErrNotModel, -1, "no graph of calculators")
	}
	if err != nil {
		return nil, format.In(err, name, in)
	}
	m, err := c.model(in)
	return m, format.In(err, name, in)
}

// read reads either form; with cut it takes what there is of a beginning.
func read(b []byte, cut bool, lim format.Limits) (*config, error) {
	if textual(b) {
		return readText(b, cut, lim)
	}
	return readBinary(b, cut, lim)
}

func textual(b []byte) bool {
	for _, c := range b[:min(len(b), 512)] {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return len(b) > 0
}

var errNot = format.Errorf(format.ErrNotModel, -1, "no CalculatorGraphConfig")

func readBinary(b []byte, cut bool, lim format.Limits) (*config, error) {
	c := &config{models: modelNames(b)}
	m := protowire.NewMessage(b)
	var f protowire.Field
	for m.Next(&f) {
		if f.Number > maxConfigField || f.Number == 0 {
			return nil, errNot
		}
		into := map[int32]*[]string{configInputStream: &c.inputs, configOutputStream: &c.outputs, configInputSide: &c.inputSides, configOutputSide: &c.outputSides}[f.Number]
		switch {
		case f.Number == configNode:
			n, ok := readNode(&f)
			if !ok {
				return nil, errNot
			}
			if c.nodes = append(c.nodes, n); len(c.nodes) > lim.Nodes {
				return nil, format.Errorf(format.ErrLimit, f.Offset, "more than %d calculators", lim.Nodes)
			}
		case into != nil:
			if f.Type != protowire.Bytes || !isStream(f.Bytes) {
				return nil, errNot
			}
			*into = append(*into, f.String())
		case f.Is(configType, protowire.Bytes):
			if !isCalculator(f.Bytes) {
				return nil, errNot
			}
			c.kind = f.String()
		}
	}
	if err := m.Err(); err != nil && !cut {
		var e *protowire.Error
		if c.plausible() && errors.As(err, &e) && e.Truncated {
			return nil, format.Errorf(format.ErrTruncated, e.Offset, "%s", e.Msg)
		}
		return nil, errNot
	}
	return c, nil
}

func readNode(f *protowire.Field) (node, bool) {
	var n node
	if f.Type != protowire.Bytes {
		return n, false
	}
	m := f.Message()
	var g protowire.Field
	for m.Next(&g) {
		into := map[int32]*[]string{nodeInput: &n.inputs, nodeOutput: &n.outputs, nodeInputSide: &n.inputSides, nodeOutputSide: &n.outputSides}[g.Number]
		switch {
		case into != nil:
			if g.Type != protowire.Bytes || !isStream(g.Bytes) {
				return n, false
			}
			*into = append(*into, g.String())
		case g.Number == nodeName || g.Number == nodeCalculator:
			if g.Type != protowire.Bytes || !protowire.IsText(g.Bytes) {
				return n, false
			}
			if g.Number == nodeName {
				n.name = g.String()
			} else if n.calculator = g.String(); !isCalculator(g.Bytes) {
				return n, false
			}
		case g.Number > maxConfigField:
			return n, false
		case g.Type == protowire.Bytes:
			n.options += int64(len(g.Bytes))
		}
	}
	return n, m.Err() == nil && n.calculator != ""
}

func readText(b []byte, cut bool, lim format.Limits) (*config, error) {
	m, err := textproto.Parse(b, textproto.Limits{Fields: 1 << 18, Depth: lim.Depth, Text: lim.TextBytes})
	var e *textproto.Error
	if errors.As(err, &e) && (!cut || !e.Truncated && !e.Limit) {
		kind := format.ErrNotModel
		if e.Truncated {
			kind = format.ErrTruncated
		}
		return nil, format.Errorf(kind, e.Offset, "%s", e.Msg)
	}
	c := &config{models: modelNames(b)}
	words := func(m *textproto.Message, key string) (out []string) {
		for _, f := range m.All(key) {
			if f.Message == nil && isStream([]byte(f.Text)) {
				out = append(out, f.Text)
			}
		}
		return out
	}
	c.kind = m.Text("type")
	c.inputs, c.outputs = words(m, "input_stream"), words(m, "output_stream")
	c.inputSides, c.outputSides = words(m, "input_side_packet"), words(m, "output_side_packet")
	for _, f := range m.All("node") {
		if f.Message == nil || !isCalculator([]byte(f.Message.Text("calculator"))) {
			if cut {
				continue
			}
			return nil, errNot
		}
		n := node{name: f.Message.Text("name"), calculator: f.Message.Text("calculator")}
		n.inputs, n.outputs = words(f.Message, "input_stream"), words(f.Message, "output_stream")
		n.inputSides, n.outputSides = words(f.Message, "input_side_packet"), words(f.Message, "output_side_packet")
		if c.nodes = append(c.nodes, n); len(c.nodes) > lim.Nodes {
			return nil, format.Errorf(format.ErrLimit, f.Offset, "more than %d calculators", lim.Nodes)
		}
	}
	return c, nil
}

// plausible requires something that only MediaPipe has.
func (c *config) plausible() bool {
	streams := len(c.inputs)+len(c.outputs)+len(c.inputSides)+len(c.outputSides) > 0 || c.kind != ""
	wired := false
	for _, n := range c.nodes {
		if strings.HasSuffix(n.calculator, "Calculator") {
			return true
		}
		wired = wired || len(n.inputs)+len(n.outputs)+len(n.inputSides)+len(n.outputSides) > 0
	}
	return streams && wired
}

// isCalculator accepts names of C++ classes with namespaces.
func isCalculator(b []byte) bool {
	if len(b) < 3 || len(b) > 256 || b[0] >= '0' && b[0] <= '9' {
		return false
	}
	upper := false
	for _, c := range b {
		upper = upper || c >= 'A' && c <= 'Z'
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == ':') {
			return false
		}
	}
	return upper
}

// isStream accepts "name", "TAG:name" and "TAG:2:name".
func isStream(b []byte) bool {
	parts := bytes.Split(b, []byte(":"))
	last := parts[len(parts)-1]
	if len(parts) > 3 || len(last) == 0 || len(last) > 256 {
		return false
	}
	for _, c := range last {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_') {
			return false
		}
	}
	for _, tag := range parts[:len(parts)-1] {
		for _, c := range tag {
			if !(c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_') {
				return false
			}
		}
	}
	return true
}

// modelNames finds the model files that a graph names, by their extensions.
func modelNames(b []byte) []string {
	var out []string
	seen := map[string]bool{}
	for _, ext := range []string{".tflite", ".task", ".binarypb"} {
		for at := 0; len(out) < 64; {
			i := bytes.Index(b[at:], []byte(ext))
			if i < 0 {
				break
			}
			end := at + i + len(ext)
			start := at + i
			for start > 0 && end-start < 512 && isPathByte(b[start-1]) {
				start--
			}
			at = end
			n := path.Base(string(b[start:end]))
			if n != ext && !seen[n] {
				seen[n] = true
				out = append(out, n)
			}
		}
	}
	return out
}

func isPathByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.' || c == '/'
}
