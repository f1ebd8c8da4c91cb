package device

import "strings"

// ISA is a set of SIMD features that matter to inference kernels.
type ISA uint16

// The SIMD features. NEON32 is the 32-bit NEON of ARMv7, NEON the 64-bit one.
const (
	NEON32 ISA = 1 << iota
	NEON
	FP16
	DotProd
	I8MM
	BF16
	SVE2
	SME2
)

var isaNames = []struct {
	bit  ISA
	name string
}{{NEON32, "asimd32"}, {NEON, "asimd"}, {FP16, "fp16"}, {DotProd, "dotprod"}, {I8MM, "i8mm"}, {BF16, "bf16"}, {SVE2, "sve2"}, {SME2, "sme2"}}

// Has reports whether every feature of f is in the set.
func (s ISA) Has(f ISA) bool { return s&f == f }

// String lists the features in the spelling of the fact tables, separated by blanks.
func (s ISA) String() string {
	var words []string
	for _, n := range isaNames {
		if s.Has(n.bit) {
			words = append(words, n.name)
		}
	}
	return strings.Join(words, " ")
}

// parseISA reads features separated by blanks or commas; words it does not know, such as sve2 spellings of later years, are left out.
func parseISA(text string) ISA {
	var s ISA
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' }) {
		for _, n := range isaNames {
			if n.name == w {
				s |= n.bit
			}
		}
	}
	return s
}

// Core is one CPU core design with its peak rates per cycle. Peaks are upper bounds: no kernel reaches them.
type Core struct {
	Name       string // "A76", key of cores.csv
	Vendor     string
	Base       string // "armv8.2-a"
	Features   ISA
	OutOfOrder bool
	IssueWidth Quantity

	F32MACs  Quantity // float32 MACs per cycle
	F16MACs  Quantity // float16 MACs per cycle with fp16 arithmetic
	DotMACs  Quantity // int8 MACs per cycle with SDOT
	MMLAMACs Quantity // int8 MACs per cycle with SMMLA
	BF16MACs Quantity // bfloat16 MACs per cycle with BFMMLA

	LoadBytes  Quantity // bytes per cycle from L1
	StoreBytes Quantity // bytes per cycle to L1
	L1DKiB     Quantity
	L2KiB      Quantity // typical; the SoC decides, see Cluster.L2KiB

	// VectorShare is how many cores share one vector unit: 2 for the A510 and its successors, else 1.
	VectorShare int
}

// MACsPerCycle returns the peak rate of one core for a precision, given the features that the system lets programs use (Core.Features
// for the core alone). Without fp16 arithmetic F16 runs at the float32 rate (storage only). Int8 takes SMMLA, else SDOT, else twice the
// float32 rate (8-bit multiplies widened to 16 bits), which is an assumption. The share of a common vector unit is not taken off.
func (c Core) MACsPerCycle(p Precision, usable ISA) Quantity {
	switch p {
	case F16:
		if usable.Has(FP16) && c.F16MACs.Known {
			return c.F16MACs
		}
	case I8:
		if usable.Has(I8MM) && c.MMLAMACs.Known && c.MMLAMACs.Value > c.DotMACs.Value {
			return c.MMLAMACs
		}
		if usable.Has(DotProd) && c.DotMACs.Known {
			return c.DotMACs
		}
		q := c.F32MACs.Times(2)
		q.Confidence = min(q.Confidence, ConfidenceAssumed)
		return q
	}
	return c.F32MACs
}
