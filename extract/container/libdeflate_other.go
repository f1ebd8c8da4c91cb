//go:build !linux || !(amd64 || arm64) || nolibdeflate

package container

// wholeInflater decodes nothing without libdeflate.
type wholeInflater struct{}

func (*wholeInflater) run(_, _ []byte) bool { return false }
