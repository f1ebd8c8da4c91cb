package pickle

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

func (m *machine) take(n int64) []byte {
	if m.err != nil {
		return nil
	}
	if n < 0 || n > int64(len(m.data)-m.pos) {
		m.err = &Error{Offset: int64(m.at), Truncated: true, Msg: "pickle ends inside an opcode"}
		return nil
	}
	b := m.data[m.pos : m.pos+int(n)]
	m.pos += int(n)
	return b
}

func (m *machine) u8() byte {
	if b := m.take(1); b != nil {
		return b[0]
	}
	return 0
}

// uint reads a little-endian number of n bytes.
func (m *machine) uint(n int) int64 {
	v := uint64(0)
	for i, b := range m.take(int64(n)) {
		v |= uint64(b) << (8 * i)
	}
	if v > math.MaxInt64 {
		m.fail("length %d", v)
		return 0
	}
	return int64(v)
}

func (m *machine) line() string {
	i := bytes.IndexByte(m.data[m.pos:], '\n')
	if i < 0 {
		m.take(int64(len(m.data)) + 1)
		return ""
	}
	s := m.take(int64(i) + 1)
	return strings.TrimSuffix(string(s[:i]), "\r")
}

func (m *machine) text(n int64) string {
	if n > int64(m.lim.Text) {
		m.err = &Error{Offset: int64(m.at), Limit: true, Msg: "string of " + strconv.FormatInt(n, 10) + " bytes"}
		return ""
	}
	return string(m.take(n))
}

// long reads a two's complement integer.
func long(b []byte) Value {
	if len(b) > 8 {
		return BigInt(b)
	}
	v := int64(0)
	for i, x := range b {
		v |= int64(x) << (8 * i)
	}
	if n := len(b); n > 0 && n < 8 && b[n-1]&0x80 != 0 {
		v -= 1 << (8 * n)
	}
	return v
}

func (m *machine) number(s string) Value {
	s = strings.TrimSuffix(s, "L")
	switch s {
	case "00":
		return false
	case "01":
		return true
	}
	v, err := strconv.ParseInt(s, 10, 64)
	if err == nil {
		return v
	}
	n, ok := new(big.Int).SetString(s[:min(len(s), 1000)], 10)
	if !ok || len(s) > 1000 {
		m.fail("integer %.20q", s)
		return nil
	}
	b := n.Bytes()
	slices.Reverse(b)
	return BigInt(b)
}

// step executes one opcode; STOP is handled by the caller.
func (m *machine) step(op byte) {
	if m.err != nil || m.scalar(op) || m.container(op) || m.named(op) {
		return
	}
	m.fail("opcode %#02x", op)
}

// scalar pushes numbers, strings and constants.
func (m *machine) scalar(op byte) bool {
	switch op {
	case 'N':
		m.push(nil)
	case 0x88:
		m.push(true)
	case 0x89:
		m.push(false)
	case 'I', 'L':
		m.push(m.number(m.line()))
	case 'J':
		m.push(int64(int32(uint32(m.uint(4)))))
	case 'K':
		m.push(m.uint(1))
	case 'M':
		m.push(m.uint(2))
	case 0x8a:
		m.push(long(m.take(m.uint(1))))
	case 0x8b:
		m.push(long(m.take(m.uint(4))))
	case 'F':
		v, err := strconv.ParseFloat(m.line(), 64)
		if err != nil {
			m.fail("float")
		}
		m.push(v)
	case 'G':
		if b := m.take(8); b != nil {
			m.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
		}
	case 'S', 'V':
		m.push(strings.Trim(m.line(), `'"`))
	case 'T', 'X':
		m.push(m.text(m.uint(4)))
	case 'U', 0x8c:
		m.push(m.text(m.uint(1)))
	case 0x8d:
		m.push(m.text(m.uint(8)))
	case 'B':
		m.push(m.take(m.uint(4)))
	case 'C':
		m.push(m.take(m.uint(1)))
	case 0x8e, 0x96:
		m.push(m.take(m.uint(8)))
	case 0x80:
		if v := m.u8(); v > 5 {
			m.fail("protocol %d", v)
		}
	case 0x95:
		m.take(8) // the length of a frame
	default:
		return false
	}
	return true
}

// container builds tuples, lists and dictionaries, and moves the stack.
func (m *machine) container(op byte) bool {
	switch op {
	case '(':
		m.push(mark{})
	case '0':
		if _, ok := m.top().(mark); ok {
			m.stack = m.stack[:len(m.stack)-1]
		} else {
			m.pop()
		}
	case '1':
		m.popMark()
	case '2':
		m.push(m.top())
	case ')':
		m.push(Tuple{})
	case 't':
		m.push(Tuple(m.popMark()))
	case 0x85:
		m.push(Tuple{m.pop()})
	case 0x86:
		b, a := m.pop(), m.pop()
		m.push(Tuple{a, b})
	case 0x87:
		c, b, a := m.pop(), m.pop(), m.pop()
		m.push(Tuple{a, b, c})
	case ']', 0x8f:
		m.push(&List{})
	case 'l', 0x91:
		m.push(&List{Items: m.popMark()})
	case 'a':
		v := m.pop()
		m.appendItems(m.top(), []Value{v})
	case 'e', 0x90:
		items := m.popMark()
		m.appendItems(m.top(), items)
	case '}':
		m.push(&Dict{})
	case 'd':
		m.push(dictOf(m, m.popMark()))
	case 's':
		v, k := m.pop(), m.pop()
		m.setItems(m.top(), []Value{k, v})
	case 'u':
		pairs := m.popMark()
		m.setItems(m.top(), pairs)
	case 'p':
		n, _ := m.number(m.line()).(int64)
		m.remember(n)
	case 'q':
		m.remember(m.uint(1))
	case 'r':
		m.remember(m.uint(4))
	case 0x94:
		m.remember(int64(len(m.memo)))
	case 'g':
		n, _ := m.number(m.line()).(int64)
		m.recall(n)
	case 'h':
		m.recall(m.uint(1))
	case 'j':
		m.recall(m.uint(4))
	default:
		return false
	}
	return true
}

func (m *machine) remember(n int64) {
	if v := m.top(); m.err == nil {
		m.memo[n] = v
	}
}

func (m *machine) recall(n int64) {
	v, ok := m.memo[n]
	if !ok && m.err == nil {
		m.fail("nothing remembered as %d", n)
	}
	m.push(v)
}

// named reads names, calls and persistent ids.
func (m *machine) named(op byte) bool {
	switch op {
	case 'c':
		module := m.line()
		m.push(Global{module, m.line()})
	case 0x93:
		name, ok1 := m.pop().(string)
		module, ok2 := m.pop().(string)
		if !ok1 || !ok2 {
			m.fail("name of a global is no string")
		}
		m.push(Global{module, name})
	case 'R', 0x81:
		args, class := m.pop(), m.pop()
		m.push(&Object{Class: class, Args: args})
	case 0x92:
		m.pop()
		args, class := m.pop(), m.pop()
		m.push(&Object{Class: class, Args: args})
	case 'i':
		module := m.line()
		g := Global{module, m.line()}
		m.push(&Object{Class: g, Args: Tuple(m.popMark())})
	case 'o':
		args := m.popMark()
		if len(args) == 0 {
			m.fail("object without a class")
			return true
		}
		m.push(&Object{Class: args[0], Args: Tuple(args[1:])})
	case 'b':
		state := m.pop()
		if o, ok := m.top().(*Object); ok {
			o.State = state
		} else if _, ok := m.top().(*Dict); !ok && m.err == nil {
			m.fail("state set on %T", m.top())
		}
	case 'P':
		m.push(&Persistent{ID: m.line()})
	case 'Q':
		m.push(&Persistent{ID: m.pop()})
	case 0x82, 0x83, 0x84:
		m.uint([]int{1, 2, 4}[op-0x82])
		m.push(Global{"copyreg", "extension"})
	case 0x97, 0x98:
		m.push(nil)
	default:
		return false
	}
	return true
}
