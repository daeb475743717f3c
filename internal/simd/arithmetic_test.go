package simd

import (
	"math/rand/v2"
	"testing"

	"goomtrain/internal/simd/simdtest"
)

// lengths covers every remainder of a vector and of an unrolled step, and slices longer than a piece.
func lengths() []int {
	var n []int
	for i := range 80 {
		n = append(n, i)
	}
	return append(n, 255, 256, 1000, 1<<16-1, 1<<16, 1<<16+9)
}

// Small integers: every operation and every order of summation is exact.
func TestArithmetic(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		checkArithmetic[float32](t)
		checkArithmetic[float64](t)
	})
}

func checkArithmetic[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range lengths() {
		x, y, old := simdtest.Integers[F](r, n), simdtest.Integers[F](r, n), simdtest.Integers[F](r, n)
		for _, op := range []struct {
			name string
			f    func(dst []F)
			want func(i int) F
		}{
			{"Add", func(dst []F) { Add(dst, x, y) }, func(i int) F { return x[i] + y[i] }},
			{"Mul", func(dst []F) { Mul(dst, x, y) }, func(i int) F { return x[i] * y[i] }},
			{"Scale", func(dst []F) { Scale(dst, -0.5, x) }, func(i int) F { return -0.5 * x[i] }},
			{"Reciprocal", func(dst []F) { Reciprocal(dst, x) }, func(i int) F { return 1 / x[i] }},
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

func TestArithmeticPanics(t *testing.T) {
	x := make([]float32, 10)
	testPanics(t, map[string]func(){
		"lengths":                 func() { Scale(x[:3], 1, x[:4]) },
		"overlap":                 func() { AddScaled(x[1:5], 1, x[:4]) },
		"overlap with the second": func() { Add(x[:3], x[3:6], x[2:5]) },
		"length of the second":    func() { Mul(x[:3], x[:3], x[4:6]) },
		"overlap of two sources":  func() { ScaleAddMaxAbs(x[2:4], 1, x[2:4], 1, x[1:3]) },
	})
}
