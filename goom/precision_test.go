package goom

import (
	"math"
	"math/big"
	"testing"

	"goomtrain/internal/gradcheck"
	"goomtrain/internal/simd"
	"goomtrain/rng"
)

// positive draws well-conditioned matrices: products of positive numbers have no cancellation.
func positive(r *rng.Stream, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(0.1 + r.Float64())
	}
	return x
}

// The truth here: exact rational arithmetic (math/big) of the mantissas; exponents add exactly. float32 products
// of block-scaled matrices are right to 1e-5 at every magnitude up to 2^(±10^9) and beyond.
func TestBlockProductPrecision(t *testing.T) {
	r := rng.New(1, "precision")
	for range 50 {
		d := 1 + r.IntN(24)
		a, b := MatricesOf(positive(r, d*d), 1, d, d), MatricesOf(positive(r, d*d), 1, d, d)
		a.Exp[0] += int64(r.IntN(2e9)) - 1e9
		b.Exp[0] += int64(r.IntN(2e9)) - 1e9
		c := MulMatrices(a, b)
		for i := range d {
			for j := range d {
				want := new(big.Float).SetPrec(200)
				for k := range d {
					x, y := new(big.Float).SetFloat64(float64(a.Mant[i*d+k])), new(big.Float).SetFloat64(float64(b.Mant[k*d+j]))
					want.Add(want, new(big.Float).SetPrec(200).Mul(x, y))
				}
				w, _ := want.Float64()
				shift := c.Exp[0] - a.Exp[0] - b.Exp[0]
				got := float64(c.Mant[i*d+j]) * math.Ldexp(1, int(shift))
				if math.Abs(got-w) > 1e-5*w {
					t.Fatalf("d = %d, exponents %d and %d: element is %v, want %v", d, a.Exp[0], b.Exp[0], got, w)
				}
			}
		}
	}
}

// The truth here: exact sums of the exponentials of the given logarithms (float64 with compensation, far below
// float32's rounding). The result's logarithm carries a float32's own rounding, ulp(l)/2, which no
// log-sign float32 can avoid; beyond that LMME adds less than 1e-5, logarithms up to ±10^9.
func TestLMMEPrecision(t *testing.T) {
	r := rng.New(2, "precision")
	for trial := range 60 {
		n, k, m := 1+r.IntN(20), 1+r.IntN(20), 1+r.IntN(20)
		span := math.Pow(10, 9*r.Float64())
		a, b := New[float32](n, k), New[float32](k, m)
		ca, cb := span*(2*r.Float64()-1), span*(2*r.Float64()-1)
		for i := range a.Log {
			a.Log[i] = float32(ca + 3*r.NormFloat64())
		}
		for i := range b.Log {
			b.Log[i] = float32(cb + 3*r.NormFloat64())
		}
		if trial%3 == 0 { // rows and columns of their own magnitudes
			for i := range a.Log {
				a.Log[i] += float32(i/k) * 50
			}
			for i := range b.Log {
				b.Log[i] -= float32(i%m) * 70
			}
		}
		y := LMME(a, b)
		for i := range n {
			for j := range m {
				top := math.Inf(-1)
				for q := range k {
					top = math.Max(top, float64(a.Log[i*k+q])+float64(b.Log[q*m+j]))
				}
				sum := 0.0
				for q := range k {
					sum += math.Exp(float64(a.Log[i*k+q]) + float64(b.Log[q*m+j]) - top)
				}
				want := top + math.Log(sum)
				got := float64(y.Log[i*m+j])
				ulp := math.Abs(float64(math.Nextafter32(float32(want), float32(math.Inf(1)))) - float64(float32(want)))
				if math.Abs(got-want) > 1e-5+1.5*ulp || y.Sign[i*m+j] != 1 {
					t.Fatalf("span %.3g: element (%d,%d) has logarithm %v, want %v (ulp %v)", span, i, j, got, want, ulp)
				}
			}
		}
	}
}

// A chain that shrinks by 10^-100 a product keeps its digits down to 10^-1000000, and so does one that grows.
// The truth is the same chain in big.Float.
func TestChainKeepsDigits(t *testing.T) {
	for _, scale := range []float64{1e-100, 1e100} {
		const n, d = 10000, 2
		x := make([]float64, d*d)
		c := NewChain[float64](d)
		want := [d * d]*big.Float{}
		for i := range want {
			want[i] = new(big.Float).SetPrec(100).SetInt64(int64(1 - (i+1)/2%2)) // identity
		}
		r := rng.New(3, "chain digits")
		for range n {
			for i := range x {
				x[i] = scale * (0.2 + r.Float64())
			}
			c.MulReal(x)
			var next [d * d]*big.Float
			for i := range d {
				for j := range d {
					s := new(big.Float).SetPrec(100)
					for k := range d {
						s.Add(s, new(big.Float).SetPrec(100).Mul(want[i*d+k], new(big.Float).SetFloat64(x[k*d+j])))
					}
					next[i*d+j] = s
				}
			}
			want = next
		}
		for i := range d * d {
			got, err := c.At(i/d, i%d).Big()
			if err != nil {
				t.Fatal(err)
			}
			e, _ := new(big.Float).Quo(new(big.Float).Sub(got, want[i]), want[i]).Float64()
			if math.Abs(e) > 1e-12 {
				t.Errorf("scale %v: element %d is %s, relative error %v", scale, i, c.At(i/d, i%d).Text(6), e)
			}
		}
	}
}

// Rows and elements that drift apart by any factor, the case that needs exponents for single elements: chains of
// diagonal and triangular matrices with rates of their own, cut into chunks. The truth is Exact LMME, step by step in
// float64.
func TestWideScans(t *testing.T) {
	const T, d = 150, 3
	x := New[float32](2, T, d, d)
	r := rng.New(4, "wide")
	for i := range x.Log {
		row, col := i/d%d, i%d
		switch {
		case row == col:
			x.Log[i] = float32(10*(row-1)) + float32(r.NormFloat64())
		case i < T*d*d && col > row: // the first sequence is triangular, the second diagonal
			x.Log[i] = float32(r.NormFloat64())
		}
		if r.IntN(2) == 0 {
			x.Sign[i] = -1
		}
	}
	y := PrefixProducts(x)
	for s := range 2 {
		last := New[float64](d, d)
		for i := range d {
			last.Log[i*d+i] = 0
		}
		for step := range T {
			f := New[float64](d, d)
			for i := range d * d {
				if l := x.Log[(s*T+step)*d*d+i]; !IsZero(l) {
					f.Log[i], f.Sign[i] = float64(l), float64(x.Sign[(s*T+step)*d*d+i])
				}
			}
			last = LMMEExact(last, f)
			for i := range d * d {
				l, sign := y.Log[(s*T+step)*d*d+i], y.Sign[(s*T+step)*d*d+i]
				if IsZero(last.Log[i]) != IsZero(l) {
					t.Fatalf("sequence %d, step %d, element %d: logarithm %v, want %v", s, step, i, l, last.Log[i])
				}
				if !IsZero(l) && (math.Abs(float64(l)-last.Log[i]) > 1e-4+1e-6*math.Abs(last.Log[i]) || float64(sign) != last.Sign[i]) {
					t.Fatalf("sequence %d, step %d, element %d: %v with sign %v, want %v with %v", s, step, i, l, sign, last.Log[i], last.Sign[i])
				}
			}
		}
	}
}

// Gradients on the wide path, and of every combination of operands, against finite differences in float64.
func TestScanGradients(t *testing.T) {
	for _, c := range []struct {
		name          string
		batch, T, n   int
		d             int
		affine, start bool
		spread        float64 // between the diagonals' logarithms: 400 a step is wide
	}{
		{"prefix", 1, 6, 2, 2, false, false, 0},
		{"chunks", 1, 70, 2, 2, false, false, 0},
		{"affine", 2, 5, 1, 3, true, true, 0},
		{"affine chunks", 1, 66, 2, 2, true, true, 0},
		{"affine from zero, chunks", 1, 66, 3, 3, true, false, 0},
		{"start alone", 2, 5, 4, 2, false, true, 0},
		{"wide prefix", 1, 8, 2, 2, false, false, 400},
		{"wide affine", 2, 6, 2, 2, true, true, 400},
		{"wide chunks", 1, 70, 2, 2, false, false, 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rng.New(5, c.name)
			draw := func(shape ...int) Tensor[float64] {
				x := make([]float64, size(shape))
				for i := range x {
					x[i] = r.NormFloat64()
				}
				return FromReal(x, shape...)
			}
			a, none := draw(c.batch, c.T, c.d, c.d), Tensor[float64]{}
			for i := range a.Log {
				if row, col := i/c.d%c.d, i%c.d; c.spread > 0 {
					a.Log[i] += c.spread * float64(row)
					if row != col {
						a.Log[i], a.Sign[i] = Floor[float64](), 1
					}
				}
			}
			b, x0 := none, none
			var shapeB []int
			if c.affine {
				b = draw(c.batch, c.T, c.n, c.d)
				shapeB = b.Shape
			}
			if c.start {
				x0 = draw(c.batch, c.n, c.d)
			}
			p := NewScan[float64](a.Shape, shapeB, c.start, c.n, Options{Grad: true})
			y := New[float64](c.batch, c.T, c.n, c.d)
			g := draw(c.batch, c.T, c.n, c.d).Real()
			loss := func() float64 {
				p.Forward(y, a, b, x0)
				s := 0.0
				for i, l := range y.Log {
					if !IsZero(l) {
						s += g[i] * l
					}
				}
				return s
			}
			da, db, dx0 := make([]float64, len(a.Log)), make([]float64, len(b.Log)), make([]float64, len(x0.Log))
			for range 2 { // a second time on used memory
				loss()
				p.Backward(da, db, dx0, y, a, b, x0, g)
			}
			// Signed sums come close to zero, where logarithms bend sharply: a short step, and what it costs in
			// rounding of a loss of 10^3 to 10^5 is in the tolerance.
			opts := gradcheck.Options{Elements: 40, Step: 3e-5, Tolerance: 1e-5}
			check := func(name string, x Tensor[float64], d []float64) {
				var at []int
				for i := range x.Log {
					if !IsZero(x.Log[i]) {
						at = append(at, i)
					} else if d[i] != 0 {
						t.Errorf("%s: the gradient of zero %d is %v", name, i, d[i])
					}
				}
				v, dv := make([]float64, len(at)), make([]float64, len(at))
				for k, i := range at {
					v[k], dv[k] = 0, d[i]
				}
				base := append([]float64(nil), x.Log...)
				gradcheck.Check(t, name, func() float64 {
					for k, i := range at {
						x.Log[i] = base[i] + v[k]
					}
					return loss()
				}, v, dv, opts)
				copy(x.Log, base)
			}
			check("A", a, da)
			if c.affine {
				check("B", b, db)
			}
			if c.start {
				check("x0", x0, dx0)
			}
		})
	}
}

// All results have the same bits whatever the number of threads.
func TestThreads(t *testing.T) {
	r := rng.New(6, "threads")
	real := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		return x
	}
	x, g := FromReal(real(300*8*8), 300, 8, 8), real(300*8*8)
	big1, big2 := FromReal(real(160*160), 160, 160), FromReal(real(160*160), 160, 160)
	factors := MatricesOf(real(64*64), 64, 8, 8)
	run := func() (out []float32) {
		y, none, dx := New[float32](x.Shape...), Tensor[float32]{}, make([]float32, len(x.Log))
		p := NewScan[float32](x.Shape, nil, false, 0, Options{Grad: true})
		p.Forward(y, x, none, none)
		p.Backward(dx, nil, nil, y, x, none, none, g)
		c := NewChain[float32](8)
		c.Mul(factors)
		for _, v := range [][]float32{y.Log, dx, LMME(big1, big2).Log, LMME(x, x).Log, Chained(x).Log, c.Tensor().Log, LogCumSumExp(x, 0).Log} {
			out = append(out, v...)
		}
		return out
	}
	defer simd.SetThreads(0)
	simd.SetThreads(1)
	want := run()
	for _, n := range []int{2, 5} {
		simd.SetThreads(n)
		for i, v := range run() {
			if v != want[i] {
				t.Fatalf("%d threads: number %d is %v, on one thread %v", n, i, v, want[i])
			}
		}
	}
}
