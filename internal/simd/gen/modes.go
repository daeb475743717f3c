package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func modeKernels() {
	modeRows()
	modeStates()
	modeRowsBackward()
}

// Offsets of the arrays of one mode, each 8 floats: coefficients ar, ai, cr, ci, and their gradients; the parts of a state.
const (
	modeAR, modeAI, modeCR, modeCI = 0, 32, 64, 96
	modeRe, modeIm                 = 0, 32
)

func fields(p reg.Register, mode, size, field int) Mem {
	return Mem{Base: p, Disp: mode*size + field}
}

// modeStep returns the state of a mode after u, from that at p; c are the coefficients.
func modeStep(c, p reg.Register, mode int, u vec) (re, im vec) {
	ar, ai, r, i := YMM(), YMM(), YMM(), YMM()
	VMOVUPS(fields(c, mode, 128, modeAR), ar)
	VMOVUPS(fields(c, mode, 128, modeAI), ai)
	VMOVUPS(fields(p, mode, 64, modeRe), r)
	VMOVUPS(fields(p, mode, 64, modeIm), i)
	re, im = YMM(), YMM()
	VMULPS(ar, i, im)
	VFMADD231PS(ai, r, im)
	VMOVAPS(u, re)
	VFMADD231PS(ar, r, re)
	VFNMADD231PS(ai, i, re)
	return re, im
}

func modeRows() {
	function("modeRowsAVX2", "func(y, u, state, c, d *float32, rows, modes, stride int)",
		`is, with the stride in bytes and an even number of modes,

	for range rows {
		for l := range 8 {
			y[l] = d[l] * u[l]
		}
		for n := range modes {
			ar, ai, cr, ci := c[32*n:], c[32*n+8:], c[32*n+16:], c[32*n+24:]
			re, im := state[16*n:], state[16*n+8:]
			for l := range 8 {
				re[l], im[l] = u[l]+ar[l]*re[l]-ai[l]*im[l], ar[l]*im[l]+ai[l]*re[l]
				y[l] += cr[l]*re[l] + ci[l]*im[l]
			}
		}
		y += stride
		u += stride
	}`)
	y, u, state, c, d := pointer("y"), pointer("u"), pointer("state"), pointer("c"), pointer("d")
	rows, modes, stride := pointer("rows"), pointer("modes"), pointer("stride")
	direct := YMM()
	VMOVUPS(Mem{Base: d}, direct)
	Label("row")
	in := YMM()
	VMOVUPS(Mem{Base: u}, in)
	sums := zeroed(4)
	VMULPS(direct, in, sums[0])
	p, q, n := GP64(), GP64(), GP64()
	MOVQ(state, p)
	MOVQ(c, q)
	MOVQ(modes, n)
	Label("mode")
	for mode := range 2 {
		re, im := modeStep(q, p, mode, in)
		VMOVUPS(re, fields(p, mode, 64, modeRe))
		VMOVUPS(im, fields(p, mode, 64, modeIm))
		VFMADD231PS(fields(q, mode, 128, modeCR), re, sums[2*mode])
		VFMADD231PS(fields(q, mode, 128, modeCI), im, sums[2*mode+1])
	}
	ADDQ(Imm(2*64), p)
	ADDQ(U32(2*128), q)
	SUBQ(Imm(2), n)
	JNZ(LabelRef("mode"))
	VADDPS(sums[1], sums[0], sums[0])
	VADDPS(sums[3], sums[2], sums[2])
	VADDPS(sums[2], sums[0], sums[0])
	VMOVUPS(sums[0], Mem{Base: y})
	ADDQ(stride, y)
	ADDQ(stride, u)
	DECQ(rows)
	JNZ(LabelRef("row"))
	finish()
}

func modeStates() {
	function("modeStatesAVX2", "func(states, u, c *float32, rows, modes, stride int)",
		`is the recurrence of modeRowsAVX2 that keeps all states,

	for range rows {
		for n := range modes {
			ar, ai := c[32*n:], c[32*n+8:]
			re, im := states[16*n:], states[16*n+8:]
			nextRe, nextIm := states[16*(modes+n):], states[16*(modes+n)+8:]
			for l := range 8 {
				nextRe[l], nextIm[l] = u[l]+ar[l]*re[l]-ai[l]*im[l], ar[l]*im[l]+ai[l]*re[l]
			}
		}
		states += 16 * modes
		u += stride
	}`)
	states, u, c := pointer("states"), pointer("u"), pointer("c")
	rows, modes, stride := pointer("rows"), pointer("modes"), pointer("stride")
	next := GP64()
	MOVQ(modes, next)
	SHLQ(Imm(6), next)
	ADDQ(states, next)
	Label("row")
	in := YMM()
	VMOVUPS(Mem{Base: u}, in)
	q, n := GP64(), GP64()
	MOVQ(c, q)
	MOVQ(modes, n)
	Label("mode")
	for mode := range 2 {
		re, im := modeStep(q, states, mode, in)
		VMOVUPS(re, fields(next, mode, 64, modeRe))
		VMOVUPS(im, fields(next, mode, 64, modeIm))
	}
	ADDQ(Imm(2*64), states)
	ADDQ(Imm(2*64), next)
	ADDQ(U32(2*128), q)
	SUBQ(Imm(2), n)
	JNZ(LabelRef("mode"))
	ADDQ(stride, u)
	DECQ(rows)
	JNZ(LabelRef("row"))
	finish()
}

func modeRowsBackward() {
	function("modeRowsBackwardAVX2", "func(du, dy, u, states, adjoint, dc, c, d *float32, rows, modes, stride int)",
		`is, with the stride in bytes, an even number of modes, and du, dy, u and states at the last row,

	for range rows {
		for l := range 8 {
			du[l] = d[l] * dy[l]
		}
		for n := range modes {
			ar, ai, cr, ci := c[32*n:], c[32*n+8:], c[32*n+16:], c[32*n+24:]
			dar, dai, dcr, dci := dc[32*n:], dc[32*n+8:], dc[32*n+16:], dc[32*n+24:]
			gr, gi, dbr, dbi := adjoint[32*n:], adjoint[32*n+8:], adjoint[32*n+16:], adjoint[32*n+24:]
			re, im := states[16*n:], states[16*n+8:]
			nextRe, nextIm := states[16*(modes+n):], states[16*(modes+n)+8:]
			for l := range 8 {
				dcr[l] += dy[l] * nextRe[l]
				dci[l] += dy[l] * nextIm[l]
				r, i := gr[l]+cr[l]*dy[l], gi[l]+ci[l]*dy[l]
				du[l] += r
				dbr[l] += r * u[l]
				dbi[l] += i * u[l]
				dar[l] += r*re[l] + i*im[l]
				dai[l] += i*re[l] - r*im[l]
				gr[l], gi[l] = ar[l]*r+ai[l]*i, ar[l]*i-ai[l]*r
			}
		}
		states -= 16 * modes
		du -= stride
		dy -= stride
		u -= stride
	}`)
	du, dy, u, states := pointer("du"), pointer("dy"), pointer("u"), pointer("states")
	rows, stride := pointer("rows"), pointer("stride")
	direct, size, n := YMM(), GP64(), pointer("d")
	VMOVUPS(Mem{Base: n}, direct)
	MOVQ(parameter("modes"), size) // of the states of one row, in bytes
	SHLQ(Imm(6), size)
	Label("row")
	in, out := YMM(), YMM()
	VMOVUPS(Mem{Base: u}, in)
	VMOVUPS(Mem{Base: dy}, out)
	sums := zeroed(2)
	VMULPS(direct, out, sums[0])
	g, e, q := GP64(), GP64(), GP64()
	MOVQ(parameter("adjoint"), g)
	MOVQ(parameter("dc"), e)
	MOVQ(parameter("c"), q)
	MOVQ(parameter("modes"), n)
	Label("mode")
	for mode := range 2 {
		r, i := YMM(), YMM()
		VMOVUPS(fields(g, mode, 128, modeRe), r)
		VMOVUPS(fields(g, mode, 128, modeIm), i)
		VFMADD231PS(fields(q, mode, 128, modeCR), out, r)
		VFMADD231PS(fields(q, mode, 128, modeCI), out, i)
		VADDPS(r, sums[mode], sums[mode])
		for field, part := range []vec{r, i} {
			v := YMM()
			VMOVUPS(fields(g, mode, 128, 64+32*field), v)
			VFMADD231PS(part, in, v)
			VMOVUPS(v, fields(g, mode, 128, 64+32*field))
		}
		after := func(field int) Mem { return Mem{Base: states, Index: size, Scale: 1, Disp: mode*64 + field} }
		for k, field := range []int{modeCR, modeCI} {
			v := YMM()
			VMOVUPS(fields(e, mode, 128, field), v)
			VFMADD231PS(after(32*k), out, v)
			VMOVUPS(v, fields(e, mode, 128, field))
		}
		re, im, v := YMM(), YMM(), YMM()
		VMOVUPS(fields(states, mode, 64, modeRe), re)
		VMOVUPS(fields(states, mode, 64, modeIm), im)
		VMOVUPS(fields(e, mode, 128, modeAR), v)
		VFMADD231PS(r, re, v)
		VFMADD231PS(i, im, v)
		VMOVUPS(v, fields(e, mode, 128, modeAR))
		v = YMM()
		VMOVUPS(fields(e, mode, 128, modeAI), v)
		VFMADD231PS(i, re, v)
		VFNMADD231PS(r, im, v)
		VMOVUPS(v, fields(e, mode, 128, modeAI))

		ar, ai, nextR, nextI := YMM(), YMM(), YMM(), YMM()
		VMOVUPS(fields(q, mode, 128, modeAR), ar)
		VMOVUPS(fields(q, mode, 128, modeAI), ai)
		VMULPS(ar, r, nextR)
		VFMADD231PS(ai, i, nextR)
		VMULPS(ar, i, nextI)
		VFNMADD231PS(ai, r, nextI)
		VMOVUPS(nextR, fields(g, mode, 128, modeRe))
		VMOVUPS(nextI, fields(g, mode, 128, modeIm))
	}
	ADDQ(Imm(2*64), states)
	ADDQ(U32(2*128), g)
	ADDQ(U32(2*128), e)
	ADDQ(U32(2*128), q)
	SUBQ(Imm(2), n)
	JNZ(LabelRef("mode"))
	VADDPS(sums[1], sums[0], sums[0])
	VMOVUPS(sums[0], Mem{Base: du})
	SUBQ(size, states)
	SUBQ(size, states)
	SUBQ(stride, du)
	SUBQ(stride, dy)
	SUBQ(stride, u)
	DECQ(rows)
	JNZ(LabelRef("row"))
	finish()
}
