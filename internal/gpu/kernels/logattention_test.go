package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	host "goomtrain/internal/kernels/logattention"
	"goomtrain/internal/kernels/multihead"
)

// logCase is one attention; see problems in internal/kernels/logattention.
type logCase struct {
	name          string
	b, h, t, k, v int
	scale         float64 // of normal numbers; 0: 1
	offset        float64 // of all keys
	fall          float64 // values fall by this from each position to the next
	extremes      float64 // values are this or its negative, and a normal number
	apart         float64 // keys grow by this from each position to the next, in one channel
	nothing       float64 // share of values that are the logarithm of zero
}

var logCases = []logCase{
	{name: "one step", b: 1, h: 1, t: 1, k: 1, v: 1},
	{name: "two steps", b: 2, h: 2, t: 2, k: 3, v: 2},
	{name: "chunk less one", b: 1, h: 2, t: 63, k: 3, v: 2},
	{name: "chunk", b: 1, h: 1, t: 64, k: 2, v: 3},
	{name: "chunk and one", b: 1, h: 2, t: 65, k: 2, v: 3},
	{name: "three chunks", b: 2, h: 1, t: 150, k: 2, v: 1},
	{name: "ten chunks", b: 1, h: 1, t: 610, k: 2, v: 1},
	{name: "two tiles", b: 1, h: 1, t: 70, k: 33, v: 65},
	{name: "large", b: 1, h: 2, t: 100, k: 3, v: 2, scale: 30},
	{name: "large tiles", b: 1, h: 1, t: 20, k: 33, v: 34, scale: 30},
	{name: "keys 1e4 apart", b: 1, h: 2, t: 100, k: 3, v: 2, apart: 1e4},
	{name: "keys 1e4 apart, falling", b: 1, h: 2, t: 100, k: 3, v: 2, apart: -1e4},
	{name: "keys 3 apart", b: 1, h: 1, t: 130, k: 3, v: 2, apart: 3},
	{name: "values of e^300", b: 1, h: 2, t: 100, k: 3, v: 2, extremes: 300},
	{name: "values of e^40", b: 1, h: 1, t: 130, k: 3, v: 2, extremes: 40},
	{name: "both", b: 1, h: 1, t: 70, k: 3, v: 2, extremes: 300, apart: 50},
	{name: "both, further", b: 1, h: 1, t: 130, k: 3, v: 2, extremes: 300, apart: 200},
	{name: "keys of 1e6", b: 1, h: 1, t: 130, k: 3, v: 2, offset: 1e6},
	{name: "values fall", b: 1, h: 1, t: 130, k: 3, v: 2, fall: 2},
	{name: "values fall, keys rise", b: 1, h: 1, t: 130, k: 1, v: 2, fall: 6, apart: 3},
	{name: "zeros", b: 1, h: 2, t: 70, k: 3, v: 2, nothing: 0.5},
	{name: "mostly zeros", b: 2, h: 2, t: 66, k: 2, v: 2, nothing: 0.95},
	{name: "nothing but zeros", b: 1, h: 1, t: 66, k: 2, v: 2, nothing: 1},
}

// draw returns qkv [B, T, H, 2K+V] and dy [B, T, H, V].
func (c logCase) draw() (qkv, dy []float32) {
	seed := uint64(0)
	for _, r := range c.name {
		seed = 31*seed + uint64(r)
	}
	qkv, dy = normal(seed, c.b*c.t*c.h*(2*c.k+c.v)), normal(seed+1, c.b*c.t*c.h*c.v)
	r := rand.New(rand.NewPCG(seed, 2))
	for i, x := range qkv {
		w := float64(x)
		if c.scale != 0 {
			w *= c.scale
		}
		j, t := i%(2*c.k+c.v), i/(c.h*(2*c.k+c.v))%c.t
		if j == c.k {
			w += c.apart * float64(t)
		}
		if c.k <= j && j < 2*c.k {
			w += c.offset
		}
		if j >= 2*c.k {
			w -= c.fall * float64(t)
			w += c.extremes * float64(1-2*r.IntN(2))
			if r.Float64() < c.nothing {
				w = math.Inf(-1)
			}
		}
		qkv[i] = float32(w)
	}
	return qkv, dy
}

// naive returns y [B, T, H, V] and the gradient of qkv by the definition in float64.
func (c logCase) naive(qkv, dy []float32) (y, dqkv []float64) {
	a := host.Naive{Tasks: c.b * c.h, Queries: c.t, Keys: c.t, K: c.k, V: c.v, Causal: true}
	q, k, v := multihead.SplitHeads(wide(qkv), c.h, c.k, c.v)
	var g []float64
	rows := func(f func(row, head int)) {
		for task := range a.Tasks {
			for t := range c.t {
				f(task/c.h*c.t+t, task%c.h)
			}
		}
	}
	out := multihead.Packed(wide(dy), c.h, c.v)
	rows(func(row, head int) {
		a.Q, a.Key, a.Value = append(a.Q, q.Row(row, head, c.k)...), append(a.Key, k.Row(row, head, c.k)...), append(a.Value, v.Row(row, head, c.v)...)
		g = append(g, out.Row(row, head, c.v)...)
	})
	gotY, _, _, _ := a.Forward()
	dq, dk, dv, _ := a.Backward(g, nil)
	y, dqkv = make([]float64, len(dy)), make([]float64, len(qkv))
	toY := multihead.Packed(y, c.h, c.v)
	toQ, toK, toV := multihead.SplitHeads(dqkv, c.h, c.k, c.v)
	i := 0
	rows(func(row, head int) {
		copy(toY.Row(row, head, c.v), gotY[i*c.v:])
		copy(toQ.Row(row, head, c.k), dq[i*c.k:])
		copy(toK.Row(row, head, c.k), dk[i*c.k:])
		copy(toV.Row(row, head, c.v), dv[i*c.v:])
		i++
	})
	return y, dqkv
}

// run returns what the kernel computes.
func (c logCase) run(t *testing.T, qkv, dy []float32) (y, dqkv []float32) {
	t.Helper()
	b := newBench(t)
	k := NewLogAttention(b.Scope, c.b, c.t, c.h, c.k, c.v)
	x, out, gradient := put(b, qkv), room(b, len(dy)), room(b, len(qkv))
	k.Forward(out, x)
	without := get[float32](b, out, len(dy))
	k.WantGradients()
	for range 2 { // a second run finds used memory
		k.Forward(out, x)
		k.Backward(gradient, x, put(b, dy))
	}
	y = get[float32](b, out, len(dy))
	same(t, "y without gradients", without, y)
	return y, get[float32](b, gradient, len(qkv))
}

// TestLogAttention compares with direct sums in float64, within some roundings of float32 in each case.
func TestLogAttention(t *testing.T) {
	for _, c := range logCases {
		t.Run(c.name, func(t *testing.T) {
			qkv, dy := c.draw()
			wantY, wantD := c.naive(qkv, dy)
			y, dqkv := c.run(t, qkv, dy)
			var finiteY []float32
			var finiteW []float64
			for i, w := range wantY {
				if !math.IsInf(w, -1) {
					finiteY, finiteW = append(finiteY, y[i]), append(finiteW, w)
				} else if !math.IsInf(float64(y[i]), -1) {
					t.Fatalf("y[%d] = %v, want -Inf", i, y[i])
				}
			}
			nearest(t, "y", finiteY, finiteW, 1e-6)
			nearest(t, "dqkv", dqkv, wantD, 3e-6)
		})
	}
}

// nearest fails unless every number is within most of the largest of want, or of 1: gradients sum terms of the magnitude
// of dy, and may cancel to nothing.
func nearest(t *testing.T, name string, got []float32, want []float64, most float64) {
	t.Helper()
	largest := 1.0
	for _, w := range want {
		largest = max(largest, math.Abs(w))
	}
	for i, w := range want {
		if d := math.Abs(float64(got[i])-w) / largest; !(d <= most) {
			t.Fatalf("%s[%d] = %v, want %v", name, i, got[i], w)
		}
	}
}

// TestLogAttentionOfHost: what an attention of usual numbers gives on the host in float32.
func TestLogAttentionOfHost(t *testing.T) {
	c := logCase{name: "host", b: 2, h: 2, t: 90, k: 5, v: 6}
	qkv, dy := c.draw()
	k := host.New[float32](multihead.Size{Batch: c.b, Queries: c.t, Keys: c.t, Heads: c.h, DKey: c.k, DValue: c.v, Causal: true}, false)
	k.WantGradients()
	split := func(x []float32) (o host.Operands[float32]) {
		o.Q, o.K, o.V = multihead.SplitHeads(x, c.h, c.k, c.v)
		return o
	}
	wantY, wantD := make([]float32, len(dy)), make([]float32, len(qkv))
	k.Forward(multihead.Packed(wantY, c.h, c.v), multihead.Rows[float32]{}, split(qkv), nil)
	k.Backward(split(wantD), split(qkv), multihead.Packed(dy, c.h, c.v), nil, nil)
	y, dqkv := c.run(t, qkv, dy)
	near(t, "y", y, wide(wantY), 1e-6)
	near(t, "dqkv", dqkv, wide(wantD), 4e-6)
}

// TestLogAttentionNaN: the outputs that depend on a NaN, and no others, and all gradients that do are NaN.
func TestLogAttentionNaN(t *testing.T) {
	for _, n := range []int{1, 7, 70} {
		c := logCase{name: "nan", b: 1, h: 1, t: n, k: 2, v: 2}
		qkv, dy := c.draw()
		clean, _ := c.run(t, qkv, dy)
		for _, at := range slices.Compact([]int{0, n / 2, n - 1}) {
			for column, operand := range map[int]string{0: "q", 2: "k", 4: "v", -1: "dy"} {
				t.Run(fmt.Sprint(n, " positions, ", operand, " at ", at), func(t *testing.T) {
					x, g := slices.Clone(qkv), slices.Clone(dy)
					if column < 0 {
						g[at*2] = float32(math.NaN())
					} else {
						x[at*6+column] = float32(math.NaN())
					}
					y, d := c.run(t, x, g)
					for pos := range n {
						forward := operand == "q" && pos == at || (operand == "k" || operand == "v") && pos >= at
						if got := y[pos*2]; forward != (got != got) || !forward && math.Abs(float64(got-clean[pos*2])) > 1e-6 {
							t.Errorf("y[%d] = %v, without NaN %v", pos, got, clean[pos*2])
						}
						backward := (operand == "q" || operand == "dy") && pos <= at || (operand == "k" || operand == "v") && pos == at
						for j, depends := range []bool{forward || operand == "dy" && pos == at, false, backward, false, backward} {
							if got := d[pos*6+j]; depends && got == got {
								t.Errorf("gradient %d at %d is %v", j, pos, got)
							}
						}
					}
				})
			}
		}
	}
}

// TestLogAttentionInfinite: no query, key or value of infinity passes unseen.
func TestLogAttentionInfinite(t *testing.T) {
	c := logCase{name: "infinite", b: 1, h: 1, t: 70, k: 2, v: 2}
	qkv, dy := c.draw()
	for column := range map[int]string{0: "q", 2: "k", 4: "v"} {
		x := slices.Clone(qkv)
		x[66*6+column] = float32(math.Inf(1))
		y, _ := c.run(t, x, dy)
		if got := float64(y[66*2]); !math.IsNaN(got) && !math.IsInf(got, 1) {
			t.Errorf("infinity in column %d gives y = %v", column, got)
		}
	}
}
