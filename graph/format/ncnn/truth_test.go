package ncnn_test

import (
	"testing"

	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/ncnn"
)

func TestParse_realFilesAgreeWithTruth(t *testing.T) {
	formattest.CheckTruth(t, ncnn.Format, formattest.Truths(t, "ncnn"), nil)
}
