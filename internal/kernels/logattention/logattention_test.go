package logattention

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/gradcheck"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/simd"
	"goomtrain/rng"
)

// problem is one attention; its numbers follow from its name.
type problem struct {
	name                   string
	b, h, tq, tk, k, v     int
	full                   bool    // not causal
	scaleQ, scaleK, scaleV float64 // of normal numbers; 0: 1
	extremes               float64 // values are this or its negative, and a normal number
	apart                  float64 // keys grow by this from each position to the next, in one channel
	carried, signed        bool
	nothing                float64 // share of values that are the logarithm of zero
}

var problems = []problem{
	{name: "one step", b: 1, h: 1, tq: 1, k: 1, v: 1},
	{name: "two steps", b: 2, h: 2, tq: 2, k: 3, v: 2},
	{name: "chunk less one", b: 1, h: 2, tq: 63, k: 3, v: 2},
	{name: "chunk", b: 1, h: 1, tq: 64, k: 2, v: 3},
	{name: "chunk and one", b: 1, h: 2, tq: 65, k: 2, v: 3},
	{name: "three chunks", b: 2, h: 1, tq: 150, k: 2, v: 1},
	{name: "thousand", b: 1, h: 1, tq: 1000, k: 2, v: 1},
	{name: "wide", b: 1, h: 1, tq: 20, k: 17, v: 33},
	{name: "carried", b: 2, h: 2, tq: 70, k: 3, v: 2, carried: true},
	{name: "full", b: 2, h: 2, tq: 70, k: 3, v: 2, full: true},
	{name: "full, one chunk", b: 1, h: 1, tq: 9, k: 3, v: 2, full: true},
	{name: "full, more queries", b: 1, h: 2, tq: 140, tk: 5, k: 2, v: 3, full: true},
	{name: "full, more keys", b: 1, h: 2, tq: 3, tk: 200, k: 2, v: 3, full: true},
	{name: "full, carried", b: 1, h: 2, tq: 8, tk: 70, k: 2, v: 3, full: true, carried: true},
	{name: "large", b: 1, h: 2, tq: 100, k: 3, v: 2, scaleQ: 30, scaleK: 30, scaleV: 30},
	{name: "keys 1e4 apart", b: 1, h: 2, tq: 100, k: 3, v: 2, apart: 1e4},
	{name: "keys 1e4 apart, falling", b: 1, h: 2, tq: 100, k: 3, v: 2, apart: -1e4, carried: true},
	{name: "values of e^300", b: 1, h: 2, tq: 100, k: 3, v: 2, extremes: 300},
	{name: "values of e^300, full", b: 1, h: 2, tq: 100, k: 3, v: 2, extremes: 300, full: true, carried: true},
	{name: "both", b: 1, h: 1, tq: 70, k: 3, v: 2, extremes: 300, apart: 50},
	{name: "zeros", b: 1, h: 2, tq: 70, k: 3, v: 2, nothing: 0.5},
	{name: "nothing but zeros", b: 1, h: 1, tq: 66, k: 2, v: 2, nothing: 1},
	{name: "signed", b: 2, h: 2, tq: 70, k: 3, v: 2, signed: true, carried: true},
	{name: "signed, full", b: 1, h: 2, tq: 70, k: 3, v: 2, signed: true, full: true},
	{name: "signed, large", b: 1, h: 2, tq: 70, k: 3, v: 2, signed: true, extremes: 300, apart: 20},
}

// naive draws the numbers, rounded to float32 so that kernels of both types see the same problem.
func (c problem) naive() (a Naive, dy, dEnd []float64) {
	if c.tk == 0 {
		c.tk = c.tq
	}
	a = Naive{Tasks: c.b * c.h, Queries: c.tq, Keys: c.tk, K: c.k, V: c.v, Causal: !c.full}
	r := rng.New(2, c.name)
	draw := func(n int, scale float64) []float64 {
		if scale == 0 {
			scale = 1
		}
		x := make([]float64, n)
		for i := range x {
			x[i] = float64(float32(scale * r.NormFloat64()))
		}
		return x
	}
	a.Q, a.Key, a.Value = draw(a.Tasks*c.tq*c.k, c.scaleQ), draw(a.Tasks*c.tk*c.k, c.scaleK), draw(a.Tasks*c.tk*c.v, c.scaleV)
	for i := range a.Value {
		a.Value[i] = float64(float32(a.Value[i] + c.extremes*float64(1-2*r.IntN(2))))
		if r.Float64() < c.nothing {
			a.Value[i] = math.Inf(-1)
		}
	}
	for i := range a.Key {
		if i%c.k == 0 {
			a.Key[i] = float64(float32(a.Key[i] + c.apart*float64(i/c.k%c.tk)))
		}
	}
	n := a.Tasks * c.k * (c.v + 1)
	if c.carried {
		a.State = draw(n, 1)
	}
	if c.signed {
		for range a.Value {
			a.Sign = append(a.Sign, float64(1-2*r.IntN(2)))
		}
		for i := range n {
			if s := float64(1 - 2*r.IntN(2)); i%(c.v+1) == c.v {
				a.StateSign = append(a.StateSign, 1) // the denominator is positive
			} else {
				a.StateSign = append(a.StateSign, s)
			}
		}
	}
	return a, draw(a.Tasks*c.tq*c.v, 1), draw(n, 1)
}

// trial is a kernel with the numbers of a problem as F, the operands packed into rows as models have them.
type trial[F simd.Float] struct {
	kernel            *Kernel[F]
	x, d              Operands[F]
	y, sign, dy       multihead.Rows[F]
	start, carry      *Carry
	dStart, dEnd      []F
	heads, keyW, valW int
}

// laidOut puts [B, H, T, W] into the rows of an operand.
func laidOut[F simd.Float](to multihead.Rows[F], from []float64, heads, time, width int) {
	for i := 0; i*width < len(from); i++ {
		b, h, t := i/(heads*time), i/time%heads, i%time
		copy(to.Row(b*time+t, h, width), kerneltest.Narrow[F](from[i*width:(i+1)*width]))
	}
}

// takenOut is the inverse of laidOut.
func takenOut[F simd.Float](from multihead.Rows[F], tasks, heads, time, width int) (to []float64) {
	for i := range tasks * time {
		b, h, t := i/(heads*time), i/time%heads, i%time
		to = append(to, kerneltest.Widen(from.Row(b*time+t, h, width))...)
	}
	return to
}

func newTrial[F simd.Float](c problem, a Naive, dy, dEnd []float64) *trial[F] {
	r := &trial[F]{heads: c.h, keyW: c.k, valW: c.v}
	r.kernel = New[F](multihead.Size{Batch: c.b, Queries: a.Queries, Keys: a.Keys, Heads: c.h, DKey: c.k, DValue: c.v, Causal: a.Causal}, c.signed)
	operands := func(values bool) (x Operands[F]) {
		if a.Queries == a.Keys { // packed
			x.Q, x.K, x.V = multihead.SplitHeads(kerneltest.Poisoned[F](c.b*a.Keys*c.h*(2*c.k+c.v)), c.h, c.k, c.v)
		} else {
			x.Q = multihead.Packed(kerneltest.Poisoned[F](c.b*a.Queries*c.h*c.k), c.h, c.k)
			x.K = multihead.Packed(kerneltest.Poisoned[F](c.b*a.Keys*c.h*c.k), c.h, c.k)
			x.V = multihead.Packed(kerneltest.Poisoned[F](c.b*a.Keys*c.h*c.v), c.h, c.v)
		}
		if values {
			laidOut(x.Q, a.Q, c.h, a.Queries, c.k)
			laidOut(x.K, a.Key, c.h, a.Keys, c.k)
			laidOut(x.V, a.Value, c.h, a.Keys, c.v)
			if c.signed {
				x.Sign = multihead.Packed(kerneltest.Poisoned[F](c.b*a.Keys*c.h*c.v), c.h, c.v)
				laidOut(x.Sign, a.Sign, c.h, a.Keys, c.v)
			}
		}
		return x
	}
	r.x, r.d = operands(true), operands(false)
	out := func() multihead.Rows[F] {
		return multihead.Packed(kerneltest.Poisoned[F](c.b*a.Queries*c.h*c.v), c.h, c.v)
	}
	r.y, r.sign, r.dy = out(), out(), out()
	laidOut(r.dy, dy, c.h, a.Queries, c.v)
	r.start = NewCarry(c.b, c.h, c.k, c.v, c.signed)
	if a.State != nil {
		copy(r.start.logs, a.State)
		copy(r.start.signs, a.StateSign)
	}
	r.dStart, r.dEnd = kerneltest.Poisoned[F](len(r.start.logs)), kerneltest.Narrow[F](dEnd)
	return r
}

func (r *trial[F]) run(gradients bool) {
	r.carry = NewCarry(r.kernel.size.Batch, r.heads, r.keyW, r.valW, r.kernel.signed)
	copy(r.carry.logs, r.start.logs)
	copy(r.carry.signs, r.start.signs)
	r.kernel.Forward(r.y, r.sign, r.x, r.carry)
	if gradients {
		r.kernel.Backward(r.d, r.x, r.dy, r.dStart, r.dEnd)
	}
}

// outcome returns all results in the order of the naive form, [B*H, T, W].
func (r *trial[F]) outcome() map[string][]float64 {
	s := r.kernel.size
	tasks := s.Tasks()
	o := map[string][]float64{
		"y": takenOut(r.y, tasks, s.Heads, s.Queries, s.DValue), "state": r.carry.logs,
		"dq": takenOut(r.d.Q, tasks, s.Heads, s.Queries, s.DKey),
		"dk": takenOut(r.d.K, tasks, s.Heads, s.Keys, s.DKey),
		"dv": takenOut(r.d.V, tasks, s.Heads, s.Keys, s.DValue), "dstate": kerneltest.Widen(r.dStart)}
	if r.kernel.signed {
		o["sign"], o["state sign"] = takenOut(r.sign, tasks, s.Heads, s.Queries, s.DValue), r.carry.signs
	}
	return o
}

// TestEqualsNaive compares with direct sums in float64.
func TestEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testEqualsNaive[float32], testEqualsNaive[float64])
}

func testEqualsNaive[F simd.Float](t *testing.T) {
	for _, c := range problems {
		t.Run(c.name, func(t *testing.T) {
			a, dy, dEnd := c.naive()
			want := map[string][]float64{}
			want["y"], want["sign"], want["state"], want["state sign"] = a.Forward()
			want["dq"], want["dk"], want["dv"], want["dstate"] = a.Backward(dy, dEnd)
			r := newTrial[F](c, a, dy, dEnd)
			r.run(false)
			forward := r.outcome()["y"]
			r.kernel.WantGradients()
			r.run(true)
			r.run(true) // a second run finds used memory
			got := r.outcome()
			for i, y := range forward {
				if math.Float64bits(y) != math.Float64bits(got["y"][i]) {
					t.Fatalf("y[%d] = %v without gradients, %v with them", i, y, got["y"][i])
				}
			}
			for name, g := range got {
				w, tol := want[name], kerneltest.Tolerance[F](1e-4, 1e-10)
				if name == "y" && c.signed {
					w = finite[F](w)
				}
				if c.signed { // sums cancel
					tol = kerneltest.Tolerance[F](2e-3, 1e-8)
				}
				if name[0] == 'd' { // gradients sum terms of the magnitude of dy, 1, and may cancel to nothing
					g, w = append(g, 1), append(w, 1)
				}
				nearInfinite(t, name, g, w, tol)
			}
		})
	}
}

// finite puts the logarithm that stands for zero in the place of -Inf.
func finite[F simd.Float](x []float64) []float64 {
	y := append([]float64(nil), x...)
	for i, v := range y {
		if math.IsInf(v, -1) {
			y[i] = float64(zeroLog[F]())
		}
	}
	return y
}

// nearInfinite is near for logarithms, some of which may be -Inf.
func nearInfinite(t *testing.T, name string, got, want []float64, tolerance float64) {
	t.Helper()
	var g, w []float64
	for i := range want {
		if math.IsInf(want[i], -1) {
			if !math.IsInf(got[i], -1) {
				t.Fatalf("%s[%d] = %v, want -Inf", name, i, got[i])
			}
			continue
		}
		g, w = append(g, got[i]), append(w, want[i])
	}
	kerneltest.Near(t, name, g, w, tolerance)
}

// TestGradients compares the backward pass with finite differences of the forward pass of the kernel.
func TestGradients(t *testing.T) {
	for _, c := range problems {
		if c.tq*c.h > 150 || c.apart != 0 || c.extremes != 0 || c.nothing != 0 || c.scaleK != 0 {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			a, dy, dEnd := c.naive()
			r := newTrial[float64](c, a, dy, dEnd)
			r.kernel.WantGradients()
			r.run(true)
			f := func() float64 {
				r.run(false)
				sum := simd.Dot(r.y.Data, r.dy.Data)
				return sum + simd.Dot(r.carry.logs, r.dEnd)
			}
			check := func(name string, x, d []float64) {
				gradcheck.Check(t, name, f, x, append([]float64(nil), d...), gradcheck.Options{Elements: 60})
			}
			if r.x.Q.Stride == r.x.K.Stride {
				check("q, k and v", r.x.Q.Data, r.d.Q.Data)
			} else {
				check("q", r.x.Q.Data, r.d.Q.Data)
				check("k", r.x.K.Data, r.d.K.Data)
				check("v", r.x.V.Data, r.d.V.Data)
			}
			if c.carried {
				check("state", r.start.logs, r.dStart)
			}
		})
	}
}

// TestThreads: the same bits on any number of threads.
func TestThreads(t *testing.T) {
	c := problem{name: "threads", b: 3, h: 3, tq: 130, k: 5, v: 4}
	a, dy, dEnd := c.naive()
	var want map[string][]float64
	kerneltest.OnThreads(t, func(t *testing.T) {
		r := newTrial[float32](c, a, dy, dEnd)
		r.kernel.WantGradients()
		r.run(true)
		if want == nil {
			want = r.outcome()
		}
		for name, got := range r.outcome() {
			kerneltest.Identical(t, name, got, want[name])
		}
	})
}

// TestStreams: a sequence cut anywhere and carried on equals the whole.
func TestStreams(t *testing.T) {
	for _, signed := range []bool{false, true} {
		c := problem{name: "streams", b: 2, h: 2, tq: 130, k: 3, v: 2, signed: signed}
		a, dy, dEnd := c.naive()
		whole := newTrial[float64](c, a, dy, dEnd)
		whole.start.Reset()
		whole.run(false)
		for _, cut := range []int{1, 2, 63, 64, 65, 100, 129} {
			t.Run(fmt.Sprint("cut at ", cut, " signed ", signed), func(t *testing.T) {
				carry := NewCarry(c.b, c.h, c.k, c.v, signed)
				var got [2][]float64 // [B, H, T, V] of each part
				for i, part := range [2][2]int{{0, cut}, {cut, c.tq}} {
					n := part[1] - part[0]
					p := Naive{Tasks: a.Tasks, Queries: n, Keys: n, K: c.k, V: c.v, Causal: true}
					for task := range a.Tasks {
						from, to := task*c.tq+part[0], task*c.tq+part[1]
						p.Q, p.Key = append(p.Q, a.Q[from*c.k:to*c.k]...), append(p.Key, a.Key[from*c.k:to*c.k]...)
						p.Value = append(p.Value, a.Value[from*c.v:to*c.v]...)
						if signed {
							p.Sign = append(p.Sign, a.Sign[from*c.v:to*c.v]...)
						}
					}
					r := newTrial[float64](c, p, make([]float64, a.Tasks*n*c.v), dEnd)
					r.kernel.Forward(r.y, r.sign, r.x, carry)
					got[i] = takenOut(r.y, a.Tasks, c.h, n, c.v)
				}
				var y []float64
				for task := range a.Tasks {
					y = append(y, got[0][task*cut*c.v:(task+1)*cut*c.v]...)
					y = append(y, got[1][task*(c.tq-cut)*c.v:(task+1)*(c.tq-cut)*c.v]...)
				}
				kerneltest.Near(t, "y", y, whole.outcome()["y"], 1e-12)
				kerneltest.Near(t, "state", carry.logs, whole.carry.logs, 1e-12)
			})
		}
	}
}

// TestAllocatesNothing: neither in training nor streaming.
func TestAllocatesNothing(t *testing.T) {
	c := problem{name: "steady", b: 2, h: 3, tq: 70, k: 4, v: 4, extremes: 100}
	a, dy, dEnd := c.naive()
	r := newTrial[float32](c, a, dy, dEnd)
	r.kernel.WantGradients()
	r.run(true)
	if n := testing.AllocsPerRun(5, func() {
		r.kernel.Forward(r.y, r.sign, r.x, r.carry)
		r.kernel.Backward(r.d, r.x, r.dy, nil, nil)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestMillionTokens streams 10^6 tokens, in steps of one and of 64, through one float32 state,
// whose size does not depend on what it has read. All keys and values being equal, the output is the
// value, and the state the value plus key plus ln of the count; a sum kept in float32 would stop growing.
func TestMillionTokens(t *testing.T) {
	const key, value, tokens = 2, 3, 1_000_000
	one := New[float32](multihead.Size{Batch: 1, Queries: 1, Keys: 1, Heads: 1, DKey: key, DValue: value, Causal: true}, false)
	many := New[float32](multihead.Size{Batch: 1, Queries: 64, Keys: 64, Heads: 1, DKey: key, DValue: value, Causal: true}, false)
	x, y := make([]float32, 64*(2*key+value)), make([]float32, 64*value)
	for i := range x {
		if x[i] = 0.5; i%(2*key+value) >= 2*key {
			x[i] = -3
		}
	}
	var in Operands[float32]
	in.Q, in.K, in.V = multihead.SplitHeads(x, 1, key, value)
	out := multihead.Packed(y, 1, value)
	carry := NewCarry(1, 1, key, value, false)
	step := func() { one.Forward(out, multihead.Rows[float32]{}, in, carry) }
	for read := 0; read < tokens; {
		if read%1000 < 680 && read+64 <= tokens {
			many.Forward(out, multihead.Rows[float32]{}, in, carry)
			read += 64
		} else {
			step()
			read++
		}
	}
	kerneltest.Near(t, "y", y[:value], []float32{-3, -3, -3}, 1e-5)
	for i, l := range carry.logs {
		want := 0.5 - 3 + math.Log(tokens)
		if i%(value+1) == value {
			want += 3
		}
		if math.Abs(l-want) > 1e-3 {
			t.Errorf("log sum %d is %v after a million tokens, want %v", i, l, want)
		}
	}
	if n := testing.AllocsPerRun(100, step); n > 0 {
		t.Errorf("%v allocations a token", n)
	}
}

// TestSubnormalSum: where the large values cancel exactly, what is left may be subnormal, and math.Log is wrong there on
// amd64.
func TestSubnormalSum(t *testing.T) {
	c := problem{name: "subnormal", b: 1, h: 1, tq: 3, k: 1, v: 1, signed: true}
	a := Naive{Tasks: 1, Queries: 3, Keys: 3, K: 1, V: 1, Causal: true,
		Q: make([]float64, 3), Key: make([]float64, 3), Value: []float64{0, 0, -720}, Sign: []float64{1, -1, 1}}
	r := newTrial[float64](c, a, make([]float64, 3), make([]float64, 2))
	r.run(false)
	kerneltest.Near(t, "y", r.y.Data[2:], []float64{-720 - math.Log(3)}, 1e-12)
}

// TestShowsNaN: what is not a number in the input is none in the output.
func TestShowsNaN(t *testing.T) {
	c := problem{name: "nan", b: 1, h: 1, tq: 70, k: 2, v: 2}
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		for name, change := range map[string]func(a *Naive){
			"q": func(a *Naive) { a.Q[66*2] = bad }, "k": func(a *Naive) { a.Key[66*2] = bad },
			"v": func(a *Naive) { a.Value[66*2] = bad },
		} {
			a, dy, dEnd := c.naive()
			change(&a)
			r := newTrial[float32](c, a, dy, dEnd)
			r.run(false)
			if y := float64(r.y.Data[66*2]); !math.IsNaN(y) && !math.IsInf(y, 1) {
				t.Errorf("%s = %v gives y = %v", name, bad, y)
			}
		}
	}
}

// TestSpreadsNaN: the outputs that depend on a NaN, and no others, and all gradients that do are NaN, at its own
// position too.
func TestSpreadsNaN(t *testing.T) {
	kerneltest.Both(t, testSpreadsNaN[float32], testSpreadsNaN[float64])
}

func testSpreadsNaN[F simd.Float](t *testing.T) {
	for _, c := range []problem{
		{tq: 1}, {tq: 1, signed: true}, {tq: 1, full: true}, {tq: 7}, {tq: 7, signed: true}, {tq: 7, full: true}, {tq: 7, full: true, signed: true},
		{tq: 70}, {tq: 70, signed: true, carried: true}, {tq: 70, full: true, carried: true},
	} {
		c.b, c.h, c.k, c.v = 1, 1, 2, 2
		c.name = fmt.Sprintf("%d positions, full %v, signed %v", c.tq, c.full, c.signed)
		t.Run(c.name, func(t *testing.T) {
			for _, at := range []int{0, c.tq / 2, c.tq - 1} {
				sees := func(query, key int) bool { return c.full || key <= query }
				for _, operand := range []string{"q", "k", "v", "dy"} {
					a, dy, dEnd := c.naive()
					map[string][]float64{"q": a.Q, "k": a.Key, "v": a.Value, "dy": dy}[operand][at*2] = math.NaN()
					r := newTrial[F](c, a, dy, dEnd)
					r.kernel.WantGradients()
					r.run(true)
					got := r.outcome()
					for pos := range c.tq {
						forward := map[string]bool{"q": pos == at, "k": sees(pos, at), "v": sees(pos, at)}[operand]
						backward := map[string]bool{"q": sees(at, pos), "k": pos == at, "v": pos == at, "dy": sees(at, pos)}[operand]
						if y := got["y"][pos*2]; forward != (y != y) {
							t.Errorf("NaN in %s at %d gives y[%d] = %v", operand, at, pos, y)
						}
						for _, d := range []string{"dq", "dk", "dv"} {
							g := got[d][pos*2]
							if depends := d == "dq" && (forward || operand == "dy" && pos == at) || d != "dq" && backward; depends && g == g {
								t.Errorf("NaN in %s at %d gives %s[%d] = %v", operand, at, d, pos, g)
							}
						}
					}
				}
			}
		})
	}
}

func TestWrongCarryPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	c := problem{name: "carry", b: 1, h: 1, tq: 2, k: 2, v: 2}
	a, dy, dEnd := c.naive()
	r := newTrial[float32](c, a, dy, dEnd)
	r.kernel.Forward(r.y, r.sign, r.x, NewCarry(1, 1, 2, 3, false))
}
