package torch

import (
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/aten"
	"github.com/gaugenn/gaugenn/graph/format/internal/pickle"
)

// value is what a name stands for while the code is read.
type value struct {
	tensors []graph.TensorID
	object  *pickle.Object
	free    string // path of a function outside classes: "__torch__.torch.nn.functional.relu"
}

// script reads operators from forward of the root object's class.
type script struct {
	b         *builder
	a         *archive
	functions map[string]map[string]function // by class
	loaded    map[string]bool                // modules
	constants []pickle.Value
	branches  int
	loops     int
	unread    int
	steps     int
	calls     [][]aten.Value // arguments of each node, nil where not all are known
}

// maxSteps bounds the statements read: code may call itself, twice each time.
const maxSteps = 1 << 18

// script adds the operators of the archive's code.
func (b *builder) script(a *archive, root pickle.Value) error {
	s := &script{b: b, a: a, functions: map[string]map[string]function{}, loaded: map[string]bool{}}
	c, err := a.load("constants.pkl")
	if err != nil {
		return err
	}
	if t, ok := c.(pickle.Tuple); ok {
		s.constants = t
	} else if c == nil { // mobile files keep them with the bytecode
		s.mobileConstants()
	}
	for i, v := range s.constants {
		b.walk(v, "CONSTANTS.c"+strconv.Itoa(i), 0)
	}
	o, ok := root.(*pickle.Object)
	if !ok {
		return format.Errorf(format.ErrMalformed, -1, "data.pkl holds no module")
	}
	f, ok := s.method(o, "forward")
	if !ok {
		b.notes = append(b.notes, graph.Note{Loses: true, Text: "no code of forward in the archive: operators are not known"})
		return b.err
	}
	env := map[string]value{}
	for i, p := range f.params {
		if i == 0 {
			env[p] = value{object: o}
			continue
		}
		id := b.add(graph.Tensor{Name: p})
		b.g.Inputs = append(b.g.Inputs, id)
		env[p] = value{tensors: []graph.TensorID{id}}
	}
	out := s.run(f.body, env, 0)
	b.g.Outputs = append(b.g.Outputs, out.tensors...)
	s.settle()
	if s.branches > 0 {
		b.notes = append(b.notes, graph.Note{Text: strconv.Itoa(s.branches) + " branches depend on values; the operators of both sides are listed"})
	}
	if s.loops > 0 {
		b.notes = append(b.notes, graph.Note{Loses: true, Text: strconv.Itoa(s.loops) + " loops; their operators are listed once"})
	}
	if s.unread > 0 {
		b.notes = append(b.notes, graph.Note{Loses: true, Text: strconv.Itoa(s.unread) + " statements could not be read"})
	}
	return b.err
}

// mobileConstants takes tensors from bytecode.pkl where there is no
// constants.pkl; they have no names in the code.
func (s *script) mobileConstants() {
	if v, err := s.a.load("bytecode.pkl"); err == nil {
		s.b.walk(v, "bytecode", 0)
	}
}

func (b *builder) add(t graph.Tensor) graph.TensorID {
	if len(b.g.Tensors) >= b.lim.Tensors && b.err == nil {
		b.err = format.Errorf(format.ErrLimit, -1, "more than %d tensors", b.lim.Tensors)
	}
	b.g.Tensors = append(b.g.Tensors, t)
	return graph.TensorID(len(b.g.Tensors) - 1)
}

// run reads statements and returns what the first return gives.
func (s *script) run(body []line, env map[string]value, depth int) value {
	for i := 0; i < len(body); i++ {
		if s.steps++; s.steps > maxSteps && s.b.err == nil {
			s.b.err = format.Errorf(format.ErrLimit, -1, "the code runs for more than %d statements", maxSteps)
		}
		if s.b.err != nil || depth > s.b.lim.Depth {
			return value{}
		}
		l := body[i]
		end := i + 1
		for end < len(body) && body[end].indent > l.indent {
			end++
		}
		switch inner := body[i+1 : end]; {
		case strings.HasPrefix(l.text, "return"):
			return s.eval(strings.TrimPrefix(l.text, "return"), env, depth)
		case strings.HasPrefix(l.text, "if "):
			var other []line
			if end < len(body) && body[end].text == "else:" && body[end].indent == l.indent {
				k := end + 1
				for k < len(body) && body[k].indent > l.indent {
					k++
				}
				other, end = body[end+1:k], k
			}
			if v, done := s.branch(l.text, inner, other, env, depth); done {
				return v
			}
			i = end - 1
		case strings.HasPrefix(l.text, "while ") || strings.HasPrefix(l.text, "for "):
			s.loops++
			s.run(inner, env, depth+1)
			i = end - 1
		default:
			s.statement(l.text, env, depth)
		}
	}
	return value{}
}

// branch follows a literal condition, and reads both sides of any other.
func (s *script) branch(text string, then, other []line, env map[string]value, depth int) (value, bool) {
	cond := strings.TrimSuffix(strings.TrimPrefix(text, "if "), ":")
	switch cond {
	case "True", "torch.__is__(None, None)":
		return s.block(then, env, depth)
	case "False", "torch.__isnot__(None, None)":
		return s.block(other, env, depth)
	}
	s.eval(cond, env, depth)
	s.node("If", nil, 0)
	if !idle(then) && !idle(other) {
		s.branches++
	}
	s.block(then, env, depth)
	s.block(other, env, depth)
	return value{}, false
}

func (s *script) block(body []line, env map[string]value, depth int) (value, bool) {
	returns := false
	for _, l := range body {
		if len(body) > 0 && l.indent == body[0].indent && strings.HasPrefix(l.text, "return") {
			returns = true
		}
	}
	if idle(body) {
		return value{}, false
	}
	return s.run(body, env, depth+1), returns
}

// idle reports a branch that does nothing or raises.
func idle(body []line) bool {
	for _, l := range body {
		if l.text != "pass" && !strings.HasPrefix(l.text, "ops.prim.RaiseException") {
			return false
		}
	}
	return true
}

// listOps return a list, which unpacking takes apart with an operator.
var listOps = map[string]bool{"unbind": true, "split": true, "split_with_sizes": true, "chunk": true, "tensor_split": true, "size": true}

// statement is an assignment or an expression.
func (s *script) statement(text string, env map[string]value, depth int) {
	if text == "pass" || strings.HasPrefix(text, "import ") {
		return
	}
	left, right, ok := assignment(text)
	if !ok {
		s.eval(text, env, depth)
		return
	}
	before := len(s.b.g.Nodes)
	v := s.eval(right, env, depth)
	names := strings.Split(strings.TrimSuffix(left, ","), ",")
	if len(names) == 1 && !strings.HasSuffix(left, ",") {
		name, _, _ := strings.Cut(left, ":")
		env[strings.TrimSpace(name)] = v
		return
	}
	if n := len(s.b.g.Nodes); n > before && len(v.tensors) > 0 {
		last := &s.b.g.Nodes[n-1]
		if listOps[last.SourceOp] && len(last.Outputs) > 0 && last.Outputs[0] == v.tensors[0] {
			v = value{tensors: s.node("ListUnpack", v.tensors[:1], len(names))}
		} else {
			for len(last.Outputs) < len(names) && len(last.Outputs) > 0 && last.Outputs[0] == v.tensors[0] {
				last.Outputs = append(last.Outputs, s.b.add(graph.Tensor{}))
				v.tensors = last.Outputs
			}
		}
	}
	for i, name := range names {
		one := value{}
		if i < len(v.tensors) {
			one.tensors = v.tensors[i : i+1]
		}
		env[strings.TrimSpace(name)] = one
	}
}

// assignment splits "a = b" at the first equals sign outside brackets.
func assignment(s string) (left, right string, ok bool) {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case '"', '\'':
			return "", "", false
		case '=':
			if depth == 0 {
				if i+1 < len(s) && s[i+1] == '=' {
					return "", "", false
				}
				return strings.TrimSpace(s[:i]), strings.TrimSpace(s[i+1:]), true
			}
		}
	}
	return "", "", false
}

func (s *script) eval(text string, env map[string]value, depth int) value {
	text = strings.TrimSpace(text)
	if text == "" {
		return value{}
	}
	e, ok := parseExpr(text)
	if !ok {
		s.unread++
		return value{}
	}
	return s.value(e, env, depth)
}

// value evaluates inner calls first and gives the tensors of an expression.
func (s *script) value(e *expr, env map[string]value, depth int) value {
	if s.b.err != nil {
		return value{}
	}
	switch e.kind {
	case 'n':
		return env[e.text]
	case 's', 'o', 'k':
		var out value
		for _, x := range e.args {
			out.tensors = append(out.tensors, s.value(x, env, depth).tensors...)
		}
		return out
	case 'a':
		return s.attribute(e, env, depth)
	case 'c':
		return s.call(e, env, depth)
	}
	return value{}
}

// attribute is a part of an object, or a constant of the archive.
func (s *script) attribute(e *expr, env map[string]value, depth int) value {
	if n, ok := strings.CutPrefix(e.path(), "CONSTANTS.c"); ok {
		if k, err := strconv.Atoi(n); err == nil && k >= 0 && k < len(s.constants) {
			return s.of(s.constants[k])
		}
		return value{}
	}
	if path := freePath(e, env); path != "" {
		return value{free: path}
	}
	v := s.value(e.value, env, depth)
	if v.object == nil {
		return value{}
	}
	return s.part(v.object, e.text)
}

// freePath is the path of a function outside classes that an expression names,
// "" if it names none.
func freePath(e *expr, env map[string]value) string {
	if e.kind == 'n' {
		return env[e.text].free
	}
	if path := e.path(); strings.HasPrefix(path, "__torch__.") {
		return path
	}
	return ""
}

// part is what an object holds under a name.
func (s *script) part(o *pickle.Object, name string) value {
	if d, ok := o.State.(*pickle.Dict); ok {
		if x, ok := d.Get(name); ok {
			return s.of(x)
		}
	}
	return value{}
}

// of is a stored value: a tensor, a list of tensors, or an object.
func (s *script) of(v pickle.Value) value {
	switch v := v.(type) {
	case *pickle.Object:
		if id, ok := s.b.ids[v]; ok {
			return value{tensors: []graph.TensorID{id}}
		}
		return value{object: v}
	case *pickle.List:
		var out value
		for _, x := range v.Items {
			if o, ok := x.(*pickle.Object); ok {
				if id, ok := s.b.ids[o]; ok {
					out.tensors = append(out.tensors, id)
				}
			}
		}
		return out
	}
	return value{}
}

// conversions are functions that become operators of their own.
var conversions = map[string]string{"int": "Int", "float": "Float", "bool": "Bool"}

func (s *script) call(e *expr, env map[string]value, depth int) value {
	path := e.value.path()
	switch path {
	case "annotate", "unchecked_cast":
		if len(e.args) == 2 {
			return s.value(e.args[1], env, depth)
		}
		return value{}
	case "uninitialized":
		return value{}
	case "getattr": // parts whose name is no identifier: the steps of a Sequential
		if len(e.args) != 2 || e.args[1].kind != 'l' {
			break
		}
		if o := s.value(e.args[0], env, depth); o.object != nil {
			return s.part(o.object, strings.Trim(e.args[1].text, `"'`))
		}
	}
	if e.value.kind == 'a' && !strings.HasPrefix(path, "torch.") && !strings.HasPrefix(path, "ops.") {
		if o := s.value(e.value.value, env, depth); o.object != nil {
			if f, ok := s.method(o.object, e.value.text); ok && depth < s.b.lim.Depth {
				return s.follow(f, []value{o}, e.args, env, depth)
			}
		}
	}
	if free := freePath(e.value, env); free != "" {
		if f, ok := s.function(free); ok && depth < s.b.lim.Depth {
			return s.follow(f, nil, e.args, env, depth)
		}
		path = free
	}
	var in []graph.TensorID
	values := make([]value, 0, len(e.args))
	for _, x := range e.args {
		v := s.value(x, env, depth)
		values = append(values, v)
		in = append(in, v.tensors...)
		if v.object != nil { // packed weights of a quantised operator
			in = append(in, s.packed(v.object)...)
		}
	}
	word := path[strings.LastIndexByte(path, '.')+1:]
	if c, ok := conversions[path]; ok {
		word = c
	}
	if word == "" {
		word = e.value.text
	}
	out := s.node(word, in, 1)
	if strings.HasPrefix(path, "torch.") && len(out) == 1 {
		s.calls[len(s.calls)-1] = arguments(e.args, values)
	}
	return value{tensors: out}
}

// follow reads a function's statements with its arguments: those given, then
// the values of args.
func (s *script) follow(f function, given []value, args []*expr, env map[string]value, depth int) value {
	inner := map[string]value{}
	for i, p := range f.params {
		if i < len(given) {
			inner[p] = given[i]
		} else if k := i - len(given); k < len(args) {
			inner[p] = s.value(args[k], env, depth)
		}
	}
	return s.run(f.body, inner, depth+1)
}

// packed returns the tensors within an object's state.
func (s *script) packed(o *pickle.Object) []graph.TensorID {
	var out []graph.TensorID
	var find func(v pickle.Value, depth int)
	find = func(v pickle.Value, depth int) {
		if depth > 6 || len(out) > 16 {
			return
		}
		switch v := v.(type) {
		case *pickle.Object:
			if id, ok := s.b.ids[v]; ok {
				out = append(out, id)
				return
			}
			find(v.State, depth+1)
		case pickle.Tuple:
			for _, x := range v {
				find(x, depth+1)
			}
		case *pickle.List:
			for _, x := range v.Items {
				find(x, depth+1)
			}
		case *pickle.Dict:
			for _, x := range v.Values {
				find(x, depth+1)
			}
		}
	}
	find(o.State, 0)
	return out
}

// node adds an operator with n outputs and returns them.
func (s *script) node(word string, in []graph.TensorID, n int) []graph.TensorID {
	if len(s.b.g.Nodes) >= s.b.lim.Nodes {
		if s.b.err == nil {
			s.b.err = format.Errorf(format.ErrLimit, -1, "more than %d operators", s.b.lim.Nodes)
		}
		return nil
	}
	node := graph.Node{SourceOp: word, Op: operators[strings.TrimSuffix(word, "_")], Inputs: in}
	if op, ok := operators[word]; ok {
		node.Op = op
	}
	for range n {
		node.Outputs = append(node.Outputs, s.b.add(graph.Tensor{}))
	}
	s.b.g.Nodes = append(s.b.g.Nodes, node)
	s.calls = append(s.calls, nil)
	return node.Outputs
}
