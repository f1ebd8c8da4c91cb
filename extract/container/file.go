package container

import (
	"fmt"
	"os"

	mmap "github.com/edsrzf/mmap-go"
)

const (
	// mapThreshold is the size in bytes below which reading beats mapping.
	mapThreshold = 64 << 10
	// releaseThreshold is the size below which a file may stay in memory as long
	// as it is open: giving pages back and faulting them in again costs more.
	releaseThreshold = 32 << 20
)

// File is a file's content as one slice, mapped where that is cheaper.
//
// A mapped file that is cut while in use raises a fault on access: callers that
// read files others may change set debug.SetPanicOnFault and recover.
type File struct {
	data   []byte
	mapped mmap.MMap
}

// OpenFile opens a regular file for reading.
func OpenFile(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("open %s: not a regular file", path)
	}
	if info.Size() < mapThreshold {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		return &File{data: data}, nil
	}
	m, err := mmap.Map(f, mmap.RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", path, err)
	}
	return &File{data: m, mapped: m}, nil
}

// Data returns the whole content. It must not be written to nor used after Close.
func (f *File) Data() []byte { return f.data }

// Release tells the system that part, a slice of Data, will not be read again
// soon, so that its pages do not count as used memory. The bytes stay readable.
func (f *File) Release(part []byte) {
	if f.mapped != nil && len(part) > 0 && len(f.data) >= releaseThreshold {
		release(f.data, part)
	}
}

// Close unmaps the file.
func (f *File) Close() error {
	f.data = nil
	if f.mapped == nil {
		return nil
	}
	m := f.mapped
	f.mapped = nil
	return m.Unmap()
}
