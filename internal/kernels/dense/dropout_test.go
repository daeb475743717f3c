package dense

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

var dropoutSizes = [][2]int{{1, 1}, {3, 2}, {2, 63}, {5, 128}, {2, dropoutGrain}, {3, 2*dropoutGrain + 5}}

// TestDropoutEqualsNaive: the same bits, also with the noise of another step and in the middle of a
// batch, on any number of threads.
func TestDropoutEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testDropout[float32], testDropout[float64])
}

func testDropout[F simd.Float](t *testing.T) {
	kerneltest.OnThreads(t, func(t *testing.T) {
		for _, size := range dropoutSizes {
			for _, p := range []float64{0, 0.1, 0.5, 0.999} {
				n := size[0] * size[1]
				noise := NewNoise(3)
				k := NewDropout[F](size[0], size[1], p, "site", noise)
				x, residual, dy := kerneltest.Normal[F]("x", n), kerneltest.Normal[F]("residual", n), kerneltest.Normal[F]("dy", n)
				for _, at := range []Noise{{}, {Step: 1}, {Step: 1 << 40, First: 7}} {
					noise.Step, noise.First = at.Step, at.First
					for _, r := range [][]F{nil, residual} {
						name := fmt.Sprint(size, p, at, r == nil)
						naive := NaiveDropout[F]{size[0], size[1], p, "site", *noise, x, r}
						y, dx := kerneltest.Poisoned[F](n), kerneltest.Poisoned[F](n)
						k.Forward(y, x, r)
						k.Backward(dx, dy)
						kerneltest.Identical(t, name, y, naive.Forward())
						kerneltest.Identical(t, name+" dx", dx, naive.Backward(dy))
					}
				}
			}
		}
	})
}

// dropped is the mask of a batch of ones: 1 where a number is dropped.
func dropped(batch, size int, p float64, site string, noise *Noise) []float64 {
	y, ones := kerneltest.Poisoned[float64](batch*size), make([]float64, batch*size)
	for i := range ones {
		ones[i] = 1
	}
	NewDropout[float64](batch, size, p, site, noise).Forward(y, ones, nil)
	for i, v := range y {
		y[i] = 0
		if v == 0 {
			y[i] = 1
		}
	}
	return y
}

// TestDropoutMaskIsFixed: the mask of a seed is what it has always been, so that a resumed run equals the one
// that was stopped.
func TestDropoutMaskIsFixed(t *testing.T) {
	noise := NewNoise(1)
	noise.Step, noise.First = 2, 3
	text := ""
	for _, d := range dropped(2, 32, 0.25, "blocks.0.mlp.dropout", noise) {
		text += fmt.Sprint(d)
	}
	const want = "0001001000101100001110001001001000110001110100000010100000001100"
	if text != want {
		t.Errorf("the mask is\n%s, was\n%s", text, want)
	}
}

// TestDropoutStatistics: the part dropped is p, and the masks of neighbors, of sequences, steps, sites
// and seeds are independent, within five standard errors.
func TestDropoutStatistics(t *testing.T) {
	const batch, size = 4, 25000
	for _, p := range []float64{0.01, 0.1, 0.5, 0.9} {
		mask := func(seed uint64, site string, step int64, first int) []float64 {
			noise := NewNoise(seed)
			noise.Step, noise.First = step, first
			return dropped(batch, size, p, site, noise)
		}
		base := mask(1, "a", 1, 0)
		n := float64(len(base))
		if d := mean(base) - p; math.Abs(d) > 5*math.Sqrt(p*(1-p)/n) {
			t.Errorf("p = %v: %v of the numbers are dropped", p, d+p)
		}
		for name, other := range map[string][]float64{
			"seed": mask(2, "a", 1, 0), "site": mask(1, "b", 1, 0), "step": mask(1, "a", 2, 0), "sequence": base[size:],
			"neighbor": base[1:], "next word": base[2:], "step and sequence swapped": mask(1, "a", 0, 1),
		} {
			both := 0.0
			for i, d := range other {
				both += d * base[i]
			}
			m := float64(len(other))
			if d := both/m - p*p; math.Abs(d) > 5*math.Sqrt(p*p*(1-p*p)/m) {
				t.Errorf("p = %v: %v of the numbers are dropped by both the mask and that of another %s, want %v", p, both/m, name, p*p)
			}
		}
	}
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// TestDropoutPieces: a batch in pieces has the mask of the whole.
func TestDropoutPieces(t *testing.T) {
	const batch, size = 6, 99
	noise := NewNoise(9)
	whole := dropped(batch, size, 0.5, "a", noise)
	for _, rows := range []int{1, 2, 3} {
		for noise.First = 0; noise.First < batch; noise.First += rows {
			kerneltest.Identical(t, fmt.Sprint(rows, " at a time"), dropped(rows, size, 0.5, "a", noise), whole[noise.First*size:][:rows*size])
		}
	}
}

// TestDropoutOfParts: parts of sequences, cut anywhere, have the numbers of the whole, with a residual and without one.
func TestDropoutOfParts(t *testing.T) {
	kerneltest.Both(t, testDropoutOfParts[float32], testDropoutOfParts[float64])
}

func testDropoutOfParts[F simd.Float](t *testing.T) {
	const batch, size = 2, dropoutGrain + 37
	noise := NewNoise(9)
	x, residual := kerneltest.Normal[F]("x", batch*size), kerneltest.Normal[F]("residual", batch*size)
	for _, r := range [][]F{nil, residual} {
		want := kerneltest.Poisoned[F](batch * size)
		NewDropout[F](batch, size, 0.5, "a", noise).Forward(want, x, r)
		for _, cuts := range [][]int{{0, 1, 2, 5, 6, 9, 31, size}, {0, 3, dropoutGrain + 3, size - 1, size}, {0, 2, size}} {
			for i, lo := range cuts[:len(cuts)-1] {
				hi := cuts[i+1]
				part := func(x []F) []F { return kerneltest.Positions(x, batch, 1, lo, hi) }
				k := NewDropout[F](batch, hi-lo, 0.5, "a", noise)
				k.Begin(lo)
				var rest []F
				if r != nil {
					rest = part(r)
				}
				y := kerneltest.Poisoned[F](batch * (hi - lo))
				k.Forward(y, part(x), rest)
				kerneltest.Identical(t, fmt.Sprint("numbers ", lo, " to ", hi, ", residual ", r != nil), y, part(want))
			}
		}
	}
}

func TestBadDropout(t *testing.T) {
	for _, p := range []float64{-0.1, 1, math.NaN()} {
		kerneltest.Panics(t, fmt.Sprint("p = ", p), func() { NewDropout[float32](1, 1, p, "a", NewNoise(1)) })
	}
}

// BenchmarkDropout is one site of the default run: a tenth of a linear layer of its width.
func BenchmarkDropout(b *testing.B) {
	const batch, size = 16, 256 * 128
	k := NewDropout[float32](batch, size, 0.1, "a", NewNoise(1))
	x, y := kerneltest.Normal[float32]("x", batch*size), kerneltest.Poisoned[float32](batch*size)
	b.SetBytes(batch * size) // numbers
	for b.Loop() {
		k.Forward(y, x, x)
	}
}
