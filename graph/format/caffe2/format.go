package caffe2

import (
	"path"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protofmt"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

const name = "caffe2"

// Format is Caffe2's entry in the list of formats.
var Format = format.Format{
	Name:       name,
	Title:      "Caffe2",
	Extensions: []string{"pb"},
	Magic:      "none: protobuf tags of NetDef (\"0A len name\" or \"12 len operator\")",
	Container:  "protobuf; weights in init_net.pb",
	Reads:      "predict_net.pb with the init_net.pb beside it, float and int8 operators.",
	ReadsNot:   "predict_net.pbtxt, .mdb and zipped stores of weights; input shapes, which the file does not state.",
	Match:      match,
	Parse:      parse,
	Parts:      func(h format.Head) []string { return weightFiles(h.Name) },
}

// weightFiles are the names of the weights that belong to a network's name.
func weightFiles(base string) []string {
	if strings.Contains(base, "init") {
		return nil
	}
	var out []string
	stem := strings.TrimSuffix(base, path.Ext(base))
	for _, r := range [][2]string{{"predict_net", "init_net"}, {"predict", "init"}, {"pred_net", "init_net"}} {
		if strings.Contains(base, r[0]) {
			out = append(out, strings.Replace(base, r[0], r[1], 1))
			break
		}
	}
	if stem != "" && len(out) == 0 {
		out = append(out, stem+"_init.pb")
	}
	return append(out, "init_net.pb")
}

// Field numbers of NetDef, OperatorDef and Argument.
const (
	netName           = 1
	netOp             = 2
	netType           = 3
	netWorkers        = 4
	netDevice         = 5
	netArg            = 6
	netExternalInput  = 7
	netExternalOutput = 8
	netPartition      = 9

	opInput  = 1
	opOutput = 2
	opName   = 3
	opType   = 4
	opArg    = 5

	argName    = 1
	argF       = 2
	argI       = 3
	argS       = 4
	argFloats  = 5
	argInts    = 6
	argStrings = 7
)

func match(h format.Head) format.Confidence {
	if plausible(h.Bytes, int64(len(h.Bytes)) < h.Size) {
		return format.Likely
	}
	return format.No
}

// plausible checks the fields of a NetDef and its first operators.
func plausible(b []byte, cut bool) bool {
	m := protowire.NewMessage(b)
	var f protowire.Field
	ops := 0
	for ops < 32 && m.Next(&f) {
		switch {
		case f.Is(netOp, protowire.Bytes):
			if !plausibleOp(f.Message()) {
				return false
			}
			ops++
		case f.Number == netName || f.Number == netType || f.Number == netExternalInput || f.Number == netExternalOutput:
			if f.Type != protowire.Bytes || !protowire.IsText(f.Bytes) {
				return false
			}
		case f.Is(netWorkers, protowire.Varint), f.Is(netDevice, protowire.Bytes), f.Is(netArg, protowire.Bytes), f.Is(netPartition, protowire.Bytes):
		default:
			return false
		}
	}
	if ops == 0 && cut { // one big fill may take the whole head
		rest := m.Rest()
		return len(rest) > 64 && rest[0] == netOp<<3|2 && cutOp(rest)
	}
	return ops > 0 && (cut || m.Err() == nil)
}

// cutOp checks the beginning of an operator that the head cuts: an output, a
// type and the name of an argument.
func cutOp(b []byte) bool {
	_, n := protowire.ReadVarint(b[1:])
	m := protowire.NewMessage(b[1+n:])
	var f protowire.Field
	typed := false
	for m.Next(&f) {
		if f.Number == opType {
			typed = isIdentifier(f.Bytes)
		} else if f.Number > opArg || f.Type != protowire.Bytes {
			return false
		}
	}
	return n > 0 && typed
}

func plausibleOp(m protowire.Message) bool {
	var f protowire.Field
	typed := false
	for m.Next(&f) {
		if f.Type != protowire.Bytes && f.Number <= 8 {
			return false
		}
		switch f.Number {
		case opType:
			if typed = isIdentifier(f.Bytes); !typed {
				return false
			}
		case opInput, opOutput, opName:
			if !protowire.IsText(f.Bytes) {
				return false
			}
		case opArg:
			arg := f.Message()
			var g protowire.Field
			if !arg.Next(&g) || !g.Is(argName, protowire.Bytes) || !protowire.IsText(g.Bytes) || len(g.Bytes) == 0 {
				return false
			}
		case 6, 7, 8, 9, 10, 11:
		default:
			return false
		}
	}
	return typed && m.Err() == nil
}

func isIdentifier(b []byte) bool {
	for i, c := range b {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || i > 0 && c >= '0' && c <= '9') {
			return false
		}
	}
	return len(b) > 0 && len(b) < 128
}

// parse reads a whole model; errors carry the format's name and the path.
func parse(in format.Input) (*graph.Model, error) {
	m, err := parseModel(in)
	if err != nil {
		return nil, format.In(protofmt.Error(err), name, in)
	}
	return m, nil
}
