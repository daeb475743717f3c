//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

func modeRows32(y, u, state, c, d []float32, rows, stride int) {
	if !cpu.AVX2 {
		modeRowsPortable(y, u, state, c, d, rows, stride)
		return
	}
	step := 1 + maxPiece/len(c)
	for r := 0; r < rows; r += step {
		modeRowsAVX2(&y[r*stride], &u[r*stride], &state[0], &c[0], &d[0], min(step, rows-r), modesIn(c), 4*stride)
	}
}

func modeStates32(states, u, c []float32, rows, stride int) {
	if !cpu.AVX2 {
		modeStatesPortable(states, u, c, rows, stride)
		return
	}
	step := 1 + maxPiece/len(c)
	for r := 0; r < rows; r += step {
		modeStatesAVX2(&states[r*len(c)/2], &u[r*stride], &c[0], min(step, rows-r), modesIn(c), 4*stride)
	}
}

func modeRowsBackward32(du, dy, u, states, adjoint, dc, c, d []float32, rows, stride int) {
	if !cpu.AVX2 {
		modeRowsBackwardPortable(du, dy, u, states, adjoint, dc, c, d, rows, stride)
		return
	}
	step := 1 + maxPiece/len(c)
	for ; rows > 0; rows -= step {
		last := rows - 1
		modeRowsBackwardAVX2(&du[last*stride], &dy[last*stride], &u[last*stride], &states[last*len(c)/2], &adjoint[0], &dc[0], &c[0], &d[0], min(step, rows), modesIn(c), 4*stride)
	}
}

func modesIn(c []float32) int { return len(c) / (4 * ModeLanes) }
