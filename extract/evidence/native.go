package evidence

import (
	"bytes"
	"debug/elf"
	"path"
	"slices"
	"strings"
)

// abiOrder prefers the ABI whose libraries are read in full; the others differ
// in machine code only and are recorded by name.
var abiOrder = []string{"arm64-v8a", "armeabi-v7a", "x86_64", "x86", "armeabi"}

// libraries reads the symbols and strings of native libraries, each name once.
func (w *reading) libraries() {
	order := make([]int, 0, 16)
	for i := range w.a.Entries {
		if strings.HasSuffix(w.a.Entries[i].Name, ".so") {
			order = append(order, i)
		}
	}
	weight := func(i int) int {
		if k := slices.Index(abiOrder, abiOf(w.a.Entries[i].Name)); k >= 0 {
			return k
		}
		return len(abiOrder)
	}
	slices.SortStableFunc(order, func(a, b int) int { return weight(a) - weight(b) })
	seen := map[string]bool{}
	for _, i := range order {
		e := &w.a.Entries[i]
		base := path.Base(e.Name)
		if seen[base] {
			continue
		}
		seen[base] = true
		w.once(e, func(file string, b []byte) {
			if len(b) >= 64 {
				w.allText(file, b)
				w.symbols(file, b)
			}
		})
	}
}

// symbols holds symbol rules against the dynamic symbols, and library rules
// against the libraries that the file needs. The standard reader is not made
// for hostile files: what it panics on is a problem like any other.
func (w *reading) symbols(file string, b []byte) {
	defer func() {
		if r := recover(); r != nil {
			w.problem(file + ": ELF tables cannot be read")
		}
	}()
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		w.problem(file + ": " + err.Error())
		return
	}
	needed, err := f.ImportedLibraries()
	if err == nil {
		for _, n := range needed {
			for _, ri := range w.r.byName {
				if rule := w.r.rules[ri]; rule.Signal == Library && wildcard(rule.Pattern, n) {
					w.see(Observation{Rule: rule, Path: file, Strength: Linked, Detail: "needs " + n, Offset: -1})
				}
			}
		}
	}
	symbols, err := f.DynamicSymbols()
	if err != nil {
		return
	}
	for _, s := range symbols {
		for _, ri := range w.r.symbols {
			if rule := w.r.rules[ri]; strings.HasPrefix(s.Name, rule.Pattern) {
				how := "exports "
				if s.Section == elf.SHN_UNDEF {
					how = "imports "
				}
				w.see(Observation{Rule: rule, Path: file, Strength: Linked, Detail: how + s.Name, Offset: -1})
			}
		}
	}
}
