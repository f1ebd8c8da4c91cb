package main

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/estimate/device"
	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/estimate/feature/arch"
	"github.com/gaugenn/gaugenn/estimate/record"
	"github.com/gaugenn/gaugenn/estimate/simulate"
)

// fitLevels fits the level of recorded runs above their simulation and, if
// asked, writes what the fit without a row's chip says of the row.
func fitLevels(o fitOptions, rows []record.Row, env *record.Env) (*simulate.Levels, error) {
	catalogue := device.Embedded()
	var obs []simulate.Observation
	var from []*record.Row
	hash := sha256.New()
	for i := range rows {
		r := &rows[i]
		d, err := catalogue.FindLabel(r.Device, r.SoC)
		if err != nil {
			continue
		}
		net := levelNetwork(r, env)
		if net == nil {
			continue
		}
		ob, ok := simulate.ObservationOf(r, d, net)
		if !ok {
			continue
		}
		obs, from = append(obs, ob), append(from, r)
		fmt.Fprintf(hash, "%s|%s|%g\n", r.ID, ob.Target.Key(), r.Value)
	}
	l, held, err := simulate.FitLevels(obs, hex.EncodeToString(hash.Sum(nil)), o.asTool)
	if err != nil || o.heldOut == "" {
		return l, err
	}
	f, err := os.Create(o.heldOut)
	if err != nil {
		return nil, err
	}
	if err := writeHeldOut(f, obs, from, held); err != nil {
		f.Close()
		return nil, err
	}
	return l, f.Close()
}

// levelNetwork returns the kernels of a row's graph: a file, or an architecture
// string of a search space.
func levelNetwork(r *record.Row, env *record.Env) *feature.Network {
	if r.Graph == "" {
		return nil
	}
	if !strings.HasPrefix(r.Graph, "graphs/") {
		n, err := arch.Network(r.Graph, arch.RunUseful)
		if err != nil {
			return nil
		}
		return n
	}
	n, err := env.Network(r.Graph)
	if err != nil {
		return nil
	}
	return n
}

// writeHeldOut writes held-out predictions in the columns of
// data/records/heldout.csv.gz, compressed.
func writeHeldOut(w io.Writer, obs []simulate.Observation, rows []*record.Row, held []simulate.HeldOut) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	c := csv.NewWriter(z)
	if err := c.Write([]string{"group", "k", "device", "soc", "runtime", "processor", "threads", "precision", "model", "recorded_ms", "predicted_ms", "lo_ms", "hi_ms"}); err != nil {
		return err
	}
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	for _, h := range held {
		ob, r := &obs[h.Index], rows[h.Index]
		if ob.Target.Runtime == "ncnn" {
			continue // has a profile of its own
		}
		name := ob.Target.Runtime
		if ob.Era != "" {
			name += ", " + ob.Era
		}
		err := c.Write([]string{fmt.Sprintf("%s %s", name, r.Processor), "0", r.Device, r.SoC, ob.Target.Runtime, r.Processor, r.Threads, r.Precision, r.Model,
			number(r.Value), number(h.Value), number(h.Lo), number(h.Hi)})
		if err != nil {
			return err
		}
	}
	c.Flush()
	if err := c.Error(); err != nil {
		return err
	}
	return z.Close()
}
