package container

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
)

// listTar lists a tar archive; its entries are slices of it, except sparse ones.
func (a *Archive) listTar() error {
	r := bytes.NewReader(a.data)
	t := tar.NewReader(r)
	for len(a.Entries) < a.limits.Entries {
		h, err := t.Next()
		if err == io.EOF {
			break
		}
		offset := int64(len(a.data)) - int64(r.Len())
		if err != nil {
			if len(a.Entries) == 0 {
				return errorAt(Tar, offset, ErrMalformed, "%v", err)
			}
			what := "damaged"
			if errors.Is(err, io.ErrUnexpectedEOF) {
				what = "truncated"
			}
			a.Repaired = true
			a.warn("%s at offset %d: %v; %d entries before it", what, offset, err, len(a.Entries))
			break
		}
		if h.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		e := Entry{
			Size: h.Size, CompressedSize: h.Size, Offset: offset,
			Directory: h.Typeflag == tar.TypeDir,
			archive:   a, inPlace: true,
		}
		e.setName(h.Name, true)
		switch h.Typeflag {
		case tar.TypeSymlink, tar.TypeLink:
			e.Size, e.CompressedSize = 0, 0
			e.addNote("link to %q", h.Linkname)
		case tar.TypeGNUSparse:
			e.content, err = io.ReadAll(io.LimitReader(t, min(a.limits.EntryBytes, int64(len(a.data))*2)))
			if err != nil {
				e.addNote("sparse content: %v", err)
			}
		}
		a.Entries = append(a.Entries, e)
	}
	return nil
}
