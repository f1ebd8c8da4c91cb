package container

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"
)

// deflated returns data compressed by the standard library at the given level.
func deflated(t testing.TB, data []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sampleTexts are inputs that need every kind of block and match distance.
func sampleTexts() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	random := make([]byte, 300_000)
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	skewed := make([]byte, 400_000)
	for i := range skewed {
		skewed[i] = byte(r.NormFloat64() * 9)
	}
	words := []byte{}
	for len(words) < 500_000 {
		words = append(words, random[:1+r.IntN(40)]...)
		words = append(words, random[r.IntN(2000):][:r.IntN(90)]...)
	}
	short := []byte{}
	for n := 1; n < 12; n++ {
		short = append(short, bytes.Repeat(random[n*20:n*20+n], 50)...)
	}
	return map[string][]byte{
		"empty": {}, "one byte": {7}, "zeros": make([]byte, 1<<20), "random": random,
		"skewed": skewed, "words": words, "short distances": short, "text": bytes.Repeat([]byte("the quick brown fox "), 999),
	}
}

func TestInflate_agreesWithStandardLibrary(t *testing.T) {
	z := new(inflater)
	for name, want := range sampleTexts() {
		for _, level := range []int{flate.HuffmanOnly, 0, 1, 6, 9} {
			src := deflated(t, want, level)
			tail := append(bytes.Clone(src), "trailing"...)
			for _, hint := range []int{0, len(want) / 2, len(want)} {
				got, used, err := z.run(make([]byte, 0, hint), tail, unbounded, unbounded)
				if err != nil || !bytes.Equal(got, want) {
					t.Fatalf("%s level %d hint %d: %d bytes, err %v; want %d bytes", name, level, hint, len(got), err, len(want))
				}
				if used != len(src) {
					t.Errorf("%s level %d: used %d bytes, want %d", name, level, used, len(src))
				}
			}
		}
	}
}

func TestInflate_truncatedInputGivesPrefixAndError(t *testing.T) {
	z := new(inflater)
	for name, want := range sampleTexts() {
		src := deflated(t, want, 6)
		for cut := 0; cut < len(src); cut += 1 + len(src)/200 {
			got, _, err := z.run(nil, src[:cut], unbounded, unbounded)
			if !errors.Is(err, errInflateTruncated) {
				t.Fatalf("%s cut at %d of %d: err %v, want truncated", name, cut, len(src), err)
			}
			if !bytes.HasPrefix(want, got) {
				t.Fatalf("%s cut at %d: output is no prefix", name, cut)
			}
		}
	}
}

func TestInflate_stopsAtWantAndLimit(t *testing.T) {
	z := new(inflater)
	want := sampleTexts()["words"]
	src := deflated(t, want, 6)
	for _, n := range []int{1, 63, 64, 512, 65536} {
		got, _, err := z.run(nil, src, n, unbounded)
		if err != nil || len(got) < n || !bytes.HasPrefix(want, got) {
			t.Errorf("want %d: got %d bytes, err %v", n, len(got), err)
		}
	}
	got, _, err := z.run(nil, src, unbounded, 1000)
	if !errors.Is(err, errInflateLimit) || len(got) > 1000 {
		t.Errorf("limit 1000: %d bytes, err %v", len(got), err)
	}
}

// TestInflate_headIsTheBeginning: whatever the cut of the input, and with the same
// error as decoding on when the stream is damaged behind it.
func TestInflate_headIsTheBeginning(t *testing.T) {
	z := new(inflater)
	for name, want := range sampleTexts() {
		for _, level := range []int{flate.HuffmanOnly, 0, 1, 6} {
			src := deflated(t, want, level)
			for _, n := range []int{1, 64, 512, 4096, 70_000} {
				got, err := z.head(nil, src, n)
				if err != nil || !bytes.Equal(got, want[:min(n, len(want))]) {
					t.Fatalf("%s level %d: head of %d has %d bytes, err %v", name, level, n, len(got), err)
				}
				half := src[:len(src)/2]
				whole, _, wholeErr := z.run(nil, half, n, unbounded)
				got, err = z.head(nil, half, n)
				if !bytes.Equal(got, whole) || !errors.Is(err, wholeErr) {
					t.Fatalf("%s level %d: head of %d of a cut stream has %d bytes, err %v; want %d, %v", name, level, n, len(got), err, len(whole), wholeErr)
				}
			}
		}
	}
}

// needWhole skips where the system has no libdeflate.
func needWhole(tb testing.TB) *wholeInflater {
	tb.Helper()
	z := new(wholeInflater)
	if !z.run(make([]byte, 3), deflated(tb, []byte("abc"), 6)) {
		tb.Skip("no libdeflate on this system")
	}
	return z
}

// TestWholeInflater_decodesAllOrNothing: sound streams of the stated size are decoded as
// the standard library does it; of others it says that it did not.
func TestWholeInflater_decodesAllOrNothing(t *testing.T) {
	z := needWhole(t)
	for name, want := range sampleTexts() {
		if len(want) == 0 {
			continue
		}
		for _, level := range []int{flate.HuffmanOnly, 0, 1, 6, 9} {
			src := deflated(t, want, level)
			got := make([]byte, len(want))
			if !z.run(got, append(bytes.Clone(src), "trailing"...)) || !bytes.Equal(got, want) {
				t.Fatalf("%s level %d: not decoded", name, level)
			}
			if z.run(make([]byte, len(want)-1), src) || z.run(make([]byte, len(want)+1), src) || z.run(got, src[:len(src)/2]) {
				t.Errorf("%s level %d: another size or half of the input will do", name, level)
			}
		}
	}
	if z.run(nil, deflated(t, nil, 6)) || z.run(make([]byte, 1), nil) {
		t.Error("something decoded from or to nothing")
	}
}

// A file that is cut while it is mapped is a panic to recover from, whoever decodes.
func TestDecoder_fileCutWhileMapped(t *testing.T) {
	needWhole(t)
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	e, err := w.Create("a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Write(sampleTexts()["skewed"]); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.zip")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	a, err := Open(f.Data(), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 8192); err != nil {
		t.Fatal(err)
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() == nil {
			t.Error("decoded a file that is not there")
		}
	}()
	new(Decoder).Bytes(&a.Entries[0], nil)
}

func FuzzInflate(f *testing.F) {
	for _, data := range sampleTexts() {
		if len(data) < 20_000 {
			f.Add(deflated(f, data, 6))
			f.Add(deflated(f, data, 1))
		}
	}
	z, whole := new(inflater), new(wholeInflater)
	f.Fuzz(func(t *testing.T, src []byte) {
		const limit = 1 << 20
		got, _, err := z.run(nil, src, unbounded, limit)
		want, stdErr := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(src)), limit))
		if stdErr == nil && len(want) < limit && (err != nil || !bytes.Equal(got, want)) {
			t.Fatalf("got %d bytes, err %v; standard library %d bytes", len(got), err, len(want))
		}
		if out := make([]byte, len(got)); whole.run(out, src) && (err != nil || !bytes.Equal(out, got)) {
			t.Fatalf("libdeflate takes what the library refuses, or differs: %v", err)
		}
	})
}

func BenchmarkInflate(b *testing.B) {
	for _, name := range []string{"words", "skewed", "text"} {
		want := sampleTexts()[name]
		src := deflated(b, want, 6)
		b.Run(name, func(b *testing.B) {
			z, dst := new(inflater), make([]byte, 0, len(want))
			b.SetBytes(int64(len(want)))
			for b.Loop() {
				if _, _, err := z.run(dst, src, unbounded, unbounded); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/libdeflate", func(b *testing.B) {
			z, dst := needWhole(b), make([]byte, len(want))
			b.SetBytes(int64(len(want)))
			for b.Loop() {
				if !z.run(dst, src) {
					b.Fatal("not decoded")
				}
			}
		})
		b.Run(name+"/standard", func(b *testing.B) {
			r, dst := flate.NewReader(nil), bytes.NewBuffer(make([]byte, 0, len(want)))
			b.SetBytes(int64(len(want)))
			for b.Loop() {
				if err := r.(flate.Resetter).Reset(bytes.NewReader(src), nil); err != nil {
					b.Fatal(err)
				}
				dst.Reset()
				if _, err := dst.ReadFrom(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
