package evidence

import (
	"path"
	"slices"
	"strings"

	"github.com/gaugenn/gaugenn/extract/container"
)

// maxPackages bounds the packages of one archive that evidence is read from.
const maxPackages = 64

// Part is a package of an app that is several packages.
type Part struct {
	// Path is where it is in the app; paths of what it shows begin with it and "!/".
	Path string
	// Report may be nil: nothing is known of it.
	Report *Report
}

// Merge makes one report of the parts of one app. The manifest is that of the base:
// of a part called base, else of the first that is no split; what splits ask for
// is added to it. A part of another package is a problem.
func Merge(parts []Part) *Report {
	w := &reading{report: &Report{}, best: map[seenAs]*Observation{}}
	w.merge(parts)
	w.finish()
	return w.report
}

// merge adds the parts' reports to the one being made.
func (w *reading) merge(parts []Part) {
	base := baseOf(parts)
	if base != nil && w.report.Manifest == nil {
		m := *base
		w.report.Manifest = &m
	}
	for _, p := range parts {
		if p.Report == nil {
			continue
		}
		for _, o := range p.Report.Observations {
			if heldByOther(o, parts) {
				continue
			}
			o.Path = p.Path + "!/" + o.Path
			w.see(o)
		}
		for _, s := range p.Report.Problems {
			w.problem(p.Path + "!/" + s)
		}
		w.report.ABIs = append(w.report.ABIs, p.Report.ABIs...)
		w.report.Layouts = append(w.report.Layouts, p.Report.Layouts...)
		w.report.Signers = append(w.report.Signers, p.Report.Signers...)
		if m := p.Report.Manifest; m != nil && base != nil {
			if m.Package != "" && m.Package != base.Package {
				w.problem(p.Path + ": package " + m.Package + " beside " + base.Package)
				continue
			}
			w.report.Manifest.add(m)
		}
	}
	slices.Sort(w.report.Signers)
	w.report.Signers = slices.Compact(w.report.Signers)
}

// baseOf returns the manifest of the base, nil if no part has one with a package.
func baseOf(parts []Part) *Manifest {
	var found *Manifest
	for _, p := range parts {
		if p.Report == nil || p.Report.Manifest == nil || p.Report.Manifest.Package == "" {
			continue
		}
		m, name := p.Report.Manifest, path.Base(p.Path)
		switch {
		case m.Split == "" && strings.HasPrefix(name, "base"):
			return m
		case found == nil, found.Split != "" && m.Split == "":
			found = m
		}
	}
	return found
}

// add takes over what another package of the app asks for.
func (m *Manifest) add(other *Manifest) {
	for _, l := range []struct {
		to   *[]string
		from []string
	}{{&m.Permissions, other.Permissions}, {&m.Features, other.Features}, {&m.NativeLibraries, other.NativeLibraries}} {
		all := slices.Concat(*l.to, l.from)
		slices.Sort(all)
		*l.to = slices.Compact(all)
	}
	if len(other.MetaData) > 0 {
		all := map[string]string{}
		for _, from := range []map[string]string{other.MetaData, m.MetaData} {
			for k, v := range from {
				all[k] = v
			}
		}
		m.MetaData = all
	}
}

// packages reads the packages inside an archive that is an app but has no
// manifest itself, such as those of split sets.
func (w *reading) packages() {
	if w.report.Manifest != nil || w.nested {
		return
	}
	var parts []Part
	for i := range w.a.Entries {
		e := &w.a.Entries[i]
		if !strings.HasSuffix(strings.ToLower(e.Name), ".apk") {
			continue
		}
		if len(parts) == maxPackages {
			w.problem("more than 64 packages: the rest is not read for evidence")
			break
		}
		b := w.content(e)
		if len(b) == 0 {
			continue
		}
		a, err := container.Open(b, container.Limits{})
		if err != nil {
			w.problem(e.Name + ": " + err.Error())
			continue
		}
		parts = append(parts, Part{e.Name, w.r.read(a, true)})
	}
	w.merge(parts)
}
