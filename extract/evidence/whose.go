package evidence

import (
	"bytes"
	"slices"
	"strings"
)

// maxCallers bounds the owners of code of which a caller is kept, for a rule or a
// string of one dex file.
const maxCallers = 64

// codeHosts give names to packages of unrelated people: io.github.alice, com.github.bob.
var codeHosts = []string{"github", "gitlab"}

// codeOwner returns the part of a dotted name that says whose code it is: its first
// two names, three where the second is a host of everybody's code.
func codeOwner(name string) string {
	first := strings.IndexByte(name, '.')
	if first < 0 {
		return name
	}
	second, rest, more := strings.Cut(name[first+1:], ".")
	end := first + 1 + len(second)
	if more && slices.Contains(codeHosts, second) {
		third, _, _ := strings.Cut(rest, ".")
		end += 1 + len(third)
	}
	return name[:end]
}

// callerGroup returns whose code a method is, as far as one caller of each is kept:
// renamed code counts as one owner's.
func callerGroup(method string) string {
	if method != "" && Renamed(method) {
		return "renamed"
	}
	return codeOwner(method)
}

// OwnCode reports whether a method or class, "com.example.Voice.start", is the app's
// own code: it has the first two names of the app's package. Code of libraries is not,
// nor is code that was renamed.
func (m *Manifest) OwnCode(caller string) bool {
	if m == nil || caller == "" {
		return false
	}
	owner := codeOwner(m.Package)
	return strings.Contains(owner, ".") && strings.HasPrefix(caller, owner+".")
}

// Renamed reports whether a method, "a.b.c.run", stands in a package whose names a
// shrinker made, or in none: then nothing says whose it is.
func Renamed(method string) bool {
	names := strings.Split(method, ".")
	for _, n := range names[:max(0, len(names)-2)] {
		if len(n) > 2 {
			return false
		}
	}
	return true
}

// preferred reports whether a is to be kept rather than b where one observation of a
// rule, a file and a value is: the stronger one, then that of the app's own code, then
// the one that stands first.
func (m *Manifest) preferred(a, b *Observation) bool {
	if c := a.Strength.Compare(b.Strength); c != 0 {
		return c < 0
	}
	if own := m.OwnCode(a.Caller); own != m.OwnCode(b.Caller) {
		return own
	}
	if a.Offset != b.Offset {
		return a.Offset < b.Offset
	}
	return a.Caller < b.Caller
}

// tryOuts are names of packages for code that shows how an SDK is used: an app in
// org/tensorflow/lite/examples uses LiteRT, it is no part of it.
var tryOuts = []string{"example", "examples", "demo", "demos", "sample", "samples", "helloworld", "quickstart", "codelab", "codelabs"}

// own reports whether a class belongs to the SDK of a rule.
func (r *Reader) own(descriptor []byte, rule int) bool {
	if len(descriptor) == 0 {
		return false
	}
	name := bytes.TrimSuffix(descriptor[1:], []byte(";"))
	for _, root := range r.roots[rule] {
		rest, found := bytes.CutPrefix(name, []byte(root))
		if !found || len(rest) > 0 && rest[0] != '/' && rest[0] != '$' {
			continue
		}
		for part := range bytes.SplitSeq(rest, []byte("/")) {
			if slices.Contains(tryOuts, string(part)) {
				return false
			}
		}
		return true
	}
	return false
}

// rootsOf returns the packages of the SDK of each rule about code: that of its own
// pattern, and those of the other class rules for the subject.
func rootsOf(rules []Rule) [][]string {
	bySubject := map[string][]string{}
	for _, rule := range rules {
		if rule.Signal == ClassPrefix {
			bySubject[rule.Subject] = append(bySubject[rule.Subject], sdkRoot(rule.Pattern))
		}
	}
	out := make([][]string, len(rules))
	for i, rule := range rules {
		switch rule.Signal {
		case ClassPrefix, Method, Field:
			out[i] = append([]string{sdkRoot(rule.Pattern)}, bySubject[rule.Subject]...)
			slices.Sort(out[i])
			out[i] = slices.Compact(out[i])
		}
	}
	return out
}

// sdkRoot returns the package of an SDK by a class prefix: the first three names, four
// below com/google/android, or all of the package if there are fewer. A package that
// does not begin with a domain, as weka/classifiers, is the SDK from its first name on.
func sdkRoot(prefix string) string {
	prefix, _, _ = strings.Cut(prefix, "->")
	names := strings.Split(prefix, "/")
	n := 3
	if strings.HasPrefix(prefix, "com/google/android/") {
		n = 4
	}
	if len(names) > n {
		return strings.Join(names[:n], "/")
	}
	if last := names[len(names)-1]; len(names) > 1 && last != "" && last[0] >= 'A' && last[0] <= 'Z' {
		names = names[:len(names)-1]
	}
	if len(names) == 2 && len(names[0]) > 3 {
		names = names[:1]
	}
	return strings.Join(names, "/")
}
