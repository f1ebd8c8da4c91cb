package nnef

import (
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

// lexer cuts the text into words, numbers, strings and punctuation.
type lexer struct {
	s    string
	pos  int
	at   int
	kind byte // i identifier, n number, s string, p punctuation, 0 the end
	text string
}

func (l *lexer) next() {
	for l.pos < len(l.s) {
		c := l.s[l.pos]
		if c == '#' {
			for l.pos < len(l.s) && l.s[l.pos] != '\n' {
				l.pos++
			}
			continue
		}
		if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			break
		}
		l.pos++
	}
	l.at = l.pos
	if l.pos >= len(l.s) {
		l.kind, l.text = 0, ""
		return
	}
	c := l.s[l.pos]
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	letter := func(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }
	switch {
	case letter(c):
		for l.pos < len(l.s) && (letter(l.s[l.pos]) || digit(l.s[l.pos])) {
			l.pos++
		}
		l.kind = 'i'
	case digit(c) || c == '-' && l.pos+1 < len(l.s) && digit(l.s[l.pos+1]):
		l.pos++
		for l.pos < len(l.s) && (digit(l.s[l.pos]) || strings.IndexByte(".eE", l.s[l.pos]) >= 0 || strings.IndexByte("+-", l.s[l.pos]) >= 0 && (l.s[l.pos-1]|0x20) == 'e') {
			l.pos++
		}
		l.kind = 'n'
	case c == '\'' || c == '"':
		end := strings.IndexByte(l.s[l.pos+1:], c)
		if end < 0 {
			l.kind, l.text, l.pos = 'p', "unterminated", len(l.s)
			return
		}
		l.kind, l.text = 's', l.s[l.pos+1:l.pos+1+end]
		l.pos += end + 2
		return
	case strings.HasPrefix(l.s[l.pos:], "->"):
		l.pos += 2
		l.kind = 'p'
	default:
		l.pos++
		l.kind = 'p'
	}
	l.text = l.s[l.at:l.pos]
}

// value is an argument: a number, a string, a flag, a tensor by name, or a list.
type value struct {
	kind  byte // n, s, b, i, l
	text  string
	num   float64
	items []value
}

// builder reads the document and makes the graph.
type builder struct {
	l         lexer
	in        format.Input
	lim       format.Limits
	m         *graph.Model
	g         *graph.Graph
	names     map[string]graph.TensorID
	fragments map[string]bool
	unknown   []string
	missing   int
	work      int
}

func (b *builder) fail(msg string, args ...any) error {
	kind := format.ErrMalformed
	if b.l.kind == 0 {
		kind = format.ErrTruncated
	}
	return format.Errorf(kind, int64(b.l.at), msg, args...)
}

func (b *builder) expect(text string) error {
	if b.l.text != text || b.l.kind == 's' {
		return b.fail("%q expected, found %.40q", text, b.l.text)
	}
	b.l.next()
	return nil
}

// document: version, extensions, fragments, graph.
func (b *builder) document(s string) error {
	b.l = lexer{s: s}
	b.l.next()
	b.l.next()
	b.m.FormatVersion = b.l.text
	b.l.next()
	for b.l.text != "graph" || b.l.kind != 'i' {
		switch {
		case b.l.kind == 0:
			return b.fail("no graph")
		case b.l.text == "fragment" && b.l.kind == 'i':
			b.l.next()
			b.fragments[b.l.text] = true
			if err := b.skipFragment(); err != nil {
				return err
			}
		default:
			b.l.next()
		}
	}
	b.l.next()
	b.m.Name, b.g.Name = b.l.text, b.l.text
	b.l.next()
	if _, err := b.nameList(); err != nil {
		return err
	}
	if err := b.expect("->"); err != nil {
		return err
	}
	outs, err := b.nameList()
	if err != nil {
		return err
	}
	if err := b.expect("{"); err != nil {
		return err
	}
	for b.l.text != "}" || b.l.kind != 'p' {
		if err := b.assignment(); err != nil {
			return err
		}
	}
	for _, o := range outs {
		if id, ok := b.names[o]; ok {
			b.g.Outputs = append(b.g.Outputs, id)
		}
	}
	return nil
}

// skipFragment passes a fragment's declaration and body.
func (b *builder) skipFragment() error {
	depth := 0
	for b.l.kind != 0 {
		switch {
		case b.l.kind != 'p':
		case b.l.text == "{":
			depth++
		case b.l.text == "}":
			if depth--; depth == 0 {
				b.l.next()
				return nil
			}
		case b.l.text == ";" && depth == 0:
			b.l.next()
			return nil
		}
		b.l.next()
	}
	return b.fail("fragment does not end")
}

// nameList reads "(a, b)".
func (b *builder) nameList() ([]string, error) {
	if err := b.expect("("); err != nil {
		return nil, err
	}
	var out []string
	for b.l.kind == 'i' {
		out = append(out, b.l.text)
		b.l.next()
		if b.l.text == "," {
			b.l.next()
		}
	}
	return out, b.expect(")")
}

// assignment reads "left = operation(arguments);".
func (b *builder) assignment() error {
	at := b.l.at
	left, err := b.value(0)
	if err != nil {
		return err
	}
	if err := b.expect("="); err != nil {
		return err
	}
	if b.l.kind != 'i' {
		return b.fail("operation expected, found %.40q", b.l.text)
	}
	c := &call{b: b, word: b.l.text, named: map[string]value{}, at: int64(at)}
	b.l.next()
	if b.l.text == "<" { // external<scalar>
		for b.l.kind != 0 && b.l.text != ">" {
			b.l.next()
		}
		b.l.next()
	}
	if err := b.arguments(c); err != nil {
		return err
	}
	if err := b.expect(";"); err != nil {
		return err
	}
	return c.build(left)
}

func (b *builder) arguments(c *call) error {
	if err := b.expect("("); err != nil {
		return err
	}
	for b.l.text != ")" || b.l.kind != 'p' {
		v, err := b.value(0)
		if err != nil {
			return err
		}
		if b.l.text == "=" && v.kind == 'i' {
			b.l.next()
			name := v.text
			if v, err = b.value(0); err != nil {
				return err
			}
			c.named[name] = v
			c.order = append(c.order, name)
		} else {
			c.positional = append(c.positional, v)
		}
		if b.l.text == "," {
			b.l.next()
		} else if b.l.text != ")" {
			return b.fail("',' or ')' expected, found %.40q", b.l.text)
		}
	}
	b.l.next()
	return nil
}

// value reads a literal, a name, a list or a tuple.
func (b *builder) value(depth int) (value, error) {
	if b.work++; b.work > 8*b.lim.Tensors || depth > b.lim.Depth {
		return value{}, format.Errorf(format.ErrLimit, int64(b.l.at), "arguments too many or too deep")
	}
	v := value{kind: b.l.kind, text: b.l.text}
	switch {
	case b.l.kind == 'i' && (b.l.text == "true" || b.l.text == "false"):
		v.kind = 'b'
	case b.l.kind == 'n':
		f, err := strconv.ParseFloat(b.l.text, 64)
		if err != nil {
			return v, b.fail("number %.40q", b.l.text)
		}
		v.num = f
	case b.l.kind == 'p' && (b.l.text == "[" || b.l.text == "("):
		closing := map[string]string{"[": "]", "(": ")"}[b.l.text]
		b.l.next()
		v.kind = 'l'
		for b.l.text != closing || b.l.kind != 'p' {
			item, err := b.value(depth + 1)
			if err != nil {
				return v, err
			}
			v.items = append(v.items, item)
			if b.l.text == "," {
				b.l.next()
			} else if b.l.text != closing {
				return v, b.fail("%q expected, found %.40q", closing, b.l.text)
			}
		}
	case b.l.kind == 'i' || b.l.kind == 's':
	default:
		return v, b.fail("value expected, found %.40q", b.l.text)
	}
	if len(v.text) > b.lim.TextBytes {
		return v, format.Errorf(format.ErrLimit, int64(b.l.at), "word of %d bytes", len(v.text))
	}
	b.l.next()
	return v, nil
}

func (b *builder) tensor(t graph.Tensor) graph.TensorID {
	b.g.Tensors = append(b.g.Tensors, t)
	return graph.TensorID(len(b.g.Tensors) - 1)
}
