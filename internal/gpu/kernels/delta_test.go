package kernels

import (
	"math"
	"slices"
	"testing"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/emulated"
	host "goomtrain/internal/kernels/delta"
)

// deltaCase is one case; see problem in internal/kernels/delta.
type deltaCase struct {
	name   string
	b, t   int
	sizes  host.Sizes
	gated  bool
	decay  float64 // of the usual token: its logarithm is uniform from -2 decay to 0
	keys   float64 // length of the keys; 0: 1
	values float64 // magnitude of the values; 0: 1
	beta   float64 // of all steps; 0: uniform from 0 to 2
}

func heads(key, value, k, v, steps int) host.Sizes {
	return host.Sizes{KeyHeads: key, ValueHeads: value, DKey: k, DValue: v, Steps: steps}
}

var deltaCases = []deltaCase{
	{name: "usual", b: 2, t: 20, sizes: heads(3, 3, 5, 4, 1)},
	{name: "one token", b: 1, t: 1, sizes: heads(1, 1, 1, 1, 1), gated: true, decay: 1},
	{name: "two tokens", b: 3, t: 2, sizes: heads(1, 1, 3, 9, 1), gated: true, decay: 1},
	{name: "gated", b: 2, t: 63, sizes: heads(2, 2, 8, 16, 1), gated: true, decay: 0.05},
	{name: "product", b: 2, t: 31, sizes: host.Sizes{KeyHeads: 2, ValueHeads: 2, DKey: 7, DValue: 6, Steps: 3, Scale: 0.3}},
	{name: "gated product", b: 1, t: 30, sizes: heads(2, 2, 16, 20, 2), gated: true, decay: 0.1},
	{name: "grouped", b: 2, t: 9, sizes: heads(2, 6, 6, 5, 1), gated: true, decay: 0.5},
	{name: "grouped product", b: 2, t: 9, sizes: heads(1, 2, 4, 3, 2), gated: true, decay: 0.5},
	{name: "wide values", b: 1, t: 17, sizes: heads(1, 1, 9, 75, 1), gated: true, decay: 0.2},
	{name: "wide keys", b: 1, t: 17, sizes: heads(2, 2, 75, 9, 1), gated: true, decay: 0.2},
	{name: "two blocks", b: 1, t: 33, sizes: heads(1, 1, 33, 40, 1), gated: true, decay: 0.03},
	{name: "reflections", b: 1, t: 100, sizes: heads(2, 2, 8, 8, 1), beta: 2},
	{name: "strong decays", b: 1, t: 63, sizes: heads(2, 2, 8, 8, 1), gated: true, decay: 30},
	{name: "huge values", b: 1, t: 40, sizes: heads(1, 1, 8, 8, 1), gated: true, decay: 0.1, values: 1e15},
	{name: "tiny values", b: 1, t: 40, sizes: heads(1, 1, 8, 8, 1), gated: true, decay: 0.1, values: 1e-15},
	{name: "short keys", b: 1, t: 40, sizes: heads(1, 1, 8, 8, 1), gated: true, decay: 0.1, keys: 1e-12},
	{name: "long keys", b: 1, t: 6, sizes: heads(1, 1, 8, 8, 1), gated: true, decay: 0.1, keys: 30},
}

// draw returns the operands and the gradient of the output.
func (c deltaCase) draw() (x host.Operands[float32], do []float32) {
	s, rows, seed := c.sizes.Check(), c.b*c.t, uint64(len(c.name)+100*c.t)
	numbers := func(n int, f func(x float64) float64) []float32 {
		seed++
		x := normal(seed, n)
		for i, v := range x {
			x[i] = float32(f(float64(v)))
		}
		return x
	}
	one := func(x float64) float64 {
		if x == 0 {
			return 1
		}
		return x
	}
	x.Q, do = numbers(rows*s.KeyHeads*s.DKey, func(x float64) float64 { return x }), normal(1, rows*s.ValueHeads*s.DValue)
	x.K = numbers(rows*s.Steps*s.KeyHeads*s.DKey, func(x float64) float64 { return x })
	for k := x.K; len(k) > 0; k = k[s.DKey:] {
		length := 0.0
		for _, v := range k[:s.DKey] {
			length += float64(v) * float64(v)
		}
		for i := range s.DKey {
			k[i] *= float32(one(c.keys) / math.Sqrt(length))
		}
	}
	x.V = numbers(rows*s.Steps*s.ValueHeads*s.DValue, func(x float64) float64 { return x * one(c.values) })
	x.Beta = numbers(rows*s.Steps*s.ValueHeads, func(x float64) float64 {
		if c.beta != 0 {
			return c.beta
		}
		return 1 + math.Erf(x)
	})
	if c.gated {
		x.G = numbers(rows*s.ValueHeads, func(x float64) float64 { return -c.decay * (1 + math.Erf(x)) })
	}
	return x, do
}

// deltaResult is all that a kernel computes, by name.
type deltaResult map[string][]float32

func (c deltaCase) run(t *testing.T, x host.Operands[float32], do []float32) deltaResult {
	t.Helper()
	b, s := newBench(t), c.sizes.Check()
	k := NewDelta(b.Scope, c.b, c.t, DeltaSizes{s.KeyHeads, s.ValueHeads, s.DKey, s.DValue, s.Steps, s.Scale})
	in := DeltaOperands{Q: put(b, x.Q), K: put(b, x.K), V: put(b, x.V), Beta: put(b, x.Beta)}
	grad := DeltaOperands{Q: room(b, len(x.Q)), K: room(b, len(x.K)), V: room(b, len(x.V)), Beta: room(b, len(x.Beta))}
	if x.G != nil {
		in.G, grad.G = put(b, x.G), room(b, len(x.G))
	}
	o := room(b, len(do))
	k.Forward(o, in)
	without := get[float32](b, o, len(do))
	k.WantGradients()
	for range 2 { // a second run finds used memory
		k.Forward(o, in)
		k.Backward(grad, in, put(b, do))
	}
	got := deltaResult{"o": get[float32](b, o, len(do)), "dq": get[float32](b, grad.Q, len(x.Q)), "dk": get[float32](b, grad.K, len(x.K)),
		"dv": get[float32](b, grad.V, len(x.V)), "dbeta": get[float32](b, grad.Beta, len(x.Beta)), "dg": get[float32](b, grad.G, len(x.G))}
	same(t, "o without gradients", without, got["o"])
	return got
}

// TestDelta compares with the definition in float64.
func TestDelta(t *testing.T) {
	for _, c := range deltaCases {
		t.Run(c.name, func(t *testing.T) {
			x, do := c.draw()
			n := host.Naive{Sizes: c.sizes.Check(), B: c.b, T: c.t, X: host.Operands[float64]{Q: wide(x.Q), K: wide(x.K), V: wide(x.V), Beta: wide(x.Beta)}}
			if c.gated {
				n.X.G = wide(x.G)
			}
			o, _ := n.Forward()
			g, _ := n.Backward(wide(do), nil)
			got := c.run(t, x, do)
			for name, want := range map[string][]float64{"o": o, "dq": g.Q, "dk": g.K, "dv": g.V, "dbeta": g.Beta, "dg": g.G} {
				most := 2e-6
				if c.keys > 1 { // each step multiplies what was rounded by up to 900
					most = 1e-4
				}
				near(t, name, got[name], want, most)
			}
		})
	}
}

// TestDeltaForgets: a decay of 0 leaves nothing of what was before, and no gradient to it.
func TestDeltaForgets(t *testing.T) {
	c := deltaCase{name: "forgets", b: 1, t: 20, sizes: heads(1, 1, 3, 2, 1), gated: true, decay: 0.1}
	x, do := c.draw()
	x.G[10] = float32(math.Inf(-1))
	got := c.run(t, x, do)
	changed := x
	changed.V = slices.Clone(x.V)
	changed.V[2*5] += 3
	other := c.run(t, changed, do)
	same(t, "o from the decay on", other["o"][10*2:], got["o"][10*2:])
	for i := range 10 {
		do[i*2], do[i*2+1] = 0, 0
	}
	for name, d := range c.run(t, x, do) {
		if name != "o" && slices.ContainsFunc(d[:10*len(d)/20], func(v float32) bool { return v != 0 }) {
			t.Errorf("%s before the decay is %v", name, d[:10*len(d)/20])
		}
	}
}

// TestDeltaNaN: a NaN reaches the outputs from its token on, and no others.
func TestDeltaNaN(t *testing.T) {
	c := deltaCase{name: "nan", b: 1, t: 20, sizes: heads(2, 2, 3, 2, 1), gated: true, decay: 0.1}
	x, do := c.draw()
	clean := c.run(t, x, do)["o"]
	x.K[(7*2+1)*3] = float32(math.NaN())
	for i, v := range c.run(t, x, do)["o"] {
		if want := i/4 >= 7 && i%4 >= 2; want != (v != v) || !want && v != clean[i] {
			t.Errorf("o[%d] = %v, without NaN %v", i, v, clean[i])
		}
	}
}

// TestDeltaWidth: what the kernels do not have room for is refused.
func TestDeltaWidth(t *testing.T) {
	q := gpu.NewQueue(emulated.New())
	k := NewDelta(q.NewScope(), 1, 1, DeltaSizes{1, 1, 129, 4, 1, 1})
	k.WantGradients()
	const want = "gpu: the delta rule has keys of 129 and values of 4 numbers: a GPU has them up to 128"
	if err := q.Err(); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
