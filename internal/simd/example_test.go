package simd_test

import (
	"fmt"

	"goomtrain/internal/simd"
)

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
