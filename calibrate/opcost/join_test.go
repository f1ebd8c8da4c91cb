package opcost_test

import (
	"math/rand/v2"
	"testing"

	"github.com/gaugenn/gaugenn/calibrate/opcost"
	"github.com/gaugenn/gaugenn/estimate/feature"
)

// TestJoined_byNameBeforeKindAndOrder joins what the runtime names, in whatever order it ran, leaves what it names otherwise to kind and order, and
// counts what fits no layer.
func TestJoined_byNameBeforeKindAndOrder(t *testing.T) {
	net := layers(rand.New(rand.NewPCG(3, 3)), 5)
	for i, kind := range []feature.Kind{feature.Conv, feature.Conv, feature.Activation, feature.Conv, feature.Conv} {
		l := &net.Layers[i]
		l.Kind, l.Name, l.Op = kind, string(rune('a'+i)), "Conv"
		if kind == feature.Activation {
			l.Op = "Sigmoid"
		}
	}
	op := func(name, node string) opcost.OpTime { return opcost.OpTime{Name: name, Node: node, US: 10} }
	for name, c := range map[string]struct {
		ops  []opcost.OpTime
		want opcost.Joined
	}{
		"named, another order": {[]opcost.OpTime{op("Conv", "e"), op("Conv", "d"), op("Sigmoid", "c"), op("Conv", "b"), op("Conv", "a")}, opcost.Joined{ByName: 5}},
		"channel order":        {[]opcost.OpTime{op("Conv", "a_nchwc"), op("Conv", "b_nchwc"), op("ReorderOutput", "r")}, opcost.Joined{ByName: 2, Not: 1}},
		"no names":             {[]opcost.OpTime{op("Conv", ""), op("Conv", ""), op("Sigmoid", "")}, opcost.Joined{ByKind: 3}},
		"some named":           {[]opcost.OpTime{op("Conv", "a"), op("Conv", "other"), op("Sigmoid", "c")}, opcost.Joined{ByName: 2, ByKind: 1}},
		"twice":                {[]opcost.OpTime{op("Conv", "a"), op("Conv", "a")}, opcost.Joined{ByKind: 2}},
		"another kind":         {[]opcost.OpTime{op("Softmax", "a")}, opcost.Joined{Not: 1}},
		"unknown kind, named":  {[]opcost.OpTime{op("Wonder", "a")}, opcost.Joined{ByName: 1}},
	} {
		var got opcost.Joined
		if got.Count(&opcost.Run{Net: net, Ops: c.ops}); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
