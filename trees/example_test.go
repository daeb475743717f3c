package trees_test

import (
	"fmt"

	"goomtrain/trees"
)

// The tree of the reference implementation:
//
//	0 dog - 2 small dog
//	      - 3 big dog - 4 happy big dog
//	                  - 5 angry big dog
//	1 other
func Example() {
	tree, err := trees.New([]int32{-1, -1, 0, 0, 3, 3})
	if err != nil {
		panic(err)
	}
	paths := make([]int32, 3*tree.Levels())
	if err := tree.MapLabels(paths, []int32{4, 1, -1}); err != nil {
		panic(err)
	}
	fmt.Println(paths)

	scores := []float32{2, 0, 1, 3, 0, 0} // of one row
	loss := trees.NewLoss[float32](tree, 1)
	fmt.Printf("%.4f nats, the mean of three levels\n", loss.Forward(scores, []int32{4}))
	dscores := make([]float32, len(scores))
	loss.Backward(dscores, scores, 1)
	fmt.Printf("%.4f\n", dscores)

	byLevel := trees.NewScores[float32](tree, 1)
	byLevel.Map(scores)
	for l := range tree.Levels() {
		fmt.Println("level", l, "classes", tree.At(l), "scores", byLevel.Level(0, l), "best", byLevel.Best(0, l))
	}
	// Output:
	// [0 3 4 1 -1 -1 -1 -1 -1]
	// 0.3157 nats, the mean of three levels
	// [-0.0397 0.0397 0.0397 -0.0397 -0.1667 0.1667]
	// level 0 classes [0 1] scores [2 0] best 0
	// level 1 classes [2 3] scores [1 3] best 3
	// level 2 classes [4 5] scores [0 0] best 4
}
