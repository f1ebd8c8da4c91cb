package main

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/estimate/record"
	"github.com/gaugenn/gaugenn/estimate/regress/hub"
	"github.com/gaugenn/gaugenn/estimate/regress/ncnn"
)

type fitOptions struct {
	rows                       []string
	networks                   []string
	graphs, devices            string
	writeNetworks, out, asTool string
	world, heldOut             string
	quiet                      bool
}

func fitCommand() *cobra.Command {
	var o fitOptions
	c := &cobra.Command{
		Use:   "fit",
		Short: "Fit a profile on recorded or measured rows",
		Long: `Fit reads measurement rows (CSV, .gz allowed) and the networks they name, either as
graph files below --graphs or as kernels in --networks, and writes a profile that
estimate answers from. The same rows and networks give the same profile, byte for byte.`,
		Example: "  gaugenn calibrate fit --rows ncnn.csv.gz --graphs graphs/ -o ncnn.profile",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(o.rows) == 0 || o.out == "" || o.graphs == "" && len(o.networks) == 0 {
				return usagef("fit needs --rows FILE, --graphs FOLDER or --networks FILE, and -o FILE")
			}
			return fit(cmd.Context(), o, cmd.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringArrayVar(&o.rows, "rows", nil, "measurement rows, CSV or CSV.gz; may be repeated")
	f.StringVar(&o.graphs, "graphs", "", "folder that the graph column's paths start from")
	f.StringVar(&o.world, "world", "ncnn", "what the rows are of: ncnn (CPU and Vulkan), npu (neural processors) or levels (other CPU and GPU runtimes)")
	f.StringArrayVar(&o.networks, "networks", nil, "kernels of networks, as --write-networks makes them; may be repeated")
	f.StringVar(&o.heldOut, "held-out", "", "also write what the fit without a row's chip says of it (levels)")
	f.StringVar(&o.writeNetworks, "write-networks", "", "also write the kernels of the networks that the rows name")
	f.StringVar(&o.devices, "devices", "", "device table for labels that the catalogue does not know")
	f.StringVarP(&o.out, "output", "o", "", "file for the profile")
	f.StringVar(&o.asTool, "tool", version, "version that the profile names")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no summary")
	return c
}

func fit(ctx context.Context, o fitOptions, stderr io.Writer) error {
	started := time.Now()
	var rows []record.Row
	for _, p := range o.rows {
		part, err := readRows(p)
		if err != nil {
			return err
		}
		rows = append(rows, part...)
	}
	env, err := newEnv(o.graphs, o.devices)
	if err != nil {
		return err
	}
	if len(o.networks) > 0 {
		kept := keptNetworks{}
		for _, p := range o.networks {
			part, err := readNetworks(p)
			if err != nil {
				return err
			}
			maps.Copy(kept, part)
		}
		env.Network = kept.network
	}
	if o.writeNetworks != "" {
		if err := writeNetworks(o.writeNetworks, rows, env); err != nil {
			return err
		}
	}
	p, used, hash, err := fitWorld(ctx, o, rows, env)
	if err != nil {
		return fmt.Errorf("fit: %w", err)
	}
	f, err := os.Create(o.out)
	if err != nil {
		return err
	}
	n, err := p.WriteTo(f)
	if err != nil {
		f.Close()
		return err
	}
	if !o.quiet {
		fmt.Fprintf(stderr, "fitted on %d of %d rows (hash %.12s) in %s: %s, %s\n", used, len(rows), hash, time.Since(started).Round(time.Second), o.out, bytesText(n))
	}
	return f.Close()
}

// fitWorld fits the profile of a world of measurements.
func fitWorld(ctx context.Context, o fitOptions, rows []record.Row, env *record.Env) (p io.WriterTo, used int, hash string, err error) {
	switch o.world {
	case "ncnn":
		p, err := ncnn.FitProfile(ctx, rows, env, o.asTool)
		if err != nil {
			return nil, 0, "", err
		}
		return p, p.Rows(), p.RowsHash(), nil
	case "npu":
		p, err := hub.FitProfile(hub.RowsOf(rows, env), o.asTool)
		if err != nil {
			return nil, 0, "", err
		}
		return p, p.Rows, p.RowsHash, nil
	case "levels":
		p, err := fitLevels(o, rows, env)
		if err != nil {
			return nil, 0, "", err
		}
		return p, p.Rows, p.RowsHash, nil
	}
	return nil, 0, "", usagef("--world %q: want ncnn, npu or levels", o.world)
}

// unpacked is the content of a file, decompressed where its name ends in .gz.
type unpacked struct {
	io.Reader
	file *os.File
}

func (u *unpacked) Close() error { return u.file.Close() }

// openUnpacked opens a file; errors name it.
func openUnpacked(path string) (*unpacked, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if !strings.HasSuffix(path, ".gz") {
		return &unpacked{f, f}, nil
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return &unpacked{z, f}, nil
}

// readRows reads a table of measurement rows, compressed or not.
func readRows(path string) ([]record.Row, error) {
	r, err := openUnpacked(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	rows, err := record.ReadRows(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return rows, nil
}

// keptNetworks are networks that were read from a file of kernels.
type keptNetworks map[string]*feature.Network

func (k keptNetworks) network(path string) (*feature.Network, error) {
	if n := k[path]; n != nil {
		return n, nil
	}
	return nil, fmt.Errorf("network %q is not in the file of networks", path)
}

// networkLine is one line of a file of networks: derived facts of a graph, so
// that a fit can be repeated without the graph files.
type networkLine struct {
	Graph   string           `json:"graph"`
	Network *feature.Network `json:"network"`
}

// readNetworks reads a file of networks, compressed or not.
func readNetworks(path string) (keptNetworks, error) {
	z, err := openUnpacked(path)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	out := keptNetworks{}
	for d := json.NewDecoder(z); d.More(); {
		var l networkLine
		if err := d.Decode(&l); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		out[l.Graph] = l.Network
	}
	return out, nil
}

func writeNetworks(path string, rows []record.Row, env *record.Env) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	z := gzip.NewWriter(f)
	enc := json.NewEncoder(z)
	seen := map[string]bool{"": true}
	for i := range rows {
		g := rows[i].Graph
		if seen[g] {
			continue
		}
		seen[g] = true
		n, err := env.Network(g)
		if err != nil {
			continue // rows without a readable graph are not fitted on either
		}
		if err := enc.Encode(networkLine{g, n}); err != nil {
			f.Close()
			return err
		}
	}
	if err := z.Close(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
