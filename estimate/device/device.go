package device

// Device is one phone, tablet or board, with its SoC by value. A device found by SoC alone has no model codes and no battery.
type Device struct {
	Name       string // "Galaxy A15"
	Vendor     string
	Form       string // phone, tablet, board, laptop, reference or unknown
	ModelCodes []string
	Codename   string // ro.product.device
	SoC        SoC
	RAMGB      Quantity // the smallest variant sold
	BatteryMAh Quantity
	BatteryV   Quantity // nominal, typical of its year
	Year       Quantity
	Tier       string // low, mid or high by SoC class, "" unknown
	Match      Match
}

// BatteryWh returns the energy of the full battery.
func (d Device) BatteryWh() Quantity {
	q := d.BatteryMAh.Times(d.BatteryV.Value / 1000)
	q.Known = q.Known && d.BatteryV.Known
	q.Confidence = minConfidence(q, d.BatteryV)
	if !q.Known {
		return Quantity{}
	}
	return q
}

// MatchKind says by what a device was found.
type MatchKind string

// The kinds of match, surest first.
const (
	MatchModelCode MatchKind = "model code"
	MatchName      MatchKind = "marketing name"
	MatchSoC       MatchKind = "soc"
	MatchCodename  MatchKind = "codename"
	MatchAlias     MatchKind = "alias"
	MatchLabel     MatchKind = "label"    // an SoC named inside a longer text
	MatchPartial   MatchKind = "partial"  // all words of the query are in a name
	MatchSpec      MatchKind = "spec"     // put together from "soc=…, ram=…"
	MatchExternal  MatchKind = "external" // from a devices.csv given by the caller
	MatchClusters  MatchKind = "clusters" // only cores and clocks that the label itself states
)

// Match tells how a device was found and how far that can be trusted.
type Match struct {
	Kind         MatchKind
	Query        string
	Confidence   float64  // that this is the device meant, 0 to 1
	Alternatives []string // other devices that the query could have meant
	Note         string   // what was assumed, for a reader
}
