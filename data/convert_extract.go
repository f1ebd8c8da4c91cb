package data

import (
	"maps"
	"slices"
	"strings"

	"github.com/gaugenn/gaugenn/extract"
	"github.com/gaugenn/gaugenn/extract/evidence"
)

// AppRow returns the apps row of a scanned file. What the manifest says is
// null: the caller fills it in where evidence was read.
func AppRow(a *extract.App) App {
	row := App{
		AppSHA256: a.SHA256, Path: a.Path, Container: a.Container, SizeBytes: a.SizeBytes,
		ABIs: []string{}, Permissions: []string{}, Features: []string{}, NativeLibraries: []string{}, Signers: []string{}, Problems: []string{},
		CandidateCount: int64(len(a.Findings)), Status: string(a.Status), Reason: a.Reason,
	}
	if a.Container != "file" {
		n := int64(a.EntryCount)
		row.EntryCount = &n
	}
	for _, f := range a.Findings {
		if f.Status.IsModel() {
			row.ModelCount++
		}
	}
	return row
}

// FileRows returns the files rows of a scanned file, in its findings' order.
// Companion files get the path of the model they belong to, and files of an app
// their owner, by the evidence that the scan left in its description.
func FileRows(a *extract.App) []File {
	whole := map[string]*extract.Finding{}
	for _, f := range a.Findings {
		for _, c := range f.Companions {
			if whole[c] == nil {
				whole[c] = f
			}
		}
	}
	pkg := ""
	if r, ok := a.Description.(*evidence.Report); ok && r != nil && r.Manifest != nil {
		pkg = r.Manifest.Package
	}
	rows := make([]File, 0, len(a.Findings))
	for _, f := range a.Findings {
		row := File{
			AppSHA256: a.SHA256, Path: f.Path, Extension: f.Extension, Status: string(f.Status), Reason: f.Reason,
			SHA256: text(f.SHA256), Format: text(f.Format), ModelID: text(f.ModelID),
		}
		if f.Size >= 0 {
			row.SizeBytes = &f.Size
		}
		if f.CompressedSize >= 0 {
			row.CompressedBytes = &f.CompressedSize
		}
		if f.Offset >= 0 {
			row.OffsetBytes, row.LengthBytes = &f.Offset, &f.Size
		}
		if f.Entropy >= 0 {
			row.Entropy = &f.Entropy
		}
		if m := whole[f.Path]; m != nil && f.Status == extract.PartOf {
			row.PartOf = &m.Path
			if row.ModelID == nil {
				row.ModelID = text(m.ModelID)
			}
		}
		if a.Container != "file" && f.Status != extract.NotAModel {
			row.Owner = text(evidence.Owner(f.Path, f.SHA256, pkg))
		}
		rows = append(rows, row)
	}
	return rows
}

// text returns nil for an empty string: unknown.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Tell fills the columns that the app's own manifest, signers and libraries
// answer; a nil report leaves them unknown.
func (row *App) Tell(r *evidence.Report) {
	if r == nil {
		return
	}
	row.ABIs = append(row.ABIs, r.ABIs...)
	row.Signers = append(row.Signers, r.Signers...)
	row.Layouts = append(row.Layouts, r.Layouts...)
	if len(r.Problems) > 0 {
		row.Problems = append(row.Problems, r.Problems...)
	}
	m := r.Manifest
	if m == nil {
		return
	}
	row.PackageName, row.VersionName, row.Label = text(m.Package), text(m.VersionName), text(m.Label)
	row.VersionCode, row.MinSDK, row.TargetSDK = m.VersionCode, m.MinSDK, m.TargetSDK
	row.Permissions = append(row.Permissions, m.Permissions...)
	row.Features = append(row.Features, m.Features...)
	row.NativeLibraries = append(row.NativeLibraries, m.NativeLibraries...)
	for _, name := range slices.Sorted(maps.Keys(m.MetaData)) {
		row.MetaData = append(row.MetaData, strings.ToValidUTF8(name+"="+m.MetaData[name], "?"))
	}
}

// EvidenceRows returns the evidence rows of an app.
func EvidenceRows(app string, r *evidence.Report, ruleVersion string) []Evidence {
	if r == nil {
		return nil
	}
	rows := make([]Evidence, 0, len(r.Observations))
	for _, o := range r.Observations {
		row := Evidence{
			AppSHA256: app, RuleID: o.Rule.ID, Path: o.Path, Kind: string(o.Rule.Kind), Subject: o.Rule.Subject,
			Strength: string(o.Strength), Detail: strings.ToValidUTF8(o.Detail, "?"), Caller: strings.ToValidUTF8(o.Caller, "?"), Value: strings.ToValidUTF8(o.Value, "?"), Verified: o.Rule.Example != "", RuleVersion: ruleVersion,
		}
		if o.Offset >= 0 {
			row.OffsetBytes = &o.Offset
		}
		rows = append(rows, row)
	}
	return rows
}
