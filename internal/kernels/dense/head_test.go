package dense

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/gradcheck"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// headTargets counts every row, or leaves out all but some.
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
		{1, 1, 1, 1}, {3, 5, 7, 1}, {20, 8, 11, 3}, {5, 3, 17, 6}, {300, 4, 10, 1}, {129, 6, 9000, 1}, {400, 3, 4100, 2},
	} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			x, w := kerneltest.Normal[F]("x", size.rows*size.width), kerneltest.Normal[F]("w", size.vocab*size.width)
			targets := headTargets(size.rows, size.vocab, size.every)
			want, logits := HeadNaive(size.rows, size.width, size.vocab, x, w, targets, 0.25)
			k := NewHead[F](size.rows, size.width, size.vocab)
			for _, gradients := range []bool{false, true} {
				if gradients {
					k.WantGradients(kerneltest.Poisoned[F](size.vocab * size.width))
				}
				got := k.Forward(x, w, targets, 0.25)
				kerneltest.Near(t, "loss", []F{got}, []float64{want}, kerneltest.Tolerance[F](1e-5, 1e-12))
			}
			counted, correct := 0, 0
			for r, target := range targets {
				if target < 0 {
					continue
				}
				counted++
				row, best := logits[r*size.vocab:(r+1)*size.vocab], 0
				for s := range row {
					if row[s] > row[best] {
						best = s
					}
				}
				if best == int(target) {
					correct++
				}
			}
			if s := k.Stats(); s.Counted != counted || s.Correct != correct || math.Abs(s.Loss*0.25-want) > 1e-5*math.Abs(want) {
				t.Errorf("stats %+v, want %d counted, %d correct, loss %v", s, counted, correct, want*4)
			}
			dx := kerneltest.Poisoned[F](len(x))
			k.Backward(dx, 1)
			for i := range dx {
				if r := i / size.width; targets[r] < 0 && dx[i] != 0 || math.IsNaN(float64(dx[i])) {
					t.Fatalf("dx[%d] = %v, row %d has target %d", i, dx[i], r, targets[r])
				}
			}
		})
	}
}

func TestHeadGradient(t *testing.T) {
	for _, size := range []struct{ rows, width, vocab, every int }{{1, 1, 2, 1}, {4, 3, 6, 1}, {150, 2, 3, 5}, {4, 3, 6, 9}} {
		x, w := kerneltest.Normal[float64]("x", size.rows*size.width), kerneltest.Normal[float64]("w", size.vocab*size.width)
		targets := headTargets(size.rows, size.vocab, size.every)
		for _, upstream := range []float64{1, -3} {
			k := NewHead[float64](size.rows, size.width, size.vocab)
			dx, dw := kerneltest.Poisoned[float64](len(x)), kerneltest.Poisoned[float64](len(w))
			k.WantGradients(dw)
			k.Forward(x, w, targets, 0.5)
			k.Backward(dx, upstream)
			f := func() float64 {
				loss, _ := HeadNaive(size.rows, size.width, size.vocab, x, w, targets, 0.5)
				return upstream * loss
			}
			gradcheck.Check(t, "x", f, x, dx, gradcheck.Options{})
			gradcheck.Check(t, "w", f, w, dw, gradcheck.Options{})
		}
	}
}

// TestHeadTilesAgree: the same bits whatever the number of threads, over several tiles.
func TestHeadTilesAgree(t *testing.T) {
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

// TestNoAllocation: a second call of any kernel allocates nothing.
func TestNoAllocation(t *testing.T) {
	kerneltest.Both(t, testNoAllocation[float32], testNoAllocation[float64])
}

func testNoAllocation[F simd.Float](t *testing.T) {
	const rows, width = 256, 32
	x, w, b, y, dx := kerneltest.Normal[F]("x", rows*width), kerneltest.Normal[F]("w", width*width), kerneltest.Normal[F]("b", width), make([]F, rows*width), make([]F, 2*rows*width)
	dw, db, dw2 := make([]F, width*width), make([]F, width), make([]F, width*width)
	targets := headTargets(rows, width, 2)
	linear, norm, glu := NewLinear[F](rows, width, width, true), NewLayerNorm[F](rows, width), NewGLU[F](rows/2, width)
	embedding, head := NewEmbedding[F](rows, width, width), NewHead[F](rows, width, width)
	head.WantGradients(dw2)
	tokens := make([]int32, rows)
	for name, call := range map[string]func(){
		"Linear":    func() { linear.Forward(y, x, w, b, y); linear.Backward(dx[:rows*width], dw, db, x, w, y) },
		"LayerNorm": func() { norm.Forward(y, x, b, b); norm.Backward(dx[:rows*width], db, db, x, b, y) },
		"GLU":       func() { glu.Forward(y[:rows*width/2], x); glu.Backward(dx[:rows*width], x, y[:rows*width/2]) },
		"Embedding": func() { embedding.Forward(y, tokens, w); embedding.Backward(dw, tokens, x) },
		"Head":      func() { head.Forward(x, w, targets, 1); head.Backward(dx[:rows*width], 2) },
	} {
		call()
		if n := testing.AllocsPerRun(10, call); n > 0 {
			t.Errorf("%s allocates %v times a call", name, n)
		}
	}
}
