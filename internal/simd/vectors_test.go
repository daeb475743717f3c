package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// lengths covers every remainder of a vector, of an unrolled step, and the pieces of long slices.
func lengths() []int {
	var n []int
	for i := range 80 {
		n = append(n, i)
	}
	return append(n, 255, 256, 1000, 1<<16-1, 1<<16, 1<<16+9)
}

// Small integers: every operation and every order of summation is exact.
func TestElementwiseOperations(t *testing.T) {
	onEachPath(t, func(t *testing.T) {
		checkElementwise[float32](t)
		checkElementwise[float64](t)
	})
}

func checkElementwise[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range lengths() {
		x, y, old := integers[F](r, n), integers[F](r, n), integers[F](r, n)
		for _, op := range []struct {
			name string
			f    func(dst []F)
			want func(i int) F
		}{
			{"Add", func(dst []F) { Add(dst, x, y) }, func(i int) F { return x[i] + y[i] }},
			{"Mul", func(dst []F) { Mul(dst, x, y) }, func(i int) F { return x[i] * y[i] }},
			{"Scale", func(dst []F) { Scale(dst, -0.5, x) }, func(i int) F { return -0.5 * x[i] }},
			{"AddScaled", func(dst []F) { AddScaled(dst, 3, x) }, func(i int) F { return old[i] + 3*x[i] }},
			{"ScaleAddMaxAbs", func(dst []F) { ScaleAddMaxAbs(dst, 2, x, -3, y) }, func(i int) F { return 2*x[i] - 3*y[i] }},
		} {
			dst := append(append([]F(nil), old...), 42)
			op.f(dst[:n:n])
			for i := range n {
				if dst[i] != op.want(i) {
					t.Fatalf("%T %s of %d: element %d is %v, want %v", x, op.name, n, i, dst[i], op.want(i))
				}
			}
			if dst[n] != 42 {
				t.Fatalf("%T %s of %d wrote beyond its end", x, op.name, n)
			}
		}
		same := append([]F(nil), x...)
		Add(same, same, same)
		for i := range same {
			if same[i] != 2*x[i] {
				t.Fatalf("%T Add in place: %v", x, same)
			}
		}
	}
}

func TestReductions(t *testing.T) {
	onEachPath(t, func(t *testing.T) {
		checkReductions[float32](t)
		checkReductions[float64](t)
	})
}

func checkReductions[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range lengths() {
		x, y := integers[F](r, n), integers[F](r, n)
		var sum, squares, dot, top, abs F
		top = F(math.Inf(-1))
		first := -1
		for i := range x {
			sum, squares, dot, abs = sum+x[i], squares+x[i]*x[i], dot+x[i]*y[i], max(abs, x[i], -x[i])
			if x[i] > top {
				top, first = x[i], i
			}
		}
		got, want := []F{Sum(x), SumSquares(x), Dot(x, y), MaxAbs(x), ScaleAddMaxAbs(make([]F, n), 1, x, 0, y)}, []F{sum, squares, dot, abs, abs}
		if n > 0 {
			got, want = append(got, Max(x), F(ArgMax(x))), append(want, top, F(first))
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%T of %d: Sum, SumSquares, Dot, MaxAbs, ScaleAddMaxAbs, Max, ArgMax = %v, want %v", x, n, got, want)
		}
	}
}

// A NaN or an infinity anywhere must be found, and an all-negative slice has a negative maximum.
func TestExtremesOfSpecialValues(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	onEachPath(t, func(t *testing.T) {
		for _, n := range []int{1, 2, 7, 8, 9, 16, 17, 63, 64, 65, 200} {
			for at := range n {
				x := make([]float32, n)
				for i := range x {
					x[i] = -float32(i%7) - 1
				}
				x[at] = nan
				if m, a, i := Max(x), MaxAbs(x), ArgMax(x); m == m || a == a || i != at {
					t.Fatalf("n=%d, NaN at %d: Max %v, MaxAbs %v, ArgMax %d", n, at, m, a, i)
				}
				if m := ScaleAddMaxAbs(make([]float32, n), 1, x, 1, x); m == m {
					t.Fatalf("n=%d, NaN at %d: ScaleAddMaxAbs %v", n, at, m)
				}
				x[at] = -inf
				if m, a := Max(x), MaxAbs(x); n > 7 && m != -1 || a != inf {
					t.Fatalf("n=%d, -Inf at %d: Max %v, MaxAbs %v", n, at, m, a)
				}
				x[at] = -0.5
				if m, i := Max(x), ArgMax(x); m != -0.5 || i != at {
					t.Fatalf("n=%d, maximum at %d: Max %v, ArgMax %d", n, at, m, i)
				}
			}
		}
		all := []float32{-inf, -inf, -inf}
		if m, i := Max(all), ArgMax(all); m != -inf || i != 0 {
			t.Errorf("of -Inf only: Max %v, ArgMax %d", m, i)
		}
	})
}

func TestSumOfManyNumbers(t *testing.T) {
	x := make([]float32, 1<<20)
	for i := range x {
		x[i] = 0.1
	}
	want := float64(float32(0.1)) * float64(len(x))
	onEachPath(t, func(t *testing.T) {
		if got := float64(Sum(x)); math.Abs(got-want) > 1e-5*want {
			t.Errorf("Sum = %v, want %v", got, want)
		}
	})
}

func TestVectorFunctionsAllocateNothing(t *testing.T) {
	x, y := ones(300), make([]float32, 300)
	z, w := ones(300), ones(300)
	if n := testing.AllocsPerRun(50, func() {
		Exp(y, x)
		Sum(x)
		Dot(x, y)
		ArgMax(x)
		LayerNorm(y, x, z, w, 1e-5)
		GLU(y[:150], x)
		CrossEntropyBackward(y, x, 3, 1)
		AdamW(x, y, z, w, AdamWStep[float32]{LR: 1e-3, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, Correction1: 1, Correction2: 1, GradScale: 1})
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
