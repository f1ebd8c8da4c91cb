package record_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gaugenn/gaugenn/estimate/record"
)

const table = `case,group,k,row_id,family,class,soc_group,source,device,soc,processor,threads,model,graph,value,run_id,recorded_at,notes
c1,g,3,r1/net,fam,phone,S1,src,Phone A,S1,cpu,4,net,graphs/net.param,12.5,r1,2020-06-12,powersave=2;loop=8
c1,g,3,r1/other,fam,phone,,src,Phone A,S1,cpu,,other,,,r1,,
c2,g,,r2/net,,phone,,src,"Phone B, big",,gpu,x,net,,-1,r2,bad date,gpu=0 Mali
`

func TestReadRows(t *testing.T) {
	rows, err := record.ReadRows(strings.NewReader(table))
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 3 {
		t.Fatalf("got %d rows, want 3", len(rows))
	}
	a, b, c := &rows[0], &rows[1], &rows[2]
	if a.ID != "r1/net" || a.Value != 12.5 || !a.Known() || a.ThreadCount() != 4 || a.Note("powersave") != "2" || a.K != "3" {
		t.Errorf("first row: %+v", a)
	}
	if y, ok := a.Year(); !ok || math.Abs(y-2020.449) > .001 {
		t.Errorf("year %v %v, want 2020.449", y, ok)
	}
	if !math.IsNaN(b.Value) || b.Known() || b.ThreadCount() != 1 || b.SoCGroup != "S1" || b.Note("powersave") != "" {
		t.Errorf("second row: %+v", b)
	}
	if c.SoCGroup != "Phone B, big" || c.Known() || c.Note("gpu") != "0 Mali" {
		t.Errorf("third row: %+v", c)
	}
	if _, ok := c.Year(); ok {
		t.Error("a malformed date has a year")
	}
}

func TestReadRows_rawTableGetsRowIDs(t *testing.T) {
	rows, err := record.ReadRows(strings.NewReader("run_id,model,value\nr9,m,1\n"))
	if err != nil || len(rows) != 1 || rows[0].ID != "r9/m" {
		t.Errorf("got %+v, %v", rows, err)
	}
}

func TestReadRows_headerFaults(t *testing.T) {
	if _, err := record.ReadRows(strings.NewReader("a,b\n1,2\n")); !errors.Is(err, record.ErrHeader) {
		t.Errorf("got %v, want ErrHeader", err)
	}
	if rows, err := record.ReadRows(strings.NewReader("")); rows != nil || err != nil {
		t.Errorf("empty table: got %v, %v", rows, err)
	}
}

func TestReadDevices(t *testing.T) {
	d, err := record.ReadDevices(strings.NewReader("match,class,soc,clusters,isa,process_nm,mem_type,mem_bw_gbs,gpu,npu,year\n" +
		"Snapdragon 855+,phone,SM8150-AC,1*A76@2.96+3*A76@2.42+4*A55@1.80,\"fp16,dotprod\",7,LPDDR4X,34.1,Adreno 640,Hexagon 690,2019\n" +
		"Plain,sbc,,,,,,,,,\n"))
	if err != nil {
		t.Fatal(err)
	}
	got, ok := d.Find("Qualcomm Snapdragon 855+ (Kryo)")
	if !ok {
		t.Fatal("not found by part of the label")
	}
	want := []record.Cluster{{Count: 1, Core: "A76", GHz: 2.96}, {Count: 3, Core: "A76", GHz: 2.42}, {Count: 4, Core: "A55", GHz: 1.8}}
	if diff := cmp.Diff(want, got.Clusters); diff != "" {
		t.Error(diff)
	}
	if !got.HasISA("dotprod") || got.HasISA("i8mm") || got.BandwidthGBs != 34.1 || got.Year != 2019 {
		t.Errorf("got %+v", got)
	}
	if _, ok := d.FindSoC("SM8150-AC"); !ok {
		t.Error("not found by SoC")
	}
	if _, ok := d.FindSoC(""); ok {
		t.Error("an empty SoC finds a device")
	}
	if _, ok := d.Find("nothing"); ok {
		t.Error("an unknown label finds a device")
	}
}

func TestParseClusters_leavesOutWhatItCannotRead(t *testing.T) {
	for in, want := range map[string]int{"": 0, "4*A53@1.2": 1, "4xA53@1.2": 0, "4*A53": 0, "-1*A53@2": 0, "2*A72@2.0 + 4*a53@1.5": 2, "9999999*A53@1": 0} {
		if got := len(record.ParseClusters(in)); got != want {
			t.Errorf("%q: got %d clusters, want %d", in, got, want)
		}
	}
}

func FuzzReadRows(f *testing.F) {
	f.Add(table)
	f.Add("model,run_id\n\"")
	f.Fuzz(func(t *testing.T, s string) {
		rows, err := record.ReadRows(strings.NewReader(s))
		if err != nil && rows != nil {
			t.Error("rows with an error")
		}
		for i := range rows {
			rows[i].Year()
			rows[i].Note("k")
			rows[i].ThreadCount()
		}
	})
}
