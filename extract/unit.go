package extract

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/gaugenn/gaugenn/extract/container"
)

// Sizes of the pieces that an archive's entries are dealt out in.
const (
	chunkEntries = 512
	chunkBytes   = 4 << 20
	hashBlock    = 4 << 20
)

// unit is a unitFiles being scanned.
type unit struct {
	*run
	index   int
	files   unitFiles
	jobs    []*job
	pending atomic.Int64
}

// start opens the unit's files, one task each.
func (u *unit) start(w *worker) {
	u.pending.Store(int64(len(u.files.files)))
	var tasks []task
	for i := range u.files.files {
		j := &job{unit: u, file: u.files.files[i]}
		u.jobs = append(u.jobs, j)
		tasks = append(tasks, j.start)
	}
	if len(tasks) > 1 {
		u.push(tasks[1:])
	}
	tasks[0](w)
}

// jobDone counts a finished file; the last one finishes the unit.
func (u *unit) jobDone(j *job) {
	if u.Digest != nil {
		j.close() // nothing refers to the content any more
	}
	if u.pending.Add(-1) == 0 {
		u.finished(u)
	}
}

// merged is the one app that the files of a split set are.
func (u *unit) merged() *App {
	apps := make([]*App, len(u.jobs))
	for i, j := range u.jobs {
		apps[i] = j.app
	}
	return mergeSet(u.files.set, apps)
}

func (u *unit) close() {
	for _, j := range u.jobs {
		j.close()
	}
}

// job is one file on disk being scanned.
type job struct {
	*unit
	file      diskFile
	app       *App
	data      *container.File
	archive   *container.Archive
	sources   *archiveFiles
	results   [][]*Finding // by entry, to keep their order
	pending   atomic.Int64
	expanded  atomic.Int64
	parts     partClaims     // companion files inside the archive
	opened    companionFiles // companion files of a loose model
	abandoned atomic.Bool    // a parser that ran out of time still reads the bytes
}

// start opens the file and either scans it whole or deals out its entries.
func (j *job) start(w *worker) {
	j.app = &App{Path: j.file.name, SizeBytes: j.file.size, Container: "file", Status: Parsed}
	f, err := container.OpenFile(j.file.path)
	if err != nil {
		j.unreadable(fmt.Errorf("scan: %w", err))
		return
	}
	j.data = f
	j.app.SizeBytes = int64(len(f.Data()))
	tasks := []task{}
	failure := guard(func() { tasks = j.plan(w) })
	if failure != "" {
		j.app.Status, j.app.Reason = Malformed, failure
		tasks = nil
	}
	if len(tasks) == 0 {
		j.finish()
		return
	}
	j.pending.Store(int64(len(tasks)))
	if len(tasks) > 1 {
		j.push(tasks[1:])
	}
	tasks[0](w)
}

// unreadable records an I/O error of the file: a row, so that one bad file does
// not end the scan of many.
func (j *job) unreadable(err error) {
	j.app.Status, j.app.Reason, j.app.Err = Malformed, err.Error(), err
	j.unit.jobDone(j)
}

// plan decides what the file is. A loose file is examined at once; for a
// container it returns the tasks that search it.
func (j *job) plan(w *worker) []task {
	data := j.data.Data()
	a := &artifact{
		job: j, path: j.app.Path, data: data, offset: -1,
		size: int64(len(data)), compressed: int64(len(data)), stored: true,
		files: &diskFiles{job: j},
	}
	found, failed := w.identify(a)
	if found == nil {
		kind := container.Sniff(data[:min(len(data), container.SniffLen)])
		if kind == container.None && isContainerName(j.file.name) {
			kind = container.Detect(data)
		}
		if kind != container.None {
			archive, err := container.Open(data, j.limits.Container)
			if err == nil {
				return j.planArchive(archive, failed)
			}
			j.app.Container, j.app.Status, j.app.Reason = kind.String(), statusOf(err), err.Error()
			j.app.SHA256 = hashOf(data)
			return nil
		}
	}
	j.results = [][]*Finding{w.conclude(a, found, failed)}
	j.app.SHA256 = j.wholeHash()
	j.summarise()
	return nil
}

// wholeHash returns the file's hash, which a finding of the whole file has too.
func (j *job) wholeHash() string {
	for _, f := range j.results[0] {
		if f.Offset < 0 && f.SHA256 != "" && f.Path == j.app.Path {
			return f.SHA256
		}
	}
	return hashOf(j.data.Data())
}

// summarise gives a loose file's app row the status of its best finding.
func (j *job) summarise() {
	for i, f := range j.results[0] {
		if i == 0 || f.Status.IsModel() && !j.app.Status.IsModel() {
			j.app.Status, j.app.Reason = f.Status, f.Reason
		}
	}
}

// planArchive fills in the app row and deals the entries out.
func (j *job) planArchive(archive *container.Archive, failed *Finding) []task {
	j.archive = archive
	j.sources = &archiveFiles{job: j, archive: archive, order: -1}
	j.app.Container = containerName(archive)
	j.app.EntryCount = len(archive.Entries)
	if archive.Repaired {
		j.app.Status = Partial
	}
	j.app.Reason = joinLines(archive.Warnings)
	j.results = make([][]*Finding, len(archive.Entries)+1)
	if failed != nil { // it began like a model, too
		j.results[len(archive.Entries)] = []*Finding{failed}
	}
	tasks := []task{j.hash}
	for from := 0; from < len(archive.Entries); {
		to, size := from, int64(0)
		for to < len(archive.Entries) && to-from < chunkEntries && size < chunkBytes {
			size += archive.Entries[to].CompressedSize
			to++
		}
		tasks = append(tasks, j.chunk(from, to))
		from = to
	}
	if j.Depth == Full && len(archive.Between()) > 0 {
		tasks = append(tasks, j.outside)
	}
	if j.Describe != nil { // late, see Scanner.Content, but not last: others end meanwhile
		tasks = slices.Insert(tasks, len(tasks)*3/4, j.describe)
	}
	return tasks
}

// step runs one part of the job and finishes the job with the last part.
func (j *job) step(part func() string) {
	if failure := part(); failure != "" {
		j.mu.Lock()
		j.app.Status, j.app.Reason = Malformed, failure
		j.mu.Unlock()
	}
	if j.pending.Add(-1) == 0 {
		j.finish()
	}
}

func (j *job) hash(*worker) {
	j.step(func() string {
		return guard(func() {
			h, data := sha256.New(), j.data.Data()
			for len(data) > 0 {
				block := data[:min(len(data), hashBlock)]
				h.Write(block)
				j.data.Release(block)
				data = data[len(block):]
			}
			j.app.SHA256 = hex.EncodeToString(h.Sum(nil))
		})
	})
}

func (j *job) describe(*worker) {
	j.step(func() string {
		return guard(func() {
			src := Source{Path: j.app.Path, Data: j.data.Data(), Archive: j.archive}
			if j.file.signature != "" {
				if f, err := container.OpenFile(j.file.signature); err == nil {
					defer func() { _ = f.Close() }() // read-only: nothing to lose
					src.Signature = f.Data()
				}
			}
			j.app.Description = j.Describe(src)
		})
	})
}

// chunk returns the task that examines entries [from, to).
func (j *job) chunk(from, to int) task {
	return func(w *worker) {
		j.step(func() string {
			for i := from; i < to && !j.hasStopped(); i++ {
				j.results[i] = w.entry(j.sources, i, 0)
			}
			j.releaseEntries(j.archive.Entries[from:to])
			return ""
		})
	}
}

// releaseEntries gives back the pages of the entries, which mostly lie together.
func (j *job) releaseEntries(entries []container.Entry) {
	data := j.data.Data()
	from, to := int64(len(data)), int64(0)
	for i := range entries {
		from = min(from, max(entries[i].Offset, 0))
		to = max(to, min(entries[i].Offset+entries[i].CompressedSize, int64(len(data))))
	}
	if from < to {
		j.data.Release(data[from:to])
	}
}

// outside searches what stands before, between and after the entries.
func (j *job) outside(w *worker) {
	j.step(func() string {
		return guard(func() {
			data, n := j.data.Data(), len(j.archive.Entries)
			for _, part := range j.archive.Between() {
				a := &artifact{
					job: j, path: j.app.Path, data: data[:part.To], offset: -1, order: n,
					size: int64(len(data)), compressed: int64(len(data)), files: &diskFiles{job: j}, stored: true,
				}
				j.results[n] = append(j.results[n], w.search(a, part.From)...)
			}
		})
	})
}

// finish collects the findings in order.
func (j *job) finish() {
	for _, r := range j.results {
		j.app.Findings = append(j.app.Findings, r...)
	}
	j.results = nil
	if j.archive != nil {
		j.archive.Forget()
	}
	j.settleParts()
	j.unit.jobDone(j)
}

// close gives back the file; its bytes may not be used any more.
func (j *job) close() {
	if j.abandoned.Load() {
		return
	}
	j.opened.close()
	if j.data != nil {
		_ = j.data.Close() // read-only: nothing to lose
		j.data = nil
	}
}

// spend takes n bytes of the job's budget for expanded content.
func (j *job) spend(n int64) bool { return j.expanded.Add(n) <= j.limits.ExpandedBytes }

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func joinLines(lines []string) string {
	text := ""
	for i, l := range lines {
		if i > 0 {
			text += "; "
		}
		text += l
	}
	return text
}
