// Package arch holds no code: its test keeps the import directions of the project.
//
// Imports point down only:
//
//	cmd, examples -> train -> models, data, checkpoints, sampling
//	models -> layers -> ops -> goom, internal/kernels -> params -> internal/simd
//
// data, checkpoints and train/metrics know neither each other nor train, and nothing of Gorgonia,
// which stops at models.
package arch
