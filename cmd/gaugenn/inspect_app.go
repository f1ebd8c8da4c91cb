package main

import (
	"cmp"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/gaugenn/gaugenn/extract"
	"github.com/gaugenn/gaugenn/extract/evidence"
)

// evidenceSections are the lines of an app below its models: the heading, the
// kind of evidence, and the noun of the first line.
var evidenceSections = []struct {
	title string
	kind  evidence.Kind
	noun  string
}{
	{"runtimes", evidence.Runtime, "runtime"},
	{"delegates", evidence.Delegate, ""},
	{"cloud", evidence.CloudAPI, "cloud API"},
	{"elsewhere", evidence.Download, ""},
	{"SDKs", evidence.SDK, ""},
}

// headline is the first line about an app: who it is, how large, and how much
// of everything it has.
func headline(a *extract.App, r *evidence.Report) string {
	who := a.Path
	var said []string
	if r != nil && r.Manifest != nil {
		m := r.Manifest
		who = cmp.Or(m.Package, a.Path)
		if m.VersionName != "" {
			who += " " + m.VersionName
		}
		if m.TargetSDK != nil {
			who += fmt.Sprintf(" (target %d)", *m.TargetSDK)
		}
		if m.Package != "" {
			said = append(said, a.Path)
		}
	}
	counts := []string{modelCount(a)}
	if r != nil {
		for _, s := range evidenceSections {
			if n := len(claims(r, s.kind)); s.noun != "" && n > 0 {
				counts = append(counts, plural(n, s.noun))
			}
		}
	}
	kind := a.Container
	if r != nil && len(r.Layouts) > 0 {
		kind += " (" + strings.Join(r.Layouts, ", ") + ")"
	}
	said = append([]string{who}, append(said, kind, bytesText(a.SizeBytes), strings.Join(counts, ", "))...)
	return strings.Join(said, "   ")
}

// modelCount counts distinct models, and the places they are in where these are more.
func modelCount(a *extract.App) string {
	places, distinct := 0, map[string]bool{}
	for _, f := range a.Findings {
		if f.Status.IsModel() {
			places++
			distinct[f.ModelID] = true
		}
	}
	text := plural(len(distinct), "model")
	if places > len(distinct) {
		text += fmt.Sprintf(" in %d places", places)
	}
	return text
}

// ownerText says whose a model is unless it is the app's own.
func ownerText(a *extract.App, f *extract.Finding) string {
	r, ok := a.Description.(*evidence.Report)
	if !ok || r == nil {
		return ""
	}
	pkg := ""
	if r.Manifest != nil {
		pkg = r.Manifest.Package
	}
	switch owner := evidence.Owner(f.Path, f.SHA256, pkg); owner {
	case evidence.OwnerApp:
		return ""
	case evidence.OwnerShared:
		return "a published model"
	default:
		return strings.Replace(owner, "sdk:", "SDK: ", 1)
	}
}

// claim is what a report says about one subject: its strongest observation
// first.
type claim struct {
	subject      string
	observations []evidence.Observation
}

// claims groups the observations of a kind by subject, the surest subject first.
func claims(r *evidence.Report, kind evidence.Kind) []claim {
	bySubject := map[string]int{}
	var out []claim
	for _, o := range r.Observations {
		if o.Rule.Kind != kind {
			continue
		}
		i, ok := bySubject[o.Rule.Subject]
		if !ok {
			i = len(out)
			bySubject[o.Rule.Subject] = i
			out = append(out, claim{subject: o.Rule.Subject})
		}
		out[i].observations = append(out[i].observations, o)
	}
	for i := range out {
		slices.SortStableFunc(out[i].observations, func(a, b evidence.Observation) int { return a.Strength.Compare(b.Strength) })
	}
	slices.SortStableFunc(out, func(a, b claim) int {
		return cmp.Or(a.observations[0].Strength.Compare(b.observations[0].Strength), cmp.Compare(a.subject, b.subject))
	})
	return out
}

// writeEvidence writes one line for each claim, or with why every observation
// behind it.
func writeEvidence(w io.Writer, r *evidence.Report, why bool) {
	width := 0
	for _, s := range evidenceSections {
		for _, c := range claims(r, s.kind) {
			width = max(width, len(c.subject))
		}
	}
	for _, s := range evidenceSections {
		title := s.title
		for _, c := range claims(r, s.kind) {
			fmt.Fprintf(w, "  %-9s  %-*s  %-10s  %s\n", title, width, c.subject, c.observations[0].Strength, c.because(s.kind, r.Manifest))
			title = ""
			if why {
				writeObservations(w, c)
			}
		}
	}
	for _, p := range r.Problems {
		if why {
			fmt.Fprintf(w, "  %-9s  %s\n", "unread", p)
		}
	}
}

// because is the reason for a claim in a few words: what code chooses, with who does
// so, else what the strongest observation saw and where.
func (c *claim) because(kind evidence.Kind, m *evidence.Manifest) string {
	o := c.observations[0]
	if values := c.values(); values != "" && kind != evidence.Download {
		by := whose(o.Caller, m)
		if others := c.callers() - 1; others > 0 {
			by += fmt.Sprintf(" and %d more", others)
		}
		return clip(values, 60) + "   " + by
	}
	text := clip(o.Detail, 90)
	if o.Strength == evidence.Called && o.Caller != "" {
		text = clip(strings.Replace(o.Detail, o.Caller, whose(o.Caller, m), 1), 110)
	}
	if b := path.Base(o.Path); !strings.Contains(text, b) {
		text += " (" + b + ")"
	}
	if o.Strength == evidence.InText && o.Caller != "" {
		text += " loaded by " + whose(o.Caller, m)
	}
	switch {
	case o.Rule.Signal == evidence.DeliveredModule:
		text = "delivered apart: " + text
	case kind == evidence.Download:
		text = "model elsewhere: " + text
	}
	if n := len(c.observations); kind == evidence.Download && n > 1 {
		text += fmt.Sprintf(" and %d more", n-1)
	}
	return text
}

// values lists the constants that the claim's calls pass, "" if none is known.
func (c *claim) values() string {
	var out []string
	for _, o := range c.observations {
		if o.Value != "" && !slices.Contains([]evidence.Signal{evidence.URL, evidence.Name, evidence.Meta}, o.Rule.Signal) {
			text := o.Value
			if _, member, ok := strings.Cut(o.Rule.Pattern, "->"); ok && member != text {
				text = member + "(" + text + ")"
			}
			if !slices.Contains(out, text) {
				out = append(out, text)
			}
		}
	}
	return strings.Join(out, ", ")
}

// callers counts the methods that the claim's observations name.
func (c *claim) callers() int {
	seen := map[string]bool{}
	for _, o := range c.observations {
		if o.Caller != "" {
			seen[o.Caller] = true
		}
	}
	return len(seen)
}

// whose says of a caller whether it is the app's own code, a library's or unknown
// for being renamed. Where the app has no package, it stands as it is.
func whose(caller string, m *evidence.Manifest) string {
	switch {
	case m == nil, m.Package == "", caller == "":
		return caller
	case m.OwnCode(caller):
		return "app code " + caller
	case evidence.Renamed(caller):
		return "renamed code " + caller
	}
	return "library code " + caller
}

// writeObservations writes rule, file and offset of each observation.
func writeObservations(w io.Writer, c claim) {
	for _, o := range c.observations {
		where := o.Path
		if o.Offset >= 0 {
			where += fmt.Sprintf(" @0x%x", o.Offset)
		}
		verified := "verified"
		if o.Rule.Example == "" {
			verified = "unverified rule"
		}
		detail := clip(o.Detail, 120)
		if o.Strength == evidence.InText && o.Caller != "" {
			detail += " loaded by " + o.Caller
		}
		fmt.Fprintf(w, "             %-10s  %s   %s   %s (%s)\n", o.Strength, o.Rule.ID, where, detail, verified)
	}
}

// clip cuts text to n bytes.
func clip(s string, n int) string {
	if len(s) > n {
		s = s[:n] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}
