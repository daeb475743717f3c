package simd

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"goomtrain/internal/simd/simdtest"
)

func TestGELU(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		checkGELU[float32](t)
		checkGELU[float64](t)
	})
}

func checkGELU[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 62))
	for _, n := range append([]int{1<<16 + 3}, rowLengths...) {
		x, dy := simdtest.Normals[F](r, n), simdtest.Normals[F](r, n)
		for i := range x {
			x[i] *= 4
		}
		want, wantX := make([]float64, n), make([]float64, n)
		for i, v := range simdtest.Widen(x) {
			s := 1 / (1 + math.Exp(-geluSlope*v*(1+geluCubic*v*v)))
			want[i], wantX[i] = v*s, float64(dy[i])*s*(1+(1-s)*geluSlope*v*(1+3*geluCubic*v*v))
		}
		y, dx := make([]F, n), make([]F, n)
		GELU(y, x)
		within(t, "GELU", y, want, tolerance[F]())
		GELUBackward(dx, dy, x)
		within(t, "GELUBackward", dx, wantX, tolerance[F]())

		GELUBackward(dy, dy, x) // in place
		alike(t, "GELUBackward over dy", dy, dx)
		inPlace := slices.Clone(x)
		GELU(inPlace, inPlace)
		alike(t, "GELU in place", inPlace, y)
	}
}

func TestGELUPanics(t *testing.T) {
	x := make([]float32, 12)
	testPanics(t, map[string]func(){
		"lengths":                 func() { GELU(x[:3], x[4:8]) },
		"dst overlaps the source": func() { GELU(x[:3], x[1:4]) },
		"dx overlaps a source":    func() { GELUBackward(x[:3], x[1:4], x[6:9]) },
		"dx overlaps x":           func() { GELUBackward(x[:3], x[6:9], x[2:5]) },
	})
}

// TestGatesAtExtremes: beyond the reach of exp the gated functions are 0 on one side and the number itself on the other,
// their slopes 0 and 1, also at infinity, and NaN stays NaN.
func TestGatesAtExtremes(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		checkExtremes[float32](t)
		checkExtremes[float64](t)
	})
}

func checkExtremes[F Float](t *testing.T) {
	const n = 41 // whole vectors and a rest
	x, y, ones, dup := make([]F, n), make([]F, n), make([]F, n), make([]F, n)
	conv := func(call func(dst, src, w, bias []F, s ConvShape)) func() {
		return func() {
			call(y, x, ones, make([]F, n), ConvShape{Rows: 1, Taps: 1, StrideDst: n, StrideSrc: n, StrideW: n, StrideDY: n})
		}
	}
	values := map[string]func(){
		"GELU": func() { GELU(y, x) }, "SiLU": func() { SiLU(y, x) }, "SiLUGate": func() { SiLUGate(y, ones, x) },
		"dup": func() { SiLUGateBackward(y, dup, ones, ones, x) }, "ConvSiLU": conv(ConvSiLU[F]),
	}
	slopes := map[string]func(){
		"GELUBackward": func() { GELUBackward(y, ones, x) }, "SiLUBackward": func() { SiLUBackward(y, ones, x) },
		"dgate":            func() { SiLUGateBackward(dup, y, ones, ones, x) },
		"ConvSiLUBackward": conv(func(dst, src, w, bias []F, s ConvShape) { ConvSiLUBackward(dst, ones, src, w, bias, s) }),
	}
	for i := range ones {
		ones[i] = 1
	}
	inf := math.Inf(1)
	for _, v := range []float64{88, 100, 1e5, 1e10, 2e19, 1e20, 3e38, inf} {
		for sign := -1.0; sign <= 1; sign += 2 {
			for i := range x {
				x[i] = F(sign * v)
			}
			for group, calls := range []map[string]func(){values, slopes} {
				want := max(0, sign)
				if group == 0 && sign > 0 {
					want = float64(x[0])
				}
				for name, call := range calls {
					call()
					for i := range y {
						if got := float64(y[i]); got != want && !(math.Abs(got-want) < 1e-35) {
							t.Fatalf("%s of %v[%d] is %v, want %v (%T)", name, x[i], i, got, want, x[i])
						}
					}
				}
			}
		}
	}
	for i := range x {
		x[i] = F(math.NaN())
	}
	for _, calls := range []map[string]func(){values, slopes} {
		for name, call := range calls {
			call()
			for i := range y {
				if y[i] == y[i] {
					t.Fatalf("%s of NaN[%d] is %v (%T)", name, i, y[i], y[i])
				}
			}
		}
	}
}
