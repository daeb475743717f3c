package simd

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"goomtrain/internal/simd/simdtest"
)

func TestSoftmaxRow(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		checkSoftmaxRow[float32](t)
		checkSoftmaxRow[float64](t)
	})
}

func checkSoftmaxRow[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 63))
	for _, n := range append([]int{7, 8, 9, 15, 16, 17, 23, 24, 25, 31, 32, 33, maxSoftmaxPiece + 5}, rowLengths...) {
		for _, floor := range []float64{math.Inf(-1), -1e30, 0.25, 50} {
			x := simdtest.Normals[F](r, n)
			for i := range x {
				x[i] *= 3
			}
			x[n-1] -= 90 // the masked rest counts, but not the zeros behind it
			largest, total := floor, 0.0
			for _, v := range x {
				largest = max(largest, float64(v))
			}
			want := make([]float64, n)
			for i, v := range x {
				want[i] = math.Exp(float64(v) - largest)
				total += want[i]
			}
			got, sum := SoftmaxRow(x, F(floor))
			if float64(got) != float64(F(largest)) {
				t.Fatalf("the largest of %d is %v, want %v (%T)", n, got, largest, got)
			}
			within(t, "exp(x - largest)", x, want, tolerance[F]())
			within(t, "the sum", []F{sum}, []float64{total}, tolerance[F]()*4)
		}
	}
	for i := range 40 { // every place of a vector and of the rest
		x := make([]F, 40)
		x[i] = F(math.NaN())
		x[(i+1)%40] = 2
		if largest, sum := SoftmaxRow(x, F(math.Inf(-1))); largest != 2 || sum == sum || x[i] == x[i] {
			t.Fatalf("with NaN at %d of 40 the largest is %v, the sum %v, the weight %v, want 2, NaN, NaN", i, largest, sum, x[i])
		}
		x = slices.Repeat([]F{-7}, 40)
		x[i] = 3
		if largest, _ := SoftmaxRow(x, F(math.Inf(-1))); largest != 3 {
			t.Fatalf("the largest is %v, want the 3 at %d", largest, i)
		}
	}
	if largest, sum := SoftmaxRow([]F{}, 4); largest != 4 || sum != 0 {
		t.Errorf("no elements give %v and %v, want the floor 4 and 0", largest, sum)
	}
}

// maxSoftmaxPiece is where a row is cut.
const maxSoftmaxPiece = 1 << 16

func TestAttentionSlopes(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		checkAttentionSlopes[float32](t)
		checkAttentionSlopes[float64](t)
	})
}

func checkAttentionSlopes[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 64))
	for _, n := range append([]int{maxSoftmaxPiece + 5}, rowLengths...) {
		p, ds := simdtest.Normals[F](r, n), simdtest.Normals[F](r, n)
		wantP, wantS := make([]float64, n), make([]float64, n)
		for i := range p {
			wantP[i] = math.Exp(float64(p[i]) - 1.5)
			wantS[i] = wantP[i] * (float64(ds[i]) - 0.75)
		}
		AttentionSlopes(p, ds, 1.5, 0.75)
		within(t, "p", p, wantP, tolerance[F]())
		within(t, "ds", ds, wantS, tolerance[F]())
	}
	nan := F(math.NaN())
	p, ds := []F{nan, 0, 0}, []F{1, nan, 1}
	AttentionSlopes(p, ds, 0, 0)
	if p[0] == p[0] || ds[0] == ds[0] || ds[1] == ds[1] || p[2] != 1 || ds[2] != 1 {
		t.Errorf("with NaN the weights are %v and their slopes %v, want [NaN 1 1] and [NaN NaN 1]", p, ds)
	}
}

func TestTranspose(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		checkTranspose[float32](t)
		checkTranspose[float64](t)
	})
}

func checkTranspose[F Float](t *testing.T) {
	for _, rows := range []int{0, 1, 7, 8, 9, 16, 33} {
		for _, columns := range []int{0, 1, 7, 8, 9, 24, 65} {
			strideDst, strideSrc := rows+3, columns+5
			dst, src := make([]F, (columns+1)*strideDst), make([]F, (rows+1)*strideSrc)
			for i := range src {
				src[i] = F(i + 1)
			}
			Transpose(dst, strideDst, src, strideSrc, rows, columns)
			for i, v := range dst {
				row, column := i%strideDst, i/strideDst
				want := F(0)
				if row < rows && column < columns {
					want = src[row*strideSrc+column]
				}
				if v != want {
					t.Fatalf("%d x %d: element (%d, %d) is %v, want %v (%T)", rows, columns, column, row, v, want, v)
				}
			}
		}
	}
}

func TestAttentionPanics(t *testing.T) {
	x := make([]float32, 12)
	testPanics(t, map[string]func(){
		"slopes of another length":  func() { AttentionSlopes(x[:3], x[4:8], 0, 0) },
		"slopes over the weights":   func() { AttentionSlopes(x[:3], x[2:5], 0, 0) },
		"a transpose over its rows": func() { Transpose(x[:6], 2, x[4:10], 3, 2, 3) },
		"a transpose too long":      func() { Transpose(x[:5], 2, x[6:12], 3, 2, 3) },
		"overflow":                  func() { Transpose(x[:6], 2, x[6:11], 1<<62, 5, 2) }, // 4*2^62 is 0 in 64 bits
		"too few rows":              func() { Transpose(x[:6], 2, x[6:11], 3, 2, 3) },
	})
}
