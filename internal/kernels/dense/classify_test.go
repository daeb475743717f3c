package dense

import (
	"fmt"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

func TestPoolEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testPool[float32], testPool[float64])
}

func testPool[F simd.Float](t *testing.T) {
	for _, size := range []struct{ batch, time, width int }{{1, 1, 1}, {2, 3, 5}, {5, 63, 17}, {3, 2, 64}} {
		for _, mean := range []bool{false, true} {
			for _, padded := range []bool{false, true} {
				t.Run(fmt.Sprint(size, mean, padded), func(t *testing.T) {
					x, dy := kerneltest.Normal[F]("x", size.batch*size.time*size.width), kerneltest.Normal[F]("dy", size.batch*size.width)
					var ends []int32
					for b := range size.batch {
						if padded {
							ends = append(ends, int32(b*7%size.time))
						}
					}
					naive := NaivePool{size.batch, size.time, size.width, mean, kerneltest.Widen(x), ends}
					k := NewPool[F](size.batch, size.time, size.width, mean)
					y, dx := kerneltest.Poisoned[F](len(dy)), kerneltest.Poisoned[F](len(x))
					k.Forward(y, x, ends)
					k.Backward(dx, dy, ends)
					kerneltest.Near(t, "y", y, naive.Forward(), kerneltest.Tolerance[F](1e-5, 1e-13))
					kerneltest.Near(t, "dx", dx, naive.Backward(kerneltest.Widen(dy)), kerneltest.Tolerance[F](1e-6, 1e-14))
				})
			}
		}
	}
}

// TestPoolRefusesEnds: also those that lie in the next sequence.
func TestPoolRefusesEnds(t *testing.T) {
	for _, mean := range []bool{false, true} {
		for _, end := range []int32{-1, 3, 4} {
			k, want := NewPool[float32](2, 3, 2, mean), fmt.Sprintf("dense: sequence 0 ends at position %d, want 0 to 2", end)
			kerneltest.Refuses(t, want, func() { k.Forward(make([]float32, 4), make([]float32, 12), []int32{end, 0}) })
			kerneltest.Refuses(t, want, func() { k.Backward(make([]float32, 12), make([]float32, 4), []int32{end, 0}) })
		}
	}
}

func TestPatchesEqualNaive(t *testing.T) {
	kerneltest.Both(t, testPatches[float32], testPatches[float64])
}

func testPatches[F simd.Float](t *testing.T) {
	for _, size := range []struct{ rows, columns, high, wide int }{{1, 1, 1, 1}, {4, 6, 2, 3}, {28, 28, 4, 4}, {28, 28, 1, 28}, {6, 4, 6, 1}} {
		const batch = 3
		area := size.rows * size.columns
		pixels, want := make([]int32, batch*area), []float64(nil)
		for i := range pixels {
			pixels[i] = int32(i * i * 31 % 256)
		}
		for b := range batch {
			want = append(want, naivePatches(pixels[b*area:(b+1)*area], size.rows, size.columns, size.high, size.wide)...)
		}
		y := kerneltest.Poisoned[F](len(pixels))
		NewPatches[F](batch, size.rows, size.columns, size.high, size.wide).Forward(y, pixels)
		kerneltest.Near(t, fmt.Sprint(size), y, want, kerneltest.Tolerance[F](1e-6, 1e-15))
	}
}

func TestCrossEntropyEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testCrossEntropy[float32], testCrossEntropy[float64])
}

func testCrossEntropy[F simd.Float](t *testing.T) {
	for _, size := range []struct {
		rows, classes, every int
		scale                F
	}{{1, 1, 1, 1}, {2, 3, 1, 1}, {63, 11, 3, 1}, {5, 17, 6, 1}, {300, 10, 1, 30}, {200, 300, 2, 1e4}} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			x := kerneltest.Normal[F]("x", size.rows*size.classes)
			for i := range x {
				x[i] *= size.scale
			}
			targets := headTargets(size.rows, size.classes, size.every)
			naive := NaiveCrossEntropy(size.rows, size.classes, kerneltest.Widen(x), targets, 0.25)
			k, dx := NewCrossEntropy[F](size.rows, size.classes), kerneltest.Poisoned[F](len(x))
			k.Forward(x, headTargets(size.rows, size.classes, 1), 1) // the next one finds used memory
			loss := k.Forward(x, targets, 0.25)
			kerneltest.Near(t, "loss", []F{loss}, []float64{naive.Forward()}, kerneltest.Tolerance[F](1e-5, 1e-12))
			got, want := k.Stats(), naive.Stats(1)
			if got.Loss = want.Loss; got != want {
				t.Errorf("stats %+v, want %+v", got, want)
			}
			n := 0
			for r, target := range targets {
				if target < 0 {
					continue
				}
				row := x[r*size.classes : (r+1)*size.classes]
				if best := k.Predicted()[n]; row[best] != row[simd.ArgMax(row)] {
					t.Errorf("row %d: predicted %d", r, best)
				}
				n++
			}
			if n != len(k.Predicted()) {
				t.Errorf("%d predictions of %d rows", len(k.Predicted()), n)
			}
			k.Backward(dx, x, targets, 0.25, -3)
			wantX, _ := naive.Backward(-3)
			kerneltest.Near(t, "dx", dx, wantX, kerneltest.Tolerance[F](2e-5, 1e-12))
		})
	}
}

func TestLossesRefuseTargets(t *testing.T) {
	for _, target := range []int32{3, 4, 1 << 30} {
		want := fmt.Sprintf("dense: target %d at row 1, want at most 2, or -1 for none", target)
		kerneltest.Refuses(t, want, func() {
			NewCrossEntropy[float32](3, 3).Forward(make([]float32, 9), []int32{-1, target, 0}, 1)
		})
		kerneltest.Refuses(t, want, func() {
			NewHead[float32](3, 2, 3).Forward(make([]float32, 6), make([]float32, 6), []int32{-1, target, 0}, 1)
		})
	}
}

// TestClassifyThreads: the same bits on any number of threads.
func TestClassifyThreads(t *testing.T) {
	const rows, classes = 600, 500
	x, targets := kerneltest.Normal[float32]("x", rows*classes), headTargets(rows, classes, 2)
	var want [2][]float32
	kerneltest.OnThreads(t, func(t *testing.T) {
		k := NewCrossEntropy[float32](rows, classes)
		got := [2][]float32{{k.Forward(x, targets, 1)}, kerneltest.Poisoned[float32](len(x))}
		k.Backward(got[1], x, targets, 1, 1)
		if want[0] == nil {
			want = got
		}
		kerneltest.Identical(t, "loss", got[0], want[0])
		kerneltest.Identical(t, "dx", got[1], want[1])
	})
}

// TestClassifyAllocatesNothing: after the first run.
func TestClassifyAllocatesNothing(t *testing.T) {
	pool, loss, patches := NewPool[float32](3, 5, 7, true), NewCrossEntropy[float32](3, 7), NewPatches[float32](3, 4, 6, 2, 3)
	x, y, ends, targets := make([]float32, 3*5*7), make([]float32, 3*7), []int32{0, 4, 2}, []int32{-1, 6, 0}
	pixels, cut := make([]int32, 3*4*6), make([]float32, 3*4*6)
	kerneltest.AllocatesNothing(t, "pools, patches and loss", func() {
		pool.Forward(y, x, ends)
		pool.Backward(x, y, ends)
		loss.Forward(y, targets, 1)
		loss.Backward(y, y, targets, 1, 1)
		patches.Forward(cut, pixels)
	})
}

// TestClassifySpreadsNaN: what depends on a NaN is NaN, and padding is not.
func TestClassifySpreadsNaN(t *testing.T) {
	const batch, time, width = 3, 4, 5
	ends, targets := []int32{1, 3, 0}, []int32{4, -1, 0}
	for _, mean := range []bool{false, true} {
		x, dy := kerneltest.Normal[float32]("x", batch*time*width), kerneltest.Normal[float32]("dy", batch*width)
		k, y, dx := NewPool[float32](batch, time, width, mean), make([]float32, len(dy)), make([]float32, len(x))
		used := func(i int) bool {
			b, p := i/width/time, i/width%time
			return p == int(ends[b]) || mean && p < int(ends[b])
		}
		kerneltest.SpreadsNaN(t, map[string][]float32{"x": x, "dy": dy}, func() map[string][]float32 {
			k.Forward(y, x, ends)
			k.Backward(dx, dy, ends)
			return map[string][]float32{"y": y, "dx": dx}
		}, func(out string, o int, in string, i int) bool {
			switch out + " " + in {
			case "y x":
				return o/width == i/width/time && o%width == i%width && used(i)
			case "dx dy":
				return o/width/time == i/width && o%width == i%width && used(o)
			}
			return false
		})
	}
	scores := kerneltest.Normal[float32]("scores", batch*width)
	k, dx := NewCrossEntropy[float32](batch, width), make([]float32, len(scores))
	kerneltest.SpreadsNaN(t, map[string][]float32{"x": scores}, func() map[string][]float32 {
		loss := k.Forward(scores, targets, 0.5)
		k.Backward(dx, scores, targets, 0.5, 1)
		return map[string][]float32{"loss": {loss}, "dx": dx}
	}, func(out string, o int, in string, i int) bool {
		return targets[i/width] >= 0 && (out == "loss" || o/width == i/width)
	})
}
