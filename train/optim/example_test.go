package optim_test

import (
	"fmt"

	"goomtrain/params"
	"goomtrain/train/optim"
)

// Example minimizes (w-3)^2 / 2, whose gradient is w-3.
func Example() {
	w := params.New[float64]("w", params.Vector, 1)
	config, err := optim.NewConfig("adamw")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(config.Settings().Names())
	opt, err := optim.New(config, []*params.Param[float64]{w})
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
	// Output:
	// [optimizer lr-recurrent weight-decay beta2 eps]
	// 3.000
}
