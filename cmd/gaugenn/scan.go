package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/gaugenn/gaugenn/data"
	"github.com/gaugenn/gaugenn/extract"
	"github.com/gaugenn/gaugenn/extract/evidence"
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format/all"
)

// scanOptions are the flags of scan.
type scanOptions struct {
	out, depth, arrow, table, snapshot string
	bind                               []string
	workers                            int
	quiet, asJSON, overwrite, noStats  bool
	recoverXOR                         bool
}

func scanCommand() *cobra.Command {
	var o scanOptions
	c := &cobra.Command{
		Use:   "scan PATH...",
		Short: "Find every model in apps, archives, folders and files, and write the tables",
		Long: `Scan finds every model in the given files and folders by its content, reads it to
operators, shapes, MACs, parameters and memory, and writes one folder of Parquet
files per table. Every candidate ends as a row of the files table with a status and
a reason; exit code 0 means that the scan ran.`,
		Example: "  gaugenn scan apps/ sdk.aar model.tflite -o tables/\n  gaugenn scan apps/ -o tables/ --depth peek\n  gaugenn scan apps/ --arrow - --table layers > layers.arrows",
		Args:    atLeast(1, "at least one file or folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return scan(cmd.Context(), args, o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringVarP(&o.out, "output", "o", "", "folder for the tables; made if it is not there")
	f.StringVar(&o.depth, "depth", "full", "full: search inside every entry; peek: signatures of every entry only")
	f.StringVar(&o.arrow, "arrow", "", "write one table as an Arrow IPC stream to this file, - for standard output")
	f.StringVar(&o.table, "table", "layers", "the table that --arrow writes")
	f.StringVar(&o.snapshot, "snapshot", "", "label of the crawl for the apps table")
	f.StringArrayVar(&o.bind, "bind", nil, "value of a free dimension, such as batch=1, height=320 or sequence=64; may be repeated")
	f.IntVarP(&o.workers, "jobs", "j", 0, "workers; 0 means one per core")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print nothing but errors")
	f.BoolVar(&o.asJSON, "json", false, "one JSON object per app, then one for the summary, on standard output")
	f.BoolVar(&o.overwrite, "overwrite", false, "replace the tables of an earlier scan in the output folder")
	f.BoolVar(&o.recoverXOR, "recover-xor", false, recoverXORHelp)
	f.BoolVar(&o.noStats, "no-tensor-stats", false, "leave out the statistics of weights (faster; --depth peek always does)")
	return c
}

const recoverXORHelp = "read models under a repeating XOR key of one to four bytes, found by known plaintext, instead of labelling them encrypted; their reason says so"

func protection(recoverXOR bool) extract.Protection {
	if recoverXOR {
		return extract.Recover
	}
	return extract.Label
}

// scan runs one scan. Interrupted by ctx it closes the tables, so that they
// stay readable, and reports how far it came.
func scan(ctx context.Context, paths []string, o scanOptions, stdout, stderr io.Writer) error {
	if o.out == "" && o.arrow == "" {
		return usagef("scan needs -o FOLDER for the tables, or --arrow FILE")
	}
	if o.asJSON && o.arrow == "-" {
		return usagef("--json and --arrow - both want standard output")
	}
	policy, err := bindPolicy(o.bind)
	if err != nil {
		return err
	}
	depth := extract.Full
	switch o.depth {
	case "full":
	case "peek":
		depth = extract.Peek
	default:
		return usagef("--depth %q: want full or peek", o.depth)
	}
	meta := data.Meta{Tool: version, Rules: evidence.RuleVersion(), Command: "gaugenn scan " + strings.Join(paths, " ") + " --depth " + o.depth}
	sink, err := openTables(o, meta, stdout)
	if err != nil {
		return err
	}
	gc := tuneCollector()
	defer gc.restore()
	bar := newScanProgress(stderr, o.quiet || o.asJSON)
	totals := &scanTotals{started: time.Now(), formats: map[string]int{}, models: map[string]holders{}}
	sc := extract.Scanner{
		Formats: all.Formats(), Depth: depth, Workers: o.workers, Protection: protection(o.recoverXOR),
		Digest: func(f *extract.Finding, m *graph.Model) any {
			return measure(f, m, measureOptions{policy: policy, stats: !o.noStats && depth == extract.Full})
		},
		Progress: func(done, known int, bytes int64) { bar.update(done, known, bytes) },
	}
	if depth == extract.Full {
		rules, err := evidence.Rules()
		if err != nil {
			return err
		}
		reader := evidence.NewReader(rules, evidence.Limits{})
		sc.Content = reader.Note
		sc.Describe = func(s extract.Source) any { return describe(reader, s) }
	}
	err = sc.Scan(ctx, paths, func(a *extract.App) error {
		combine(a)
		gc.check()
		totals.add(a)
		bar.found(totals)
		if o.asJSON {
			if err := writeAppJSON(stdout, a); err != nil {
				return err
			}
		}
		return sink.app(a, o.snapshot)
	})
	bar.finish()
	gc.ending()
	err = errors.Join(err, sink.close())
	totals.took = time.Since(totals.started)
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	if o.asJSON {
		if jerr := totals.writeJSON(stdout); jerr != nil {
			return jerr
		}
	} else if !o.quiet {
		totals.write(stderr, o.out)
	}
	if err != nil {
		return fmt.Errorf("interrupted after %d files; the tables hold what was read until then", totals.files)
	}
	return nil
}

// tableSink writes the rows of each app to the tables.
type tableSink struct {
	apps     *data.Writer[data.App]
	files    *data.Writer[data.File]
	models   *data.Writer[data.Model]
	layers   *data.Writer[data.Layer]
	tensors  *data.Writer[data.Tensor]
	observed *data.Writer[data.Evidence]
	arrow    *data.ArrowWriter
	table    string
	rules    string
	closers  []func() error
}

func openTables(o scanOptions, meta data.Meta, stdout io.Writer) (*tableSink, error) {
	s := &tableSink{rules: meta.Rules}
	if o.arrow != "" {
		if err := s.openArrow(o, meta, stdout); err != nil {
			return nil, err
		}
	}
	if o.out == "" {
		return s, nil
	}
	if err := clearTables(o); err != nil {
		return nil, err
	}
	var errs []error
	s.apps = create[data.App](s, o.out, meta, &errs)
	s.files = create[data.File](s, o.out, meta, &errs)
	s.models = create[data.Model](s, o.out, meta, &errs)
	s.layers = create[data.Layer](s, o.out, meta, &errs)
	s.tensors = create[data.Tensor](s, o.out, meta, &errs)
	s.observed = create[data.Evidence](s, o.out, meta, &errs)
	return s, errors.Join(errs...)
}

func create[T data.Row](s *tableSink, dir string, meta data.Meta, errs *[]error) *data.Writer[T] {
	w, err := data.Create[T](dir, "scan", meta)
	if err != nil {
		*errs = append(*errs, err)
		return nil
	}
	s.closers = append(s.closers, w.Close)
	return w
}

func (s *tableSink) openArrow(o scanOptions, meta data.Meta, stdout io.Writer) error {
	t, err := data.TableNamed(o.table)
	if err != nil {
		return usagef("--table %q: want apps, files, models, layers, tensors or evidence", o.table)
	}
	out := stdout
	if o.arrow != "-" {
		f, err := os.Create(o.arrow)
		if err != nil {
			return err
		}
		s.closers = append(s.closers, f.Close)
		out = f
	}
	s.arrow, s.table = data.NewArrowWriter(out, t, meta), o.table
	s.closers = append([]func() error{s.arrow.Close}, s.closers...)
	return nil
}

// scanTables are the tables that a scan writes.
var scanTables = []string{"apps", "files", "models", "layers", "tensors", "evidence"}

// clearTables refuses to mix two scans in one folder and, when told to
// overwrite, removes the files of the tables that scan writes.
func clearTables(o scanOptions) error {
	tool, err := data.Version(o.out)
	if err == nil && tool == "" {
		return nil
	}
	if !o.overwrite {
		if err != nil {
			return fmt.Errorf("%w; use another folder, or --overwrite to replace the tables", err)
		}
		return fmt.Errorf("%s already holds tables (gaugenn %s); use another folder, or --overwrite to replace them", o.out, tool)
	}
	for _, t := range scanTables {
		paths, err := data.Files(o.out, t)
		if err != nil {
			return err
		}
		for _, p := range paths {
			if err := os.Remove(p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *tableSink) app(a *extract.App, snapshot string) error {
	row := data.AppRow(a)
	if snapshot != "" {
		row.Snapshot = &snapshot
	}
	report, _ := a.Description.(*evidence.Report)
	row.Tell(report)
	files := data.FileRows(a)
	if err := write(s, s.observed, "evidence", data.EvidenceRows(a.SHA256, report, s.rules)...); err != nil {
		return err
	}
	if err := write(s, s.apps, "apps", row); err != nil {
		return err
	}
	if err := write(s, s.files, "files", files...); err != nil {
		return err
	}
	for _, f := range a.Findings {
		d, ok := f.Digest.(*digest)
		if !ok {
			continue
		}
		if err := errors.Join(write(s, s.models, "models", d.model), write(s, s.layers, "layers", d.layers...), write(s, s.tensors, "tensors", d.tensors...)); err != nil {
			return err
		}
		f.Digest = nil
	}
	return nil
}

func write[T data.Row](s *tableSink, w *data.Writer[T], table string, rows ...T) error {
	if s.arrow != nil && s.table == table {
		for i := range rows {
			if err := s.arrow.Write(rows[i]); err != nil {
				return err
			}
		}
	}
	if w == nil {
		return nil
	}
	return w.Write(rows...)
}

func (s *tableSink) close() error {
	errs := make([]error, len(s.closers))
	var wg sync.WaitGroup
	for i, c := range s.closers {
		if s.arrow != nil { // the stream must end before its file does
			errs[i] = c()
			continue
		}
		wg.Go(func() { errs[i] = c() })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func writeAppJSON(w io.Writer, a *extract.App) error {
	type finding struct {
		Path    string `json:"path"`
		Offset  *int64 `json:"offset_bytes,omitempty"`
		Format  string `json:"format,omitempty"`
		Status  string `json:"status"`
		Reason  string `json:"reason,omitempty"`
		ModelID string `json:"model_id,omitempty"`
	}
	fs := make([]finding, len(a.Findings))
	for i, f := range a.Findings {
		fs[i] = finding{Path: f.Path, Format: f.Format, Status: string(f.Status), Reason: f.Reason, ModelID: f.ModelID}
		if f.Offset >= 0 {
			fs[i].Offset = &f.Offset
		}
	}
	return json.NewEncoder(w).Encode(struct {
		Path      string    `json:"path"`
		SHA256    string    `json:"app_sha256"`
		Container string    `json:"container"`
		Status    string    `json:"status"`
		Reason    string    `json:"reason,omitempty"`
		Files     []finding `json:"files"`
	}{a.Path, a.SHA256, a.Container, string(a.Status), a.Reason, fs})
}

// describe reads an app's evidence; nil for what is no package.
func describe(r *evidence.Reader, s extract.Source) any {
	if s.Archive == nil {
		return nil
	}
	report := r.Read(s.Archive)
	if s.Signature != nil {
		report.AddSignature(s.Archive, s.Signature)
	}
	return report
}

// combine gives a split set the evidence of its members.
func combine(a *extract.App) {
	if len(a.Members) == 0 || a.Description != nil {
		return
	}
	parts := make([]evidence.Part, len(a.Members))
	for i, m := range a.Members {
		r, _ := m.Description.(*evidence.Report)
		parts[i] = evidence.Part{Path: path.Base(m.Path), Report: r}
	}
	a.Description = evidence.Merge(parts)
}
