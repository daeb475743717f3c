package goom

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"goomtrain/internal/simd/floats"
	"goomtrain/rng"
)

// NaN in, NaN out: the results of every operation that depend on a NaN are NaN, and the others do not change.

// poison is an operation on tensors of these shapes; reads says whether an element of the result depends on one of
// operand k.
type poison[F Float] struct {
	name   string
	shapes [][]int
	run    func(x []Tensor[F]) []F
	reads  func(out, k, in int) bool
}

func itself(out, _, in int) bool { return out == in }

func logsOnly[F Float](f func(x []Tensor[F]) Tensor[F]) func(x []Tensor[F]) []F {
	return func(x []Tensor[F]) []F { return f(x).Log }
}

func poisons[F Float]() []poison[F] {
	const n, k, m = 2, 3, 4
	sums := func(kind Kind) func(x []Tensor[F]) []F {
		return logsOnly(func(x []Tensor[F]) Tensor[F] { return along(x[0], 1, kind) })
	}
	row := func(out, _, in int) bool { return out == in/k }
	inRow := func(out, _, in int) bool { return out/k == in/k }
	before := func(out, _, in int) bool { return out/k == in/k && in <= out }
	product := func(out, op, in int) bool { return op == 0 && out/m == in/k || op == 1 && out%m == in%m }
	// Element (t, i, j) of a scan of 3 matrices: of earlier ones every element may count in its row or column.
	scan := func(out, op, in int) bool {
		const d = 2
		if op == 0 { // A
			return in/(d*d) < out/(d*d) || in/(d*d) == out/(d*d) && in%d == out%d
		}
		row := func(at int) int { return at / d % d }
		if op == 2 { // x0
			return row(in) == row(out)
		}
		return row(in) == row(out) && (in/(d*d) < out/(d*d) || in == out)
	}
	prefix := func(out, op, in int) bool {
		const d = 2
		if in < d*d { // the first matrix: the others multiply its rows from the right
			return in/d == out%(d*d)/d && (out >= d*d || in == out)
		}
		return scan(out, op, in)
	}
	return []poison[F]{
		{"Add", [][]int{{n, k}, {n, k}}, logsOnly(func(x []Tensor[F]) Tensor[F] { return Add(x[0], x[1]) }), itself},
		{"Sub", [][]int{{n, k}, {n, k}}, logsOnly(func(x []Tensor[F]) Tensor[F] { return Sub(x[0], x[1]) }), itself},
		{"Mul", [][]int{{n, k}, {n, k}}, logsOnly(func(x []Tensor[F]) Tensor[F] { return Mul(x[0], x[1]) }), itself},
		{"Div", [][]int{{n, k}, {n, k}}, logsOnly(func(x []Tensor[F]) Tensor[F] { return Div(x[0], x[1]) }), itself},
		{"Neg", [][]int{{n, k}}, logsOnly(func(x []Tensor[F]) Tensor[F] { return Neg(x[0]) }), itself},
		{"Real", [][]int{{n, k}}, func(x []Tensor[F]) []F { return x[0].Real() }, itself},
		{"Number", [][]int{{n, k}}, logsOnly(func(x []Tensor[F]) Tensor[F] {
			y := New[F](n, k)
			for i := range y.Log {
				y.Set(i, x[0].At(i))
			}
			return y
		}), itself},
		{"FiniteLogs", [][]int{{n, k}}, logsOnly(func(x []Tensor[F]) Tensor[F] { y := x[0].Clone(); y.FiniteLogs(); return y }), itself},
		{"LogSumExp", [][]int{{n, k}}, sums(Total), row},
		{"LogMeanExp", [][]int{{n, k}}, sums(Mean), row},
		{"LogCumSumExp", [][]int{{n, k}}, sums(RunningSum), before},
		{"LogCumMeanExp", [][]int{{n, k}}, sums(RunningMean), before},
		{"Scale", [][]int{{n, k}}, logsOnly(func(x []Tensor[F]) Tensor[F] { return Scale(x[0], 1, 2) }), inRow},
		{"ScaledExp", [][]int{{n, k}}, func(x []Tensor[F]) []F { return ScaledExp(x[0], 1, 2) }, inRow},
		{"RMSNorm", [][]int{{n, k}}, logsOnly(func(x []Tensor[F]) Tensor[F] { return RMSNorm(x[0], 1) }), inRow},
		{"UnitSquash", [][]int{{n, k}}, logsOnly(func(x []Tensor[F]) Tensor[F] { return UnitSquash(x[0]) }), itself},
		{"UnitSquashGrad", [][]int{{n, k}}, func(x []Tensor[F]) []F { return UnitSquashGrad(x[0], ones[F](n*k)) }, itself},
		{"LMME", [][]int{{n, k}, {k, m}}, logsOnly(func(x []Tensor[F]) Tensor[F] { return LMME(x[0], x[1]) }), product},
		{"LMMEExact", [][]int{{n, k}, {k, m}}, logsOnly(func(x []Tensor[F]) Tensor[F] { return LMMEExact(x[0], x[1]) }), product},
		{"large LMME", [][]int{{600, 60}, {60, 60}}, logsOnly(func(x []Tensor[F]) Tensor[F] { return LMME(x[0], x[1]) }),
			func(out, op, in int) bool { return op == 0 && out/60 == in/60 || op == 1 && out%60 == in%60 }},
		{"PrefixProducts", [][]int{{3, 2, 2}}, logsOnly(func(x []Tensor[F]) Tensor[F] { return PrefixProducts(x[0]) }), prefix},
		{"AffineScan", [][]int{{3, 2, 2}, {3, 2, 2}, {2, 2}}, logsOnly(func(x []Tensor[F]) Tensor[F] { return AffineScan(x[0], x[1], x[2]) }), scan},
		{"DiagScan", [][]int{{n, k}, {n, k}, {n}}, logsOnly(func(x []Tensor[F]) Tensor[F] { return DiagScan(x[0], x[1], x[2], 1) }),
			func(out, op, in int) bool { return op < 2 && before(out, op, in) || op == 2 && out/k == in }},
		{"Chained", [][]int{{3, 2, 2}}, logsOnly(func(x []Tensor[F]) Tensor[F] { return Chained(x[0]) }),
			func(out, k, in int) bool { return prefix(8+out, k, in) }},
		{"Blocks", [][]int{{n, k}}, func(x []Tensor[F]) []F { m, _ := Blocks(x[0]); return m.Tensor().Log }, itself},
		{"MulMatrices", [][]int{{n, k}, {k, m}}, func(x []Tensor[F]) []F {
			a, _ := Blocks(x[0])
			b, _ := Blocks(x[1])
			return MulMatrices(a, b).Tensor().Log
		}, product},
		{"AddMatrices", [][]int{{n, k}, {n, k}}, func(x []Tensor[F]) []F {
			a, _ := Blocks(x[0])
			b, _ := Blocks(x[1])
			return AddMatrices(a, b).Tensor().Log
		}, itself},
	}
}

// blockScaled are the operations that lose numbers far below the others.
var blockScaled = map[string]bool{"Blocks": true, "MulMatrices": true, "AddMatrices": true}

// tooSlow spares the large product all but one run: beside a NaN every element is a log-sum-exp.
func tooSlow[F Float](op poison[F], spread float64) bool {
	return op.name == "large LMME" && (spread > 0 || !floats.Single[F]())
}

func ones[F Float](n int) []F {
	x := make([]F, n)
	for i := range x {
		x[i] = 1
	}
	return x
}

// operands draws tensors of normal numbers, of ordinary logarithms and of ones spread over e^±spread.
func operands[F Float](r *rng.Stream, shapes [][]int, spread float64) []Tensor[F] {
	out := make([]Tensor[F], len(shapes))
	for i, shape := range shapes {
		x := make([]F, size(shape))
		for j := range x {
			x[j] = F(r.NormFloat64())
		}
		out[i] = FromReal(x, shape...)
		if spread == 0 { // sums may not cancel in float32
			copy(out[i].Sign, ones[F](len(x)))
		}
		for j := range x {
			out[i].Log[j] += F(spread * (2*r.Float64() - 1))
		}
	}
	return out
}

func TestNaNSpreads(t *testing.T) {
	t.Run("float32", testNaNSpreads[float32])
	t.Run("float64", testNaNSpreads[float64])
}

func testNaNSpreads[F Float](t *testing.T) {
	for _, op := range poisons[F]() {
		for _, spread := range []float64{0, 3000} {
			if spread > 0 && blockScaled[op.name] || tooSlow[F](op, spread) {
				continue
			}
			t.Run(fmt.Sprintf("%s/%g", op.name, spread), func(t *testing.T) {
				r := rng.New(1, "nan")
				x := operands[F](r, op.shapes, spread)
				clean := slices.Clone(op.run(x))
				for k := range x {
					step := 1
					if n := len(x[k].Log); n > 100 {
						step = n
					}
					for in := 0; in < len(x[k].Log); in += step {
						was := x[k].Log[in]
						x[k].Log[in] = F(math.NaN())
						got := op.run(x)
						x[k].Log[in] = was
						for out, v := range got {
							if depends := op.reads(out, k, in); depends && v == v {
								t.Fatalf("NaN at %d of operand %d gives %v at %d, want NaN", in, k, v, out)
							} else if !depends && math.Abs(float64(v-clean[out])) > 1e-4*math.Max(1, math.Abs(float64(clean[out]))) {
								t.Fatalf("NaN at %d of operand %d changes %d from %v to %v", in, k, out, clean[out], v)
							}
						}
					}
				}
			})
		}
	}
}

// What is not finite stays in its own row of a product, and the other rows keep their digits however far the product
// grows or shrinks.
func TestNonFiniteRows(t *testing.T) {
	t.Run("float32", testNonFiniteRows[float32])
	t.Run("float64", testNonFiniteRows[float64])
}

func testNonFiniteRows[F Float](t *testing.T) {
	const steps, d = 200, 2
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		for _, growth := range []float64{50, -50} {
			x := New[F](steps, d, d)
			for i := range x.Log {
				x.Log[i] = F(growth)
			}
			start, b := New[F](d, d), New[F](steps, d, d)
			for i := range start.Log {
				start.Log[i], b.Log[i] = 0, 0
			}
			start.Log[1] = F(bad)
			b.Log[d*d+1] = F(bad) // the second summand, with which the state is infinite from then on
			chain := NewChain[F](d)
			first, _ := Blocks(start)
			rest, _ := Blocks(x)
			chain.Mul(first)
			chain.Mul(rest)
			plan := NewScan[F](x.Shape, nil, true, d, Options{})
			y := New[F](steps, d, d)
			plan.Forward(y, x, Tensor[F]{}, start)
			affine := AffineScan(x, b, Tensor[F]{})
			want := growth*steps + math.Ln2*steps
			last := (steps - 1) * d * d
			for name, got := range map[string][]F{"chain": chain.Tensor().Log, "scan": y.Log[last:]} {
				for i, l := range got {
					switch {
					case i < d && l-l == 0:
						t.Errorf("%s from %v growing by e^%v: %v at %d, want none", name, bad, growth, l, i)
					case i >= d && math.Abs(float64(l)-want) > 1e-3*math.Abs(want):
						t.Errorf("%s from %v growing by e^%v: %v at %d, want %v", name, bad, growth, l, i, want)
					}
				}
			}
			for i, l := range affine.Log[last:] {
				switch {
				case i < d && l-l == 0:
					t.Errorf("affine scan from %v growing by e^%v: %v at %d, want none", bad, growth, l, i)
				case i >= d && l-l != 0:
					t.Errorf("affine scan from %v growing by e^%v: %v at %d, want a number", bad, growth, l, i)
				}
			}
		}
	}
}

// Beside an infinity or NaN the other elements of a sum keep their scale, and an infinity outlives any difference in
// magnitude.
func TestAddMatricesNonFinite(t *testing.T) {
	inf := math.Inf(1)
	for _, far := range []int64{0, 5, -5, 5000, -5000} {
		a := Matrices[float64]{N: 1, Rows: 1, Cols: 3, Mant: []float64{inf, 1, math.NaN()}, Exp: []int64{far}}
		b := Matrices[float64]{N: 1, Rows: 1, Cols: 3, Mant: []float64{1, 1, 1}, Exp: []int64{0}}
		want := float64(max(far, 0)) * math.Ln2
		if far == 0 || far == 5 || far == -5 {
			want = math.Log(math.Ldexp(1, int(far)) + 1)
		}
		for _, sum := range []Matrices[float64]{AddMatrices(a, b), AddMatrices(b, a)} {
			got := sum.Tensor().Log
			if !math.IsInf(got[0], 1) || math.Abs(got[1]-want) > 1e-12*math.Abs(want) || got[2] == got[2] {
				t.Errorf("(Inf, 1, NaN) 2^%d + (1, 1, 1) has the logarithms %v, want Inf, %v, NaN", far, got, want)
			}
		}
	}
}

// Beside a NaN, zero is no exception: the sum is NaN, and so is the share of what is NaN.
func TestAddGradNaNAndZero(t *testing.T) {
	a, zero := FromReal([]float64{math.NaN()}), New[float64](1)
	for _, swap := range []bool{false, true} {
		x, y := a, zero
		if swap {
			x, y = zero, a
		}
		da, db := AddGrad(x, y, Add(x, y), []float64{1})
		if swap {
			da, db = db, da
		}
		if da[0] == da[0] || db[0] != 0 {
			t.Errorf("the gradients of NaN + 0 are %v and %v, want NaN and 0", da[0], db[0])
		}
	}
}

// A gradient is an operation with its gradients, one slice for each operand.
type gradient[F Float] struct {
	poison[F]
	grad func(x []Tensor[F], dy []F) [][]F
}

func gradients[F Float]() []gradient[F] {
	byName := map[string]poison[F]{}
	for _, p := range poisons[F]() {
		byName[p.name] = p
	}
	sums := func(kind Kind) func(x []Tensor[F], dy []F) [][]F {
		return func(x []Tensor[F], dy []F) [][]F {
			dx, p := make([]F, len(x[0].Log)), NewSums[F](x[0].Shape, 1, kind)
			y := New[F](p.Shape...)
			p.Forward(y, x[0])
			p.Backward(dx, y, x[0], dy)
			return [][]F{dx}
		}
	}
	lmme := func(exact bool) func(x []Tensor[F], dy []F) [][]F {
		return func(x []Tensor[F], dy []F) [][]F {
			p := NewProduct[F](x[0].Shape, x[1].Shape, Options{Exact: exact, Grad: true})
			y, da, db := New[F](p.Shape...), make([]F, len(x[0].Log)), make([]F, len(x[1].Log))
			p.Forward(y, x[0], x[1])
			p.Backward(da, db, x[0], x[1], y, dy)
			return [][]F{da, db}
		}
	}
	scan := func(x []Tensor[F], dy []F) [][]F {
		b, x0 := Tensor[F]{}, Tensor[F]{}
		var shape []int
		if len(x) == 3 {
			b, x0, shape = x[1], x[2], x[1].Shape
		}
		p, y := NewScan[F](x[0].Shape, shape, len(x) == 3, 0, Options{Grad: true}), New[F](x[0].Shape...)
		p.Forward(y, x[0], b, x0)
		da, db, dx0 := make([]F, len(x[0].Log)), make([]F, len(b.Log)), make([]F, len(x0.Log))
		p.Backward(da, db, dx0, y, x[0], b, x0, dy)
		return [][]F{da, db, dx0}[:len(x)]
	}
	return []gradient[F]{
		{byName["Add"], func(x []Tensor[F], dy []F) [][]F {
			da, db := AddGrad(x[0], x[1], Add(x[0], x[1]), dy)
			return [][]F{da, db}
		}},
		{byName["Mul"], func(x []Tensor[F], dy []F) [][]F {
			da, db := MulGrad(x[0], x[1], Mul(x[0], x[1]), dy)
			return [][]F{da, db}
		}},
		{byName["UnitSquash"], func(x []Tensor[F], dy []F) [][]F { return [][]F{UnitSquashGrad(x[0], dy)} }},
		{byName["RMSNorm"], func(x []Tensor[F], dy []F) [][]F { return [][]F{RMSNormGrad(x[0], dy, 1)} }},
		{byName["LogSumExp"], sums(Total)},
		{byName["LogMeanExp"], sums(Mean)},
		{byName["LogCumSumExp"], sums(RunningSum)},
		{byName["LogCumMeanExp"], sums(RunningMean)},
		{byName["LMME"], lmme(false)},
		{byName["LMMEExact"], lmme(true)},
		{byName["large LMME"], lmme(false)},
		{byName["PrefixProducts"], scan},
		{byName["AffineScan"], scan},
		{byName["DiagScan"], func(x []Tensor[F], dy []F) [][]F {
			da, db, dx0 := DiagScanGrad(x[0], x[1], x[2], dy, 1)
			return [][]F{da, db, dx0}
		}},
		{byName["Chained"], func(x []Tensor[F], dy []F) [][]F { return [][]F{ChainedGrad(x[0], dy)} }},
	}
}

func TestNaNGradients(t *testing.T) {
	t.Run("float32", testNaNGradients[float32])
	t.Run("float64", testNaNGradients[float64])
}

// testNaNGradients poisons cotangents and operands: the gradient of whatever a NaN result depends on is NaN.
func testNaNGradients[F Float](t *testing.T) {
	nan := F(math.NaN())
	for _, op := range gradients[F]() {
		for _, spread := range []float64{0, 300} {
			if tooSlow[F](op.poison, spread) {
				continue
			}
			t.Run(fmt.Sprintf("%s/%g", op.name, spread), func(t *testing.T) {
				x := operands[F](rng.New(2, "nan"), op.shapes, spread)
				for k := range x { // no zeros by cancellation, which have no gradient
					copy(x[k].Sign, ones[F](len(x[k].Sign)))
				}
				n := len(op.run(x))
				outs := []int{0, n / 2, n - 1}
				if n > 100 {
					outs = outs[1:2]
				}
				check := func(what string, out int, d [][]F) {
					t.Helper()
					for k := range d {
						for in, g := range d[k] {
							if op.reads(out, k, in) && g == g {
								t.Fatalf("%s: the gradient of element %d of operand %d is %v, want NaN", what, in, k, g)
							}
						}
					}
				}
				for _, out := range outs {
					dy := ones[F](n)
					dy[out] = nan
					check(fmt.Sprintf("NaN in the cotangent at %d", out), out, op.grad(x, dy))
				}
				if op.name == "Mul" { // its gradient is the cotangent, whatever the operands
					return
				}
				for k := range x {
					for in := 0; in < len(x[k].Log); in += max(1, len(x[k].Log)/4-1, n-4) {
						was := x[k].Log[in]
						x[k].Log[in] = nan
						d := op.grad(x, ones[F](n))
						x[k].Log[in] = was
						for _, out := range outs {
							if op.reads(out, k, in) {
								check(fmt.Sprintf("NaN at %d of operand %d", in, k), out, d)
							}
						}
					}
				}
			})
		}
	}
}
