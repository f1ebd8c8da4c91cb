package extract

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"slices"
	"strings"
)

// baseNames are how the base of a split set is called: as pulled from a phone, and
// as a bundle's splits are.
var baseNames = []string{"base.apk", "base-master.apk"}

// isSplitName reports whether a package is called like a part of a split set beside
// its base: split_config.arm64_v8a.apk as pulled from a phone, config.en.apk or
// org.example.config.en.apk as unpacked from an archive of splits, base-en.apk and
// pack-master.apk as made from a bundle.
func isSplitName(name string) bool {
	name = strings.ToLower(name)
	if !strings.HasSuffix(name, ".apk") || slices.Contains(baseNames, name) {
		return false
	}
	for _, p := range []string{"split_", "split-", "config.", "base-"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return strings.Contains(name, ".config.") || strings.HasSuffix(name, "-master.apk")
}

// isExpansion reports whether a file is called like an expansion file of the store:
// main.3.org.example.obb.
func isExpansion(lower string) bool {
	return strings.HasSuffix(lower, ".obb") && (strings.HasPrefix(lower, "main.") || strings.HasPrefix(lower, "patch."))
}

// groupSplits puts the packages of one folder that are one app into one unit: a
// base, the splits beside it and expansion files. It groups only where there is
// no doubt about the base: base.apk or base-master.apk, the only package that is no
// split, or the only one called after the package that the part's name says.
func groupSplits(folder string, units []unitFiles) []unitFiles {
	var bases, parts []int
	for i, u := range units {
		name := path.Base(u.files[0].name)
		switch lower := strings.ToLower(name); {
		case isSplitName(name):
			parts = append(parts, i)
		case isExpansion(lower):
			parts = append(parts, i)
		case slices.Contains(baseNames, lower):
			bases = append([]int{i}, bases...)
		case strings.HasSuffix(lower, ".apk"):
			bases = append(bases, i)
		}
	}
	if len(parts) == 0 || len(bases) == 0 {
		return units
	}
	if len(bases) > 1 && !slices.Contains(baseNames, strings.ToLower(path.Base(units[bases[0]].files[0].name))) {
		return groupByPackage(units, bases, parts)
	}
	set := unitFiles{set: folder}
	var others []unitFiles
	for i, u := range units {
		if i == bases[0] {
			set.files = append(u.files, set.files...)
		} else if slices.Contains(parts, i) {
			set.files = append(set.files, u.files...)
		} else {
			others = append(others, u)
		}
	}
	return append([]unitFiles{set}, others...)
}

// groupByPackage groups the parts of several apps in one folder with the packages
// called after them: main.3.org.example.obb with org.example.apk or org.example_3.apk.
func groupByPackage(units []unitFiles, bases, parts []int) []unitFiles {
	of := map[int][]int{} // parts by base
	taken := map[int]bool{}
	for _, p := range parts {
		pkg := packageInName(strings.ToLower(path.Base(units[p].files[0].name)))
		owner := -1
		for _, b := range bases {
			rest, ok := strings.CutPrefix(strings.ToLower(path.Base(units[b].files[0].name)), pkg)
			if pkg == "" || !ok || rest != ".apk" && !strings.ContainsAny(rest[:1], "_-@ (") {
				continue
			}
			if owner >= 0 {
				owner = -1
				break
			}
			owner = b
		}
		if owner >= 0 {
			of[owner] = append(of[owner], p)
			taken[p], taken[owner] = true, true
		}
	}
	var out []unitFiles
	for _, b := range bases {
		if len(of[b]) == 0 {
			continue
		}
		set := unitFiles{set: strings.TrimSuffix(units[b].files[0].name, path.Ext(units[b].files[0].name)), files: units[b].files}
		for _, p := range of[b] {
			set.files = append(set.files, units[p].files...)
		}
		out = append(out, set)
	}
	for i, u := range units {
		if !taken[i] {
			out = append(out, u)
		}
	}
	return out
}

// packageInName returns the package that the name of an expansion file or split says,
// "" if it says none.
func packageInName(lower string) string {
	if isExpansion(lower) {
		_, rest, _ := strings.Cut(lower, ".")
		version, pkg, ok := strings.Cut(strings.TrimSuffix(rest, ".obb"), ".")
		if ok && version != "" && strings.Trim(version, "0123456789") == "" {
			return pkg
		}
		return ""
	}
	pkg, _, ok := strings.Cut(lower, ".config.")
	if !ok {
		return ""
	}
	return pkg
}

// SplitSet is the Container of an app made of several packages in one folder.
const SplitSet = "split set"

// mergeSet makes one app of the members of a split set. Paths of findings begin
// with the member's name; the digest is over the members' digests, base first.
func mergeSet(name string, members []*App) *App {
	app := &App{Path: name, Container: SplitSet, Status: Parsed, Members: members}
	h := sha256.New()
	var reasons []string
	for _, m := range members {
		member := path.Base(m.Path)
		h.Write([]byte(m.SHA256))
		app.SizeBytes += m.SizeBytes
		app.EntryCount += m.EntryCount
		if m.Err != nil && app.Err == nil {
			app.Err = m.Err
		}
		if m.Status != Parsed && m.Status != NotAModel {
			app.Status = Partial
		}
		if m.Reason != "" {
			reasons = append(reasons, member+": "+m.Reason)
		}
		for _, f := range m.Findings {
			f.Path = inMember(m, f.Path)
			for i := range f.Companions {
				f.Companions[i] = inMember(m, f.Companions[i])
			}
			app.Findings = append(app.Findings, f)
		}
	}
	app.SHA256, app.Reason = hex.EncodeToString(h.Sum(nil)), joinLines(reasons)
	return app
}

// inMember is a finding's path seen from the set that its app is a member of.
func inMember(m *App, p string) string {
	if p == m.Path { // of the member itself
		return path.Base(p)
	}
	return path.Base(m.Path) + "!/" + p
}
