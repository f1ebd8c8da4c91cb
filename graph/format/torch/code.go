package torch

import (
	"strings"

	"github.com/gaugenn/gaugenn/graph/format/internal/pickle"
)

// function is a method of a class in an archive's code.
type function struct {
	params []string
	body   []line
}

// line is one statement.
type line struct {
	indent int
	text   string
}

// freeFunctions is the class that functions outside classes are kept under.
const freeFunctions = ".def"

// method returns a method of an object's class.
func (s *script) method(o *pickle.Object, name string) (function, bool) {
	g, ok := o.Class.(pickle.Global)
	if !ok {
		return function{}, false
	}
	s.load(g.Module)
	f, ok := s.functions[g.Module+"."+g.Name][name]
	return f, ok
}

// function returns a function outside classes by its path.
func (s *script) function(path string) (function, bool) {
	dot := strings.LastIndexByte(path, '.')
	if dot < 0 {
		return function{}, false
	}
	s.load(path[:dot])
	f, ok := s.functions[path[:dot]+freeFunctions][path[dot+1:]]
	return f, ok
}

// load reads a module's code once.
func (s *script) load(module string) {
	if s.loaded[module] {
		return
	}
	s.loaded[module] = true
	code, err := s.a.read("code/" + strings.ReplaceAll(module, ".", "/") + ".py")
	if err == nil && int64(len(code)) <= s.b.lim.DecodedBytes {
		s.parse(module, string(code))
	}
}

// parse splits a module's code into classes, methods and statements.
func (s *script) parse(module, code string) {
	class, method := "", ""
	var pending strings.Builder
	indent, open := 0, 0
	for _, raw := range strings.Split(code, "\n") {
		t := strings.TrimSpace(raw)
		if t == "" || open == 0 && strings.HasPrefix(t, "#") {
			continue
		}
		if open == 0 {
			indent = len(raw) - len(strings.TrimLeft(raw, " "))
		}
		pending.WriteString(t)
		pending.WriteByte(' ')
		if open += balance(t); open > 0 {
			continue
		}
		open = 0
		text := strings.TrimSpace(pending.String())
		pending.Reset()
		switch {
		case strings.HasPrefix(text, "class ") && indent == 0:
			name, _, _ := strings.Cut(strings.TrimPrefix(text, "class "), "(")
			class, method = module+"."+name, ""
			s.functions[class] = map[string]function{}
		case strings.HasPrefix(text, "def ") && (indent == 0 || class != "" && indent <= 2):
			name, rest, _ := strings.Cut(strings.TrimPrefix(text, "def "), "(")
			if method = name; indent == 0 {
				class = module + freeFunctions
				if s.functions[class] == nil {
					s.functions[class] = map[string]function{}
				}
			}
			s.functions[class][method] = function{params: parameters(rest)}
		case class != "" && method != "" && indent >= 2:
			f := s.functions[class][method]
			f.body = append(f.body, line{indent, text})
			s.functions[class][method] = f
		}
	}
}

// balance counts opening less closing brackets outside strings.
func balance(s string) int {
	n, quote := 0, byte(0)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote != 0:
			if c == '\\' {
				i++
			} else if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '(' || c == '[' || c == '{':
			n++
		case c == ')' || c == ']' || c == '}':
			n--
		}
	}
	return n
}

// parameters returns the names before the colons of "self: T, x: Tensor=...".
func parameters(s string) []string {
	var out []string
	depth, start := 0, 0
	for i := 0; i <= len(s); i++ {
		c := byte(',')
		if i < len(s) {
			c = s[i]
		}
		switch {
		case c == '(' || c == '[':
			depth++
		case c == ']' || c == ')' && depth > 0:
			depth--
		case c == ',' && depth == 0 || c == ')':
			name, _, _ := strings.Cut(s[start:i], ":")
			if name = strings.TrimSpace(name); name != "" {
				out = append(out, name)
			}
			start = i + 1
			if c == ')' {
				return out
			}
		}
	}
	return out
}
