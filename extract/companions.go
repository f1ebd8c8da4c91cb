package extract

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/gaugenn/gaugenn/extract/container"
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

// part is a companion file that a parser asked for.
type part struct {
	name  string // as asked for
	path  string // as in Finding.Path
	key   string // what the file set knows it by
	data  []byte
	entry *container.Entry // nil on disk
	order int
	piece bool // of a model that is cut up: nothing in it counts on its own
}

// fileSet is where an artifact's neighbours are: an archive or a folder.
type fileSet interface {
	// open returns the file with the given name relative to a's folder.
	open(a *artifact, name string) (*part, error)
	// list returns the names of the files in a's folder, in order.
	list(a *artifact) []string
	// claim records that p belongs to the model at a.
	claim(a *artifact, p *part, formatName string)
}

// companions is what one parser sees of the neighbours, and what it took.
type companions struct {
	artifact *artifact
	mu       sync.Mutex // a parser out of time may still be calling
	taken    []*part
	looked   bool // at the neighbours, found or not
}

func (c *companions) open(name string) ([]byte, error) {
	if c.artifact.files == nil || !filepath.IsLocal(filepath.FromSlash(name)) || strings.Contains(name, `\`) {
		return nil, format.ErrNotFound
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.taken {
		if p.name == name {
			return p.data, nil
		}
	}
	c.looked = true
	p, err := c.artifact.files.open(c.artifact, name)
	if err != nil {
		return nil, err
	}
	p.name = name
	c.taken = append(c.taken, p)
	return p.data, nil
}

func (c *companions) list() []string {
	if c.artifact.files == nil {
		return nil
	}
	c.mu.Lock()
	c.looked = true
	c.mu.Unlock()
	return c.artifact.files.list(c.artifact)
}

// used returns the companions that the model says it was read from.
func (c *companions) used(m *graph.Model) []*part {
	var parts []*part
	for _, mp := range m.Parts {
		for _, p := range c.taken {
			if mp.Found && p.name == mp.Name {
				parts = append(parts, p)
				break
			}
		}
	}
	return parts
}

// archiveFiles are the files of an archive.
type archiveFiles struct {
	job     *job
	archive *container.Archive
	prefix  string // of every path: "" or "outer.zip!/"
	order   int    // of the outermost entry it is in; -1 for the outermost archive

	once    sync.Once
	byName  map[string]int
	folders map[string][]string
}

// index sorts the entries by name and folder when the first companion is asked for.
func (s *archiveFiles) index() {
	s.byName, s.folders = map[string]int{}, map[string][]string{}
	for i := range s.archive.Entries {
		name := s.archive.Entries[i].Name
		if _, twice := s.byName[name]; twice || s.archive.Entries[i].Directory {
			continue
		}
		s.byName[name] = i
		s.folders[path.Dir(name)] = append(s.folders[path.Dir(name)], path.Base(name))
	}
	for _, names := range s.folders {
		sort.Strings(names)
	}
}

func (s *archiveFiles) folder(a *artifact) string {
	return path.Dir(strings.TrimPrefix(a.path, s.prefix))
}

func (s *archiveFiles) open(a *artifact, name string) (*part, error) {
	s.once.Do(s.index)
	i, ok := s.byName[path.Join(s.folder(a), name)]
	if !ok {
		return nil, format.ErrNotFound
	}
	e := &s.archive.Entries[i]
	d := decoders.Get().(*container.Decoder)
	defer decoders.Put(d)
	c, err := d.Bytes(e, nil)
	if err != nil {
		return nil, err
	}
	if !c.Shared && !s.job.spend(c.Unpacked) {
		return nil, format.ErrLimit
	}
	return &part{path: s.prefix + e.Name, key: s.prefix + e.Name, data: c.Data, entry: e, order: s.orderOf(i)}, nil
}

// decoders serve companions, which are read while a worker's own decoder may be in use.
var decoders = sync.Pool{New: func() any { return new(container.Decoder) }}

func (s *archiveFiles) orderOf(i int) int {
	if s.order < 0 {
		return i
	}
	return s.order
}

func (s *archiveFiles) list(a *artifact) []string {
	s.once.Do(s.index)
	return s.folders[s.folder(a)]
}

func (s *archiveFiles) claim(a *artifact, p *part, formatName string) {
	row := partRow(p, a.path, formatName)
	row.CompressedSize, row.Stored = p.entry.CompressedSize, p.entry.Stored()
	s.job.parts.add(a, row)
}

// partRow is the row of a companion file.
func partRow(p *part, main, formatName string) *Finding {
	return &Finding{
		Path: p.path, Offset: -1, SHA256: hashOf(p.data), Size: int64(len(p.data)), CompressedSize: int64(len(p.data)), Stored: true,
		Extension: extension(p.path), Format: formatName, Status: PartOf, Reason: "part of " + main,
		Entropy: entropy(p.data), order: p.order, piece: p.piece,
	}
}

// partClaims are the companion files found in one archive.
type partClaims struct {
	mu     sync.Mutex
	byPart map[string]partClaim
}

type partClaim struct {
	main      string
	mainOrder int
	row       *Finding
}

// add records a claim; of several the first main file in order wins.
func (c *partClaims) add(a *artifact, row *Finding) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byPart == nil {
		c.byPart = map[string]partClaim{}
	}
	old, ok := c.byPart[row.Path]
	if !ok || a.order < old.mainOrder || a.order == old.mainOrder && a.path < old.main {
		c.byPart[row.Path] = partClaim{main: a.path, mainOrder: a.order, row: row}
	}
}

// settleParts turns the rows of claimed files into part_of, adding those that are
// missing, when all files of the archive have been looked at.
func (j *job) settleParts() {
	claims := j.parts.byPart
	if len(claims) == 0 {
		return
	}
	j.parts.byPart = nil
	kept := j.app.Findings[:0]
	for _, f := range j.app.Findings {
		c, claimed := claims[f.Path]
		if claimed && claims[c.main].main == f.Path && f.Path < c.main {
			claimed = false // they claim each other
			delete(claims, f.Path)
		}
		if !claimed || f.Offset >= 0 && !claims[f.Path].row.piece {
			kept = append(kept, f)
		}
	}
	for _, p := range slices.Sorted(maps.Keys(claims)) {
		kept = append(kept, claims[p].row)
	}
	sort.SliceStable(kept, func(i, k int) bool { return kept[i].order < kept[k].order })
	j.app.Findings = kept
}

// diskFiles are the neighbours of a loose file on disk.
type diskFiles struct{ job *job }

func (s *diskFiles) open(_ *artifact, name string) (*part, error) {
	j := s.job
	if j.unit.files.folder == "" {
		return nil, format.ErrNotFound
	}
	p := filepath.Join(j.unit.files.folder, filepath.FromSlash(name))
	if info, err := os.Lstat(p); err != nil || !info.Mode().IsRegular() {
		return nil, format.ErrNotFound
	}
	f, err := j.opened.open(p)
	if err != nil {
		return nil, err
	}
	return &part{path: path.Join(j.unit.files.prefix, name), key: p, data: f.Data()}, nil
}

func (s *diskFiles) list(*artifact) []string {
	if s.job.unit.files.folder == "" {
		return nil
	}
	entries, err := os.ReadDir(s.job.unit.files.folder)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if e.Type() == fs.FileMode(0) {
			names = append(names, e.Name())
		}
	}
	return names
}

func (s *diskFiles) claim(a *artifact, p *part, formatName string) {
	s.job.claims.add(p.key, diskClaim{mainKey: s.job.file.path, row: partRow(p, a.path, formatName)})
}

// companionFiles are opened for a loose model and closed with it.
type companionFiles struct {
	mu    sync.Mutex
	files []*container.File
}

func (c *companionFiles) open(path string) (*container.File, error) {
	f, err := container.OpenFile(path)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.files = append(c.files, f)
	c.mu.Unlock()
	return f, nil
}

func (c *companionFiles) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.files {
		_ = f.Close() // read-only: nothing to lose
	}
	c.files = nil
}

// diskClaims are the companion files of loose models, by path on disk. A model's
// companions are beside or below it, so that they come in the same unit or later.
type diskClaims struct {
	mu     sync.Mutex
	byPart map[string]diskClaim
}

type diskClaim struct {
	mainKey string
	row     *Finding
}

func (c *diskClaims) add(key string, claim diskClaim) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, ok := c.byPart[key]; !ok || claim.mainKey < old.mainKey {
		c.byPart[key] = claim
	}
}

// settleLoose turns a loose file that is a companion into part_of, when its turn in
// the output has come.
func (r *run) settleLoose(j *job) {
	r.claims.mu.Lock()
	defer r.claims.mu.Unlock()
	c, ok := r.claims.byPart[j.file.path]
	if !ok || j.archive != nil {
		return
	}
	if r.claims.byPart[c.mainKey].mainKey == j.file.path && j.file.path < c.mainKey {
		return // they claim each other
	}
	row := *c.row
	row.Path = j.app.Path
	j.app.Status, j.app.Reason = PartOf, row.Reason
	for i, f := range j.app.Findings {
		if f.Offset < 0 {
			j.app.Findings[i] = &row
			return
		}
	}
	j.app.Findings = append(j.app.Findings, &row)
}
