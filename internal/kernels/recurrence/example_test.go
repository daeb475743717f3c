package recurrence_test

import (
	"fmt"

	"goomtrain/internal/kernels/recurrence"
)

// A state that grows by 10^30 a step: its direction stays readable.
func ExampleKernel() {
	k := recurrence.New[float32](1, 100, 1, 2) // B, T, N, D
	u, z := make([]float32, 200), make([]float32, 200)
	k.Forward(z, u, []float32{0, 1e30, 1e30, 0}, []float32{1, 0.5}, nil, nil)
	fmt.Printf("%.3f\n", z[196:])
	// Output:
	// [3.695 7.389 7.389 3.695]
}
