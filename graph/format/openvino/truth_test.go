package openvino_test

import (
	"testing"

	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/openvino"
)

func TestParse_realFilesAgreeWithTruth(t *testing.T) {
	var models []formattest.Truth
	for _, r := range formattest.Truths(t, "openvino") {
		if r.Kind == "model" { // the .bin has no structure of its own
			models = append(models, r)
		}
	}
	formattest.CheckTruth(t, openvino.Format, models, nil)
}
