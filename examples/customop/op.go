package main

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/parallel"
	"goomtrain/params"
)

// Integrate is a leaky integrator for each channel, an exponential moving average with a decay that is learned:
//
//	y_t = a y_{t-1} + (1-a) u_t        a = sigmoid(p)
//
// u [B, T, D], p [D] -> y [B, T, D]. Gradients: of both, with h_t = dy_t + a h_{t+1} from the last position back:
//
//	du_t = (1-a) h_t        dp = a (1-a) * the sum over sequences and positions of h_t (y_{t-1} - u_t)
//
// y_{-1} is zero, or with a carry (of B, D) where the last run ended; the carry receives the last y. It is detached:
// no gradient flows into it. reset is nil, or int32 [B, T]: where it is not 0 a document begins, before which y is zero.
func Integrate[F params.Float](u, p, reset *G.Node, carry *Carry[F]) *G.Node {
	s := u.Shape()
	if len(s) != 3 || len(p.Shape()) != 1 || p.Shape()[0] != s[2] {
		panic(fmt.Sprintf("Integrate: u has shape %v and p %v, want [B T D] and [D]", s, p.Shape()))
	}
	k := newIntegrator(s[0], s[1], s[2], carry)
	return ops.Apply(ops.ByDocument(ops.Definition[F]{
		Name:    "Integrate",
		Inputs:  G.Nodes{u, p},
		Grads:   []ops.Gradient{ops.GradPrimary, ops.GradSide},
		Out:     s,
		Forward: func(y []F, in ops.Operands[F]) { k.forward(y, in.Floats(0), in.Floats(1)) },
		Backward: func(grads [][]F, in ops.Operands[F], y, dy []F) {
			k.backward(grads[0], grads[1], in.Floats(0), y, dy)
		},
	}, reset, k.resize, carry != nil, 1)) // p is shared
}

// A Carry is the last y [B, D] of the sequences of a stream.
type Carry[F params.Float] struct {
	batch, width int
	y            []F
}

// NewCarry returns the carry at the beginning of the sequences.
func NewCarry[F params.Float](batch, width int) *Carry[F] {
	return &Carry[F]{batch, width, make([]F, batch*width)}
}

// Reset implements layers.State.
func (c *Carry[F]) Reset() { clear(c.y) }

// Arrays implements layers.State.
func (c *Carry[F]) Arrays(prefix string) []params.Array {
	return []params.Array{{Name: prefix + "y", Shape: []int{c.batch, c.width}, Data: c.y}}
}

// integrator is the arithmetic on slices. Each sequence is one task of a parallel loop. The functions of a task
// are made once, so that runs do not allocate.
type integrator[F params.Float] struct {
	batch, length, width int
	carry                *Carry[F]
	keep, take           []F         // a and 1-a [D]
	begin                []F         // y_{-1} of the run [B, D]
	h, dp                []F         // h_{t+1}, and the sum in dp of one sequence [B, D]
	y, u, du, dy         []F         // of the current run [B, T, D]
	ahead, back          func(b int) // both passes over sequence b
}

func newIntegrator[F params.Float](batch, length, width int, carry *Carry[F]) *integrator[F] {
	k := &integrator[F]{batch: batch, length: length, width: width, carry: carry,
		keep: make([]F, width), take: make([]F, width), begin: make([]F, batch*width), h: make([]F, batch*width), dp: make([]F, batch*width)}
	k.ahead, k.back = k.sequence, k.sequenceBack
	return k
}

// resize makes it the integrator of fewer or shorter sequences than it was made for.
func (k *integrator[F]) resize(batch, length int) { k.batch, k.length = batch, length }

func (k *integrator[F]) forward(y, u, p []F) {
	for c, v := range p { // 1-a as a sigmoid of its own: 1 - k.keep[c] would lose its digits where a is near 1
		k.keep[c], k.take[c] = F(1/(1+math.Exp(-float64(v)))), F(1/(1+math.Exp(float64(v))))
	}
	if k.carry != nil {
		copy(k.begin, k.carry.y)
	}
	k.y, k.u = y, u
	parallel.For(k.batch, k.ahead)
	k.y, k.u = nil, nil
}

func (k *integrator[F]) sequence(b int) {
	last := k.begin[b*k.width : (b+1)*k.width]
	for t := range k.length {
		at := (b*k.length + t) * k.width
		y, u := k.y[at:at+k.width], k.u[at:at+k.width]
		for c := range y {
			y[c] = k.keep[c]*last[c] + k.take[c]*u[c]
		}
		last = y
	}
	if k.carry != nil {
		copy(k.carry.y[b*k.width:], last)
	}
}

func (k *integrator[F]) backward(du, dp, u, y, dy []F) {
	k.du, k.u, k.y, k.dy = du, u, y, dy
	parallel.For(k.batch, k.back)
	k.du, k.u, k.y, k.dy = nil, nil, nil, nil
	clear(dp)
	for b := range k.batch { // in order: the sum has the same bits for any number of threads
		for c := range dp {
			dp[c] += k.dp[b*k.width+c]
		}
	}
	for c := range dp {
		dp[c] *= k.keep[c] * k.take[c]
	}
}

func (k *integrator[F]) sequenceBack(b int) {
	row := b * k.width
	h, dp := k.h[row:row+k.width], k.dp[row:row+k.width]
	clear(h)
	clear(dp)
	for t := k.length - 1; t >= 0; t-- {
		at := (b*k.length + t) * k.width
		before := k.begin[row : row+k.width]
		if t > 0 {
			before = k.y[at-k.width : at]
		}
		u, du, dy := k.u[at:at+k.width], k.du[at:at+k.width], k.dy[at:at+k.width]
		for c := range h {
			h[c] = dy[c] + k.keep[c]*h[c]
			du[c] = k.take[c] * h[c]
			dp[c] += h[c] * (before[c] - u[c])
		}
	}
}
