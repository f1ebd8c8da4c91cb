package extract

// canPair says that the processor has the SHA instructions that pairBlocks uses.
var canPair = hasSHA()

// pairBlocks takes the given number of 64-byte blocks of a and b into the two
// states. k are the round constants.
//
//go:noescape
func pairBlocks(stateA, stateB *[8]uint32, a, b *byte, blocks int, k *[64]uint32)

// hasSHA reports whether the processor has the SHA, SSSE3 and SSE4.1 extensions.
func hasSHA() bool
