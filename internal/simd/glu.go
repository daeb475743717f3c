package simd

import (
	"fmt"

	"goomtrain/internal/simd/floats"
)

// GLU gates one row (Dauphin et al., arXiv:1612.08083): x is [2D], dst [D] = x[:D] * sigmoid(x[D:]).
// dst may be x[:D] or x[D:].
func GLU[F Float](dst, x []F) {
	d := len(dst)
	checkHalves("GLU", d, d, x)
	if d == 0 {
		return
	}
	checkMap("GLU", dst, x[:d])
	checkMap("GLU", dst, x[d:])
	gluRows(dst, x, d)
}

// GLURows is GLU of each row: x is [R, 2D], dst [R, D] with D = d. dst must not overlap x.
func GLURows[F Float](dst, x []F, d int) {
	checkHalves("GLURows", len(dst), d, x)
	if len(dst) == 0 {
		return
	}
	if floats.Share(dst, x) {
		panicOverlap("GLURows")
	}
	gluRows(dst, x, d)
}

func gluRows[F Float](dst, x []F, d int) {
	if floats.Single[F]() {
		gluRows32(floats.As32(dst), floats.As32(x), d)
		return
	}
	gluRowsPortable(dst, x, d)
}

// GLUBackward is the gradient of GLU on one row: dy is [D], x and dx are [2D]. dx is overwritten and may be x.
func GLUBackward[F Float](dx, dy, x []F) { gluBackwardRows("GLUBackward", dx, dy, x, len(dy)) }

// GLUBackwardRows is GLUBackward of each row: dy is [R, D], x and dx are [R, 2D] with D = d. dx may be x.
func GLUBackwardRows[F Float](dx, dy, x []F, d int) {
	gluBackwardRows("GLUBackwardRows", dx, dy, x, d)
}

func gluBackwardRows[F Float](name string, dx, dy, x []F, d int) {
	checkHalves(name, len(dy), d, x)
	if len(dy) == 0 {
		return
	}
	checkMap(name, dx, x)
	if floats.Share(dx, dy) {
		panicOverlap(name)
	}
	if floats.Single[F]() {
		gluBackwardRows32(floats.As32(dx), floats.As32(dy), floats.As32(x), d)
		return
	}
	gluBackwardRowsPortable(dx, dy, x, d)
}

// checkHalves panics unless n numbers are whole rows of d and x is twice as long.
func checkHalves[F Float](name string, n, d int, x []F) {
	if len(x) != 2*n {
		panic(fmt.Sprintf("simd: %s: x has %d elements, not twice the %d of the output", name, len(x), n))
	}
	if n > 0 && (d < 1 || n%d != 0) {
		panic(fmt.Sprintf("simd: %s: %d elements are not rows of %d", name, n, d))
	}
}
