package device

import (
	"slices"
	"strconv"
)

// playTable is the Play device catalogue by codename and by name. It is large and seldom needed, so it is read at first use.
type playTable struct {
	byCodename, byName map[string][]playRow
}

type playRow struct{ codename, maker, name, form, memory, soc string }

func loadPlay() *playTable {
	t := &playTable{map[string][]playRow{}, map[string][]playRow{}}
	data, err := embeddedTable("codenames.csv")
	if err == nil {
		err = readTable(data, func(r row) error {
			p := playRow{r.text("device_codename"), r.text("manufacturer"), r.text("model_name"), r.text("form"), r.text("total_mem_mib"), r.text("soc_id")}
			t.byCodename[squash(p.codename)] = append(t.byCodename[squash(p.codename)], p)
			name := squash(p.name)
			t.byName[name] = append(t.byName[name], p)
			t.byName[squash(p.maker)+name] = append(t.byName[squash(p.maker)+name], p)
			return nil
		})
	}
	if err != nil {
		panic(err) // the table is part of the binary
	}
	return t
}

func (c *Catalogue) findPlay(key string) (Device, bool) { return c.fromPlay(c.play().byCodename[key]) }

func (c *Catalogue) findPlayName(key string) (Device, bool) { return c.fromPlay(c.play().byName[key]) }

// fromPlay makes a device of the SoC that most rows name; rows that differ are alternatives.
func (c *Catalogue) fromPlay(rows []playRow) (Device, bool) {
	if len(rows) == 0 {
		return Device{}, false
	}
	votes := map[string]int{}
	for _, r := range rows {
		votes[r.soc]++
	}
	best := slices.MaxFunc(rows, func(a, b playRow) int { return votes[a.soc] - votes[b.soc] })
	d := c.generic(c.socs[best.soc], MatchCodename)
	d.Name, d.Vendor, d.Form, d.Codename = best.name, best.maker, best.form, best.codename
	d.Year = Quantity{} // the catalogue does not say it, and chips are sold for years
	if len(votes) > 1 {
		d.Match.Confidence = ConfidenceMemory
	}
	if mib, err := strconv.ParseFloat(best.memory, 64); err == nil {
		d.RAMGB = Quantity{Value: mib / 1024, Known: true, Confidence: ConfidenceSourced, Source: "Google Play device catalogue"}
	}
	for _, r := range rows {
		other := r.maker + " " + r.name + " (" + c.socs[r.soc].Name + ")"
		if r.soc != best.soc && !slices.Contains(d.Match.Alternatives, other) {
			d.Match.Alternatives = append(d.Match.Alternatives, other)
		}
	}
	return d, true
}
