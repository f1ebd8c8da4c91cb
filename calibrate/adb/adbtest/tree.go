//go:build linux

package adbtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// makeTree writes the files of a phone that gaugeNN reads: nine cores in three clusters, a battery that is not charging, three sensors. The
// values are made up in the form of a Pixel's.
func makeTree(root, product, model, serial string) error {
	files := map[string]string{
		".cpuinfo": cpuinfo(), "data/local/tmp/.keep": "", "tmp/.keep": "",
		"system/bin/getprop": script(map[string]string{"": fmt.Sprintf(
			"[ro.product.device]: [%s]\n[ro.product.manufacturer]: [Google]\n[ro.product.model]: [%s]\n[ro.serialno]: [%s]\n[ro.soc.model]: [Tensor G3]\n[ro.product.cpu.abi]: [arm64-v8a]\n[ro.build.version.sdk]: [35]\n",
			product, model, serial)}),
		"system/bin/dumpsys":  "#!/bin/sh\ncase \"$1\" in battery | thermalservice | power) cat \"/.$1\" ;; esac\n",
		"system/bin/settings": script(map[string]string{"get": "0\n"}),
		"system/bin/input":    input, ".battery": battery, ".thermalservice": thermal, ".power": "  mWakefulness=Awake\n",
	}
	for i, mhz := range []int{1704, 1704, 1704, 1704, 2367, 2367, 2367, 2367, 2914} {
		dir := fmt.Sprintf("sys/devices/system/cpu/cpu%d/cpufreq/", i)
		files[dir+"cpuinfo_max_freq"] = fmt.Sprintf("%d000\n", mhz)
		files[dir+"scaling_cur_freq"] = fmt.Sprintf("%d000\n", mhz)
		files[dir+"scaling_governor"] = "sched_pixel\n"
		if i == 8 {
			files[dir+"scaling_governor"] = "performance\n"
		}
	}
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// input is the program that presses keys: 223 sends a phone to sleep, 224 wakes it.
const input = `#!/bin/sh
case "$1 $2" in
"keyevent 223") echo "  mWakefulness=Asleep" >/.power ;;
"keyevent 224") echo "  mWakefulness=Awake" >/.power ;;
esac
`

// script is a program that prints a text by its first argument.
func script(texts map[string]string) string {
	var b strings.Builder
	b.WriteString("#!/bin/sh\ncase \"$1\" in\n")
	for word, text := range texts {
		fmt.Fprintf(&b, "'%s') printf '%%s' '%s' ;;\n", word, text)
	}
	b.WriteString("esac\n")
	return b.String()
}

func cpuinfo() string {
	var b strings.Builder
	for i, part := range []string{"0xd46", "0xd46", "0xd46", "0xd46", "0xd4d", "0xd4d", "0xd4d", "0xd4d", "0xd4e"} {
		fmt.Fprintf(&b, "processor\t: %d\nBogoMIPS\t: 49.15\nFeatures\t: fp asimd asimdhp asimddp i8mm bf16\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x1\nCPU part\t: %s\nCPU revision\t: 1\n\n", i, part)
	}
	return b.String()
}

const battery = `Current Battery Service state:
  AC powered: false
  USB powered: false
  status: 3
  health: 2
  level: 81
  scale: 100
  voltage: 4123
  temperature: 287
  Charge counter: 3700000
`

const thermal = `IsStatusOverride: false
Thermal Status: 0
Cached temperatures:
	Temperature{mValue=61.0, mType=0, mName=BIG, mStatus=0}
Current temperatures from HAL:
	Temperature{mValue=38.5, mType=0, mName=BIG, mStatus=0}
	Temperature{mValue=36.0, mType=0, mName=LITTLE, mStatus=0}
	Temperature{mValue=31.2, mType=3, mName=VIRTUAL-SKIN, mStatus=0}
Current cooling devices from HAL:
`
