package arch_test

import (
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/estimate/feature/arch"
	"github.com/gaugenn/gaugenn/graph"
)

const full = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|"

func TestNetwork_macsOfCells(t *testing.T) {
	// stem, two residual blocks of stride 2 with their shortcuts, classifier
	const frame = 442_368 + 2*(1_179_648+2_359_296+131_072) + 640
	for _, c := range []struct {
		name, cell string
		rule       arch.Rule
		want       float64
	}{
		// 220.12 M is what NAS-Bench-201 states for the cell of six 3x3 convolutions.
		{"six 3x3", full, arch.RunAll, 220_119_680},
		{"six 1x1", strings.ReplaceAll(full, "3x3", "1x1"), arch.RunAll, frame + 15*6*262_144},
		{"skips cost nothing", strings.ReplaceAll(full, "nor_conv_3x3", "skip_connect"), arch.RunAll, frame},
		{"dead end executed", "|nor_conv_3x3~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|", arch.RunAll, frame + 15*(2_359_296+262_144)},
		{"dead end left out", "|nor_conv_3x3~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|", arch.RunUseful, frame + 15*262_144},
		{"fed by zeros executed", "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|nor_conv_3x3~1|none~2|", arch.RunUseful, frame + 15*(2_359_296+262_144)},
		{"fed by zeros left out", "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|nor_conv_3x3~1|none~2|", arch.RunLive, frame + 15*262_144},
	} {
		n, err := arch.Network(c.cell, c.rule)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if n.MACs() != c.want {
			t.Errorf("%s: %.0f MACs, want %.0f", c.name, n.MACs(), c.want)
		}
	}
}

func blocks(op string) string {
	return strings.TrimSuffix(strings.Repeat(op+"/", arch.BlockPositions), "/")
}

func TestNetwork_macsOfBlocks(t *testing.T) {
	skip, err := arch.Network(blocks("skip"), arch.RunAll)
	if err != nil {
		t.Fatal(err)
	}
	// stem, 1x1 convolutions where a skip changes the shape, header, classifier
	want := 1024.*(3*16*9) + 1024*16*24 + 256*24*32 + 64*32*64 + 64*64*112 + 16*112*184 + 16*184*352 + 16*352*1504 + 1504*100
	if skip.MACs() != want {
		t.Errorf("skips: %.0f MACs, want %.0f", skip.MACs(), want)
	}
	one, err := arch.Network("k3_e6/"+strings.TrimSuffix(strings.Repeat("skip/", 21), "/"), arch.RunAll)
	if err != nil {
		t.Fatal(err)
	}
	// 16 -> 96 -> 16 at 32x32, skip of equal shape replaced
	if got, want := one.MACs()-skip.MACs(), 1024.*(16*96*2+96*9); got != want {
		t.Errorf("one block: %.0f MACs more, want %.0f", got, want)
	}
	half, err := arch.Network("k3_e1_g2/"+strings.TrimSuffix(strings.Repeat("skip/", 21), "/"), arch.RunAll)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := half.MACs()-skip.MACs(), 1024.*(16*16+16*9); got != want {
		t.Errorf("one grouped block: %.0f MACs more, want %.0f", got, want)
	}
}

func TestGraph_isValid(t *testing.T) {
	for _, s := range []string{full, blocks("k5_e1_g2"), blocks("k3_e6"), blocks("skip")} {
		for _, r := range arch.Rules() {
			m, err := arch.Graph(s, r)
			if err != nil {
				t.Fatal(err)
			}
			if err := graph.Validate(m); err != nil {
				t.Errorf("%s: %v", s, err)
			}
		}
	}
}

func TestParse_refusesMalformed(t *testing.T) {
	for _, s := range []string{"", "|", "|nor_conv_3x3~0|", "|nor_conv_5x5~0|+|none~0|none~1|+|none~0|none~1|none~2|",
		"|none~1|+|none~0|none~1|+|none~0|none~1|none~2|", full + "+|none~0|", strings.Repeat("|none~0|+", 50)} {
		if _, err := arch.ParseCell(s); err == nil {
			t.Errorf("cell %q was accepted", s)
		}
	}
	for _, s := range []string{"", "skip", blocks("k3_e2"), blocks("skip") + "/skip", blocks("k")} {
		if _, err := arch.ParseBlocks(s); err == nil {
			t.Errorf("blocks %q were accepted", s)
		}
	}
}

func FuzzGraph(f *testing.F) {
	f.Add(full)
	f.Add(blocks("k3_e1_g2"))
	f.Fuzz(func(t *testing.T, s string) {
		m, err := arch.Graph(s, arch.RunUseful)
		if err != nil {
			return
		}
		if err := graph.Validate(m); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	})
}

func BenchmarkNetwork(b *testing.B) {
	for b.Loop() {
		if _, err := arch.Network(full, arch.RunAll); err != nil {
			b.Fatal(err)
		}
	}
}
