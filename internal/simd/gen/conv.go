package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func convKernels() {
	conv("convAVX2", "sum", false, func(sum, _ vec) vec { return sum })
	conv("convSiLUAVX2", "sum / (1 + exp(-sum))", false, func(sum, _ vec) vec { return silu(sum) })
	conv("convSiLUBackwardAVX2", "dy[j] * slope(sum)", true, func(sum, dy vec) vec {
		_, slope := siluSlope(sum)
		VMULPS(dy, slope, slope)
		return slope
	})
	addProducts()
}

// conv writes a kernel of rows of a convolution along time. value says what it makes of the sum of the products, f is the
// code of that; scaled says whether it depends on an array dy.
func conv(name, value string, scaled bool, f func(sum, dy vec) vec) {
	signature, doc := "func(dst, src, w, bias *float32, n, rows, taps, strideDst, strideSrc, strideW int)", `is, with strides in bytesNOTE,

	for range rows {
		for j := range n {
			sum := bias[j]
			for i := range taps {
				sum += w[i*strideW+j] * src[i*strideSrc+j]
			}
			dst[j] = VALUE
		}
		dst += strideDst
		src += strideSrcMORE
	}`
	note, more := "", ""
	if scaled {
		signature = "func(dst, dy, src, w, bias *float32, n, rows, taps, strideDst, strideDY, strideSrc, strideW int)"
		note, more = " and the derivative slope of x/(1+exp(-x))", "\n\t\tdy += strideDY"
	}
	function(name, signature, fill(doc, "NOTE", note, "VALUE", value, "MORE", more))
	dst, src, w, bias := pointer("dst"), pointer("src"), pointer("w"), pointer("bias")
	width, rows, strideSrc, strideW := pointer("n"), pointer("rows"), pointer("strideSrc"), pointer("strideW")
	var dy reg.GPVirtual
	if scaled {
		dy = pointer("dy")
	}
	// bytes of a row, and of those that are not a whole vector
	j, p, q, i, mask := GP64(), GP64(), GP64(), GP64(), YMM()
	SHLQ(Imm(2), width)
	MOVQ(width, i)
	ANDQ(Imm(31), i)
	LEAQ(tailMask(), p)
	SUBQ(i, p)
	VMOVDQU(Mem{Base: p, Disp: 32}, mask)

	load := func(m Mem, masked bool) vec {
		v := YMM()
		if masked {
			VMASKMOVPS(m, mask, v)
		} else {
			VMOVUPS(m, v)
		}
		return v
	}
	at := func(base reg.Register, u int) Mem { return Mem{Base: base, Index: j, Scale: 1, Disp: 32 * u} }
	block := func(label string, vectors int, masked bool) {
		sums := make([]vec, vectors)
		for u := range sums {
			sums[u] = load(at(bias, u), masked)
		}
		LEAQ(at(src, 0), p)
		LEAQ(at(w, 0), q)
		MOVQ(parameter("taps"), i)
		Label(label + "Tap")
		for u, sum := range sums {
			v, x := load(Mem{Base: q, Disp: 32 * u}, masked), load(Mem{Base: p, Disp: 32 * u}, masked)
			VFMADD231PS(x, v, sum)
		}
		ADDQ(strideSrc, p)
		ADDQ(strideW, q)
		DECQ(i)
		JNZ(LabelRef(label + "Tap"))
		for u, sum := range sums {
			var d vec
			if scaled {
				d = load(at(dy, u), masked)
			}
			if v := f(sum, d); masked {
				VMASKMOVPS(v, mask, at(dst, u))
			} else {
				VMOVUPS(v, at(dst, u))
			}
		}
	}
	Label("row")
	XORQ(j, j)
	for _, vectors := range []int{2, 1} {
		label := map[int]string{2: "two", 1: "one"}[vectors]
		Label(label)
		LEAQ(Mem{Base: j, Disp: 32 * vectors}, i)
		CMPQ(i, width)
		JGT(LabelRef(label + "Done"))
		block(label, vectors, false)
		ADDQ(Imm(uint64(32*vectors)), j)
		JMP(LabelRef(label))
		Label(label + "Done")
	}
	CMPQ(j, width)
	JGE(LabelRef("next"))
	block("rest", 1, true)
	Label("next")
	ADDQ(parameter("strideDst"), dst)
	ADDQ(strideSrc, src)
	if scaled {
		ADDQ(parameter("strideDY"), dy)
	}
	DECQ(rows)
	JNZ(LabelRef("row"))
	finish()
}

// parameter is a parameter where the caller has put it, for use as an operand.
func parameter(name string) Mem {
	a, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return a.Addr
}

func addProducts() {
	function("addProductsAVX2", "func(dst, x, y *float32, n, rows, strideX, strideY int)",
		`is, with strides in bytes,

	for range rows {
		for j := range n {
			dst[j] += x[j] * y[j]
		}
		x += strideX
		y += strideY
	}`)
	dst, x, y := pointer("dst"), pointer("x"), pointer("y")
	n, rows, strideX, strideY := pointer("n"), pointer("rows"), pointer("strideX"), pointer("strideY")
	columns(n, []int{4, 1}, pointers(dst, x, y), func(label string, lanes []lane) {
		sums, p, r := loads(lanes, dst), copies(x, y), GP64()
		MOVQ(rows, r)
		Label(label + "Row")
		for i, l := range lanes {
			VFMADD231PS(l.load(p[0]), l.load(p[1]), sums[i])
		}
		ADDQ(strideX, p[0])
		ADDQ(strideY, p[1])
		DECQ(r)
		JNZ(LabelRef(label + "Row"))
		for i, l := range lanes {
			l.store(sums[i], dst)
		}
	})
	finish()
}
