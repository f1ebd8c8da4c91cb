package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/gaugenn/gaugenn/estimate"
	"github.com/gaugenn/gaugenn/estimate/device"
	"github.com/gaugenn/gaugenn/estimate/text"
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/bind"
)

// wordsOptions are the flags of a text workload.
type wordsOptions struct {
	words, perDay int
	vocab, mode   string
}

// tokenizerCommand is the child process that tokenizer files from apps are
// read in: the library behind estimate/text can end the process it runs in.
func tokenizerCommand() *cobra.Command {
	return &cobra.Command{
		Use: "tokenizer-child", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return text.Serve(cmd.InOrStdin(), cmd.OutOrStdout()) },
	}
}

// estimateWords prices a text model for a workload in words: the workload
// becomes tokens by the model's own vocabulary, tokens become sequence lengths
// and inferences, and those a cost per word and per day.
func estimateWords(ctx context.Context, path string, o estimateOptions, phones []device.Device, e *estimate.Estimator, w io.Writer) error {
	m, err := readModel(path)
	if err != nil {
		return err
	}
	if !takesTokens(m) {
		return fmt.Errorf("%s: no input of it takes tokens or text, so --words says nothing of it; leave it out", path)
	}
	tokenizer := text.NoVocabulary()
	if o.words.vocab != "" {
		b, err := os.ReadFile(o.words.vocab)
		if err != nil {
			return err
		}
		tokenizer = text.Open(ctx, filepath.Base(o.words.vocab), b, text.Options{Child: func(ctx context.Context) *exec.Cmd {
			self, err := os.Executable()
			if err != nil {
				return nil
			}
			return exec.CommandContext(ctx, self, "tokenizer-child")
		}})
	}
	defer tokenizer.Close()
	win := text.Window{Mode: text.Mode(o.words.mode), FixedTokens: fixedTokens(m)}
	plan, err := text.PlanOf(ctx, text.Workload{Words: o.words.words}, tokenizer, win)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	fmt.Fprintf(w, "%s   %s → %d tokens (%d – %d, %s) → %s\n", filepath.Base(path), plural(plan.Words, "word"), plan.Count.Tokens, plan.Count.Lo, plan.Count.Hi, plan.Count.Basis, plural(plan.Inferences, "inference"))
	if r := tokenizer.Reason(); r != "" {
		fmt.Fprintf(w, "  note      %s\n", r)
	}
	for _, n := range plan.Notes {
		fmt.Fprintf(w, "  note      %s\n", n)
	}
	for i := range phones {
		if err := priceWords(m, path, plan, phones[i], o, e, w); err != nil {
			return err
		}
	}
	return nil
}

// priceWords writes the price of a plan on one phone.
func priceWords(m *graph.Model, path string, plan text.Plan, d device.Device, o estimateOptions, e *estimate.Estimator, w io.Writer) error {
	var basis estimate.Basis
	cost := func(s text.Step) (text.Amount, error) {
		q := stepQuestion(m, path, s)
		t, err := e.Prepare(targetOf(d, q, o), nil)
		if err != nil {
			return text.Amount{}, err
		}
		p := t.Predict(q.Question)
		if p.Basis == estimate.Refused {
			return text.Amount{}, fmt.Errorf("no answer: %s", p.Reason)
		}
		basis = p.Basis
		return text.Amount{
			LatencyMS: p.LatencyMS.Value, LatencyLoMS: p.LatencyMS.Lo, LatencyHiMS: p.LatencyMS.Hi,
			EnergyMJ: p.EnergyMJ.Value, EnergyLoMJ: p.EnergyMJ.Lo, EnergyHiMJ: p.EnergyMJ.Hi, EnergyKnown: p.EnergyMJ.Known,
		}, nil
	}
	battery := 0.0
	if wh := d.BatteryWh(); wh.Known {
		battery = wh.Value
	}
	price, err := text.PriceOf(plan, float64(o.words.perDay), battery, cost)
	if err != nil {
		_, err = fmt.Fprintf(w, "  %s: %v\n", d.Name, err)
		return err
	}
	share := ""
	if price.BatteryKnown {
		share = fmt.Sprintf(", %s %% of the battery (%s – %s)", digits(100*price.BatteryShare, 2), digits(100*price.BatteryLo, 2), digits(100*price.BatteryHi, 2))
	}
	_, err = fmt.Fprintf(w, "  %s: text %s; per word %s, %s; a day of %s words %s%s   basis: %s\n", d.Name, amountText(price.Run), amountText(price.Word), energyText(price.Word),
		group(o.words.perDay), energyText(price.Day), share, basis)
	return err
}

func amountText(a text.Amount) string {
	return rangeText(estimate.Range{Value: a.LatencyMS, Lo: a.LatencyLoMS, Hi: a.LatencyHiMS, Known: true}, "ms")
}

func energyText(a text.Amount) string {
	return rangeText(estimate.Range{Value: a.EnergyMJ, Lo: a.EnergyLoMJ, Hi: a.EnergyHiMJ, Known: a.EnergyKnown}, "mJ")
}

// stepQuestion binds a model to a step's sequence length and returns it as a
// question.
func stepQuestion(m *graph.Model, path string, s text.Step) *pricedModel {
	return fileQuestion(filepath.Base(path), m, bind.Policy{Explicit: map[string]int64{
		string(bind.RoleSequence): int64(s.SequenceLength), string(bind.RolePast): int64(s.PastLength),
	}})
}

// takesTokens reports whether an input of a model can be words: integers or
// strings, of rank one or two or with a free dimension that sequences use.
func takesTokens(m *graph.Model) bool {
	for gi := range m.Graphs {
		g := m.Graphs[gi]
		for _, id := range g.Inputs {
			t := g.Tensor(id)
			if t == nil {
				continue
			}
			if t.DType == graph.String || t.DType.IsInteger() && (!t.Shape.IsRanked() || t.Shape.Len() <= 2) {
				return true
			}
		}
	}
	return false
}

// fixedTokens returns the sequence length that a model's first integer input
// of rank two states, 0 where it is free or there is no such input.
func fixedTokens(m *graph.Model) int {
	if len(m.Graphs) == 0 {
		return 0
	}
	g := m.Graphs[0]
	for _, id := range g.Inputs {
		t := g.Tensor(id)
		if t == nil || !t.DType.IsInteger() || t.Shape.Len() != 2 {
			continue
		}
		if n, ok := t.Shape.Dim(1).Value(); ok {
			return int(n)
		}
		return 0
	}
	return 0
}
