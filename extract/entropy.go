package extract

import "math"

// Sampling of entropy: everything up to entropyWhole bytes, else blocks spread evenly.
const (
	entropyWhole  = 1 << 20
	entropyBlocks = 16
	entropyBlock  = 64 << 10
)

// entropy returns the Shannon entropy of the byte values in data, in bits per byte
// (0 to 8), by the sampling that Finding.Entropy documents; -1 for no data.
func entropy(data []byte) float64 {
	if len(data) == 0 {
		return -1
	}
	var counts [4][256]uint32
	if len(data) <= entropyWhole {
		countBytes(&counts, data)
	} else {
		stride := (len(data) - entropyBlock) / (entropyBlocks - 1)
		for i := range entropyBlocks {
			countBytes(&counts, data[i*stride:][:entropyBlock])
		}
	}
	n := float64(min(len(data), entropyWhole))
	sum := 0.0
	for v := range 256 {
		if c := counts[0][v] + counts[1][v] + counts[2][v] + counts[3][v]; c > 0 {
			p := float64(c) / n
			sum -= p * math.Log2(p)
		}
	}
	return math.Max(sum, 0)
}

// countBytes counts into four tables, so that equal neighbours do not wait for each other.
func countBytes(counts *[4][256]uint32, data []byte) {
	for len(data) >= 4 {
		counts[0][data[0]]++
		counts[1][data[1]]++
		counts[2][data[2]]++
		counts[3][data[3]]++
		data = data[4:]
	}
	for _, b := range data {
		counts[0][b]++
	}
}

// looksRandom reports whether the entropy e of n bytes is what encrypted or well
// compressed bytes of that number would show. The mean of n random bytes falls
// short of 8 bits by 255/(2·n·ln 2) (Miller–Madow), with a deviation of about a
// tenth of that at 1,024 bytes; a quarter more than the mean plus 0.005 is allowed.
// Fewer than 1,024 bytes say nothing.
func looksRandom(e float64, n int) bool {
	n = min(n, entropyWhole)
	return n >= 1024 && e > 8-0.005-1.25*255/(2*math.Ln2*float64(n))
}
