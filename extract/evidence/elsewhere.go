package evidence

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"github.com/gaugenn/gaugenn/extract/evidence/dex"
)

// maxNamed bounds how many names and addresses of model files are kept of one file of code. Whether
// one is missing is known only beside the other files of the app.
const maxNamed = 256

// constants holds url and name rules against the string constants of dex code.
func (w *reading) constants(file string, f *dex.File) {
	names := 0
	for i := range f.Strings() {
		s := f.String(uint32(i))
		w.pointsAt(s, func(rule Rule, isURL bool) {
			if names++; names > maxNamed {
				return
			}
			text := string(s)
			w.loaded = append(w.loaded, loaded{index: uint32(i), isString: true, file: !isURL,
				Observation: Observation{Rule: rule, Path: file, Strength: InText, Detail: text, Value: text, Offset: f.StringOffset(uint32(i))}})
		})
	}
}

// pointsAt calls hit with each url or name rule that a string fulfils: it is an
// address, or the name of a file, that ends like a model.
func (w *reading) pointsAt(s []byte, hit func(rule Rule, isURL bool)) {
	if len(s) < 5 || len(s) > 300 || bytes.IndexByte(s, '.') < 0 || !printable(s) {
		return
	}
	text := string(s)
	isURL := strings.HasPrefix(text, "https://") || strings.HasPrefix(text, "http://")
	target := text
	if isURL {
		if j := strings.IndexAny(target, "?#"); j >= 0 {
			target = target[:j]
		}
	}
	for _, ri := range w.r.suffixes {
		rule := w.r.rules[ri]
		if strings.HasSuffix(target, rule.Pattern) && (rule.Signal == URL && isURL || rule.Signal == Name && !isURL && isFileName(text, rule.Pattern)) {
			hit(rule, isURL)
		}
	}
}

// printable reports whether s is text without spaces, as names and URLs are.
func printable(s []byte) bool {
	for _, c := range s {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

// packageRoots begin names of Java packages, some of which end like a model file.
var packageRoots = []string{"com.", "org.", "net.", "ai.", "io.", "android.", "androidx."}

// isFileName reports whether text names one file: more than the extension, and no
// pattern, type, package or template.
func isFileName(text, extension string) bool {
	base := path.Base(text)
	if base == text && slices.ContainsFunc(packageRoots, func(r string) bool { return strings.HasPrefix(text, r) }) {
		return false
	}
	return len(base) > len(extension) && base[0] != '.' && base[0] != '_' && !strings.ContainsAny(text, `*%${}<>;:\"'(),|`)
}

// absent records the names of model files that the app does not hold.
func (w *reading) absent(file string, names []Observation) {
	for _, o := range names {
		if !w.report.holds(path.Base(o.Detail)) {
			o.Path = file
			w.see(o)
		}
	}
}

// heldByOther reports whether an observation says that a file is missing which
// another package of the app holds.
func heldByOther(o Observation, parts []Part) bool {
	if o.Rule.Signal != Name {
		return false
	}
	for _, p := range parts {
		if p.Report != nil && p.Report.holds(path.Base(o.Detail)) {
			return true
		}
	}
	return false
}

// holds reports whether the app has a file of that name in any folder.
func (r *Report) holds(base string) bool { return r.files[strings.ToLower(base)] }

// list notes the names of the app's files that could be models.
func (w *reading) list() {
	for i := range w.a.Entries {
		base := strings.ToLower(path.Base(w.a.Entries[i].Name))
		for _, ri := range w.r.suffixes {
			if strings.HasSuffix(base, w.r.rules[ri].Pattern) {
				if w.report.files == nil {
					w.report.files = map[string]bool{}
				}
				w.report.files[base] = true
			}
		}
	}
}
