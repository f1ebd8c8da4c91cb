package device

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
)

// Catalogue holds all facts with their indexes. Use Embedded for the one in the binary.
type Catalogue struct {
	cores    map[string]Core
	coreKeys map[string]string // squashed spelling → core name
	socs     map[string]SoC
	socOrder []string
	socKeys  map[string]string // squashed name or part number → soc id
	weakKeys map[string]string // part numbers without their suffix → soc id

	devices    []Device
	byCode     map[string][]int
	byName     map[string][]int
	byCodename map[string][]int
	aliases    map[string]alias
	parts      map[partKey]string

	external []externalRow
	play     func() *playTable
	names    func() []named
	labels   *labelMemory // answers of FindLabel
}

type alias struct {
	device, soc, note string
	confidence        float64
}

type partKey struct{ implementer, part, variant int }

func newCatalogue() *Catalogue {
	c := &Catalogue{cores: map[string]Core{}, coreKeys: map[string]string{"oryon": "Oryon1", "denver": "Denver2"}, socs: map[string]SoC{},
		socKeys: map[string]string{}, weakKeys: map[string]string{}, byCode: map[string][]int{}, byName: map[string][]int{},
		byCodename: map[string][]int{}, aliases: map[string]alias{}, parts: map[partKey]string{}, play: sync.OnceValue(loadPlay), labels: &labelMemory{}}
	c.names = sync.OnceValue(c.allNames)
	return c
}

// Devices returns all phones, tablets and boards in the order of the tables. The slice is shared: do not change it.
func (c *Catalogue) Devices() []Device { return c.devices }

// SoCs returns all systems on a chip in the order of the tables.
func (c *Catalogue) SoCs() []SoC {
	out := make([]SoC, len(c.socOrder))
	for i, id := range c.socOrder {
		out[i] = c.socs[id]
	}
	return out
}

// SoC returns the system on a chip with this id of socs.csv.
func (c *Catalogue) SoC(id string) (SoC, bool) {
	s, ok := c.socs[id]
	return s, ok
}

// Core returns the core design with this name of cores.csv, such as "A76"; case and punctuation do not matter.
func (c *Catalogue) Core(name string) (Core, bool) {
	core, ok := c.cores[c.coreKeys[squash(name)]]
	return core, ok
}

// CorePart returns the core design that /proc/cpuinfo or MIDR_EL1 names by implementer, part and variant.
func (c *Catalogue) CorePart(implementer, part, variant int) (Core, bool) {
	name, ok := c.parts[partKey{implementer, part, variant}]
	if !ok {
		name, ok = c.parts[partKey{implementer, part, -1}]
	}
	return c.cores[name], ok
}

// Search returns the devices whose name, codename, model codes or SoC contain every word of text, in table order.
func (c *Catalogue) Search(text string) []Device {
	want := words(text)
	var out []Device
	for _, d := range c.devices {
		hay := strings.Join(words(d.Name+" "+d.Vendor+" "+d.Codename+" "+strings.Join(d.ModelCodes, " ")+" "+d.SoC.Name+" "+d.SoC.PartNumber), " ")
		if !slices.ContainsFunc(want, func(w string) bool { return !strings.Contains(hay, w) }) {
			out = append(out, d)
		}
	}
	return out
}

// popular are well-known phones of different tiers and years, for prices at a glance.
var popular = []string{"Galaxy A15", "Galaxy S21 5G (Exynos)", "Galaxy S23", "Galaxy A54 5G", "Pixel 7", "Google Pixel 9", "Redmi Note 8",
	"Xiaomi Mi 10", "Galaxy S25 Ultra", "iPhone 13"}

// Popular returns a short list of well-known phones of different tiers, makers and years.
func (c *Catalogue) Popular() []Device {
	var out []Device
	for _, name := range popular {
		if d, err := c.Find(name); err == nil {
			out = append(out, d)
		}
	}
	return out
}

func (c *Catalogue) addAlias(r row) error {
	confidence, err := strconv.ParseFloat(r.text("confidence"), 64)
	if err != nil {
		return err
	}
	a := alias{device: r.text("device"), soc: r.text("soc_id"), confidence: confidence, note: r.text("source")}
	if _, ok := c.socs[a.soc]; !ok && a.device == "" {
		return fmt.Errorf("alias %q: unknown soc %q", r.text("alias"), a.soc)
	}
	if a.device != "" && len(c.byName[squash(a.device)]) == 0 {
		return fmt.Errorf("alias %q: unknown device %q", r.text("alias"), a.device)
	}
	c.aliases[squash(r.text("alias"))] = a
	return nil
}

func (c *Catalogue) addPart(r row) error {
	implementer, err1 := strconv.ParseInt(r.text("implementer"), 0, 32)
	part, err2 := strconv.ParseInt(r.text("part"), 0, 32)
	variant := int64(-1)
	if v := r.text("variant"); v != "" {
		variant, _ = strconv.ParseInt(v, 0, 32)
	}
	if _, ok := c.cores[r.text("core")]; err1 != nil || err2 != nil || !ok {
		return fmt.Errorf("part %q of %q with core %q", r.text("part"), r.text("implementer"), r.text("core"))
	}
	c.parts[partKey{int(implementer), int(part), int(variant)}] = r.text("core")
	return nil
}

// words cuts text into lower-case runs of letters and digits; a plus sign after one is the word "plus".
func words(text string) []string {
	var out []string
	start := -1
	flush := func(end int) {
		if start >= 0 {
			out = append(out, strings.ToLower(text[start:end]))
			start = -1
		}
	}
	for i, r := range text {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if start < 0 {
				start = i
			}
		default:
			after := start >= 0
			flush(i)
			if r == '+' && after {
				out = append(out, "plus")
			}
		}
	}
	flush(len(text))
	return out
}

// squash is the key form of a name: its words without anything between.
func squash(text string) string { return strings.Join(words(text), "") }

var (
	inBrackets = regexp.MustCompile(`\s*\(([^)]*)\)`)
	generation = regexp.MustCompile(`(?i)\s+(5G|4G|LTE|Bionic|Fusion|Mobile Platform)$`)
)

// indexSoC makes an SoC findable by each of its names, part numbers and values of ro.soc.model. The first SoC keeps a shared key.
func (c *Catalogue) indexSoC(s SoC) {
	plain := inBrackets.ReplaceAllString(s.Name, "")
	names := []string{s.Name, s.ID, s.PartNumber}
	for _, m := range inBrackets.FindAllStringSubmatch(s.Name, -1) {
		if len(squash(m[1])) > 4 {
			names = append(names, m[1])
		}
	}
	prefix := ""
	for i, part := range strings.Split(plain, " / ") {
		if fields := strings.Fields(part); i == 0 && len(fields) > 1 {
			prefix = strings.Join(fields[:len(fields)-1], " ") + " "
		}
		for _, n := range []string{part, generation.ReplaceAllString(part, "")} {
			names = append(names, n)
			if i > 0 {
				names = append(names, prefix+n)
			}
			if _, rest, ok := strings.Cut(n, " "); ok && len(squash(rest)) > 3 && hasLetter(rest) && !strings.Contains(rest, " ") {
				names = append(names, rest)
			}
		}
	}
	names = append(names, s.ModelValues...)
	for _, n := range names {
		if key := squash(n); key != "" && c.socKeys[key] == "" {
			c.socKeys[key] = s.ID
		}
	}
	for _, n := range append([]string{s.PartNumber}, s.ModelValues...) {
		base := basePart(n)
		for _, key := range []string{base, strings.TrimSuffix(base, "p")} { // SA8255P is also written SA8255
			if len(key) > 3 && c.weakKeys[key] == "" {
				c.weakKeys[key] = s.ID
			}
		}
	}
}

func hasLetter(s string) bool { return strings.IndexFunc(s, unicode.IsLetter) >= 0 }
func hasDigit(s string) bool  { return strings.IndexFunc(s, unicode.IsDigit) >= 0 }

// basePart is a part number without its bin: "SM8550-AC" → "sm8550".
func basePart(part string) string {
	if i := strings.IndexAny(part, "- "); i > 3 {
		part = part[:i]
	}
	return squash(part)
}

// socByKey finds an SoC by its squashed name or part number, the exact ones first.
func (c *Catalogue) socByKey(key string) (SoC, bool) {
	id, ok := c.socKeys[key]
	if !ok {
		id, ok = c.weakKeys[key]
	}
	return c.socs[id], ok
}

// indexDevice makes device i findable by model codes, codename and name with and without its vendor. Among rows of one name the one
// with the surer SoC comes first.
func (c *Catalogue) indexDevice(i int, confidence float64) {
	d := c.devices[i]
	add := func(m map[string][]int, key string) {
		if key == "" || slices.Contains(m[key], i) {
			return
		}
		if confidence > ConfidenceMemory {
			at := slices.IndexFunc(m[key], func(j int) bool { return c.devices[j].Match.Confidence <= ConfidenceMemory })
			if at >= 0 {
				m[key] = slices.Insert(m[key], at, i)
				return
			}
		}
		m[key] = append(m[key], i)
	}
	c.devices[i].Match.Confidence = confidence
	for _, code := range d.ModelCodes {
		add(c.byCode, squash(code))
	}
	add(c.byCodename, squash(d.Codename))
	name := inBrackets.ReplaceAllString(d.Name, "")
	for _, n := range []string{d.Name, generation.ReplaceAllString(d.Name, "")} {
		add(c.byName, squash(n))
		if rest, ok := strings.CutPrefix(squash(n), squash(d.Vendor)); ok {
			add(c.byName, rest)
		} else {
			add(c.byName, squash(d.Vendor)+squash(n))
		}
	}
	if name != d.Name { // "Galaxy S22 (Exynos)" answers to "Galaxy S22" too
		add(c.byName, squash(name))
	}
}
