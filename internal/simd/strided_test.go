package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"goomtrain/internal/simd/simdtest"
)

// Every element has the bits of the loop in Go, and elements between the rows stay as they are.
func TestStrided(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		t.Run("float32", testStrided[float32])
		t.Run("float64", testStrided[float64])
	})
}

func testStrided[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	numbers := func(n int) []F {
		x := make([]F, n)
		for i := range x {
			x[i] = F(r.NormFloat64())
		}
		return x
	}
	for _, s := range append(rowShapes, [3]int{16, 64, 16}, [3]int{165, 70, 165}, [3]int{24, 2, 31}, [3]int{70000, 3, 70001}) {
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			n, rows, stride := s[0], s[1], s[2]
			size := func(stride int) int { return (rows-1)*stride + n }
			x, y, dst := numbers(size(stride)), numbers(size(stride+3)), numbers(size(stride+1))
			x[size(stride)/2] = F(math.NaN())
			row, sum := numbers(n), numbers(n)
			shifted, product, wantSum := append([]F(nil), dst...), append([]F(nil), dst...), append([]F(nil), sum...)
			for i := range rows {
				for j := range n {
					shifted[i*(stride+1)+j] = x[i*stride+j] + row[j]
					product[i*(stride+1)+j] = x[i*stride+j] * y[i*(stride+3)+j]
					wantSum[j] += x[i*stride+j]
				}
			}
			check := func(name string, got, want []F) {
				t.Helper()
				for i := range want {
					if !sameBits(got[i], want[i]) {
						t.Fatalf("%s: element %d is %v, want %v", name, i, got[i], want[i])
					}
				}
			}
			got := append([]F(nil), dst...)
			ShiftRows(got, stride+1, x, stride, row, rows)
			check("ShiftRows", got, shifted)
			copy(got, dst)
			MulMatrices(got, stride+1, x, stride, y, stride+3, rows, n)
			check("MulMatrices", got, product)
			SumRows(sum, x, rows, stride)
			check("SumRows", sum, wantSum)

			same := append([]F(nil), x...)
			ShiftRows(same, stride, same, stride, row, rows)
			MulMatrices(x, stride, x, stride, y, stride+3, rows, n)
			for i := range rows {
				check("ShiftRows in place", same[i*stride:][:n], shifted[i*(stride+1):][:n])
				check("MulMatrices in place", x[i*stride:][:n], product[i*(stride+1):][:n])
			}
		})
	}
}

func TestStridedPanics(t *testing.T) {
	x := make([]float32, 20)
	testPanics(t, map[string]func(){
		"a short sum of rows":          func() { ShiftRows(x[:9], 5, x, 5, x[:5], 2) },
		"short rows":                   func() { ShiftRows(x, 5, x[:9], 5, x[:5], 2) },
		"rows over one another":        func() { ShiftRows(x, 4, x, 5, x[:5], 2) },
		"a stride of more than it has": func() { ShiftRows(x, math.MaxInt/2, x, 5, x[:5], 4) },
		"a short factor":               func() { MulMatrices(x, 5, x, 5, x[:9], 5, 2, 5) },
		"factors over one another":     func() { MulMatrices(x, 5, x, 4, x, 5, 2, 5) },
		"too few rows":                 func() { SumRows(x[:5], x[:9], 2, 5) },
		"summed rows over one another": func() { SumRows(x[:5], x, 2, 4) },
		"more rows than memory":        func() { SumRows(x[:5], x, math.MaxInt, 5) },
	})
	ShiftRows(nil, 0, nil, 0, x[:5], 0) // nothing to do
	MulMatrices[float32](nil, 0, nil, 0, nil, 0, 3, 0)
	SumRows(nil, x, 3, 5)
}
