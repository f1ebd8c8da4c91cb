package extract

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format"
)

func signatures(words ...string) []format.Format {
	var formats []format.Format
	for i, w := range words {
		formats = append(formats, format.Format{Name: w, Embedded: []format.Signature{{Bytes: []byte(w), Offset: int64(i % 5)}}})
	}
	return formats
}

// allHits runs the matcher over data from pos and returns every hit.
func allHits(m *matcher, data []byte, pos int) []hit {
	var all, found []hit
	for pos < len(data) {
		found, pos = m.next(data, pos, found[:0])
		all = append(all, found...)
	}
	return all
}

// naiveHits finds the same by looking everywhere.
func naiveHits(formats []format.Format, data []byte) []hit {
	var all []hit
	for at := range data {
		for i, f := range formats {
			s := f.Embedded[0]
			if len(s.Bytes) >= 3 && bytes.HasPrefix(data[at:], s.Bytes) && int64(at) >= s.Offset {
				all = append(all, hit{format: i, start: int64(at) - s.Offset})
			}
		}
	}
	return all
}

func sortHits(hits []hit) {
	slices.SortFunc(hits, func(a, b hit) int {
		if a.start != b.start {
			return int(a.start - b.start)
		}
		return a.format - b.format
	})
}

func TestMatcher_findsWhatLookingEverywhereFinds(t *testing.T) {
	formats := signatures("TFL3", "ORTM", "GGUF", "abc", "aaaa", "7767517\n", "LITERTLM", "ab", "\x00\x00\x00\x02\x00\x00\x00\x03")
	m := newMatcher(formats)
	r := rand.New(rand.NewPCG(3, 4))
	for round := range 300 {
		data := make([]byte, r.IntN(400))
		for i := range data {
			data[i] = "abcT"[r.IntN(4)]
		}
		for range r.IntN(8) {
			w := formats[r.IntN(len(formats))].Embedded[0].Bytes
			if len(data) > len(w) {
				copy(data[r.IntN(len(data)-len(w)+1):], w)
			}
		}
		got, want := allHits(m, data, 0), naiveHits(formats, data)
		sortHits(got)
		sortHits(want)
		if !slices.Equal(got, want) {
			t.Fatalf("round %d: %q:\n got %v\nwant %v", round, data, got, want)
		}
	}
}

func TestMatcher_ignoresSignaturesTooShortToFind(t *testing.T) {
	m := newMatcher(signatures("ab", "x", ""))
	if m.signatures != 0 || len(allHits(m, []byte("abxabxabxabx"), 0)) != 0 {
		t.Errorf("%d signatures", m.signatures)
	}
}

func TestDeriveKey(t *testing.T) {
	plain := []byte("....7767517\nrest of the file")
	for n := 1; n <= 4; n++ {
		key := []byte{0x11, 0x22, 0x33, 0x44}[:n]
		secret := make([]byte, len(plain))
		unscramble(secret, plain, key)
		got, ok := deriveKey(secret[4:], []byte("7767517\n"), 4, n)
		if !ok || !bytes.Equal(got, key) {
			t.Errorf("key of %d bytes: got %x, %v", n, got, ok)
		}
		back := make([]byte, len(secret))
		unscramble(back, secret, key)
		if !bytes.Equal(back, plain) {
			t.Errorf("key of %d bytes: %q", n, back)
		}
	}
	if _, ok := deriveKey(plain[4:], []byte("7767517\n"), 4, 2); ok {
		t.Error("plain text gave a key")
	}
	if _, ok := deriveKey([]byte("notrepeating"), []byte("7767517\n"), 0, 2); ok {
		t.Error("unrelated bytes gave a key")
	}
}

func TestUnscramble_everyLength(t *testing.T) {
	for n := range 70 {
		src := bytes.Repeat([]byte{0xF0}, n)
		for k := 1; k <= 4; k++ {
			key := []byte{1, 2, 3, 4}[:k]
			got := make([]byte, n)
			unscramble(got, src, key)
			for i := range got {
				if got[i] != src[i]^key[i%k] {
					t.Fatalf("length %d, key %d: byte %d is %x", n, k, i, got[i])
				}
			}
		}
	}
}

func BenchmarkMatcher(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	data := make([]byte, 8<<20)
	for i := range data {
		data[i] = byte(r.NormFloat64() * 30)
	}
	m := newMatcher(signatures("TFL3", "ORTM", "ET12", "PTMF", "MSL1", "GGUF", "LITERTLM", "NETD"))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		allHits(m, data, 0)
	}
}

func BenchmarkEntropy(b *testing.B) {
	data := make([]byte, 1<<20)
	for i := range data {
		data[i] = byte(i * i >> 3)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		entropy(data)
	}
}

func ExampleStatus_IsModel() {
	for _, s := range Statuses() {
		if s.IsModel() {
			fmt.Println(s)
		}
	}
	// Output:
	// parsed
	// partial
	// opaque
}
