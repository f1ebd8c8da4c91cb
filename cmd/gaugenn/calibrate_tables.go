package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gaugenn/gaugenn/calibrate/plan"
	"github.com/gaugenn/gaugenn/data"
	"github.com/gaugenn/gaugenn/estimate"
	"github.com/gaugenn/gaugenn/estimate/device"
	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/estimate/simulate"
	"github.com/gaugenn/gaugenn/extract"
	"github.com/gaugenn/gaugenn/extract/container"
)

// tableCandidates returns the models of a folder of tables, with their kernels from the layers table and their bytes below the files that were
// scanned. A model whose tables leave its work open, as that of a free dimension, is read from its bytes with assumed sizes, as a file is. Models
// whose bytes are not there count among those to be predicted. Models of other formats or without a known cost are counted.
func tableCandidates(dir string, files, formats []string) (out []plan.Candidate, skipped int, err error) {
	sources, err := tableSources(dir, append(files, filepath.Dir(filepath.Clean(dir))))
	if err != nil {
		return nil, 0, err
	}
	tmp, err := os.MkdirTemp("", "gaugenn-sample")
	if err != nil {
		return nil, 0, err
	}
	defer os.RemoveAll(tmp)
	err = eachTableModel(dir, func(q *pricedModel) error {
		if !slices.Contains(formats, q.format) {
			skipped++
			return nil
		}
		c := plan.Candidate{ID: q.id, Name: strings.TrimSuffix(q.Name, path.Ext(q.Name)), Format: q.format, Net: q.Network}
		if s, ok := sources[q.id]; ok {
			if c.Inside = &s; s.Path == "" && s.Offset == 0 && s.Length == 0 { // a file of its own
				c.Path, c.Inside = s.File, nil
			}
		} else {
			c.Absent = true
		}
		if c.Net == nil && !c.Absent {
			c.Net = networkInside(c, tmp)
		}
		if c.Net == nil || !worthRunning(c.Net) {
			skipped++
			return nil
		}
		out = append(out, c)
		return nil
	})
	if err == nil && len(out) > 0 && !slices.ContainsFunc(out, func(c plan.Candidate) bool { return !c.Absent }) {
		err = fmt.Errorf("%s: none of its %d models has its file at hand: name what was scanned with --files", dir, len(out))
	}
	return out, skipped, err
}

// networkInside returns the kernels of a candidate by its bytes, which it takes out into a folder for the while; nil when they cannot be read.
func networkInside(c plan.Candidate, dir string) *feature.Network {
	file := c.Path
	if c.Inside != nil {
		var err error
		if file, err = takeOut(plan.Choice{ID: c.ID, Format: c.Format, Inside: c.Inside}, dir); err != nil {
			return nil
		}
		defer os.RemoveAll(filepath.Dir(file))
	}
	read, err := candidateOf(file, []string{c.Format})
	if err != nil {
		return nil
	}
	return read.Net
}

// tableSources returns where the bytes of each model are: in the first row of the files table whose scanned file is below one of the roots.
func tableSources(dir string, roots []string) (map[string]plan.Source, error) {
	apps := map[string]string{} // files on disk
	for a, err := range data.Read[data.App](dir) {
		if err != nil {
			return nil, err
		}
		if f := locateApp(a.Path, roots); f != "" {
			apps[a.AppSHA256] = f
		}
	}
	type place struct{ app, path string }
	out, at, parts := map[string]plan.Source{}, map[string]place{}, map[place][]string{}
	for f, err := range data.Read[data.File](dir) {
		if err != nil {
			return nil, err
		}
		if f.ModelID == nil || f.SHA256 == nil {
			continue
		}
		if f.PartOf != nil {
			whole := place{f.AppSHA256, *f.PartOf}
			parts[whole] = append(parts[whole], f.Path)
			continue
		}
		file, ok := apps[f.AppSHA256]
		if _, done := out[*f.ModelID]; done || !ok {
			continue
		}
		s := plan.Source{File: file, Path: f.Path, SHA256: *f.SHA256}
		if f.OffsetBytes != nil && f.LengthBytes != nil {
			s.Offset, s.Length = *f.OffsetBytes, *f.LengthBytes
		}
		if *f.SHA256 == f.AppSHA256 {
			s.Path = ""
		}
		out[*f.ModelID], at[*f.ModelID] = s, place{f.AppSHA256, f.Path}
	}
	for id, s := range out {
		s.Parts = parts[at[id]]
		out[id] = s
	}
	return out, nil
}

// locateApp returns the file on disk of a path of the apps table, "" when it is below none of the roots.
func locateApp(name string, roots []string) string {
	local := filepath.FromSlash(name)
	if !filepath.IsLocal(local) {
		return ""
	}
	for _, root := range roots {
		full := filepath.Join(root, local)
		if filepath.Base(root) == local {
			full = root
		}
		if info, err := os.Stat(full); err == nil && info.Mode().IsRegular() {
			if abs, err := filepath.Abs(full); err == nil {
				return abs
			}
		}
	}
	return ""
}

// takeOut writes a model that is inside another file into a folder of its own, with its companions beside it, and returns its path. What is
// there with the right content is not written again.
func takeOut(c plan.Choice, dir string) (string, error) {
	s := c.Inside
	inner := s.Path
	if inner == "" {
		inner = filepath.ToSlash(s.File)
	}
	dir = filepath.Join(dir, c.ID[:min(len(c.ID), 16)])
	out, err := filepath.Abs(filepath.Join(dir, plainName(inner, c.Format)))
	if err != nil {
		return "", err
	}
	if b, err := os.ReadFile(out); err == nil && sumOf(b) == s.SHA256 {
		return out, nil
	}
	b, err := extract.Member(s.File, s.Path, s.Offset, s.Length, container.Limits{})
	if err != nil {
		return "", err
	}
	if got := sumOf(b); got != s.SHA256 {
		return "", fmt.Errorf("%s: %s: its content has changed since the scan, or is not plain bytes (SHA-256 %.12s, the tables say %.12s)", s.File, s.Path, got, s.SHA256)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	for _, p := range s.Parts {
		part, err := extract.Member(s.File, p, 0, 0, container.Limits{})
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, plainName(p, "")), part, 0o644); err != nil {
			return "", err
		}
	}
	return out, os.WriteFile(out, b, 0o644)
}

// plainName returns the last part of a path in an archive as a name that is safe on disk and has the ending that runtimes go by.
func plainName(inner, formatName string) string {
	name := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, path.Base(inner))
	if name == "." || name == ".." {
		name = "model"
	}
	endings := suffixes[formatName]
	if len(endings) > 0 && !slices.ContainsFunc(endings, func(e string) bool { return strings.HasSuffix(strings.ToLower(name), e) }) {
		name += endings[0]
	}
	return name
}

func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// costsOf returns the expected seconds of a plan on each of several devices; nil for one.
func costsOf(devices []string, machines []*simulate.Machine, p *plan.Plan, all []plan.Candidate, opt plan.Options) map[string]float64 {
	if len(devices) < 2 || len(machines) != len(devices) {
		return nil
	}
	nets, out := map[string]*feature.Network{}, map[string]float64{}
	for i := range all {
		nets[all[i].ID] = all[i].Net
	}
	for _, m := range p.Models {
		for k := range machines {
			out[devices[k]] += opt.Cost(expectedMS(machines[k:k+1], nets[m.ID]))
		}
	}
	return out
}

// priorOf returns what the shipped profile of a runtime knows of devices before any run: the mean, over those of the catalogue, of the
// covariance of networks. Without a profile for them it is nil, or says ok false.
func priorOf(devices []string, runtimeName string) (func([]*feature.Network) ([]float64, float64, bool), error) {
	profiles, err := profilesFrom("")
	if err != nil {
		return nil, err
	}
	e := estimate.New(profiles)
	var targets []*estimate.Target
	for _, name := range devices {
		d, err := device.Embedded().Find(name)
		if err != nil {
			continue // the host
		}
		t, err := e.Prepare(device.Target{Device: d, Runtime: runtimeName, Delegate: device.CPU, Threads: 1, Precision: device.F32}, nil)
		if err != nil {
			return nil, err
		}
		targets = append(targets, t)
	}
	if len(targets) == 0 {
		return nil, nil
	}
	return func(nets []*feature.Network) (sum []float64, noise float64, ok bool) {
		for _, t := range targets {
			cov, n, ok := t.Covariance(nets)
			if !ok {
				return nil, 0, false
			}
			if sum == nil {
				sum = make([]float64, len(cov))
			}
			for i, v := range cov {
				sum[i] += v / float64(len(targets))
			}
			noise += n / float64(len(targets))
		}
		return sum, noise, true
	}, nil
}
