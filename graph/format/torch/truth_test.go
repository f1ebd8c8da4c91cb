package torch_test

import (
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/torch"
)

func TestParse_realFilesAgreeWithTruth(t *testing.T) {
	records := formattest.Truths(t, "torch-statedict", "torchscript")
	for i := range records {
		if records[i].Format == "torchscript" {
			// The oracle counts tensors that operators name; packed weights of
			// quantised operators and those of branches not taken are left out.
			records[i].Params = nil
		}
	}
	formattest.CheckTruth(t, torch.Format, records, func(r formattest.Truth) string {
		if strings.HasSuffix(r.Path, "reddit.pt") {
			return "the oracle follows only the branches that its trial run takes"
		}
		return ""
	})
}
