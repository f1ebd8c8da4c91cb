package extract

import (
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"encoding/hex"
	"hash"
)

// The identity of an app is the SHA-256 of its file, and hashing is most of what a
// scan of the first bytes costs. A processor with SHA instructions hashes two files
// at once in two thirds of the time that one after the other takes (hash_amd64.s),
// so files are hashed in pairs where two are open.

// hashBlock is how much is hashed before pages are given back.
const hashBlock = 4 << 20

// fileHash is the hash of a job's file in the making.
type fileHash struct {
	job   *job
	state [8]uint32
	rest  []byte // not yet hashed
	size  int
}

// hash is the task of hashing the job's file: with the file that waits for another
// one, or leaving this one to wait.
func (j *job) hash(*worker) {
	h := &fileHash{job: j, state: sha256Start, rest: j.data.Data(), size: len(j.data.Data())}
	if !canPair {
		h.alone()
		return
	}
	for h != nil {
		j.mu.Lock()
		other := j.lone
		if other == nil {
			j.lone = h
		} else {
			j.lone = nil
		}
		j.mu.Unlock()
		if other == nil {
			j.changed.Broadcast()
			return
		}
		h = pair(other, h)
	}
}

// pair hashes two files together to the end of the shorter one and returns the
// other, if anything is left of it.
func pair(a, b *fileHash) *fileHash {
	failure := guard(func() {
		for {
			n := min(len(a.rest), len(b.rest), hashBlock) / sha256.BlockSize
			if n == 0 {
				return
			}
			pairBlocks(&a.state, &b.state, &a.rest[0], &b.rest[0], n, &sha256Constants)
			a.drop(n * sha256.BlockSize)
			b.drop(n * sha256.BlockSize)
		}
	})
	if failure != "" { // a fault in one of them: each is to fail for itself
		a.restart()
		b.restart()
		a.alone()
		b.alone()
		return nil
	}
	if len(a.rest) > len(b.rest) {
		a, b = b, a
	}
	a.alone()
	if len(b.rest) < sha256.BlockSize {
		b.alone()
		return nil
	}
	return b
}

// drop takes n hashed bytes off and gives their pages back.
func (h *fileHash) drop(n int) {
	h.job.data.Release(h.rest[:n])
	h.rest = h.rest[n:]
}

func (h *fileHash) restart() {
	h.state, h.rest = sha256Start, h.job.data.Data()
}

// alone hashes what is left of the file and ends the job's step.
func (h *fileHash) alone() {
	h.job.step(func() string {
		return guard(func() {
			d := resumeSHA256(h.state, h.size-len(h.rest))
			for len(h.rest) > 0 {
				n := min(len(h.rest), hashBlock)
				d.Write(h.rest[:n])
				h.drop(n)
			}
			h.job.app.SHA256 = hex.EncodeToString(d.Sum(nil))
		})
	})
}

// resumeSHA256 returns a hash that has seen n bytes, a multiple of the block size,
// and come to the given state. The form is that of crypto/sha256's MarshalBinary.
func resumeSHA256(state [8]uint32, n int) hash.Hash {
	d := sha256.New()
	if n == 0 {
		return d
	}
	b := []byte("sha\x03")
	for _, v := range state {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	b = append(b, make([]byte, sha256.BlockSize)...)
	b = binary.BigEndian.AppendUint64(b, uint64(n))
	if err := d.(encoding.BinaryUnmarshaler).UnmarshalBinary(b); err != nil {
		panic(err) // the form is fixed by the library's promise of compatibility
	}
	return d
}

// sha256Start is the initial state and sha256Constants the round constants of
// FIPS 180-4, sections 5.3.3 and 4.2.2.
var (
	sha256Start = [8]uint32{
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
	}
	sha256Constants = [64]uint32{
		0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
		0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
		0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
		0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
		0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
		0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
		0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
		0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
	}
)
