package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func linearStepKernels() {
	linearSteps()
	linearStepsBy3()
	mulSteps()
	scaleSteps()
	runningSums()
	decaySums()
}

// argument is the place of an integer parameter in memory, for the loops that have no register left for it.
func argument(name string) Mem {
	a, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return a.Addr
}

func linearSteps() {
	function("linearStepsAVX2", "func(state, o, q, k, v *float32, n, rows, columns, strideO, strideQ, strideK, strideV int)",
		`is, with strides in bytes,

	for range n {
		for j := range columns {
			o[j] = 0
		}
		for r := range rows {
			for j := range columns {
				state[r*columns+j] += k[r] * v[j]
				o[j] += q[r] * state[r*columns+j]
			}
		}
		o += strideO
		q += strideQ
		k += strideK
		v += strideV
	}`)
	state, o, v, left, stride := pointer("state"), pointer("o"), pointer("v"), pointer("columns"), pointer("columns")
	SHLQ(Imm(2), stride) // bytes of a row of the state
	columns(left, []int{4, 2, 1}, pointers(state, o, v), func(label string, lanes []lane) {
		// several sums for every column, so that an addition need not wait for the one before it
		unroll := 4 / len(lanes)
		to, from, q, k, steps := GP64(), GP64(), pointer("q"), pointer("k"), pointer("n")
		MOVQ(o, to)
		MOVQ(v, from)
		Label(label + "Step")
		values, sums := loads(lanes, from), make([][]vec, unroll)
		for i := range sums {
			sums[i] = zeroed(len(lanes))
		}
		row, r := GP64(), GP64()
		MOVQ(state, row)
		XORQ(r, r)
		add := func(sum []vec) {
			key, query := YMM(), YMM()
			VBROADCASTSS(Mem{Base: k, Index: r, Scale: 4}, key)
			VBROADCASTSS(Mem{Base: q, Index: r, Scale: 4}, query)
			for i, l := range lanes {
				s := l.load(row)
				VFMADD231PS(values[i], key, s)
				l.store(s, row)
				VFMADD231PS(s, query, sum[i])
			}
			ADDQ(stride, row)
			INCQ(r)
		}
		if unroll > 1 {
			ahead := GP64()
			Label(label + "Several")
			LEAQ(Mem{Base: r, Disp: unroll}, ahead)
			CMPQ(ahead, argument("rows"))
			JGT(LabelRef(label + "Rest"))
			for _, sum := range sums {
				add(sum)
			}
			JMP(LabelRef(label + "Several"))
			Label(label + "Rest")
			CMPQ(r, argument("rows"))
			JGE(LabelRef(label + "Sum"))
		}
		Label(label + "One")
		add(sums[0])
		CMPQ(r, argument("rows"))
		JLT(LabelRef(label + "One"))
		Label(label + "Sum")
		for i, l := range lanes {
			for _, sum := range sums[1:] {
				VADDPS(sum[i], sums[0][i], sums[0][i])
			}
			l.store(sums[0][i], to)
		}
		ADDQ(argument("strideO"), to)
		ADDQ(argument("strideQ"), q)
		ADDQ(argument("strideK"), k)
		ADDQ(argument("strideV"), from)
		DECQ(steps)
		JNZ(LabelRef(label + "Step"))
	})
	finish()
}

func linearStepsBy3() {
	function("linearStepsBy3AVX2", "func(state, o, q, k, v *float32, n, rows, columns, strideO, strideQ, strideK, strideV int)",
		`is linearStepsAVX2 for n a positive multiple of 3. It takes three steps in one pass over the state, which it
loads and stores a third as often.`)
	const tokens = 3
	state, o, v, left, stride := pointer("state"), pointer("o"), pointer("v"), pointer("columns"), pointer("columns")
	strideQ, strideK := pointer("strideQ"), pointer("strideK")
	SHLQ(Imm(2), stride) // bytes of a row of the state
	columns(left, []int{2, 1}, pointers(state, o, v), func(label string, lanes []lane) {
		to, from, q, k, steps := GP64(), GP64(), pointer("q"), pointer("k"), pointer("n")
		MOVQ(o, to)
		MOVQ(v, from)
		Label(label + "Step")
		values, sums := make([][]vec, tokens), make([][]vec, tokens)
		for i := range tokens {
			values[i], sums[i] = loads(lanes, from), zeroed(len(lanes))
			ADDQ(argument("strideV"), from)
		}
		row, r := GP64(), pointer("rows")
		MOVQ(state, row)
		Label(label + "Row")
		s := loads(lanes, row)
		for i := range tokens {
			key, query := YMM(), YMM()
			at := func(p, stride reg.GPVirtual) Mem {
				if i == 0 {
					return Mem{Base: p}
				}
				return Mem{Base: p, Index: stride, Scale: uint8(i)}
			}
			VBROADCASTSS(at(k, strideK), key)
			for j := range lanes {
				VFMADD231PS(values[i][j], key, s[j])
			}
			VBROADCASTSS(at(q, strideQ), query)
			for j := range lanes {
				VFMADD231PS(s[j], query, sums[i][j])
			}
		}
		for j, l := range lanes {
			l.store(s[j], row)
		}
		ADDQ(Imm(4), q)
		ADDQ(Imm(4), k)
		ADDQ(stride, row)
		DECQ(r)
		JNZ(LabelRef(label + "Row"))
		for i := range tokens {
			for j, l := range lanes {
				l.store(sums[i][j], to)
			}
			ADDQ(argument("strideO"), to)
		}
		// from behind the last row to the first row of the next three steps
		MOVQ(argument("rows"), row)
		NEGQ(row)
		LEAQ(Mem{Base: q, Index: row, Scale: 4}, q)
		LEAQ(Mem{Base: k, Index: row, Scale: 4}, k)
		for range tokens {
			ADDQ(strideQ, q)
			ADDQ(strideK, k)
		}
		SUBQ(Imm(tokens), steps)
		JNZ(LabelRef(label + "Step"))
	})
	finish()
}

func mulSteps() {
	function("mulStepsAVX2", "func(dst, src, x *float32, n, width, strideDst, strideSrc, strideX int, alpha float32)",
		`is, with strides in bytes,

	for range n {
		for j := range width {
			dst[j] = alpha * src[j] * x[j]
		}
		dst += strideDst
		src += strideSrc
		x += strideX
	}`)
	dst, src, x, width, alpha := pointer("dst"), pointer("src"), pointer("x"), pointer("width"), scalar("alpha")
	strideDst, strideSrc, strideX := pointer("strideDst"), pointer("strideSrc"), pointer("strideX")
	columns(width, []int{4, 1}, pointers(dst, src, x), func(label string, lanes []lane) {
		p, n := copies(dst, src, x), pointer("n")
		Label(label + "Step")
		for _, l := range lanes {
			v := l.load(p[1])
			VMULPS(alpha, v, v)
			VMULPS(l.load(p[2]), v, v)
			l.store(v, p[0])
		}
		ADDQ(strideDst, p[0])
		ADDQ(strideSrc, p[1])
		ADDQ(strideX, p[2])
		DECQ(n)
		JNZ(LabelRef(label + "Step"))
	})
	finish()
}

func scaleSteps() {
	function("scaleStepsAVX2", "func(dst, src, x *float32, n, width, strideDst, strideSrc int, alpha float32)",
		`is, with strides in bytes,

	for t := range n {
		for j := range width {
			dst[j] = alpha * x[t] * src[j]
		}
		dst += strideDst
		src += strideSrc
	}`)
	dst, src, width, alpha := pointer("dst"), pointer("src"), pointer("width"), scalar("alpha")
	strideDst, strideSrc := pointer("strideDst"), pointer("strideSrc")
	columns(width, []int{4, 1}, pointers(dst, src), func(label string, lanes []lane) {
		p, x, n := copies(dst, src), pointer("x"), pointer("n")
		Label(label + "Step")
		c := YMM()
		VBROADCASTSS(Mem{Base: x}, c)
		VMULPS(alpha, c, c)
		for _, l := range lanes {
			v := l.load(p[1])
			VMULPS(c, v, v)
			l.store(v, p[0])
		}
		ADDQ(strideDst, p[0])
		ADDQ(strideSrc, p[1])
		ADDQ(Imm(4), x)
		DECQ(n)
		JNZ(LabelRef(label + "Step"))
	})
	finish()
}

func runningSums() {
	function("runningSumsAVX2", "func(dst, src *float32, n, width, strideDst, strideSrc int) (steepest, deepest float32)",
		`is, with strides in bytes,

	for t := range n {
		for j := range width {
			dst[j] = 0
			if t > 0 {
				dst[j] = dst[j-strideDst] + src[j]
				steepest = max(steepest, abs(src[j])) // NaN if one is NaN
			}
			deepest = max(deepest, abs(dst[j])) // NaN if one is NaN
		}
		dst += strideDst
		src += strideSrc
	}`)
	dst, src, width := pointer("dst"), pointer("src"), pointer("width")
	strideDst, strideSrc, abs, steep, deep := pointer("strideDst"), pointer("strideSrc"), absMask(), zeroed(1), zeroed(1)
	columns(width, []int{1}, pointers(dst, src), func(label string, lanes []lane) {
		p, n, l, sum := copies(dst, src), pointer("n"), lanes[0], zeroed(1)[0]
		JMP(LabelRef(label + "Store"))
		Label(label + "Step")
		v := l.load(p[1])
		VADDPS(v, sum, sum)
		VANDPS(abs, v, v)
		VPMAXSD(v, steep[0], steep[0])
		VANDPS(abs, sum, v)
		VPMAXSD(v, deep[0], deep[0])
		Label(label + "Store")
		l.store(sum, p[0])
		ADDQ(strideDst, p[0])
		ADDQ(strideSrc, p[1])
		DECQ(n)
		JNZ(LabelRef(label + "Step"))
	})
	result(largest(steep), 0)
	result(largest(deep), 1)
	finish()
}

func decaySums() {
	function("decaySumsAVX2", "func(sum, dg, q, dq, k, dk *float32, width, n, strideDG, strideQ, strideDQ, strideK, strideDK int)",
		`is, with strides in bytes,

	for range n {
		for j := range width {
			sum[j] += q[j]*dq[j] - k[j]*dk[j]
			dg[j] = sum[j]
		}
		dg -= strideDG
		q -= strideQ
		dq -= strideDQ
		k -= strideK
		dk -= strideDK
	}`)
	arrays := pointers(pointer("dg"), pointer("q"), pointer("dq"), pointer("k"), pointer("dk"))
	sum, width := pointer("sum"), pointer("width")
	columns(width, []int{1}, append([]reg.GPVirtual{sum}, arrays...), func(label string, lanes []lane) {
		p, n, l := copies(arrays...), pointer("n"), lanes[0]
		s := l.load(sum)
		Label(label + "Step")
		VFMADD231PS(l.load(p[1]), l.load(p[2]), s)
		VFNMADD231PS(l.load(p[3]), l.load(p[4]), s)
		l.store(s, p[0])
		for i, stride := range []string{"strideDG", "strideQ", "strideDQ", "strideK", "strideDK"} {
			SUBQ(argument(stride), p[i])
		}
		DECQ(n)
		JNZ(LabelRef(label + "Step"))
		l.store(s, sum)
	})
	finish()
}
