package device_test

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/estimate/device"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestFind(t *testing.T) {
	tests := []struct {
		query, name, soc string
		kind             device.MatchKind
		clusters         string
	}{
		{"Pixel 7", "Google Pixel 7", "gs201", device.MatchModelCode, "X1x2@2850+A78x2@2350+A55x4@1800"},
		{"google pixel 7", "Google Pixel 7", "gs201", device.MatchName, ""},
		{"Galaxy A15", "Galaxy A15", "helio_g99", device.MatchName, "A76x2@2200+A55x6@2000"},
		{"Samsung Galaxy A15", "Galaxy A15", "helio_g99", device.MatchName, ""},
		{"SM-A155F", "Galaxy A15", "helio_g99", device.MatchModelCode, ""},
		{"sm-a155f/dsn", "Galaxy A15", "helio_g99", device.MatchModelCode, ""},
		{"Galaxy S9+", "Samsung Galaxy S9+", "ex9810", device.MatchName, ""},
		{"Snapdragon 7 Gen 1", "Snapdragon 7 Gen 1", "sd7g1", device.MatchSoC, "A710x1@2400+A710x3@2360+A510x4@1800"},
		{"SM7450", "Snapdragon 7 Gen 1", "sd7g1", device.MatchSoC, ""},
		{"SM7450-AB", "Snapdragon 7 Gen 1", "sd7g1", device.MatchSoC, ""},
		{"Snapdragon 765G", "Snapdragon 765G 5G", "sd765g", device.MatchSoC, ""},
		{"Dimensity 8020", "Dimensity 1200 / 1300 / 8020 / 8050", "d1200", device.MatchSoC, ""},
		{"Helio G88", "Helio G70 / G80 / G85 / G88", "helio_g80", device.MatchSoC, ""},
		{"Apple A12", "Apple A12 Bionic", "a12", device.MatchSoC, ""},
		{"exynos2400", "Exynos 2400", "ex2400", device.MatchSoC, ""},
		{"S5E9945", "Exynos 2400", "ex2400", device.MatchSoC, ""},
		{"shiba", "Google Pixel 8", "zuma", device.MatchCodename, ""},
		{"pixel3", "Google Pixel 3", "sd845", device.MatchModelCode, ""},
		{"samsung_s7", "Galaxy S7 (Exynos)", "ex8890", device.MatchAlias, ""},
		{"Samsung Galaxy S24", "Galaxy S24 (Exynos)", "ex2400", device.MatchAlias, ""},
		{"Tab S9", "Galaxy Tab S9", "sd8g2g", device.MatchPartial, ""},
		{"HONOR 90", "HONOR 90", "sd7g1", device.MatchCodename, ""},
		// Benchmark labels: the clocks that a label states win.
		{"Qualcomm SM8150-AC Snapdragon 855+ (Kyro485 2.96 GHz + 2.42 GHz x 3 + 1.80 GHz x 4 + Adreno 640)", "", "sd855p", device.MatchLabel, "A76x1@2960+A76x3@2420+A55x4@1800"},
		{"Qualcomm SDM765G Snapdragon 765G (Kyro 1.8GHz x 6 + Kyro 2.2GHz x 2 + Adreno 620)", "", "sd765g", device.MatchLabel, "A76x2@2200+A55x6@1800"},
		{"Amlogic S805 (Cortex-A5, 4 × 1.536GHz)", "", "s805", device.MatchLabel, "A5x4@1536"},
		{"PhytiumPi, Phytium E2000 (FTC664@1.8GHz x2 + FTC310@1.5GHz x2)", "", "e2000q", device.MatchLabel, "FTC664x2@1800+FTC310x2@1500"},
		{"NVIDIA Jetson TX2 NX(NV-Denver2 2.0Ghz x 2 +  Cortex-A57 2.0Ghz x 4 + 256-core NVIDIA Pascal iGPU)", "", "tegra_x2", device.MatchLabel, "Denver2x2@2000+A57x4@2000"},
		{"Raspberry Pi 5 Broadcom BCM2712 Overclock to 2.9Ghz, VideoCore VII Graphics Overclock to 1.1Ghz (Vulkan 1.2)", "", "bcm2712", device.MatchLabel, "A76x4@2900"},
		{"Raspberry Pi 5 Broadcom BCM2712, VideoCore VII Graphics Overclock to 1.1Ghz (Vulkan 1.2)", "", "bcm2712", device.MatchLabel, "A76x4@2400"},
		{"Radxa Orion O6 (Big Cortex‑A720 2.6Ghz x4 + Medium Cortex‑A720 x 4 + Little Cortex‑A520 x 4 + Arm Immortals G720 MC10 GPU 1.1Ghz)", "", "cix_p1", device.MatchLabel, "A720x4@2600+A720x4@2400+A520x4@1800"},
		{"Rockchip RK3588 (Quad Core A76 2.4GHz + Quad Core A55 1.8GHz)", "", "rk3588", device.MatchLabel, "A76x4@2400+A55x4@1800"},
		{"MacBook Air (13-inch, M3, 2024)", "", "m3", device.MatchLabel, ""},
		{"HUAWEI KunPeng 920 3211K (x24 cores)", "", "kunpeng920", device.MatchLabel, "TaishanV110x24@2600"},
		{"huawei P30 Pro(Kirin 980, Mali-G76 MP10)", "Huawei P30 Pro", "k980", device.MatchLabel, ""},
		{"samsung Galaxy S9+(Snapdragon 845, Adreno 630)", "Samsung Galaxy S9+", "sd845", device.MatchLabel, ""},
		{"SA8255 (Proxy)", "", "sa8255p", device.MatchLabel, ""},
		{"Snapdragon X Elite CRD", "", "sdxe", device.MatchLabel, ""},
		{"Snapdragon 8 Elite Gen 5 QRD", "", "sd8eg5", device.MatchLabel, ""},
		{"Dragonwing RB3 Gen 2 Vision Kit", "", "qcs6490", device.MatchLabel, ""},
		// SD is Snapdragon, words may be joined, and what stands in brackets at the end may be anything.
		{"SD 8Gen3", "Snapdragon 8 Gen 3", "sd8g3", device.MatchSoC, ""},
		{"sd8 gen 3", "Snapdragon 8 Gen 3", "sd8g3", device.MatchSoC, ""},
		{"SD-7+Gen2", "Snapdragon 7+ Gen 2", "sd7pg2", device.MatchSoC, ""},
		{"sd855+", "", "sd855p", device.MatchSoC, ""},
		{"SD 8s Gen 3 QRD", "", "sd8sg3", device.MatchLabel, ""},
		{"RB5 (Proxy)", "RB5", "qrb5165", device.MatchAlias, ""},
		{"SD 888 (early silicon)", "", "sd888", device.MatchLabel, ""},
		{"Tab S9 (Family)", "Galaxy Tab S9", "sd8g2g", device.MatchPartial, ""},
		{"Snapdragon 7c+ Gen 3", "", "sd778g", device.MatchAlias, ""},
		{"sd7c+gen3", "", "sd778g", device.MatchAlias, ""},
		// A model code after its maker, and names without their first or last words, written apart or together.
		{"samsung SM-A546B", "Galaxy A54 5G", "ex1380", device.MatchModelCode, ""},
		{"SAMSUNG SM-A546B/DS", "Galaxy A54 5G", "ex1380", device.MatchModelCode, ""},
		{"z fold 5", "Galaxy Z Fold5", "sd8g2g", device.MatchPartial, ""},
		{"ZFold5", "Galaxy Z Fold5", "sd8g2g", device.MatchPartial, ""},
		{"note 20 ultra", "Galaxy Note20 Ultra (Exynos)", "ex990", device.MatchPartial, ""},
		{"8 gen 3", "Snapdragon 8 Gen 3", "sd8g3", device.MatchPartial, ""},
		{"8 Elite", "Snapdragon 8 Elite", "sd8e", device.MatchPartial, ""},
		{"a15 bionic", "Apple A15 Bionic", "a15", device.MatchPartial, ""},
		{"g99", "Helio G99 / G100", "helio_g99", device.MatchPartial, ""},
		{"d9300+", "Dimensity 9300+", "d9300p", device.MatchSoC, ""},
		{"SAMSUNG-SM-G930U", "Galaxy S7 (Snapdragon)", "sd820", device.MatchModelCode, ""},
		// A short name is that of a phone of the table before that of somebody's tablet.
		{"S22", "Galaxy S22 (Exynos)", "ex2200", device.MatchPartial, ""},
		{"Galaxy A5", "Galaxy A5", "sd410", device.MatchCodename, ""},
		{"a5", "Galaxy A5", "sd410", device.MatchPartial, ""},
		{"a52", "Samsung Galaxy A52 4G", "sd720g", device.MatchPartial, ""},
		{"Altice S22", "S22", "mt6580", device.MatchCodename, ""},
		{"rpi 4", "Raspberry Pi 4", "bcm2711", device.MatchAlias, ""},
		{"Some board (Cortex-A78 2.0GHz x 2 + Cortex-A55 1.5GHz x 6)", "", "", device.MatchClusters, "A78x2@2000+A55x6@1500"},
	}
	for _, tt := range tests {
		d, err := device.Embedded().Find(tt.query)
		if err != nil {
			t.Errorf("Find(%q): %v", tt.query, err)
			continue
		}
		if tt.name != "" && d.Name != tt.name || tt.soc != "" && d.SoC.ID != tt.soc || d.Match.Kind != tt.kind {
			t.Errorf("Find(%q) = %q with %q by %s, want %q with %q by %s", tt.query, d.Name, d.SoC.ID, d.Match.Kind, tt.name, tt.soc, tt.kind)
		}
		if got := clusters(d.SoC); tt.clusters != "" && got != tt.clusters {
			t.Errorf("Find(%q): clusters %s, want %s", tt.query, got, tt.clusters)
		}
		if d.Match.Query != tt.query || d.Match.Confidence <= 0 || d.Match.Confidence > 1 {
			t.Errorf("Find(%q): match %+v lacks the query or a confidence", tt.query, d.Match)
		}
	}
}

func TestFind_namesEachAlternativeOnce(t *testing.T) {
	d, err := device.Embedded().Find("Galaxy J5")
	if err != nil || len(d.Match.Alternatives) == 0 {
		t.Fatalf("%q, %v: want a phone that is sold with several SoCs", d.Match.Alternatives, err)
	}
	if once := slices.Compact(slices.Sorted(slices.Values(d.Match.Alternatives))); len(once) != len(d.Match.Alternatives) {
		t.Errorf("alternatives %q", d.Match.Alternatives)
	}
}

func TestFind_leavesOtherThingsUnknown(t *testing.T) {
	for _, query := range []string{"(foo)", "Galaxy (S99)", "SD card 128", "samsung SM-Z999", "nokia SM-A546B", "note 99 ultra", "fold5x", "gen 3", "5g"} {
		if d, err := device.Embedded().Find(query); !errors.Is(err, device.ErrNotFound) {
			t.Errorf("%q is %s (%s), %v", query, d.Name, d.SoC.Name, err)
		}
	}
}

func TestFind_unknownDeviceSuggestsNearestNames(t *testing.T) {
	for query, want := range map[string]string{"Galxy S23": "Galaxy S23", "Pixel 7 Prro": "Google Pixel 7 Pro", "Snapdraon 888": "Snapdragon 888", "SD 8Gn3": "Snapdragon 8 Gen 3"} {
		_, err := device.Embedded().Find(query)
		var nf *device.NotFoundError
		if !errors.Is(err, device.ErrNotFound) || !errors.As(err, &nf) {
			t.Errorf("Find(%q): error %v, want a NotFoundError", query, err)
			continue
		}
		if len(nf.Suggestions) == 0 || !strings.Contains(strings.Join(nf.Suggestions, ";"), want) {
			t.Errorf("Find(%q): suggestions %q, want %q among them", query, nf.Suggestions, want)
		}
	}
	for _, query := range []string{"", "   ", "nonsense", "AMD Ryzen 9 5950X 16-Core of Desktop[2023-10-12]", "NVIDIA Tesla V100-PCIE-32GB  (GV100 SM x 80 + Tensor Core x 640)"} {
		if d, err := device.Embedded().Find(query); !errors.Is(err, device.ErrNotFound) {
			t.Errorf("Find(%q) = %q, %v, want ErrNotFound", query, d.Name, err)
		}
	}
}

func TestFind_specification(t *testing.T) {
	c := device.Embedded()
	d, err := c.Find("soc=Snapdragon 7 Gen 1, ram=8, battery=4500, voltage=3.87, name=my phone")
	if err != nil {
		t.Fatal(err)
	}
	if d.Name != "my phone" || d.SoC.ID != "sd7g1" || d.RAMGB.Value != 8 || d.BatteryWh().Value < 17.4 || d.BatteryWh().Value > 17.5 {
		t.Errorf("got %q %q ram %v battery %v Wh", d.Name, d.SoC.ID, d.RAMGB.Value, d.BatteryWh().Value)
	}
	d, err = c.Find("clusters=1xX2@3.0+3*Cortex-A710@2.5+4xA510@1.8GHz, bandwidth=51.2")
	if err != nil {
		t.Fatal(err)
	}
	if got := clusters(d.SoC); got != "X2x1@3000+A710x3@2500+A510x4@1800" || d.SoC.Memory.BandwidthGBps.Value != 51.2 || !d.SoC.Common.Has(device.I8MM) {
		t.Errorf("clusters %s, bandwidth %v, features %v", got, d.SoC.Memory.BandwidthGBps.Value, d.SoC.Common)
	}
	for _, bad := range []string{"ram=8", "soc=Snapdragon 888, ram=lots", "soc=Snapdragon 888, ram=-1", "colour=red", "clusters=4xZ80@4", "clusters=0xA55@1", "clusters=A55", "clusters=99999999999999999999xA55@1", "clusters=4xA76@2000", "clusters=4xA76@0", "soc=Snapdragon 888, ram=inf", "soc=Snapdragon 888, ram=nan"} {
		_, err := c.Find(bad)
		var se *device.SpecError
		if !errors.As(err, &se) {
			t.Errorf("Find(%q): error %v, want a SpecError", bad, err)
		}
	}
	if _, err := c.Find("soc=Snapdragon 999999"); !errors.Is(err, device.ErrNotFound) {
		t.Errorf("unknown soc: %v", err)
	}
}

func TestFindLabel_socBesideTheLabelWins(t *testing.T) {
	c := device.Embedded()
	for _, tt := range []struct{ label, soc, want string }{
		{"Samsung Galaxy S23", "SM8550", "sd8g2g"}, // a bin of the same part stays
		{"Samsung Galaxy S24", "SM8650", "sd8g3"},  // the American model
		{"Qualcomm Reference Design", "SM8635", "sd8sg3"},
		{"samsung_s7", "Exynos 8890 or MSM8996 (region unknown)", "ex8890"},
		{"unknown box", "Kirin970", "k970"},
	} {
		d, err := c.FindLabel(tt.label, tt.soc)
		if err != nil || d.SoC.ID != tt.want {
			t.Errorf("FindLabel(%q, %q) = %q, %v, want %q", tt.label, tt.soc, d.SoC.ID, err, tt.want)
		}
	}
}

func TestFindProps(t *testing.T) {
	tests := []struct {
		name  string
		props map[string]string
		soc   string
		found string
	}{
		{"model code", map[string]string{"ro.product.model": "SM-G991B", "ro.product.manufacturer": "samsung", "ro.hardware": "exynos2100"}, "ex2100", "Galaxy S21 5G (Exynos)"},
		{"model and soc of another region", map[string]string{"ro.product.model": "Galaxy S22 (Exynos)", "ro.soc.model": "SM8450"}, "sd8g1", "Galaxy S22 (Exynos)"},
		{"codename with maker", map[string]string{"ro.product.model": "XYZ", "ro.product.device": "panther", "ro.product.manufacturer": "Google"}, "gs201", "Google Pixel 7"},
		{"soc only", map[string]string{"ro.product.model": "ABC-1", "ro.soc.model": "MT6893"}, "d1200", "ABC-1"},
		{"mediatek platform", map[string]string{"ro.product.model": "ABC-2", "ro.mediatek.platform": "MT6771"}, "helio_p60", "ABC-2"},
		{"platform of one soc", map[string]string{"ro.product.model": "ABC-3", "ro.board.platform": "gs101"}, "gs101", "ABC-3"},
		{"marketing name", map[string]string{"ro.product.marketname": "Redmi Note 8 Pro", "ro.product.model": "none"}, "helio_g90t", "Redmi Note 8 Pro"},
	}
	for _, tt := range tests {
		d, err := device.Embedded().FindProps(tt.props)
		if err != nil || d.SoC.ID != tt.soc || d.Name != tt.found {
			t.Errorf("%s: got %q with %q, %v, want %q with %q", tt.name, d.Name, d.SoC.ID, err, tt.found, tt.soc)
		}
	}
	// A platform that several SoCs share is not a guess to make.
	if d, err := device.Embedded().FindProps(map[string]string{"ro.board.platform": "kona"}); !errors.Is(err, device.ErrNotFound) {
		t.Errorf("kona alone: got %q, %v, want ErrNotFound", d.Name, err)
	}
	if _, err := device.Embedded().FindProps(nil); !errors.Is(err, device.ErrNotFound) {
		t.Errorf("no properties: %v", err)
	}
}

const externalCSV = `match,class,soc,clusters,isa,process_nm,mem_type,mem_bw_gbs,gpu,npu,year
Orange Crate,sbc,Crate-1,4*A76@2.4+4*A55@1.8,"fp16,dotprod",8,LPDDR4X,33.8,Mali-G610,6TOPS,2022
QCS8275 (Proxy),iot,QCS8275,8*KRYOGOLD6@2.1,"fp16,dotprod",5,LPDDR5,76.8,Adreno 623,Hexagon V75 40TOPS,2024
`

func TestWithExternal(t *testing.T) {
	c, err := device.Embedded().WithExternal(strings.NewReader(externalCSV))
	if err != nil {
		t.Fatal(err)
	}
	d, err := c.Find("Orange Crate Mk II")
	if err != nil {
		t.Fatal(err)
	}
	if got := clusters(d.SoC); got != "A76x4@2400+A55x4@1800" || d.Match.Kind != device.MatchExternal || d.SoC.NPU.TOPS.Value != 6 || d.SoC.Memory.BandwidthGBps.Value != 33.8 {
		t.Errorf("external row: %s by %s, %+v, %+v", got, d.Match.Kind, d.SoC.NPU, d.SoC.Memory)
	}
	if !d.SoC.Common.Has(device.FP16|device.DotProd) || d.SoC.Common.Has(device.I8MM) {
		t.Errorf("features %v, want those of the isa column", d.SoC.Common)
	}
	// A label that the catalogue knows keeps the catalogue's facts; only what is unknown there is taken over.
	d, err = c.Find("QCS8275 (Proxy)")
	if err != nil || d.Match.Kind == device.MatchExternal || d.SoC.ID != "qcs8275" || d.SoC.Memory.BandwidthGBps.Value != 76.8 {
		t.Errorf("known label: %v, %s, %q, bandwidth %+v", err, d.Match.Kind, d.SoC.ID, d.SoC.Memory.BandwidthGBps)
	}
	if _, err := device.Embedded().Find("Orange Crate Mk II"); err == nil {
		t.Error("the embedded catalogue was changed")
	}
	for _, bad := range []string{"", "match,clusters\nx,A76@2\n", "match,clusters\nx,0*A76@2\n", "match,clusters\n\"x"} {
		if _, err := device.Embedded().WithExternal(strings.NewReader(bad)); err == nil {
			t.Errorf("WithExternal(%q): no error", bad)
		}
	}
}

func TestWithExternal_coreOfALaterYearKeepsItsName(t *testing.T) {
	c, err := device.Embedded().WithExternal(strings.NewReader("match,clusters\nOrange Crate,2*A999@4.1+4*A76@2.4\n"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := c.Find("Orange Crate Mk III")
	if err != nil {
		t.Fatal(err)
	}
	if got := d.SoC.CoreCount(); got != 6 {
		t.Errorf("%d cores, want 6: %s", got, clusters(d.SoC))
	}
	for _, cl := range d.SoC.Clusters {
		if cl.Core.Name == "A999" && (cl.Core.F32MACs.Known || cl.ClockMHz.Value != 4100) {
			t.Errorf("unknown core: %+v", cl)
		}
	}
}

func TestWithExternal_everyRowOfTheRecordedFileReads(t *testing.T) {
	f, err := os.Open(shared(t, "phones", "devices.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := device.Embedded().WithExternal(f); err != nil {
		t.Error(err)
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{"Pixel 7", "soc=Snapdragon 888, ram=8", "Kirin 970 (Cortex-A73 2.4GHz x 4 + Cortex-A53 1.8GHz x 4)", "clusters=1xX2@3.0", "SM-A155F/DSN", "×@‑+x4 2GHz"} {
		f.Add(s)
	}
	c := device.Embedded()
	f.Fuzz(func(t *testing.T, query string) {
		d, err := c.Find(query)
		if err != nil {
			return
		}
		if d.SoC.CoreCount() <= 0 {
			t.Errorf("Find(%q): a device without cores", query)
		}
		d.Vector(4, device.AffinityBig)
	})
}

func BenchmarkFindLabel(b *testing.B) {
	c := device.Embedded()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.FindLabel("Kirin 970 (Cortex-A73 2.4GHz x 4 + Cortex-A53 1.8GHz x 4)", "Hi3670"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	c := device.Embedded()
	for _, q := range []string{"Pixel 7", "Qualcomm SM8150-AC Snapdragon 855+ (Kyro485 2.96 GHz + 2.42 GHz x 3 + 1.80 GHz x 4 + Adreno 640)", "Tab S9"} {
		b.Run(strings.Fields(q)[0], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Find(q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
