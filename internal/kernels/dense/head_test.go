package dense

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// headTargets returns targets of which every every-th one is counted.
func headTargets(rows, vocab, every int) []int32 {
	targets := make([]int32, rows)
	for r := range targets {
		if targets[r] = int32(r * 7 % vocab); r%every != every-1 {
			targets[r] = -1
		}
	}
	return targets
}

func TestHeadEqualsNaive(t *testing.T) { kerneltest.Both(t, testHead[float32], testHead[float64]) }

func testHead[F simd.Float](t *testing.T) {
	for _, size := range []struct{ rows, width, vocab, every int }{
		{1, 1, 1, 1}, {2, 3, 2, 1}, {3, 5, 7, 1}, {63, 8, 11, 3}, {5, 3, 17, 6}, {300, 4, 10, 1}, {129, 6, 9000, 1}, {400, 3, 4100, 2},
	} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			x, w := kerneltest.Normal[F]("x", size.rows*size.width), kerneltest.Normal[F]("w", size.vocab*size.width)
			targets := headTargets(size.rows, size.vocab, size.every)
			naive := NaiveHead{size.rows, size.width, size.vocab, kerneltest.Widen(x), kerneltest.Widen(w), targets, 0.25}
			want := naive.Forward()
			k := NewHead[F](size.rows, size.width, size.vocab)
			dx, dw := kerneltest.Poisoned[F](len(x)), kerneltest.Poisoned[F](len(w))
			for _, gradients := range []bool{false, true} {
				if gradients {
					k.WantGradients(dw)
					k.Forward(x, w, headTargets(size.rows, size.vocab, 1), 1) // the next one finds used memory
				}
				got := k.Forward(x, w, targets, 0.25)
				kerneltest.Near(t, "loss", []F{got}, []float64{want}, kerneltest.Tolerance[F](1e-5, 1e-12))
				for _, length := range []int{1, 2, 7, size.rows} {
					s, stats := k.Stats(length), naive.Stats(length)
					if math.Abs(s.Loss-stats.Loss) > 1e-5*math.Abs(stats.Loss) {
						t.Errorf("length %d: loss %g, want %g", length, s.Loss, stats.Loss)
					}
					if s.Loss = stats.Loss; s != stats {
						t.Errorf("length %d: stats %+v, want %+v", length, s, stats)
					}
				}
			}
			k.Backward(dx, -3)
			wantX, wantW := naive.Backward(-3)
			tolerance := kerneltest.Tolerance[F](2e-5, 1e-12)
			kerneltest.Near(t, "dx", dx, wantX, tolerance)
			kerneltest.Near(t, "dw", dw, wantW, tolerance)
		})
	}
}

// TestHeadThreads: the same bits on any number of threads, over several tiles.
func TestHeadThreads(t *testing.T) {
	const rows, width, vocab = 300, 16, 5000
	x, w := kerneltest.Normal[float32]("x", rows*width), kerneltest.Normal[float32]("w", vocab*width)
	targets := headTargets(rows, vocab, 1)
	var want [2][]float32
	kerneltest.OnThreads(t, func(t *testing.T) {
		k := NewHead[float32](rows, width, vocab)
		got := [2][]float32{kerneltest.Poisoned[float32](len(x)), kerneltest.Poisoned[float32](len(w))}
		k.WantGradients(got[1])
		k.Forward(x, w, targets, 1)
		k.Backward(got[0], 1)
		if want[0] == nil {
			want = got
		}
		kerneltest.Identical(t, "dx", got[0], want[0])
		kerneltest.Identical(t, "dw", got[1], want[1])
	})
}
