package extract

import (
	"context"
	"runtime"
	"time"

	"github.com/gaugenn/gaugenn/extract/container"
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

// Depth says how far a scan looks into files.
type Depth uint8

const (
	// Full searches every file at every offset and opens nested archives; content
	// that is proven to be an image, sound, font or the like is not searched.
	Full Depth = iota
	// Peek looks only at the first bytes of every file and opens no nested archive.
	Peek
)

// String returns the word used for the depth on the command line.
func (d Depth) String() string {
	if d == Peek {
		return "peek"
	}
	return "full"
}

// Protection says what to do with models under a mere XOR key. Real encryption is
// recorded and never touched.
type Protection uint8

const (
	// Label gives such a model the status Encrypted, with the key in the reason.
	Label Protection = iota
	// Recover reads it; the finding is that of the unscrambled content and says so.
	Recover
)

// Limits bound the cost of hostile or absurd input. Zero fields mean the default.
type Limits struct {
	// Container bounds listing and expanding one archive.
	Container container.Limits
	// Model bounds what a format may build.
	Model format.Limits
	// Nesting is how many archives deep to go; default 6.
	Nesting int
	// ExpandedBytes is how much all nested content of one scanned file may expand
	// to; default 16 GiB.
	ExpandedBytes int64
	// MemoryBytes is how much decompressed content the workers may hold at once;
	// one larger entry is still read, alone. Default 192 MiB.
	MemoryBytes int64
	// Time is how long one format may take on one candidate; default 60 s.
	Time time.Duration
}

func (l Limits) withDefaults() Limits {
	if l.Nesting == 0 {
		l.Nesting = 6
	}
	if l.ExpandedBytes == 0 {
		l.ExpandedBytes = 16 << 30
	}
	if l.MemoryBytes == 0 {
		l.MemoryBytes = 192 << 20
	}
	if l.Time == 0 {
		l.Time = 60 * time.Second
	}
	return l
}

// Scanner finds models. The zero value with Formats set is ready to use.
type Scanner struct {
	// Formats are offered every candidate, in this order among equally sure ones.
	Formats []format.Format
	Limits  Limits
	Depth   Depth
	// Protection is for models under an XOR key.
	Protection Protection
	// Workers is the number of goroutines; default GOMAXPROCS. They share work
	// across files and within one archive.
	Workers int
	// Digest, if set, is called once for each distinct model, on a worker and
	// concurrently with others, while the model's bytes are at hand. What it
	// returns is kept in Finding.Digest, the model itself is let go: that bounds
	// memory. It must not keep views of the model's constants. A panic in it
	// turns the finding into Malformed.
	Digest func(*Finding, *graph.Model) any
	// Content, if set, is called with every compressed entry of a file that was read
	// whole, on a worker and concurrently with others, mostly before Describe is called
	// for the file. It must not keep or change the bytes. A panic in it is ignored.
	Content func(e *container.Entry, data []byte)
	// Describe, if set, is called once for every container, on a worker; what it
	// returns is kept in App.Description.
	Describe func(Source) any
	// Progress, if set, is called from one goroutine after every file, with the
	// number of files done and known so far and the bytes done.
	Progress func(done, known int, bytes int64)
}

// Sink takes the results in input order, from one goroutine. An error ends the scan.
type Sink func(*App) error

// Scan scans the files, and the files in the folders, named by paths. Bad content
// is a finding; the error is about the scan itself: a path that cannot be opened,
// the sink's own error, or ctx's. Symbolic links inside folders are not followed.
func (s *Scanner) Scan(ctx context.Context, paths []string, sink Sink) error {
	workers := s.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	units, err := walk(paths)
	if err != nil {
		return err
	}
	return newRun(s, units, workers).run(ctx, sink)
}
