package dex

import "encoding/binary"

// ValueKind says what is known of a register.
type ValueKind uint8

// The kinds of values.
const (
	// Unknown is a value that depends on more than the code of its method.
	Unknown ValueKind = iota
	// Number is a constant: Value.Number holds its bits, sign-extended.
	Number
	// Text is a string constant: Value.Index is a string.
	Text
	// Static is what a static field holds, as of an enumeration: Value.Index is a field.
	Static
	// Made is an object made in the method: Value.Index is its type.
	Made
	// Class is a class as a value: Value.Index is a type.
	Class
)

// Value is what a method's code puts into a register.
type Value struct {
	Kind   ValueKind
	Number int64
	Index  uint32
}

// Bounds of what is followed of one method. Beyond, values are unknown.
const (
	maxUnits     = 1 << 15 // 16-bit units of code
	maxRegisters = 512
	maxStates    = 1 << 18 // registers over all places where paths meet
	maxSteps     = 1 << 19 // instructions followed, and jumps from them
	maxHandlers  = 1 << 15 // exception handlers
)

// Arguments returns what is known of the values that the instruction at r passes:
// for Invoke one for each register, with the receiver first and a wide value twice
// (its second half unknown); for WriteField the value written.
//
// Constants are followed through the method alone, over all of its paths: where two
// paths bring different values to one place, the value is unknown there. The result
// is nil where the code does not decode or is beyond the bounds.
func (f *File) Arguments(r Ref) []Value {
	m, ok := f.method(r.Code)
	if !ok {
		return nil
	}
	at := int(r.Offset-r.Code-16) / 2
	state := m.before(at)
	if state == nil {
		return nil
	}
	var out []Value
	for _, register := range m.passed(at) {
		v := Value{}
		if register < len(state) {
			v = state[register]
		}
		out = append(out, v)
	}
	return out
}

// method is the code of one method, in 16-bit units.
type method struct {
	f         *File
	units     []uint16
	registers int
	entry     []int         // units at which exception handlers start
	states    map[int]state // at the units where paths meet; nil: not reached
	result    Value         // of the invocation before
	steps     int
}

type state []Value

// method reads the code item at off: u16 registers, ins, outs, tries; u32 debug
// info and size; the units, then the tries and their handlers.
func (f *File) method(off int64) (*method, bool) {
	if off <= 0 || off+16 > int64(len(f.data)) {
		return nil, false
	}
	head := f.data[off:]
	n := int64(binary.LittleEndian.Uint32(head[12:]))
	m := &method{f: f, registers: int(binary.LittleEndian.Uint16(head)), states: map[int]state{}}
	if n > maxUnits || 16+2*n > int64(len(head)) || m.registers > maxRegisters {
		return nil, false
	}
	for i := range n {
		m.units = append(m.units, binary.LittleEndian.Uint16(head[16+2*i:]))
	}
	ok := m.handlers(head[16+2*n:], int(binary.LittleEndian.Uint16(head[6:])), n%2 == 1)
	return m, ok
}

// handlers reads where exception handlers start: behind padding to four bytes, a
// record of eight bytes for each try, then the handlers by ULEB128 numbers. ok is
// false beyond the bounds.
func (m *method) handlers(b []byte, tries int, padded bool) (ok bool) {
	skip := 8 * tries
	if padded {
		skip += 2
	}
	if tries == 0 || skip > len(b) {
		return true
	}
	b = b[skip:]
	lists, b := uleb(b)
	for range min(lists, maxUnits) {
		var n int32
		n, b = sleb(b)
		for range min(max(n, -n), maxUnits) {
			var at uint32
			_, b = uleb(b)
			at, b = uleb(b)
			m.entry = append(m.entry, int(min(at, maxUnits)))
		}
		if n <= 0 {
			var at uint32
			at, b = uleb(b)
			m.entry = append(m.entry, int(min(at, maxUnits)))
		}
		if len(m.entry) > maxHandlers {
			return false
		}
		if len(b) == 0 {
			return true
		}
	}
	return true
}

// sleb reads a signed LEB128 of at most five bytes.
func sleb(b []byte) (v int32, rest []byte) {
	u, rest := uleb(b)
	if n := 7 * (len(b) - len(rest)); n > 0 && n < 32 && u>>(n-1)&1 == 1 {
		u |= ^uint32(0) << n
	}
	return int32(u), rest
}

// before returns the registers as every path brings them to the instruction at
// unit at, nil if none does or a bound is passed.
func (m *method) before(at int) state {
	if !m.meetings(at) {
		return nil
	}
	work := []int{0}
	m.states[0] = make(state, m.registers)
	for _, e := range m.entry {
		if _, ok := m.states[e]; ok {
			m.states[e] = make(state, m.registers) // anything may have been thrown at
			work = append(work, e)
		}
	}
	for len(work) > 0 {
		from := work[len(work)-1]
		work = work[:len(work)-1]
		var ok bool
		if work, ok = m.follow(from, work); !ok {
			return nil
		}
	}
	return m.states[at]
}

// meetings notes every unit that is a target of a branch or handler, the first one
// and at; ok is false beyond the bounds.
func (m *method) meetings(at int) (ok bool) {
	m.states[0], m.states[at] = nil, nil
	for _, e := range m.entry {
		m.states[e] = nil
	}
	jumps := 0
	for i := 0; i < len(m.units); i += m.size(i) {
		targets := m.targets(i)
		if jumps += len(targets); jumps > maxSteps {
			return false
		}
		for _, t := range targets {
			m.states[t] = nil
		}
	}
	return len(m.states)*m.registers <= maxStates
}

// follow goes through the code from a meeting on until every path out of it meets
// another; meetings whose state changes are added to work.
func (m *method) follow(from int, work []int) ([]int, bool) {
	now := append(state(nil), m.states[from]...)
	m.result = Value{}
	for i := from; i >= 0 && i < len(m.units); {
		if m.steps++; m.steps > maxSteps {
			return work, false
		}
		m.apply(i, now)
		targets := m.targets(i)
		m.steps += len(targets)
		for _, t := range targets {
			if m.meet(t, now) {
				work = append(work, t)
			}
		}
		if m.ends(i) {
			break
		}
		i += m.size(i)
		if _, meeting := m.states[i]; meeting {
			if m.meet(i, now) {
				work = append(work, i)
			}
			break
		}
	}
	return work, true
}

// meet merges a path's registers into those at unit at and reports a change.
func (m *method) meet(at int, now state) bool {
	have := m.states[at]
	if have == nil {
		if at < 0 || at >= len(m.units) {
			return false
		}
		m.states[at] = append(state(nil), now...)
		return true
	}
	changed := false
	for i := range have {
		if have[i] != now[i] && have[i].Kind != Unknown {
			have[i], changed = Value{}, true
		}
	}
	return changed
}
