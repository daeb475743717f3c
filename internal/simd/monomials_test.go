package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// rowShapes are columns, rows and stride: around the vectors and their blocks.
var rowShapes = [][3]int{{1, 1, 1}, {7, 3, 9}, {8, 2, 8}, {31, 5, 40}, {32, 4, 32}, {64, 36, 64}, {77, 3, 128}}

// TestMulRows: small integers make every order of summation exact, so results compare with ==. What lies
// between the rows stays as it is.
func TestMulRows(t *testing.T) {
	onEachPath(t, func(t *testing.T) {
		t.Run("float32", testMulRows[float32])
		t.Run("float64", testMulRows[float64])
	})
}

func testMulRows[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	integers := func(n int) []F {
		x := make([]F, n)
		for i := range x {
			x[i] = F(r.IntN(9) - 4)
		}
		return x
	}
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

// TestPolynomial compares with sums of powers in float64.
func TestPolynomial(t *testing.T) {
	onEachPath(t, func(t *testing.T) {
		t.Run("float32", func(t *testing.T) { testPolynomial[float32](t, 1e-6) })
		t.Run("float64", func(t *testing.T) { testPolynomial[float64](t, 1e-15) })
	})
}

func testPolynomial[F Float](t *testing.T, tolerance float64) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 7, 8, 33, 100} {
		for terms := 1; terms <= 9; terms++ {
			x, c := make([]F, n), make([]F, terms)
			for i := range x {
				x[i] = F(2*r.Float64() - 1)
			}
			for p := range c {
				c[p] = F(r.NormFloat64())
			}
			value, alone, slope := make([]F, n), append([]F(nil), x...), make([]F, n)
			Polynomial(value, slope, x, c)
			Polynomial(alone, nil, alone, c)
			for i, v := range x {
				wantValue, wantSlope, scale := 0.0, 0.0, 0.0
				for p, a := range c {
					wantValue += float64(a) * math.Pow(float64(v), float64(p))
					if p > 0 {
						wantSlope += float64(p) * float64(a) * math.Pow(float64(v), float64(p-1))
					}
					scale += float64(p+1) * math.Abs(float64(a))
				}
				if math.Abs(float64(value[i])-wantValue) > tolerance*scale || math.Abs(float64(slope[i])-wantSlope) > 4*tolerance*scale || alone[i] != value[i] {
					t.Fatalf("%d terms at %v: %v and %v (%v without slope), want %v and %v", terms, v, value[i], slope[i], alone[i], wantValue, wantSlope)
				}
			}
		}
	}
}

func TestMonomialsPanic(t *testing.T) {
	x := make([]float32, 8)
	for name, call := range map[string]func(){
		"short rows":      func() { MulRows(make([]float32, 15), make([]float32, 16), x, 2, 8) },
		"narrow stride":   func() { MulRows(make([]float32, 16), make([]float32, 16), x, 2, 7) },
		"short gradient":  func() { MulRowsBackward(x, make([]float32, 7), make([]float32, 8), make([]float32, 8), x, 1, 8) },
		"other length":    func() { MulRowsBackward(x[:7], x, x, x, x, 1, 8) },
		"few weights":     func() { AddWeighted(x, make([]float32, 2), make([]float32, 16), 2, 2, 8) },
		"no coefficients": func() { Polynomial(x, nil, x, nil) },
		"one output":      func() { Polynomial(x, x, make([]float32, 8), []float32{1, 2}) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			call()
		})
	}
}
