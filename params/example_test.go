package params_test

import (
	"fmt"

	"goomtrain/params"
)

func Example() {
	w := params.New[float32]("head", params.Embedding, 256, 64)
	b := params.New[float32]("lnorm.bias", params.Vector, 64)
	ps := []*params.Param[float32]{w, b}
	for _, p := range ps {
		fmt.Println(p.Name, p.Shape, p.Role, p.Role.Decays())
	}
	fmt.Println(params.Count(ps), "weights")
	// Output:
	// head [256 64] embedding true
	// lnorm.bias [64] vector false
	// 16448 weights
}
