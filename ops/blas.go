package ops

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/internal/simd/matmul/blas"
)

// Gorgonia's built-in matrix products also run on the kernels of this project, so that graphs of built-in ops
// are fast.
func init() { G.Use(blas.Implementation{}) }
