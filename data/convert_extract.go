package data

import "github.com/gaugenn/gaugenn/extract"

// AppRow returns the apps row of a scanned file. What the manifest says is
// null: the caller fills it in where evidence was read.
func AppRow(a *extract.App) App {
	row := App{
		AppSHA256: a.SHA256, Path: a.Path, Container: a.Container, SizeBytes: a.SizeBytes, ABIs: []string{},
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
// Companion files get the path of the model they belong to.
func FileRows(a *extract.App) []File {
	whole := map[string]*extract.Finding{}
	for _, f := range a.Findings {
		for _, c := range f.Companions {
			if whole[c] == nil {
				whole[c] = f
			}
		}
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
