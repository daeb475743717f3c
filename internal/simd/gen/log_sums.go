package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// logSumKernels writes the kernels of sums that are kept as their logarithms in float64.
func logSumKernels() {
	relativeLogs()
	maxRelativeLogs()
	addLogs()
	growthRatios()
}

// A quad is four columns of float64 and of float32: all of them, or the masked rest.
type quad struct{ narrow, wide *vec }

// load64 reads four numbers of float64.
func (q quad) load64(p reg.Register) vec {
	v := YMM()
	if q.wide != nil {
		VMASKMOVPD(Mem{Base: p}, *q.wide, v)
	} else {
		VMOVUPD(Mem{Base: p}, v)
	}
	return v
}

// load32 reads four numbers of float32.
func (q quad) load32(p reg.Register) vec {
	v := XMM()
	if q.narrow != nil {
		VMASKMOVPS(Mem{Base: p}, *q.narrow, v)
	} else {
		VMOVUPS(Mem{Base: p}, v)
	}
	return v
}

func (q quad) store64(v vec, p reg.Register) {
	if q.wide != nil {
		VMASKMOVPD(v, *q.wide, Mem{Base: p})
	} else {
		VMOVUPD(v, Mem{Base: p})
	}
}

func (q quad) store32(v vec, p reg.Register) {
	if q.narrow != nil {
		VMASKMOVPS(v, *q.narrow, Mem{Base: p})
	} else {
		VMOVUPS(v, Mem{Base: p})
	}
}

// quads emits a loop over n columns by fours and then the masked rest. It uses up n and advances the pointers to float64 and
// those to float32.
func quads(n reg.GPVirtual, wide, narrow []reg.GPVirtual, body func(label string, q quad)) {
	Label("quads")
	CMPQ(n, Imm(4))
	JLT(LabelRef("afterQuads"))
	body("quad", quad{})
	for _, p := range wide {
		ADDQ(Imm(32), p)
	}
	for _, p := range narrow {
		ADDQ(Imm(16), p)
	}
	SUBQ(Imm(4), n)
	JMP(LabelRef("quads"))
	Label("afterQuads")
	TESTQ(n, n)
	JZ(LabelRef("done"))
	at, mask32, mask64 := GP64(), XMM(), YMM()
	LEAQ(tailMask(), at)
	NEGQ(n)
	VMOVDQU(Mem{Base: at, Index: n, Scale: 4, Disp: 32}, mask32)
	VPMOVSXDQ(mask32, mask64)
	body("rest", quad{&mask32, &mask64})
	Label("done")
}

// difference is F(l - m - mu) of four columns of a row, for m in float32 at a pointer and mu in float64.
func difference(q quad, l, m reg.Register, mu *vec) vec {
	x, of, narrow := q.load64(l), YMM(), XMM()
	VBROADCASTSS(Mem{Base: m}, narrow)
	VCVTPS2PD(narrow, of)
	VSUBPD(of, x, x)
	if mu != nil {
		VSUBPD(*mu, x, x)
	}
	VCVTPD2PSY(x, narrow)
	return narrow
}

func relativeLogs() {
	function("relativeLogsAVX2", "func(dst *float32, logs *float64, m, mu *float32, n, rows int)",
		`is

	for r := range rows {
		for i := range n {
			dst[i] = float32(logs[i] - float64(m[r]) - float64(mu[i]))
		}
		dst += n
		logs += n
	}`)
	dst, logs, m, mu := pointer("dst"), pointer("logs"), pointer("m"), pointer("mu")
	n, rows := pointer("n"), pointer("rows")
	stride := GP64()
	MOVQ(n, stride)
	SHLQ(Imm(2), stride)
	quads(n, pointers(logs), pointers(dst, mu), func(label string, q quad) {
		of := YMM()
		VCVTPS2PD(q.load32(mu), of)
		p, r := copies(dst, logs, m), GP64()
		MOVQ(rows, r)
		Label(label + "Row")
		q.store32(difference(q, p[1], p[2], &of), p[0])
		ADDQ(stride, p[0])
		LEAQ(Mem{Base: p[1], Index: stride, Scale: 2}, p[1])
		ADDQ(Imm(4), p[2])
		DECQ(r)
		JNZ(LabelRef(label + "Row"))
	})
	finish()
}

func maxRelativeLogs() {
	function("maxRelativeLogsAVX2", "func(mu *float32, logs *float64, m *float32, n, rows int)",
		`is

	for r := range rows {
		for i := range n {
			if x := float32(logs[i] - float64(m[r])); x > mu[i] {
				mu[i] = x
			}
		}
		logs += n
	}`)
	mu, logs, m := pointer("mu"), pointer("logs"), pointer("m")
	n, rows := pointer("n"), pointer("rows")
	stride := GP64()
	MOVQ(n, stride)
	SHLQ(Imm(3), stride)
	quads(n, pointers(logs), pointers(mu), func(label string, q quad) {
		most := q.load32(mu)
		p, r := copies(logs, m), GP64()
		MOVQ(rows, r)
		Label(label + "Row")
		VMAXPS(most, difference(q, p[0], p[1], nil), most) // most where the difference is NaN
		ADDQ(stride, p[0])
		ADDQ(Imm(4), p[1])
		DECQ(r)
		JNZ(LabelRef(label + "Row"))
		q.store32(most, mu)
	})
	finish()
}

func addLogs() {
	function("addLogsAVX2", "func(dst, x *float64, y *float32, n int)",
		`is

	for i := range n {
		dst[i] = x[i] + float64(y[i])
	}`)
	dst, x, y, n := pointer("dst"), pointer("x"), pointer("y"), pointer("n")
	quads(n, pointers(dst, x), pointers(y), func(label string, q quad) {
		sum := YMM()
		VCVTPS2PD(q.load32(y), sum)
		VADDPD(q.load64(x), sum, sum)
		q.store64(sum, dst)
	})
	finish()
}

func growthRatios() {
	function("growthRatiosAVX2", "func(dst, x, p *float32, n int, least float32) float32",
		`is

	for i := range n {
		r := x[i] / p[i]
		if !(abs(p[i]) >= least && r >= -0.5) {
			r = 0
			count++
		}
		dst[i] = r
	}
	return count`)
	dst, x, p, n, least := pointer("dst"), pointer("x"), pointer("p"), pointer("n"), scalar("least")
	count := zeroed(2)
	stream("loop", n, []int{2, 1}, pointers(dst, x, p), func(e lane) {
		of, bad, small := e.load(p), YMM(), YMM()
		ratio := e.load(x)
		VDIVPS(of, ratio, ratio)
		VANDPS(bitsConstant("magnitude", 1<<31-1), of, of)
		VCMPPS(Imm(cmpNotAtLeast), least, of, bad)
		VCMPPS(Imm(cmpNotAtLeast), constant("minusHalf", -0.5), ratio, small)
		VORPS(small, bad, bad)
		VANDNPS(ratio, bad, ratio)
		e.store(ratio, dst)
		VANDPS(constant("one", 1), bad, bad)
		e.only(bad)
		VADDPS(bad, count[e.u], count[e.u])
	})
	result(total(count), 0)
	finish()
}
