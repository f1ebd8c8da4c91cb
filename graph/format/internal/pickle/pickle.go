// Package pickle reads Python pickles of protocols 0 to 5 as data. Nothing is
// imported, called or built: a class is its name (Global), a call is what it was
// asked to do (Object), a persistent id is a value (Persistent). Work and memory
// are bounded by the input's length and Limits; values may share parts, so a
// reader that walks them must remember where it has been.
//
// Facts: Python's Lib/pickletools.py (opcodes and their arguments).
package pickle

import "fmt"

// Value is nil, bool, int64, float64, string, []byte, Global, Tuple, *List,
// *Dict, *Object or *Persistent. Integers that do not fit are BigInt.
type Value any

// BigInt is an integer beyond 64 bits, as its little-endian bytes.
type BigInt []byte

// Global is a class or function by name.
type Global struct{ Module, Name string }

// String returns "module.name".
func (g Global) String() string { return g.Module + "." + g.Name }

// Tuple is an immutable sequence.
type Tuple []Value

// List is a list or set.
type List struct{ Items []Value }

// Dict is a dictionary in insertion order.
type Dict struct{ Keys, Values []Value }

// Get returns the value of a string key.
func (d *Dict) Get(key string) (Value, bool) {
	for i := len(d.Keys) - 1; i >= 0; i-- {
		if s, ok := d.Keys[i].(string); ok && s == key {
			return d.Values[i], true
		}
	}
	return nil, false
}

// Object is what a call or class would have built: class, arguments, and what
// was set on it afterwards.
type Object struct {
	Class Value
	Args  Value
	// State is the argument of BUILD, nil if there was none.
	State Value
	// Items were appended, Pairs set as items.
	Items []Value
	Pairs Dict
}

// Persistent is an object kept outside the pickle.
type Persistent struct{ ID Value }

// Error is a malformed pickle.
type Error struct {
	Offset           int64
	Truncated, Limit bool
	Msg              string
}

// Error returns "offset 12: ...".
func (e *Error) Error() string { return fmt.Sprintf("offset %d: %s", e.Offset, e.Msg) }

// Limits bound a load. A zero field means the default.
type Limits struct {
	// Ops bounds the opcodes (default 16 Mi), Text any one string (default 64 MiB).
	Ops, Text int
}

// Load reads one pickle and returns its value and how many bytes it took.
func Load(data []byte, lim Limits) (Value, int, error) {
	if lim.Ops == 0 {
		lim.Ops = 16 << 20
	}
	if lim.Text == 0 {
		lim.Text = 64 << 20
	}
	m := &machine{data: data, lim: lim, memo: map[int64]Value{}}
	for {
		if lim.Ops--; lim.Ops < 0 {
			return nil, m.pos, &Error{Offset: int64(m.pos), Limit: true, Msg: "too many opcodes"}
		}
		m.at = m.pos
		op := m.u8()
		if op == '.' && m.err == nil {
			if len(m.stack) != 1 {
				return nil, m.pos, m.fail("%d values on the stack at the end", len(m.stack))
			}
			v := m.pop()
			return v, m.pos, m.err
		}
		m.step(op)
		if m.err != nil {
			return nil, m.pos, m.err
		}
	}
}

// mark separates the arguments of an opcode on the stack.
type mark struct{}

// machine is the stack machine.
type machine struct {
	data  []byte
	pos   int
	at    int
	lim   Limits
	stack []Value
	memo  map[int64]Value
	err   error
}

func (m *machine) fail(msg string, args ...any) error {
	if m.err == nil {
		m.err = &Error{Offset: int64(m.at), Msg: fmt.Sprintf(msg, args...)}
	}
	return m.err
}

func (m *machine) push(v Value) { m.stack = append(m.stack, v) }

func (m *machine) pop() Value {
	if len(m.stack) == 0 {
		m.fail("empty stack")
		return nil
	}
	v := m.stack[len(m.stack)-1]
	m.stack = m.stack[:len(m.stack)-1]
	if _, ok := v.(mark); ok {
		m.fail("mark where a value should be")
		return nil
	}
	return v
}

func (m *machine) top() Value {
	if len(m.stack) == 0 {
		m.fail("empty stack")
		return nil
	}
	return m.stack[len(m.stack)-1]
}

// popMark takes the values above the last mark, and the mark.
func (m *machine) popMark() []Value {
	for i := len(m.stack) - 1; i >= 0; i-- {
		if _, ok := m.stack[i].(mark); ok {
			out := append([]Value{}, m.stack[i+1:]...)
			m.stack = m.stack[:i]
			return out
		}
	}
	m.fail("no mark on the stack")
	return nil
}

func (m *machine) setItems(target Value, pairs []Value) {
	if len(pairs)%2 != 0 {
		m.fail("odd number of keys and values")
		return
	}
	var d *Dict
	switch t := target.(type) {
	case *Dict:
		d = t
	case *Object:
		d = &t.Pairs
	default:
		m.fail("items set on %T", target)
		return
	}
	for i := 0; i < len(pairs); i += 2 {
		d.Keys, d.Values = append(d.Keys, pairs[i]), append(d.Values, pairs[i+1])
	}
}

func (m *machine) appendItems(target Value, items []Value) {
	switch t := target.(type) {
	case *List:
		t.Items = append(t.Items, items...)
	case *Object:
		t.Items = append(t.Items, items...)
	default:
		m.fail("items appended to %T", target)
	}
}

func dictOf(m *machine, pairs []Value) *Dict {
	d := &Dict{}
	m.setItems(d, pairs)
	return d
}
