package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"goomtrain/internal/simd/simdtest"
)

// TestRotateHeads compares with the definition, exact for integers, and bit for bit with the portable form: products and
// sums are rounded apart.
func TestRotateHeads(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		checkRotateHeads[float32](t)
		checkRotateHeads[float64](t)
	})
}

func checkRotateHeads[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(35, 36))
	for _, width := range []int{1, 2, 3, 7, 8, 14, 16, 17, 30, 32, 33, 34, 48, 62, 64, 96, 128, 130} {
		for _, half := range []int{width / 2, width / 4} {
			for _, heads := range []int{1, 2, 5} {
				for _, back := range []bool{false, true} {
					name := fmt.Sprintf("%T %d heads of %d with %d pairs, back %v", F(0), heads, width, half, back)
					x, cos, sin := simdtest.Integers[F](r, heads*width), simdtest.Integers[F](r, half), simdtest.Integers[F](r, half)
					sign := F(1)
					if back {
						sign = -1
					}
					want := append([]F(nil), x...)
					for h := range heads {
						head := x[h*width:]
						for i := range half {
							want[h*width+i] = head[i]*cos[i] - sign*head[half+i]*sin[i]
							want[h*width+half+i] = head[half+i]*cos[i] + sign*head[i]*sin[i]
						}
					}
					got := guarded[F](len(x))
					RotateHeads(got.x, x, cos, sin, heads, back)
					got.alike(t, name, want)

					x, cos, sin = simdtest.Normals[F](r, len(x)), simdtest.Normals[F](r, half), simdtest.Normals[F](r, half)
					for i := range x {
						switch r.IntN(40) {
						case 0:
							x[i] = F(math.NaN())
						case 1:
							x[i] = F(math.Inf(1 - 2*r.IntN(2)))
						case 2:
							x[i] *= 1e-40
						case 3:
							x[i] *= 3e38
						}
					}
					rotateHeadsPortable(want, x, cos, sin, width, back)
					RotateHeads(got.x, x, cos, sin, heads, back)
					got.alike(t, name, want)
					RotateHeads(x, x, cos, sin, heads, back)
					alike(t, name+", in place", x, want)
				}
			}
		}
	}
	RotateHeads[F](nil, nil, nil, nil, 0, false)
}

// More heads than a call of the assembly takes equal heads one by one, bit for bit.
func TestRotateHeadsInPieces(t *testing.T) {
	const width, heads = 48, 1<<16/48*2 + 3
	r := rand.New(rand.NewPCG(37, 38))
	x, cos, sin := simdtest.Normals[float32](r, heads*width), simdtest.Normals[float32](r, width/2), simdtest.Normals[float32](r, width/2)
	got, want := guarded[float32](len(x)), make([]float32, len(x))
	RotateHeads(got.x, x, cos, sin, heads, true)
	for h := range heads {
		RotateHeads(want[h*width:][:width], x[h*width:][:width], cos, sin, 1, true)
	}
	got.alike(t, "pieces", want)
}

func TestRotateHeadsPanics(t *testing.T) {
	x := make([]float32, 20)
	testPanics(t, map[string]func(){
		"lengths":          func() { RotateHeads(x[:8], make([]float32, 10), make([]float32, 2), make([]float32, 2), 2, false) },
		"no heads":         func() { RotateHeads(x, x, make([]float32, 2), make([]float32, 2), 0, false) },
		"no whole heads":   func() { RotateHeads(x, x, make([]float32, 2), make([]float32, 2), 3, false) },
		"too narrow heads": func() { RotateHeads(x, x, make([]float32, 3), make([]float32, 3), 4, false) },
		"fewer sines":      func() { RotateHeads(x, x, make([]float32, 2), make([]float32, 1), 2, false) },
		"dst in x":         func() { RotateHeads(x[:8], x[4:12], make([]float32, 2), make([]float32, 2), 2, false) },
		"dst in the sines": func() { RotateHeads(x[:8], x[:8], make([]float32, 2), x[6:8], 2, false) },
	})
}
