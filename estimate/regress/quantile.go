package regress

import "sort"

// WeightedQuantile returns the smallest value v such that the values up to v hold at least the share p of the weight. It returns def
// without values.
func WeightedQuantile(values, weights []float64, p, def float64) float64 {
	if len(values) == 0 {
		return def
	}
	order := make([]int, len(values))
	total := 0.0
	for i := range order {
		order[i] = i
		total += weights[i]
	}
	sort.SliceStable(order, func(a, b int) bool { return values[order[a]] < values[order[b]] })
	sum := 0.0
	for _, i := range order {
		sum += weights[i]
		if sum >= p*total {
			return values[i]
		}
	}
	return values[order[len(order)-1]]
}

// Median returns the middle value, the mean of the two middle ones for an even count, 0 without values. It does not change v.
func Median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	s := append([]float64(nil), v...)
	sort.Float64s(s)
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
