package evidence

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
)

// The owners that are no SDK's.
const (
	// OwnerApp is the app itself: nothing says otherwise.
	OwnerApp = "app"
	// OwnerShared is a published model, known by its hash, that anyone ships.
	OwnerShared = "shared"
)

// OwnerSignal says what an owner rule's pattern is held against.
type OwnerSignal string

// The signals of owner rules.
const (
	// OwnerPath is a path inside the app, * for any run of characters. It may begin
	// after any slash, so that it holds in splits and in modules of bundles.
	OwnerPath OwnerSignal = "path"
	// OwnerPackage is a prefix of the package in the manifest, as of a library.
	OwnerPackage OwnerSignal = "package"
	// OwnerHash is the SHA-256 of a file.
	OwnerHash OwnerSignal = "sha256"
)

// OwnerRule is one line of rules/owners.tsv.
type OwnerRule struct {
	// Owner is "sdk:<name>" or OwnerShared.
	Owner   string
	Signal  OwnerSignal
	Pattern string
	// Example is where it was observed, "" for a rule that is unverified.
	Example string
}

// OwnerRules returns the built-in owner rules in file order; the error is a
// mistake of ours.
func OwnerRules() ([]OwnerRule, error) {
	b, err := ruleFiles.ReadFile(ownersFile)
	if err != nil {
		return nil, err
	}
	return parseOwners(string(b))
}

const ownersFile = "rules/owners.tsv"

func parseOwners(text string) ([]OwnerRule, error) {
	var out []OwnerRule
	for i, line := range strings.Split(text, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 4 || f[2] == "" {
			return nil, fmt.Errorf("%s:%d: %q has %d fields, want 4", ownersFile, i+1, line, len(f))
		}
		r := OwnerRule{Owner: f[0], Signal: OwnerSignal(f[1]), Pattern: f[2], Example: f[3]}
		if r.Example == "unverified" {
			r.Example = ""
		}
		if !strings.HasPrefix(r.Owner, "sdk:") && r.Owner != OwnerShared || !slices.Contains([]OwnerSignal{OwnerPath, OwnerPackage, OwnerHash}, r.Signal) {
			return nil, fmt.Errorf("%s:%d: owner %q by %q", ownersFile, i+1, r.Owner, r.Signal)
		}
		out = append(out, r)
	}
	return out, nil
}

var builtInOwners = sync.OnceValues(OwnerRules)

// Owner says whose a model file is: an SDK's by its path or by the package of the
// library it is in, OwnerShared by its hash, else OwnerApp. file is the path in
// the app, nested archives joined by "!/"; sha256 and pkg may be "". A path says
// more than a hash: a published model in an SDK's folder is the SDK's.
func Owner(file, sha256, pkg string) string {
	rules, err := builtInOwners()
	if err != nil {
		return OwnerApp // a test holds the file to its form
	}
	for _, r := range rules {
		if r.Signal == OwnerPath && atPath(r.Pattern, file) {
			return r.Owner
		}
	}
	for _, r := range rules {
		switch {
		case r.Signal == OwnerPackage && (pkg == r.Pattern || strings.HasPrefix(pkg, r.Pattern+".")):
			return r.Owner
		case r.Signal == OwnerHash && sha256 != "" && sha256 == r.Pattern:
			return r.Owner
		}
	}
	return OwnerApp
}

// atPath reports whether pattern matches file from any of its folders on, up to
// its end or to the end of an archive that it is nested in.
func atPath(pattern, file string) bool {
	if !untidy(file) && !mayMatch(pattern, file) {
		return false
	}
	for end := len(file); end > 0; end = strings.LastIndex(file[:end], "!/") {
		name := path.Clean(file[:end])
		for {
			if wildcard(pattern, name) {
				return true
			}
			_, rest, more := strings.Cut(name, "/")
			if !more {
				break
			}
			name = rest
		}
	}
	return false
}

// untidy reports whether path.Clean may change a path.
func untidy(file string) bool {
	return strings.Contains(file, "//") || strings.Contains(file, "./") || strings.Contains(file, "/.")
}

// mayMatch is a quick look for the first and the last plain part of the pattern in a
// path that is not untidy: most paths lack one of them.
func mayMatch(pattern, file string) bool {
	first, rest, _ := strings.Cut(pattern, "*")
	last := rest[strings.LastIndexByte(rest, '*')+1:]
	return strings.Contains(file, first) && strings.Contains(file, last)
}
