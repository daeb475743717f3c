package trees

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// TestScoresEqualDense: every level has the scores of the dense tensor that are not masked, and LogSoftmax, Best and
// AddPaths give what the dense tensor gives.
func TestScoresEqualDense(t *testing.T) { kerneltest.Both(t, testScores[float32], testScores[float64]) }

func testScores[F simd.Float](t *testing.T) {
	for name, tree := range shapes(t) {
		n, levels := tree.Classes(), tree.Levels()
		for _, rows := range []int{1, 2, 63} {
			t.Run(fmt.Sprint(name, " x", rows), func(t *testing.T) {
				x := kerneltest.Normal[F]("scores", rows*n)
				dense := kerneltest.Poisoned[F](rows * levels * n)
				MapDense(tree, dense, x, F(math.Inf(-1)))
				s := NewScores[F](tree, rows)
				paths := kerneltest.Poisoned[F](len(x))
				logs := make([]float64, len(x)) // ln softmax by level, by class
				for range 2 {
					s.Map(x)
					for r := range rows {
						for l := range levels {
							row := dense[(r*levels+l)*n:][:n]
							p, _ := softmax(kerneltest.Widen(row))
							var want []F
							for c, v := range row {
								if v != F(math.Inf(-1)) {
									want = append(want, v)
									logs[r*n+c] = math.Log(p[c])
								}
							}
							kerneltest.Identical(t, fmt.Sprint("level ", l), s.Level(r, l), want)
							if best := int(s.Best(r, l)); best != simd.ArgMax(row) {
								t.Errorf("row %d, level %d: best %d, want %d", r, l, best, simd.ArgMax(row))
							}
						}
					}
					s.LogSoftmax()
					s.AddPaths(paths)
				}
				for r := range rows {
					for l := range levels {
						for i, c := range tree.At(l) {
							kerneltest.Within(t, "log", s.Level(r, l)[i:i+1], logs[r*n+int(c):][:1], kerneltest.Tolerance[F](2e-6, 1e-14))
						}
					}
					for c := range n {
						want := 0.0
						for _, ancestor := range tree.Path(int32(c)) {
							want += logs[r*n+int(ancestor)]
						}
						kerneltest.Within(t, "path", paths[r*n+c:][:1], []float64{want}, kerneltest.Tolerance[F](1e-6, 1e-14)*(10+math.Abs(want)))
					}
				}
			})
		}
	}
}

func TestScoresExtremes(t *testing.T) {
	tree, _ := New([]int32{-1, -1, 0, 0, 1})
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	s, sums := NewScores[float32](tree, 1), make([]float32, 5)
	s.Map([]float32{3e38, -3e38, 0, -inf, -inf})
	s.LogSoftmax()
	s.AddPaths(sums)
	if want := []float32{0, -inf, 0, -inf, -inf}; !slices.Equal(sums, want) {
		t.Errorf("%v, want %v", sums, want)
	}
	s.Map([]float32{1e8, 1e8, -1e8, -1e8, -inf}) // ln 2 is less than half the distance between floats there
	s.LogSoftmax()
	s.AddPaths(sums)
	half := float32(math.Log(0.5))
	kerneltest.Within(t, "sums", sums[:4], []float32{half, half, 2 * half, 2 * half}, 1e-6)
	s.Map([]float32{0, nan, 0, 0, 1})
	if s.Best(0, 0) != 1 {
		t.Error("the best class hides a NaN")
	}
	s.LogSoftmax()
	s.AddPaths(sums)
	for c, v := range sums {
		if v == v {
			t.Errorf("NaN at a root gives %v for class %d", v, c) // the softmax of level 0 is NaN, and all paths begin there
		}
	}
	kerneltest.Panics(t, "size", func() { s.Map(sums[:4]) })
	kerneltest.Panics(t, "size of paths", func() { s.AddPaths(sums[:4]) })
}

func TestScoresThreads(t *testing.T) {
	const rows = 70
	tree := shapes(t)["1000"]
	x := kerneltest.Normal[float32]("scores", rows*tree.Classes())
	var want []float32
	kerneltest.OnThreads(t, func(t *testing.T) {
		s, got := NewScores[float32](tree, rows), kerneltest.Poisoned[float32](len(x))
		all := func() { s.Map(x); s.LogSoftmax(); s.AddPaths(got) }
		kerneltest.AllocatesNothing(t, "Scores", all)
		if want == nil {
			want = got
		}
		kerneltest.Identical(t, "paths", got, want)
	})
}
