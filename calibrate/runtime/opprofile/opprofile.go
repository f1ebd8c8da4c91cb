// Package opprofile reads the table of operator times that TensorFlow's StatsCalculator prints. LiteRT's library and the
// benchmark_model program both use it, from whichever runtime version.
package opprofile

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
)

// MaxOps bounds how many operators a table may list.
const MaxOps = 1 << 17

// columns is the head of every table, spaces folded. Another head is another version, whose columns cannot be guessed.
const columns = "[node type] [start] [first] [avg ms] [%] [cdf%] [mem KB] [times called] [Name]"

// line is a row of a table: the node type may hold spaces, the numbers may not.
var line = regexp.MustCompile(`^\s*(\S.*?)\s+(-?[0-9.]+)\s+(-?[0-9.]+)\s+(-?[0-9.]+)\s+(-?[0-9.]+)%\s+(-?[0-9.]+)%\s+(-?[0-9.]+)\s+([0-9]+)\s+(\S.*)$`)

// suffix is the end of a name: [Builtin]:12 counts the model's nodes, [Delegate]:3 those of a delegate.
var suffix = regexp.MustCompile(`^(.*?)\s*(?:\[(Builtin|Delegate)\])?:([0-9]+)(?:/[0-9]+)?$`)

// Parse returns the operators of the table "Run Order" in a text, and whether there is such a table. A table with another head, or
// with a row that does not fit it, is a *runtime.OutputError.
func Parse(text string) ([]runtime.OpTime, bool, error) {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if !strings.Contains(l, " Run Order ") || !strings.HasPrefix(strings.TrimSpace(l), "===") {
			continue
		}
		ops, err := table(lines, i+1)
		return ops, true, err
	}
	return nil, false, nil
}

func table(lines []string, at int) ([]runtime.OpTime, error) {
	if at >= len(lines) || strings.Join(strings.Fields(lines[at]), " ") != columns {
		return nil, &runtime.OutputError{Tool: "profile", Line: at + 1, Msg: "unknown columns of the operator table"}
	}
	var ops []runtime.OpTime
	for i := at + 1; i < len(lines) && strings.TrimSpace(lines[i]) != ""; i++ {
		op, err := row(lines[i])
		if err != nil {
			return nil, &runtime.OutputError{Tool: "profile", Line: i + 1, Msg: err.Error()}
		}
		op.Index = len(ops)
		if ops = append(ops, op); len(ops) > MaxOps {
			return nil, &runtime.OutputError{Tool: "profile", Line: i + 1, Msg: fmt.Sprintf("more than %d operators", MaxOps)}
		}
	}
	return ops, nil
}

func row(text string) (runtime.OpTime, error) {
	m := line.FindStringSubmatch(text)
	if m == nil {
		return runtime.OpTime{}, fmt.Errorf("not a row of the operator table: %.120q", text)
	}
	avg, err := strconv.ParseFloat(m[4], 64)
	if err != nil || avg < 0 || math.IsInf(avg, 0) {
		return runtime.OpTime{}, fmt.Errorf("mean time %q", m[4])
	}
	calls, err := strconv.Atoi(m[8])
	if err != nil {
		return runtime.OpTime{}, fmt.Errorf("times called %q", m[8])
	}
	op := runtime.OpTime{Node: -1, Type: m[1], Name: m[9], MeanUS: avg * 1000, Calls: calls}
	op.Delegated = strings.HasPrefix(op.Type, "Delegate/")
	if n := suffix.FindStringSubmatch(m[9]); n != nil {
		op.Delegated = op.Delegated || n[2] == "Delegate"
		if k, err := strconv.Atoi(n[3]); err == nil && !op.Delegated {
			op.Node = k
		}
		op.Name = strings.TrimSpace(strings.Trim(n[1], "[]"))
	}
	return op, nil
}
