package schedule

import (
	"fmt"
	"math"
)

// Rates are the learning rate and momentum of one update.
type Rates struct {
	LR    float64 // learning rate
	Beta1 float64 // momentum: decay of the running mean of gradients
}

// A Schedule is a curve of rates. It is safe for concurrent use.
type Schedule struct{ c Config }

// New validates the configuration and returns its schedule. Later changes of c have no effect on it. Steps must
// be set.
func New(c Config) (*Schedule, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Steps == 0 {
		return nil, fmt.Errorf("schedule %s: Steps is 0: set the length of the curve", c.Name)
	}
	c = c.Clone()
	c.Resolve()
	return &Schedule{c}, nil
}

// At returns the rates of update number step, counted from 1. After the end of the curve the last value holds.
func (s *Schedule) At(step int) Rates { return s.c.Kind.At(s.c, min(max(step, 1), s.c.Steps)) }

// anneal moves along half a cosine from a at t = 0 to b at t = 1.
func anneal(a, b, t float64) float64 { return b + (a-b)*(1+math.Cos(math.Pi*t))/2 }

// part is how far i is on the way to n, in [0, 1]; a way of no length is already walked.
func part(i, n int) float64 {
	if n <= 0 {
		return 1
	}
	return min(float64(i)/float64(n), 1)
}
