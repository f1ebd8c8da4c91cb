package extract

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/gaugenn/gaugenn/extract/container"
	"github.com/gaugenn/gaugenn/graph/format"
)

// encryptedHeaders begin files of well-known encryption tools.
var encryptedHeaders = []struct{ magic, tool string }{
	{"Salted__", "OpenSSL enc"},
	{"AES\x01", "AES Crypt"}, {"AES\x02\x00", "AES Crypt"}, {"AES\x03\x00", "AES Crypt"},
	{"ENCRYPTED_FILE", "an encryptor"},
	{"EV_ENCRYPTED", "an encryptor"},
	{"DRTcrypt", "DRTcrypt"},
	{"CYPTRKNN", "RKNN model encryption"},
	{"obfs", "an obfuscator"},
	{"gAAAAAB", "Fernet"},
	{"age-encryption.org/", "age"},
	{"-----BEGIN PGP MESSAGE", "PGP"},
	{"-----BEGIN AGE ENCRYPTED", "age"},
}

// plaintexts begin model files whose formats have no signature to search for.
var plaintexts = []format.Signature{
	{Bytes: []byte("7767517\n")}, {Bytes: []byte("\xDD\x85\x76\x00")},
	{Bytes: []byte("\x89HDF\r\n\x1a\n")}, {Bytes: []byte("PK\x03\x04")},
	// Long enough for a key of four bytes: how PyTorch's archives begin, and ONNX models
	// behind their IR version, by producer.
	{Bytes: []byte("PK\x03\x04\x00\x00\x08\x08\x00\x00")},
	{Bytes: []byte("\x12\x07pytorch"), Offset: 2}, {Bytes: []byte("\x12\x07tf2onnx"), Offset: 2},
	{Bytes: []byte("\x12\x0donnx.quantize"), Offset: 2}, {Bytes: []byte("\x12\x0bonnx-caffe2"), Offset: 2},
	{Bytes: []byte("\x12\x08skl2onnx"), Offset: 2}, {Bytes: []byte("\x12\x0cbackend-test"), Offset: 2},
	{Bytes: []byte("\x08")}, {Bytes: []byte("\x0A")}, {Bytes: []byte("name:")}, {Bytes: []byte("layer {")}, {Bytes: []byte("input: ")},
}

// xorHead is how much is unscrambled before a format is asked.
const xorHead = 4096

// scrambled reports whether the first bytes of a file of the given size could be a
// protected model: a cheap test before the file is read.
func (w *worker) scrambled(head []byte, size int64) bool {
	for _, h := range encryptedHeaders {
		if strings.HasPrefix(string(head[:min(len(head), 32)]), h.magic) {
			return true
		}
	}
	if known(head) != "" {
		return false
	}
	var plain [64]byte
	short := head[:min(len(head), len(plain))]
	for i := range w.Formats {
		for _, s := range w.Formats[i].Embedded {
			at := int(s.Offset)
			for n := 1; n <= min(4, len(s.Bytes)) && at >= 0 && at+len(s.Bytes) <= len(short); n++ {
				if key, ok := deriveKey(short[at:], s.Bytes, at, n); ok {
					unscramble(plain[:], short, key)
					if plausible(plain[:], s, size) {
						return true
					}
				}
			}
		}
	}
	return false
}

// protection is the row of content that is encrypted or scrambled, with the sign by
// which that was seen, or nil.
func (w *worker) protection(a *artifact, named nameKind) *Finding {
	for _, h := range encryptedHeaders {
		if strings.HasPrefix(string(a.data[:min(len(a.data), 32)]), h.magic) {
			return a.measured(Encrypted, fmt.Sprintf("header %q of %s", h.magic, h.tool))
		}
	}
	if len(a.data) < 64 || isLZ4(a.data) {
		return nil
	}
	if f := w.xored(a, named); f != nil {
		return f
	}
	if named == plainName && !hasWord(a.path) {
		return nil
	}
	if e := entropy(a.data); looksRandom(e, len(a.data)) {
		return a.measured(Encrypted, fmt.Sprintf("entropy %.4f bits per byte and no known structure: encrypted or compressed", e))
	}
	return nil
}

// isLZ4 reports whether data is an LZ4 frame, which is random-looking and not read.
func isLZ4(data []byte) bool { return container.Sniff(data) == container.LZ4 }

// xored reports a model under a repeating XOR key of one to four bytes, found by
// known plaintext and confirmed by the format's parser on a copy. Unless the
// scanner is told to recover, the copy is thrown away and the finding stays encrypted.
func (w *worker) xored(a *artifact, named nameKind) *Finding {
	head := a.data[:min(len(a.data), xorHead)]
	for i := range w.Formats {
		for _, s := range w.Formats[i].Embedded {
			if f := w.tryXOR(a, head, s); f != nil {
				return f
			}
		}
	}
	for _, s := range plaintexts {
		if len(s.Bytes) == 1 && named == plainName {
			continue // any file could begin so: too little to go by
		}
		if f := w.tryXOR(a, head, s); f != nil {
			return f
		}
	}
	return nil
}

// tryXOR assumes that the signature stands at its place under a key.
func (w *worker) tryXOR(a *artifact, head []byte, s format.Signature) *Finding {
	at := int(s.Offset)
	if at < 0 || at+len(s.Bytes) > len(head) || len(s.Bytes) == 0 {
		return nil
	}
	if w.plain == nil {
		w.plain = make([]byte, xorHead)
	}
	plain := w.plain
	for n := 1; n <= 4 && n <= len(s.Bytes); n++ {
		if n > 1 && n == len(s.Bytes) && s.Offset != 4 {
			break // any four bytes fit a key of four: nothing to check it by
		}
		key, ok := deriveKey(head[at:], s.Bytes, at, n)
		if !ok {
			continue
		}
		short := head[:min(len(head), 64)]
		unscramble(plain, short, key)
		if !plausible(plain[:len(short)], s, int64(len(a.data))) {
			continue
		}
		unscramble(plain, head, key)
		for _, c := range w.match(a.base(), plain[:len(head)], a.size, false) {
			if c.confidence < format.Likely {
				break
			}
			if f := w.confirmXOR(a, c.format, key); f != nil {
				return f
			}
		}
	}
	return nil
}

// deriveKey returns the key of n bytes that turns want into got at offset at of
// the file, if there is one that is not zero.
func deriveKey(got, want []byte, at, n int) ([]byte, bool) {
	var key [4]byte
	nonzero := false
	for i := range want { // len(want) ≥ n, so that every byte of the key is met
		k, j := got[i]^want[i], (at+i)%n
		if i >= n && key[j] != k {
			return nil, false
		}
		key[j] = k
		nonzero = nonzero || k != 0
	}
	if !nonzero {
		return nil, false
	}
	return bytes.Clone(key[:n]), true
}

// plausible is a cheap test before a format is asked: a FlatBuffer's identifier
// (a signature at offset 4) follows a root offset inside the file.
func plausible(plain []byte, s format.Signature, size int64) bool {
	return s.Offset != 4 || int64(binary.LittleEndian.Uint32(plain)) < min(size, 1<<24)
}

// confirmXOR unscrambles the whole content and has it parsed.
func (w *worker) confirmXOR(a *artifact, f *format.Format, key []byte) *Finding {
	if !a.job.spend(int64(len(a.data))) {
		return nil
	}
	clear := *a
	clear.data, clear.files = make([]byte, len(a.data)), nil
	unscramble(clear.data, a.data, key)
	m, files, err := w.parse(&clear, f, 0, false)
	if err != nil {
		m, files, err = w.parse(&clear, f, 0, true)
	}
	if err != nil || len(m.Opaque) == 0 && (len(m.Graphs) == 0 || len(m.Graphs[0].Tensors) == 0) {
		return nil
	}
	if w.Protection == Recover {
		row := w.accept(&clear, &recognised{f, m, files})
		row.Reason = strings.TrimPrefix(row.Reason+fmt.Sprintf("; recovered from repeating XOR key 0x%x", key), "; ")
		return row
	}
	row := a.measured(Encrypted, fmt.Sprintf("%s under repeating XOR key 0x%x", f.Name, key))
	row.Format = f.Name
	return row
}

// unscramble writes src under the repeating key to dst.
func unscramble(dst, src, key []byte) {
	var wide [24]byte // a multiple of every key length
	for i := range wide {
		wide[i] = key[i%len(key)]
	}
	k := [3]uint64{binary.LittleEndian.Uint64(wide[:]), binary.LittleEndian.Uint64(wide[8:]), binary.LittleEndian.Uint64(wide[16:])}
	i := 0
	for n := 0; i+8 <= len(src); i, n = i+8, (n+1)%3 {
		binary.LittleEndian.PutUint64(dst[i:], binary.LittleEndian.Uint64(src[i:])^k[n])
	}
	for ; i < len(src); i++ {
		dst[i] = src[i] ^ wide[i%24]
	}
}
