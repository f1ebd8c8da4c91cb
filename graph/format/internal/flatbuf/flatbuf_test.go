package flatbuf_test

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"

	flatbuffers "github.com/google/flatbuffers/go"

	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
)

// sample builds a table {0: i32 7, 1: "name", 2: [i64 1, 2], 3: {0: f32 1.5},
// 4: ["a", "b"], 5: [u8 9, 8], 6: [{}, {}], 8: bool true}; slot 7 is absent.
func sample() []byte {
	b := flatbuffers.NewBuilder(64)
	name, sa, sb := b.CreateString("name"), b.CreateString("a"), b.CreateString("b")
	b.StartVector(8, 2, 8)
	b.PrependInt64(2)
	b.PrependInt64(1)
	longs := b.EndVector(2)
	b.StartVector(4, 2, 4)
	b.PrependUOffsetT(sb)
	b.PrependUOffsetT(sa)
	words := b.EndVector(2)
	raw := b.CreateByteVector([]byte{9, 8})
	b.StartObject(1)
	b.PrependFloat32Slot(0, 1.5, 0)
	inner := b.EndObject()
	b.StartObject(0)
	empty := b.EndObject()
	b.StartVector(4, 2, 4)
	b.PrependUOffsetT(inner)
	b.PrependUOffsetT(empty)
	tables := b.EndVector(2)
	b.StartObject(9)
	b.PrependInt32Slot(0, 7, 0)
	b.PrependUOffsetTSlot(1, name, 0)
	b.PrependUOffsetTSlot(2, longs, 0)
	b.PrependUOffsetTSlot(3, inner, 0)
	b.PrependUOffsetTSlot(4, words, 0)
	b.PrependUOffsetTSlot(5, raw, 0)
	b.PrependUOffsetTSlot(6, tables, 0)
	b.PrependBoolSlot(8, true, false)
	b.FinishWithFileIdentifier(b.EndObject(), []byte("TEST"))
	return b.FinishedBytes()
}

// all reads every field of the sample.
func all(data []byte) *flatbuf.Buffer {
	b := flatbuf.New(data)
	t := b.Root()
	t.Int32(0, 0)
	_ = t.String(1)
	t.Vector(2, 8).Int64s()
	t.Table(3).Float32(0, 0)
	t.Vector(4, 4).Strings()
	t.Bytes(5)
	for v, i := t.Tables(6), 0; i < v.Len(); i++ {
		v.Table(i).Float32(0, 0)
	}
	t.Bool(8)
	return b
}

func TestTable_readsFields(t *testing.T) {
	b := flatbuf.New(sample())
	r := b.Root()
	if got := r.Int32(0, 0); got != 7 {
		t.Errorf("slot 0 = %d", got)
	}
	if got := r.String(1); got != "name" {
		t.Errorf("slot 1 = %q", got)
	}
	if got := r.Vector(2, 8).Int64s(); !slices.Equal(got, []int64{1, 2}) {
		t.Errorf("slot 2 = %v", got)
	}
	if got := r.Table(3).Float32(0, 0); got != 1.5 {
		t.Errorf("slot 3 = %g", got)
	}
	if got := r.Vector(4, 4).Strings(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("slot 4 = %q", got)
	}
	if got := r.Bytes(5); !slices.Equal(got, []byte{9, 8}) {
		t.Errorf("slot 5 = %v", got)
	}
	if v := r.Tables(6); v.Len() != 2 || v.Table(1).Float32(0, 0) != 1.5 {
		t.Errorf("slot 6 has %d tables", v.Len())
	}
	if !r.Bool(8) || r.Has(7) || r.Has(99) {
		t.Error("slot 8 is true, 7 and 99 are absent")
	}
	if err := b.Err(); err != nil {
		t.Error(err)
	}
}

func TestTable_absentFieldsHaveDefaults(t *testing.T) {
	r := flatbuf.New(sample()).Root()
	if r.Int32(7, -3) != -3 || r.Uint64(7, 5) != 5 || r.Float64(7, 2.5) != 2.5 || r.Int8(7, -1) != -1 || r.Uint16(50, 9) != 9 || r.Int64(7, -9) != -9 {
		t.Error("an absent field is not its default")
	}
	if r.String(7) != "" || r.Bytes(7) != nil || r.Table(7).Exists() || r.Vector(7, 4).Exists() || r.Struct(7, 4) != nil {
		t.Error("an absent object is there")
	}
	var none flatbuf.Table
	if none.Int32(0, 4) != 4 || none.Tables(0).Len() != 0 || none.Tables(0).Table(0).Exists() {
		t.Error("the zero Table is not empty")
	}
}

func TestBuffer_endIsTheLastObject(t *testing.T) {
	data := sample()
	for _, tail := range []int{0, 1, 1000} {
		b := all(append(slices.Clone(data), make([]byte, tail)...))
		if end := int(b.End()); end > len(data) || end < len(data)-3 {
			t.Errorf("end %d of %d bytes", end, len(data))
		}
	}
}

func TestBuffer_everyPrefixIsAnErrorNeverAPanic(t *testing.T) {
	data := sample()
	for n := range int(all(data).End()) - 1 { // the last byte is a string's terminator
		err := all(data[:n]).Err()
		var fe *flatbuf.Error
		if !errors.As(err, &fe) {
			t.Fatalf("prefix of %d bytes: %v", n, err)
		}
		if fe.Offset < 0 || fe.Offset > int64(n) {
			t.Errorf("prefix of %d bytes: offset %d", n, fe.Offset)
		}
	}
}

func TestBuffer_everyChangedByteIsSafe(t *testing.T) {
	data := sample()
	for i := range data {
		for _, x := range []byte{0x01, 0x7f, 0x80, 0xff} {
			bad := slices.Clone(data)
			bad[i] ^= x
			b := all(bad)
			if b.End() > int64(len(bad)) {
				t.Fatalf("byte %d: end %d of %d", i, b.End(), len(bad))
			}
		}
	}
}

func TestBuffer_errorsSayWhatIsWrong(t *testing.T) {
	u32 := func(v ...uint32) []byte {
		var out []byte
		for _, x := range v {
			out = binary.LittleEndian.AppendUint32(out, x)
		}
		return out
	}
	tests := []struct {
		name   string
		data   []byte
		reason flatbuf.Reason
	}{
		{"empty", nil, flatbuf.Beyond},
		{"root beyond the end", u32(1000, 0), flatbuf.Beyond},
		{"root inside itself", u32(0, 0), flatbuf.Malformed},
		{"vtable before the start", u32(4, 100), flatbuf.Beyond},
		{"vtable of odd size", append(u32(8, 0x00080005), u32(4)...), flatbuf.Malformed},
		{"vtable of no size", append(u32(8, 0), u32(4)...), flatbuf.Malformed},
		{"table larger than the file", append(u32(8, 0xff000004), u32(4)...), flatbuf.Beyond},
	}
	for _, tt := range tests {
		b := flatbuf.New(tt.data)
		b.Root()
		var fe *flatbuf.Error
		if !errors.As(b.Err(), &fe) || fe.Reason != tt.reason {
			t.Errorf("%s: %v", tt.name, b.Err())
		}
	}
}

func TestBuffer_firstErrorStays(t *testing.T) {
	b := flatbuf.New(nil)
	b.Root()
	first := b.Err()
	b.Fail(flatbuf.Malformed, 3, "second")
	if b.Err() != first {
		t.Errorf("error became %v", b.Err())
	}
	if first.Error() == "" {
		t.Error("error without text")
	}
}

// TestBuffer_sharedVectorsAreBounded builds a table whose vector refers a
// thousand times to itself-like large vectors: the visits end at the budget.
func TestBuffer_sharedVectorsAreBounded(t *testing.T) {
	fb := flatbuffers.NewBuilder(1 << 20)
	big := fb.CreateByteVector(make([]byte, 1<<20))
	fb.StartObject(1)
	fb.PrependUOffsetTSlot(0, big, 0)
	one := fb.EndObject()
	const n = 10000
	fb.StartVector(4, n, 4)
	for range n {
		fb.PrependUOffsetT(one)
	}
	list := fb.EndVector(n)
	fb.StartObject(1)
	fb.PrependUOffsetTSlot(0, list, 0)
	fb.Finish(fb.EndObject())
	b := flatbuf.New(fb.FinishedBytes())
	v := b.Root().Tables(0)
	seen := 0
	for i := range v.Len() {
		if b.Err() != nil {
			break
		}
		v.Table(i).Vector(0, 1)
		seen++
	}
	var fe *flatbuf.Error
	if !errors.As(b.Err(), &fe) || fe.Reason != flatbuf.Budget || seen > 100 {
		t.Errorf("%d visits, error %v", seen, b.Err())
	}
}

func TestPlausibleRoot(t *testing.T) {
	data := sample()
	if !flatbuf.PlausibleRoot(data, int64(len(data))) || !flatbuf.PlausibleRoot(data, -1) || !flatbuf.PlausibleRoot(data[:12], int64(len(data))) {
		t.Error("a real root is refused")
	}
	for _, bad := range []string{"", "short", "plain text that is long enough", "\x03\x00\x00\x00TEST", "\x08\x00\x00\x00TEST\x00\x00\x00\x00"} {
		if flatbuf.PlausibleRoot([]byte(bad), int64(len(bad))) {
			t.Errorf("%q has a plausible root", bad)
		}
	}
	if flatbuf.Identifier(data) != "TEST" || flatbuf.Identifier(data[:7]) != "" {
		t.Error("identifier")
	}
}

func TestVector_typedElements(t *testing.T) {
	fb := flatbuffers.NewBuilder(64)
	fb.StartVector(4, 2, 4)
	fb.PrependFloat32(-2)
	fb.PrependFloat32(0.5)
	v := fb.EndVector(2)
	fb.StartObject(2)
	fb.PrependUOffsetTSlot(0, v, 0)
	fb.PrependFloat64Slot(1, math.Pi, 0)
	fb.Finish(fb.EndObject())
	r := flatbuf.New(fb.FinishedBytes()).Root()
	if got := r.Vector(0, 4).Float32s(); !slices.Equal(got, []float32{0.5, -2}) {
		t.Errorf("floats %v", got)
	}
	if r.Float64(1, 0) != math.Pi {
		t.Error("double")
	}
	w := r.Vector(0, 4)
	if w.Float32(2) != 0 || w.Int64(0) != 0 || len(w.Raw()) != 8 || len(w.Struct(1)) != 4 {
		t.Error("element outside the vector or wider than it")
	}
}

func FuzzBuffer(f *testing.F) {
	f.Add(sample())
	f.Fuzz(func(t *testing.T, data []byte) {
		if b := all(data); b.End() > int64(len(data)) {
			t.Fatal("end beyond the data")
		}
	})
}
