package darknet_test

import (
	"testing"

	"github.com/gaugenn/gaugenn/graph/format/darknet"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
)

func TestParse_realFilesAgreeWithTruth(t *testing.T) {
	formattest.CheckTruth(t, darknet.Format, formattest.Truths(t, "darknet"), nil)
}
