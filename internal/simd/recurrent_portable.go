//go:build !amd64 || noasm

package simd

func stateRows32(z, state, top, x, y []float32, width int, scale float32) {
	stateRowsPortable(z, state, top, x, y, width, scale)
}

func adjointRows32(adjoint, du, kept, top, x, dz, now, before []float32, width int, scale float32) {
	adjointRowsPortable(adjoint, du, kept, top, x, dz, now, before, width, scale)
}
