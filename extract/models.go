package extract

import (
	"sync"

	"github.com/gaugenn/gaugenn/graph"
)

// modelSet knows the distinct models met so far, by model id.
type modelSet struct {
	mu     sync.Mutex
	states map[string]*modelState
}

// modelState is what is kept of one distinct model until its first finding in
// input order is given to the sink. done is closed when the other fields are set.
type modelState struct {
	done    chan struct{}
	digest  any
	model   *graph.Model
	failure string
}

// claim returns the state of the model and whether the caller is the first and
// has to fill it in.
func (m *modelSet) claim(id string) (*modelState, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.states[id]; s != nil {
		return s, false
	}
	s := &modelState{done: make(chan struct{})}
	m.states[id] = s
	return s, true
}
