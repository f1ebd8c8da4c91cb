package extract

import (
	"strings"
	"testing"
)

func TestGroupSplits(t *testing.T) {
	for _, c := range []struct{ files, want string }{
		{"a.apk b.apk", "a.apk | b.apk"},
		{"base.apk split_config.arm64_v8a.apk split_config.en.apk", "base.apk split_config.arm64_v8a.apk split_config.en.apk"},
		{"config.en.apk org.example.apk", "org.example.apk config.en.apk"},
		{"org.example.apk org.example.config.en.apk other.zip", "org.example.apk org.example.config.en.apk | other.zip"},
		{"base-en.apk base-master.apk pack-master.apk", "base-master.apk base-en.apk pack-master.apk"},
		{"a.apk b.apk split_config.en.apk", "a.apk | b.apk | split_config.en.apk"}, // whose is the split?
		{"a.apk b.apk main.3.org.example.obb", "a.apk | b.apk | main.3.org.example.obb"},
		{"a.apk base.apk split_config.en.apk", "base.apk split_config.en.apk | a.apk"}, // the base's
		{"any.apk main.3.org.example.obb", "any.apk main.3.org.example.obb"},
		{"any.apk level1.obb", "any.apk | level1.obb"},
		{"base.apk main.3.org.example.obb split_x.apk", "base.apk main.3.org.example.obb split_x.apk"},
		{"split_config.en.apk", "split_config.en.apk"},
		{"", ""},
	} {
		var units []unitFiles
		for _, f := range strings.Fields(c.files) {
			units = append(units, unitFiles{files: []diskFile{{name: "in/" + f}}})
		}
		var got []string
		for _, u := range groupSplits("in", units) {
			var names []string
			for _, f := range u.files {
				names = append(names, strings.TrimPrefix(f.name, "in/"))
			}
			if (u.set != "") != (len(names) > 1) {
				t.Errorf("%s: set %q of %v", c.files, u.set, names)
			}
			got = append(got, strings.Join(names, " "))
		}
		if g := strings.Join(got, " | "); g != c.want {
			t.Errorf("%s: %s, want %s", c.files, g, c.want)
		}
	}
}
