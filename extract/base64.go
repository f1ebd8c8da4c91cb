package extract

import (
	"bytes"
	"encoding/base64"
)

// base64Min is the shortest text in bytes that is tried as base64.
const base64Min = 64

// base64 looks for a model in a file that is base64 text from its first to its last
// character, line breaks aside. It is a row under the name "!/base64".
func (w *worker) base64(a *artifact) []*Finding {
	if len(a.data) < base64Min || !inBase64(a.data[:min(len(a.data), firstLook)]) {
		return nil
	}
	head := make([]byte, firstLook)
	n, _ := base64.NewDecoder(encodingOf(a.data), bytes.NewReader(a.data[:min(len(a.data), 2*firstLook)])).Read(head)
	if n == 0 || len(w.match(a.base(), head[:n], int64(len(a.data))/4*3, false)) == 0 {
		return nil
	}
	if !a.job.spend(int64(len(a.data)) / 4 * 3) {
		return []*Finding{a.finding(Limit, "the file's content expands beyond its limit")}
	}
	text := bytes.TrimRight(bytes.Map(dropBreaks, a.data), "=")
	encoding := encodingOf(text).WithPadding(base64.NoPadding)
	plain := make([]byte, encoding.DecodedLen(len(text)))
	if n, err := encoding.Decode(plain, text); err == nil {
		inner := *a
		inner.path, inner.data, inner.size, inner.stored = a.path+"!/base64", plain[:n], int64(n), false
		inner.note = "base64 text"
		if found, _ := w.identify(&inner); found != nil {
			return []*Finding{found}
		}
	}
	return nil
}

// inBase64 reports whether head holds only characters of base64 and line breaks.
func inBase64(head []byte) bool {
	for _, c := range head {
		if !('A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' ||
			c == '+' || c == '/' || c == '-' || c == '_' || c == '=' || c == '\n' || c == '\r') {
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

func dropBreaks(r rune) rune {
	if r == '\n' || r == '\r' {
		return -1
	}
	return r
}
