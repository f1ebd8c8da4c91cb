package data

import (
	"bytes"
	"encoding/json"
	"reflect"
)

// JSON returns a row as one JSON object with the columns as keys, in file
// order; unknown values are null.
func JSON[T Row](row T) ([]byte, error) {
	v := reflect.ValueOf(row)
	var b bytes.Buffer
	b.WriteByte('{')
	for i, c := range columnsOf(v.Type()) {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(c.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(v.Field(c.field).Interface())
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteString("}\n")
	return b.Bytes(), nil
}
