package recurrence

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"goomtrain/internal/gradcheck"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// form is one of the forms of the recurrence with operands drawn for it, rounded to float32 so that kernels of both
// types see the same numbers.
type form struct {
	kind string // full, linear, table, householder
	Size
	inner    int // E, symbols, or reflections
	operands map[string][]float64
	tokens   []int32
	reset    []int32
	dz       []float64
}

var kinds = []string{"full", "linear", "table", "householder"}

// newForm draws a form. Matrices and gates are multiplied by scaleA, u by scaleU.
func newForm(kind string, size Size, inner int, scaleA, scaleU float64) *form {
	f := &form{kind: kind, Size: size, inner: inner, operands: map[string][]float64{}}
	stream := fmt.Sprint(kind, size, inner)
	draw := func(name string, n int, scale float64) []float64 {
		x := kerneltest.Normal[float64](stream+name, n)
		for i := range x {
			x[i] = float64(float32(scale * x[i]))
		}
		f.operands[name] = x
		return x
	}
	steps, d := size.Batch*size.Time, size.Width
	matrix, spread := size.Heads*d*d, scaleA/math.Sqrt(float64(d))
	draw("u", steps*size.states()*d, scaleU)
	draw("x0", size.states()*d, 1)
	switch kind {
	case "full":
		draw("a", steps*matrix, spread)
	case "linear":
		draw("h", steps*inner, 1)
		draw("w", inner*matrix, 0.7*spread/math.Sqrt(float64(inner)))
	case "table":
		draw("table", inner*matrix, spread)
		for i := range steps {
			f.tokens = append(f.tokens, int32(i*5/3%inner))
		}
	case "householder":
		draw("k", steps*size.Heads*inner*d, 1)
		beta := draw("beta", steps*size.Heads*inner, 1)
		for i := range beta {
			beta[i] = float64(float32(1 + math.Tanh(beta[i])))
		}
		gate := draw("logGate", steps*size.Heads, 0.1)
		for i := range gate {
			gate[i] = float64(float32(gate[i] + math.Log(scaleA)))
		}
	}
	f.dz = draw("dz", len(f.operands["u"]), 1)
	delete(f.operands, "dz")
	return f
}

// resets makes a document begin at about every fifth step.
func (f *form) resets() *form {
	f.reset = resets(f.Batch * f.Time)
	return f
}

// resets returns n numbers of which about every fifth is not 0.
func resets(n int) []int32 {
	reset := make([]int32, n)
	for i := range reset {
		if i%5 == 2 || i%7 == 0 {
			reset[i] = int32(i + 1)
		}
	}
	return reset
}

// naive returns the definition for the operands.
func (f *form) naive() NaiveInput {
	r := NaiveInput{Size: f.Size, U: f.operands["u"], X0: f.operands["x0"], Reset: f.reset}
	d := f.Width
	n := f.Heads * d * d
	switch f.kind {
	case "full":
		r.A = NaiveMatrices(f.operands["a"], d)
	case "linear":
		w := f.operands["w"]
		for i := range f.Batch * f.Time {
			for m := range f.Heads {
				a := identity(d)
				for c := range f.inner {
					for e := range a {
						a[e].Add(a[e], times(number(f.operands["h"][i*f.inner+c]), number(w[c*n+m*d*d+e])))
					}
				}
				r.A = append(r.A, a)
			}
		}
	case "table":
		table := NaiveMatrices(f.operands["table"], d)
		for _, token := range f.tokens {
			r.A = append(r.A, table[int(token)*f.Heads:(int(token)+1)*f.Heads]...)
		}
	case "householder":
		r.A = NaiveHouseholder(f.operands["k"], f.operands["beta"], f.operands["logGate"], f.inner, d)
	}
	return r
}

// want returns z and the gradients by the definition.
func (f *form) want() map[string][]float64 {
	r := f.naive()
	du, dA, dx0 := r.Backward(f.dz)
	want := map[string][]float64{"z": r.Forward(r.Factors()), "du": du, "dx0": dx0}
	d, n := f.Width, f.Heads*f.Width*f.Width
	element := func(step, e int) *big.Float { return dA[step*f.Heads+e/(d*d)][e%(d*d)] }
	sum := func(count int, term func(i int) *big.Float) float64 {
		s := number(0)
		for i := range count {
			s.Add(s, term(i))
		}
		return float(s)
	}
	steps := f.Batch * f.Time
	switch f.kind {
	case "full":
		for i := range steps * n {
			want["da"] = append(want["da"], float(element(i/n, i%n)))
		}
	case "linear":
		for i := range steps * f.inner {
			want["dh"] = append(want["dh"], sum(n, func(e int) *big.Float {
				return times(element(i/f.inner, e), number(f.operands["w"][i%f.inner*n+e]))
			}))
		}
		for i := range f.inner * n {
			want["dw"] = append(want["dw"], sum(steps, func(step int) *big.Float {
				return times(element(step, i%n), number(f.operands["h"][step*f.inner+i/n]))
			}))
		}
	case "table":
		for i := range f.inner * n {
			want["dtable"] = append(want["dtable"], sum(steps, func(step int) *big.Float {
				if int(f.tokens[step]) != i/n {
					return number(0)
				}
				return element(step, i%n)
			}))
		}
	case "householder":
		want["dk"], want["dbeta"], want["dlogGate"] = NaiveHouseholderGrads(dA, f.operands["k"], f.operands["beta"], f.operands["logGate"], f.inner, d)
	}
	return want
}

// runner runs a kernel of a form on its operands, which may be changed between runs.
type runner[F simd.Float] struct {
	operands map[string][]F // and dz
	results  map[string][]F // z and the gradients
	forward  func(carry *Carry[F])
	backward func()
	walk     *walk[F]
}

func newRunner[F simd.Float](f *form) *runner[F] {
	r := &runner[F]{operands: map[string][]F{"dz": kerneltest.Narrow[F](f.dz)}, results: map[string][]F{"z": kerneltest.Poisoned[F](len(f.operands["u"]))}}
	for name, x := range f.operands {
		r.operands[name], r.results["d"+name] = kerneltest.Narrow[F](x), kerneltest.Poisoned[F](len(x))
	}
	in, out := r.operands, r.results
	switch f.kind {
	case "full":
		k := NewFull[F](f.Size)
		r.walk = k.walk
		r.forward = func(c *Carry[F]) { k.Forward(out["z"], in["u"], in["a"], in["x0"], f.reset, c) }
		r.backward = func() { k.Backward(out["du"], out["da"], out["dx0"], in["a"], out["z"], in["dz"]) }
	case "linear":
		k := newLinear[F](f.Size, f.inner, min(f.Time, 8))
		r.walk = k.walk
		r.forward = func(c *Carry[F]) { k.Forward(out["z"], in["u"], in["h"], in["w"], in["x0"], f.reset, c) }
		r.backward = func() { k.Backward(out["du"], out["dh"], out["dw"], out["dx0"], in["h"], in["w"], out["z"], in["dz"]) }
	case "table":
		k := NewTable[F](f.Size, f.inner)
		r.walk = k.walk
		r.forward = func(c *Carry[F]) { k.Forward(out["z"], in["u"], f.tokens, in["table"], in["x0"], f.reset, c) }
		r.backward = func() { k.Backward(out["du"], out["dtable"], out["dx0"], f.tokens, in["table"], out["z"], in["dz"]) }
	case "householder":
		k := NewHouseholder[F](f.Size, f.inner)
		r.walk = k.walk
		r.forward = func(c *Carry[F]) {
			k.Forward(out["z"], in["u"], in["k"], in["beta"], in["logGate"], in["x0"], f.reset, c)
		}
		r.backward = func() {
			k.Backward(out["du"], out["dk"], out["dbeta"], out["dlogGate"], out["dx0"], in["k"], in["beta"], out["z"], in["dz"])
		}
	}
	return r
}

var inputCases = []struct {
	name           string
	size           Size
	inner          int
	scaleA, scaleU float64
	reset          bool
	oneLoss        bool // dz is kept at the last step only
	forward        bool // gradients are sums of numbers that have no float
}{
	{name: "usual", size: Size{2, 20, 3, 2, 5}, inner: 3, scaleA: 1, scaleU: 1},
	{name: "one step", size: Size{1, 1, 1, 1, 1}, inner: 1, scaleA: 1, scaleU: 1},
	{name: "two steps", size: Size{3, 2, 1, 2, 4}, inner: 2, scaleA: 1, scaleU: 1},
	{name: "tasks of several heads", size: Size{8, 5, 3, 2, 3}, inner: 2, scaleA: 1e10, scaleU: 1, reset: true},
	{name: "less one", size: Size{2, 63, 9, 1, 2}, inner: 2, scaleA: 1, scaleU: 1},
	{name: "wide", size: Size{1, 9, 2, 1, 16}, inner: 3, scaleA: 1, scaleU: 1},
	{name: "wider", size: Size{1, 3, 1, 3, 33}, inner: 2, scaleA: 1, scaleU: 1},
	{name: "resets", size: Size{3, 21, 2, 2, 3}, inner: 3, scaleA: 1, scaleU: 1, reset: true},
	{name: "grows", size: Size{2, 100, 2, 1, 3}, inner: 2, scaleA: 20, scaleU: 1},
	{name: "shrinks", size: Size{2, 100, 2, 1, 3}, inner: 2, scaleA: 0.05, scaleU: 0},
	{name: "shrinks under small input", size: Size{1, 60, 2, 1, 3}, inner: 2, scaleA: 0.1, scaleU: 1e-20},
	{name: "huge A", size: Size{1, 30, 2, 2, 3}, inner: 2, scaleA: 1e30, scaleU: 1, reset: true},
	{name: "tiny A", size: Size{1, 30, 2, 2, 3}, inner: 2, scaleA: 1e-20, scaleU: 0},
	{name: "largest A", size: Size{1, 20, 2, 2, 3}, inner: 2, scaleA: 1e38, scaleU: 1},
	{name: "smallest A", size: Size{1, 20, 2, 2, 3}, inner: 2, scaleA: 1e-37, scaleU: 0, forward: true},
	{name: "huge u", size: Size{1, 30, 2, 2, 4}, inner: 2, scaleA: 1, scaleU: 1e30},
	{name: "one loss", size: Size{2, 90, 2, 1, 3}, inner: 2, scaleA: 2, scaleU: 1, oneLoss: true},
	{name: "one loss far away", size: Size{2, 90, 2, 1, 3}, inner: 2, scaleA: 1e10, scaleU: 1, oneLoss: true},
}

// TestInputEqualsNaive compares all forms with arithmetic of 200 bits.
func TestInputEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testInputEqualsNaive[float32], testInputEqualsNaive[float64])
}

func testInputEqualsNaive[F simd.Float](t *testing.T) {
	for _, c := range inputCases {
		for _, kind := range kinds {
			t.Run(c.name+"/"+kind, func(t *testing.T) {
				f := newForm(kind, c.size, c.inner, c.scaleA, c.scaleU)
				if c.reset {
					f.resets()
				}
				for i := range f.dz {
					if c.oneLoss && i/(f.states()*f.Width)%f.Time != f.Time-1 {
						f.dz[i] = 0
					}
				}
				want, r := f.want(), newRunner[F](f)
				for range 2 { // a second run finds used memory
					r.forward(nil)
					r.backward()
				}
				for name, x := range want {
					if name == "dk" { // along a single channel it is 0 and rounding
						kerneltest.Within(t, name, r.results[name], x, kerneltest.Tolerance[F](1e-3, 1e-10)*max(kerneltest.Largest(x), kerneltest.Largest(want["dbeta"])))
					} else if name == "z" {
						kerneltest.Near(t, name, r.results[name], x, kerneltest.Tolerance[F](1e-3, 1e-11))
					} else if !c.forward {
						nearSaturated(t, name, r.results[name], x, kerneltest.Tolerance[F](1e-3, 1e-10))
					}
				}
			})
		}
	}
}

// TestInputGradients compares the gradients of all forms with finite differences, the factors being held: the
// definition's own gradient, and by TestInputEqualsNaive that of the kernels.
func TestInputGradients(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			f := newForm(kind, Size{2, 6, 2, 2, 3}, 2, 1, 1).resets()
			want := f.want()
			factors := f.naive().Factors()
			for name, x := range f.operands {
				gradcheck.Check(t, name, func() float64 { return kerneltest.Dot(f.naive().Forward(factors), f.dz) }, x, want["d"+name], gradcheck.Options{Elements: 20})
			}
		})
	}
}
