package text_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gaugenn/gaugenn/estimate/text"
)

// TestMain lets this test binary be the child process: with the argument below it serves, or misbehaves as a hostile file makes it.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "serve-tokenizer":
			if err := text.Serve(os.Stdin, os.Stdout); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		case "die-tokenizer":
			fmt.Fprintln(os.Stderr, "log.Fatal was here")
			os.Exit(1)
		case "hang-tokenizer":
			_, _ = io.Copy(io.Discard, os.Stdin) // never answers
			select {}
		case "lie-tokenizer":
			fmt.Println(`{"tokens":-5,"overhead":1000000}`)
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

func childOf(mode string) func(context.Context) *exec.Cmd {
	return func(ctx context.Context) *exec.Cmd { return exec.CommandContext(ctx, os.Args[0], mode) }
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// oracle holds the reference's counts by fixture, special tokens included.
type oracle struct {
	Strings []string
	Counts  map[string][]int
}

func readOracle(t testing.TB) oracle {
	t.Helper()
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(fixture(t, "oracle.json"), &raw); err != nil {
		t.Fatal(err)
	}
	o := oracle{Counts: map[string][]int{}}
	for k, v := range raw {
		var err error
		if k == "strings" {
			err = json.Unmarshal(v, &o.Strings)
		} else {
			var counts []int
			err = json.Unmarshal(v, &counts)
			o.Counts[k] = counts
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return o
}

func TestCount_agreesWithTheReferenceLibrary(t *testing.T) {
	o := readOracle(t)
	for _, tt := range []struct {
		file      string
		basis     text.Basis
		wrongMost int // strings that may differ
	}{
		{"wordpiece_uncased.json", text.Exact, 0}, {"wordpiece_cased.json", text.Exact, 0}, {"vocab.txt", text.Exact, 0},
		{"bytelevel_bpe.json", text.Approximate, 3}, {"unigram.json", text.Approximate, 0}, {"spiece.model", text.Approximate, 0},
		{"spiece_nfkc.model", text.Approximate, 0}, {"spiece_bpe.model", text.Approximate, 0}, {"spiece_cased_bpe.model", text.Approximate, 0},
	} {
		name, _, _ := strings.Cut(tt.file, ".")
		want := o.Counts[name]
		tk := text.Open(context.Background(), tt.file, fixture(t, tt.file), text.Options{Trust: text.Trusted})
		if tk.Reason() != "" {
			t.Errorf("%s: not usable: %s", tt.file, tk.Reason())
			continue
		}
		wrong := 0
		for i, s := range o.Strings {
			c := tk.Count(context.Background(), s)
			got := c.Tokens + tk.Overhead()
			if c.Basis != tt.basis && s != "" {
				t.Errorf("%s: %q is counted by %s (%s), want %s", tt.file, s, c.Basis, c.Reason, tt.basis)
			}
			if got != want[i]+spare(tt.file, tk) {
				wrong++
				t.Logf("%s: %q: %d tokens, reference %d", tt.file, s, got, want[i])
			}
			if c.Lo > c.Tokens || c.Hi < c.Tokens {
				t.Errorf("%s: %q: range %d to %d does not hold %d", tt.file, s, c.Lo, c.Hi, c.Tokens)
			}
		}
		if wrong > tt.wrongMost {
			t.Errorf("%s: %d of %d strings differ from the reference, at most %d may", tt.file, wrong, len(o.Strings), tt.wrongMost)
		}
	}
}

// spare is what the reference does not add: SentencePiece itself has no special tokens around a text.
func spare(file string, tk *text.Tokenizer) int {
	if strings.HasSuffix(file, ".model") {
		return tk.Overhead()
	}
	return 0
}

func TestOpen_refusesWhatIsNoVocabulary(t *testing.T) {
	for _, tt := range []struct {
		name string
		data []byte
		kind text.Kind
		want string
	}{
		{"labels.txt", []byte("cat\ndog\n"), text.KindUnknown, text.ErrUnknownFile.Error()},
		{"vocab.txt", nil, text.KindUnknown, text.ErrUnknownFile.Error()},
		{"tokenizer.json", []byte(`{"model":5}`), text.KindUnknown, text.ErrUnknownFile.Error()},
	} {
		tk := text.Open(context.Background(), tt.name, tt.data, text.Options{Trust: text.Trusted})
		if tk.Kind() != tt.kind || tk.Reason() != tt.want {
			t.Errorf("%s of %d bytes: kind %q, reason %q, want %q, %q", tt.name, len(tt.data), tk.Kind(), tk.Reason(), tt.kind, tt.want)
		}
		c := tk.Count(context.Background(), "one two three four")
		if c.Basis != text.Rate || c.Tokens != 5 || c.Lo != 4 || c.Hi != 10 || c.Reason == "" {
			t.Errorf("%s: count %+v, want a rate of 5 (4 to 10) with its reason", tt.name, c)
		}
	}
}

func TestOpen_untrustedFilesNeedAChild(t *testing.T) {
	data := fixture(t, "wordpiece_uncased.json")
	tk := text.Open(context.Background(), "tokenizer.json", data, text.Options{})
	if c := tk.Count(context.Background(), "hello there"); c.Basis != text.Rate || !strings.Contains(c.Reason, "child process") {
		t.Errorf("without a child: %+v", c)
	}
	tk = text.Open(context.Background(), "tokenizer.json", data, text.Options{Child: childOf("serve-tokenizer"), Timeout: 5 * time.Minute})
	defer tk.Close()
	if tk.Reason() != "" || tk.Overhead() != 2 {
		t.Fatalf("with a child: reason %q, overhead %d", tk.Reason(), tk.Overhead())
	}
	o := readOracle(t)
	for i, s := range o.Strings {
		if c := tk.Count(context.Background(), s); c.Tokens+2 != o.Counts["wordpiece_uncased"][i] || c.Basis != text.Exact {
			t.Errorf("child: %q: %+v, reference %d", s, c, o.Counts["wordpiece_uncased"][i])
		}
	}
	long := strings.Repeat(text.SampleText(200)+" ", 200) // more than one piece
	one := tk.Count(context.Background(), text.SampleText(200)).Tokens
	if c := tk.Count(context.Background(), long); c.Tokens != 200*one {
		t.Errorf("a long text: %d tokens, want %d", c.Tokens, 200*one)
	}
	tk.Close()
	if c := tk.Count(context.Background(), "hello"); c.Basis != text.Rate {
		t.Errorf("after Close: %+v", c)
	}
}

func TestOpen_aLostChildCostsOneRateAnswer(t *testing.T) {
	for _, tt := range []struct{ mode, want string }{{"die-tokenizer", "log.Fatal was here"}, {"hang-tokenizer", "no answer"}, {"lie-tokenizer", "out of range"}} {
		tk := text.Open(context.Background(), "tokenizer.json", fixture(t, "wordpiece_uncased.json"),
			text.Options{Child: childOf(tt.mode), Timeout: 2 * time.Second})
		if c := tk.Count(context.Background(), "hello there"); c.Basis != text.Rate || !strings.Contains(c.Reason, "lost") {
			t.Errorf("%s: %+v", tt.mode, c)
		}
		if tt.mode != "die-tokenizer" && !strings.Contains(tk.Reason(), tt.want) {
			t.Errorf("%s: reason %q, want %q in it", tt.mode, tk.Reason(), tt.want)
		}
		tk.Close()
	}
	tk := text.Open(context.Background(), "tokenizer.json", fixture(t, "wordpiece_uncased.json"),
		text.Options{Child: func(ctx context.Context) *exec.Cmd { return exec.CommandContext(ctx, "/no/such/program") }})
	if tk.Reason() == "" {
		t.Error("a child that cannot start left no reason")
	}
}

// Files that make the library panic or exit must end as a rate, in this process through the recover and in a child whatever happens.
func TestOpen_hostileFiles(t *testing.T) {
	for _, data := range []string{
		`{"model":{"type":"WordPiece","vocab":{}}}`,
		`{"model":{"type":"WordPiece","vocab":{"a":"b"}}}`,
		`{"model":{"type":"WordPiece","unk_token":7,"vocab":{"a":1}}}`,
		`{"model":{"type":"BPE","vocab":{"a":1},"merges":["a"]}}`,
		`{"model":{"type":"BPE","vocab":{"a":1},"merges":[5]}}`,
		`{"model":{"type":"BPE","vocab":{"a":1}}}`,
		`{"model":{"type":"WordLevel","vocab":{"a":-1}}}`,
		`{"model":{"type":"WordPiece","vocab":{"a":1}},"normalizer":{"type":"Nope"}}`,
		`{"model":{"type":"WordPiece","vocab":{"a":1}},"pre_tokenizer":{"type":"Split","pattern":{"Regex":"(((("}}}`,
		`{"model":{"type":"WordPiece","vocab":{"a":1}},"added_tokens":[{"id":1,"content":"","single_word":true}]}`,
		`{"model":{"type":"WordPiece","vocab":{"a":1}},"post_processor":{"type":"TemplateProcessing","single":[]}}`,
		`{"model":{"type":"WordPiece","vocab":{"a":1}},"normalizer":` + strings.Repeat(`{"type":"Sequence","normalizers":[`, 50) + strings.Repeat(`]}`, 50) + `}`,
	} {
		tk := text.Open(context.Background(), "tokenizer.json", []byte(data), text.Options{Child: childOf("serve-tokenizer"), Timeout: 10 * time.Second})
		c := tk.Count(context.Background(), "hello [CLS] wörld \x00 🙂")
		t.Logf("%.60s…: %d tokens by %s (%.100s)", data, c.Tokens, c.Basis, c.Reason)
		if c.Basis == text.Rate && c.Reason == "" {
			t.Errorf("%s: a rate without a reason", data)
		}
		tk.Close()
	}
}

// A SentencePiece model is read here, not by the library, so a file that is not trusted needs no child.
func TestOpen_sentencePieceNeedsNoChild(t *testing.T) {
	tk := text.Open(context.Background(), "spiece.model", fixture(t, "spiece.model"), text.Options{})
	if c := tk.Count(context.Background(), "hello there"); c.Basis != text.Approximate || tk.Overhead() != 1 {
		t.Errorf("%+v with %d special tokens, want an approximate count and 1 (</s>)", c, tk.Overhead())
	}
	whole := fixture(t, "spiece_bpe.model")
	for n := range len(whole) {
		cut := text.Open(context.Background(), "spiece.model", whole[:n], text.Options{})
		if c := cut.Count(context.Background(), "hello there"); c.Tokens < 0 || c.Basis == text.Exact {
			t.Fatalf("%d of %d bytes: %+v", n, len(whole), c)
		}
	}
	if c := tk.Count(context.Background(), strings.Repeat("x", 20000)); c.Tokens < 1 {
		t.Errorf("one long word: %+v", c)
	}
}

func TestServe_textBeforeFileIsAnErrorReply(t *testing.T) {
	var out strings.Builder
	if err := text.Serve(strings.NewReader(`{"text":"hi"}`), &out); err != nil || !strings.Contains(out.String(), "before the tokenizer file") {
		t.Errorf("reply %q, error %v", out.String(), err)
	}
	if err := text.Serve(strings.NewReader(`nonsense`), io.Discard); err == nil {
		t.Error("malformed request: no error")
	}
}

func TestCountWords(t *testing.T) {
	for s, want := range map[string]int{"": 0, " \n\t": 0, "one": 1, "one two": 2, "don't stop": 2, "日本語": 3, "日本 go 語": 4, "go言語go": 4, "สวัสดี": 6} {
		if got := text.CountWords(s); s != "สวัสดี" && got != want || got == 0 && want > 0 {
			t.Errorf("CountWords(%q) = %d, want %d", s, got, want)
		}
	}
	for _, n := range []int{0, -1, 1, 275, 5000} {
		if got := text.CountWords(text.SampleText(n)); got != max(n, 0) {
			t.Errorf("SampleText(%d) has %d words", n, got)
		}
	}
}

func TestPlanOf(t *testing.T) {
	ctx := context.Background()
	tk := text.Open(ctx, "vocab.txt", fixture(t, "vocab.txt"), text.Options{Trust: text.Trusted})
	base, err := text.PlanOf(ctx, text.Workload{Words: 275}, tk, text.Window{})
	if err != nil {
		t.Fatal(err)
	}
	n := base.Count.Tokens
	if base.Words != 275 || n < 275 || base.Inferences != 1 || base.Steps[0].SequenceLength != n+2 || base.Count.Basis != text.Exact {
		t.Errorf("free window: %+v", base)
	}
	for _, tt := range []struct {
		name  string
		win   text.Window
		steps []text.Step
	}{
		{"128 tokens at most", text.Window{Mode: text.Encoder, MaxTokens: 128},
			[]text.Step{{Name: "window", SequenceLength: 128, Inferences: n / 126}, {Name: "rest", SequenceLength: n%126 + 2, Inferences: 1}}},
		{"always 128 tokens", text.Window{Mode: text.Encoder, MaxTokens: 512, FixedTokens: 128},
			[]text.Step{{Name: "window", SequenceLength: 128, Inferences: n / 126}, {Name: "rest", SequenceLength: 128, Inferences: 1}}},
		{"one token at a time", text.Window{Mode: text.Recurrent}, []text.Step{{Name: "token", SequenceLength: 1, Inferences: n}}},
	} {
		p, err := text.PlanOf(ctx, text.Workload{Words: 275}, tk, tt.win)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if fmt.Sprint(p.Steps) != fmt.Sprint(tt.steps) {
			t.Errorf("%s: steps %+v, want %+v", tt.name, p.Steps, tt.steps)
		}
	}
	p, err := text.PlanOf(ctx, text.Workload{Text: "hello there"}, tk, text.Window{Mode: text.Decoder, Generate: 20, MaxTokens: 4096})
	made, past := 0, 0
	for _, s := range p.Steps {
		if s.Name == "token" {
			made += s.Inferences
			if s.PastLength <= past || s.SequenceLength != 1 {
				t.Errorf("decode step %+v after a context of %d", s, past)
			}
			past = s.PastLength
		}
	}
	if err != nil || made != 20 || p.Steps[0].Name != "prompt" || p.Steps[0].SequenceLength != p.Count.Tokens {
		t.Errorf("decoder: %v, %d tokens made, steps %+v", err, made, p.Steps)
	}
	if p, err := text.PlanOf(ctx, text.Workload{}, tk, text.Window{MaxTokens: 8}); err != nil || p.Inferences != 0 {
		t.Errorf("an empty workload: %+v, %v", p, err)
	}
	for _, win := range []text.Window{{MaxTokens: 2}, {Mode: text.Decoder, MaxTokens: 3}, {Mode: "sideways"}} {
		if _, err := text.PlanOf(ctx, text.Workload{Words: 10}, tk, win); !errors.Is(err, text.ErrWindow) {
			t.Errorf("window %+v: %v, want ErrWindow", win, err)
		}
	}
}

func TestPriceOf(t *testing.T) {
	ctx := context.Background()
	p, err := text.PlanOf(ctx, text.Workload{Words: 100}, text.NoVocabulary(), text.Window{Mode: text.Recurrent})
	if err != nil {
		t.Fatal(err)
	}
	price, err := text.PriceOf(p, 275, 20, func(s text.Step) (text.Amount, error) {
		return text.Amount{LatencyMS: 2, LatencyLoMS: 1, LatencyHiMS: 4, EnergyMJ: 10, EnergyLoMJ: 5, EnergyHiMJ: 20, EnergyKnown: true}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	near := func(a, b float64) bool { return math.Abs(a-b) < 1e-9*math.Max(1, math.Abs(b)) }
	if !near(price.Run.LatencyMS, 260) || !near(price.Word.LatencyMS, 2.6) || !near(price.Day.EnergyMJ, 2.6*275*5) {
		t.Errorf("price %+v", price)
	}
	// 130 tokens at most 250: the upper end holds both the cost's and the count's.
	if !near(price.Run.LatencyHiMS, 250*4) || !near(price.Run.LatencyLoMS, 100*1) {
		t.Errorf("range %g to %g, want 100 to 1000", price.Run.LatencyLoMS, price.Run.LatencyHiMS)
	}
	if !price.BatteryKnown || !near(price.BatteryShare, 3575/(20*3.6e6)) || price.BatteryLo >= price.BatteryShare || price.BatteryHi <= price.BatteryShare {
		t.Errorf("battery share %g (%g to %g)", price.BatteryShare, price.BatteryLo, price.BatteryHi)
	}
	unknown, err := text.PriceOf(p, 275, 20, func(text.Step) (text.Amount, error) { return text.Amount{LatencyMS: 1}, nil })
	if err != nil || unknown.BatteryKnown || unknown.Run.EnergyKnown {
		t.Errorf("energy unknown: %+v, %v", unknown, err)
	}
	want := errors.New("no such model")
	if _, err := text.PriceOf(p, 1, 0, func(text.Step) (text.Amount, error) { return text.Amount{}, want }); !errors.Is(err, want) {
		t.Errorf("error %v, want that of the cost", err)
	}
}

func FuzzDetect(f *testing.F) {
	for _, name := range []string{"wordpiece_uncased.json", "unigram.json", "spiece.model", "vocab.txt", "bytelevel_bpe.json"} {
		f.Add(name, fixture(f, name))
	}
	f.Add("spiece.model", fixture(f, "spiece_bpe.model")[:1000])
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if k := text.Detect(name, data); k == text.KindSentencePiece || k == text.KindUnigram {
			text.Open(context.Background(), name, data, text.Options{}).Count(context.Background(), "hello wörld \x00 ▁")
		}
	})
}

func BenchmarkCount(b *testing.B) {
	tk := text.Open(context.Background(), "vocab.txt", fixture(b, "vocab.txt"), text.Options{Trust: text.Trusted})
	s := text.SampleText(275)
	b.SetBytes(int64(len(s)))
	b.ReportAllocs()
	for b.Loop() {
		tk.Count(context.Background(), s)
	}
}
