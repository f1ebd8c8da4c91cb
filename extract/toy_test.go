package extract_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

// The toy formats stand for the kinds of format there are, so that the scanner is
// tested apart from any real one.

// toyModel is a model of the format "toy": a word, "TOY1" at offset 4, its own
// length, then seeded noise.
func toyModel(seed uint64, length int) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	b := make([]byte, length)
	for i := range b {
		b[i] = byte(r.IntN(60))
	}
	binary.LittleEndian.PutUint32(b, 16)
	copy(b[4:], "TOY1")
	binary.LittleEndian.PutUint64(b[8:], uint64(length))
	return b
}

// toy has a magic, knows its end and can be found inside other files.
var toy = format.Format{
	Name: "toy", Extensions: []string{"toy"},
	Embedded: []format.Signature{{Bytes: []byte("TOY1"), Offset: 4}},
	Match: func(h format.Head) format.Confidence {
		if len(h.Bytes) >= 8 && string(h.Bytes[4:8]) == "TOY1" {
			return format.Certain
		}
		return format.No
	},
	Parse: func(in format.Input) (*graph.Model, error) {
		if len(in.Data) < 16 {
			return nil, format.Errorf(format.ErrTruncated, 0, "header")
		}
		n := binary.LittleEndian.Uint64(in.Data[8:])
		switch {
		case n < 16 || n > 1<<30:
			return nil, format.Errorf(format.ErrMalformed, 8, "length %d", n)
		case n > uint64(len(in.Data)):
			return nil, format.Errorf(format.ErrTruncated, 8, "length %d of %d bytes", n, len(in.Data))
		case n < uint64(len(in.Data)) && !in.Trailing:
			return nil, format.Errorf(format.ErrMalformed, int64(n), "bytes after the end")
		}
		m := oneGraph("toy")
		m.Length = int64(n)
		return m, nil
	},
}

func oneGraph(name string) *graph.Model {
	return &graph.Model{Format: name, Graphs: []*graph.Graph{{Tensors: make([]graph.Tensor, 1)}}}
}

// duo is a text file that names its companion: "duo\nfile.bin\n".
var duo = format.Format{
	Name: "duo", Extensions: []string{"duo"},
	Match: func(h format.Head) format.Confidence {
		if bytes.HasPrefix(h.Bytes, []byte("duo\n")) {
			return format.Certain
		}
		return format.No
	},
	Parse: func(in format.Input) (*graph.Model, error) {
		m := oneGraph("duo")
		for _, name := range strings.Fields(string(in.Data))[1:] {
			data, err := in.Companion(name)
			m.Parts = append(m.Parts, graph.Part{Name: name, Found: err == nil, Bytes: int64(len(data))})
			if err != nil {
				m.Notes = append(m.Notes, graph.Note{Loses: true, Text: fmt.Sprintf("no %s beside it", name)})
			}
		}
		return m, nil
	},
}

// mate takes the first neighbour that begins with "MATE", whatever its name.
var mate = format.Format{
	Name: "mate",
	Match: func(h format.Head) format.Confidence {
		if bytes.HasPrefix(h.Bytes, []byte("mate seeks")) {
			return format.Certain
		}
		return format.No
	},
	Parse: func(in format.Input) (*graph.Model, error) {
		m := oneGraph("mate")
		for _, name := range in.List() {
			if data, err := in.Companion(name); err == nil && bytes.HasPrefix(data, []byte("MATE")) {
				m.Parts = append(m.Parts, graph.Part{Name: name, Found: true, Bytes: int64(len(data))})
				break
			}
		}
		return m, nil
	},
}

// plain begins with 'W' and holds nothing but 'w': a format without a magic.
var plain = format.Format{
	Name: "plain",
	Match: func(h format.Head) format.Confidence {
		if len(h.Bytes) > 0 && h.Bytes[0] == 'W' {
			return format.Weak
		}
		return format.No
	},
	Parse: func(in format.Input) (*graph.Model, error) {
		if strings.Trim(string(in.Data[1:]), "w") != "" {
			return nil, format.Errorf(format.ErrNotModel, 1, "not only w")
		}
		return oneGraph("plain"), nil
	},
}

// trouble does what its file says: "trouble panic", "trouble opaque" and so on.
func trouble(release <-chan struct{}) format.Format {
	return format.Format{
		Name: "trouble",
		Match: func(h format.Head) format.Confidence {
			if bytes.HasPrefix(h.Bytes, []byte("trouble ")) {
				return format.Certain
			}
			return format.No
		},
		Parse: func(in format.Input) (*graph.Model, error) {
			switch word := strings.Fields(string(in.Data))[1]; word {
			case "panic":
				var none []int
				_ = none[len(in.Data)]
			case "hang":
				<-release
			case "nil":
				return nil, nil
			case "opaque":
				return &graph.Model{Opaque: []graph.Opaque{{Kind: "npu", Where: "node 0"}}}, nil
			case "limit":
				return nil, format.Errorf(format.ErrLimit, 3, "too many nodes")
			case "unsupported":
				return nil, format.Errorf(format.ErrUnsupported, 3, "version 9")
			case "encrypted":
				return nil, format.Errorf(format.ErrEncrypted, 3, "flag set")
			case "part":
				return nil, format.Errorf(format.ErrPart, -1, "weights without their graph")
			}
			return nil, format.Errorf(format.ErrMalformed, 3, "trouble")
		},
	}
}

func toyFormats() []format.Format {
	return []format.Format{toy, duo, mate, plain, trouble(nil)}
}
