package device

// The steps of confidence in a fact; see the package comment.
const (
	ConfidenceMeasured = 0.95
	ConfidenceSourced  = 0.9
	ConfidencePartly   = 0.7
	ConfidenceMemory   = 0.5
	ConfidenceAssumed  = 0.3
)

// Quantity is one numeric fact: a value in the unit of the field that holds it, whether it is known, how far it can be trusted
// (0 to 1) and where it was read. The zero Quantity is unknown.
type Quantity struct {
	Value      float64
	Known      bool
	Confidence float64
	Source     string
}

// Or returns the value, or fallback when the quantity is unknown.
func (q Quantity) Or(fallback float64) float64 {
	if q.Known {
		return q.Value
	}
	return fallback
}

// Times returns the quantity with its value multiplied by k; an unknown quantity stays unknown.
func (q Quantity) Times(k float64) Quantity {
	q.Value *= k
	return q
}

// minConfidence returns the smaller confidence: a product is no surer than its least sure factor.
func minConfidence(a, b Quantity) float64 { return min(a.Confidence, b.Confidence) }
