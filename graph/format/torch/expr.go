package torch

import "strings"

// expr is an expression of the code in an archive: a name with dots, a call,
// a literal, a sequence.
type expr struct {
	kind  byte // n name, c call, l literal, s sequence, a attribute of value, o operators on args, k keyword argument
	text  string
	value *expr
	args  []*expr
}

// exprParser reads the expressions that the serializer writes.
type exprParser struct {
	s     string
	pos   int
	depth int
	bad   bool
}

func parseExpr(s string) (*expr, bool) {
	p := &exprParser{s: s}
	e := p.tuple(0)
	p.space()
	return e, !p.bad && p.pos == len(p.s)
}

func (p *exprParser) space() {
	for p.pos < len(p.s) && (p.s[p.pos] == ' ' || p.s[p.pos] == '\n' || p.s[p.pos] == '\t') {
		p.pos++
	}
}

func (p *exprParser) peek() byte {
	p.space()
	if p.pos < len(p.s) {
		return p.s[p.pos]
	}
	return 0
}

// tuple reads expressions separated by commas up to a closing byte or the end.
func (p *exprParser) tuple(closing byte) *expr {
	e := &expr{kind: 's'}
	commas := 0
	for p.peek() != closing && p.peek() != 0 && !p.bad {
		e.args = append(e.args, p.one())
		if p.peek() != ',' {
			break
		}
		p.pos++
		commas++
	}
	if len(e.args) == 1 && commas == 0 {
		return e.args[0]
	}
	return e
}

// one reads an operand with what follows it: attributes, calls, subscripts,
// operators.
func (p *exprParser) one() *expr {
	if p.depth++; p.depth > 200 {
		p.bad = true
	}
	defer func() { p.depth-- }()
	e := p.operand()
	for !p.bad {
		switch c := p.peek(); {
		case c == '.':
			p.pos++
			e = &expr{kind: 'a', text: p.word(), value: e}
		case c == '(':
			p.pos++
			e = &expr{kind: 'c', value: e, args: p.list(')')}
		case c == '[':
			p.pos++
			e = &expr{kind: 'o', args: append([]*expr{e}, p.list(']')...)}
		case c == '=' && (p.pos+1 >= len(p.s) || p.s[p.pos+1] != '='): // keyword argument
			p.pos++
			e = &expr{kind: 'k', args: []*expr{p.one()}}
		case strings.IndexByte("+-*/%<>=!&|^", c) >= 0 && c != 0:
			for strings.IndexByte("+-*/%<>=!&|^", p.peek()) >= 0 && p.peek() != 0 {
				p.pos++
			}
			e = &expr{kind: 'o', args: []*expr{e, p.one()}}
		default:
			w := p.ahead()
			switch w {
			case "if", "else", "and", "or", "is", "in", "not":
				p.pos += len(w)
				e = &expr{kind: 'o', args: []*expr{e, p.one()}}
			default:
				return e
			}
		}
	}
	return e
}

func (p *exprParser) list(closing byte) []*expr {
	t := p.tuple(closing)
	if p.peek() != closing {
		p.bad = true
		return nil
	}
	p.pos++
	if t.kind == 's' && t.text == "" {
		return t.args
	}
	return []*expr{t}
}

func (p *exprParser) operand() *expr {
	switch c := p.peek(); {
	case c == '(' || c == '[' || c == '{':
		p.pos++
		closing := map[byte]byte{'(': ')', '[': ']', '{': '}'}[c]
		t := p.tuple(closing)
		for p.peek() == ':' { // pairs of a dictionary
			p.pos++
			t = &expr{kind: 's', args: []*expr{t, p.tuple(closing)}}
		}
		if p.peek() != closing {
			p.bad = true
			return &expr{kind: 'l'}
		}
		p.pos++
		if c != '(' || t.kind == 's' {
			return &expr{kind: 's', text: "sequence", args: []*expr{t}}
		}
		return t
	case c == '"' || c == '\'':
		start := p.pos
		p.pos++
		for p.pos < len(p.s) && p.s[p.pos] != c {
			if p.s[p.pos] == '\\' {
				p.pos++
			}
			p.pos++
		}
		p.pos++
		if p.pos > len(p.s) {
			p.bad, p.pos = true, len(p.s)
		}
		return &expr{kind: 'l', text: p.s[min(start, len(p.s)):p.pos]}
	case c == '-' || c == '~' || c == '+' || c == '*':
		p.pos++
		e := p.one()
		if c == '-' && e.kind == 'l' {
			e.text = "-" + e.text
		}
		return e
	case c >= '0' && c <= '9':
		start := p.pos
		for p.pos < len(p.s) && (isWord(p.s[p.pos]) || p.s[p.pos] == '.' || (p.s[p.pos] == '-' || p.s[p.pos] == '+') && (p.s[p.pos-1]|0x20) == 'e') {
			p.pos++
		}
		return &expr{kind: 'l', text: p.s[start:p.pos]}
	}
	w := p.word()
	switch w {
	case "":
		p.bad = true
	case "not":
		return p.one()
	case "None", "True", "False", "inf", "nan":
		return &expr{kind: 'l', text: w}
	}
	return &expr{kind: 'n', text: w}
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

func (p *exprParser) ahead() string {
	p.space()
	end := p.pos
	for end < len(p.s) && isWord(p.s[end]) {
		end++
	}
	return p.s[p.pos:end]
}

func (p *exprParser) word() string {
	w := p.ahead()
	p.pos += len(w)
	return w
}

// path returns "torch.nn.x" of a chain of names, "" for anything else.
func (e *expr) path() string {
	switch e.kind {
	case 'n':
		return e.text
	case 'a':
		if p := e.value.path(); p != "" {
			return p + "." + e.text
		}
	}
	return ""
}
