package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// scanProgress is the bar of a scan: share done, apps, models, failures, rate
// and remaining time. It is silent when quiet or when w is not a terminal.
type scanProgress struct {
	mu      sync.Mutex
	pool    *mpb.Progress
	bar     *mpb.Bar
	note    string
	started time.Time
}

func newScanProgress(w io.Writer, quiet bool) *scanProgress {
	p := &scanProgress{started: time.Now()}
	f, ok := w.(*os.File)
	if quiet || !ok || !term.IsTerminal(int(f.Fd())) {
		return p
	}
	p.pool = mpb.New(mpb.WithOutput(f), mpb.WithWidth(30), mpb.WithRefreshRate(150*time.Millisecond))
	p.bar = p.pool.AddBar(0,
		mpb.PrependDecorators(decor.Any(func(s decor.Statistics) string { return fmt.Sprintf("scanning %s files ", group(int(s.Total))) })),
		mpb.AppendDecorators(decor.Percentage(decor.WC{W: 5}), decor.Any(func(decor.Statistics) string { return p.text() }),
			decor.Any(func(s decor.Statistics) string {
				rate := float64(s.Current) / time.Since(p.started).Seconds()
				return fmt.Sprintf("  %.0f files/s  ETA ", rate)
			}), decor.AverageETA(decor.ET_STYLE_MMSS)),
	)
	return p
}

func (p *scanProgress) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.note
}

// update sets how many files are done and known.
func (p *scanProgress) update(done, known int, _ int64) {
	if p.bar != nil {
		p.bar.SetTotal(int64(known), false)
		p.bar.SetCurrent(int64(done))
	}
}

// found sets what was found so far.
func (p *scanProgress) found(t *scanTotals) {
	if p.bar == nil {
		return
	}
	note := fmt.Sprintf("  %s apps  %s models (%s distinct)", group(t.apps), group(t.found), group(len(t.models)))
	if t.unread > 0 {
		note += fmt.Sprintf("  %s unreadable", group(t.unread))
	}
	p.mu.Lock()
	p.note = note
	p.mu.Unlock()
}

// finish removes the bar.
func (p *scanProgress) finish() {
	if p.bar != nil {
		p.bar.Abort(true)
		p.pool.Wait()
	}
}
