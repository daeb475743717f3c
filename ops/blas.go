package ops

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/internal/simd/matmul/blas"
)

// Gorgonia's own matrix products run on the project's kernels too, so that what users build from its
// built-in ops is fast.
func init() { G.Use(blas.Implementation{}) }
