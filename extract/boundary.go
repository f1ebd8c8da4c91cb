package extract

import (
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

// guard runs f and returns what it panicked with, as one line, or "". Faults on
// mapped memory are panics here, since workers set debug.SetPanicOnFault.
func guard(f func()) (failure string) {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(interface{ Addr() uintptr }); ok {
				failure = "fault: the file changed while it was read"
				return
			}
			failure = fmt.Sprintf("internal error: %v%s", p, panicPlace(debug.Stack()))
		}
	}()
	f()
	return ""
}

// panicPlace returns " at file:line" of the code that panicked.
func panicPlace(stack []byte) string {
	lines := strings.Split(string(stack), "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "panic(") {
			for _, at := range lines[i+1:] {
				if strings.HasPrefix(at, "\t") && !strings.Contains(at, "/runtime/") {
					place, _, _ := strings.Cut(strings.TrimSpace(at), " ")
					if i := strings.LastIndexByte(place, '/'); i >= 0 {
						place = place[i+1:]
					}
					return " at " + place
				}
			}
		}
	}
	return ""
}

// parsed is what a parser gave back.
type parsed struct {
	model *graph.Model
	err   error
}

// parse runs one format on an artifact's bytes from offset from on. It survives
// panics, and gives up waiting when the time limit has passed; the parser then
// keeps its bytes for itself until it ends.
func (w *worker) parse(a *artifact, f *format.Format, from int64, trailing bool) (*graph.Model, *companions, error) {
	files := &companions{artifact: a}
	in := format.Input{
		Path: a.path, Name: a.base(), Data: a.data[from:],
		Open: files.open, List: files.list,
		Trailing: trailing, Limits: w.limits.Model,
	}
	done := make(chan parsed, 1)
	go func() {
		debug.SetPanicOnFault(true)
		var p parsed
		if failure := guard(func() { p.model, p.err = f.Parse(in) }); failure != "" {
			p = parsed{err: &format.Error{Kind: format.ErrMalformed, Format: f.Name, Offset: -1, Msg: failure}}
		}
		if p.err == nil && p.model == nil {
			p.err = &format.Error{Kind: format.ErrNotModel, Format: f.Name, Offset: -1, Msg: "no model"}
		}
		done <- p
	}()
	timer := time.NewTimer(w.limits.Time)
	defer timer.Stop()
	select {
	case p := <-done:
		a.related = a.related || files.looked
		return p.model, files, p.err
	case <-timer.C:
		a.abandon()
		return nil, nil, &format.Error{Kind: format.ErrLimit, Format: f.Name, Offset: -1, Msg: fmt.Sprintf("parser still running after %v", w.limits.Time)}
	}
}
