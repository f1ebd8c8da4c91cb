package protowire_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
	wire "google.golang.org/protobuf/encoding/protowire"
)

func sample() []byte {
	var b []byte
	b = wire.AppendTag(b, 1, wire.VarintType)
	b = wire.AppendVarint(b, 300)
	b = wire.AppendTag(b, 2, wire.BytesType)
	b = wire.AppendString(b, "conv")
	b = wire.AppendTag(b, 3, wire.Fixed32Type)
	b = wire.AppendFixed32(b, 0x3f800000)
	b = wire.AppendTag(b, 4, wire.Fixed64Type)
	b = wire.AppendFixed64(b, 0x4000000000000000)
	b = wire.AppendTag(b, 5, wire.StartGroupType)
	b = wire.AppendGroup(b, 5, wire.AppendVarint(wire.AppendTag(nil, 1, wire.VarintType), 7))
	return b
}

func TestMessage_readsEveryWireType(t *testing.T) {
	data := sample()
	m := protowire.NewMessage(data)
	var f protowire.Field
	var numbers []int32
	for m.Next(&f) {
		numbers = append(numbers, f.Number)
		switch f.Number {
		case 1:
			if f.Int64() != 300 {
				t.Errorf("varint %d, want 300", f.Int64())
			}
		case 2:
			if f.String() != "conv" || !bytes.Equal(data[f.Offset:f.Offset+4], f.Bytes) {
				t.Errorf("bytes %q at %d, want \"conv\" at its own offset", f.String(), f.Offset)
			}
		case 3:
			if f.Float32() != 1 {
				t.Errorf("float %v, want 1", f.Float32())
			}
		case 4:
			if f.Float64() != 2 {
				t.Errorf("double %v, want 2", f.Float64())
			}
		case 5:
			inner := f.Message()
			if !inner.Next(&f) || f.Int64() != 7 {
				t.Error("group's field 1 is not 7")
			}
		}
	}
	if err := m.Err(); err != nil {
		t.Fatal(err)
	}
	if len(numbers) != 5 || m.Remaining() != 0 || m.Offset() != int64(len(data)) {
		t.Errorf("fields %v, remaining %d", numbers, m.Remaining())
	}
}

func TestMessage_cutInputIsTruncatedAtTheField(t *testing.T) {
	data := sample()
	for n := range data {
		m := protowire.NewMessage(data[:n])
		var f protowire.Field
		for m.Next(&f) {
		}
		err := m.Err()
		if err == nil {
			continue // a cut between two fields is a legal message
		}
		var e *protowire.Error
		if !errors.As(err, &e) || e.Offset > int64(n) {
			t.Errorf("cut at %d: error %v", n, err)
		}
		if !e.Truncated {
			t.Errorf("cut at %d: %v is not marked truncated", n, err)
		}
	}
}

func TestMessage_malformed(t *testing.T) {
	for name, data := range map[string][]byte{
		"wire type 7":       {0x0f, 0x00},
		"field number 0":    {0x00, 0x01},
		"end without start": {0x0c},
		"varint too long":   {0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
	} {
		m := protowire.NewMessage(data)
		var f protowire.Field
		if m.Next(&f) {
			t.Errorf("%s: field %d read", name, f.Number)
		}
		var e *protowire.Error
		if !errors.As(m.Err(), &e) || e.Truncated || e.Error() == "" {
			t.Errorf("%s: error %v", name, m.Err())
		}
		if m.Next(&f) {
			t.Errorf("%s: walks on after an error", name)
		}
	}
}

func TestMessageAt_countsFromBase(t *testing.T) {
	m := protowire.MessageAt([]byte{0x0a, 0x01, 'x'}, 100)
	var f protowire.Field
	if !m.Next(&f) || f.Offset != 102 {
		t.Errorf("payload at %d, want 102", f.Offset)
	}
}

func TestAppendInts(t *testing.T) {
	packed := wire.AppendVarint(wire.AppendVarint(nil, 5), 1<<63)
	for _, tc := range []struct {
		name  string
		field protowire.Field
		limit int
		want  []int64
		ok    bool
	}{
		{"single", protowire.Field{Type: protowire.Varint, Uint: 9}, 4, []int64{9}, true},
		{"packed", protowire.Field{Type: protowire.Bytes, Bytes: packed}, 4, []int64{5, -1 << 63}, true},
		{"too many", protowire.Field{Type: protowire.Bytes, Bytes: packed}, 1, nil, false},
		{"single too many", protowire.Field{Type: protowire.Varint, Uint: 9}, 0, nil, false},
		{"cut", protowire.Field{Type: protowire.Bytes, Bytes: []byte{1, 0x80}}, 4, []int64{1}, false},
		{"wrong type", protowire.Field{Type: protowire.Fixed32}, 4, nil, false},
	} {
		got, ok := tc.field.AppendInts(nil, tc.limit)
		if ok != tc.ok || len(got) != len(tc.want) {
			t.Errorf("%s: %v %v, want %v %v", tc.name, got, ok, tc.want, tc.ok)
			continue
		}
		for i := range got {
			if got[i] != tc.want[i] {
				t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
			}
		}
	}
}

func TestAppendFloats(t *testing.T) {
	b := wire.AppendFixed32(wire.AppendFixed32(nil, 0x3f800000), 0x40000000)
	f := protowire.Field{Type: protowire.Bytes, Bytes: b}
	if got, ok := f.AppendFloats(nil, 2); !ok || len(got) != 2 || got[1] != 2 {
		t.Errorf("packed: %v %v", got, ok)
	}
	if _, ok := f.AppendFloats(nil, 1); ok {
		t.Error("limit is not kept")
	}
	f.Bytes = b[:5]
	if _, ok := f.AppendFloats(nil, 9); ok {
		t.Error("odd length accepted")
	}
	f = protowire.Field{Type: protowire.Fixed32, Uint: 0x3f800000}
	if got, ok := f.AppendFloats(nil, 1); !ok || got[0] != 1 {
		t.Errorf("single: %v %v", got, ok)
	}
}

func TestIsText(t *testing.T) {
	for s, want := range map[string]bool{"": true, "conv1/w:0": true, "层\n": true, "a\x00b": false, "\xff\xfe": false, "a\x7f": false} {
		if got := protowire.IsText([]byte(s)); got != want {
			t.Errorf("IsText(%q) = %v, want %v", s, got, want)
		}
	}
}

func TestReadVarint(t *testing.T) {
	if v, n := protowire.ReadVarint([]byte{0xac, 0x02, 9}); v != 300 || n != 2 {
		t.Errorf("got %d in %d bytes, want 300 in 2", v, n)
	}
	if _, n := protowire.ReadVarint([]byte{0x80}); n != 0 {
		t.Error("a cut varint must have length 0")
	}
}

func FuzzMessage(f *testing.F) {
	f.Add(sample())
	f.Fuzz(func(t *testing.T, data []byte) {
		m := protowire.NewMessage(data)
		var fd protowire.Field
		for m.Next(&fd) {
			if fd.Offset < 0 || fd.Offset+int64(len(fd.Bytes)) > int64(len(data)) {
				t.Fatalf("field %d at %d with %d bytes lies outside %d bytes", fd.Number, fd.Offset, len(fd.Bytes), len(data))
			}
			fd.AppendInts(nil, 100)
			fd.AppendFloats(nil, 100)
		}
		if m.Err() == nil && m.Remaining() != 0 {
			t.Fatal("clean end with bytes left")
		}
	})
}

func BenchmarkMessage_100MBPayload(b *testing.B) {
	data := wire.AppendBytes(wire.AppendTag(nil, 9, wire.BytesType), make([]byte, 100<<20))
	b.ReportAllocs()
	for b.Loop() {
		m := protowire.NewMessage(data)
		var f protowire.Field
		for m.Next(&f) {
		}
	}
}
