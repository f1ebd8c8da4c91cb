package coreml

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// A compiled ML Program (.mlmodelc) keeps its operations as text, model.mil:
//
//	program(1.0)
//	[buildInfo = dict<...>({{"coremlc-version", "..."}, ...})]
//	{
//	    func main<ios16>(tensor<fp16, [1, 3, 8, 8]> x) {
//	            tensor<fp16, [4, 3, 3, 3]> w = const()[name = ..., val = tensor<...>(BLOBFILE(path = ..., offset = ...))];
//	            tensor<fp16, [1, 4, 8, 8]> y = conv(weight = w, x = x, ...)[name = ...];
//	        } -> (y);
//	}
//
// milText turns it into the MIL.proto message that an .mlpackage holds, so that
// there is one reader for both.

// isMILText recognises the first bytes of model.mil.
func isMILText(b []byte) bool {
	b = bytes.TrimLeft(b, " \t\r\n")
	return len(b) > 10 && bytes.HasPrefix(b, []byte("program(")) && b[8] >= '0' && b[8] <= '9'
}

// program text reader.
type milText struct {
	b     []byte
	pos   int
	lim   format.Limits
	ops   int
	depth int
	// build are the words on the tools, in file order.
	build []graph.KeyValue
}

// compiledProgram reads model.mil.
func (p *parser) compiledProgram() (*graph.Model, error) {
	t := &milText{b: p.in.Data, lim: p.limits}
	msg, err := t.program()
	if err != nil {
		return nil, err
	}
	p.model.FormatVersion = "compiled program"
	for _, kv := range t.build {
		p.model.Metadata = append(p.model.Metadata, graph.KeyValue{Key: "build." + p.text([]byte(kv.Key)), Value: p.text([]byte(kv.Value))})
		if kv.Key == "coremlc-version" {
			p.model.Producer = "coremlc " + p.text([]byte(kv.Value))
		}
	}
	if _, err := p.program(protowire.NewMessage(msg), &modelDescription{}, graph.RoleMain); err != nil {
		return nil, err
	}
	return p.model, nil
}

// Encoding of protobuf.
func bytesField(out []byte, number uint64, data []byte) []byte {
	out = binary.AppendUvarint(binary.AppendUvarint(out, number<<3|2), uint64(len(data)))
	return append(out, data...)
}

func textField(out []byte, number uint64, s string) []byte {
	return bytesField(out, number, []byte(s))
}

func intField(out []byte, number, v uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(out, number<<3), v)
}

func entryField(out []byte, number uint64, key string, value []byte) []byte {
	return bytesField(out, number, bytesField(textField(nil, 1, key), 2, value))
}

func (t *milText) fail(msg string, args ...any) error {
	kind := format.ErrMalformed
	if t.pos >= len(t.b) {
		kind = format.ErrTruncated
	}
	return format.Errorf(kind, int64(t.pos), msg, args...)
}

func (t *milText) space() {
	for t.pos < len(t.b) && (t.b[t.pos] == ' ' || t.b[t.pos] == '\n' || t.b[t.pos] == '\t' || t.b[t.pos] == '\r') {
		t.pos++
	}
}

func (t *milText) peek() byte {
	if t.space(); t.pos < len(t.b) {
		return t.b[t.pos]
	}
	return 0
}

// accept takes a punctuation mark if it is next.
func (t *milText) accept(s string) bool {
	if t.space(); bytes.HasPrefix(t.b[t.pos:], []byte(s)) {
		t.pos += len(s)
		return true
	}
	return false
}

func (t *milText) expect(s string) error {
	if !t.accept(s) {
		return t.fail("%q is missing", s)
	}
	return nil
}

// word reads a name or a number.
func (t *milText) word() (string, error) {
	t.space()
	from := t.pos
	for t.pos < len(t.b) {
		c := t.b[t.pos]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-' || c == '+' || c == '?' || c == ':' || c == '@' || c == '/' {
			t.pos++
			continue
		}
		break
	}
	if from == t.pos || t.pos-from > t.lim.TextBytes {
		return "", t.fail("a word is missing")
	}
	return string(t.b[from:t.pos]), nil
}

func (t *milText) quoted() (string, error) {
	if err := t.expect(`"`); err != nil {
		return "", err
	}
	var out []byte
	for t.pos < len(t.b) {
		c := t.b[t.pos]
		t.pos++
		switch c {
		case '"':
			return string(out), nil
		case '\\':
			if t.pos < len(t.b) {
				out = append(out, t.b[t.pos])
				t.pos++
			}
		default:
			out = append(out, c)
		}
	}
	return "", t.fail("text does not end")
}

// skip passes a bracketed piece, strings and brackets inside included, and
// returns the strings in it.
func (t *milText) skip(open, shut byte) (words []string, err error) {
	if err := t.expect(string(open)); err != nil {
		return nil, err
	}
	for depth := 1; depth > 0; {
		switch c := t.peek(); c {
		case 0:
			return nil, t.fail("%q does not end", string(open))
		case '"':
			s, err := t.quoted()
			if err != nil {
				return nil, err
			}
			if len(words) < 256 {
				words = append(words, s)
			}
			continue
		case open:
			depth++
		case shut:
			depth--
		}
		t.pos++
	}
	return words, nil
}

func (t *milText) program() ([]byte, error) {
	if w, err := t.word(); err != nil || w != "program" {
		return nil, format.Errorf(format.ErrNotModel, 0, "no program")
	}
	if _, err := t.skip('(', ')'); err != nil {
		return nil, err
	}
	if t.peek() == '[' {
		words, err := t.skip('[', ']')
		if err != nil {
			return nil, err
		}
		for i := 0; i+1 < len(words); i += 2 {
			t.build = append(t.build, graph.KeyValue{Key: words[i], Value: words[i+1]})
		}
	}
	if err := t.expect("{"); err != nil {
		return nil, err
	}
	out := intField(nil, programVersion, 1)
	for !t.accept("}") {
		name, fn, err := t.function()
		if err != nil {
			return nil, err
		}
		out = entryField(out, programFunctions, name, fn)
	}
	return out, nil
}

func (t *milText) function() (string, []byte, error) {
	if w, err := t.word(); err != nil || w != "func" {
		return "", nil, t.fail("a function is missing")
	}
	name, err := t.word()
	if err != nil {
		return "", nil, err
	}
	opset := ""
	if t.accept("<") {
		if opset, err = t.word(); err != nil {
			return "", nil, err
		}
		if err := t.expect(">"); err != nil {
			return "", nil, err
		}
	}
	var out []byte
	if err := t.expect("("); err != nil {
		return "", nil, err
	}
	for !t.accept(")") {
		v, err := t.typed()
		if err != nil {
			return "", nil, err
		}
		out = bytesField(out, functionInputs, v)
		t.accept(",")
	}
	if t.peek() == '[' {
		if _, err := t.skip('[', ']'); err != nil {
			return "", nil, err
		}
	}
	block, err := t.block()
	if err != nil {
		return "", nil, err
	}
	out = textField(out, functionOpset, opset)
	return name, entryField(out, functionBlocks, opset, block), nil
}

// block reads { statements } -> (names);
func (t *milText) block() ([]byte, error) {
	if err := t.expect("{"); err != nil {
		return nil, err
	}
	var out []byte
	for !t.accept("}") {
		if t.ops++; t.ops > t.lim.Nodes {
			return nil, format.Errorf(format.ErrLimit, int64(t.pos), "more than %d operations", t.lim.Nodes)
		}
		op, err := t.statement()
		if err != nil {
			return nil, err
		}
		out = bytesField(out, blockOperations, op)
	}
	if err := t.expect("->"); err != nil {
		return nil, err
	}
	if err := t.expect("("); err != nil {
		return nil, err
	}
	for !t.accept(")") {
		w, err := t.word()
		if err != nil {
			return nil, err
		}
		out = textField(out, blockOutputs, w)
		t.accept(",")
	}
	t.accept(";")
	return out, nil
}

// typed reads a type and a name as a NamedValueType.
func (t *milText) typed() ([]byte, error) {
	_, vt, err := t.valueType()
	if err != nil {
		return nil, err
	}
	name, err := t.word()
	return bytesField(textField(nil, 1, name), 2, vt), err
}

// milTypeNames by the words of the text.
var milTypeNames = map[string]uint64{
	"bool": 1, "string": 2, "fp16": 10, "fp32": 11, "fp64": 12, "bf16": 13, "int8": 21, "int16": 22, "int32": 23, "int64": 24, "int4": 25,
	"uint8": 31, "uint16": 32, "uint32": 33, "uint64": 34, "uint4": 35, "uint2": 36, "uint1": 37, "fp8e4m3fn": 40, "fp8e5m2": 41,
}

// valueType reads "tensor<fp16, [1, ?]>", "fp16", "state<tensor<...>>" and returns
// its element type and ValueType message, empty for lists and dictionaries.
func (t *milText) valueType() (uint64, []byte, error) {
	w, err := t.word()
	if err != nil {
		return 0, nil, err
	}
	if dt, ok := milTypeNames[w]; ok {
		return dt, bytesField(nil, 1, intField(intField(nil, 1, dt), 2, 0)), nil
	}
	switch w {
	case "state":
		if t.depth++; t.depth > t.lim.Depth {
			return 0, nil, format.Errorf(format.ErrLimit, int64(t.pos), "types nested too deep")
		}
		defer func() { t.depth-- }()
		if err := t.expect("<"); err != nil {
			return 0, nil, err
		}
		dt, inner, err := t.valueType()
		if err != nil {
			return 0, nil, err
		}
		return dt, bytesField(nil, 5, bytesField(nil, 1, inner)), t.expect(">")
	case "tensor":
	default: // list, tuple, dict
		_, err := t.skip('<', '>')
		return 0, nil, err
	}
	if err := t.expect("<"); err != nil {
		return 0, nil, err
	}
	dtWord, err := t.word()
	if err != nil {
		return 0, nil, err
	}
	dt := milTypeNames[dtWord]
	if err := t.expect(","); err != nil {
		return 0, nil, err
	}
	if err := t.expect("["); err != nil {
		return 0, nil, err
	}
	var dims []byte
	rank := uint64(0)
	for !t.accept("]") {
		d, err := t.word()
		if err != nil {
			return 0, nil, err
		}
		if n, err := strconv.ParseUint(d, 10, 62); err == nil {
			dims = bytesField(dims, 3, bytesField(nil, 1, intField(nil, 1, n)))
		} else {
			dims = bytesField(dims, 3, bytesField(nil, 2, nil))
		}
		if rank++; rank > 64 {
			return 0, nil, format.Errorf(format.ErrLimit, int64(t.pos), "rank over 64")
		}
		t.accept(",")
	}
	tensor := append(intField(intField(nil, 1, dt), 2, rank), dims...)
	return dt, bytesField(nil, 1, tensor), t.expect(">")
}

// statement reads "type name = op(args)[attributes];".
func (t *milText) statement() ([]byte, error) {
	var outs [][]byte
	if t.accept("(") {
		for !t.accept(")") {
			v, err := t.typed()
			if err != nil {
				return nil, err
			}
			outs = append(outs, v)
			t.accept(",")
		}
	} else {
		v, err := t.typed()
		if err != nil {
			return nil, err
		}
		outs = append(outs, v)
	}
	if err := t.expect("="); err != nil {
		return nil, err
	}
	kind, err := t.word()
	if err != nil {
		return nil, err
	}
	out := textField(nil, operationType, kind)
	if err := t.expect("("); err != nil {
		return nil, err
	}
	for !t.accept(")") {
		name, arg, err := t.argument()
		if err != nil {
			return nil, err
		}
		out = entryField(out, operationInputs, name, arg)
		t.accept(",")
	}
	for _, v := range outs {
		out = bytesField(out, operationOutputs, v)
	}
	if t.accept("[") {
		for !t.accept("]") {
			name, err := t.word()
			if err == nil {
				err = t.expect("=")
			}
			if err != nil {
				return nil, err
			}
			v, err := t.value()
			if err != nil {
				return nil, err
			}
			out = entryField(out, operationAttributes, name, v)
			t.accept(",")
		}
	}
	if t.peek() == '{' || t.peek() == '(' {
		return nil, format.Errorf(format.ErrUnsupported, int64(t.pos), "operation %q has blocks", kind)
	}
	return out, t.expect(";")
}

// argument reads "name = other", "name = (a, b)" or "name = value".
func (t *milText) argument() (string, []byte, error) {
	name, err := t.word()
	if err == nil {
		err = t.expect("=")
	}
	if err != nil {
		return "", nil, err
	}
	var out []byte
	binding := func() error {
		from := t.pos
		w, err := t.word()
		if err != nil {
			return err
		}
		if c := t.peek(); c != '(' && c != '<' {
			out = bytesField(out, 1, textField(nil, 1, w))
			return nil
		}
		t.pos = from
		v, err := t.value()
		out = bytesField(out, 1, bytesField(nil, 2, v))
		return err
	}
	if !t.accept("(") {
		return name, out, binding()
	}
	for !t.accept(")") {
		if err := binding(); err != nil {
			return "", nil, err
		}
		t.accept(",")
	}
	return name, out, nil
}
