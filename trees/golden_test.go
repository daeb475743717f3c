package trees

import (
	"testing"

	"goomtrain/internal/golden"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// TestGolden compares with vectors of the reference implementation: paths, mapped labels and scores, masks, the loss and
// its gradient.
func TestGolden(t *testing.T) { testGolden[float64](t, golden.Tolerance, golden.GradTolerance) }

// TestGolden32 is the same in float32.
func TestGolden32(t *testing.T) { testGolden[float32](t, golden.Tolerance32, golden.GradTolerance32) }

func testGolden[F simd.Float](t *testing.T, tolerance, gradTolerance float64) {
	r := golden.NewRecorder(t, "class_tree")
	for _, c := range golden.Load(t, "class_tree") {
		goldenCase[F](t, r, c, tolerance, gradTolerance)
	}
}

func goldenCase[F simd.Float](t *testing.T, r *golden.Recorder, c golden.Case, tolerance, gradTolerance float64) {
	var paths [][]int32
	for _, path := range c.Params["paths"].([]any) {
		paths = append(paths, nil)
		for _, label := range path.([]any) {
			paths[len(paths)-1] = append(paths[len(paths)-1], int32(label.(float64)))
		}
	}
	tree, err := FromPaths(paths)
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	r.Forward(t, c, "paths", numbers(tree.Paths()), 0)

	scores := golden.Convert[F](c.Input("scores"))
	labels := make([]int32, 0, len(scores)/tree.Classes())
	for _, label := range c.Input("labels").Ints() {
		labels = append(labels, int32(label))
	}
	mapped := make([]int32, len(labels)*tree.Levels())
	if err := tree.MapLabels(mapped, labels); err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	r.Forward(t, c, "labels_in_tree", numbers(mapped), 0)

	minScore, dense := F(c.Float("min_score", 0)), kerneltest.Poisoned[F](len(labels)*tree.Levels()*tree.Classes())
	MapDense(tree, dense, scores, minScore)
	r.Forward(t, c, "scores_in_tree", kerneltest.Widen(dense), tolerance)
	sorted, masks := NewScores[F](tree, len(labels)), make([]float64, tree.Levels()*tree.Classes())
	sorted.Map(scores)
	for i := range dense {
		dense[i] = minScore
	}
	for i := range masks {
		masks[i] = 1
	}
	for row := range labels { // the dense tensor again, from the sorted scores
		for l := range tree.Levels() {
			for i, class := range tree.At(l) {
				at := l*tree.Classes() + int(class)
				dense[row*len(masks)+at], masks[at] = sorted.Level(row, l)[i], 0
			}
		}
	}
	r.Forward(t, c, "scores_in_tree", kerneltest.Widen(dense), tolerance)
	r.Forward(t, c, "masks", masks, 0)

	k, dscores := NewLoss[F](tree, len(labels)), kerneltest.Poisoned[F](len(scores))
	r.Forward(t, c, "loss", []float64{float64(k.Forward(scores, labels))}, tolerance)
	k.Backward(dscores, scores, 1)
	r.Gradient(t, c, "scores", kerneltest.Widen(dscores), gradTolerance)
}

func numbers(x []int32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}
