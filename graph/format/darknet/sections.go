package darknet

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/graph/format"
)

// section is one [kind] with its options.
type section struct {
	kind    string
	options map[string]string
	offset  int64
}

// readSections reads lines of [kind] and key=value; # and ; begin comments.
// When there are more than lim.Nodes sections those so far come with the error.
func readSections(data []byte, lim format.Limits) ([]section, error) {
	var out []section
	for pos := 0; pos < len(data); {
		at := int64(pos)
		line := data[pos:]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i]
			pos += i + 1
		} else {
			pos = len(data)
		}
		if len(line) > lim.TextBytes {
			return out, format.Errorf(format.ErrLimit, at, "line of %d bytes", len(line))
		}
		s := strings.TrimSpace(string(line))
		switch {
		case s == "" || s[0] == '#' || s[0] == ';':
		case s[0] == '[':
			end := strings.IndexByte(s, ']')
			if end < 2 {
				return out, format.Errorf(format.ErrMalformed, at, "section header %q", clip(s))
			}
			if len(out) >= lim.Nodes {
				return out, format.Errorf(format.ErrLimit, at, "more than %d sections", lim.Nodes)
			}
			out = append(out, section{kind: s[1:end], options: map[string]string{}, offset: at})
		default:
			key, val, ok := strings.Cut(s, "=")
			if !ok || len(out) == 0 {
				return out, format.Errorf(format.ErrMalformed, at, "line %q is neither section nor key=value", clip(s))
			}
			if i := strings.IndexByte(val, '#'); i >= 0 {
				val = val[:i]
			}
			out[len(out)-1].options[strings.TrimSpace(key)] = strings.TrimSpace(val)
		}
	}
	return out, nil
}

// int returns an option as a whole number, def where it is absent or none.
func (s *section) int(key string, def int64) int64 {
	v, ok := s.options[key]
	if !ok {
		return def
	}
	if n, err := strconv.ParseInt(v, 10, 64); err == nil && n > -1<<31 && n < 1<<31 {
		return n
	}
	if f, err := strconv.ParseFloat(v, 64); err == nil && f > -1<<31 && f < 1<<31 {
		return int64(f)
	}
	return def
}

// ints returns a list of whole numbers separated by commas.
func (s *section) ints(key string) []int64 {
	var out []int64
	for _, w := range strings.Split(s.options[key], ",") {
		if n, err := strconv.ParseInt(strings.TrimSpace(w), 10, 32); err == nil {
			out = append(out, n)
		}
	}
	return out
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}
