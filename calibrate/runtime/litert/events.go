//go:build linux && (amd64 || arm64) && !nolitert

package litert

import (
	"fmt"
	"strings"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
)

// event is ProfiledEventData of litert_profiler_event.h; what is not read has no name.
type event struct {
	tag     *byte
	kind    int32 // LiteRtProfilerEventType
	_       int32
	_       uint64    // start
	elapsed uint64    // microseconds
	_       [6]uint64 // memory before and after
	node    uint64    // of the model, or of the delegate's own list
	_       uint64    // graph
	_       [2]int32  // source
}

// Kinds of events that are times of operators: of the model's own, and of a delegate's, which run inside one of the model's.
const (
	operatorInvoked   = 1 << 1
	delegateOperation = 1 << 3
)

// maxEvents bounds how many events are read after a run.
const maxEvents = 1 << 20

// delegateNode is what the tag of a node starts with that stands for a delegate's whole part, whose operators are events of their own.
const delegateNode = "TfLite"

// maxElapsed is longer than any operator takes: an event that was not ended holds a larger number, in microseconds.
const maxElapsed = 1 << 40

// operators returns the times of the operators since the profiler was reset, in run order.
func (s *session) operators(profiler uintptr) ([]runtime.OpTime, error) {
	var n int32
	if err := status("count of events", s.fn.eventCount(profiler, &n)); err != nil {
		return nil, err
	}
	if n <= 0 || n > maxEvents {
		return nil, &runtime.OutputError{Tool: "litert", Msg: fmt.Sprintf("%d events of the profiler", n)}
	}
	events := make([]event, n)
	if err := status("events", s.fn.events(profiler, n, &events[0])); err != nil {
		return nil, err
	}
	var ops []runtime.OpTime
	for i := range events {
		if op, ok := events[i].operator(); ok {
			op.Index = len(ops)
			ops = append(ops, op)
		}
	}
	return ops, nil
}

// operator returns the time of an operator, and false for events of other kinds.
func (e *event) operator() (runtime.OpTime, bool) {
	op := runtime.OpTime{Type: text(e.tag), Node: -1, MeanUS: float64(e.elapsed), Calls: 1}
	switch {
	case e.elapsed > maxElapsed:
		return op, false
	case e.kind == operatorInvoked && !strings.HasPrefix(op.Type, delegateNode):
		op.Node = int(e.node)
	case e.kind == delegateOperation:
		op.Type, op.Delegated = "Delegate/"+op.Type, true
	default:
		return op, false
	}
	return op, true
}
