package main

import (
	"os"
	"regexp"
	"strings"

	"github.com/gaugenn/gaugenn/estimate/device"
)

var (
	getpropLine = regexp.MustCompile(`(?m)^\s*\[([\w.-]+)\]:\s*\[([^\]]*)\]`)
	plainProp   = regexp.MustCompile(`(?:^|[\s,;])(ro\.[\w.-]+)\s*=\s*([^,;\n]*)`)
)

// findDevice returns the device that a text names: a phone, model code, SoC or
// "soc=…, ram=…"; what getprop printed, as text or as a file; or properties as
// "ro.soc.model=SM8650, ro.product.model=…".
func findDevice(text string) (device.Device, error) {
	text = strings.TrimSpace(text)
	if props := propsOf(text); len(props) > 0 {
		return device.Embedded().FindProps(props)
	}
	d, err := device.Embedded().Find(text)
	if err == nil {
		return d, nil
	}
	if b, e := os.ReadFile(text); e == nil && len(b) < 1<<20 {
		if props := propsOf(string(b)); len(props) > 0 {
			return device.Embedded().FindProps(props)
		}
	}
	return d, err
}

// propsOf reads Android properties, in the form of getprop or of build.prop.
func propsOf(text string) map[string]string {
	props := map[string]string{}
	for _, re := range []*regexp.Regexp{getpropLine, plainProp} {
		for _, m := range re.FindAllStringSubmatch(text, -1) {
			if strings.HasPrefix(m[1], "ro.") {
				props[m[1]] = strings.TrimSpace(m[2])
			}
		}
	}
	return props
}
