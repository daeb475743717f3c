package params_test

import (
	"fmt"

	"goomtrain/params"
)

func Example() {
	w := params.New[float32]("head", true, 256, 64)
	b := params.New[float32]("lnorm.bias", false, 64)
	ps := []*params.Param[float32]{w, b}
	for _, a := range params.Values(ps) {
		fmt.Println(a.Name, a.Shape)
	}
	fmt.Println(params.Count(ps), "weights")
	// Output:
	// head [256 64]
	// lnorm.bias [64]
	// 16448 weights
}
