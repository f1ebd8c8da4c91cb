package extract

import (
	"fmt"
	"strings"

	"github.com/gaugenn/gaugenn/extract/container"
)

// Member returns the content of a file inside a scanned file: path is that of a Finding, nested archives joined by "!/", and "" is the file
// itself. With offset above 0 or length above 0 it is that part of the content (length 0 is up to its end). The bytes are the caller's own. A
// path that is not there is an error, and so is a part that passes the content's end.
func Member(file, path string, offset, length int64, limits container.Limits) ([]byte, error) {
	f, err := container.OpenFile(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, own, err := member(f.Data(), path, limits)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if offset < 0 || length < 0 || offset > int64(len(data)) || length > int64(len(data))-offset {
		return nil, fmt.Errorf("%s: %s: %d bytes from %d are not in its %d", file, path, length, offset, len(data))
	}
	if length == 0 {
		length = int64(len(data)) - offset
	}
	data = data[offset : offset+length]
	if !own {
		data = append([]byte(nil), data...)
	}
	return data, nil
}

// member goes down a path; own says that the content is no view of the outer bytes.
func member(data []byte, path string, limits container.Limits) (content []byte, own bool, err error) {
	for depth := 0; path != ""; depth++ {
		if depth >= (Limits{}).withDefaults().Nesting {
			return nil, false, fmt.Errorf("%q: nested deeper than %d", path, depth)
		}
		name, rest, _ := strings.Cut(path, "!/")
		a, err := container.Open(data, limits)
		if err != nil {
			return nil, false, fmt.Errorf("%q: %w", name, err)
		}
		found := a.Lookup(name)
		if len(found) == 0 && len(a.Entries) == 1 && a.Kind.Single() { // named after the file around it
			found = []*container.Entry{&a.Entries[0]}
		}
		if len(found) == 0 {
			return nil, false, fmt.Errorf("%q: not in the archive", name)
		}
		var d container.Decoder
		c, err := d.Bytes(found[0], nil)
		if err != nil {
			return nil, false, fmt.Errorf("%q: %w", name, err)
		}
		data = unityWhole(a, found[0].Name, c.Data, &d)
		own, path = own || !c.Shared || len(data) > len(c.Data), rest
	}
	return data, own, nil
}
