package trees

import (
	"runtime"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
)

// TestMemory: a tree of the size of WordNet, the sorted scores and the loss take less than 0.04 GB besides the scores, the
// figure of arXiv 2209.10288.
func TestMemory(t *testing.T) {
	const rows, limit = 20, 40e6
	parents := grown(117659, 4)
	x := kerneltest.Normal[float32]("scores", rows*len(parents))
	dx, l := make([]float32, len(x)), make([]int32, rows)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	tree, err := New(parents)
	if err != nil {
		t.Fatal(err)
	}
	s, k := NewScores[float32](tree, rows), NewLoss[float32](tree, rows)
	s.Map(x)
	k.Forward(x, l)
	k.Backward(dx, x, 1)
	runtime.ReadMemStats(&after)
	over := float64(after.TotalAlloc-before.TotalAlloc) - 4*float64(len(x)) // that of the sorted scores
	t.Logf("%.1f MB besides %.1f MB of scores", over/1e6, 4e-6*float64(len(x)))
	if over > limit {
		t.Errorf("%.0f bytes besides the scores, want at most %.0f", over, limit)
	}
}
