package s4d

import "math/cmplx"

// Naive is S4D by its definition, in complex128: the contract that Kernel is tested against. Start, the state before the
// first position, may be nil.
type Naive struct {
	B, T, H, Modes  int
	U               []float64 // [B, T, H]
	LogDt, D        []float64 // [H]
	LogAReal, AImag []float64 // [H, N/2]
	C               []float64 // [H, N/2, 2]
	Start           []float64 // [B, H, N/2, 2]
}

func at(x []float64, i int) complex128 { return complex(x[2*i], x[2*i+1]) }

func put(x []float64, i int, v complex128) { x[2*i], x[2*i+1] = real(v), imag(v) }

// discretized returns A, dt, a and b of a mode.
func (n Naive) discretized(h, mode int) (pole, dt, a, b complex128) {
	i := h*n.Modes + mode
	pole, dt = complex(-real(cmplx.Exp(complex(n.LogAReal[i], 0))), n.AImag[i]), cmplx.Exp(complex(n.LogDt[h], 0))
	return pole, dt, cmplx.Exp(dt * pole), expm1(dt*pole) / pole
}

// states returns the states of a mode of one sequence from the one before the first position on.
func (n Naive) states(batch, h, mode int) []complex128 {
	_, _, a, b := n.discretized(h, mode)
	s := make([]complex128, n.T+1)
	if n.Start != nil {
		s[0] = at(n.Start, (batch*n.H+h)*n.Modes+mode)
	}
	for t := range n.T {
		s[t+1] = a*s[t] + b*complex(n.U[(batch*n.T+t)*n.H+h], 0)
	}
	return s
}

// Forward returns y [B, T, H] and the last state [B, H, N/2, 2].
func (n Naive) Forward() (y, end []float64) {
	y, end = make([]float64, len(n.U)), make([]float64, 2*n.B*n.H*n.Modes)
	for i, u := range n.U {
		y[i] = n.D[i%n.H] * u
	}
	for b := range n.B {
		for h := range n.H {
			for m := range n.Modes {
				s := n.states(b, h, m)
				for t := range n.T {
					y[(b*n.T+t)*n.H+h] += 2 * real(at(n.C, h*n.Modes+m)*s[t+1])
				}
				put(end, (b*n.H+h)*n.Modes+m, s[n.T])
			}
		}
	}
	return y, end
}

// Backward returns the gradients of sum(dy * y) + sum(dEnd * end), as a Naive and, of u and Start, in it.
func (n Naive) Backward(dy, dEnd []float64) (d Naive) {
	d = Naive{U: make([]float64, len(n.U)), LogDt: make([]float64, n.H), D: make([]float64, n.H), LogAReal: make([]float64, n.H*n.Modes),
		AImag: make([]float64, n.H*n.Modes), C: make([]float64, 2*n.H*n.Modes), Start: make([]float64, 2*n.B*n.H*n.Modes)}
	for i, g := range dy {
		d.U[i] = n.D[i%n.H] * g
		d.D[i%n.H] += g * n.U[i]
	}
	for b := range n.B {
		for h := range n.H {
			for m := range n.Modes {
				n.backward(d, dy, dEnd, b, h, m)
			}
		}
	}
	return d
}

// backward adds the gradients of a mode of one sequence to d.
func (n Naive) backward(d Naive, dy, dEnd []float64, batch, h, mode int) {
	pole, dt, a, b := n.discretized(h, mode)
	s, i := n.states(batch, h, mode), h*n.Modes+mode
	g, gC := at(dEnd, (batch*n.H+h)*n.Modes+mode), at(d.C, i)
	var ga, gb complex128
	for t := n.T - 1; t >= 0; t-- {
		at1 := (batch*n.T+t)*n.H + h
		g += complex(2*dy[at1], 0) * cmplx.Conj(at(n.C, i))
		gC += complex(2*dy[at1], 0) * cmplx.Conj(s[t+1])
		ga += g * cmplx.Conj(s[t])
		gb += g * complex(n.U[at1], 0)
		d.U[at1] += real(g * cmplx.Conj(b))
		g *= cmplx.Conj(a)
	}
	put(d.C, i, gC)
	put(d.Start, (batch*n.H+h)*n.Modes+mode, g)
	ga += gb * cmplx.Conj(1/pole) // through b = (a-1)/A
	gA := ga*cmplx.Conj(dt*a) - gb*cmplx.Conj(b/pole)
	d.LogAReal[i] += real(pole) * real(gA)
	d.AImag[i] += imag(gA)
	d.LogDt[h] += real(dt) * real(ga*cmplx.Conj(pole*a))
}
