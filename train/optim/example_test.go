package optim_test

import (
	"fmt"

	"goomtrain/params"
	"goomtrain/train/optim"
)

// Example minimises (w-3)^2 / 2, whose gradient is w-3.
func Example() {
	w := params.New[float64]("w", params.Vector, 1)
	opt, err := optim.New("adamw", []*params.Param[float64]{w}, optim.Options{Beta2: 0.99, Eps: 1e-8})
	if err != nil {
		fmt.Println(err)
		return
	}
	norm := optim.NewNorm([]*params.Param[float64]{w})
	for range 500 {
		w.Grad[0] = w.Value[0] - 3
		opt.Update(0.05, 0.9, optim.ClipScale(norm.Global(), 1))
	}
	fmt.Printf("%.3f\n", w.Value[0])
	// Output: 3.000
}
