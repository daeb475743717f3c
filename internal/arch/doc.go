// Package arch has only tests. They check the import directions of the project, the places that take a
// logarithm of package math, the flags and commands that texts name, and the code in the documents.
//
// Imports point down only:
//
//	cmd, examples -> train -> models, data, checkpoints, sampling
//	models -> layers -> ops -> goom, trees, internal/kernels -> params -> internal/simd
//	internal/simd/matmul, below goom and internal/kernels -> internal/simd
//
// data, checkpoints and train/metrics import neither each other nor train. Only models and the packages below
// it import Gorgonia.
package arch
