package extract

import (
	"bytes"
	"encoding/base64"
	"fmt"

	"github.com/gaugenn/gaugenn/extract/container"
)

const (
	// base64Min is the shortest text in bytes that is tried as base64.
	base64Min = 64
	// base64Run is the shortest run of base64 in other text that is tried, and
	// base64Runs how many of them in one file.
	base64Run, base64Runs = 256, 4096
)

// base64 looks for models in base64 text: a file that is nothing else, from its
// first to its last character, line breaks aside (a row under the name "!/base64"), or
// long runs in other text, such as strings of JSON or JavaScript ("!/base64@17" for
// one that begins at offset 17).
func (w *worker) base64(a *artifact) []*Finding {
	if len(a.data) < base64Min || a.depth >= w.limits.Nesting {
		return nil
	}
	if inBase64(a.data[:min(len(a.data), firstLook)]) {
		return w.decoded(a, a.data, "!/base64")
	}
	if !isText(a.data[:min(len(a.data), firstLook)]) {
		return nil
	}
	var rows []*Finding
	for pos, tried := 0, 0; tried < base64Runs; tried++ {
		from, end := nextRun(a.data, pos)
		if from < 0 {
			break
		}
		rows = append(rows, w.decoded(a, a.data[from:end], fmt.Sprintf("!/base64@%d", from))...)
		pos = end
	}
	return rows
}

// nextRun returns the next run of at least base64Run characters of base64 at or
// behind pos, from -1 if there is none. A run that long covers one of every base64Run
// characters: only around those is anything looked at.
func nextRun(data []byte, pos int) (from, end int) {
	for at := pos + base64Run - 1; at < len(data); at += base64Run {
		if base64Class[data[at]] == 0 {
			continue
		}
		from, end = at, at
		for from > pos && base64Class[data[from-1]] != 0 {
			from--
		}
		for end < len(data) && base64Class[data[end]] != 0 {
			end++
		}
		if end-from >= base64Run {
			return from, end
		}
		at = end
	}
	return -1, 0
}

// decoded examines what a base64 text stands for if it begins like a model or an
// archive.
func (w *worker) decoded(a *artifact, text []byte, name string) []*Finding {
	first := dropBreaks(text[:min(len(text), 2*firstLook)])
	first = bytes.TrimRight(first, "=")
	first = first[:len(first)/4*4]
	head := make([]byte, len(first)/4*3)
	n, err := encodingOf(text).WithPadding(base64.NoPadding).Decode(head, first)
	size := int64(len(text)) / 4 * 3
	if n == 0 || err != nil || container.Sniff(head[:n]) == container.None && len(w.match(a.base(), head[:n], size, false)) == 0 {
		return nil
	}
	if !a.job.spend(size) {
		return []*Finding{a.finding(Limit, "the file's content expands beyond its limit")}
	}
	text = bytes.TrimRight(dropBreaks(text), "=")
	encoding := encodingOf(text).WithPadding(base64.NoPadding)
	plain := make([]byte, encoding.DecodedLen(len(text)))
	n, err = encoding.Decode(plain, text)
	if err != nil {
		return nil
	}
	inner := *a
	inner.path, inner.data, inner.size, inner.stored = a.path+name, plain[:n], int64(n), false
	inner.note, inner.files, inner.depth = "base64 text", nil, a.depth+1
	if found, _ := w.identify(&inner); found != nil {
		return []*Finding{w.accept(&inner, found)}
	}
	if kind := container.Detect(inner.data); kind != container.None {
		w.room(inner.depth)
		return w.nested(&inner, kind)
	}
	return nil
}

// base64Class is 1 for the characters of base64 in both alphabets, and for the
// backslash by which JSON may escape a slash.
var base64Class = func() (t [256]uint8) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=\\") {
		t[c] = 1
	}
	return t
}()

// inBase64 reports whether head holds only characters of base64 and line breaks.
func inBase64(head []byte) bool {
	for _, c := range head {
		if base64Class[c] == 0 && c != '\n' && c != '\r' || c == '\\' {
			return false
		}
	}
	return true
}

// encodingOf tells the URL alphabet from the standard one.
func encodingOf(text []byte) *base64.Encoding {
	if bytes.ContainsAny(text, "-_") {
		return base64.URLEncoding
	}
	return base64.StdEncoding
}

// dropBreaks drops what may stand between characters of base64: line breaks, also as
// escapes (backslash and n or r), and the backslash that escapes a slash.
func dropBreaks(text []byte) []byte {
	plain := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\n', c == '\r':
		case c != '\\':
			plain = append(plain, c)
		case i+1 < len(text) && (text[i+1] == 'n' || text[i+1] == 'r'):
			i++
		}
	}
	return plain
}
