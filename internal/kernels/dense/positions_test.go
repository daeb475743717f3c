package dense

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// rotarySizes have one position and awkward numbers of them, one head and several, widths even and odd, and
// rows with and without numbers that are not turned.
var rotarySizes = []struct{ batch, time, turned, width, rest int }{
	{1, 1, 1, 1, 0}, {1, 2, 1, 2, 3}, {2, 63, 1, 7, 0}, {1, 65, 2, 8, 5}, {3, 9, 4, 17, 1}, {2, 100, 3, 32, 32},
}

func TestRotaryEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testRotary[float32], testRotary[float64])
}

func testRotary[F simd.Float](t *testing.T) {
	for _, s := range rotarySizes {
		stride := s.turned*s.width + s.rest
		n := s.batch * s.time * stride
		x, dy, y, dx := kerneltest.Normal[F]("x", n), kerneltest.Normal[F]("dy", n), kerneltest.Poisoned[F](n), kerneltest.Poisoned[F](n)
		k := NewRotary[F](s.batch, s.time, s.turned, s.width, stride)
		for _, from := range []int64{0, 5, 5, 1 << 20} {
			k.Forward(y, x, from)
			k.Backward(dx, dy)
			naive := NaiveRotary{s.batch, s.time, s.turned, s.width, stride, from, kerneltest.Widen(x)}
			name, tolerance := fmt.Sprint(s, " from ", from), kerneltest.Tolerance[F](2e-7, 1e-9) // angles near 2^20 have an error of 1e-10
			kerneltest.Near(t, name, y, naive.Forward(), tolerance)
			kerneltest.Near(t, name+" dx", dx, naive.Backward(kerneltest.Widen(dy)), tolerance)
		}
	}
}

// TestRotaryIsRelative: q_t . k_j depends on t - j alone.
func TestRotaryIsRelative(t *testing.T) {
	for _, width := range []int{1, 2, 7, 8} {
		const time = 9
		stride := 2 * width // one query and one key
		one := kerneltest.Normal[float64]("row", stride)
		var src []float64
		for range time {
			src = append(src, one...) // the same vectors at every position
		}
		k, dst := NewRotary[float64](1, time, 2, width, stride), kerneltest.Poisoned[float64](time*stride)
		k.Forward(dst, src, 0)
		score := func(q, key int) float64 {
			return kerneltest.Dot(dst[q*stride:][:width], dst[key*stride+width:][:width])
		}
		want := score(2, 0)
		for _, from := range []int64{0, 5, 1 << 20} {
			k.Forward(dst, src, from)
			for pos := 2; pos < time; pos++ {
				if got := score(pos, pos-2); math.Abs(got-want) > 1e-9 {
					t.Errorf("width %d: q_%d . k_%d = %v from %d, want %v", width, pos, pos-2, got, from, want)
				}
			}
		}
	}
}

func TestAddPositionsEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testAddPositions[float32], testAddPositions[float64])
}

func testAddPositions[F simd.Float](t *testing.T) {
	for _, s := range []struct{ batch, time, context, width, from int }{{1, 1, 1, 1, 0}, {3, 2, 7, 5, 2}, {2, 63, 63, 8, 0}, {3, 65, 200, 17, 100}} {
		x, table, dy := kerneltest.Normal[F]("x", s.batch*s.time*s.width), kerneltest.Normal[F]("table", s.context*s.width), kerneltest.Normal[F]("dy", s.batch*s.time*s.width)
		y, dtable := kerneltest.Poisoned[F](len(x)), kerneltest.Poisoned[F](len(table))
		k := NewAddPositions[F](s.batch, s.time, s.context, s.width)
		k.Forward(y, x, table, int64(s.from))
		k.Backward(dtable, dy)
		naive := NaiveAddPositions{s.batch, s.time, s.context, s.width, s.from, kerneltest.Widen(x), kerneltest.Widen(table)}
		kerneltest.Identical(t, fmt.Sprint(s), y, kerneltest.Narrow[F](naive.Forward()))
		kerneltest.Near(t, fmt.Sprint(s, " dtable"), dtable, naive.Backward(kerneltest.Widen(dy)), kerneltest.Tolerance[F](1e-6, 1e-15))
	}
}

func TestAddPositionsRefusesPositions(t *testing.T) {
	for _, from := range []int64{-1, 4, 8, math.MaxInt64} {
		last := from + 3 // overflows behind the largest
		kerneltest.Refuses(t, fmt.Sprintf("dense: positions %d to %d of a table of 7", from, last), func() {
			NewAddPositions[float32](1, 4, 7, 1).Forward(make([]float32, 4), make([]float32, 4), make([]float32, 7), from)
		})
	}
}

func TestPosition(t *testing.T) {
	var p Position
	for i, want := range []int64{0, 3, 6} {
		if got := p.Next(); got != want {
			t.Errorf("Next before stretch %d = %d, want %d", i, got, want)
		}
		if got := p.Take(3); got != want {
			t.Errorf("Take for stretch %d = %d, want %d", i, got, want)
		}
	}
	p.Arrays("")[0].Data.([]int64)[0] = 40 // as a restored state does
	if got := p.Take(1); got != 40 {
		t.Errorf("Take after a restore = %d, want 40", got)
	}
	if p.Reset(); p.Next() != 0 {
		t.Errorf("Next after Reset = %d", p.Next())
	}
	if got := (*Position)(nil).Take(5); got != 0 {
		t.Errorf("Take of no position = %d, want 0", got)
	}
}
