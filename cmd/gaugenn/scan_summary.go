package main

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/gaugenn/gaugenn/data"
	"github.com/gaugenn/gaugenn/extract"
	"github.com/gaugenn/gaugenn/extract/evidence"
)

// scanTotals is what a scan found, for the progress line and the summary.
type scanTotals struct {
	started           time.Time
	took              time.Duration
	files, apps       int
	found, unread     int
	candidates        int
	formats           map[string]int
	opaque, encrypted int
	models            map[string]holders // distinct model ids
	shared            int                // models in apps of several packages
	most              shared             // the one in most of them
	bytes             int64
	firstUnread       []string
}

// holders are the apps that a model was seen in. It is small: there is one for every
// distinct model of a scan.
type holders struct {
	first   uint64 // hash of the first app's package
	last    uint32 // the app counted last, by its number
	apps    uint32
	several bool // not all of one package
}

// shared is a model in several apps.
type shared struct {
	name, id string
	apps     uint32
}

// holds counts the app as one that ships the model. Loose files are no apps.
func (t *scanTotals) holds(a *extract.App, f *extract.Finding) {
	h := t.models[f.ModelID]
	if number := uint32(t.apps); a.Container != "file" && (h.apps == 0 || h.last != number) {
		who := packageHash(a)
		switch {
		case h.apps == 0:
			h.first = who
		case h.first != who && !h.several:
			h.several = true
			t.shared++
		}
		h.last = number
		if h.apps++; h.several && h.apps > t.most.apps {
			t.most = shared{name: path.Base(f.Path), id: f.ModelID, apps: h.apps}
		}
	}
	t.models[f.ModelID] = h
}

// packageHash stands for the package that an app says it is, or for the file itself:
// two versions of an app do not share a model with each other.
func packageHash(a *extract.App) uint64 {
	name := a.SHA256
	if r, ok := a.Description.(*evidence.Report); ok && r != nil && r.Manifest != nil && r.Manifest.Package != "" {
		name = r.Manifest.Package
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // never fails
	return h.Sum64()
}

// add counts one app.
func (t *scanTotals) add(a *extract.App) {
	t.files++
	t.bytes += a.SizeBytes
	if a.Container != "file" {
		t.apps++
	}
	bad := a.Container != "file" && !a.Status.IsModel()
	for _, f := range a.Findings {
		t.candidates++
		switch {
		case f.Status.IsModel():
			t.found++
			t.formats[f.Format]++
			t.holds(a, f)
			if f.Status == extract.Opaque {
				t.opaque++
			}
		case f.Status == extract.Encrypted:
			t.encrypted++
		case f.Status != extract.PartOf && f.Status != extract.NotAModel:
			bad = true
			if len(t.firstUnread) < 3 {
				t.firstUnread = append(t.firstUnread, fmt.Sprintf("%s: %s: %s: %s", a.Path, f.Path, f.Status, f.Reason))
			}
		}
	}
	if bad {
		t.unread++
	}
}

// write prints the summary for people: the answer in the first line.
func (t *scanTotals) write(w io.Writer, out string) {
	fmt.Fprintf(w, "%s files → %s apps and archives, %s models (%s distinct) in %s\n", group(t.files), group(t.apps), group(t.found), group(len(t.models)), t.took.Round(10*time.Millisecond))
	var parts []string
	for _, k := range slices.SortedFunc(maps.Keys(t.formats), func(a, b string) int {
		if d := t.formats[b] - t.formats[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	}) {
		parts = append(parts, fmt.Sprintf("%s %s", k, group(t.formats[k])))
	}
	if t.opaque > 0 {
		parts = append(parts, fmt.Sprintf("(opaque %s)", group(t.opaque)))
	}
	if t.encrypted > 0 {
		parts = append(parts, fmt.Sprintf("encrypted %s", group(t.encrypted)))
	}
	if len(parts) > 0 {
		fmt.Fprintf(w, "  %s\n", strings.Join(parts, "   "))
	}
	if t.shared > 0 {
		fmt.Fprintf(w, "  in apps of several packages: %s of the distinct models; most often %s (%.8s), in %s apps\n", group(t.shared), t.most.name, t.most.id, group(int(t.most.apps)))
	}
	if t.unread > 0 {
		fmt.Fprintf(w, "  in %d of them something could not be read:\n", t.unread)
		for _, s := range t.firstUnread {
			fmt.Fprintf(w, "    %s\n", s)
		}
		if out != "" {
			fmt.Fprintf(w, "    all: select path, status, reason from '%s/files/*.parquet' where status not in ('parsed', 'part_of', 'not_a_model')\n", strings.TrimSuffix(out, "/"))
		}
	}
	if out != "" {
		fmt.Fprintf(w, "%s: %s   (schema %d, %s)\n", out, strings.Join(scanTables, " "), data.SchemaVersion, bytesText(tableBytes(out)))
	}
}

// tableBytes is the size in bytes of the tables of a scan below dir.
func tableBytes(dir string) int64 {
	var n int64
	for _, t := range scanTables {
		paths, err := data.Files(dir, t)
		if err != nil {
			continue
		}
		for _, p := range paths {
			if info, err := os.Stat(p); err == nil {
				n += info.Size()
			}
		}
	}
	return n
}

func (t *scanTotals) writeJSON(w io.Writer) error {
	return json.NewEncoder(w).Encode(map[string]any{"summary": map[string]any{
		"files": t.files, "apps": t.apps, "models": t.found, "distinct_models": len(t.models), "shared_models": t.shared, "formats": t.formats,
		"opaque": t.opaque, "encrypted": t.encrypted, "unreadable": t.unread, "candidates": t.candidates, "seconds": t.took.Seconds(),
	}})
}

// group writes n with thousands separators.
func group(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
