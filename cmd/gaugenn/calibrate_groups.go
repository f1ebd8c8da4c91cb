package main

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gaugenn/gaugenn/calibrate/additive"
	runs "github.com/gaugenn/gaugenn/calibrate/run"
	"github.com/gaugenn/gaugenn/calibrate/runtime"
)

// runGroup are the runs that one profile can be fitted on: of one device and runtime, on one processor with the same threads and numbers.
type runGroup struct {
	records []runs.Record
	label   string // the words that tell it from the other groups, "" of a single one
	title   string // all words
}

// eachGroup calls fit with each group of runs in the folders, and goes on past those that fail.
func eachGroup(dirs []string, only string, fit func(runGroup) error) error {
	var records []runs.Record
	for _, dir := range dirs {
		some, err := runs.ReadDir(dir)
		if err != nil {
			return err
		}
		records = append(records, some...)
	}
	name := strings.Join(dirs, ", ")
	groups := grouped(records, only)
	if len(groups) == 0 {
		return fmt.Errorf("%s: %w: %d runs, none of device %q", name, additive.ErrTooFew, len(records), only)
	}
	var errs []error
	for _, g := range groups {
		if err := fit(g); err != nil {
			errs = append(errs, fmt.Errorf("%s: %s: %w", name, g.title, err))
		}
	}
	return errors.Join(errs...)
}

// grouped parts records into groups, by name, and keeps those of one device when asked to.
func grouped(records []runs.Record, only string) (out []runGroup) {
	at := map[string]int{}
	for _, r := range records {
		d := r.Device
		if only != "" && only != d.ID && only != d.Address && !strings.EqualFold(only, d.Name) {
			continue
		}
		key := strings.Join([]string{d.ID, r.Job.Runtime, wayOf(r.Job.Options)}, "\x00")
		if _, ok := at[key]; !ok {
			at[key] = len(out)
			out = append(out, runGroup{title: strings.Join([]string{d.Name, r.Job.Runtime, wayOf(r.Job.Options)}, ", ")})
		}
		g := &out[at[key]]
		g.records = append(g.records, r)
	}
	slices.SortStableFunc(out, func(a, b runGroup) int { // several devices at once are logged as they come
		return cmp.Or(strings.Compare(a.title, b.title), strings.Compare(a.records[0].Device.ID, b.records[0].Device.ID))
	})
	label(out)
	return out
}

// label gives the groups labels of as few words as tell them all apart.
func label(groups []runGroup) {
	for _, words := range []func(*runs.Record) string{
		func(*runs.Record) string { return "" },
		func(r *runs.Record) string { return r.Device.Name },
		func(r *runs.Record) string { return r.Device.Name + " " + r.Job.Runtime },
		func(r *runs.Record) string {
			return strings.Join([]string{r.Device.Name, r.Job.Runtime, wayOf(r.Job.Options)}, " ")
		},
		func(r *runs.Record) string {
			return strings.Join([]string{r.Device.Name, r.Device.ID, r.Job.Runtime, wayOf(r.Job.Options)}, " ")
		},
	} {
		seen := map[string]bool{}
		for i := range groups {
			groups[i].label = words(&groups[i].records[0])
			seen[groups[i].label] = true
		}
		if len(seen) == len(groups) {
			return
		}
	}
}

// wayOf names how a runtime runs networks: what changes their times, but not how often they are taken.
func wayOf(o runtime.Options) string {
	o = o.Filled()
	words := []string{o.Delegate, plural(o.Threads, "thread")}
	if o.Precision != "" {
		words = append(words, o.Precision)
	}
	if o.Affinity != "" {
		words = append(words, o.Affinity+" cores")
	}
	if o.Kernel != "" && o.Kernel != "delegate" {
		words = append(words, o.Kernel+" kernels")
	}
	return strings.Join(words, " ")
}

// withLabel puts a group's label before a file's ending.
func withLabel(path, label string) string {
	if path == "" || label == "" {
		return path
	}
	word := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' {
			return r
		}
		return '-'
	}, label)
	ext := filepath.Ext(path)
	return strings.TrimSuffix(path, ext) + "-" + word + ext
}
