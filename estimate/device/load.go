package device

import (
	"bytes"
	"embed"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
)

//go:embed facts/*.csv
var facts embed.FS

// Embedded returns the catalogue that is part of the binary. It is parsed once, at the first call, and shared: treat it as read-only.
// A fault in the embedded tables is a bug of this package and panics.
var Embedded = sync.OnceValue(func() *Catalogue {
	c, err := load(embeddedTable)
	if err != nil {
		panic(err)
	}
	return c
})

func embeddedTable(name string) ([]byte, error) { return facts.ReadFile("facts/" + name) }

// row is one line of a fact table by column name.
type row struct {
	columns map[string]int
	fields  []string
}

func (r row) text(column string) string {
	if i, ok := r.columns[column]; ok && i < len(r.fields) {
		return strings.TrimSpace(r.fields[i])
	}
	return ""
}

// number reads the column as a quantity; an empty or unreadable field is unknown.
func (r row) number(column, source string, confidence float64) Quantity {
	v, err := strconv.ParseFloat(r.text(column), 64)
	if err != nil {
		return Quantity{}
	}
	return Quantity{Value: v, Known: true, Confidence: confidence, Source: source}
}

// readTable calls use for every line of a CSV text with a header line.
func readTable(data []byte, use func(row) error) error {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	r.ReuseRecord, r.FieldsPerRecord = true, -1
	head, err := r.Read()
	if err != nil {
		return fmt.Errorf("header: %w", err)
	}
	columns := make(map[string]int, len(head))
	for i, name := range head {
		columns[strings.TrimSpace(name)] = i
	}
	for {
		fields, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := use(row{columns, fields}); err != nil {
			line, _ := r.FieldPos(0)
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
}

// load reads all tables into a catalogue and builds its indexes.
func load(table func(string) ([]byte, error)) (*Catalogue, error) {
	c := newCatalogue()
	steps := []struct {
		file string
		add  func(row) error
	}{{"cores.csv", c.addCore}, {"socs.csv", c.addSoC}, {"socs_more.csv", c.addSoC}, {"phones.csv", c.addPhone}, {"aliases.csv", c.addAlias}, {"parts.csv", c.addPart}}
	for _, s := range steps {
		data, err := table(s.file)
		if err != nil {
			return nil, err
		}
		if err := readTable(data, s.add); err != nil {
			return nil, fmt.Errorf("%s: %w", s.file, err)
		}
	}
	return c, nil
}

func (c *Catalogue) addCore(r row) error {
	confidence := map[string]float64{"measured": ConfidenceMeasured, "measured fp32": ConfidenceMeasured, "sourced": ConfidenceSourced,
		"medium": 0.6, "low": 0.4}[r.text("confidence")]
	source := r.text("source")
	if strings.Contains(source, "assumed") {
		confidence = ConfidenceAssumed
	}
	rate := func(column string) Quantity { return r.number(column, source, confidence).Times(0.5) } // tables count two operations per MAC
	core := Core{Name: r.text("core"), Vendor: r.text("vendor"), Base: r.text("isa_base"), Features: parseISA(r.text("isa_features")),
		OutOfOrder: strings.HasPrefix(r.text("order"), "out"), IssueWidth: r.number("issue_width", source, confidence),
		F32MACs: rate("fp32_flops_per_cycle"), F16MACs: rate("fp16_flops_per_cycle"), DotMACs: rate("int8_dot_ops_per_cycle"),
		MMLAMACs: rate("int8_mmla_ops_per_cycle"), BF16MACs: rate("bf16_mmla_flops_per_cycle"),
		LoadBytes: r.number("load_bytes_per_cycle", source, ConfidenceMemory), StoreBytes: r.number("store_bytes_per_cycle", source, ConfidenceMemory),
		L1DKiB: firstNumber(r.text("l1d_kib")), L2KiB: firstNumber(r.text("l2_kib")), VectorShare: 1}
	switch core.Name {
	case "A510", "A520", "C1Nano":
		core.VectorShare = 2
	}
	if core.Name == "" || !core.F32MACs.Known {
		return fmt.Errorf("core %q has no name or no float32 rate", core.Name)
	}
	c.cores[core.Name] = core
	c.coreKeys[squash(core.Name)] = core.Name
	return nil
}

// firstNumber reads the number at the start of a text such as "256-512 private", from memory.
func firstNumber(text string) Quantity {
	end := strings.IndexFunc(text, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	if end < 0 {
		end = len(text)
	}
	v, err := strconv.ParseFloat(text[:end], 64)
	if err != nil {
		return Quantity{}
	}
	return Quantity{Value: v, Known: true, Confidence: ConfidenceMemory, Source: "from memory"}
}
