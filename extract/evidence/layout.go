package evidence

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

const layoutsFile = "rules/layouts.tsv"

// LayoutRule is one line of rules/layouts.tsv: a file by which a framework for
// building apps is known.
type LayoutRule struct {
	// Layout is "flutter", "unity", "react native" and so on.
	Layout string
	// Pattern is a path inside the app, which may begin after any slash.
	Pattern string
	// Example is where it was observed, "" for a rule that is unverified.
	Example string
}

// LayoutRules returns the built-in layout rules in file order; the error is a mistake
// of ours.
func LayoutRules() ([]LayoutRule, error) {
	b, err := ruleFiles.ReadFile(layoutsFile)
	if err != nil {
		return nil, err
	}
	var out []LayoutRule
	for i, line := range strings.Split(string(b), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 3 || f[0] == "" || f[1] == "" {
			return nil, fmt.Errorf("%s:%d: %q has %d fields, want 3", layoutsFile, i+1, line, len(f))
		}
		out = append(out, LayoutRule{f[0], f[1], strings.TrimSuffix(f[2], "unverified")})
	}
	return out, nil
}

var builtInLayouts = sync.OnceValues(LayoutRules)

// layouts notes with which frameworks the app is built, by the names of its files.
func (w *reading) layouts() {
	rules, err := builtInLayouts()
	if err != nil {
		w.problem(err.Error()) // a test holds the file to its form
		return
	}
	for i := range w.a.Entries {
		name := w.a.Entries[i].Name
		if !strings.Contains(name, "lib/") && !strings.Contains(name, "assets/") && !strings.Contains(name, "assemblies/") {
			continue
		}
		untidy := untidy(name)
		for _, r := range rules {
			if (untidy || mayMatch(r.Pattern, name)) && !slices.Contains(w.report.Layouts, r.Layout) && atPath(r.Pattern, name) {
				w.report.Layouts = append(w.report.Layouts, r.Layout)
			}
		}
	}
}
