package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"goomtrain/internal/simd/simdtest"
)

func TestReductions(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		checkReductions[float32](t)
		checkReductions[float64](t)
	})
}

func checkReductions[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range lengths() {
		x, y := simdtest.Integers[F](r, n), simdtest.Integers[F](r, n)
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
	simdtest.OnEachPath(t, func(t *testing.T) {
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
	simdtest.OnEachPath(t, func(t *testing.T) {
		if got := float64(Sum(x)); math.Abs(got-want) > 1e-5*want {
			t.Errorf("Sum = %v, want %v", got, want)
		}
	})
}

func TestReductionsPanic(t *testing.T) {
	x := make([]float32, 2)
	testPanics(t, map[string]func(){
		"maximum of nothing":          func() { Max(x[:0]) },
		"index of a maximum, nothing": func() { ArgMax(x[:0]) },
		"lengths":                     func() { Dot(x[:1], x) },
	})
}
