// Package arch holds no code: its tests keep the import directions of the project, and the list of the places that
// take a logarithm of package math.
//
// Imports point down only:
//
//	cmd, examples -> train -> models, data, checkpoints, sampling
//	models -> layers -> ops -> goom, internal/kernels -> params -> internal/simd
//	internal/simd/matmul, below goom and internal/kernels -> internal/simd
//
// data, checkpoints and train/metrics know neither each other nor train, and nothing of Gorgonia,
// which stops at models.
package arch
