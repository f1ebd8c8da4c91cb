package nas

import (
	"fmt"
	"math"
)

func (m *Model) Debug() string {
	s := ""
	for i, t := range m.theta {
		s += fmt.Sprintf("%d:%.3f ", i, math.Exp(t))
	}
	for c, t := range m.s.alive {
		s += fmt.Sprintf("%s=%.2f ", termNames[t], math.Exp(m.priors[0].mean[c]))
	}
	return s
}
