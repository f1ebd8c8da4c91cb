package evidence

import (
	"bytes"
	"strings"

	"github.com/gaugenn/gaugenn/extract/container"
	"github.com/gaugenn/gaugenn/extract/evidence/dex"
)

// code reads the dex files at the archive's root (and below dex/, as bundles
// have them), and the names of a library's classes.
func (w *reading) code() {
	for i := range w.a.Entries {
		e := &w.a.Entries[i]
		dir, base, _ := cutLast(e.Name)
		if strings.HasSuffix(base, ".dex") && (dir == "" || strings.HasSuffix(dir, "dex")) {
			w.once(e, w.dex)
		}
		if base == "classes.jar" && dir == "" || strings.HasSuffix(base, ".jar") && dir == "libs" {
			w.once(e, w.jar)
		}
	}
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
	w.text(file, b)
	w.constants(file, f)

	types := make([][]int, f.Types())
	interesting := false
	for i := range types {
		rules := w.r.classes.of(f.Type(uint32(i)))
		if len(rules) == 0 {
			continue
		}
		types[i], interesting = rules, true
		for _, ri := range rules {
			w.see(Observation{Rule: w.r.rules[ri], Path: file, Strength: Referenced, Detail: class(f.Type(uint32(i))), Offset: -1})
		}
	}
	methods := w.methodRules(f)
	if interesting || len(methods) > 0 {
		w.calls(file, f, types, methods)
	}
}

// jar holds class rules against the names of the classes of an Android library,
// which is compiled to dex only when it becomes part of an app.
func (w *reading) jar(file string, b []byte) {
	a, err := container.Open(b, container.Limits{})
	if err != nil {
		w.problem(file + ": " + err.Error())
		return
	}
	for i := range a.Entries {
		name, isClass := strings.CutSuffix(a.Entries[i].Name, ".class")
		if !isClass {
			continue
		}
		for _, ri := range w.r.classes.of([]byte("L" + name + ";")) {
			w.see(Observation{Rule: w.r.rules[ri], Path: file, Strength: Referenced, Detail: strings.ReplaceAll(name, "/", "."), Offset: -1})
		}
	}
}

// methodRules returns the rule of each method of interest.
func (w *reading) methodRules(f *dex.File) map[uint32]int {
	owners := map[string]bool{}
	for m := range w.r.methods {
		c, _, _ := strings.Cut(m, "->")
		owners[c] = true
	}
	out := map[uint32]int{}
	for i := range f.Methods() {
		c, n, _ := f.Method(uint32(i))
		if t := f.Type(c); owners[string(t)] {
			if ri, ok := w.r.methods[string(t)+"->"+string(f.String(n))]; ok {
				out[uint32(i)] = ri
			}
		}
	}
	return out
}

// calls walks the code and raises to Called what code outside the SDK invokes.
func (w *reading) calls(file string, f *dex.File, types [][]int, methods map[uint32]int) {
	called := map[int]bool{}
	caller := func(r dex.Ref) string {
		t, _ := f.Class(r.Class)
		_, n, _ := f.Method(r.Method)
		return class(f.Type(t)) + "." + string(f.String(n))
	}
	f.Walk(func(r dex.Ref) bool {
		if r.Kind != dex.Invoke {
			return true
		}
		user, _ := f.Class(r.Class)
		if ri, ok := methods[r.Index]; ok && !called[ri] && !own(f.Type(user), w.r.rules[ri].Pattern) {
			w.see(Observation{Rule: w.r.rules[ri], Path: file, Strength: Called, Detail: caller(r) + " calls " + w.r.rules[ri].Pattern, Offset: r.Offset})
			called[ri] = true
		}
		c, n, ok := f.Method(r.Index)
		if !ok || int(c) >= len(types) || types[c] == nil {
			return true
		}
		for _, ri := range types[c] {
			if called[ri] || own(f.Type(user), w.r.rules[ri].Pattern) {
				continue
			}
			called[ri] = true
			w.see(Observation{Rule: w.r.rules[ri], Path: file, Strength: Called, Detail: caller(r) + " calls " + class(f.Type(c)) + "." + string(f.String(n)), Offset: r.Offset})
		}
		return true
	})
}

// own reports whether a class belongs to the SDK of a class prefix: it shares
// the prefix's first three names, or all of them if there are fewer.
func own(descriptor []byte, prefix string) bool {
	if i := nth(prefix, '/', 3); i >= 0 {
		prefix = prefix[:i]
	}
	return len(descriptor) > 0 && bytes.HasPrefix(descriptor[1:], []byte(prefix))
}

// nth returns the index of the n-th c in s, -1 if there are fewer.
func nth(s string, c byte, n int) int {
	for i := range len(s) {
		if s[i] == c {
			if n--; n == 0 {
				return i
			}
		}
	}
	return -1
}

// class writes a descriptor as a dotted name.
func class(descriptor []byte) string {
	s := strings.TrimSuffix(strings.TrimPrefix(string(bytes.TrimLeft(descriptor, "[")), "L"), ";")
	return strings.ReplaceAll(s, "/", ".")
}
