package run

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// FileName is the file of runs in a folder of runs.
const FileName = "runs.jsonl"

// maxLine bounds a line of a file of runs.
const maxLine = 64 << 20

// Log appends records to a folder's file of runs. A record is on disk when Append returns. It is safe for several devices at once.
type Log struct {
	mu   sync.Mutex
	f    *os.File
	done map[string]Status
	ids  map[string]string // of devices, by address
}

// OpenLog opens a folder's file of runs and reads what was done before. A last line that was cut off, as by a pulled plug, is taken away.
func OpenLog(dir string) (*Log, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, FileName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	records, good, err := read(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := errors.Join(f.Truncate(good), seek(f, good)); err != nil {
		f.Close()
		return nil, err
	}
	l := &Log{f: f, done: map[string]Status{}, ids: identities(records)}
	for _, r := range records {
		l.done[r.RunID] = r.Status
	}
	return l, nil
}

func seek(f *os.File, at int64) error {
	_, err := f.Seek(at, io.SeekStart)
	return err
}

// Done reports whether a run was done and need not be tried again.
func (l *Log) Done(runID string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.done[runID]
	return ok && !s.Retry()
}

// Append writes a record.
func (l *Log) Append(r *Record) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.f.Write(append(b, '\n')); err != nil {
		return err
	}
	l.done[r.RunID] = r.Status
	return l.f.Sync()
}

// deviceAt returns the identity of the device that was seen at an address before, else the address.
func (l *Log) deviceAt(address string) string {
	if id := l.ids[address]; id != "" {
		return id
	}
	return address
}

// identities returns the identities of devices by their addresses. A device that never answered is known by its address alone.
func identities(records []Record) map[string]string {
	out := map[string]string{}
	for i := range records {
		if d := &records[i].Device; d.Address != "" && d.ID != d.Address {
			out[d.Address] = d.ID
		}
	}
	return out
}

// Close closes the file.
func (l *Log) Close() error { return l.f.Close() }

// ReadDir returns the records of a folder in order; of a run that was tried again, the last. A cut-off last line is left out.
func ReadDir(dir string) ([]Record, error) {
	path := filepath.Join(dir, FileName)
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	all, _, err := read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	last, ids := map[string]int{}, identities(all)
	for i := range all {
		r := &all[i]
		if id := ids[r.Device.Address]; r.Device.ID == r.Device.Address && id != "" { // it answered another time
			r.RunID, r.Device.ID = r.Job.Key(id), id
		}
		last[r.RunID] = i
	}
	var out []Record
	for i, r := range all {
		if last[r.RunID] == i {
			out = append(out, r)
		}
	}
	return out, nil
}

// read returns the whole lines of a file of runs and how many bytes they take.
func read(r io.Reader) (out []Record, good int64, err error) {
	br := bufio.NewReaderSize(r, 1<<16)
	for n := 1; ; n++ {
		line, err := readLine(br)
		if err == io.EOF {
			return out, good, nil
		}
		if err != nil {
			return nil, 0, fmt.Errorf("line %d: %w", n, err)
		}
		var rec Record
		if err := json.Unmarshal(line, &rec); err != nil {
			return nil, 0, fmt.Errorf("line %d: %w", n, err)
		}
		out = append(out, rec)
		good += int64(len(line))
	}
}

// readLine returns a line with its end; a last line without one is io.EOF.
func readLine(br *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := br.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLine {
			return nil, errors.New("line too long")
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil {
			return nil, err
		}
		return line, nil
	}
}
