package lstm

import "math"

// Naive is the recurrence by its definition, in float64: the contract that Kernel is tested against.
type Naive struct {
	B, T, H int
	U       []float64 // [B, T, 4H]
	W       []float64 // [4H, H]
	Bias    []float64 // [4H]
	H0, C0  []float64 // [B, H]; nil: zeros
	Reset   []int32   // [B, T]; nil: no document begins
}

// A naiveStep is what one number of the state has at one step.
type naiveStep struct{ i, f, g, o, before, c, h float64 }

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// begins reports whether the state before step t is 0.
func (n Naive) begins(b, t int) bool {
	return t == 0 && n.H0 == nil || n.Reset != nil && n.Reset[b*n.T+t] != 0
}

// before returns h_{t-1} [H] of a sequence.
func (n Naive) before(steps []naiveStep, b, t int) []float64 {
	h := make([]float64, n.H)
	for j := range h {
		switch {
		case n.begins(b, t):
		case t == 0:
			h[j] = n.H0[b*n.H+j]
		default:
			h[j] = steps[(b*n.T+t-1)*n.H+j].h
		}
	}
	return h
}

// run returns all steps [B, T, H].
func (n Naive) run() []naiveStep {
	steps := make([]naiveStep, n.B*n.T*n.H)
	for b := range n.B {
		for t := range n.T {
			h := n.before(steps, b, t)
			for j := range n.H {
				var a [4]float64
				for gate := range a {
					row := gate*n.H + j
					a[gate] = n.U[(b*n.T+t)*4*n.H+row] + n.Bias[row]
					for k, x := range h {
						a[gate] += x * n.W[row*n.H+k]
					}
				}
				s := naiveStep{i: sigmoid(a[0]), f: sigmoid(a[1]), g: math.Tanh(a[2]), o: sigmoid(a[3])}
				switch {
				case n.begins(b, t):
				case t == 0:
					s.before = n.C0[b*n.H+j]
				default:
					s.before = steps[(b*n.T+t-1)*n.H+j].c
				}
				s.c = s.f*s.before + s.i*s.g
				s.h = s.o * math.Tanh(s.c)
				steps[(b*n.T+t)*n.H+j] = s
			}
		}
	}
	return steps
}

// Forward returns h [B, T, H] and the last c [B, H].
func (n Naive) Forward() (h, last []float64) {
	for i, s := range n.run() {
		h = append(h, s.h)
		if i/n.H%n.T == n.T-1 {
			last = append(last, s.c)
		}
	}
	return h, last
}

// Backward returns the gradients of sum(dy * h).
func (n Naive) Backward(dy []float64) (du, dw, dbias []float64) {
	steps := n.run()
	du, dw, dbias = make([]float64, len(n.U)), make([]float64, len(n.W)), make([]float64, len(n.Bias))
	for b := range n.B {
		dh, dc := make([]float64, n.H), make([]float64, n.H)
		for t := n.T - 1; t >= 0; t-- {
			h, da := n.before(steps, b, t), du[(b*n.T+t)*4*n.H:][:4*n.H]
			for j := range n.H {
				s, l := steps[(b*n.T+t)*n.H+j], dy[(b*n.T+t)*n.H+j]+dh[j]
				th := math.Tanh(s.c)
				d := l*s.o*(1-th*th) + dc[j]
				da[j], da[n.H+j] = d*s.g*s.i*(1-s.i), d*s.before*s.f*(1-s.f)
				da[2*n.H+j], da[3*n.H+j] = d*s.i*(1-s.g*s.g), l*th*s.o*(1-s.o)
				dc[j] = d * s.f
			}
			clear(dh)
			for row, x := range da {
				dbias[row] += x
				for k := range n.H {
					dw[row*n.H+k] += x * h[k]
					dh[k] += x * n.W[row*n.H+k]
				}
			}
			if n.begins(b, t) {
				clear(dh)
				clear(dc)
			}
		}
	}
	return du, dw, dbias
}
