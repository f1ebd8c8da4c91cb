package extract_test

import (
	"archive/zip"
	"testing"

	"github.com/gaugenn/gaugenn/extract"
	"github.com/gaugenn/gaugenn/extract/container"
)

// TestScan_piecesBeyondTheLimit: pieces of which each is small are not joined to a
// file larger than one may be, and a row says so.
func TestScan_piecesBeyondTheLimit(t *testing.T) {
	model := toyModel(1, 300_000)
	app := write(t, file{"app.apk", zipped(t, zip.Deflate,
		file{"net.toy.001", model[:100_000]}, file{"net.toy.002", model[100_000:200_000]}, file{"net.toy.003", model[200_000:]})})
	for limit, want := range map[int64]extract.Status{250_000: extract.Limit, 300_000: extract.Parsed} {
		found := scan(t, extract.Scanner{Limits: extract.Limits{Container: container.Limits{EntryBytes: limit}}}, app)[0].Findings
		if len(found) == 0 || found[0].Path != "net.toy.001" || found[0].Status != want {
			t.Errorf("limit %d: %v, want %s", limit, found, want)
		}
	}
}
