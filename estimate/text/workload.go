package text

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
)

// sample is everyday English, written for this project, from which a text of any number of words is made.
//
//go:embed sample.txt
var sample string

// SampleText returns the first n words of an endless everyday English text: the built-in sample, repeated. n ≤ 0 gives "".
func SampleText(n int) string {
	all := strings.Fields(sample)
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(all[i%len(all)])
	}
	return b.String()
}

// Workload is what a person writes or reads: a text, or only a number of words, for which the built-in sample stands.
type Workload struct {
	Words int    // used when Text is empty
	Text  string // the words themselves
}

// Mode is how a model eats tokens.
type Mode string

// The modes.
const (
	// Encoder takes a whole sequence in one inference (classification, embedding, translation encoders).
	Encoder Mode = "encoder"
	// Decoder takes the prompt in one inference and then makes one token an inference, with all tokens before as context.
	Decoder Mode = "decoder"
	// Recurrent takes one token an inference and keeps a state (keyboards with an LSTM).
	Recurrent Mode = "recurrent"
)

// Window is what the model can take.
type Window struct {
	Mode Mode
	// MaxTokens is the longest sequence with its special tokens, 0 when the model sets none.
	MaxTokens int
	// FixedTokens is the sequence length that the model always computes, shorter texts padded; 0 when it is free.
	FixedTokens int
	// Generate is the number of tokens that a Decoder makes per text; 0 is as many as the workload has.
	Generate int
}

// ErrWindow is the kind of every error about a window that no text fits in.
var ErrWindow = errors.New("sequence window")

// Step is a number of equal inferences.
type Step struct {
	Name           string
	SequenceLength int // tokens that the inference takes in, padding and special tokens included
	PastLength     int // tokens before, as cached context (Decoder), else 0
	Inferences     int
}

// Plan is a workload as inferences of one model.
type Plan struct {
	Words         int
	Count         Count // of the workload's text
	TokensPerWord float64
	Steps         []Step
	Inferences    int // sum over Steps
	// Notes say what was assumed, one sentence each.
	Notes []string
}

// decodeSteps is how many lengths of context a decoder's generation is averaged over, so that a plan stays short.
const decodeSteps = 8

// PlanOf counts the workload's tokens and divides them into inferences of a model with that window. A window that cannot hold one token
// beside the special ones is an ErrWindow.
func PlanOf(ctx context.Context, w Workload, t *Tokenizer, win Window) (Plan, error) {
	text := w.Text
	p := Plan{}
	if text == "" {
		text = SampleText(w.Words)
		p.Notes = append(p.Notes, fmt.Sprintf("%d words of the built-in English sample", w.Words))
	}
	p.Words, p.Count = CountWords(text), t.Count(ctx, text)
	if p.Words > 0 {
		p.TokensPerWord = float64(p.Count.Tokens) / float64(p.Words)
	}
	if p.Count.Reason != "" {
		p.Notes = append(p.Notes, fmt.Sprintf("tokens are %s: %s", p.Count.Basis, p.Count.Reason))
	}
	var err error
	switch win.Mode {
	case Decoder:
		err = p.decoder(win)
	case Recurrent:
		p.Steps = []Step{{Name: "token", SequenceLength: 1, Inferences: p.Count.Tokens}}
	case Encoder, "":
		err = p.encoder(win, t.Overhead())
	default:
		err = fmt.Errorf("%w: unknown mode %q", ErrWindow, win.Mode)
	}
	for _, s := range p.Steps {
		p.Inferences += s.Inferences
	}
	return p, err
}

// encoder cuts the tokens into full windows and one for the rest.
func (p *Plan) encoder(win Window, overhead int) error {
	limit := win.MaxTokens
	if win.FixedTokens > 0 && (limit == 0 || win.FixedTokens < limit) {
		limit = win.FixedTokens
	}
	tokens := p.Count.Tokens
	if limit == 0 {
		limit = tokens + overhead
	}
	usable := limit - overhead
	if usable < 1 && tokens > 0 {
		return fmt.Errorf("%w: %d tokens with %d special ones leave no room for text", ErrWindow, limit, overhead)
	}
	if tokens == 0 {
		return nil
	}
	full, rest := tokens/usable, tokens%usable
	if full > 0 {
		p.Steps = append(p.Steps, Step{Name: "window", SequenceLength: limit, Inferences: full})
	}
	if rest > 0 {
		length := rest + overhead
		if win.FixedTokens > 0 {
			length = limit
		}
		p.Steps = append(p.Steps, Step{Name: "rest", SequenceLength: length, Inferences: 1})
	}
	if full+min(rest, 1) > 1 {
		p.Notes = append(p.Notes, fmt.Sprintf("the text is longer than the window of %d tokens and runs in %d pieces", limit, full+min(rest, 1)))
	}
	return nil
}

// decoder is a prompt of the workload's tokens and the generation after it, in decodeSteps pieces of growing context.
func (p *Plan) decoder(win Window) error {
	prompt, generate := p.Count.Tokens, win.Generate
	if generate == 0 {
		generate = prompt
	}
	if win.MaxTokens > 0 && prompt+generate > win.MaxTokens {
		generate = max(win.MaxTokens-prompt, 0)
		p.Notes = append(p.Notes, fmt.Sprintf("generation ends at the window of %d tokens, after %d", win.MaxTokens, generate))
	}
	if win.MaxTokens > 0 && prompt > win.MaxTokens {
		return fmt.Errorf("%w: a prompt of %d tokens is longer than %d", ErrWindow, prompt, win.MaxTokens)
	}
	if prompt > 0 {
		p.Steps = append(p.Steps, Step{Name: "prompt", SequenceLength: prompt, Inferences: 1})
	}
	for i := range decodeSteps {
		from, to := generate*i/decodeSteps, generate*(i+1)/decodeSteps
		if to > from {
			p.Steps = append(p.Steps, Step{Name: "token", SequenceLength: 1, PastLength: prompt + (from+to)/2, Inferences: to - from})
		}
	}
	return nil
}
