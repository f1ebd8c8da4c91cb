package arch

import (
	"fmt"
	"strings"
)

// Block is one searched block of FBNet on its place in the network.
type Block struct {
	Op         string // k3_e1, k3_e1_g2, ..., k5_e6, or skip
	Kernel     int    // 0 for skip
	Expansion  int    // 0 for skip
	Groups     int    // of the pointwise convolutions
	CIn, COut  int
	Stride     int
	HW         int // input height and width
	IsIdentity bool
}

// BlockOps returns the operators of a block in the order of one-hot encodings.
func BlockOps() []string {
	return []string{"k3_e1", "k3_e1_g2", "k3_e3", "k3_e6", "k5_e1", "k5_e1_g2", "k5_e3", "k5_e6", "skip"}
}

// BlockPositions is the number of searched blocks.
const BlockPositions = 22

// fbnetStages are output channels, blocks and stride of the first block, as
// HW-NAS-Bench builds the space for 32x32 pixels (its stride list 1, 1, 2, 2,
// 1, 2, 1). The recorded block latencies agree with these sizes and contradict
// 224x224 pixels with the second stage strided: there a block of 24 channels
// would take three times as long per multiply-accumulate as its neighbours.
var fbnetStages = [7][3]int{{16, 1, 1}, {24, 4, 1}, {32, 4, 2}, {64, 4, 2}, {112, 4, 1}, {184, 4, 2}, {352, 1, 1}}

// The sizes around the searched blocks.
const (
	fbnetPixels  = 32
	fbnetStem    = 16
	fbnetHeader  = 1504
	fbnetClasses = 100
)

// ParseBlocks returns the 22 blocks of an FBNet string with their places.
func ParseBlocks(s string) ([]Block, error) {
	ops := strings.Split(s, "/")
	if len(ops) != BlockPositions {
		return nil, fmt.Errorf("fbnet %q: %d blocks, want %d", s, len(ops), BlockPositions)
	}
	known := map[string]bool{}
	for _, o := range BlockOps() {
		known[o] = true
	}
	var out []Block
	cin, hw := fbnetStem, fbnetPixels
	for _, st := range fbnetStages {
		for i := 0; i < st[1]; i++ {
			b := Block{Op: ops[len(out)], CIn: cin, COut: st[0], Stride: 1, HW: hw, Groups: 1}
			if i == 0 {
				b.Stride = st[2]
			}
			if !known[b.Op] {
				return nil, fmt.Errorf("fbnet %q: unknown block %q", s, b.Op)
			}
			if b.Op != "skip" {
				b.Kernel, b.Expansion = int(b.Op[1]-'0'), int(b.Op[4]-'0')
				if strings.HasSuffix(b.Op, "_g2") {
					b.Groups = 2
				}
			}
			b.IsIdentity = b.Op == "skip" && b.Stride == 1 && b.CIn == b.COut
			out = append(out, b)
			hw /= b.Stride
			cin = b.COut
		}
	}
	return out, nil
}
