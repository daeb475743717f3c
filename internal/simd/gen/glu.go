package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func gluKernels() {
	glu()
	gluBackward()
}

func glu() {
	function("gluAVX2", "func(dst, a, b *float32, n, rows, stride, strideX int)",
		`is, with strides in bytes,

	for range rows {
		for i := range n {
			dst[i] = a[i] / (1 + exp(-b[i]))
		}
		dst += stride
		a += strideX
		b += strideX
	}`)
	dst, a, b, n := pointer("dst"), pointer("a"), pointer("b"), pointer("n")
	gateRows(pointers(dst), pointers(a, b), n, func(left reg.GPVirtual) {
		gated(left, b, pointers(dst, a, b), func(l lane, s vec) {
			VMULPS(l.load(a), s, s)
			l.store(s, dst)
		})
	})
	finish()
}

func gluBackward() {
	function("gluBackwardAVX2", "func(dy, da, db, a, b *float32, n, rows, stride, strideX int)",
		`is, with strides in bytes,

	for range rows {
		for i := range n {
			s := 1 / (1 + exp(-b[i]))
			da[i] = dy[i] * s
			db[i] = dy[i] * a[i] * (s - s*s)
		}
		dy += stride
		da += strideX
		db += strideX
		a += strideX
		b += strideX
	}`)
	dy, da, db, a, b, n := pointer("dy"), pointer("da"), pointer("db"), pointer("a"), pointer("b"), pointer("n")
	gateRows(pointers(dy), pointers(da, db, a, b), n, func(left reg.GPVirtual) {
		gated(left, b, pointers(dy, da, db, a, b), func(l lane, s vec) {
			d, u, slope := l.load(dy), l.load(a), YMM()
			VMOVAPS(s, slope)
			VFNMADD231PS(s, s, slope)
			VMULPS(d, u, u)
			VMULPS(slope, u, u)
			VMULPS(d, s, s)
			l.store(s, da)
			l.store(u, db)
		})
	})
	finish()
}

// gateRows emits a loop over rows of n numbers. body emits the code for one row, which uses up the length that it is
// given and advances the pointers by n rounded down to whole vectors. From row to row the pointers of half move by the
// parameter stride, those of halves by strideX.
func gateRows(half, halves []reg.GPVirtual, n reg.GPVirtual, body func(n reg.GPVirtual)) {
	rows, stride, strideX, left := pointer("rows"), pointer("stride"), pointer("strideX"), GP64()
	MOVQ(n, left)
	ANDQ(I32(-8), left)
	SHLQ(Imm(2), left)
	SUBQ(left, stride)
	SUBQ(left, strideX)
	Label("row")
	MOVQ(n, left)
	body(left)
	for _, p := range half {
		ADDQ(stride, p)
	}
	for _, p := range halves {
		ADDQ(strideX, p)
	}
	DECQ(rows)
	JNZ(LabelRef("row"))
}
