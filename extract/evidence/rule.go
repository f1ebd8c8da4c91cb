package evidence

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed rules/*.tsv
var ruleFiles embed.FS

// Kind says what a rule is evidence of.
type Kind string

// The kinds of evidence, as in the evidence table.
const (
	Runtime  Kind = "runtime"
	Delegate Kind = "delegate"
	CloudAPI Kind = "cloud_api"
	Download Kind = "download"
	SDK      Kind = "sdk"
)

// Signal says where a rule's pattern is looked for.
type Signal string

// The signals.
const (
	// ClassPrefix is a package or class of dex code, "org/tensorflow/lite".
	ClassPrefix Signal = "class"
	// Method is Class->name: a call of it, "org/tensorflow/lite/Interpreter$Options->setUseNNAPI".
	Method Signal = "method"
	// Field is Class->name: code that reads a static field or sets any,
	// "org/pytorch/Device->VULKAN".
	Field Signal = "field"
	// Library is the base name of a native library, with * as a wildcard.
	Library Signal = "library"
	// Symbol is a prefix of an imported or exported ELF symbol.
	Symbol Signal = "symbol"
	// Text is a string of at least four bytes in dex code or native libraries.
	Text Signal = "string"
	// Meta is the name of a meta-data element of the manifest.
	Meta Signal = "meta"
	// NativeLibrary is a uses-native-library element of the manifest, * allowed.
	NativeLibrary Signal = "native"
	// Permission is a permission the manifest asks for.
	Permission Signal = "permission"
	// DeliveredModule is the type of a module that a store delivers apart, "ai-pack".
	DeliveredModule Signal = "module"
	// URL is how the path of a web address in dex code ends, ".gguf".
	URL Signal = "url"
	// Name is how a string of dex code ends that names a file which the app does
	// not hold, ".tflite".
	Name Signal = "name"
	// File is a path inside the app, * allowed.
	File Signal = "file"
)

// Rule is one line of the rule files.
type Rule struct {
	ID      string
	Kind    Kind
	Subject string
	Signal  Signal
	Pattern string
	// Example is where the signal was observed, "" for a rule that is unverified.
	Example string
}

// Rules returns the built-in rules of evidence in file order. The error is a mistake of ours.
func Rules() ([]Rule, error) {
	names, err := fs.Glob(ruleFiles, "rules/*.tsv")
	if err != nil {
		return nil, err
	}
	var out []Rule
	seen := map[string]bool{}
	for _, n := range names {
		if n == ownersFile || n == layoutsFile {
			continue // see OwnerRules and LayoutRules
		}
		b, err := ruleFiles.ReadFile(n)
		if err != nil {
			return nil, err
		}
		rules, err := parseRules(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", n, err)
		}
		for _, r := range rules {
			if seen[r.ID] {
				return nil, fmt.Errorf("%s: rule %q stands twice", n, r.ID)
			}
			seen[r.ID] = true
		}
		out = append(out, rules...)
	}
	return out, nil
}

// RuleVersion returns a hash of the built-in rules, 12 hex characters: the
// rule_version of every row made with them.
func RuleVersion() string {
	h := sha256.New()
	names, _ := fs.Glob(ruleFiles, "rules/*.tsv")
	for _, n := range names {
		b, _ := ruleFiles.ReadFile(n)
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// parseRules reads lines of kind, subject, signal, pattern and example,
// separated by tabs; # starts a comment. The id is made of them, so that it
// stays the same as long as the rule does.
func parseRules(b []byte) ([]Rule, error) {
	var out []Rule
	s := bufio.NewScanner(bytes.NewReader(b))
	for line := 1; s.Scan(); line++ {
		text := strings.TrimRight(s.Text(), " ")
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		f := strings.Split(text, "\t")
		if len(f) != 5 {
			return nil, fmt.Errorf("line %d: %d fields, want 5", line, len(f))
		}
		r := Rule{Kind: Kind(f[0]), Subject: f[1], Signal: Signal(f[2]), Pattern: f[3], Example: f[4]}
		if r.Example == "unverified" {
			r.Example = ""
		}
		if r.Pattern == "" || r.Subject == "" || (r.Signal == Text || r.Signal == Symbol) && len(r.Pattern) < 4 {
			return nil, fmt.Errorf("line %d: pattern %q of %q", line, r.Pattern, r.Subject)
		}
		r.ID = fmt.Sprintf("%s/%s/%s/%s", r.Kind, strings.ReplaceAll(strings.ToLower(r.Subject), " ", "-"), r.Signal, r.Pattern)
		out = append(out, r)
	}
	return out, s.Err()
}
