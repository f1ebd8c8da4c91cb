package textproto

import "unicode/utf8"

// strings reads one string or several adjacent ones.
func (p *parser) strings() (string, error) {
	var out []byte
	for {
		quote := p.peek()
		if quote != '"' && quote != '\'' {
			return string(out), nil
		}
		p.pos++
		var err error
		if out, err = p.string(out, quote); err != nil {
			return "", err
		}
		p.space()
	}
}

// string reads up to the closing quote and appends to out.
func (p *parser) string(out []byte, quote byte) ([]byte, error) {
	for p.pos < len(p.data) {
		c := p.data[p.pos]
		p.pos++
		switch c {
		case quote:
			return out, nil
		case '\n':
			p.pos--
			return nil, p.fail("string goes over the end of its line")
		case '\\':
			var err error
			if out, err = p.escape(out); err != nil {
				return nil, err
			}
		default:
			out = append(out, c)
		}
		if len(out) > p.lim.Text {
			return nil, p.limit("string longer than %d", p.lim.Text)
		}
	}
	return nil, p.fail("text ends inside a string")
}

var simpleEscapes = map[byte]byte{
	'a': 7, 'b': 8, 'f': 12, 'n': 10, 'r': 13, 't': 9, 'v': 11, '\\': '\\', '\'': '\'', '"': '"', '?': '?',
}

// escape reads what follows a backslash.
func (p *parser) escape(out []byte) ([]byte, error) {
	c := p.peek()
	p.pos++
	switch {
	case p.pos > len(p.data):
		p.pos = len(p.data)
		return nil, p.fail("text ends inside an escape")
	case c >= '0' && c <= '7':
		p.pos--
		return append(out, byte(p.digits(8, 3))), nil
	case c == 'x' || c == 'X':
		return append(out, byte(p.digits(16, 2))), nil
	case c == 'u':
		return utf8.AppendRune(out, rune(p.digits(16, 4))), nil
	case c == 'U':
		return utf8.AppendRune(out, rune(p.digits(16, 8))), nil
	}
	if b, ok := simpleEscapes[c]; ok {
		return append(out, b), nil
	}
	p.pos--
	return nil, p.fail("escape %q", c)
}

// digits reads at most n digits of the base.
func (p *parser) digits(base uint32, n int) uint32 {
	v := uint32(0)
	for ; n > 0; n-- {
		c := p.peek()
		var d uint32
		switch {
		case c >= '0' && c <= '9':
			d = uint32(c - '0')
		case c >= 'a' && c <= 'f':
			d = uint32(c-'a') + 10
		case c >= 'A' && c <= 'F':
			d = uint32(c-'A') + 10
		default:
			return v
		}
		if d >= base {
			return v
		}
		v = v*base + d
		p.pos++
	}
	return v
}
