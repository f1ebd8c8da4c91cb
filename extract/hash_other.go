//go:build !amd64

package extract

// canPair is false where there is no pairBlocks of our own.
const canPair = false

func pairBlocks(_, _ *[8]uint32, _, _ *byte, _ int, _ *[64]uint32) {
	panic("pairBlocks without support")
}
