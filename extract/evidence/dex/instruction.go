package dex

// The instructions as the platform's Dalvik bytecode page has them: unit 0 holds the
// opcode in its low byte; A and B are the nibbles, AA the whole of its high byte.

func (m *method) op(i int) int { return int(m.units[i] & 0xff) }
func (m *method) aa(i int) int { return int(m.units[i] >> 8) }
func (m *method) a(i int) int  { return int(m.units[i] >> 8 & 15) }
func (m *method) b(i int) int  { return int(m.units[i] >> 12) }

// unit returns the k-th unit of the instruction at i, 0 beyond the code.
func (m *method) unit(i, k int) uint16 {
	if i+k < 0 || i+k >= len(m.units) {
		return 0
	}
	return m.units[i+k]
}

func (m *method) wide(i, k int) uint32 {
	return uint32(m.unit(i, k)) | uint32(m.unit(i, k+1))<<16
}

// size is the length of the instruction, or of the data that stands in the code.
func (m *method) size(i int) int {
	if op := m.op(i); op != 0 {
		return int(widths[op])
	}
	n := int(m.unit(i, 1))
	switch m.units[i] {
	case 0x100:
		return n*2 + 4
	case 0x200:
		return n*4 + 2
	case 0x300:
		return int(min((int64(m.wide(i, 2))*int64(n)+1)/2+4, maxUnits+1))
	}
	return 1
}

// ends reports whether no path goes on behind the instruction.
func (m *method) ends(i int) bool {
	op := m.op(i)
	return op >= 0x0e && op <= 0x11 || op >= 0x27 && op <= 0x2a || op == 0 && m.units[i] != 0
}

// targets returns the units to which the instruction may jump.
func (m *method) targets(i int) []int {
	switch op := m.op(i); {
	case op == 0x28:
		return []int{i + int(int8(m.aa(i)))}
	case op == 0x29, op >= 0x38 && op <= 0x3d, op >= 0x32 && op <= 0x37:
		return []int{i + int(int16(m.unit(i, 1)))}
	case op == 0x2a:
		return []int{i + int(int32(m.wide(i, 1)))}
	case op == 0x2b, op == 0x2c:
		return m.cases(i, i+int(int32(m.wide(i, 1))))
	}
	return nil
}

// cases returns the targets of the switch at i whose table is at unit at: u16 kind
// and count, then keys (one, or one for each target) and targets of 32 bits.
func (m *method) cases(i, at int) []int {
	if at < 0 || at+2 > len(m.units) {
		return nil
	}
	n := int(m.units[at+1])
	first := at + 4
	switch m.units[at] {
	case 0x100:
	case 0x200:
		first = at + 2 + 2*n
	default:
		return nil
	}
	var out []int
	for k := 0; k < n && first+2*k+2 <= len(m.units); k++ {
		out = append(out, i+int(int32(m.wide(first, 2*k))))
	}
	return out
}

// passed returns the registers whose values the instruction hands over.
func (m *method) passed(i int) []int {
	if i < 0 || i >= len(m.units) {
		return nil
	}
	switch op := m.op(i); {
	case op >= 0x6e && op <= 0x72 || op == 0xfa:
		list, out := m.unit(i, 2), []int{}
		for k := range min(m.b(i), 4) {
			out = append(out, int(list>>(4*k)&15))
		}
		if m.b(i) == 5 {
			out = append(out, m.a(i))
		}
		return out
	case op >= 0x74 && op <= 0x78 || op == 0xfb:
		var out []int
		for k := range m.aa(i) {
			out = append(out, int(m.unit(i, 2))+k)
		}
		return out
	case op >= 0x59 && op <= 0x5f:
		return []int{m.a(i)}
	case op >= 0x67 && op <= 0x6d:
		return []int{m.aa(i)}
	}
	return nil
}

// apply does to the registers what the instruction does.
func (m *method) apply(i int, now state) {
	set := func(register int, v Value) {
		if register < len(now) {
			now[register] = v
		}
	}
	get := func(register int) Value {
		if register < len(now) {
			return now[register]
		}
		return Value{}
	}
	number := func(n int64) Value { return Value{Kind: Number, Number: n} }
	switch op := m.op(i); op {
	case 0x01, 0x07:
		set(m.a(i), get(m.b(i)))
	case 0x02, 0x08:
		set(m.aa(i), get(int(m.unit(i, 1))))
	case 0x03, 0x09:
		set(int(m.unit(i, 1)), get(int(m.unit(i, 2))))
	case 0x04:
		v := get(m.b(i))
		set(m.a(i), v)
		set(m.a(i)+1, Value{})
	case 0x05:
		v := get(int(m.unit(i, 1)))
		set(m.aa(i), v)
		set(m.aa(i)+1, Value{})
	case 0x06:
		v := get(int(m.unit(i, 2)))
		set(int(m.unit(i, 1)), v)
		set(int(m.unit(i, 1))+1, Value{})
	case 0x12:
		set(m.a(i), number(int64(int8(m.b(i)<<4)>>4)))
	case 0x13:
		set(m.aa(i), number(int64(int16(m.unit(i, 1)))))
	case 0x14:
		set(m.aa(i), number(int64(int32(m.wide(i, 1)))))
	case 0x15:
		set(m.aa(i), number(int64(int32(uint32(m.unit(i, 1))<<16))))
	case 0x16, 0x17, 0x18, 0x19:
		set(m.aa(i), number(m.long(i, op)))
		set(m.aa(i)+1, Value{})
	case 0x1a:
		set(m.aa(i), Value{Kind: Text, Index: uint32(m.unit(i, 1))})
	case 0x1b:
		set(m.aa(i), Value{Kind: Text, Index: m.wide(i, 1)})
	case 0x1c:
		set(m.aa(i), Value{Kind: Class, Index: uint32(m.unit(i, 1))})
	case 0x22:
		set(m.aa(i), Value{Kind: Made, Index: uint32(m.unit(i, 1))})
	case 0x62:
		set(m.aa(i), Value{Kind: Static, Index: uint32(m.unit(i, 1))})
	case 0x0a, 0x0c:
		set(m.aa(i), m.result)
	case 0x71, 0x77:
		m.result = Value{}
		if p := m.passed(i); len(p) == 1 && m.boxes(uint32(m.unit(i, 1))) {
			m.result = get(p[0])
		}
	case 0x6e, 0x6f, 0x70, 0x72, 0x74, 0x75, 0x76, 0x78, 0xfa, 0xfb, 0xfc, 0xfd, 0x24, 0x25:
		m.result = Value{}
	default:
		register, wide := m.written(i, op)
		if register >= 0 {
			set(register, Value{})
		}
		if wide {
			set(register+1, Value{})
		}
	}
}

// long returns the constant of a const-wide instruction.
func (m *method) long(i, op int) int64 {
	switch op {
	case 0x16:
		return int64(int16(m.unit(i, 1)))
	case 0x17:
		return int64(int32(m.wide(i, 1)))
	case 0x18:
		return int64(uint64(m.wide(i, 1)) | uint64(m.wide(i, 3))<<32)
	}
	return int64(uint64(m.unit(i, 1)) << 48)
}

// written returns the register that an instruction sets to what is not followed,
// -1 for none, and whether it sets the next one, too.
func (m *method) written(i, op int) (register int, wide bool) {
	switch {
	case op == 0x0d, op >= 0x2d && op <= 0x31, op >= 0xd8 && op <= 0xe2, op == 0xfe, op == 0xff:
		return m.aa(i), false
	case op == 0x0b:
		return m.aa(i), true
	case op == 0x20, op == 0x21, op == 0x23, op >= 0xd0 && op <= 0xd7:
		return m.a(i), false
	case op >= 0x44 && op <= 0x4a:
		return m.aa(i), op == 0x45
	case op >= 0x52 && op <= 0x58:
		return m.a(i), op == 0x53
	case op >= 0x60 && op <= 0x66:
		return m.aa(i), op == 0x61
	case op >= 0x7b && op <= 0x8f:
		return m.a(i), wideUnary>>(op-0x7b)&1 == 1
	case op >= 0x90 && op <= 0xaf:
		return m.aa(i), op >= 0x9b && op <= 0xa5 || op >= 0xab
	case op >= 0xb0 && op <= 0xcf:
		return m.a(i), op >= 0xbb && op <= 0xc5 || op >= 0xcb
	}
	return -1, false
}

// wideUnary has a bit for each of the opcodes 0x7b to 0x8f whose result is 64 bits
// wide: 7d 7e 80 81 83 86 88 89 8b.
const wideUnary = 1<<2 | 1<<3 | 1<<5 | 1<<6 | 1<<8 | 1<<11 | 1<<13 | 1<<14 | 1<<16

// boxes reports whether a method makes an object of a number.
func (m *method) boxes(index uint32) bool {
	class, name, ok := m.f.Method(index)
	if !ok || string(m.f.String(name)) != "valueOf" {
		return false
	}
	switch string(m.f.Type(class)) {
	case "Ljava/lang/Integer;", "Ljava/lang/Boolean;", "Ljava/lang/Short;", "Ljava/lang/Byte;":
		return true
	}
	return false
}
