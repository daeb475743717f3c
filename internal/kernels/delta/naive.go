package delta

import "math"

// Naive is the rule by its definition, in float64, with all states stored: the contract that Kernel is tested against.
type Naive struct {
	Sizes
	B, T  int
	X     Operands[float64]
	Start []float64 // [B, VH, K, V]; nil: 0
}

// at returns row i of x, of a head.
func at(x []float64, i, heads, width, head int) []float64 { return x[(i*heads+head)*width:][:width] }

// naiveStep is the numbers of one step of one head of one sequence.
type naiveStep struct {
	token, row     int // rows of Q, O and of K, V
	q, k, v        []float64
	beta, a        float64
	first, reading bool // of its token; reading: the last of its token
}

// each calls f for every head, with its steps.
func (r Naive) each(f func(b, head int, steps []naiveStep)) {
	s := r.Sizes.Check()
	for b := range r.B {
		for head := range s.ValueHeads {
			steps := make([]naiveStep, r.T*s.Steps)
			for i := range steps {
				row := b*r.T*s.Steps + i
				token := row / s.Steps
				steps[i] = naiveStep{token: token, row: row, a: 1, beta: r.X.Beta[row*s.ValueHeads+head],
					q: at(r.X.Q, token, s.KeyHeads, s.DKey, head/s.group()), k: at(r.X.K, row, s.KeyHeads, s.DKey, head/s.group()), v: at(r.X.V, row, s.ValueHeads, s.DValue, head),
					first: i%s.Steps == 0, reading: i%s.Steps == s.Steps-1}
				if steps[i].first && r.X.G != nil {
					steps[i].a = math.Exp(r.X.G[token*s.ValueHeads+head])
				}
			}
			f(b, head, steps)
		}
	}
}

// states returns the states of a head: the first, and that after every step.
func (r Naive) states(b, head int, steps []naiveStep) [][]float64 {
	state := make([]float64, r.DKey*r.DValue)
	if r.Start != nil {
		copy(state, at(r.Start, b, r.ValueHeads, r.DKey*r.DValue, head))
	}
	states := [][]float64{state}
	for _, s := range steps {
		next := make([]float64, len(state))
		for j := range r.DValue {
			rest := s.v[j]
			for i, x := range s.k {
				rest -= x * s.a * state[i*r.DValue+j]
			}
			for i, x := range s.k {
				next[i*r.DValue+j] = s.a*state[i*r.DValue+j] + s.beta*x*rest
			}
		}
		state = next
		states = append(states, state)
	}
	return states
}

// Forward returns o [B, T, VH, V] and the last states [B, VH, K, V].
func (r Naive) Forward() (o, last []float64) {
	scale := r.Sizes.Check().Scale
	o = make([]float64, r.B*r.T*r.ValueHeads*r.DValue)
	r.each(func(b, head int, steps []naiveStep) {
		states := r.states(b, head, steps)
		for n, s := range steps {
			if s.reading {
				for j := range r.DValue {
					for i, x := range s.q {
						at(o, s.token, r.ValueHeads, r.DValue, head)[j] += scale * x * states[n+1][i*r.DValue+j]
					}
				}
			}
		}
		last = append(last, states[len(steps)]...)
	})
	return o, last
}

// Backward returns the gradients of sum(do * o) + sum(dlast * last) with respect to the operands and to the first states;
// dlast may be nil.
func (r Naive) Backward(do, dlast []float64) (grad Operands[float64], dfirst []float64) {
	scale, group := r.Sizes.Check().Scale, r.group()
	grad = Operands[float64]{Q: make([]float64, len(r.X.Q)), K: make([]float64, len(r.X.K)), V: make([]float64, len(r.X.V)), Beta: make([]float64, len(r.X.Beta)), G: make([]float64, len(r.X.G))}
	r.each(func(b, head int, steps []naiveStep) {
		states, adjoint := r.states(b, head, steps), make([]float64, r.DKey*r.DValue)
		if dlast != nil {
			copy(adjoint, at(dlast, b, r.ValueHeads, r.DKey*r.DValue, head))
		}
		for n := len(steps) - 1; n >= 0; n-- {
			s, before, da := steps[n], states[n], 0.0
			dk := at(grad.K, s.row, r.KeyHeads, r.DKey, head/group)
			for j := range r.DValue {
				rest, drest := s.v[j], 0.0
				for i, x := range s.k {
					rest -= x * s.a * before[i*r.DValue+j]
				}
				for i, x := range s.k {
					e := i*r.DValue + j
					if s.reading {
						g := scale * at(do, s.token, r.ValueHeads, r.DValue, head)[j]
						at(grad.Q, s.token, r.KeyHeads, r.DKey, head/group)[i] += g * states[n+1][e]
						adjoint[e] += g * s.q[i]
					}
					drest += s.beta * x * adjoint[e]
					grad.Beta[s.row*r.ValueHeads+head] += x * rest * adjoint[e]
					dk[i] += s.beta * rest * adjoint[e]
				}
				at(grad.V, s.row, r.ValueHeads, r.DValue, head)[j] = drest
				for i, x := range s.k {
					e := i*r.DValue + j
					dk[i] -= drest * s.a * before[e]
					adjoint[e] -= drest * x
					da += adjoint[e] * before[e]
					adjoint[e] *= s.a
				}
			}
			if s.first && r.X.G != nil {
				grad.G[s.token*r.ValueHeads+head] = s.a * da
			}
		}
		dfirst = append(dfirst, adjoint...)
	})
	return grad, dfirst
}
