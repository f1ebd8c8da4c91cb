package evidence_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/extract/container"
	"github.com/gaugenn/gaugenn/extract/evidence"
)

func reader(t testing.TB) *evidence.Reader {
	t.Helper()
	rules, err := evidence.Rules()
	if err != nil {
		t.Fatal(err)
	}
	return evidence.NewReader(rules, evidence.Limits{})
}

func read(t testing.TB, r *evidence.Reader, path string) *evidence.Report {
	t.Helper()
	f, err := container.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return r.Read(open(t, f.Data()))
}

func shared(t testing.TB, parts ...string) string {
	t.Helper()
	p := filepath.Join(append([]string{"..", "..", "..", "shared", "corpus"}, parts...)...)
	if _, err := os.Stat(p); err != nil {
		t.Skipf("../shared/corpus is not here: %v", err)
	}
	return p
}

func TestRules_areWellFormed(t *testing.T) {
	rules, err := evidence.Rules()
	if err != nil {
		t.Fatal(err)
	}
	if len(rules) < 200 {
		t.Errorf("%d rules", len(rules))
	}
	for _, r := range rules {
		if !slices.Contains([]evidence.Kind{evidence.Runtime, evidence.Delegate, evidence.CloudAPI, evidence.Download, evidence.SDK}, r.Kind) {
			t.Errorf("rule %s: kind %q", r.ID, r.Kind)
		}
		if r.Signal == evidence.ClassPrefix && strings.ContainsAny(r.Pattern, ".;") {
			t.Errorf("rule %s: a class pattern has slashes", r.ID)
		}
	}
}

func TestRead_appWithLiteRT(t *testing.T) {
	rep := read(t, reader(t), shared(t, "apks", "cardscan.apk"))
	if rep.Manifest == nil || rep.Manifest.Package == "" {
		t.Fatalf("manifest: %+v, problems %v", rep.Manifest, rep.Problems)
	}
	got := map[string]evidence.Strength{}
	for _, o := range rep.Observations {
		t.Logf("%-10s %-24s %-10s %s: %s", o.Rule.Kind, o.Rule.Subject, o.Strength, o.Path, o.Detail)
		got[o.Rule.Subject] = o.Strength
	}
	if got["LiteRT"] == "" {
		t.Error("LiteRT is not seen")
	}
	if len(rep.Signers) == 0 {
		t.Error("no signer")
	}
}

func TestRead_everyRealPackageGivesAReport(t *testing.T) {
	r := reader(t)
	named, signed, all := 0, 0, 0
	err := filepath.WalkDir(shared(t), func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !slices.Contains([]string{".apk", ".aab", ".aar"}, filepath.Ext(p)) {
			return err
		}
		f, err := container.OpenFile(p)
		if err != nil {
			return err
		}
		defer f.Close()
		a, oerr := container.Open(f.Data(), container.Limits{})
		if oerr != nil {
			return nil
		}
		rep := r.Read(a)
		all++
		if rep.Manifest != nil && rep.Manifest.Package != "" {
			named++
		}
		if len(rep.Signers) > 0 {
			signed++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d packages, %d named, %d signed", all, named, signed)
	if named < 25 || signed < 15 {
		t.Errorf("%d packages: only %d named, %d signed", all, named, signed)
	}
}

var benchApp = flag.String("app", "", "package that BenchmarkRead reads; default the largest small one of ../shared/corpus")

// BenchmarkRead reads manifest, code, libraries and signers of one app, with
// nothing remembered from before.
func BenchmarkRead(b *testing.B) {
	p := *benchApp
	if p == "" {
		p = shared(b, "apks", "cardscan.apk")
	}
	f, err := container.OpenFile(p)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	a, err := container.Open(f.Data(), container.Limits{})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(f.Data())))
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		r := reader(b)
		b.StartTimer()
		r.Read(a)
	}
}
