package darknet

import (
	"encoding/binary"
	"math"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

const name = "darknet"

// Format is Darknet's entry in the list of formats.
var Format = format.Format{
	Name:       name,
	Title:      "Darknet",
	Extensions: []string{"cfg", "weights", "txt", "model"},
	Magic:      "text whose first section is [net]; weights: only with their cfg",
	Container:  "text sections, raw float weights beside it",
	Reads:      "Layer sections of Darknet and AlexeyAB's fork with shapes by Darknet's rules, weights by size and order.",
	ReadsNot:   "Inner matrices of recurrent sections, training settings.",
	Match:      match,
	Parse:      Parse,
	Parts:      parts,
}

func match(h format.Head) format.Confidence {
	if isCfg(h.Bytes) {
		return format.Likely
	}
	if plausibleWeights(h) {
		return format.Weak
	}
	return format.No
}

// isCfg wants [net] first and, where the head has one, a layer section next.
func isCfg(b []byte) bool {
	if len(b) == 0 || strings.IndexByte(string(b[:min(len(b), 512)]), 0) >= 0 {
		return false
	}
	sections, _ := readSections(b, format.Limits{Nodes: 8, TextBytes: 1 << 12})
	if len(sections) == 0 || sections[0].kind != "net" && sections[0].kind != "network" {
		return false
	}
	return len(sections) > 1 && layers[sections[1].kind] != nil
}

// plausibleWeights wants a header of a known version and weight-like floats.
func plausibleWeights(h format.Head) bool {
	if len(h.Bytes) < 64 || h.Size > 0 && h.Size%4 != 0 {
		return false
	}
	major, minor, revision := u32(h.Bytes, 0), u32(h.Bytes, 4), u32(h.Bytes, 8)
	if major != 0 || minor < 1 || minor > 2 || revision > 5 {
		return false
	}
	body := h.Bytes[headerSize(h.Bytes):]
	good, n := 0, 0
	for ; len(body) >= 4; body = body[4:] {
		f := math.Abs(float64(math.Float32frombits(u32(body, 0))))
		if !(f < 1e6) {
			return false
		}
		if f > 1e-12 {
			good++
		}
		n++
	}
	return good > n*3/4
}

func u32(b []byte, at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }

// headerSize is 16, or 20 since version 0.2, which counts images in 64 bits.
func headerSize(b []byte) int {
	if u32(b, 0)*10+u32(b, 4) >= 2 {
		return 20
	}
	return 16
}

func parts(h format.Head) []string {
	if !isCfg(h.Bytes) {
		return nil
	}
	return []string{weightsName(h.Name)}
}

func weightsName(n string) string {
	if i := strings.LastIndexByte(n, '.'); i > 0 {
		n = n[:i]
	}
	return n + ".weights"
}

// Parse reads a cfg with the weights found beside it. Weights alone give
// ErrPart when they look like Darknet's.
func Parse(in format.Input) (*graph.Model, error) {
	m, err := parse(in)
	if err != nil {
		return nil, format.In(err, name, in)
	}
	return m, nil
}

func parse(in format.Input) (*graph.Model, error) {
	lim := in.Limits.OrDefault()
	if !isCfg(in.Data[:min(len(in.Data), format.MaxHead)]) {
		if plausibleWeights(format.Head{Bytes: in.Data[:min(len(in.Data), format.MaxHead)], Size: int64(len(in.Data))}) {
			return nil, format.Errorf(format.ErrPart, -1, "weights without their cfg")
		}
		return nil, format.Errorf(format.ErrNotModel, 0, "no [net] section with layers behind it")
	}
	sections, err := readSections(in.Data, lim)
	if err != nil {
		return nil, err
	}
	b, err := build(sections, nil, lim)
	if err != nil {
		return nil, err
	}
	if b.values == 0 {
		return b.model(), nil
	}
	file, data := findWeights(in, b)
	if data == nil {
		m := b.model()
		m.Parts = append(m.Parts, graph.Part{Name: weightsName(in.Name)})
		m.Notes = append(m.Notes, graph.Note{Loses: true, Text: missing})
		return m, nil
	}
	withData, err := build(sections, data, lim)
	if err != nil {
		return nil, err
	}
	m := withData.model()
	m.Parts = append(m.Parts, graph.Part{Name: file, Found: true, Bytes: int64(len(data))})
	if int64(len(data)) < int64(headerSize(data))+4*b.values || !b.sized {
		m.Notes = append(m.Notes, graph.Note{Loses: true, Text: "the weights file does not hold the weights of all layers"})
	}
	return m, nil
}

const (
	missing    = "weights file not found"
	candidates = 32
)

// findWeights takes the file of the same name, else the one beside the cfg
// that has exactly the size the layers need.
func findWeights(in format.Input, b *builder) (string, []byte) {
	n := weightsName(in.Name)
	if data, err := in.Companion(n); err == nil && len(data) >= 20 {
		return n, data
	}
	if in.List == nil || in.Open == nil || !b.sized {
		return "", nil
	}
	tried := 0
	for _, n := range in.List() {
		ext := strings.ToLower(n[strings.LastIndexByte(n, '.')+1:])
		if n == in.Name || ext != "weights" && ext != "bin" && ext != "dat" {
			continue
		}
		if tried++; tried > candidates {
			break
		}
		data, err := in.Open(n)
		if err == nil && len(data) >= 20 && u32(data, 0) == 0 && int64(len(data)) == int64(headerSize(data))+4*b.values {
			return n, data
		}
	}
	return "", nil
}
