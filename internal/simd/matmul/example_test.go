package matmul_test

import (
	"fmt"

	"goomtrain/internal/simd/matmul"
)

func ExampleGemm() {
	a := []float32{1, 2, 3, 4, 5, 6} // [2, 3]
	w := []float32{1, 0, 1, 0, 1, 0} // [2, 3]: two outputs of three inputs, as a layer stores them
	c := make([]float32, 4)          // [2, 2] = a * wᵀ
	matmul.Gemm(false, true, 2, 2, 3, 1, a, 3, w, 3, 0, c, 2)
	fmt.Println(c)
	// Output: [4 2 10 5]
}
