package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"goomtrain/internal/simd/simdtest"
)

var headWidths = []int{1, 2, 5, 7, 8, 9, 15, 16, 17, 24, 33}

// TestHeadRows compares with the definitions. Sums of products of integers are exact in any order.
func TestHeadRows(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		testHeadRows[float32](t)
		testHeadRows[float64](t)
	})
}

func testHeadRows[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	for _, width := range headWidths {
		for _, rows := range []int{1, 2, 3} {
			heads := 1 + r.IntN(4)
			name := fmt.Sprintf("%T %d heads of %d rows of %d: ", F(0), heads, rows, width)
			n := heads * rows
			x, y, a, c := simdtest.Integers[F](r, n*width), simdtest.Integers[F](r, n*width), simdtest.Integers[F](r, heads*width*width), simdtest.Integers[F](r, n)
			if rows == 3 {
				x[0] = F(math.NaN()) // in the first row alone
			}
			at := func(h, i, j int) F { return a[(h*width+i)*width+j] }

			want, top := make([]F, n*width), make([]F, n)
			largest := func(row int) (m F) {
				for _, v := range want[row*width : (row+1)*width] {
					m = max(m, v, -v)
				}
				return m
			}
			got, gotTop := guarded[F](n*width), guarded[F](n)
			AddRows(got.x, gotTop.x, x, y, c)
			for i := range want {
				want[i] = x[i] + c[i/width]*y[i]
			}
			for i := range top {
				top[i] = largest(i)
			}
			got.alike(t, name+"AddRows", want)
			gotTop.alike(t, name+"AddRows top", top)
			place := append([]F(nil), x...)
			AddRows(place, gotTop.x, place, y, c)
			alike(t, name+"AddRows in place", place, want)

			ScaleRows(got.x, x, c)
			for i := range want {
				want[i] = c[i/width] * x[i]
			}
			got.alike(t, name+"ScaleRows", want)

			MulHeads(got.x, x, a, heads, rows, width)
			for i := range want {
				want[i] = 0
				for j := range width {
					want[i] += x[i/width*width+j] * at(i/(rows*width), j, i%width)
				}
			}
			got.alike(t, name+"MulHeads", want)

			MulHeadsTransposed(got.x, gotTop.x, x, a, heads, rows, width)
			for i := range want {
				want[i] = 0
				for j := range width {
					want[i] += x[i/width*width+j] * at(i/(rows*width), i%width, j)
				}
			}
			for i := range top {
				top[i] = largest(i)
			}
			got.alike(t, name+"MulHeadsTransposed", want)
			gotTop.alike(t, name+"MulHeadsTransposed top", top)

			outer := guarded[F](len(a))
			for _, add := range []bool{false, true} { // the second time adds to the first
				OuterHeads(outer.x, x, y, heads, rows, width, add)
			}
			want = make([]F, len(a))
			for i := range want {
				h := i / (width * width)
				for r := h * rows; r < (h+1)*rows; r++ {
					want[i] += 2 * x[r*width+i/width%width] * y[r*width+i%width]
				}
			}
			outer.alike(t, name+"OuterHeads", want)
		}
	}
	AddRows[F](nil, nil, nil, nil, nil)
	ScaleRows[F](nil, nil, nil)
	MulHeads[F](nil, nil, nil, 0, 2, 3)
	MulHeadsTransposed[F](nil, nil, nil, nil, 0, 2, 3)
	OuterHeads[F](nil, nil, nil, 0, 2, 3, true)
}

// TestHeadsInPieces: more heads than a call of the assembly takes equal heads one by one, bit for bit.
func TestHeadsInPieces(t *testing.T) {
	const width, rows, heads = 16, 2, 1<<16/(2*16*16) + 3
	r := rand.New(rand.NewPCG(33, 34))
	x, y, a := simdtest.Integers[float32](r, heads*rows*width), simdtest.Integers[float32](r, heads*rows*width), simdtest.Integers[float32](r, heads*width*width)
	n := heads * rows * width
	product, transposed, top, outer := guarded[float32](n), guarded[float32](n), guarded[float32](heads*rows), guarded[float32](len(a))
	MulHeads(product.x, x, a, heads, rows, width)
	MulHeadsTransposed(transposed.x, top.x, x, a, heads, rows, width)
	OuterHeads(outer.x, x, y, heads, rows, width, false)
	wantProduct, wantTransposed, wantTop, wantOuter := make([]float32, n), make([]float32, n), make([]float32, heads*rows), make([]float32, len(a))
	for h := range heads {
		at, top, matrix := h*rows*width, h*rows, h*width*width
		MulHeads(wantProduct[at:][:rows*width], x[at:][:rows*width], a[matrix:][:width*width], 1, rows, width)
		MulHeadsTransposed(wantTransposed[at:][:rows*width], wantTop[top:][:rows], x[at:][:rows*width], a[matrix:][:width*width], 1, rows, width)
		OuterHeads(wantOuter[matrix:][:width*width], x[at:][:rows*width], y[at:][:rows*width], 1, rows, width, false)
	}
	product.alike(t, "MulHeads", wantProduct)
	transposed.alike(t, "MulHeadsTransposed", wantTransposed)
	top.alike(t, "MulHeadsTransposed top", wantTop)
	outer.alike(t, "OuterHeads", wantOuter)
}

// guard is memory behind which a kernel must not write.
type guard[F Float] struct{ x, all []F }

// guarded returns n elements that are NaN until they are written.
func guarded[F Float](n int) guard[F] {
	all := make([]F, n+16)
	for i := range all {
		all[i] = F(math.NaN())
	}
	return guard[F]{all[:n:n], all}
}

func (g guard[F]) alike(t *testing.T, what string, want []F) {
	t.Helper()
	alike(t, what, g.x, want)
	for i, v := range g.all[len(g.x):] {
		if v == v {
			t.Fatalf("%s: wrote %v at %d behind the end", what, v, i)
		}
	}
}

func TestHeadRowsPanic(t *testing.T) {
	x := make([]float32, 12)
	testPanics(t, map[string]func(){
		"AddRows":            func() { AddRows(x, x[:3], x, x, x[:2]) },
		"AddRows rows":       func() { AddRows(x, x[:5], x, x, x[:5]) },
		"ScaleRows":          func() { ScaleRows(x[:8], x, x[:3]) },
		"MulHeads":           func() { MulHeads(x[:2], x[2:4], x[4:9], 1, 1, 2) },
		"MulHeadsTransposed": func() { MulHeadsTransposed(x[:2], x[9:11], x[2:4], x[4:8], 1, 1, 2) },
		"OuterHeads":         func() { OuterHeads(x[:4], x[4:6], x[6:9], 1, 1, 2, false) },
	})
}
