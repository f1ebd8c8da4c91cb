// Package textwire turns protobuf text (pbtxt) into the binary form, given the
// part of a schema that a reader is interested in, so that a format needs one
// reader for both. Fields that the schema does not name are dropped.
package textwire

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/graph/format/internal/textproto"
	"google.golang.org/protobuf/encoding/protowire"
)

// Kind is how a field is encoded.
type Kind uint8

// The kinds of fields. Enum takes words from Type.Enum besides numbers.
const (
	Varint Kind = iota
	Bool
	Float
	Double
	Bytes
	Enum
	Message
)

// Field is one field of a schema.
type Field struct {
	Number int32
	Kind   Kind
	// Type names the message of a Message, or the words of an Enum.
	Type string
}

// Schema is messages by name, each with its fields by name, and enumerations
// with their words.
type Schema struct {
	Messages map[string]map[string]Field
	Enums    map[string]map[string]int64
}

// ErrTruncated and ErrLimit are kinds of failure of the text, for errors.Is.
var (
	ErrTruncated = errors.New("text is truncated")
	ErrLimit     = errors.New("text exceeds a limit")
)

// Encode parses text and returns the binary form of a message of the given type.
func Encode(text []byte, s Schema, message string, lim textproto.Limits) ([]byte, error) {
	m, err := textproto.Parse(text, lim)
	if err != nil {
		var e *textproto.Error
		switch {
		case errors.As(err, &e) && e.Truncated:
			return nil, fmt.Errorf("%w: %w", ErrTruncated, err)
		case errors.As(err, &e) && e.Limit:
			return nil, fmt.Errorf("%w: %w", ErrLimit, err)
		}
		return nil, err
	}
	return s.encode(m, message)
}

// Convert returns the binary form of a message that is parsed already.
func Convert(m *textproto.Message, s Schema, message string) ([]byte, error) {
	return s.encode(m, message)
}

func (s Schema) encode(m *textproto.Message, message string) ([]byte, error) {
	var out []byte
	fields := s.Messages[message]
	for _, f := range m.Fields {
		spec, ok := fields[f.Name]
		if !ok {
			continue
		}
		if (spec.Kind == Message) != (f.Message != nil) {
			return nil, fmt.Errorf("offset %d: field %q of %s is not what the schema says", f.Offset, f.Name, message)
		}
		num := protowire.Number(spec.Number)
		if spec.Kind == Message {
			inner, err := s.encode(f.Message, spec.Type)
			if err != nil {
				return nil, err
			}
			out = protowire.AppendBytes(protowire.AppendTag(out, num, protowire.BytesType), inner)
			continue
		}
		var ok2 bool
		if out, ok2 = s.scalar(out, num, spec, f); !ok2 {
			return nil, fmt.Errorf("offset %d: field %q of %s has value %.40q", f.Offset, f.Name, message, f.Text)
		}
	}
	return out, nil
}

func (s Schema) scalar(out []byte, num protowire.Number, spec Field, f textproto.Field) ([]byte, bool) {
	switch spec.Kind {
	case Bytes:
		return protowire.AppendString(protowire.AppendTag(out, num, protowire.BytesType), f.Text), true
	case Float, Double:
		v, ok := number(f)
		if spec.Kind == Double {
			return protowire.AppendFixed64(protowire.AppendTag(out, num, protowire.Fixed64Type), math.Float64bits(v)), ok
		}
		return protowire.AppendFixed32(protowire.AppendTag(out, num, protowire.Fixed32Type), math.Float32bits(float32(v))), ok
	}
	v, ok := f.Int()
	if !ok {
		switch u, err := strconv.ParseUint(f.Text, 0, 64); {
		case err == nil:
			v, ok = int64(u), true
		case spec.Kind == Bool:
			t := strings.ToLower(f.Text)
			ok = t == "true" || t == "false" || t == "t" || t == "f"
			if strings.HasPrefix(t, "t") {
				v = 1
			}
		case spec.Kind == Enum:
			v, ok = s.Enums[spec.Type][f.Text], true // an unknown word is the default
		}
	}
	return protowire.AppendVarint(protowire.AppendTag(out, num, protowire.VarintType), uint64(v)), ok
}

func number(f textproto.Field) (float64, bool) {
	switch strings.ToLower(strings.TrimPrefix(f.Text, "-")) {
	case "inf", "infinity":
		if strings.HasPrefix(f.Text, "-") {
			return math.Inf(-1), true
		}
		return math.Inf(1), true
	case "nan":
		return math.NaN(), true
	}
	return f.Float()
}

// Of is a scalar field.
func Of(number int32, kind Kind) Field { return Field{Number: number, Kind: kind} }

// Sub is a field that holds a message of the given type.
func Sub(number int32, message string) Field {
	return Field{Number: number, Kind: Message, Type: message}
}

// Word is an enumeration field.
func Word(number int32, enum string) Field { return Field{Number: number, Kind: Enum, Type: enum} }
