package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"goomtrain/internal/simd/simdtest"
)

func TestLinearSteps(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		t.Run("float32", testLinearSteps[float32])
		t.Run("float64", testLinearSteps[float64])
	})
}

// integerSteps returns n rows of small integers, whose sums of products are exact in any order, with a gap
// between them.
func integerSteps[F Float](r *rand.Rand, n, width int) Steps[F] {
	return Steps[F]{Data: simdtest.Integers[F](r, (n-1)*(width+2)+width), Stride: width + 2}
}

func testLinearSteps[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	for _, rows := range []int{1, 2, 3, 4, 7, 32} {
		for _, width := range []int{1, 7, 8, 9, 15, 16, 24, 33, 63, 64} {
			for _, reverse := range []bool{false, true} {
				n := 1 + (rows+width)%5
				name := fmt.Sprintf("%d steps of [%d, %d], reverse %v", n, rows, width, reverse)
				q, k, v, o := integerSteps[F](r, n, rows), integerSteps[F](r, n, rows), integerSteps[F](r, n, width), integerSteps[F](r, n, width)
				state := simdtest.Integers[F](r, rows*width)
				wantO, wantState := append([]F(nil), o.Data...), append([]F(nil), state...)
				for i := range n {
					at := i
					if reverse {
						at = n - 1 - i
					}
					for j := range width {
						var sum F
						for row := range rows {
							wantState[row*width+j] += k.Data[at*k.Stride+row] * v.Data[at*v.Stride+j]
							sum += q.Data[at*q.Stride+row] * wantState[row*width+j]
						}
						wantO[at*o.Stride+j] = sum
					}
				}
				LinearSteps(state, o, q, k, v, n, rows, width, reverse)
				alike(t, name+" state", state, wantState)
				alike(t, name+" o", o.Data, wantO)
			}
		}
	}
	const n, rows, width = 7, 128, 512 // several pieces: of three steps, and of one
	q, k, v, o := integerSteps[F](r, n, rows), integerSteps[F](r, n, rows), integerSteps[F](r, n, width), integerSteps[F](r, n, width)
	for _, reverse := range []bool{false, true} {
		state, want, total := make([]F, rows*width), make([]F, rows*width), make([]F, width)
		LinearSteps(state, o, q, k, v, n, rows, width, reverse)
		for i := range want {
			for at := range n {
				want[i] += k.Data[at*k.Stride+i/width] * v.Data[at*v.Stride+i%width]
			}
			total[i%width] += q.Data[i/width] * want[i]
		}
		alike(t, "a long state", state, want)
		if reverse { // then step 0 has seen all
			alike(t, "o of a long state", o.Data[:width], total)
		}
	}
}

func TestScaleRows(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		t.Run("float32", testScaleRows[float32])
		t.Run("float64", testScaleRows[float64])
	})
}

func testScaleRows[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(33, 34))
	for _, rows := range []int{1, 3, 4} {
		for _, width := range append([]int{1<<15 + 3}, rowLengths...) {
			name := fmt.Sprintf("[%d, %d]", rows, width)
			x, c := simdtest.Integers[F](r, rows*width), simdtest.Integers[F](r, rows)
			want := append([]F(nil), x...)
			for i := range x {
				want[i] *= c[i/width]
			}
			ScaleRows(x, x, c)
			alike(t, name, x, want)
		}
	}
	ScaleRows[F](nil, nil, nil)
}

// TestStepsAlone compares the functions of rows with their definitions: a factor for each element or for each row, and
// running sums.
func TestStepsAlone(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		t.Run("float32", testStepsAlone[float32])
		t.Run("float64", testStepsAlone[float64])
	})
}

func testStepsAlone[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(37, 38))
	for _, n := range []int{1, 2, 70} {
		for _, width := range []int{1, 7, 8, 9, 31, 32, 1000} {
			name := fmt.Sprintf("%d steps of %d", n, width)
			src, x, dst, c := integerSteps[F](r, n, width), integerSteps[F](r, n, width), integerSteps[F](r, n, width), simdtest.Integers[F](r, n)
			product, scaled, sums := append([]F(nil), dst.Data...), append([]F(nil), dst.Data...), append([]F(nil), dst.Data...)
			var steep, deep F
			for row := range n {
				for j := range width {
					i := row*(width+2) + j
					product[i], scaled[i] = 3*src.Data[i]*x.Data[i], 3*src.Data[i]*c[row]
					if sums[i] = 0; row > 0 {
						sums[i] = sums[i-width-2] + src.Data[i]
						steep, deep = max(steep, src.Data[i], -src.Data[i]), max(deep, sums[i], -sums[i])
					}
				}
			}
			MulSteps(dst, src, x, n, width, 3)
			alike(t, name+" product", dst.Data, product)
			ScaleSteps(dst, src, c, width, 3)
			alike(t, name+" scaled", dst.Data, scaled)
			a, b := RunningSums(dst, src, n, width)
			alike(t, name+" sums", dst.Data, sums)
			alike(t, name+" largest", []F{a, b}, []F{steep, deep})
			src.Data[(n-1)*src.Stride] = F(math.NaN())
			if a, b = RunningSums(dst, src, n, width); n > 1 && (a == a || b == b) {
				t.Errorf("%s: largest %v and %v beside a NaN", name, a, b)
			}
		}
	}
}

func TestDecaySums(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		t.Run("float32", testDecaySums[float32])
		t.Run("float64", testDecaySums[float64])
	})
}

func testDecaySums[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(35, 36))
	for _, n := range []int{1, 2, 70} {
		for _, width := range []int{1, 7, 8, 9, 31, 1000} {
			dg, q, dq := integerSteps[F](r, n, width), integerSteps[F](r, n, width), integerSteps[F](r, n, width)
			k, dk, sum := integerSteps[F](r, n, width), integerSteps[F](r, n, width), simdtest.Integers[F](r, width)
			want, wantSum := append([]F(nil), dg.Data...), append([]F(nil), sum...)
			for at := n - 1; at >= 0; at-- {
				for j := range width {
					i := at*(width+2) + j
					wantSum[j] += q.Data[i]*dq.Data[i] - k.Data[i]*dk.Data[i]
					want[i] = wantSum[j]
				}
			}
			DecaySums(sum, dg, q, dq, k, dk, n)
			alike(t, fmt.Sprintf("%d steps of %d", n, width), dg.Data, want)
			alike(t, fmt.Sprintf("sum of %d steps of %d", n, width), sum, wantSum)
		}
	}
}

func TestLinearStepsPanic(t *testing.T) {
	x := make([]float32, 32)
	s := func(n, stride int) Steps[float32] { return Steps[float32]{x[:n], stride} }
	testPanics(t, map[string]func(){
		"another state": func() { LinearSteps(x[:7], s(4, 2), s(8, 4), s(8, 4), s(4, 2), 2, 4, 2, false) },
		"short queries": func() { LinearSteps(x[:8], s(4, 2), s(7, 4), s(8, 4), s(4, 2), 2, 4, 2, false) },
		"short keys":    func() { LinearSteps(x[:8], s(4, 2), s(8, 4), s(7, 4), s(4, 2), 2, 4, 2, false) },
		"short values":  func() { LinearSteps(x[:8], s(4, 2), s(8, 4), s(8, 4), s(3, 2), 2, 4, 2, false) },
		"short outputs": func() { LinearSteps(x[:8], s(3, 2), s(8, 4), s(8, 4), s(4, 2), 2, 4, 2, false) },
		"short product": func() { MulSteps(s(8, 4), s(8, 4), s(7, 4), 2, 4, 1) },
		"short rows":    func() { ScaleSteps(s(7, 4), s(8, 4), x[:2], 4, 1) },
		"short addends": func() { RunningSums(s(8, 4), s(7, 4), 2, 4) },
		"short sums":    func() { DecaySums(x[:4], s(7, 4), s(8, 4), s(8, 4), s(8, 4), s(8, 4), 2) },
	})
}
