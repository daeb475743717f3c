package simd

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"goomtrain/internal/simd/simdtest"
)

// rowShapes are columns, rows and stride: around the vectors and their blocks, and more than one call of assembly takes.
var rowShapes = [][3]int{{1, 1, 1}, {7, 3, 9}, {8, 2, 8}, {31, 5, 40}, {32, 4, 32}, {64, 36, 64}, {77, 3, 128}, {64, 1029, 67}}

// Small integers make every order of summation exact, so results compare with ==. Elements between the rows stay as they
// are.
func TestMulRows(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		t.Run("float32", testMulRows[float32])
		t.Run("float64", testMulRows[float64])
	})
}

func testMulRows[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	integers := func(n int) []F { return simdtest.Integers[F](r, n) }
	for _, s := range rowShapes {
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			n, rows, stride := s[0], s[1], s[2]
			size := (rows-1)*stride + n
			x, src, dst := integers(n), integers(size), integers(size)
			dx, dsrc, ddst := integers(n), integers(size), integers(size)
			wantDst, wantX, wantSrc := append([]F(nil), dst...), append([]F(nil), dx...), append([]F(nil), dsrc...)
			for row := range rows {
				for j := range n {
					at := row*stride + j
					wantDst[at] = src[at] * x[j]
					wantX[j] += ddst[at] * src[at]
					wantSrc[at] += ddst[at] * x[j]
				}
			}
			MulRows(dst, src, x, rows, stride)
			MulRowsBackward(dx, dsrc, ddst, src, x, rows, stride)
			for strideW := 1; strideW < 4; strideW += 2 {
				w, sum := integers((rows-1)*strideW+1), integers(n)
				want := append([]F(nil), sum...)
				for at := range size {
					if row, j := at/stride, at%stride; j < n {
						want[j] += w[row*strideW] * src[at]
					}
				}
				AddWeighted(sum, w, src, rows, strideW, stride)
				for j := range want {
					if sum[j] != want[j] {
						t.Fatalf("sum[%d] = %v, want %v", j, sum[j], want[j])
					}
				}
			}
			for name, pair := range map[string][2][]F{"dst": {dst, wantDst}, "dx": {dx, wantX}, "dsrc": {dsrc, wantSrc}} {
				for i, want := range pair[1] {
					if pair[0][i] != want {
						t.Fatalf("%s[%d] = %v, want %v", name, i, pair[0][i], want)
					}
				}
			}
		})
	}
}

// Sums of small integers are exact in any order.
func TestDotRows(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		t.Run("float32", testDotRows[float32])
		t.Run("float64", testDotRows[float64])
	})
}

func testDotRows[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for rows := 1; rows <= 18; rows++ {
		for _, n := range []int{1, 7, 8, 9, 15, 16, 23, 33, 165} {
			stride := n + rows%3
			x, a, dst := make([]F, n), make([]F, (rows-1)*stride+n), make([]F, rows)
			for _, v := range [][]F{x, a, dst} {
				for i := range v {
					v[i] = F(r.IntN(9) - 4)
				}
			}
			want := append([]F(nil), dst...)
			for row := range rows {
				for j, v := range x {
					want[row] += v * a[row*stride+j]
				}
			}
			DotRows(dst, x, a, stride)
			for row := range rows {
				if dst[row] != want[row] {
					t.Fatalf("%d rows of %d: dst[%d] = %v, want %v", rows, n, row, dst[row], want[row])
				}
			}
		}
	}
	const n = 1<<16 + 11 // more than one piece
	x, a, dst := make([]F, n), make([]F, 2*n), make([]F, 2)
	want := make([]F, 2)
	for i := range x {
		x[i], a[i], a[n+i] = F(i%2), 1, F(i%3)
		want[0] += x[i]
		want[1] += x[i] * a[n+i]
	}
	DotRows(dst, x, a, n)
	if dst[0] != want[0] || dst[1] != want[1] {
		t.Errorf("long rows: %v, want %v", dst, want)
	}
}

// Vectors of both widths make the same bits.
func TestDotRowsOnEachPath(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for rows := 1; rows <= 27; rows++ {
		for _, n := range []int{3, 8, 13, 16, 24, 31, 165} {
			x, a := simdtest.Normals[float32](r, n), simdtest.Normals[float32](r, rows*n)
			var want []float32
			simdtest.OnEachPath(t, func(t *testing.T) {
				got := make([]float32, rows)
				DotRows(got, x, a, n)
				if strings.Contains(t.Name(), "portable") {
					return // it sums in float64
				}
				if want == nil {
					want = got
				}
				for i := range got {
					if got[i] != want[i] {
						t.Fatalf("%d rows of %d: %v and %v", rows, n, got[i], want[i])
					}
				}
			})
		}
	}
}

func TestRowsPanic(t *testing.T) {
	x := make([]float32, 32)
	testPanics(t, map[string]func(){
		"short rows":                func() { MulRows(make([]float32, 15), make([]float32, 16), x[:8], 2, 8) },
		"narrow stride":             func() { MulRows(make([]float32, 16), make([]float32, 16), x[:8], 2, 7) },
		"short gradient":            func() { MulRowsBackward(x[:8], make([]float32, 7), x[:8], x[:8], x[:8], 1, 8) },
		"other length":              func() { MulRowsBackward(x[:7], x[:8], x[:8], x[:8], x[:8], 1, 8) },
		"few weights":               func() { AddWeighted(x[:8], make([]float32, 2), make([]float32, 16), 2, 2, 8) },
		"short weighted rows":       func() { AddWeighted(x[:8], make([]float32, 2), make([]float32, 15), 2, 1, 8) },
		"narrow weighted stride":    func() { AddWeighted(x[:8], make([]float32, 2), make([]float32, 16), 2, 1, 7) },
		"no stride of weights":      func() { AddWeighted(x[:8], make([]float32, 2), make([]float32, 16), 2, 0, 8) },
		"short rows of products":    func() { DotRows(x[:2], x[:8], x[8:23], 8) },
		"narrow stride of products": func() { DotRows(x[:2], x[:8], x[8:], 7) },
	})
}
