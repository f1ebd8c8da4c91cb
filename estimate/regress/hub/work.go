package hub

// Work is the work of a network.
type Work struct{}
