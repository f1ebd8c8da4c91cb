package extract

import (
	"context"
	"hash/maphash"
	"runtime/debug"
	"sync"

	"github.com/gaugenn/gaugenn/extract/container"
	"github.com/gaugenn/gaugenn/graph/format"
	"golang.org/x/sync/semaphore"
)

// window is how many units may be ahead of the sink, so that results of a fast
// scan do not pile up before a slow one.
const window = 512

// run is one call of Scan. Workers take tasks from a stack: the parts of archives
// already open come before the next unit, so few archives are open at once. A task
// never waits for another one, except for memory that another will give back.
type run struct {
	*Scanner
	limits  Limits
	workers int
	units   []unitFiles
	matcher *matcher
	names   *nameRules
	memory  *semaphore.Weighted

	mu      sync.Mutex
	changed *sync.Cond // signals every change of the fields below
	tasks   []task
	next    int // first unit not started
	emitted int // units given to the sink
	open    int // units started and not finished
	active  int // tasks being executed
	ready   map[int]*unit
	started map[*unit]bool // and not yet closed
	stopped bool

	seen   seenSet
	models modelSet
	claims diskClaims
}

// task is a piece of work; it may push further tasks.
type task func(*worker)

// worker is what one goroutine reuses between tasks.
type worker struct {
	*run
	decoder container.Decoder
	buffers [][]byte // by depth of nesting
	peek    [peekLen]byte
	answers []format.Confidence // of each format, while matching
	plain   []byte              // unscrambled beginning, while looking for a key
}

func newRun(s *Scanner, units []unitFiles, workers int) *run {
	limits := s.Limits.withDefaults()
	r := &run{
		Scanner: s, limits: limits, workers: workers, units: units,
		matcher: newMatcher(s.Formats),
		names:   newNameRules(s.Formats),
		memory:  semaphore.NewWeighted(limits.MemoryBytes),
		ready:   map[int]*unit{}, started: map[*unit]bool{},
	}
	r.changed = sync.NewCond(&r.mu)
	r.seen.seed = maphash.MakeSeed()
	r.models.states = map[string]*modelState{}
	r.claims.byPart = map[string]diskClaim{}
	return r
}

// run starts the workers and hands finished units to the sink, in order.
func (r *run) run(ctx context.Context, sink Sink) error {
	var group sync.WaitGroup
	for range r.workers {
		group.Go(func() { r.work() })
	}
	release := context.AfterFunc(ctx, r.stop)
	defer release()
	err := r.emit(sink)
	r.stop()
	group.Wait()
	for u := range r.started {
		u.close()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// emit waits for one unit after the other and gives its apps to the sink.
func (r *run) emit(sink Sink) error {
	var bytes int64
	files := 0
	known := 0
	for _, u := range r.units {
		known += len(u.files)
	}
	for i := range r.units {
		u := r.await(i)
		if u == nil {
			return nil
		}
		for _, j := range u.jobs {
			r.settleLoose(j)
			r.attach(j.app)
			if u.files.set == "" {
				if err := sink(j.app); err != nil {
					return err
				}
			}
			files++
			bytes += j.app.SizeBytes
			if r.Progress != nil {
				r.Progress(files, known, bytes)
			}
		}
		if u.files.set != "" {
			if err := sink(u.merged()); err != nil {
				return err
			}
		}
		u.close()
		r.mu.Lock()
		delete(r.started, u)
		r.mu.Unlock()
	}
	return nil
}

// await returns unit i when it is finished, nil when the run is stopped.
func (r *run) await(i int) *unit {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.ready[i] == nil && !r.stopped {
		r.changed.Wait()
	}
	u := r.ready[i]
	if r.stopped {
		return nil
	}
	delete(r.ready, i)
	r.emitted++
	r.units[i] = unitFiles{files: r.units[i].files[:0:0]}
	r.changed.Broadcast()
	return u
}

// attach completes the findings of an app whose turn it is in the output: the
// first finding of each model carries it.
func (r *run) attach(app *App) {
	for _, f := range app.Findings {
		s := f.state
		f.state = nil
		if s == nil || !f.Status.IsModel() {
			continue
		}
		<-s.done
		if s.failure != "" {
			f.Status, f.Reason = Malformed, s.failure
			continue
		}
		f.Digest, f.Model = s.digest, s.model
		s.digest, s.model = nil, nil
	}
}

func (r *run) stop() {
	r.mu.Lock()
	r.stopped = true
	r.mu.Unlock()
	r.changed.Broadcast()
}

// push adds tasks; the first will be taken first.
func (r *run) push(tasks []task) {
	r.mu.Lock()
	for i := len(tasks) - 1; i >= 0; i-- {
		r.tasks = append(r.tasks, tasks[i])
	}
	r.mu.Unlock()
	r.changed.Broadcast()
}

// work executes tasks until there are none left or the run is stopped.
func (r *run) work() {
	// A mapped file that shrinks while it is read faults; see boundary.go.
	debug.SetPanicOnFault(true)
	w := &worker{run: r, answers: make([]format.Confidence, len(r.Formats))}
	for {
		t := r.take()
		if t == nil {
			return
		}
		t(w)
		r.mu.Lock()
		r.active--
		r.mu.Unlock()
		r.changed.Broadcast()
	}
}

// take returns the next task, nil at the end.
func (r *run) take() task {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		switch {
		case r.stopped:
			return nil
		case len(r.tasks) > 0:
			t := r.tasks[len(r.tasks)-1]
			r.tasks = r.tasks[:len(r.tasks)-1]
			r.active++
			return t
		case r.next < len(r.units) && r.next < r.emitted+window && r.open <= r.workers:
			u := &unit{run: r, index: r.next, files: r.units[r.next]}
			r.started[u] = true
			r.next++
			r.open++
			r.active++
			return u.start
		case r.next == len(r.units) && r.active == 0:
			r.changed.Broadcast()
			return nil
		}
		r.changed.Wait()
	}
}

// finished records that a unit is ready for the sink.
func (r *run) finished(u *unit) {
	r.mu.Lock()
	r.ready[u.index] = u
	r.open--
	r.mu.Unlock()
	r.changed.Broadcast()
}

// hasStopped reports whether the run was cancelled or its sink gave up.
func (r *run) hasStopped() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopped
}
