package device

import (
	"cmp"
	"slices"
	"strings"
)

// named is a name to suggest with the pairs of letters of its key, with and without the maker.
type named struct {
	name        string
	full, short []uint16
}

// allNames lists what can be suggested.
func (c *Catalogue) allNames() []named {
	var out []named
	seen := map[string]bool{}
	add := func(name, vendor string) {
		if seen[name] {
			return
		}
		seen[name] = true
		key := squash(name)
		out = append(out, named{name, pairs(key), pairs(strings.TrimPrefix(key, vendor))})
	}
	for _, d := range c.devices {
		add(d.Name, squash(d.Vendor))
	}
	for _, id := range c.socOrder {
		add(c.socs[id].Name, "")
	}
	return out
}

// suggest returns the n names most like the key by shared pairs of letters.
func (c *Catalogue) suggest(key string, n int) []string {
	type scored struct {
		name  string
		score float64
	}
	var list []scored
	want := pairs(key)
	for _, k := range c.names() {
		if s := max(dice(want, k.full), dice(want, k.short)); s > 0.45 {
			list = append(list, scored{k.name, s})
		}
	}
	slices.SortStableFunc(list, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	var out []string
	for _, s := range list[:min(n, len(list))] {
		out = append(out, s.name)
	}
	return out
}

// pairs lists the pairs of neighbouring bytes of a string, sorted.
func pairs(s string) []uint16 {
	out := make([]uint16, 0, len(s))
	for i := range len(s) - 1 {
		out = append(out, uint16(s[i])<<8|uint16(s[i+1]))
	}
	slices.Sort(out)
	return out
}

// dice is the Sørensen–Dice likeness of two sorted lists, 0 to 1.
func dice(a, b []uint16) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	same := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			same++
			i++
			j++
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	return 2 * float64(same) / float64(len(a)+len(b))
}
