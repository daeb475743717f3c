package blas_test

import (
	"fmt"

	"gorgonia.org/tensor"

	"goomtrain/internal/simd/matmul/blas"
)

func Example() {
	tensor.Use(blas.Implementation{})
	a := tensor.New(tensor.WithShape(2, 2), tensor.WithBacking([]float32{1, 2, 3, 4}))
	b := tensor.New(tensor.WithShape(2, 2), tensor.WithBacking([]float32{0, 1, 1, 0}))
	c, err := tensor.MatMul(a, b)
	fmt.Println(c.Data(), err)
	// Output: [2 1 4 3] <nil>
}
