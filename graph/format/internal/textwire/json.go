package textwire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gaugenn/gaugenn/graph/format/internal/textproto"
)

// FromJSON turns protobuf's JSON form into the binary form of a message of the
// given type: names in camel case, bytes in base64, maps as objects, words of
// enumerations. A message whose fields are key and value stands for a map.
func FromJSON(data []byte, s Schema, message string, lim textproto.Limits) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	j := &jsonReader{s: s, left: lim.Fields}
	if j.left == 0 {
		j.left = 1 << 20
	}
	m, err := j.message(v, message, 0)
	if err != nil {
		return nil, err
	}
	return s.encode(m, message)
}

type jsonReader struct {
	s    Schema
	left int
}

func (j *jsonReader) message(v any, message string, depth int) (*textproto.Message, error) {
	o, ok := v.(map[string]any)
	if !ok || depth > 64 {
		return nil, fmt.Errorf("%s is no object, or nested too deep", message)
	}
	fields := j.s.Messages[message]
	m := &textproto.Message{}
	for _, k := range slices.Sorted(maps.Keys(o)) {
		name := snake(k)
		spec, known := fields[name]
		if !known {
			continue
		}
		if err := j.field(m, name, spec, o[k], depth); err != nil {
			return nil, fmt.Errorf("%s.%s: %w", message, name, err)
		}
	}
	return m, nil
}

// field appends a value, the elements of a list, or the entries of a map.
func (j *jsonReader) field(m *textproto.Message, name string, spec Field, v any, depth int) error {
	if j.left--; j.left < 0 {
		return fmt.Errorf("%w: too many fields", ErrLimit)
	}
	entry, isMap := j.s.Messages[spec.Type]
	_, hasKey := entry["key"]
	_, hasValue := entry["value"]
	isMap = isMap && spec.Kind == Message && hasKey && hasValue
	switch x := v.(type) {
	case nil:
		return nil
	case []any:
		for _, e := range x {
			if err := j.field(m, name, spec, e, depth); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		if spec.Kind != Message {
			return fmt.Errorf("an object where a value should be")
		}
		if !isMap {
			inner, err := j.message(x, spec.Type, depth+1)
			if err == nil {
				m.Fields = append(m.Fields, textproto.Field{Name: name, Message: inner})
			}
			return err
		}
		for _, k := range slices.Sorted(maps.Keys(x)) {
			pair := &textproto.Message{Fields: []textproto.Field{{Name: "key", Text: k, Quoted: true}}}
			if err := j.field(pair, "value", entry["value"], x[k], depth+1); err != nil {
				return err
			}
			m.Fields = append(m.Fields, textproto.Field{Name: name, Message: pair})
		}
		return nil
	}
	text, err := scalarText(v, spec.Kind, name)
	if err == nil {
		m.Fields = append(m.Fields, textproto.Field{Name: name, Text: text, Quoted: spec.Kind == Bytes})
	}
	return err
}

// scalarText returns a scalar as the text form has it.
func scalarText(v any, kind Kind, name string) (string, error) {
	switch x := v.(type) {
	case string:
		if kind == Bytes && base64Fields[name] {
			b, err := base64.StdEncoding.DecodeString(x)
			if err != nil {
				b, err = base64.RawURLEncoding.DecodeString(strings.TrimRight(x, "="))
			}
			return string(b), err
		}
		return x, nil
	case json.Number:
		return x.String(), nil
	case bool:
		return fmt.Sprint(x), nil
	}
	return "", fmt.Errorf("value of type %T", v)
}

// base64Fields are the fields of type bytes; all others of kind Bytes are strings.
var base64Fields = map[string]bool{"s": true, "tensor_content": true, "string_val": true}

// snake turns "tensorShape" into "tensor_shape".
func snake(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c >= 'A' && c <= 'Z' {
			if i > 0 {
				b.WriteByte('_')
			}
			b.WriteByte(c + 'a' - 'A')
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
