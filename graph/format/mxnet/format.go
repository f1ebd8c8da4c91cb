package mxnet

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"sort"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/jsonfmt"
)

const (
	name        = "mxnet"
	paramsMagic = 0x112
)

// Format is MXNet's entry in the list of formats.
var Format = format.Format{
	Name:       name,
	Title:      "Apache MXNet",
	Extensions: []string{"json", "params"},
	Magic:      "JSON object with nodes of op, name and inputs, some of them null; parameters: u64 0x112",
	Container:  "JSON, own binary arrays beside it",
	Reads:      "Symbols of all releases, dense parameters of all array layouts paired by name and content.",
	ReadsNot:   "Sparse arrays, control-flow subgraphs; input sizes are not in the file.",
	Match:      match,
	Parse:      Parse,
	Parts: func(h format.Head) []string {
		if matchSymbol(h.Bytes) == format.No {
			return nil
		}
		p := prefix(h.Name)
		return []string{p + "-0000.params", p + "-0001.params", p + ".params"}
	},
}

func match(h format.Head) format.Confidence {
	if len(h.Bytes) >= 24 && binary.LittleEndian.Uint64(h.Bytes) == paramsMagic && binary.LittleEndian.Uint64(h.Bytes[8:]) == 0 {
		return format.Likely
	}
	return matchSymbol(h.Bytes)
}

func matchSymbol(b []byte) format.Confidence {
	t := bytes.TrimLeft(b, " \t\r\n")
	if !bytes.HasPrefix(t, []byte("{")) || !bytes.Contains(t, []byte(`"nodes"`)) || bytes.Contains(t, []byte(`"tvm_op"`)) {
		return format.No
	}
	for _, key := range []string{`"op"`, `"name"`, `"inputs"`, `"null"`} {
		if !bytes.Contains(t, []byte(key)) {
			return format.No
		}
	}
	return format.Likely
}

// prefix is what the files of one checkpoint share.
func prefix(n string) string {
	n = strings.TrimSuffix(n, ".json")
	return strings.TrimSuffix(n, "-symbol")
}

// symbol is the JSON of a graph.
type symbol struct {
	Nodes []node                     `json:"nodes"`
	Heads [][]int64                  `json:"heads"`
	Attrs map[string]json.RawMessage `json:"attrs"`
}

type node struct {
	Op     string         `json:"op"`
	Name   string         `json:"name"`
	Inputs [][]int64      `json:"inputs"`
	Param  map[string]any `json:"param"`
	Attr   map[string]any `json:"attr"`
	Attrs  map[string]any `json:"attrs"`
}

// Parse reads a symbol with the parameters found beside it. Parameters alone
// give ErrPart.
func Parse(in format.Input) (*graph.Model, error) {
	m, err := parse(in)
	if err != nil {
		return nil, format.In(err, name, in)
	}
	return m, nil
}

func parse(in format.Input) (*graph.Model, error) {
	lim := in.Limits.OrDefault()
	if len(in.Data) >= 8 && binary.LittleEndian.Uint64(in.Data) == paramsMagic {
		if _, err := readParams(in.Data, lim); err != nil {
			return nil, err
		}
		return nil, format.Errorf(format.ErrPart, -1, "parameters without their symbol")
	}
	if matchSymbol(in.Data[:min(len(in.Data), format.MaxHead)]) == format.No {
		return nil, format.Errorf(format.ErrNotModel, 0, "no symbol: nodes of op, name and inputs expected")
	}
	var s symbol
	if err := jsonfmt.Unmarshal(in.Data, &s, "symbol"); err != nil {
		return nil, err
	}
	if len(s.Nodes) > lim.Nodes {
		return nil, format.Errorf(format.ErrLimit, -1, "%d nodes", len(s.Nodes))
	}
	file, size, arrays := findParams(in, &s, lim)
	m, err := build(&s, arrays, lim)
	if err != nil {
		return nil, err
	}
	if arrays != nil {
		m.Parts = append(m.Parts, graph.Part{Name: file, Found: true, Bytes: int64(size)})
	}
	return m, nil
}

const candidates = 32

// findParams takes the checkpoint of the symbol's prefix with the highest
// number, else the file whose arrays are exactly the symbol's.
func findParams(in format.Input, s *symbol, lim format.Limits) (string, int, map[string]array) {
	p := prefix(in.Name)
	var names []string
	if in.List != nil {
		for _, n := range in.List() {
			if n != in.Name && strings.HasSuffix(n, ".params") {
				names = append(names, n)
			}
		}
	}
	if len(names) == 0 {
		names = []string{p + "-0000.params", p + ".params"}
	}
	rank := func(n string) int {
		if strings.HasPrefix(n, p+"-") || n == p+".params" {
			return 0
		}
		return 1
	}
	sort.SliceStable(names, func(i, j int) bool {
		if a, b := rank(names[i]), rank(names[j]); a != b {
			return a < b
		}
		return names[i] > names[j]
	})
	best, bestName, size, most := map[string]array(nil), "", 0, 0
	for i, n := range names {
		if i >= candidates || most > 0 && rank(n) > 0 {
			break
		}
		data, err := in.Companion(n)
		if err != nil {
			continue
		}
		arrays, err := readParams(data, lim)
		if err != nil {
			continue
		}
		k := shared(s, arrays)
		if rank(n) > 0 && (k < len(arrays) || k < weights(s)) {
			continue // another network's
		}
		if k > most {
			best, bestName, size, most = arrays, n, len(data), k
		}
	}
	return bestName, size, best
}

func shared(s *symbol, arrays map[string]array) int {
	n := 0
	for i := range s.Nodes {
		if _, ok := arrays[s.Nodes[i].Name]; ok && s.Nodes[i].Op == "null" {
			n++
		}
	}
	return n
}

// weights counts the variables whose names say that they are parameters.
func weights(s *symbol) int {
	n := 0
	for i := range s.Nodes {
		if s.Nodes[i].Op == "null" && isWeightName(s.Nodes[i].Name) {
			n++
		}
	}
	return n
}
