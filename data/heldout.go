package data

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the records below
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/gaugenn/gaugenn/estimate"
)

// What fits that had not seen a chip, or a family of networks, said of recorded
// latencies; records/SOURCES.md says how each was made.
var (
	//go:embed records/heldout.csv.gz
	heldChips []byte
	//go:embed records/heldout.levels.csv.gz
	heldLevels []byte
	//go:embed records/heldout.family.csv.gz
	heldFamilies []byte
)

// HeldOut returns the held-out predictions that ship with the program.
func HeldOut() ([]estimate.HeldOut, error) {
	var out []estimate.HeldOut
	for _, f := range []struct {
		b    []byte
		kind estimate.HeldOutKind
	}{{heldChips, estimate.ChipLeftOut}, {heldLevels, estimate.ChipLeftOut}, {heldFamilies, estimate.FamilyLeftOut}} {
		rows, err := readHeldOut(f.b, f.kind)
		if err != nil {
			return nil, fmt.Errorf("held-out predictions: %w", err)
		}
		out = append(out, rows...)
	}
	return out, nil
}

// heldColumns is the header of the files.
var heldColumns = []string{"group", "k", "device", "soc", "runtime", "processor", "threads", "precision", "model", "recorded_ms", "predicted_ms", "lo_ms", "hi_ms"}

func readHeldOut(b []byte, kind estimate.HeldOutKind) ([]estimate.HeldOut, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(z)
	r.ReuseRecord, r.FieldsPerRecord = true, len(heldColumns)
	if _, err := r.Read(); err != nil {
		return nil, err
	}
	var out []estimate.HeldOut
	pool := map[string]string{}
	text := func(s string) string {
		if p, ok := pool[s]; ok {
			return p
		}
		c := string([]byte(s))
		pool[c] = c
		return c
	}
	for {
		f, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		h := estimate.HeldOut{Kind: kind, Group: text(f[0]), Device: text(f[2]), SoC: text(f[3]), Runtime: text(f[4]), Processor: text(f[5]), Precision: text(f[7]), Model: text(f[8])}
		h.Given, _ = strconv.Atoi(f[1]) // empty with families left out
		for i, v := range []*float64{&h.RecordedMS, &h.PredictedMS, &h.LoMS, &h.HiMS} {
			if *v, err = strconv.ParseFloat(f[9+i], 64); err != nil {
				return nil, err
			}
		}
		out = append(out, h)
	}
}
