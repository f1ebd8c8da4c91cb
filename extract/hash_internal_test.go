package extract

import (
	"crypto/sha256"
	"testing"
)

func TestPairBlocks_agreesWithTheStandardLibrary(t *testing.T) {
	if !canPair {
		t.Skip("no SHA instructions here")
	}
	for blocks := 1; blocks < 40; blocks++ {
		n := blocks * sha256.BlockSize
		a, b := noise(uint64(blocks), n+blocks, 256), noise(uint64(blocks)+99, n+2*blocks, 256)
		stateA, stateB := sha256Start, sha256Start
		pairBlocks(&stateA, &stateB, &a[0], &b[0], blocks, &sha256Constants)
		for _, c := range []struct {
			state [8]uint32
			data  []byte
		}{{stateA, a}, {stateB, b}} {
			d := resumeSHA256(c.state, n)
			d.Write(c.data[n:])
			if got, want := [32]byte(d.Sum(nil)), sha256.Sum256(c.data); got != want {
				t.Fatalf("%d blocks: %x, want %x", blocks, got, want)
			}
		}
	}
}

func BenchmarkPairBlocks(b *testing.B) {
	if !canPair {
		b.Skip("no SHA instructions here")
	}
	x, y := make([]byte, 1<<20), make([]byte, 1<<20)
	stateA, stateB := sha256Start, sha256Start
	b.SetBytes(2 << 20)
	for b.Loop() {
		pairBlocks(&stateA, &stateB, &x[0], &y[0], len(x)/sha256.BlockSize, &sha256Constants)
	}
}
