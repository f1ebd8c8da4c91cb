package hub

import (
	"math"
	"sort"
)

// square is a small dense symmetric matrix in rows.
type square [][]float64

func newSquare(n int) square {
	backing := make([]float64, n*n)
	m := make(square, n)
	for i := range m {
		m[i] = backing[i*n : (i+1)*n]
	}
	return m
}

// invert writes the inverse of the positive definite matrix a to dst and
// returns the logarithm of its determinant; work has the size of a. A pivot that
// is not positive is taken as 1e-12.
func (a square) invert(dst, work square) (logDet float64) {
	n := len(a)
	for i := 0; i < n; i++ { // Cholesky: a = work work'
		for j := 0; j <= i; j++ {
			s := a[i][j]
			for k := 0; k < j; k++ {
				s -= work[i][k] * work[j][k]
			}
			if i == j {
				s = math.Max(s, 1e-12)
				logDet += math.Log(s)
				work[i][i] = math.Sqrt(s)
			} else {
				work[i][j] = s / work[j][j]
			}
		}
	}
	for c := 0; c < n; c++ { // columns of the inverse
		for i := 0; i < n; i++ {
			s := 0.
			if i == c {
				s = 1
			}
			for k := 0; k < i; k++ {
				s -= work[i][k] * dst[k][c]
			}
			dst[i][c] = s / work[i][i]
		}
		for i := n - 1; i >= 0; i-- {
			s := dst[i][c]
			for k := i + 1; k < n; k++ {
				s -= work[k][i] * dst[k][c]
			}
			dst[i][c] = s / work[i][i]
		}
	}
	return logDet
}

func (a square) times(x, out []float64) {
	for i, row := range a {
		out[i] = 0
		for j, v := range row {
			out[i] += v * x[j]
		}
	}
}

func median(x []float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	s := append([]float64(nil), x...)
	sortFloats(s)
	n := len(s)
	return .5 * (s[(n-1)/2] + s[n/2])
}

func mean(x []float64) float64 {
	s := 0.
	for _, v := range x {
		s += v
	}
	return s / float64(len(x))
}

// weightedMedian returns the value at which half of the weight, which sums to 1, lies below, linear between the middles of the values' weights.
func weightedMedian(values, weights []float64) float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return values[order[a]] < values[order[b]] })
	below, before := 0., -1
	for _, i := range order {
		middle := below + weights[i]/2
		if middle >= .5 {
			if before < 0 {
				return values[i]
			}
			from := below - weights[before]/2
			return values[before] + (values[i]-values[before])*(.5-from)/(middle-from)
		}
		below, before = below+weights[i], i
	}
	if before < 0 {
		return math.NaN()
	}
	return values[before]
}
