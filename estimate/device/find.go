package device

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// ErrNotFound is the kind of every error about a device that is not known.
var ErrNotFound = errors.New("device not known")

// NotFoundError reports a query that no device answers to, with the names nearest to it, nearest first.
type NotFoundError struct {
	Query       string
	Suggestions []string
}

// Error says what was asked for and what is near.
func (e *NotFoundError) Error() string {
	if len(e.Suggestions) == 0 {
		return fmt.Sprintf("device %q is not known", e.Query)
	}
	return fmt.Sprintf("device %q is not known; near: %s", e.Query, strings.Join(e.Suggestions, ", "))
}

// Is makes the error an ErrNotFound.
func (e *NotFoundError) Is(target error) bool { return target == ErrNotFound }

// Find returns the device that a query means: a model code ("SM-A155F"), a marketing name ("Pixel 7"), an SoC name or part number
// ("Snapdragon 7 Gen 1", "SM7450"), a codename ("panther"), the label of a published benchmark ("Qualcomm SM8150-AC Snapdragon 855+
// (Kyro485 2.96 GHz + 2.42 GHz x 3 + …)", "QCS8550 (Proxy)") or a specification ("soc=Snapdragon 7 Gen 1, ram=8", see Spec). What it
// was found by, and what else it could have been, is in Match. An unknown device is a *NotFoundError; a specification with an unknown
// key or value is a *SpecError.
func (c *Catalogue) Find(query string) (Device, error) {
	if squash(query) == "" {
		return Device{}, &NotFoundError{Query: query}
	}
	if strings.Contains(query, "=") {
		return c.spec(query)
	}
	full := inFull(query)
	exact := []look{c.findCode, c.findAlias, c.findName, c.findSoC, c.findCodename}
	loose := []look{c.findMention, c.findExternal, c.findPartial, c.findClusters}
	tries := []try{{query, exact}, {full, exact}, {query, loose}, {full, loose}}
	if bare := lastBrackets.ReplaceAllString(full, ""); hasDigit(bare) { // "Galaxy (S99)" is no "Galaxy"
		tries = append(tries, try{bare, slices.Concat(exact, loose)})
	}
	for _, try := range append(tries, try{query, []look{c.findBrandCode, c.findRun}}) {
		for _, find := range try.looks {
			if d, ok := find(try.query, squash(try.query)); ok {
				d.Match.Query = query
				return c.filled(d, query), nil
			}
		}
	}
	return Device{}, &NotFoundError{Query: query, Suggestions: c.suggest(squash(full), 4)}
}

// look finds a device by a query and its key.
type look func(query, key string) (Device, bool)

// try is a form of a query and where to look for it.
type try struct {
	query string
	looks []look
}

var (
	shortSnapdragon = regexp.MustCompile(`(?i)\bsd[ _-]?(\d)`)
	shortDimensity  = regexp.MustCompile(`(?i)^d(\d{3,4}\+?)$`)
	shortRaspberry  = regexp.MustCompile(`(?i)\brpi[ _-]?(\d)`)
	lastBrackets    = regexp.MustCompile(`\s*\([^)]*\)\s*$`)
)

// inFull writes short forms out: SD before a number is Snapdragon, D before one that is all is Dimensity, RPi is Raspberry Pi.
func inFull(query string) string {
	query = shortSnapdragon.ReplaceAllString(query, "Snapdragon $1")
	return shortRaspberry.ReplaceAllString(shortDimensity.ReplaceAllString(query, "Dimensity $1"), "Raspberry Pi $1")
}

// FindLabel returns the device of a recorded measurement from its device label and the SoC named beside it, which may be empty. A
// named SoC wins over the one that the label leads to, except where both are bins of one part. Answers are remembered, since tables name
// few devices in many rows.
func (c *Catalogue) FindLabel(label, soc string) (Device, error) {
	key := [2]string{label, soc}
	if d, ok := c.labels.get(key); ok {
		return d.device, d.err
	}
	d, err := c.findLabel(label, soc)
	c.labels.put(key, labelAnswer{d, err})
	return d, err
}

// labelAnswer is a remembered answer of FindLabel.
type labelAnswer struct {
	device Device
	err    error
}

// labelMemory holds the first answers of FindLabel, up to labelLimit.
type labelMemory struct {
	mu   sync.RWMutex
	seen map[[2]string]labelAnswer
}

// labelLimit bounds what FindLabel remembers, whatever files name.
const labelLimit = 4096

func (m *labelMemory) get(key [2]string) (labelAnswer, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	a, ok := m.seen[key]
	return a, ok
}

func (m *labelMemory) put(key [2]string, a labelAnswer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.seen == nil {
		m.seen = map[[2]string]labelAnswer{}
	}
	if len(m.seen) < labelLimit {
		m.seen[key] = a
	}
}

func (c *Catalogue) findLabel(label, soc string) (Device, error) {
	d, err := c.Find(label)
	hint, ok := c.socByKey(squash(soc))
	if !ok {
		hint, _, ok = c.mention(words(soc))
	}
	switch {
	case err != nil && ok:
		d = c.generic(hint, MatchLabel)
		d.Name, d.Match.Query, d.Match.Confidence = label, label, ConfidenceSourced
		return withLabelClusters(c, c.filled(d, label), label), nil
	case err == nil && ok && d.SoC.ID != hint.ID && basePart(d.SoC.PartNumber) != basePart(hint.PartNumber) && !strings.Contains(soc, " or "):
		d.SoC, d.Match.Note = hint, "SoC as stated beside the label"
		return withLabelClusters(c, c.filled(d, label), label), nil
	case err != nil && soc != "":
		return c.Find(soc)
	}
	return d, err
}

func (c *Catalogue) pick(list []int, kind MatchKind) (Device, bool) {
	if len(list) == 0 {
		return Device{}, false
	}
	d := c.devices[list[0]]
	d.Match = Match{Kind: kind, Confidence: d.Match.Confidence}
	for _, i := range list[1:] {
		other := c.devices[i]
		if other.SoC.ID != d.SoC.ID {
			d.Match.Confidence = min(d.Match.Confidence, 0.6)
		}
		d.Match.Alternatives = append(d.Match.Alternatives, other.Name+" ("+other.SoC.Name+")")
	}
	return d, true
}

// findCode looks up a model code; a variant after a slash, as in SM-A155F/DSN, is taken off when the whole is not known.
func (c *Catalogue) findCode(query, key string) (Device, bool) {
	if d, ok := c.pick(c.byCode[key], MatchModelCode); ok {
		return d, true
	}
	base, _, cut := strings.Cut(query, "/")
	if !cut || !hasDigit(base) || strings.Contains(base, " ") {
		return Device{}, false
	}
	return c.pick(c.byCode[squash(base)], MatchModelCode)
}

func (c *Catalogue) findName(_, key string) (Device, bool) {
	if d, ok := c.pick(c.byName[key], MatchName); ok {
		return d, true
	}
	if base, ok := strings.CutSuffix(key, "5g"); ok && len(base) > 4 {
		return c.pick(c.byName[base], MatchName)
	}
	return Device{}, false
}

func (c *Catalogue) findAlias(query, key string) (Device, bool) {
	a, ok := c.aliases[key]
	if !ok {
		a, ok = c.aliases[strings.TrimPrefix(key, "samsung")]
	}
	if !ok {
		return Device{}, false
	}
	return c.fromAlias(a, query), true
}

func (c *Catalogue) fromAlias(a alias, query string) Device {
	if a.device != "" {
		if d, ok := c.pick(c.byName[squash(a.device)], MatchAlias); ok {
			d.Match.Confidence, d.Match.Note = a.confidence, a.note
			return d
		}
	}
	d := c.generic(c.socs[a.soc], MatchAlias)
	d.Name, d.Match.Confidence, d.Match.Note = query, a.confidence, a.note
	d.Vendor, d.Year = "", Quantity{} // those of the chip, not of what it is built into
	return d
}

// generic is a device of which only the SoC is known.
func (c *Catalogue) generic(s SoC, kind MatchKind) Device {
	return Device{Name: s.Name, Vendor: s.Vendor, Form: formOf(s), SoC: s, Year: s.Year, Match: Match{Kind: kind, Confidence: ConfidenceSourced}}
}

// formOf guesses what an SoC is built into by who makes it.
func formOf(s SoC) string {
	switch s.Vendor {
	case "Qualcomm", "MediaTek", "Samsung", "HiSilicon", "Unisoc", "Google", "Xiaomi":
		return "phone"
	case "Apple":
		if strings.HasPrefix(s.Name, "Apple M") {
			return "laptop"
		}
		return "phone"
	}
	return "board"
}

func (c *Catalogue) findSoC(_, key string) (Device, bool) {
	s, ok := c.socByKey(key)
	if !ok {
		return Device{}, false
	}
	return c.generic(s, MatchSoC), true
}

func (c *Catalogue) findCodename(query, key string) (Device, bool) {
	if strings.Contains(strings.TrimSpace(query), " ") {
		if d, ok := c.findPlayName(key); ok {
			return d, true
		}
		return Device{}, false
	}
	if d, ok := c.pick(c.byCodename[key], MatchCodename); ok {
		return d, true
	}
	if d, ok := c.findSeries(query, key); ok {
		return d, true
	}
	return c.findPlay(key)
}

// findSeries takes "S22" for the Galaxy S22, whoever else sells an S22: phones.csv first, then the Play catalogue.
func (c *Catalogue) findSeries(query, key string) (Device, bool) {
	if !hasDigit(key) {
		return Device{}, false
	}
	d, ok := c.pick(slices.Concat(c.byName["galaxy"+key], c.byName["redmi"+key]), MatchPartial)
	if !ok {
		d, ok = c.findPlayName("samsunggalaxy" + key)
	}
	if !ok {
		return Device{}, false
	}
	d.Match.Kind, d.Match.Confidence = MatchPartial, min(d.Match.Confidence, 0.6)
	d.Match.Note = fmt.Sprintf("the best-known of the phones called %s; name the maker for another", strings.TrimSpace(query))
	return d, true
}

// findMention looks for an SoC, and for a device, named inside a longer label; an alias counts too. Clocks that the label states win
// over those of the catalogue.
func (c *Catalogue) findMention(query, _ string) (Device, bool) {
	list := words(query)
	soc, length, ok := c.mention(list)
	d, found := c.deviceMention(list)
	if !found {
		if a, n, has := longest(list, func(key string) (alias, bool) { a, ok := c.aliases[key]; return a, ok && len(key) > 3 }); has && n > length {
			d = c.fromAlias(a, query)
			d.Match.Kind = MatchLabel
			return withLabelClusters(c, d, query), true
		}
	}
	switch {
	case found && ok && d.SoC.ID != soc.ID:
		d.SoC, d.Match.Note = soc, "SoC as the label states"
	case found:
	case ok:
		d = c.generic(soc, MatchLabel)
		d.Name = query
	default:
		return Device{}, false
	}
	d.Match.Kind = MatchLabel
	return withLabelClusters(c, d, query), true
}

// longest tries every run of up to six words, joined, and returns the hit with the longest key; the first of equals wins.
func longest[T any](list []string, look func(key string) (T, bool)) (best T, length int, ok bool) {
	for i := range list {
		key := ""
		for j := i; j < len(list) && j < i+6; j++ {
			key += list[j]
			if len(key) <= length {
				continue
			}
			if v, hit := look(key); hit {
				best, length, ok = v, len(key), true
			}
		}
	}
	return best, length, ok
}

// mention returns the SoC that a text names, with the length of the name found.
func (c *Catalogue) mention(list []string) (SoC, int, bool) {
	s, n, ok := longest(list, func(key string) (SoC, bool) {
		if len(key) < 4 || !hasLetter(key) || !hasDigit(key) && len(key) < 12 {
			return SoC{}, false
		}
		return c.socByKey(key)
	})
	if !ok && slices.ContainsFunc(list, func(w string) bool { return w == "macbook" || w == "ipad" || w == "imac" || w == "iphone" }) {
		for _, w := range list {
			if s, ok := c.socKeys["apple"+w]; ok {
				return c.socs[s], len(w), true
			}
		}
	}
	return s, n, ok
}

func (c *Catalogue) deviceMention(list []string) (Device, bool) {
	at, _, ok := longest(list, func(key string) ([]int, bool) {
		if len(key) < 5 || !hasDigit(key) {
			return nil, false
		}
		if a, ok := c.aliases[key]; ok && a.device != "" {
			return c.byName[squash(a.device)], true
		}
		l, ok := c.byName[key]
		return l, ok
	})
	if !ok {
		return Device{}, false
	}
	if d, _ := c.pick(at, MatchLabel); len(list) <= 5 && unexplained(list, d) {
		return Device{}, false
	}
	return c.pick(at, MatchLabel)
}

// unexplained reports whether a short query has words that a device's name does not: "Pixel 7 Prro" is no Pixel 7.
func unexplained(list []string, d Device) bool {
	have := strings.Join(words(d.Vendor+" "+d.Name), "") + " 5g 4g lte dual sim phone smartphone global mobile family proxy"
	return slices.ContainsFunc(list, func(w string) bool { return !strings.Contains(have, w) })
}

// findPartial takes the device whose name holds all words of the query and least besides.
func (c *Catalogue) findPartial(query, _ string) (Device, bool) {
	want := words(query)
	if len(want) > 8 {
		return Device{}, false
	}
	best, extra := -1, 1<<30
	for i, d := range c.devices {
		have := words(d.Vendor + " " + d.Name)
		if slices.ContainsFunc(want, func(w string) bool { return !slices.Contains(have, w) }) {
			continue
		}
		if n := len(have) - len(want); n < extra {
			best, extra = i, n
		}
	}
	if best < 0 || len(strings.Join(want, "")) < 3 {
		return Device{}, false
	}
	d, _ := c.pick([]int{best}, MatchPartial)
	d.Match.Confidence = min(d.Match.Confidence, 0.6)
	if extra > 0 && !slices.Equal(want, words(d.Name)) {
		d.Match.Note = fmt.Sprintf("no device of exactly this name; the nearest that has all its words is %s", d.Name)
	}
	return d, true
}

// findBrandCode looks up a model code after its maker or brand, as in "samsung SM-A546B".
func (c *Catalogue) findBrandCode(query, _ string) (Device, bool) {
	query = strings.TrimSpace(query)
	at := strings.IndexAny(query, " -/")
	if at < 0 {
		return Device{}, false
	}
	brand, code := query[:at], query[at+1:]
	d, ok := c.findCode(code, squash(code))
	if !ok || !slices.Contains(words(d.Vendor+" "+d.Name), squash(brand)) {
		return Device{}, false
	}
	return d, true
}

// findRun takes the device or SoC whose name holds the query as a run of its words, and least besides: "z fold 5" is a Galaxy Z Fold5,
// "8 Elite" a Snapdragon 8 Elite. The run has the first number of the name in it, so that "Gen 3" is nothing.
func (c *Catalogue) findRun(_, key string) (Device, bool) {
	if len(key) < 3 || !hasDigit(key) {
		return Device{}, false
	}
	name, found, extra := "", SoC{}, 1<<30
	for _, id := range c.socOrder {
		if n, ok := besides(c.socs[id].Name, key); ok && n < extra {
			name, found, extra = c.socs[id].Name, c.socs[id], n
		}
	}
	d := c.generic(found, MatchPartial)
	for i := range c.devices {
		if n, ok := besides(c.devices[i].Name, key); ok && n < extra {
			name, extra = c.devices[i].Name, n
			d, _ = c.pick(c.byName[squash(inBrackets.ReplaceAllString(name, ""))], MatchPartial)
		}
	}
	if name == "" {
		return Device{}, false
	}
	d.Match.Confidence = min(d.Match.Confidence, 0.6)
	d.Match.Note = "the nearest name that has all its words is " + d.Name
	return d, true
}

// besides counts the words of a name outside the run of words that, joined, are the key; the run has the name's first number in it.
func besides(name, key string) (int, bool) {
	list := words(name)
	first := slices.IndexFunc(list, hasDigit)
	for i := 0; i <= first; i++ {
		run := ""
		for j := i; j < len(list) && len(run) < len(key); j++ {
			if run += list[j]; run == key && j >= first {
				return len(list) - (j + 1 - i), true
			}
		}
	}
	return 0, false
}
