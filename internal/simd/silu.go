package simd

import "goomtrain/internal/simd/floats"

// SiLU sets dst[i] = src[i] * sigmoid(src[i]) (arXiv 1702.03118).
func SiLU[F Float](dst, src []F) {
	checkMap("SiLU", dst, src)
	if floats.Single[F]() {
		silu32(floats.As32(dst), floats.As32(src))
		return
	}
	siluPortable(dst, src)
}

// SiLUBackward is the gradient of SiLU: with s = sigmoid(x[i]), dx[i] = dy[i] * (s + x[i]*s*(1-s)). dx may be dy or x.
func SiLUBackward[F Float](dx, dy, x []F) {
	checkMap("SiLUBackward", dx, dy)
	checkMap("SiLUBackward", dx, x)
	if floats.Single[F]() {
		siluBackward32(floats.As32(dx), floats.As32(dy), floats.As32(x))
		return
	}
	siluBackwardPortable(dx, dy, x)
}

// SiLUGate sets dst[i] = up[i] * SiLU(gate[i]) (arXiv 2002.05202). dst may be up or gate.
func SiLUGate[F Float](dst, up, gate []F) {
	checkMap("SiLUGate", dst, up)
	checkMap("SiLUGate", dst, gate)
	if floats.Single[F]() {
		siluGate32(floats.As32(dst), floats.As32(up), floats.As32(gate))
		return
	}
	siluGatePortable(dst, up, gate)
}

// SiLUGateBackward is the gradient of SiLUGate: dup = dy * SiLU(gate), dgate = dy * up * (derivative of SiLU at gate).
// dup and dgate may each be dy, up or gate, but must not overlap.
func SiLUGateBackward[F Float](dup, dgate, dy, up, gate []F) {
	for _, src := range [][]F{dy, up, gate} {
		checkMap("SiLUGateBackward", dup, src)
		checkMap("SiLUGateBackward", dgate, src)
	}
	if floats.Share(dup, dgate) {
		panicOverlap("SiLUGateBackward")
	}
	if floats.Single[F]() {
		siluGateBackward32(floats.As32(dup), floats.As32(dgate), floats.As32(dy), floats.As32(up), floats.As32(gate))
		return
	}
	siluGateBackwardPortable(dup, dgate, dy, up, gate)
}
