package dense

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/gradcheck"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// TestGELUEqualsNaive compares with the definition, far into both tails, and with the normal
// distribution function that it stands for.
func TestGELUEqualsNaive(t *testing.T) { kerneltest.Both(t, testGELU[float32], testGELU[float64]) }

func testGELU[F simd.Float](t *testing.T) {
	var x []F
	for v := -30.0; v <= 30; v += 0.01 {
		x = append(x, F(v))
	}
	k := NewGELU[F](len(x))
	y, dx, ones := kerneltest.Poisoned[F](len(x)), kerneltest.Poisoned[F](len(x)), make([]F, len(x))
	for i := range ones {
		ones[i] = 1
	}
	k.Forward(y, x)
	k.Backward(dx, x, ones)
	for i, v := range x {
		wantY, wantX := GELUNaive(float64(v))
		if d := math.Abs(float64(y[i]) - wantY); !(d <= kerneltest.Tolerance[F](2e-6, 1e-14)*math.Max(1, math.Abs(wantY))) {
			t.Errorf("GELU(%v) = %v, want %v", v, y[i], wantY)
		}
		if d := math.Abs(float64(dx[i]) - wantX); !(d <= kerneltest.Tolerance[F](3e-6, 1e-13)) {
			t.Errorf("slope of GELU at %v = %v, want %v", v, dx[i], wantX)
		}
		if exact := float64(v) * 0.5 * math.Erfc(-float64(v)/math.Sqrt2); math.Abs(wantY-exact) > 5e-4 {
			t.Errorf("GELU(%v) = %v, but x times the distribution function is %v", v, wantY, exact)
		}
	}
}

// TestGELUGradient holds the naive slope to finite differences.
func TestGELUGradient(t *testing.T) {
	x := []float64{-4, -1, -0.1, 0, 0.3, 2, 5}
	slopes := make([]float64, len(x))
	for i, v := range x {
		_, slopes[i] = GELUNaive(v)
	}
	gradcheck.Check(t, "x", func() float64 {
		sum := 0.0
		for _, v := range x {
			y, _ := GELUNaive(v)
			sum += y
		}
		return sum
	}, x, slopes, gradcheck.Options{})
}

func TestSwiGLU(t *testing.T) {
	for _, size := range rowSizes {
		rows, d := size[0], size[1]
		x, dy := kerneltest.Normal[float64]("x", rows*2*d), kerneltest.Normal[float64]("dy", rows*d)
		naive := func() []float64 {
			y := make([]float64, rows*d)
			for i := range y {
				r, j := i/d, i%d
				g := x[(2*r+1)*d+j]
				y[i] = x[2*r*d+j] * g / (1 + math.Exp(-g))
			}
			return y
		}
		k := NewSwiGLU[float64](rows, d)
		y, dx := kerneltest.Poisoned[float64](rows*d), kerneltest.Poisoned[float64](2*rows*d)
		k.Forward(y, x)
		k.Backward(dx, x, dy)
		kerneltest.Near(t, fmt.Sprint(size), y, naive(), 1e-14)
		gradcheck.Check(t, "x", func() float64 { return kerneltest.Dot(naive(), dy) }, x, dx, gradcheck.Options{})
		single := kerneltest.Poisoned[float32](rows * d)
		NewSwiGLU[float32](rows, d).Forward(single, kerneltest.Narrow[float32](x))
		kerneltest.Near(t, fmt.Sprint(size, " float32"), single, y, 1e-6)
	}
}

// TestRotary: q_t . k_j depends on t - j alone, the rest of a row is copied, and turning back gives the
// gradient.
func TestRotary(t *testing.T) {
	for _, width := range []int{1, 2, 7, 8} {
		const batch, time, heads, rest = 2, 9, 2, 3
		stride := 2*heads*width + rest
		one := kerneltest.Normal[float64]("row", stride)
		src := make([]float64, 0, batch*time*stride)
		for range batch * time {
			src = append(src, one...) // the same vectors at every position
		}
		k := NewRotary[float64](batch, time, 2*heads, width, stride)
		dst, back := kerneltest.Poisoned[float64](len(src)), kerneltest.Poisoned[float64](len(src))
		var atZero float64
		for _, from := range []int64{0, 5, 1 << 20} {
			k.Forward(dst, src, from)
			k.Backward(back, dst)
			kerneltest.Near(t, "turned back", back, src, 1e-13)
			for b := range batch {
				for pos := 2; pos < time; pos++ {
					q := dst[(b*time+pos)*stride:][:width]
					key := dst[(b*time+pos-2)*stride+heads*width:][:width]
					if got := kerneltest.Dot(q, key); pos == 2 && b == 0 && from == 0 {
						atZero = got
					} else if math.Abs(got-atZero) > 1e-9 { // angles near 2^20 have 1e-10
						t.Errorf("width %d: q_%d . k_%d = %v from %d, want %v", width, pos, pos-2, got, from, atZero)
					}
				}
			}
			kerneltest.Near(t, "rest", dst[len(dst)-rest:], src[len(src)-rest:], 0)
		}
		x := kerneltest.Normal[float64]("x", len(src))
		dy, dx := kerneltest.Normal[float64]("dy", len(src)), kerneltest.Poisoned[float64](len(src))
		k.Backward(dx, dy)
		gradcheck.Check(t, "x", func() float64 { k.Forward(dst, x, 1<<20); return kerneltest.Dot(dst, dy) }, x, dx, gradcheck.Options{})
	}
}

func TestAddPositions(t *testing.T) {
	const batch, time, context, width = 3, 4, 7, 5
	x, table, dy := kerneltest.Normal[float64]("x", batch*time*width), kerneltest.Normal[float64]("table", context*width), kerneltest.Normal[float64]("dy", batch*time*width)
	k := NewAddPositions[float64](batch, time, context, width)
	y, dtable := kerneltest.Poisoned[float64](len(x)), kerneltest.Poisoned[float64](len(table))
	k.Forward(y, x, table, 2)
	k.Backward(dtable, dy)
	for i, v := range y {
		pos, j := i/width%time, i%width
		if want := x[i] + table[(pos+2)*width+j]; v != want {
			t.Fatalf("y[%d] = %v, want %v", i, v, want)
		}
	}
	gradcheck.Check(t, "table", func() float64 { k.Forward(y, x, table, 2); return kerneltest.Dot(y, dy) }, table, dtable, gradcheck.Options{})
	defer func() {
		if recover() == nil {
			t.Error("positions beyond the table do not panic")
		}
	}()
	k.Forward(y, x, table, 4)
}
