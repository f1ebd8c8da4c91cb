package kerash5_test

import (
	"testing"

	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/kerash5"
)

func TestParse_realFilesAgreeWithTruth(t *testing.T) {
	formattest.CheckTruth(t, kerash5.Format, formattest.Truths(t, "keras-h5"), nil)
}
