package goom

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"goomtrain/rng"
)

// A list of matrices multiplied at once, in runs side by side, is the same product as one matrix after another, and as
// Chained.
func TestChainOfLists(t *testing.T) {
	r := rng.New(1, "lists")
	for _, n := range []int{0, 1, 15, 16, 17, 63, 100} {
		const d = 3
		x := make([]float64, n*d*d)
		for i := range x {
			x[i] = 0.1 + r.Float64() // no cancellation
		}
		at, one := NewChain[float64](d), NewChain[float64](d)
		at.Mul(MatricesOf(x, n, d, d))
		for i := range n {
			one.MulReal(x[i*d*d:][:d*d])
		}
		want := one.Tensor()
		for name, got := range map[string]Tensor[float64]{"Mul": at.Tensor(), "Chained": Chained(FromReal(x, n, d, d))} {
			for i := range want.Log {
				if got.Sign[i] != want.Sign[i] || math.Abs(got.Log[i]-want.Log[i]) > 1e-12*math.Max(1, math.Abs(want.Log[i])) {
					t.Errorf("%s of %d matrices: element %d is %s, want %s", name, n, i, got.At(i), want.At(i))
				}
			}
		}
		at.Reset()
		if l := at.Tensor(); l.Log[0] != 0 || !IsZero(l.Log[1]) {
			t.Errorf("after Reset the product is %v", l.Real())
		}
	}
}

// Fold and Accumulate keep the order, for an operation that is not commutative, at every length.
func TestFoldAndAccumulate(t *testing.T) {
	join := func(a, b string) string { return a + b }
	for _, n := range []int{0, 1, 2, minChunk, minChunk + 1, 8 * minChunk, 8*minChunk + 1, 1000} {
		xs, want := make([]string, n), make([]string, n)
		for i := range xs {
			xs[i] = fmt.Sprintf("%d,", i)
			want[i] = strings.Join(xs[:i+1], "")
		}
		if got := Accumulate(xs, join); !slices.Equal(got, want) {
			t.Errorf("%d elements: the prefixes are wrong", n)
		}
		if n > 0 {
			if got := Fold(xs, join); got != want[n-1] {
				t.Errorf("%d elements: Fold gives %.40q, want %.40q", n, got, want[n-1])
			}
		}
	}
}

// Combine over numbers: a left operand that is selected is replaced by its reset, one part or the other, and only if it
// has one part alone.
func TestCombine(t *testing.T) {
	r := Resetting[float64]{
		Mul: func(a, b float64) float64 { return a * b }, Add: func(a, b float64) float64 { return a + b },
		Selected: func(m float64) bool { return m > 100 }, Reset: func(m float64) float64 { return m / 128 },
	}
	none := Pair[float64]{}
	a := func(m float64) Pair[float64] { return PairOf(m) }
	b := func(m float64) Pair[float64] { return Pair[float64]{B: m, HasB: true} }
	ab := func(m, n float64) Pair[float64] { return Pair[float64]{A: m, B: n, HasA: true, HasB: true} }
	for _, c := range []struct{ x, y, want Pair[float64] }{
		{a(2), a(3), a(6)},
		{a(256), a(3), b(6)}, // selected: (0, 2) (3, 0)
		{b(2), a(3), b(6)},
		{b(256), a(3), b(6)},
		{b(2), ab(3, 5), b(11)},
		{a(2), ab(3, 5), ab(6, 5)},
		{a(256), ab(3, 5), b(11)},
		{ab(256, 256), a(3), ab(768, 768)}, // a map with both parts is not reset
		{ab(2, 7), ab(3, 5), ab(6, 26)},
		{a(2), b(5), b(5)},
		{b(2), b(5), b(5)},
		{ab(2, 3), b(5), b(5)},
		{none, a(3), none},
		{a(3), none, none},
	} {
		got := r.Combine(c.x, c.y)
		if !got.HasA {
			got.A = 0
		}
		if !got.HasB {
			got.B = 0
		}
		if got != c.want {
			t.Errorf("%+v times %+v is %+v, want %+v", c.x, c.y, got, c.want)
		}
	}
	for _, c := range []struct {
		x    Pair[float64]
		want float64
		ok   bool
	}{{a(2), 2, true}, {b(3), 3, true}, {ab(2, 3), 5, true}, {none, 0, false}} {
		if got, ok := r.State(c.x); got != c.want || ok != c.ok {
			t.Errorf("the state of %+v is %v, %v, want %v, %v", c.x, got, ok, c.want, c.ok)
		}
	}
}

// Exponents saturate at the ends of int64.
func TestAddExp(t *testing.T) {
	for _, c := range [][3]int64{
		{1, 2, 3}, {-5, 3, -2}, {math.MaxInt64, 1, math.MaxInt64}, {math.MaxInt64 - 1, 1, math.MaxInt64}, {math.MinInt64, -1, math.MinInt64},
		{math.MinInt64, math.MaxInt64, -1}, {math.MinInt64, math.MinInt64, math.MinInt64}, {math.MaxInt64, math.MaxInt64, math.MaxInt64},
	} {
		for _, got := range []int64{addExp(c[0], c[1]), addExp(c[1], c[0])} {
			if got != c[2] {
				t.Errorf("%d + %d = %d, want %d", c[0], c[1], got, c[2])
			}
		}
	}
}
