package extracttest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
)

// Noise returns n bytes that look encrypted, the same ones for each seed.
func Noise(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// Zip returns a ZIP file with one deflated entry.
func Zip(name string, data []byte) ([]byte, error) {
	p := NewPackage()
	p.Deflate(name, data)
	return p.Bytes()
}

// Gzip returns data as a gzip file. Writing to memory does not fail.
func Gzip(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(data)
	_ = w.Close()
	return b.Bytes()
}

// LZ4Frame returns data as an LZ4 frame of uncompressed blocks.
func LZ4Frame(data []byte) []byte {
	b := []byte{0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82} // magic; blocks that stand alone, of 64 KiB
	for len(data) > 0 {
		n := min(len(data), 64<<10)
		b = binary.LittleEndian.AppendUint32(b, uint32(n)|1<<31)
		b, data = append(b, data[:n]...), data[n:]
	}
	return append(b, 0, 0, 0, 0)
}

// Tar returns a tar archive with one file. Writing to memory does not fail.
func Tar(name string, data []byte) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	_ = w.WriteHeader(&tar.Header{Name: name, Size: int64(len(data)), Mode: 0o644})
	_, _ = w.Write(data)
	_ = w.Close()
	return b.Bytes()
}

// Zstd returns data as a Zstandard frame (RFC 8878) of uncompressed blocks.
func Zstd(data []byte) []byte {
	b := []byte{0x28, 0xb5, 0x2f, 0xfd, 0xa0} // magic; single segment, size in 4 bytes
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	const most = 128 << 10
	for first := true; first || len(data) > 0; first = false {
		n := min(len(data), most)
		header := uint32(n) << 3
		if n == len(data) {
			header |= 1 // the last block
		}
		b = append(b, byte(header), byte(header>>8), byte(header>>16))
		b = append(b, data[:n]...)
		data = data[n:]
	}
	return b
}

// XZ returns data as an .xz file of uncompressed LZMA2 chunks, after the format's
// specification 1.0.4.
func XZ(data []byte) []byte {
	size := len(data)
	flags := []byte{0, 1} // check: CRC-32
	b := append([]byte("\xfd7zXZ\x00"), flags...)
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(flags))

	header := []byte{2, 0, 0x21, 1, 0x16, 0, 0, 0} // 12 bytes; one filter, LZMA2, 8 MiB
	start := len(b)
	b = append(b, header...)
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(header))
	check := crc32.ChecksumIEEE(data)
	for control := byte(1); len(data) > 0; control = 2 {
		n := min(len(data), 1<<16)
		b = append(b, control, byte((n-1)>>8), byte(n-1))
		b = append(b, data[:n]...)
		data = data[n:]
	}
	b = append(b, 0)
	unpadded := len(b) - start + 4
	for (len(b)-start)%4 != 0 {
		b = append(b, 0)
	}
	b = binary.LittleEndian.AppendUint32(b, check)

	index := uleb(uleb([]byte{0, 1}, unpadded), size)
	for len(index)%4 != 0 {
		index = append(index, 0)
	}
	b = append(b, index...)
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(index))
	footer := binary.LittleEndian.AppendUint32(nil, uint32(len(index)+4)/4-1)
	footer = append(footer, flags...)
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(footer))
	return append(append(b, footer...), "YZ"...)
}
