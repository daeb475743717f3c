package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"goomtrain/internal/simd/cpu"
	"goomtrain/internal/simd/simdtest"
)

// diagSizes are numbers of rows and of steps around the blocks of the assembly, and strides that it leaves to Go.
var diagSizes = []struct{ rows, n, stride int }{
	{1, 1, 1}, {3, 2, 2}, {15, 63, 63}, {16, 1, 1}, {16, 3, 3}, {16, 4, 4}, {16, 63, 70}, {17, 64, 64}, {33, 9, 9}, {37, 130, 141},
	{16, 512, 512}, {32, 511, 512}, {16, 528, 528}, {16, 1025, 1025},
}

// TestDiagSteps compares with the recurrence in float64; what lies between the rows stays as it is.
func TestDiagSteps(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		t.Run("float32", testDiagSteps[float32])
		t.Run("float64", testDiagSteps[float64])
	})
}

func testDiagSteps[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, c := range diagSizes {
		for _, reverse := range []bool{false, true} {
			size := (c.rows-1)*c.stride + c.n
			a, b, start := simdtest.Normals[F](r, size), simdtest.Normals[F](r, size), simdtest.Normals[F](r, c.rows)
			for i := range a {
				a[i] = F(math.Tanh(float64(a[i])))
			}
			want, last := make([]float64, size), make([]float64, c.rows)
			for i := range want {
				want[i] = 7
			}
			for i := range c.rows {
				s := float64(start[i])
				for j := range c.n {
					at := i*c.stride + j
					if reverse {
						at = i*c.stride + c.n - 1 - j
					}
					s = float64(a[at])*s + float64(b[at])
					want[at] = s
				}
				last[i] = s
			}
			x, state := make([]F, size), append([]F(nil), start...)
			for i := range x {
				x[i] = 7
			}
			DiagSteps(x, a, b, state, c.n, c.stride, reverse)
			what := fmt.Sprint(c, " reverse ", reverse)
			within(t, "x of "+what, x, want, tolerance[F]())
			within(t, "state of "+what, state, last, tolerance[F]())
			only := append([]F(nil), start...)
			DiagSteps(nil, a, b, only, c.n, c.stride, reverse)
			alike(t, "state alone of "+what, only, state)
			DiagSteps(b, a, b, start, c.n, c.stride, reverse) // in place
			for i := range c.rows {
				alike(t, "x in place of "+what, b[i*c.stride:][:c.n], x[i*c.stride:][:c.n])
			}
		}
	}
}

// TestDiagStepsBits: every path makes the same bits, from NaN and infinities too.
func TestDiagStepsBits(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for _, c := range diagSizes {
		for _, reverse := range []bool{false, true} {
			size := (c.rows-1)*c.stride + c.n
			a, b, start := simdtest.Normals[float32](r, size), simdtest.Normals[float32](r, size), simdtest.Normals[float32](r, c.rows)
			a[size/2], b[size/3], start[c.rows/2] = float32(math.NaN()), float32(math.Inf(1)), 1e38
			var x, state []float32
			cpu.EachPath(func(path string) {
				gotX, gotState := make([]float32, size), append([]float32(nil), start...)
				DiagSteps(gotX, a, b, gotState, c.n, c.stride, reverse)
				if x == nil {
					x, state = gotX, gotState
				}
				what := fmt.Sprint(c, " reverse ", reverse, " on ", path)
				alike(t, "x of "+what, gotX, x)
				alike(t, "state of "+what, gotState, state)
			})
		}
	}
}

func TestProduct(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		for _, n := range []int{0, 1, 31, 32, 33, 64, 100, 528, maxProduct + 37} {
			x, want := make([]float32, n), 1.0
			for i := range x {
				x[i] = 1 + float32(i%7-3)/16
				want *= float64(x[i])
			}
			if got := Product(x); !(math.Abs(got-want) <= 1e-12*math.Abs(want)) {
				t.Errorf("of %d: %v, want %v", n, got, want)
			}
			if n > 0 {
				x[n/2] = float32(math.NaN())
				if got := Product(x); got == got {
					t.Errorf("of %d with NaN: %v", n, got)
				}
			}
		}
		if got := Product([]float32{1e30, 1e30, 1e30, -1e30}); math.Abs(got+1e120) > 1e114 {
			t.Errorf("beyond the range of float32: %v", got)
		}
		if got := Product([]float64{3, -4}); got != -12 {
			t.Errorf("of float64: %v", got)
		}
	})
}

// maxProduct is the number of elements of one call of the assembly.
const maxProduct = 1 << 16

// TestProductBits: both widths of the assembly multiply in one order.
func TestProductBits(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for _, n := range []int{32, 100, 528, 1000} {
		x, first, have := simdtest.Normals[float32](r, n), 0.0, false
		cpu.EachPath(func(path string) {
			if path == "portable" {
				return
			}
			if got := Product(x); !have {
				first, have = got, true
			} else if got != first {
				t.Errorf("of %d on %s: %v, want %v", n, path, got, first)
			}
		})
	}
}

func TestDiagStepsPanic(t *testing.T) {
	x, s := make([]float32, 40), make([]float32, 4)
	testPanics(t, map[string]func(){
		"short a":      func() { DiagSteps(x, x[:39], x, s, 10, 10, false) },
		"short b":      func() { DiagSteps(x, x, x[:39], s, 10, 10, false) },
		"short x":      func() { DiagSteps(x[:39], x, x, s, 10, 10, false) },
		"stride below": func() { DiagSteps(x, x, x, s, 10, 9, false) },
		"overflow":     func() { DiagSteps(x, x, x, make([]float32, 5), 10, 1<<62, false) }, // 4*2^62 is 0 in 64 bits
	})
}
