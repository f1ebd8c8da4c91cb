package text

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"strings"
	"sync"
	"time"
	"unicode"
)

// Basis says how far a count of tokens can be trusted.
type Basis string

// The bases, surest first.
const (
	Exact       Basis = "exact"
	Approximate Basis = "approximate"
	Rate        Basis = "rate"
)

// Count is a number of tokens, without the special tokens around a sequence, with the range it lies in.
type Count struct {
	Tokens, Lo, Hi int
	Basis          Basis
	// Reason says why the basis is not exact, "" when it is.
	Reason string
}

// Trust says where a tokenizer file comes from.
type Trust uint8

// An Untrusted file is read in a child process only; the zero value is the careful one.
const (
	Untrusted Trust = iota
	Trusted
)

// Options says how to open a tokenizer file.
type Options struct {
	Trust Trust
	// Child returns a command that runs Serve on its standard input and output, such as this program with a hidden subcommand. It is
	// needed for untrusted files; without it they are counted by rate. Its standard streams must not be set.
	Child func(context.Context) *exec.Cmd
	// Timeout bounds each answer of the child; 0 is 20 s.
	Timeout time.Duration
}

// Tokenizer counts tokens with one vocabulary, or by rate when the vocabulary cannot be used. It is safe for use by many goroutines.
type Tokenizer struct {
	kind Kind

	mu     sync.Mutex
	local  *library
	own    *pieces
	child  *child
	reason string // why the vocabulary is not used, "" when it is
	extra  int
}

// Open makes a tokenizer of a file's name and content. A vocabulary that cannot be used is no error: counts then go by rate and say
// why. ctx ends the child process, if there is one. Close releases it.
func Open(ctx context.Context, name string, data []byte, opts Options) *Tokenizer {
	t := &Tokenizer{kind: Detect(name, data)}
	var err error
	switch {
	case t.kind == KindUnigram || t.kind == KindSentencePiece:
		if t.own, err = loadPieces(t.kind, data); err == nil {
			t.extra = t.own.overhead
		}
	case t.kind == KindUnknown:
		err = ErrUnknownFile
	case len(data) > maxFile:
		err = ErrTooLarge
	case opts.Trust == Trusted:
		t.local, err = loadLibrary(name, data)
		if err == nil {
			t.extra = t.local.overhead
		}
	case opts.Child == nil:
		err = errors.New("an untrusted tokenizer file needs a child process and none is set up")
	default:
		t.child, t.extra, err = startChild(ctx, name, data, opts)
	}
	if err != nil {
		t.reason = err.Error()
	}
	return t
}

// NoVocabulary returns a tokenizer for a model that brings no vocabulary: it counts by rate.
func NoVocabulary() *Tokenizer {
	return &Tokenizer{kind: KindUnknown, reason: "the model brings no vocabulary"}
}

// Kind returns what the file was recognised as.
func (t *Tokenizer) Kind() Kind { return t.kind }

// Overhead returns the number of special tokens that the model puts around a sequence; 2 when the vocabulary cannot be used, as most
// encoders have a start and an end.
func (t *Tokenizer) Overhead() int {
	if t.reason != "" {
		return 2
	}
	return t.extra
}

// Reason returns why the vocabulary is not used, "" when it is.
func (t *Tokenizer) Reason() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.reason
}

// Close ends the child process.
func (t *Tokenizer) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.child != nil {
		t.child.stop()
		t.child = nil
		t.reason = "the tokenizer is closed"
	}
}

// Count returns the tokens of text. When the vocabulary fails on it the count goes by rate; when the child process is lost every later
// count does too.
func (t *Tokenizer) Count(ctx context.Context, text string) Count {
	t.mu.Lock()
	defer t.mu.Unlock()
	var n int
	var err error
	switch {
	case t.reason != "":
		return rateOf(text, t.reason)
	case t.own != nil:
		n = t.own.count(text)
	case t.local != nil:
		n, err = t.local.count(text)
	default:
		n, err = t.child.count(ctx, text)
		if errors.Is(err, errChildLost) {
			t.child.stop()
			t.child, t.reason = nil, err.Error()
		}
	}
	if err != nil {
		return rateOf(text, err.Error())
	}
	c := Count{Tokens: n, Lo: n, Hi: n, Basis: Exact}
	if t.kind == KindBPE || t.kind == KindWordLevel {
		c.Basis, c.Reason = Approximate, fmt.Sprintf("%s: the library differs from the reference on about 3 %% of strings", t.kind)
		c.Lo, c.Hi = margin(n)
	}
	if t.own != nil {
		c.Basis, c.Reason = Approximate, fmt.Sprintf("%s: counted here; the normaliser's own table is not used", t.kind)
		c.Lo, c.Hi = margin(n)
	}
	return c
}

// margin is the range of an approximate count: 5 % either way, for strings that are cut otherwise by the reference.
func margin(n int) (lo, hi int) {
	return int(math.Floor(float64(n) * 0.95)), int(math.Ceil(float64(n) * 1.05))
}

// Tokens per word where there is no vocabulary. English text has about 1.3 tokens per word with vocabularies of 30 to 50 thousand entries;
// the range spans word-level vocabularies and languages that those vocabularies know badly. From memory, not measured here.
const (
	ratePerWord   = 1.3
	ratePerWordLo = 1.0
	ratePerWordHi = 2.5
)

func rateOf(text, reason string) Count {
	w := float64(CountWords(text))
	return Count{Tokens: int(math.Round(w * ratePerWord)), Lo: int(w * ratePerWordLo), Hi: int(math.Ceil(w * ratePerWordHi)), Basis: Rate, Reason: reason}
}

// CountWords counts words as people do: runs between spaces, and every character of scripts that are written without spaces.
func CountWords(text string) int {
	n := 0
	for _, field := range strings.Fields(text) {
		run := false
		for _, r := range field {
			if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) {
				n++
				run = false
				continue
			}
			if !run {
				n++
				run = true
			}
		}
	}
	return n
}
