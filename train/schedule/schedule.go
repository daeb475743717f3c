package schedule

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Rates is what one update is made with.
type Rates struct {
	LR    float64 // learning rate
	Beta1 float64 // momentum: decay of the running mean of gradients
}

// Config describes a curve.
type Config struct {
	Name     string  // one of Names()
	Steps    int     // length of the curve in steps; beyond it the last value holds
	Warmup   int     // steps until the peak is reached
	LR       float64 // peak learning rate
	MinLR    float64 // learning rate at the end of the curve
	Beta1    float64 // momentum; one-cycle: at the peak of the learning rate
	BetaMax  float64 // one-cycle only: momentum at both ends
	Decaying float64 // wsd only: part of the curve, at its end, that decays
}

// A Schedule is the curve. It is safe for concurrent use.
type Schedule struct {
	c  Config
	at func(c *Config, s int) Rates // s counts from 0
}

// startDivisor is how many times below its peak the learning rate of one-cycle begins: the value of
// Smith and Topin (arXiv 1708.07120) as every implementation has it.
const startDivisor = 25

var curves = map[string]func(c *Config, s int) Rates{
	"constant":  constant,
	"cosine":    cosine,
	"one-cycle": oneCycle,
	"wsd":       warmupStableDecay,
}

// Names lists the schedules in alphabetical order.
func Names() []string {
	names := make([]string, 0, len(curves))
	for name := range curves {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// New checks the configuration and returns its schedule.
func New(c Config) (*Schedule, error) {
	curve, ok := curves[c.Name]
	if !ok {
		return nil, fmt.Errorf("schedule %q is none of %s", c.Name, strings.Join(Names(), ", "))
	}
	switch {
	case c.Steps < 1:
		return nil, fmt.Errorf("schedule %s: steps %d: must be at least 1", c.Name, c.Steps)
	case c.Warmup < 0 || c.Warmup > c.Steps:
		return nil, fmt.Errorf("schedule %s: warmup %d: must lie between 0 and the %d steps of the curve", c.Name, c.Warmup, c.Steps)
	case !(c.LR > 0) || math.IsInf(c.LR, 1):
		return nil, fmt.Errorf("schedule %s: lr %g: must be a positive number", c.Name, c.LR)
	case !(c.MinLR >= 0) || c.MinLR > c.LR:
		return nil, fmt.Errorf("schedule %s: min-lr %g: must lie between 0 and lr %g", c.Name, c.MinLR, c.LR)
	case !(c.Beta1 >= 0 && c.Beta1 < 1):
		return nil, fmt.Errorf("schedule %s: beta1 %g: must lie in [0, 1)", c.Name, c.Beta1)
	case c.Name == "one-cycle" && !(c.BetaMax >= c.Beta1 && c.BetaMax < 1):
		return nil, fmt.Errorf("schedule one-cycle: beta1-max %g: must lie between beta1 %g and 1", c.BetaMax, c.Beta1)
	case c.Name == "wsd" && !(c.Decaying > 0 && c.Decaying <= 1):
		return nil, fmt.Errorf("schedule wsd: decay-ratio %g: must lie in (0, 1]", c.Decaying)
	}
	return &Schedule{c: c, at: curve}, nil
}

// At returns the rates of update number step, which counts from 1. Past the end of the curve its
// last value holds.
func (s *Schedule) At(step int) Rates { return s.at(&s.c, min(max(step, 1), s.c.Steps)-1) }

// anneal walks half a cosine from a at t = 0 to b at t = 1.
func anneal(a, b, t float64) float64 { return b + (a-b)*(1+math.Cos(math.Pi*t))/2 }

// part is how far i is on the way to n, in [0, 1]; a way of no length is already walked.
func part(i, n int) float64 {
	if n <= 0 {
		return 1
	}
	return min(float64(i)/float64(n), 1)
}

// ramp is the linear warm-up that cosine, wsd and constant share: 1/W, 2/W ... 1.
func ramp(c *Config, s int) float64 { return part(s+1, c.Warmup) }

func constant(c *Config, s int) Rates { return Rates{LR: c.LR * ramp(c, s), Beta1: c.Beta1} }

func cosine(c *Config, s int) Rates {
	if s < c.Warmup {
		return constant(c, s)
	}
	return Rates{LR: anneal(c.LR, c.MinLR, part(s+1-c.Warmup, c.Steps-c.Warmup)), Beta1: c.Beta1}
}

// warmupStableDecay is linear, flat, linear (arXiv 2404.06395).
func warmupStableDecay(c *Config, s int) Rates {
	decaying := int(math.Ceil(c.Decaying * float64(c.Steps)))
	decaying = min(decaying, c.Steps-c.Warmup)
	if first := c.Steps - decaying; s >= first {
		return Rates{LR: c.LR + (c.MinLR-c.LR)*part(s+1-first, decaying), Beta1: c.Beta1}
	}
	return constant(c, s)
}

// oneCycle raises the learning rate from LR/25 to LR in the warm-up and lowers it to MinLR in the
// rest, both along half a cosine, while the momentum moves against it: BetaMax, Beta1, BetaMax. The
// peak is the last step of the warm-up, as in PyTorch's OneCycleLR, with which the GOOM paper
// (arXiv 2510.03426) trained: momentum 0.85 to 0.99 and a warm-up of few steps.
func oneCycle(c *Config, s int) Rates {
	peak := c.Warmup - 1
	if s <= peak {
		t := part(s, peak)
		start := max(c.LR/startDivisor, min(c.MinLR, c.LR))
		return Rates{LR: anneal(start, c.LR, t), Beta1: anneal(c.BetaMax, c.Beta1, t)}
	}
	t := part(s-max(peak, 0), c.Steps-1-max(peak, 0))
	return Rates{LR: anneal(c.LR, c.MinLR, t), Beta1: anneal(c.Beta1, c.BetaMax, t)}
}
