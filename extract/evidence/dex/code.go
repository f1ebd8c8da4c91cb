package dex

import "encoding/binary"

// Kind says what an instruction refers to.
type Kind uint8

// The kinds of references.
const (
	// Invoke calls a method: Ref.Index is a method.
	Invoke Kind = iota
	// LoadString loads a string constant: Ref.Index is a string.
	LoadString
	// UseType makes, casts to or names a class: Ref.Index is a type.
	UseType
	// ReadField and WriteField get and set a field: Ref.Index is a field.
	ReadField
	WriteField
)

// Ref is one reference made by code.
type Ref struct {
	Kind  Kind
	Index uint32
	// Class and Method are where the code stands: a class definition and a
	// method index.
	Class  int
	Method uint32
	// Offset is the instruction's position in the file, Code that of the code item
	// it belongs to.
	Offset, Code int64
}

// maxInstructions bounds the sweep over one file, whatever its tables say.
const maxInstructions = 200_000_000

// Walk calls visit for every reference that code of the file makes, class by
// class in file order, and stops when visit returns false. Code that several
// methods share is swept once a method; the sweep is linear and ends at what
// does not decode.
func (f *File) Walk(visit func(Ref) bool) {
	w := walker{f: f, visit: visit, budget: maxInstructions}
	for c := range f.Classes() {
		r := f.classes.row(uint32(c))
		if !w.class(c, int64(binary.LittleEndian.Uint32(r[24:]))) {
			return
		}
	}
}

type walker struct {
	f      *File
	visit  func(Ref) bool
	budget int
}

// class reads class_data: four sizes, then fields (two numbers each) and
// methods (index difference, flags, code offset), all unsigned LEB128.
func (w *walker) class(c int, off int64) bool {
	if off == 0 || off >= int64(len(w.f.data)) {
		return true
	}
	b := w.f.data[off:]
	var n [4]uint32
	for i := range n {
		n[i], b = uleb(b)
	}
	for range uint64(n[0]) + uint64(n[1]) {
		if len(b) == 0 {
			return true
		}
		_, b = uleb(b)
		_, b = uleb(b)
	}
	for part := 2; part < 4; part++ {
		var method uint32
		for range n[part] {
			if len(b) == 0 {
				return true
			}
			var diff, code uint32
			diff, b = uleb(b)
			_, b = uleb(b)
			code, b = uleb(b)
			method += diff
			if code != 0 && !w.code(c, method, int64(code)) {
				return false
			}
		}
	}
	return true
}

// code sweeps one code item: 16 bytes of header with u32 size in 16-bit units
// at 12, then the instructions.
func (w *walker) code(c int, method uint32, off int64) bool {
	if off+16 > int64(len(w.f.data)) {
		return true
	}
	units := int64(binary.LittleEndian.Uint32(w.f.data[off+12:]))
	start := off + 16
	units = min(units, (int64(len(w.f.data))-start)/2)
	code := w.f.data[start : start+2*units]
	for at := 0; at+2 <= len(code); {
		if w.budget--; w.budget < 0 {
			return false
		}
		op := code[at]
		size := int(widths[op])
		if op == 0 {
			size = payload(code[at:])
		}
		if at+2*size > len(code) {
			return true
		}
		ref := Ref{Class: c, Method: method, Offset: start + int64(at), Code: off}
		found := true
		switch {
		case op >= 0x6e && op <= 0x72 || op >= 0x74 && op <= 0x78 || op == 0xfa || op == 0xfb:
			ref.Kind, ref.Index = Invoke, uint32(binary.LittleEndian.Uint16(code[at+2:]))
		case op == 0x1a:
			ref.Kind, ref.Index = LoadString, uint32(binary.LittleEndian.Uint16(code[at+2:]))
		case op == 0x1b:
			ref.Kind, ref.Index = LoadString, binary.LittleEndian.Uint32(code[at+2:])
		case op == 0x1c || op == 0x1f || op == 0x22:
			ref.Kind, ref.Index = UseType, uint32(binary.LittleEndian.Uint16(code[at+2:]))
		case op >= 0x52 && op <= 0x58 || op >= 0x60 && op <= 0x66:
			ref.Kind, ref.Index = ReadField, uint32(binary.LittleEndian.Uint16(code[at+2:]))
		case op >= 0x59 && op <= 0x5f || op >= 0x67 && op <= 0x6d:
			ref.Kind, ref.Index = WriteField, uint32(binary.LittleEndian.Uint16(code[at+2:]))
		default:
			found = false
		}
		if found && !w.visit(ref) {
			return false
		}
		at += 2 * size
	}
	return true
}

// payload returns the size in units of a nop or of the switch or array data
// that a nop opcode with a high byte introduces.
func payload(b []byte) int {
	if len(b) < 4 {
		return 1
	}
	n := int(binary.LittleEndian.Uint16(b[2:]))
	switch b[1] {
	case 1:
		return n*2 + 4
	case 2:
		return n*4 + 2
	case 3:
		if len(b) < 8 {
			return 1
		}
		count := int64(binary.LittleEndian.Uint32(b[4:]))
		return int(min((count*int64(n)+1)/2+4, 1<<30))
	}
	return 1
}

// widths are the lengths of instructions in 16-bit units by opcode, from the
// platform's Dalvik bytecode page; unused opcodes count 1.
var widths = makeWidths()

func makeWidths() (w [256]uint8) {
	for i := range w {
		w[i] = 1
	}
	set := func(n uint8, from, to int) {
		for i := from; i <= to; i++ {
			w[i] = n
		}
	}
	for _, r := range [][3]int{
		{2, 0x02, 0x02}, {3, 0x03, 0x03}, {2, 0x05, 0x05}, {3, 0x06, 0x06}, {2, 0x08, 0x08}, {3, 0x09, 0x09},
		{2, 0x13, 0x13}, {3, 0x14, 0x14}, {2, 0x15, 0x16}, {3, 0x17, 0x17}, {5, 0x18, 0x18}, {2, 0x19, 0x1a},
		{3, 0x1b, 0x1b}, {2, 0x1c, 0x1c}, {2, 0x1f, 0x20}, {2, 0x22, 0x23}, {3, 0x24, 0x26}, {2, 0x29, 0x29},
		{3, 0x2a, 0x2c}, {2, 0x2d, 0x3d}, {2, 0x44, 0x6d}, {3, 0x6e, 0x72}, {3, 0x74, 0x78}, {2, 0x90, 0xaf},
		{2, 0xd0, 0xe2}, {4, 0xfa, 0xfb}, {3, 0xfc, 0xfd}, {2, 0xfe, 0xff},
	} {
		set(uint8(r[0]), r[1], r[2])
	}
	return w
}
