package trees_test

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/trees"
	"goomtrain/trees/wordnet"
)

// BenchmarkPeer maps 1,000 rows of scores of the 117,659 synsets of WordNet, and computes the loss over the 20 levels. It is
// skipped where WordNet is not installed. map_dense is the dense tensor of arXiv 2209.10288, 9.4 GB, in tiles of 50 rows that
// take the same memory one after another. In processor time of one thread (AVX2, EPYC) PyTorch 1.13 takes 114 times as long for
// the mapping by the paper's formula, 49 times for the loss and 44 times for the loss and its gradient; map_dense takes 49 times
// as long as map.
func BenchmarkPeer(b *testing.B) {
	if _, err := os.Stat(wordnet.Folder); errors.Is(err, fs.ErrNotExist) {
		b.Skip("the Debian package wordnet-base is not installed")
	}
	lexicon, err := wordnet.Open(wordnet.Folder)
	if err != nil {
		b.Fatal(err)
	}
	tree, err := lexicon.Tree()
	if err != nil {
		b.Fatal(err)
	}
	sorted, _ := tree.ByLevel()
	const name, rows, tile = "class_tree/wordnet_n1000", 1000, 50
	n := tree.Classes()
	scores, dscores := kerneltest.Normal[float32]("scores", rows*n), make([]float32, rows*n)
	labels := make([]int32, rows)
	for r := range labels {
		labels[r] = int32(r * n / rows)
	}
	run := func(name string, call func()) {
		b.Run(name, func(b *testing.B) {
			call()
			for b.Loop() {
				call()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1e6/float64(b.N), "ms/op")
		})
	}
	mapped := trees.NewScores[float32](tree, rows)
	run(name+"/map", func() { mapped.Map(scores) })
	mapped = nil
	dense := make([]float32, tile*tree.Levels()*n)
	run(name+"/map_dense", func() {
		for r := 0; r < rows; r += tile {
			trees.MapDense(tree, dense, scores[r*n:(r+tile)*n], float32(math.Inf(-1)))
		}
	})
	dense = nil
	for _, c := range []struct {
		name string
		tree *trees.Tree
	}{{name, tree}, {name + "_by_level", sorted}} {
		loss := trees.NewLoss[float32](c.tree, rows)
		run(c.name+"/forward", func() { loss.Forward(scores, labels) })
		run(c.name+"/forward_backward", func() {
			loss.Forward(scores, labels)
			loss.Backward(dscores, scores, 1)
		})
	}
}
