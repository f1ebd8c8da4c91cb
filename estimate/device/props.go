package device

import (
	"cmp"
	"strings"
)

// The properties of a phone that name the model and the SoC, in the order in which they are trusted.
var (
	modelProps = []string{"ro.product.model", "ro.product.vendor.model", "ro.product.odm.model", "ro.product.system.model"}
	nameProps  = []string{"ro.product.marketname", "ro.product.vendor.marketname", "ro.config.marketing_name", "ro.vendor.product.display", "ro.semc.product.name"}
	codeProps  = []string{"ro.product.device", "ro.product.vendor.device", "ro.build.product"}
	socProps   = []string{"ro.soc.model", "ro.vendor.soc.model.external_name", "ro.vendor.qti.soc_name", "ro.hardware.chipname", "ro.chipname",
		"ro.mediatek.platform", "ro.vendor.mediatek.platform", "ro.arch", "ro.board.platform", "ro.product.board", "ro.hardware"}
)

// FindProps returns the device that Android properties describe, as getprop prints them (names without brackets). The model code comes
// first, then the marketing name, then the codename together with the maker; the SoC that the phone itself names corrects the
// catalogue. With nothing but an SoC the device is that SoC under the phone's own name. Unknown is a *NotFoundError.
func (c *Catalogue) FindProps(props map[string]string) (Device, error) {
	soc, hasSoC := c.socOfProps(props)
	maker := squash(cmp.Or(props["ro.product.manufacturer"], props["ro.product.brand"]))
	d, found := c.phoneOfProps(props, maker)
	name := cmp.Or(first(props, nameProps), first(props, modelProps), first(props, codeProps))
	switch {
	case found && hasSoC && soc.ID != d.SoC.ID && basePart(soc.PartNumber) != basePart(d.SoC.PartNumber) && props["ro.soc.model"] != "":
		d.SoC, d.Match.Note = soc, "SoC as the phone names it, ro.soc.model="+props["ro.soc.model"]
		return d, nil
	case found:
		return d, nil
	case hasSoC:
		d = c.generic(soc, MatchSoC)
		d.Name, d.Vendor, d.Codename = cmp.Or(name, soc.Name), props["ro.product.manufacturer"], props["ro.product.device"]
		d.Match.Query = name
		return d, nil
	}
	return Device{}, &NotFoundError{Query: name, Suggestions: c.suggest(squash(name), 4)}
}

func first(props map[string]string, keys []string) string {
	for _, k := range keys {
		if v := strings.TrimSpace(props[k]); v != "" && v != "unknown" {
			return v
		}
	}
	return ""
}

func (c *Catalogue) phoneOfProps(props map[string]string, maker string) (Device, bool) {
	for _, k := range modelProps {
		if d, ok := c.findCode(props[k], squash(props[k])); ok && props[k] != "" {
			d.Match.Query = props[k]
			return d, true
		}
	}
	for _, k := range append(nameProps[:len(nameProps):len(nameProps)], modelProps...) {
		if d, ok := c.findName(props[k], squash(props[k])); ok && props[k] != "" {
			d.Match.Query = props[k]
			return d, true
		}
	}
	for _, k := range codeProps {
		key := squash(props[k])
		if key == "" {
			continue
		}
		for _, i := range c.byCodename[key] {
			if maker == "" || squash(c.devices[i].Vendor) == maker {
				d, _ := c.pick([]int{i}, MatchCodename)
				d.Match.Query = props[k]
				return d, true
			}
		}
		var rows []playRow
		for _, r := range c.play().byCodename[key] {
			if maker == "" || squash(r.maker) == maker {
				rows = append(rows, r)
			}
		}
		if d, ok := c.fromPlay(rows); ok {
			d.Match.Query = props[k]
			return d, true
		}
	}
	return Device{}, false
}

func (c *Catalogue) socOfProps(props map[string]string) (SoC, bool) {
	for _, k := range socProps {
		v := strings.TrimSpace(props[k])
		if v == "" {
			continue
		}
		if s, ok := c.socByKey(squash(v)); ok {
			return s, true
		}
		if s, _, ok := c.mention(words(v)); ok {
			return s, true
		}
		if s, ok := c.socOfPlatform(v); ok {
			return s, true
		}
	}
	return SoC{}, false
}

// socOfPlatform takes a platform name only when a single SoC has it: a family such as kona holds several.
func (c *Catalogue) socOfPlatform(platform string) (SoC, bool) {
	var found []SoC
	for _, id := range c.socOrder {
		for _, p := range c.socs[id].Platforms {
			if strings.EqualFold(p, platform) {
				found = append(found, c.socs[id])
			}
		}
	}
	if len(found) != 1 {
		return SoC{}, false
	}
	return found[0], true
}
