//go:build !linux || !(amd64 || arm64) || nolitert

package litert

import (
	"context"
	"fmt"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
)

// Run needs Linux on x86-64 or ARM64, and a build without the tag nolitert; elsewhere it is an ErrLibrary.
func Run(_ context.Context, _ Library, _ string, _ runtime.Options) (runtime.Result, error) {
	return runtime.Result{}, fmt.Errorf("%w: LiteRT's library is only run on Linux, x86-64 or ARM64, by a build without the tag nolitert", runtime.ErrLibrary)
}
