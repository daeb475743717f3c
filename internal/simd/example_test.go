package simd_test

import (
	"fmt"

	"goomtrain/internal/simd"
)

func ExampleGemm() {
	a := []float32{1, 2, 3, 4, 5, 6} // [2, 3]
	w := []float32{1, 0, 1, 0, 1, 0} // [2, 3]: two outputs of three inputs, as a layer stores them
	c := make([]float32, 4)          // [2, 2] = a * wᵀ
	simd.Gemm(false, true, 2, 2, 3, 1, a, 3, w, 3, 0, c, 2)
	fmt.Println(c)
	// Output: [4 2 10 5]
}

func ExampleForRange() {
	squares := make([]int, 10)
	simd.ForRange(len(squares), 4, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			squares[i] = i * i
		}
	})
	fmt.Println(squares)
	// Output: [0 1 4 9 16 25 36 49 64 81]
}

func ExampleCrossEntropy() {
	nll, argmax := simd.CrossEntropy([]float64{0, 0, 0, 0}, 2)
	fmt.Printf("%.4f nats, index %d\n", nll, argmax)
	// Output: 1.3863 nats, index 0
}
