package evidence_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/extract/container"
	"github.com/gaugenn/gaugenn/extract/evidence"
)

var observe = flag.String("observe", "", "folders of real packages, separated by commas: write into rules/*.tsv which file shows each rule")

// TestRules_examplesAreObserved, with -observe, sets the example of every rule that
// fires on a real package: "name.aar!/classes.jar: org.example.Net". An example in a
// package that is there but does not show the rule is taken back.
func TestRules_examplesAreObserved(t *testing.T) {
	o := observations{seen: map[string]string{}, packages: map[string]bool{}}
	for _, dir := range strings.FieldsFunc(*observe, func(c rune) bool { return c == ',' }) {
		o.folder(t, dir)
	}
	rules, err := evidence.Rules()
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]evidence.Rule{}
	for _, r := range rules {
		ids[string(r.Kind)+"\t"+r.Subject+"\t"+string(r.Signal)+"\t"+r.Pattern] = r
	}
	verified := 0
	for _, f := range []string{"cloud.tsv", "delegates.tsv", "downloads.tsv", "runtimes.tsv"} {
		f = filepath.Join("rules", f)
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(b), "\n")
		for i, l := range lines {
			at := strings.LastIndexByte(l, '\t')
			if at < 0 || l[0] == '#' {
				continue
			}
			r, ok := ids[l[:at]]
			if !ok {
				t.Fatalf("%s:%d: %q is no rule", f, i+1, l)
			}
			if example := o.example(r); example != "" {
				lines[i] = l[:at+1] + example
			}
			if !strings.HasSuffix(lines[i], "\tunverified") {
				verified++
			}
		}
		if out := []byte(strings.Join(lines, "\n")); !bytes.Equal(out, b) {
			if err := os.WriteFile(f, out, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("%d of %d rules have an observed example", verified, len(rules))
	if verified < 150 {
		t.Errorf("only %d rules have an observed example", verified)
	}
}

// TestRules_examplesThatAreAtHand reads the packages of examples that the corpus
// holds and checks that each shows its rules.
func TestRules_examplesThatAreAtHand(t *testing.T) {
	rules, err := evidence.Rules()
	if err != nil {
		t.Fatal(err)
	}
	o := observations{seen: map[string]string{}, packages: map[string]bool{}}
	for _, dir := range []string{filepath.Join("..", "..", "build", "corpus", "maven"), filepath.Join("..", "..", "..", "shared", "corpus", "apks")} {
		if _, err := os.Stat(dir); err == nil {
			o.folder(t, dir)
		}
	}
	if len(o.packages) == 0 {
		t.Skip("no package of the corpus is here")
	}
	held := 0
	for _, r := range rules {
		name, _, _ := strings.Cut(r.Example, "!/")
		if !o.packages[name] {
			continue
		}
		held++
		if o.seen[r.ID] == "" {
			t.Errorf("rule %s is not seen in %s", r.ID, name)
		}
	}
	t.Logf("%d examples of %d packages", held, len(o.packages))
}

// observations are what packages showed.
type observations struct {
	seen     map[string]string // example by rule
	packages map[string]bool   // base names
}

// example returns what the rule's example is to be, "" to leave it.
func (o *observations) example(r evidence.Rule) string {
	if e := o.seen[r.ID]; e != "" {
		return e
	}
	if name, _, _ := strings.Cut(r.Example, "!/"); o.packages[name] {
		return "unverified"
	}
	return ""
}

// packageNames are the extensions of what rules are observed on.
var packageNames = []string{".apk", ".aab", ".aar", ".xapk", ".apks", ".jar", ".whl", ".tgz", ".deb"}

// folder notes the first file, in name order, on which each rule fires.
func (o *observations) folder(t *testing.T, dir string) {
	r := reader(t)
	rules, err := evidence.Rules()
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !slices.Contains(packageNames, filepath.Ext(p)) {
			return err
		}
		f, err := container.OpenFile(p)
		if err != nil {
			return err
		}
		defer f.Close()
		a := opened(f.Data())
		if a == nil {
			return nil // malformed ones are part of the collection
		}
		o.packages[filepath.Base(p)] = true
		name := filepath.Base(p)
		for _, x := range r.Read(a).Observations {
			o.note(x.Rule.ID, name+"!/"+x.Path+": "+x.Detail)
		}
		if filepath.Ext(p) == ".deb" {
			o.jars(r, name, a)
		}
		o.sources(rules, name, a)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (o *observations) note(rule, text string) {
	if o.seen[rule] == "" {
		text = strings.Map(func(c rune) rune {
			if c < ' ' || c == 0xfffd {
				return ' '
			}
			return c
		}, strings.ToValidUTF8(text[:min(len(text), 200)], "?"))
		o.seen[rule] = strings.TrimSpace(text)
	}
}

// jars reads the Java libraries in a Debian package.
func (o *observations) jars(r *evidence.Reader, name string, a *container.Archive) {
	var d container.Decoder
	for i := range a.Entries {
		if e := &a.Entries[i]; filepath.Ext(e.Name) == ".jar" {
			if c, err := d.Bytes(e, nil); err == nil {
				if inner := opened(c.Data); inner != nil {
					for _, x := range r.Read(inner).Observations {
						o.note(x.Rule.ID, name+"!/"+e.Name+"!/"+x.Path+": "+x.Detail)
					}
				}
			}
		}
	}
}

var (
	importLine  = regexp.MustCompile(`(?m)^import (?:static )?([a-z][\w.]*\.[A-Z]\w*(?:\.[A-Z]\w*)*)`)
	packageLine = regexp.MustCompile(`(?m)^package ([a-z][\w.]*)`)
)

// sources holds rules for classes and their members against the Java and Kotlin
// sources of a package: what they import, and what they name of it.
func (o *observations) sources(rules []evidence.Rule, name string, a *container.Archive) {
	var d container.Decoder
	for i := range a.Entries {
		e := &a.Entries[i]
		if ext := filepath.Ext(e.Name); ext != ".java" && ext != ".kt" || e.Size > 1<<20 {
			continue
		}
		c, err := d.Bytes(e, nil)
		if err != nil {
			continue
		}
		for _, rule := range rules {
			if how := named(rule, c.Data); how != "" {
				o.note(rule.ID, name+"!/"+e.Name+": "+how)
			}
		}
	}
}

// named says how a source names what a rule is about, "" if it does not.
func named(rule evidence.Rule, source []byte) string {
	class, member, isMember := strings.Cut(rule.Pattern, "->")
	switch rule.Signal {
	case evidence.ClassPrefix, evidence.Method, evidence.Field:
	default:
		return ""
	}
	outer, _, _ := strings.Cut(strings.ReplaceAll(class, "/", "."), "$")
	for _, m := range importLine.FindAllSubmatch(source, -1) {
		if !strings.HasPrefix(string(m[1])+".", outer+".") {
			continue
		}
		short := class[strings.LastIndexAny(class, "/$")+1:]
		switch {
		case !isMember && (!strings.Contains(class, "$") || bytes.Contains(source, []byte(short))):
			return "import " + string(m[1])
		case rule.Signal == evidence.Method && bytes.Contains(source, []byte("."+member+"(")):
			return "import " + string(m[1]) + ", ." + member + "("
		case rule.Signal == evidence.Field && bytes.Contains(source, []byte(short+"."+member)):
			return "import " + string(m[1]) + ", " + short + "." + member
		}
	}
	if m := packageLine.FindSubmatch(source); m != nil && !isMember && strings.HasPrefix(string(m[1])+".", outer+".") {
		return "package " + string(m[1])
	}
	return ""
}

// opened lists a package, a tarball or the files of a Debian package.
func opened(data []byte) *container.Archive {
	if rest, ok := bytes.CutPrefix(data, []byte("!<arch>\n")); ok {
		// Members of an ar archive: 60 bytes of header with the name at 0 and the size in
		// digits at 48, then the content, padded to two bytes.
		for len(rest) > 60 {
			n, err := strconv.Atoi(strings.TrimSpace(string(rest[48:58])))
			if err != nil || 60+n > len(rest) {
				return nil
			}
			if bytes.HasPrefix(rest, []byte("data.tar")) {
				return opened(rest[60 : 60+n])
			}
			rest = rest[min(60+n+n%2, len(rest)):]
		}
		return nil
	}
	a, err := container.Open(data, container.Limits{})
	if err != nil || !a.Kind.Single() {
		return a
	}
	var d container.Decoder
	c, err := d.Bytes(&a.Entries[0], nil)
	if err != nil {
		return nil
	}
	return opened(c.Data)
}
