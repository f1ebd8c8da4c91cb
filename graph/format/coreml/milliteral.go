package coreml

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/graph/format"
)

// value reads "type(literal)" as a Value.
func (t *milText) value() ([]byte, error) {
	dt, vt, err := t.valueType()
	if err != nil {
		return nil, err
	}
	out := bytesField(nil, valueTypeField, vt)
	if vt == nil {
		_, err := t.skip('(', ')')
		return out, err
	}
	if err := t.expect("("); err != nil {
		return nil, err
	}
	if t.accept("BLOBFILE") {
		words, offset, err := t.blobFile()
		if err != nil {
			return nil, err
		}
		return bytesField(out, valueBlob, intField(textField(nil, 1, words), 2, offset)), t.expect(")")
	}
	l := &milList{dt: dt}
	if err := t.literal(l); err != nil {
		return nil, err
	}
	return bytesField(out, valueImmediate, bytesField(nil, 1, l.message())), t.expect(")")
}

// blobFile reads (path = string("..."), offset = uint64(64)).
func (t *milText) blobFile() (file string, offset uint64, err error) {
	from := t.pos
	words, err := t.skip('(', ')')
	if err != nil || len(words) == 0 {
		return "", 0, t.fail("BLOBFILE without a path")
	}
	inner := string(t.b[from:t.pos])
	_, after, ok := strings.Cut(inner[strings.LastIndex(inner, `"`):], "offset")
	digits := strings.FieldsFunc(after[strings.LastIndex(after, "(")+1:], func(c rune) bool { return c < '0' || c > '9' })
	if !ok || len(digits) == 0 {
		return "", 0, t.fail("BLOBFILE without an offset")
	}
	offset, err = strconv.ParseUint(digits[0], 10, 63)
	return words[0], offset, err
}

// milList gathers the elements of a literal.
type milList struct {
	dt     uint64
	packed []byte
	texts  []byte
}

func (l *milList) message() []byte {
	switch {
	case l.dt == 2:
		return bytesField(nil, 4, l.texts)
	case l.dt >= 10 && l.dt <= 13 || l.dt >= 40:
		return bytesField(nil, 1, bytesField(nil, 1, l.packed))
	case l.dt == 1:
		return bytesField(nil, 3, bytesField(nil, 1, l.packed))
	case l.dt == 24 || l.dt == 34:
		return bytesField(nil, 5, bytesField(nil, 1, l.packed))
	}
	return bytesField(nil, 2, bytesField(nil, 1, l.packed))
}

// literal reads a number, a word, a text or nested lists of them.
func (t *milText) literal(l *milList) error {
	if t.depth++; t.depth > t.lim.Depth {
		return format.Errorf(format.ErrLimit, int64(t.pos), "lists nested too deep")
	}
	defer func() { t.depth-- }()
	switch c := t.peek(); {
	case c == '[':
		t.pos++
		for !t.accept("]") {
			if err := t.literal(l); err != nil {
				return err
			}
			t.accept(",")
		}
		return nil
	case c == '"':
		s, err := t.quoted()
		l.texts = textField(l.texts, 1, s)
		return err
	}
	w, err := t.word()
	if err != nil {
		return err
	}
	switch {
	case w == "true":
		l.packed = append(l.packed, 1)
	case w == "false":
		l.packed = append(l.packed, 0)
	case l.dt >= 10 && l.dt <= 13 || l.dt >= 40:
		f, err := strconv.ParseFloat(w, 64)
		if err != nil && math.IsInf(f, 0) || err == nil {
			l.packed = binary.LittleEndian.AppendUint32(l.packed, math.Float32bits(float32(f)))
			return nil
		}
		return t.fail("%q is no number", clipText(w))
	default:
		n, err := strconv.ParseInt(w, 0, 64)
		if err != nil {
			return t.fail("%q is no whole number", clipText(w))
		}
		l.packed = binary.AppendUvarint(l.packed, uint64(n))
	}
	return nil
}

func clipText(s string) string { return s[:min(len(s), 40)] }
