package trees

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"goomtrain/internal/gradcheck"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

func TestLossEqualsNaive(t *testing.T) { kerneltest.Both(t, testLoss[float32], testLoss[float64]) }

func testLoss[F simd.Float](t *testing.T) {
	for name, tree := range shapes(t) {
		for _, rows := range []int{1, 2, 63} {
			t.Run(fmt.Sprint(name, " x", rows), func(t *testing.T) {
				for _, scale := range []float64{1, 1e-30, 1e30} {
					x := kerneltest.Normal[F]("scores", rows*tree.Classes())
					for i := range x {
						x[i] *= F(scale)
					}
					naive := NaiveLoss{tree, kerneltest.Widen(x), labels(tree, rows)}
					k, dx := NewLoss[F](tree, rows), kerneltest.Poisoned[F](len(x))
					k.Forward(x, make([]int32, rows)) // the next one finds used memory
					given := slices.Clone(naive.Labels)
					got := k.Forward(x, given)
					clear(given) // may be other memory in Backward
					k.Backward(dx, x, -3)
					kerneltest.Near(t, "loss", []F{got}, []float64{naive.Forward()}, kerneltest.Tolerance[F](2e-6, 1e-13))
					kerneltest.Near(t, "dscores", dx, naive.Backward(-3), kerneltest.Tolerance[F](3e-6, 1e-13))
				}
			})
		}
	}
}

func TestLossGradient(t *testing.T) {
	for name, tree := range shapes(t) {
		if tree.Classes() > 100 {
			continue
		}
		const rows = 3
		x, l := kerneltest.Normal[float64]("scores", rows*tree.Classes()), labels(tree, rows)
		k, dx := NewLoss[float64](tree, rows), kerneltest.Poisoned[float64](rows*tree.Classes())
		k.Forward(x, l)
		k.Backward(dx, x, 1)
		gradcheck.Check(t, name, func() float64 { return NaiveLoss{tree, x, l}.Forward() }, x, dx, gradcheck.Options{})
		gradcheck.Check(t, name+", naive", func() float64 { return k.Forward(x, l) }, x, NaiveLoss{tree, x, l}.Backward(1), gradcheck.Options{})
	}
}

func TestLossStats(t *testing.T) {
	tree, _ := New(pets)
	k := NewLoss[float32](tree, 4)
	if s := k.Stats(); s[0] != (Stats{}) {
		t.Errorf("before the first run %+v", s)
	}
	x := []float32{
		1, 0, 0, 2, 0, 0, // label 5: right, right, a tie goes to the first
		0, 1, 9, 9, 9, 9, // label 1: right
		0, 1, 1, 0, 9, 9, // label 3: wrong, wrong
		9, 9, 9, 9, 9, 9, // not counted
	}
	loss := k.Forward(x, []int32{5, 1, 3, -1})
	e := func(d float64) float64 { return math.Log1p(math.Exp(d)) } // -ln of the probability of the score that is d below the other
	want := []Stats{{e(-1) + e(-1) + e(1), 3, 2}, {e(-2) + e(1), 2, 1}, {e(0), 1, 0}}
	sum := 0.0
	for l, s := range k.Stats() {
		if sum += s.Loss; math.Abs(s.Loss-want[l].Loss) > 1e-6 || s.Counted != want[l].Counted || s.Correct != want[l].Correct {
			t.Errorf("level %d: %+v, want %+v", l, s, want[l])
		}
	}
	if math.Abs(sum/6-float64(loss)) > 1e-6 {
		t.Errorf("loss %v, but the sum of the levels is %v for 6 pairs", loss, sum)
	}
}

// TestLossOfNothing: without labels the loss and its gradient are 0.
func TestLossOfNothing(t *testing.T) {
	tree, _ := New(pets)
	k, x := NewLoss[float32](tree, 2), kerneltest.Normal[float32]("x", 12)
	dx := kerneltest.Poisoned[float32](12)
	if loss := k.Forward(x, []int32{-1, -1}); loss != 0 {
		t.Errorf("loss %v", loss)
	}
	k.Backward(dx, x, 1)
	kerneltest.Identical(t, "gradient", dx, make([]float32, 12))
}

func TestLossExtremes(t *testing.T) {
	tree, _ := New([]int32{1, -1, -1}) // not sorted; level 0: classes 1, 2, level 1: class 0
	inf := float32(math.Inf(1))
	k, dx := NewLoss[float32](tree, 1), make([]float32, 3)
	for _, c := range []struct {
		scores []float32
		label  int32
		loss   float32
		dx     []float32
	}{
		{[]float32{-3e38, 3e38, -3e38}, 0, 0, []float32{0, 0, 0}},
		{[]float32{7, -inf, 0}, 2, 0, []float32{0, 0, 0}},
		{[]float32{7, -inf, 0}, 1, inf, []float32{0, -1, 1}},
		{[]float32{float32(math.NaN()), 1, 1}, 1, float32(math.Log(2)), []float32{0, -0.5, 0.5}}, // class 0 is at no level of the path
	} {
		loss := k.Forward(c.scores, []int32{c.label})
		k.Backward(dx, c.scores, 1)
		if loss != c.loss {
			t.Errorf("%v: loss %v, want %v", c.scores, loss, c.loss)
		}
		kerneltest.Within(t, fmt.Sprint(c.scores), dx, c.dx, 0)
	}
}

func TestLossSpreadsNaN(t *testing.T) {
	kerneltest.Both(t, testLossSpreadsNaN[float32], testLossSpreadsNaN[float64])
}

func testLossSpreadsNaN[F simd.Float](t *testing.T) {
	const rows = 5
	for _, name := range []string{"pets", "63", "63 by level"} {
		tree := shapes(t)[name]
		n, l := tree.Classes(), labels(tree, rows)
		k, dx := NewLoss[F](tree, rows), make([]F, rows*n)
		x, dloss := kerneltest.Normal[F]("scores", rows*n), []F{1}
		inPath := func(i int) bool { // the score's level is one of its label's path
			return l[i/n] >= 0 && tree.Level(int32(i%n)) <= tree.Level(l[i/n])
		}
		kerneltest.SpreadsNaN(t, map[string][]F{"x": x, "dloss": dloss}, func() map[string][]F {
			loss := k.Forward(x, l)
			k.Backward(dx, x, dloss[0])
			return map[string][]F{"loss": {loss}, "dx": dx}
		}, func(out string, o int, in string, i int) bool {
			switch {
			case out == "loss":
				return in == "x" && inPath(i)
			case in == "dloss":
				return inPath(o)
			}
			return inPath(i) && o/n == i/n && tree.Level(int32(o%n)) == tree.Level(int32(i%n))
		})
	}
}

func TestLossThreads(t *testing.T) {
	const rows = 70
	for _, name := range []string{"1000", "1000 by level"} {
		tree := shapes(t)[name]
		x, l := kerneltest.Normal[float32]("scores", rows*tree.Classes()), labels(tree, rows)
		var want []float32
		kerneltest.OnThreads(t, func(t *testing.T) {
			k, got := NewLoss[float32](tree, rows), kerneltest.Poisoned[float32](len(x)+1)
			kerneltest.AllocatesNothing(t, "Loss", func() {
				got[len(x)] = k.Forward(x, l)
				k.Backward(got[:len(x)], x, 1)
			})
			if want == nil {
				want = got
			}
			kerneltest.Identical(t, name, got, want)
		})
	}
}

func TestLossPanics(t *testing.T) {
	tree, _ := New(pets)
	k, x := NewLoss[float32](tree, 2), make([]float32, 12)
	kerneltest.Panics(t, "no such class", func() { k.Forward(x, []int32{0, 6}) })
	kerneltest.Panics(t, "label below -1", func() { k.Forward(x, []int32{0, -2}) })
	kerneltest.Panics(t, "labels", func() { k.Forward(x, []int32{0}) })
	kerneltest.Panics(t, "scores", func() { k.Forward(x[:11], []int32{0, 1}) })
	kerneltest.Panics(t, "gradient", func() { k.Backward(x[:11], x, 1) })
}
