package device_test

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/estimate/device"
)

// shared returns a path below the folder of collected facts beside the repository, or skips the test where there is none.
func shared(t testing.TB, parts ...string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Skip("no go.mod above the test")
		}
	}
	path := filepath.Join(append([]string{dir, "..", "shared"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no recorded data: %v", err)
	}
	return path
}

type label struct{ device, soc, file string }

// recordedLabels reads every device and SoC label of the recorded measurements.
func recordedLabels(t testing.TB) []label {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(shared(t, "phones", "measurements"), "*.csv.gz"))
	seen := map[label]bool{}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		r := csv.NewReader(z)
		head, err := r.Read()
		if err != nil {
			t.Fatal(err)
		}
		col := map[string]int{}
		for i, h := range head {
			col[h] = i
		}
		for {
			row, err := r.Read()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			seen[label{row[col["device"]], row[col["soc"]], filepath.Base(name)}] = true
		}
		f.Close()
	}
	var out []label
	for l := range seen {
		out = append(out, l)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].file+out[i].device < out[j].file+out[j].device })
	return out
}

// notPhones are words of labels that are no Arm device of this catalogue: servers, desktop GPUs, RISC-V, Loongson, unnamed phones.
var notPhones = []string{"AMD", "AWS", "Azure", "Intel", "Radeon", "RTX", "Tesla", "Xeon", "Loongson", "CVITEK", "Spacemit", "Sunway", "TH1520",
	"VisionFive2", "Hyper-V", "unnamed", "RPi Zero W"}

func TestFindLabel_everyRecordedLabelResolves(t *testing.T) {
	c := device.Embedded()
	unresolved, outside := 0, 0
	for _, l := range recordedLabels(t) {
		d, err := c.FindLabel(l.device, l.soc)
		foreign := false
		for _, w := range notPhones {
			foreign = foreign || strings.Contains(l.device, w)
		}
		switch {
		case err == nil && foreign:
			t.Errorf("%s: %q is outside the catalogue but resolved to %s (%s)", l.file, l.device, d.SoC.Name, d.Match.Kind)
		case foreign:
			outside++
			if !errors.Is(err, device.ErrNotFound) {
				t.Errorf("%s: %q: error %v is not ErrNotFound", l.file, l.device, err)
			}
		case err != nil:
			unresolved++
			t.Logf("unresolved: %s: %q (%s)", l.file, l.device, l.soc)
		default:
			t.Logf("%-12s %-28s %-34s %v | %s", l.file[:min(12, len(l.file))], d.SoC.Name, d.Match.Kind, clusters(d.SoC), l.device)
		}
	}
	const ratchet = 0 // labels of Arm devices that may stay unresolved; only ever lower it
	if unresolved > ratchet {
		t.Errorf("%d labels unresolved, at most %d allowed", unresolved, ratchet)
	}
	t.Logf("%d labels are of devices outside the catalogue", outside)
}

func clusters(s device.SoC) string {
	var parts []string
	for _, c := range s.Clusters {
		parts = append(parts, c.Core.Name+"x"+itoa(c.Count)+"@"+itoa(int(c.ClockMHz.Value)))
	}
	return strings.Join(parts, "+")
}
