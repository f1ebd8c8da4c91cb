package evidence

import (
	"cmp"
	"hash/maphash"
	"path"
	"slices"
	"strings"

	"github.com/gaugenn/gaugenn/extract/container"
	"github.com/gaugenn/gaugenn/extract/evidence/axml"
)

// Strength says how strong an observation is; see the package comment.
type Strength string

// The strengths, strongest first.
const (
	Called     Strength = "called"
	Referenced Strength = "referenced"
	Linked     Strength = "linked"
	InText     Strength = "string"
)

// Compare orders strengths, the strongest first.
func (s Strength) Compare(t Strength) int { return rank[t] - rank[s] }

var rank = map[Strength]int{Called: 3, Referenced: 2, Linked: 1, InText: 0}

// Observation is one rule seen in one file of the app.
type Observation struct {
	Rule     Rule
	Path     string
	Strength Strength
	// Detail is what was seen: a class, a symbol, a string, or who calls what.
	Detail string
	// Caller is the method, "com.example.Voice.start", whose code calls, sets or
	// loads it; "" where no code does or the file is no dex.
	Caller string
	// Value is the constant that a method, field or element of the manifest is given,
	// "4", or several with commas between them; "" where it is not known or there is none.
	Value string
	// Offset is where in the file, -1 if there is no one place.
	Offset int64
}

// Report is what an app says about itself.
type Report struct {
	// Manifest is nil where there is none or it cannot be read (Problems).
	Manifest *Manifest
	// ABIs are those with native libraries, sorted.
	ABIs []string
	// Layouts are the frameworks the app is built with, "flutter", "unity", sorted.
	Layouts []string
	// Signers are SHA-256 digests of signing certificates with their scheme,
	// "v2:<hex>", sorted.
	Signers []string
	// Observations are sorted by rule, then path; one for a rule, file and value, the
	// strongest, that of the app's own code where there is one.
	Observations []Observation
	// Problems say what could not be read, one line each.
	Problems []string

	files map[string]bool // base names of files that are called like models
}

// Limits bound the cost of one app; zero fields mean the default.
type Limits struct {
	// EntryBytes is the largest entry that is inflated; default 256 MiB.
	EntryBytes int64
}

// Reader holds prepared rules. It is immutable and safe for concurrent use.
type Reader struct {
	rules   []Rule
	limits  Limits
	classes classRules
	roots   [][]string     // packages of each rule's SDK
	methods map[string]int // "Lclass;->name" to rule
	fields  map[string]int // likewise
	texts   *texts
	textOf  []int // pattern to rule
	symbols []int
	byName  []int // library and file rules
	// suffixes are url and name rules.
	suffixes []int
	memo     memo
}

// NewReader prepares rules.
func NewReader(rules []Rule, limits Limits) *Reader {
	if limits.EntryBytes == 0 {
		limits.EntryBytes = 256 << 20
	}
	r := &Reader{rules: rules, roots: rootsOf(rules), limits: limits, memo: memo{seed: maphash.MakeSeed(), seen: map[memoKey]found{}}, classes: classRules{}, methods: map[string]int{}, fields: map[string]int{}}
	var patterns []string
	for i, rule := range rules {
		switch rule.Signal {
		case ClassPrefix:
			r.classes[rule.Pattern] = append(r.classes[rule.Pattern], i)
		case Method, Field:
			class, name, _ := strings.Cut(rule.Pattern, "->")
			to := r.methods
			if rule.Signal == Field {
				to = r.fields
			}
			to["L"+class+";->"+name] = i
		case Text:
			patterns = append(patterns, rule.Pattern)
			r.textOf = append(r.textOf, i)
		case Symbol:
			r.symbols = append(r.symbols, i)
		case URL, Name:
			r.suffixes = append(r.suffixes, i)
		case Library, File:
			r.byName = append(r.byName, i)
		}
	}
	r.texts = newTexts(patterns)
	return r
}

// Read reads the evidence of one app or library archive. It never fails: what
// cannot be read is a problem of the report.
//
// Packages inside an archive that has no manifest of its own are read, too: what
// they show counts for the archive, under paths joined by "!/".
func (r *Reader) Read(a *container.Archive) *Report { return r.read(a, false) }

// read is Read; nested archives are not searched for further packages.
func (r *Reader) read(a *container.Archive, nested bool) *Report {
	w := &reading{r: r, a: a, nested: nested, report: &Report{}, best: map[seenAs]*Observation{}}
	w.list()
	w.names()
	w.layouts()
	w.manifest()
	w.foreign()
	w.code()
	w.libraries()
	w.scripts()
	w.report.Signers = signers(a, &w.decoder, w.problem)
	w.packages()
	w.finish()
	return w.report
}

// reading is the state of one Read.
type reading struct {
	r       *Reader
	a       *container.Archive
	nested  bool
	decoder container.Decoder
	buffer  []byte
	report  *Report
	best    map[seenAs]*Observation
	named   []Observation // names of model files in the file being read
	loaded  []loaded      // strings of interest in the dex file being read
}

// seenAs is what one observation is kept of: a rule in a file, once for each value and
// each owner of the calling code. Only the first three are told apart in a report: whose
// code is the app's is known only when its manifest is.
type seenAs struct{ rule, path, value, caller string }

func (w *reading) problem(text string) {
	if len(w.report.Problems) < 50 {
		w.report.Problems = append(w.report.Problems, text)
	}
}

// see keeps the strongest observation of a rule in a file, of each value, and of each
// owner of calling code.
func (w *reading) see(o Observation) {
	k := seenAs{o.Rule.ID, o.Path, o.Value, callerGroup(o.Caller)}
	if have := w.best[k]; have == nil || rank[o.Strength] > rank[have.Strength] {
		w.best[k] = &o
	}
}

func (w *reading) finish() {
	kept := map[seenAs]*Observation{}
	for k, o := range w.best {
		k.caller = ""
		if have := kept[k]; have == nil || w.report.Manifest.preferred(o, have) {
			kept[k] = o
		}
	}
	for _, o := range kept {
		w.report.Observations = append(w.report.Observations, *o)
	}
	slices.SortFunc(w.report.Observations, func(a, b Observation) int {
		if c := strings.Compare(a.Rule.ID, b.Rule.ID); c != 0 {
			return c
		}
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Value, b.Value))
	})
	for _, list := range []*[]string{&w.report.ABIs, &w.report.Layouts} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
}

// names holds file and library rules against the entries' names.
func (w *reading) names() {
	for i := range w.a.Entries {
		name := w.a.Entries[i].Name
		if abi := abiOf(name); abi != "" {
			w.report.ABIs = append(w.report.ABIs, abi)
		}
		base := path.Base(name)
		for _, ri := range w.r.byName {
			rule := w.r.rules[ri]
			target := name
			if rule.Signal == Library {
				if !strings.HasSuffix(base, ".so") {
					continue
				}
				target = base
			}
			if wildcard(rule.Pattern, target) {
				strength := Linked
				if rule.Signal == File {
					strength = InText
				}
				w.see(Observation{Rule: rule, Path: name, Strength: strength, Detail: base, Offset: -1})
			}
		}
	}
}

// abiOf returns the ABI of an entry below lib/, jni/ or libs/, at any depth (modules
// of bundles keep a folder before it).
func abiOf(name string) string {
	parts := strings.Split(name, "/")
	if len(parts) < 3 || !strings.HasSuffix(name, ".so") {
		return ""
	}
	if p := parts[len(parts)-3]; p == "lib" || p == "jni" || p == "libs" {
		return parts[len(parts)-2]
	}
	return ""
}

func (w *reading) manifest() {
	for i := range w.a.Entries {
		e := &w.a.Entries[i]
		if e.Name != "AndroidManifest.xml" && !strings.HasSuffix(e.Name, "/manifest/AndroidManifest.xml") {
			continue
		}
		b := w.content(e)
		if len(b) == 0 {
			continue
		}
		m, err := ReadManifest(b, w.resources(e.Name))
		if err != nil {
			w.problem(err.Error())
			continue
		}
		m.Module.Name, _, _ = strings.Cut(e.Name, "/manifest/")
		if m.Module.Name == e.Name {
			m.Module.Name = ""
		}
		w.takeManifest(m)
		for _, s := range m.Warnings {
			w.problem(e.Name + ": " + s)
		}
		w.manifestRules(e.Name, m)
	}
}

// takeManifest keeps the manifest of the base module of a bundle, and adds what
// the other modules ask for.
func (w *reading) takeManifest(m *Manifest) {
	have := w.report.Manifest
	switch {
	case have == nil, have.Package == "":
		w.report.Manifest = m
	case have.Split != "" && m.Split == "" && m.Package == have.Package:
		w.report.Manifest = m
		m.add(have)
	case m.Package == have.Package:
		have.add(m)
	}
}

// resources reads the table that stands beside a manifest, nil if there is none
// or, as in bundles, it is of another kind.
func (w *reading) resources(manifest string) *axml.Table {
	for _, e := range w.a.Lookup(strings.TrimSuffix(manifest, "AndroidManifest.xml") + "resources.arsc") {
		c, err := w.decoder.Bytes(e, nil)
		if err != nil {
			w.problem(e.Name + ": " + err.Error())
		}
		t, err := axml.ReadTable(c.Data)
		if err != nil {
			w.problem(e.Name + ": " + err.Error())
			continue
		}
		return t
	}
	return nil
}

func (w *reading) manifestRules(file string, m *Manifest) {
	for _, rule := range w.r.rules {
		var detail, value string
		switch rule.Signal {
		case Meta:
			if v, ok := m.MetaData[rule.Pattern]; ok {
				detail, value = rule.Pattern+"="+v, v
			}
		case NativeLibrary:
			if i := slices.IndexFunc(m.NativeLibraries, func(n string) bool { return wildcard(rule.Pattern, n) }); i >= 0 {
				detail = m.NativeLibraries[i]
			}
		case Permission:
			if slices.Contains(m.Permissions, rule.Pattern) {
				detail = rule.Pattern
			}
		case DeliveredModule:
			if m.Module.Type == rule.Pattern {
				name := cmp.Or(m.Split, m.Module.Name)
				w.see(Observation{Rule: rule, Path: file, Strength: Referenced, Detail: m.Module.Type + " " + name + ", " + cmp.Or(m.Module.Delivery, "delivery not said"), Value: m.Module.Delivery, Offset: -1})
			}
		}
		if detail != "" {
			w.see(Observation{Rule: rule, Path: file, Strength: Referenced, Detail: detail, Value: value, Offset: -1})
		}
	}
}

// content returns an entry's bytes, valid until the next call, nil with a
// problem noted where they cannot be had.
func (w *reading) content(e *container.Entry) []byte {
	if e.Size > w.r.limits.EntryBytes {
		w.problem(e.Name + ": larger than the limit for evidence")
		return nil
	}
	c, err := w.decoder.Bytes(e, w.buffer[:0])
	if err != nil {
		w.problem(e.Name + ": " + err.Error())
	}
	if !c.Shared {
		w.buffer = c.Data
	}
	return c.Data
}

// around returns the printable text around a hit, at most 120 bytes.
func around(b []byte, at, n int) string {
	printable := func(c byte) bool { return c > 0x20 && c < 0x7f && c != '"' && c != '\'' }
	start, end := at, at+n
	for start > 0 && at-start < 40 && printable(b[start-1]) {
		start--
	}
	for end < len(b) && end-at < 80 && printable(b[end]) {
		end++
	}
	return string(b[start:end])
}
