package evidence

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/gaugenn/gaugenn/extract/evidence/dex"
)

// code reads the dex files at the archive's root (and below dex/, as bundles
// have them), and the names of a library's classes.
func (w *reading) code() {
	for i := range w.a.Entries {
		e := &w.a.Entries[i]
		if read := w.codeOf(e.Name); read != nil {
			w.once(e, read)
		}
	}
	if w.report.Manifest == nil && !w.nested {
		w.classes(w.a, "")
	}
}

// codeOf returns what reads the code in an entry of that name, nil for none.
func (w *reading) codeOf(name string) func(file string, b []byte) {
	dir, base, _ := cutLast(name)
	switch {
	case strings.HasSuffix(base, ".dex") && (dir == "" || strings.HasSuffix(dir, "dex")):
		return w.dex
	case base == "classes.jar" && dir == "", strings.HasSuffix(base, ".jar") && dir == "libs":
		return w.jar
	}
	return nil
}

func cutLast(name string) (dir, base string, ok bool) {
	i := strings.LastIndexByte(name, '/')
	if i < 0 {
		return "", name, false
	}
	return name[:i], name[i+1:], true
}

// dex reads one dex file: classes by the type table, calls by its code where
// a type of interest is named, strings over the whole file.
func (w *reading) dex(file string, b []byte) {
	f, err := dex.Open(b)
	if err != nil {
		w.problem(file + ": " + err.Error())
		return
	}
	for _, s := range f.Warnings {
		w.problem(file + ": " + s)
	}
	w.strings(file, f, b)
	w.constants(file, f)

	types := make([][]int, f.Types())
	interesting := false
	for i := range types {
		rules := w.r.classes.of(f.Type(uint32(i)), w.r.rules)
		if len(rules) == 0 {
			continue
		}
		types[i], interesting = rules, true
		for _, ri := range rules {
			w.see(Observation{Rule: w.r.rules[ri], Path: file, Strength: Referenced, Detail: class(f.Type(uint32(i))), Offset: -1})
		}
	}
	m := members{
		types:   types,
		methods: w.members(f, w.r.methods, f.Methods(), f.Method),
		fields:  w.members(f, w.r.fields, f.Fields(), f.Field),
		texts:   w.loads(),
	}
	if interesting || len(m.methods)+len(m.fields)+len(m.texts) > 0 {
		w.calls(file, f, m)
	}
	w.settleLoaded()
}

// loaded is a string of interest in a dex file.
type loaded struct {
	Observation
	callers  []string // one of each owner of code
	index    uint32   // of the string
	isString bool
	// file says that it names a file, which is worth a word only if the app does
	// not hold it.
	file bool
}

// strings holds string rules against the strings of a dex file.
func (w *reading) strings(file string, f *dex.File, b []byte) {
	w.r.texts.find(b, make([]bool, len(w.r.textOf)), func(p, at int) bool {
		i, ok := f.StringAt(int64(at))
		if !ok {
			return false
		}
		n, s := len(w.r.texts.patterns[p]), f.String(i)
		in := at - (f.StringStart(i))
		if in < 0 || in+n > len(s) || !stands(s, in, n) {
			return false
		}
		w.loaded = append(w.loaded, loaded{index: i, isString: true, Observation: Observation{
			Rule: w.r.rules[w.r.textOf[p]], Path: file, Strength: InText, Detail: around(s, in, n), Offset: int64(at)}})
		return true
	})
}

// loads returns what code is to be watched for loading, by string index.
func (w *reading) loads() map[uint32][]int {
	out := map[uint32][]int{}
	for i, l := range w.loaded {
		if l.isString {
			out[l.index] = append(out[l.index], i)
		}
	}
	return out
}

// loadedBy notes a method that loads the string, the first of each owner of code.
func (l *loaded) loadedBy(method string) {
	same := func(c string) bool { return callerGroup(c) == callerGroup(method) }
	if len(l.callers) < maxCallers && !slices.ContainsFunc(l.callers, same) {
		l.callers = append(l.callers, method)
	}
}

// settleLoaded notes the strings of interest, with who loads them.
func (w *reading) settleLoaded() {
	for _, l := range w.loaded {
		if len(l.callers) == 0 {
			l.callers = []string{""}
		}
		for _, l.Caller = range l.callers {
			if l.file {
				w.named = append(w.named, l.Observation)
			} else {
				w.see(l.Observation)
			}
		}
	}
	w.loaded = nil
}

// members are the rules of one dex file by what its code names.
type members struct {
	types   [][]int          // of each type
	methods map[uint32]int   // of each method of interest
	fields  map[uint32]int   // of each field of interest
	texts   map[uint32][]int // strings of interest: which of those noted
}

// members returns the rule of each method or field of interest; at gives an entry's
// class and name.
func (w *reading) members(f *dex.File, rules map[string]int, n int, at func(uint32) (class, name uint32, ok bool)) map[uint32]int {
	owners := map[string]bool{}
	for m := range rules {
		c, _, _ := strings.Cut(m, "->")
		owners[c] = true
	}
	out := map[uint32]int{}
	for i := range n {
		c, name, _ := at(uint32(i))
		if t := f.Type(c); owners[string(t)] {
			if ri, ok := rules[string(t)+"->"+string(f.String(name))]; ok {
				out[uint32(i)] = ri
			}
		}
	}
	return out
}

// calls walks the code: what code outside the SDK invokes is Called, with the
// constants that it passes; strings of interest get the code that loads them.
func (w *reading) calls(file string, f *dex.File, m members) {
	c := caller{reading: w, f: f, file: file, seen: map[use]bool{}, called: map[int]map[string]bool{}}
	f.Walk(func(r dex.Ref) bool {
		switch r.Kind {
		case dex.Invoke:
			if ri, ok := m.methods[r.Index]; ok {
				c.member(ri, r)
			}
			if t, n, ok := f.Method(r.Index); ok && int(t) < len(m.types) {
				for _, ri := range m.types[t] {
					c.class(ri, r, t, n)
				}
			}
		case dex.ReadField, dex.WriteField:
			if ri, ok := m.fields[r.Index]; ok {
				c.member(ri, r)
			}
		case dex.LoadString:
			for _, i := range m.texts[r.Index] {
				w.loaded[i].loadedBy(c.of(r))
			}
		}
		return true
	})
}

// caller notes what the code of one dex file uses.
type caller struct {
	*reading
	f      *dex.File
	file   string
	seen   map[use]bool            // class rules and classes that were looked at
	called map[int]map[string]bool // class rules with the owners of callers
	values int                     // looked for so far
}

// use is a rule and the class whose code it is held against.
type use struct {
	rule, class int
}

// of names the method that a reference stands in.
func (c *caller) of(r dex.Ref) string {
	t, _ := c.f.Class(r.Class)
	_, n, _ := c.f.Method(r.Method)
	return class(c.f.Type(t)) + "." + string(c.f.String(n))
}

// inside reports whether the reference stands in the SDK of a rule itself.
func (c *caller) inside(ri int, r dex.Ref) bool {
	user, _ := c.f.Class(r.Class)
	return c.r.own(c.f.Type(user), ri)
}

// class notes the first call of a class of an SDK from the code of each owner outside it.
func (c *caller) class(ri int, r dex.Ref, owner, name uint32) {
	u := use{ri, r.Class}
	if c.seen[u] {
		return
	}
	c.seen[u] = true
	if len(c.called[ri]) >= maxCallers || c.inside(ri, r) {
		return
	}
	by := c.of(r)
	if c.called[ri][callerGroup(by)] {
		return
	}
	if c.called[ri] == nil {
		c.called[ri] = map[string]bool{}
	}
	c.called[ri][callerGroup(by)] = true
	c.see(Observation{Rule: c.r.rules[ri], Path: c.file, Strength: Called, Caller: by, Offset: r.Offset,
		Detail: by + " calls " + class(c.f.Type(owner)) + "." + string(c.f.String(name))})
}

// member notes a use of a method or field from outside its SDK, with its values.
func (c *caller) member(ri int, r dex.Ref) {
	if c.values >= maxValues || c.inside(ri, r) {
		return
	}
	c.values++
	rule, by := c.r.rules[ri], c.of(r)
	o := Observation{Rule: rule, Path: c.file, Strength: Called, Caller: by, Offset: r.Offset}
	switch r.Kind {
	case dex.Invoke:
		values, known := passedTo(c.f, r)
		o.Detail = by + " calls " + rule.Pattern + "(" + values + ")"
		if known {
			o.Value = values
		}
	case dex.ReadField:
		_, o.Value, _ = strings.Cut(rule.Pattern, "->")
		o.Detail = by + " reads " + rule.Pattern
	case dex.WriteField:
		if v := c.f.Arguments(r); len(v) == 1 {
			o.Value = valueText(c.f, v[0], 'I')
		}
		o.Detail = by + " sets " + rule.Pattern + " = " + cmp.Or(o.Value, "?")
	}
	c.see(o)
}

// class writes a descriptor as a dotted name.
func class(descriptor []byte) string {
	s := strings.TrimSuffix(strings.TrimPrefix(string(bytes.TrimLeft(descriptor, "[")), "L"), ";")
	return strings.ReplaceAll(s, "/", ".")
}
