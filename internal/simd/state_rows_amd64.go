//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

func stateRows32(z, state, top, x, y []float32, width int, scale float32) {
	if !cpu.AVX2 {
		stateRowsPortable(z, state, top, x, y, width, scale)
		return
	}
	for len(top) > 0 {
		rows := min(len(top), 1+maxPiece/width)
		stateRowsAVX2(&z[0], &state[0], &top[0], &x[0], &y[0], width, rows, scale)
		n := rows * width
		z, state, top, x, y = z[n:], state[n:], top[rows:], x[n:], y[n:]
	}
}

func adjointRows32(adjoint, du, kept, top, x, dz, now, before []float32, width int, scale float32) {
	if !cpu.AVX2 {
		adjointRowsPortable(adjoint, du, kept, top, x, dz, now, before, width, scale)
		return
	}
	for len(top) > 0 {
		rows := min(len(top), 1+maxPiece/width)
		adjointRowsAVX2(&adjoint[0], &du[0], &kept[0], &top[0], &x[0], &dz[0], &now[0], &before[0], width, rows, scale)
		n := rows * width
		adjoint, du, kept, x, dz = adjoint[n:], du[n:], kept[n:], x[n:], dz[n:]
		top, now, before = top[rows:], now[rows:], before[rows:]
	}
}
