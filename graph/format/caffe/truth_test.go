package caffe_test

import (
	"testing"

	"github.com/gaugenn/gaugenn/graph/format/caffe"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
)

func TestParse_realFilesAgreeWithTruth(t *testing.T) {
	formattest.CheckTruth(t, caffe.Format, formattest.Truths(t, "caffe"), nil)
}
