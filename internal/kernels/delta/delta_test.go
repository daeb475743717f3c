package delta

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"goomtrain/internal/gradcheck"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// problem is one case; its numbers follow from its name.
type problem struct {
	name   string
	b, t   int
	sizes  Sizes
	gated  bool
	decay  float64 // of the usual token: its logarithm is uniform from -2 decay to 0
	keys   float64 // length of the keys; 0: 1
	values float64 // magnitude of the values and of the first state; 0: 1
	start  bool    // from a state
	beta   float64 // of all steps; 0: uniform from 0 to 2
}

func (c problem) naive() Naive {
	s := c.sizes.Check()
	normal := func(operand string, n int, by float64) []float64 {
		x := kerneltest.Normal[float64](c.name+operand, n)
		for i := range x {
			x[i] = float64(float32(x[i] * by)) // kernels of both types see the same numbers
		}
		return x
	}
	one := func(x float64) float64 {
		if x == 0 {
			return 1
		}
		return x
	}
	rows := c.b * c.t
	r := Naive{Sizes: s, B: c.b, T: c.t, X: Operands[float64]{Q: normal("q", rows*s.KeyHeads*s.DKey, 1), K: normal("k", rows*s.Steps*s.KeyHeads*s.DKey, 1),
		V: normal("v", rows*s.Steps*s.ValueHeads*s.DValue, one(c.values)), Beta: normal("beta", rows*s.Steps*s.ValueHeads, 1)}}
	for k := r.X.K; len(k) > 0; k = k[s.DKey:] {
		length := math.Sqrt(kerneltest.Dot(k[:s.DKey], k[:s.DKey]))
		for i := range s.DKey {
			k[i] = float64(float32(k[i] * one(c.keys) / length))
		}
	}
	for i, x := range r.X.Beta {
		if r.X.Beta[i] = c.beta; c.beta == 0 {
			r.X.Beta[i] = float64(float32(1 + math.Erf(x)))
		}
	}
	if c.gated {
		r.X.G = normal("g", rows*s.ValueHeads, 1)
		for i, x := range r.X.G {
			r.X.G[i] = float64(float32(-c.decay * (1 + math.Erf(x))))
		}
	}
	if c.start {
		r.Start = normal("start", c.b*s.ValueHeads*s.DKey*s.DValue, one(c.values))
	}
	return r
}

var cases = []problem{
	{name: "usual", b: 2, t: 20, sizes: Sizes{KeyHeads: 3, ValueHeads: 3, DKey: 5, DValue: 4}},
	{name: "one token", b: 1, t: 1, sizes: Sizes{KeyHeads: 1, ValueHeads: 1, DKey: 1, DValue: 1}, gated: true, decay: 1, start: true},
	{name: "two tokens", b: 3, t: 2, sizes: Sizes{KeyHeads: 1, ValueHeads: 1, DKey: 3, DValue: 9}, gated: true, decay: 1, start: true},
	{name: "gated", b: 2, t: 63, sizes: Sizes{KeyHeads: 2, ValueHeads: 2, DKey: 8, DValue: 16}, gated: true, decay: 0.05, start: true},
	{name: "product", b: 2, t: 31, sizes: Sizes{KeyHeads: 2, ValueHeads: 2, DKey: 7, DValue: 6, Steps: 3, Scale: 0.3}, start: true},
	{name: "gated product", b: 1, t: 30, sizes: Sizes{KeyHeads: 2, ValueHeads: 2, DKey: 16, DValue: 20, Steps: 2}, gated: true, decay: 0.1},
	{name: "grouped", b: 2, t: 9, sizes: Sizes{KeyHeads: 2, ValueHeads: 6, DKey: 6, DValue: 5}, gated: true, decay: 0.5, start: true},
	{name: "grouped product", b: 2, t: 9, sizes: Sizes{KeyHeads: 1, ValueHeads: 2, DKey: 4, DValue: 3, Steps: 2}, gated: true, decay: 0.5},
	{name: "wide values", b: 1, t: 17, sizes: Sizes{KeyHeads: 1, ValueHeads: 1, DKey: 9, DValue: 75}, gated: true, decay: 0.2, start: true},
	{name: "wide keys", b: 1, t: 17, sizes: Sizes{KeyHeads: 2, ValueHeads: 2, DKey: 75, DValue: 9}, gated: true, decay: 0.2, start: true},
	{name: "32 by 32", b: 2, t: 64, sizes: Sizes{KeyHeads: 2, ValueHeads: 2, DKey: 32, DValue: 32}, start: true},
	{name: "64 by 64", b: 1, t: 300, sizes: Sizes{KeyHeads: 1, ValueHeads: 1, DKey: 64, DValue: 64}, gated: true, decay: 0.03},
	{name: "reflections", b: 1, t: 100, sizes: Sizes{KeyHeads: 2, ValueHeads: 2, DKey: 8, DValue: 8}, beta: 2, start: true},
	{name: "strong decays", b: 1, t: 63, sizes: Sizes{KeyHeads: 2, ValueHeads: 2, DKey: 8, DValue: 8}, gated: true, decay: 30, start: true},
	{name: "huge values", b: 1, t: 40, sizes: Sizes{KeyHeads: 1, ValueHeads: 1, DKey: 8, DValue: 8}, gated: true, decay: 0.1, values: 1e15, start: true},
	{name: "tiny values", b: 1, t: 40, sizes: Sizes{KeyHeads: 1, ValueHeads: 1, DKey: 8, DValue: 8}, gated: true, decay: 0.1, values: 1e-15, start: true},
	{name: "short keys", b: 1, t: 40, sizes: Sizes{KeyHeads: 1, ValueHeads: 1, DKey: 8, DValue: 8}, gated: true, decay: 0.1, keys: 1e-12, start: true},
	{name: "long keys", b: 1, t: 6, sizes: Sizes{KeyHeads: 1, ValueHeads: 1, DKey: 8, DValue: 8}, gated: true, decay: 0.1, keys: 30, start: true},
}

// result is all that a kernel computes, by name.
type result[F simd.Float] map[string][]F

// newResult returns results of NaN.
func newResult[F simd.Float](r Naive) result[F] {
	states := r.B * r.ValueHeads * r.DKey * r.DValue
	return result[F]{"o": kerneltest.Poisoned[F](r.B * r.T * r.ValueHeads * r.DValue), "last": kerneltest.Poisoned[F](states), "dfirst": kerneltest.Poisoned[F](states),
		"dq": kerneltest.Poisoned[F](len(r.X.Q)), "dk": kerneltest.Poisoned[F](len(r.X.K)), "dv": kerneltest.Poisoned[F](len(r.X.V)), "dbeta": kerneltest.Poisoned[F](len(r.X.Beta)), "dg": kerneltest.Poisoned[F](len(r.X.G))}
}

func (x result[F]) grad(r Naive) Operands[F] {
	g := Operands[F]{Q: x["dq"], K: x["dk"], V: x["dv"], Beta: x["dbeta"]}
	if r.X.G != nil {
		g.G = x["dg"]
	}
	return g
}

func narrow[F simd.Float](x Operands[float64]) Operands[F] {
	y := Operands[F]{Q: kerneltest.Narrow[F](x.Q), K: kerneltest.Narrow[F](x.K), V: kerneltest.Narrow[F](x.V), Beta: kerneltest.Narrow[F](x.Beta)}
	if x.G != nil {
		y.G = kerneltest.Narrow[F](x.G)
	}
	return y
}

// run computes everything with a kernel; dlast may be nil.
func run[F simd.Float](k *Kernel[F], r Naive, do, dlast []float64) result[F] {
	out, x := newResult[F](r), narrow[F](r.X)
	carry := NewCarry[F](r.B, r.Sizes)
	copy(carry.state, kerneltest.Narrow[F](r.Start))
	var last []F
	if dlast != nil {
		last = kerneltest.Narrow[F](dlast)
	}
	k.WantGradients()
	k.Forward(out["o"], x, carry)
	copy(out["last"], carry.state)
	k.Backward(out.grad(r), x, kerneltest.Narrow[F](do), last, out["dfirst"])
	return out
}

// wanted computes the same by the definition.
func wanted(r Naive, do, dlast []float64) result[float64] {
	o, last := r.Forward()
	g, dfirst := r.Backward(do, dlast)
	return result[float64]{"o": o, "last": last, "dfirst": dfirst, "dq": g.Q, "dk": g.K, "dv": g.V, "dbeta": g.Beta, "dg": g.G}
}

// cotangents returns the gradients of the output and of the last states.
func (c problem) cotangents(r Naive) (do, dlast []float64) {
	return kerneltest.Widen(kerneltest.Normal[float32](c.name+"do", r.B*r.T*r.ValueHeads*r.DValue)), kerneltest.Widen(kerneltest.Normal[float32](c.name+"dlast", r.B*r.ValueHeads*r.DKey*r.DValue))
}

func TestEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testEqualsNaive[float32], testEqualsNaive[float64])
}

func testEqualsNaive[F simd.Float](t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := c.naive()
			do, dlast := c.cotangents(r)
			k := New[F](c.b, c.t, c.sizes)
			for _, dlast := range [][]float64{dlast, nil} { // the second run finds used buffers
				got, want := run(k, r, do, dlast), wanted(r, do, dlast)
				for name := range want {
					kerneltest.Near(t, name, got[name], want[name], kerneltest.Tolerance[F](2e-4, 1e-12))
				}
			}
		})
	}
}

// TestWithoutCarry: training begins at 0, also after a run that did not, and needs neither a carry nor gradients of
// states.
func TestWithoutCarry(t *testing.T) {
	c := cases[3]
	r := c.naive()
	do, _ := c.cotangents(r)
	k := New[float64](c.b, c.t, c.sizes)
	run(k, r, do, nil)
	r.Start = nil
	want, got := wanted(r, do, nil), newResult[float64](r)
	k.Forward(got["o"], r.X, nil)
	k.Backward(got.grad(r), r.X, do, nil, nil)
	for _, name := range []string{"o", "dq", "dk", "dv", "dbeta", "dg"} {
		kerneltest.Near(t, name, got[name], want[name], 1e-12)
	}
	o := kerneltest.Poisoned[float64](len(do))
	New[float64](c.b, c.t, c.sizes).Forward(o, r.X, nil) // without gradients
	kerneltest.Identical(t, "o without gradients", o, got["o"])
}

// TestNaiveGradient compares the gradients of the definition with finite differences.
func TestNaiveGradient(t *testing.T) {
	for _, i := range []int{1, 2, 3, 5, 6} {
		c := cases[i]
		c.start = true
		r := c.naive()
		do, dlast := c.cotangents(r)
		g, dfirst := r.Backward(do, dlast)
		loss := func() float64 {
			o, last := r.Forward()
			return kerneltest.Dot(o, do) + kerneltest.Dot(last, dlast)
		}
		for _, x := range []struct {
			name     string
			x, wants []float64
		}{{"q", r.X.Q, g.Q}, {"k", r.X.K, g.K}, {"v", r.X.V, g.V}, {"beta", r.X.Beta, g.Beta}, {"g", r.X.G, g.G}, {"first", r.Start, dfirst}} {
			gradcheck.Check(t, c.name+" "+x.name, loss, x.x, x.wants, gradcheck.Options{Elements: 40})
		}
	}
}

// TestStrongDecays: the gradient of g has the digits of float32 relative to its own largest entry, also where all decays
// are so strong that it is far below the other gradients.
func TestStrongDecays(t *testing.T) {
	c := problem{name: "decays of e^-20", b: 1, t: 40, sizes: Sizes{KeyHeads: 2, ValueHeads: 2, DKey: 8, DValue: 8}, gated: true, decay: 1e-3}
	r := c.naive()
	for i := range r.X.G {
		r.X.G[i] -= 20
	}
	do, _ := c.cotangents(r)
	got, want := run(New[float32](c.b, c.t, c.sizes), r, do, nil), wanted(r, do, nil)
	if ratio := kerneltest.Largest(want["dg"]) / kerneltest.Largest(want["dk"]); ratio > 1e-8 {
		t.Fatalf("gradients of g are %g of those of k: too large for this test", ratio)
	}
	kerneltest.Near(t, "dg", got["dg"], want["dg"], 1e-5)
}

// TestExact: decays of 0 and 1, betas of 0, 1 and 2 and keys of zeros do what they should without rounding.
func TestExact(t *testing.T) {
	c := problem{name: "exact", b: 1, t: 1, sizes: Sizes{KeyHeads: 1, ValueHeads: 1, DKey: 3, DValue: 2, Scale: 1}, start: true, gated: true}
	for name, x := range map[string]struct {
		k        []float64
		g, beta  float64
		wantLast func(start, v []float64) []float64
	}{
		"nothing":      {[]float64{0, 1, 0}, 0, 0, func(s, _ []float64) []float64 { return s }},
		"zero key":     {[]float64{0, 0, 0}, 0, 2, func(s, _ []float64) []float64 { return s }},
		"replaces":     {[]float64{0, 1, 0}, 0, 1, func(s, v []float64) []float64 { return []float64{s[0], s[1], v[0], v[1], s[4], s[5]} }},
		"forgets":      {[]float64{0, 1, 0}, math.Inf(-1), 1, func(_, v []float64) []float64 { return []float64{0, 0, v[0], v[1], 0, 0} }},
		"forgets, too": {[]float64{0, 1, 0}, math.Inf(-1), 0, func(_, _ []float64) []float64 { return make([]float64, 6) }},
	} {
		t.Run(name, func(t *testing.T) {
			r := c.naive()
			r.X.K, r.X.G, r.X.Beta = x.k, []float64{x.g}, []float64{x.beta}
			do, dlast := c.cotangents(r)
			want := x.wantLast(r.Start, r.X.V)
			single, double := run(New[float32](1, 1, c.sizes), r, do, dlast), run(New[float64](1, 1, c.sizes), r, do, dlast)
			kerneltest.Near(t, "last", double["last"], want, 0)
			kerneltest.Near(t, "last in float32", single["last"], want, 1e-7)
			if math.IsInf(x.g, 0) && (single["dg"][0] != 0 || double["dg"][0] != 0) {
				t.Errorf("the gradient of a decay of 0 is %v, in float32 %v", double["dg"], single["dg"])
			}
		})
	}
	reflected := c.naive()
	reflected.X.K, reflected.X.G, reflected.X.Beta, reflected.X.V = []float64{0, 1, 0}, nil, []float64{2}, []float64{0, 0}
	s := reflected.Start
	_, last := reflected.Forward()
	kerneltest.Near(t, "a reflection", last, []float64{s[0], s[1], -s[2], -s[3], s[4], s[5]}, 0)
}

// TestStreaming: stretches of a sequence give the bits of the whole.
func TestStreaming(t *testing.T) {
	kerneltest.Both(t, testStreaming[float32], testStreaming[float64])
}

func testStreaming[F simd.Float](t *testing.T) {
	for _, i := range []int{3, 5, 7, 8, 9, 10} {
		c := cases[i]
		r := c.naive()
		do, _ := c.cotangents(r)
		whole := run(New[F](c.b, c.t, c.sizes), r, do, nil)
		for _, length := range []int{1, 5} {
			carry := NewCarry[F](c.b, c.sizes)
			copy(carry.state, kerneltest.Narrow[F](r.Start))
			x, width := narrow[F](r.X), r.ValueHeads*r.DValue
			for from := 0; from < c.t; from += length {
				n := min(length, c.t-from)
				o := kerneltest.Poisoned[F](c.b * n * width)
				New[F](c.b, n, c.sizes).Forward(o, positions(x, c.b, c.t, from, from+n), carry)
				kerneltest.Identical(t, fmt.Sprintf("%s, o from %d in stretches of %d", c.name, from, length), o, kerneltest.Positions(whole["o"], c.b, width, from, from+n))
			}
			kerneltest.Identical(t, c.name+", last states", carry.state, whole["last"])
		}
	}
}

// positions returns tokens lo to hi of the operands of that many sequences and tokens.
func positions[F simd.Float](x Operands[F], batch, time, lo, hi int) Operands[F] {
	part := func(x []F) []F { return kerneltest.Positions(x, batch, len(x)/(batch*time), lo, hi) }
	y := Operands[F]{Q: part(x.Q), K: part(x.K), V: part(x.V), Beta: part(x.Beta)}
	if x.G != nil {
		y.G = part(x.G)
	}
	return y
}

// TestCarry: Reset begins again, and Arrays shares the memory.
func TestCarry(t *testing.T) {
	sizes := Sizes{KeyHeads: 1, ValueHeads: 2, DKey: 3, DValue: 5}
	c := NewCarry[float32](4, sizes)
	a := c.Arrays("layer.")
	if len(a) != 1 || a[0].Name != "layer.state" || !slices.Equal(a[0].Shape, []int{4, 2, 3, 5}) {
		t.Errorf("arrays %v", a)
	}
	state := a[0].Data.([]float32)
	state[7] = 1
	if c.state[7] != 1 {
		t.Error("Arrays does not share the memory of the carry")
	}
	c.Reset()
	kerneltest.Identical(t, "state", state, make([]float32, 4*2*3*5))
	kerneltest.Panics(t, "a carry of another batch", func() {
		x := make([]float32, 3*2*5)
		New[float32](3, 1, sizes).Forward(x, Operands[float32]{x, x, x, x, nil}, c)
	})
}

func TestSizes(t *testing.T) {
	s := Sizes{KeyHeads: 2, ValueHeads: 4, DKey: 16, DValue: 1}.Check()
	if s.Steps != 1 || s.Scale != 0.25 {
		t.Errorf("%+v, want 1 step and a scale of 1/4", s)
	}
	for name, change := range map[string]func(s *Sizes){
		"no key head": func(s *Sizes) { s.KeyHeads = 0 }, "no value head": func(s *Sizes) { s.ValueHeads = 0 }, "no key": func(s *Sizes) { s.DKey = 0 },
		"no value": func(s *Sizes) { s.DValue = 0 }, "negative steps": func(s *Sizes) { s.Steps = -1 }, "no multiple": func(s *Sizes) { s.ValueHeads = 3 },
	} {
		bad := s
		change(&bad)
		kerneltest.Panics(t, name, func() { bad.Check() })
	}
	kerneltest.Panics(t, "no sequence", func() { New[float32](0, 1, s) })
	kerneltest.Panics(t, "no token", func() { New[float32](1, 0, s) })
}

// TestThreads: the same bits on any number of threads.
func TestThreads(t *testing.T) {
	for _, i := range []int{3, 6, 8, 9} {
		c := cases[i]
		r := c.naive()
		do, dlast := c.cotangents(r)
		var want result[float32]
		kerneltest.OnThreads(t, func(t *testing.T) {
			got := run(New[float32](c.b, c.t, c.sizes), r, do, dlast)
			if want == nil {
				want = got
			}
			for name := range want {
				kerneltest.Identical(t, c.name+" "+name, got[name], want[name])
			}
		})
	}
}

func TestAllocatesNothing(t *testing.T) {
	for _, i := range []int{3, 6} {
		c := cases[i]
		r := c.naive()
		do, _ := c.cotangents(r)
		k, x, out, carry := New[float32](c.b, c.t, c.sizes), narrow[float32](r.X), newResult[float32](r), NewCarry[float32](c.b, c.sizes)
		k.WantGradients()
		grad, cotangent := out.grad(r), kerneltest.Narrow[float32](do)
		kerneltest.AllocatesNothing(t, c.name, func() {
			k.Forward(out["o"], x, carry)
			k.Backward(grad, x, cotangent, nil, nil)
		})
	}
}

// TestNaN: a NaN reaches all that depends on it, and of the outputs nothing before it.
func TestNaN(t *testing.T) {
	kerneltest.Both(t, testNaN[float32], testNaN[float64])
}

func testNaN[F simd.Float](t *testing.T) {
	const time, steps, width, values = 7, 2, 3, 10
	c := problem{name: "NaN", b: 1, t: time, sizes: Sizes{KeyHeads: 1, ValueHeads: 1, DKey: width, DValue: values, Steps: steps}, gated: true, decay: 0.2, start: true}
	r := c.naive()
	do, dlast := c.cotangents(r)
	k := New[F](c.b, c.t, c.sizes)
	rows := map[string]int{"q": width, "do": values, "g": 1, "dq": width, "dg": 1, "o": values, "k": steps * width, "v": steps * values, "beta": steps, "dk": steps * width, "dv": steps * values, "dbeta": steps}
	kerneltest.SpreadsNaN(t, map[string][]float64{"q": r.X.Q, "k": r.X.K, "v": r.X.V, "beta": r.X.Beta, "g": r.X.G, "start": r.Start, "do": do, "dlast": dlast}, func() map[string][]float64 {
		out := map[string][]float64{}
		for name, x := range run(k, r, do, dlast) {
			out[name] = kerneltest.Widen(x)
		}
		return out
	}, func(out string, o int, in string, i int) bool {
		forward := out == "o" || out == "last"
		from, to := time, time // tokens
		if n := rows[in]; n > 0 {
			from = i / n
		} else if in == "start" {
			from = -1
		}
		if n := rows[out]; n > 0 {
			to = o / n
		} else if out == "dfirst" {
			to = -1
		}
		sameColumn := in != "v" && in != "start" && in != "do" && in != "dlast" || o%values == i%values
		switch {
		case forward:
			return in != "do" && in != "dlast" && sameColumn && (in == "q" && from == to && out == "o" || in != "q" && from <= to)
		case in == "do" || in == "dlast":
			return out != "dq" && from > to && (out != "dv" && out != "dfirst" || sameColumn) || out == "dq" && from == to
		case in == "v" || in == "start": // r, and the states from there on
			return from < to && out != "dv" && out != "dfirst"
		case in == "q":
			return from > to && out != "dq"
		}
		return from > to && out != "dq" || from < to && out != "dv" && out != "dfirst" // k, beta, g
	})
	for name, x := range map[string][]float64{"k": r.X.K, "v": r.X.V, "beta": r.X.Beta, "g": r.X.G} {
		for i, was := range x {
			x[i] = math.NaN()
			o := run(k, r, do, dlast)["o"]
			for j := range i / rows[name] * values {
				if o[j] != o[j] {
					t.Fatalf("NaN at %s[%d] gives o[%d] = NaN", name, i, j)
				}
			}
			x[i] = was
		}
	}
}
