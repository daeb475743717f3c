package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func convKernels() {
	conv("convAVX2", "sum", false, nil)
	conv("convSiLUAVX2", "sum / (1 + exp(-sum))", false, func(s, sum, _ vec) vec {
		atLeastLowest(sum)
		VMULPS(sum, s, s)
		return s
	})
	conv("convSiLUBackwardAVX2", "dy[j] * slope(sum)", true, func(s, sum, dy vec) vec {
		slope := slopeOf(s, sum)
		VMULPS(dy, slope, slope)
		return slope
	})
	convWeights()
	addProducts()
}

// conv writes a kernel of rows of a convolution along time. value says what it makes of the sum of the products, and f is
// the code of that, given the sigmoid of the sum, unless it is the sum itself. scaled says whether it depends on an array
// dy.
func conv(name, value string, scaled bool, f func(sigmoid, sum, dy vec) vec) {
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
	k := convKernel{dst: pointer("dst"), src: pointer("src"), w: pointer("w"), strideSrc: pointer("strideSrc"), value: f}
	if scaled {
		k.dy = pointer("dy")
	}
	l, rows := newRowLoop(pointer("n"), nil, nil, nil), parameter("rows")
	for _, count := range []int{3, 1} {
		label, done := fmt.Sprint("rows", count), fmt.Sprint("after", count)
		Label(label)
		CMPQ(rows, Imm(uint64(count)))
		JLT(LabelRef(done))
		l.blocks(label+"Vector", []int{2, 1}, func(label string, lanes []rowLane) { k.block(label, count, lanes) })
		k.next(count)
		SUBQ(Imm(uint64(count)), rows)
		JMP(LabelRef(label))
		Label(done)
	}
	finish()
}

// convKernel is the kernel being written, with pointers to the current rows.
type convKernel struct {
	dst, dy, src, w, strideSrc reg.GPVirtual // dy is nil if the kernel does not depend on it
	value                      func(sigmoid, sum, dy vec) vec
}

// block makes some vectors of one or three rows together. It reads the weights once and computes the sigmoids by turns.
func (k convKernel) block(label string, rows int, lanes []rowLane) {
	sums, n, p, q, taps := make([]vec, rows*len(lanes)), len(lanes), GP64(), GP64(), GP64()
	fetches := rows > 1 && !lanes[0].masked
	MOVQ(parameter("bias"), p)
	for u := range sums {
		sums[u] = lanes[u%n].load(p)
	}
	LEAQ(lanes[0].at(k.src), p)
	LEAQ(lanes[0].at(k.w), q)
	MOVQ(parameter("taps"), taps)
	Label(label + "Tap")
	for u, e := range lanes {
		v := e.loadFrom(Mem{Base: q}.Offset(32 * u))
		for r := range rows {
			m := Mem{Base: p}.Offset(32 * u)
			if r > 0 {
				m = m.Idx(k.strideSrc, uint8(r))
			}
			if e.masked {
				VFMADD231PS(e.loadFrom(m), v, sums[r*n+u])
			} else {
				VFMADD231PS(m, v, sums[r*n+u])
			}
		}
	}
	ADDQ(k.strideSrc, p)
	ADDQ(parameter("strideW"), q)
	DECQ(taps)
	JNZ(LabelRef(label + "Tap"))
	if fetches { // the inputs that the next rows do not share with these
		LEAQ(Mem{Base: p, Index: k.strideSrc, Scale: 2}, p)
		for range rows {
			PREFETCHT0(Mem{Base: p})
			ADDQ(k.strideSrc, p)
		}
	}
	arrays := []strided{{k.dst, "strideDst", fetches}}
	each(rows, lanes, arrays, func(i int, e rowLane, m []Mem) { e.storeTo(sums[i], m[0]) })
	if k.value == nil {
		return
	}
	// The sums have been stored, because their registers are needed.
	s := gates(sums)
	if arrays[0].fetches = false; k.dy != nil {
		arrays = append(arrays, strided{k.dy, "strideDY", fetches})
	}
	each(rows, lanes, arrays, func(i int, e rowLane, m []Mem) {
		sum, dy := e.loadFrom(m[0]), vec(nil)
		if k.dy != nil {
			dy = e.loadFrom(m[1])
		}
		e.storeTo(k.value(s[i], sum, dy), m[0])
	})
}

// strided is an array whose rows are a parameter apart.
type strided struct {
	base    reg.GPVirtual
	stride  string
	fetches bool
}

// each calls f with the vectors of each row of some arrays, and fetches those of four rows later: rows may be so far apart
// that the processor does not fetch them by itself.
func each(rows int, lanes []rowLane, arrays []strided, f func(i int, e rowLane, m []Mem)) {
	at, stride := make([]reg.GPVirtual, len(arrays)), make([]reg.GPVirtual, len(arrays))
	for i, a := range arrays {
		at[i], stride[i] = GP64(), GP64()
		LEAQ(lanes[0].at(a.base), at[i])
		MOVQ(parameter(a.stride), stride[i])
	}
	for r := range rows {
		for u, e := range lanes {
			m := make([]Mem, len(arrays))
			for i := range arrays {
				m[i] = Mem{Base: at[i]}.Offset(32 * u)
			}
			f(r*len(lanes)+u, e, m)
		}
		for i, a := range arrays {
			if a.fetches {
				PREFETCHT0(Mem{Base: at[i], Index: stride[i], Scale: 4})
			}
			if r < rows-1 {
				ADDQ(stride[i], at[i])
			}
		}
	}
}

// next advances the pointers by that many rows.
func (k convKernel) next(rows int) {
	advance := func(p reg.GPVirtual, name string) {
		stride := GP64()
		MOVQ(parameter(name), stride)
		for range rows {
			ADDQ(stride, p)
		}
	}
	advance(k.dst, "strideDst")
	advance(k.src, "strideSrc")
	if k.dy != nil {
		advance(k.dy, "strideDY")
	}
}

// convWeights adds up products along time for several taps. The sums of four taps are in registers together.
func convWeights() {
	function("convWeightsAVX2", "func(dw, x, src *float32, n, rows, taps, strideW, strideX, strideSrc int)",
		`is, with strides in bytes,

	for r := range rows {
		for i := range taps {
			for j := range n {
				dw[i*strideW+j] += x[r*strideX+j] * src[(r+i)*strideSrc+j]
			}
		}
	}`)
	dw, x, src, strideSrc := pointer("dw"), pointer("x"), pointer("src"), pointer("strideSrc")
	l, left := newRowLoop(pointer("n"), nil, nil, nil), parameter("taps")
	for _, taps := range []int{4, 1} {
		label, done := fmt.Sprint("taps", taps), fmt.Sprint("after", taps)
		Label(label)
		CMPQ(left, Imm(uint64(taps)))
		JLT(LabelRef(done))
		l.blocks(label+"Vector", []int{2, 1}, func(label string, lanes []rowLane) { sumProducts(label, taps, lanes, dw, x, src, strideSrc) })
		for range taps {
			ADDQ(parameter("strideW"), dw)
			ADDQ(strideSrc, src)
		}
		SUBQ(Imm(uint64(taps)), left)
		JMP(LabelRef(label))
		Label(done)
	}
	finish()
}

// sumProducts adds up the products of one or four taps over all rows, for the vectors of some lanes.
func sumProducts(label string, taps int, lanes []rowLane, dw, x, src, strideSrc reg.GPVirtual) {
	w, p, q, third, rows := GP64(), GP64(), GP64(), GP64(), GP64()
	lane := func(m Mem, u int) Mem {
		m.Disp = 32 * u
		return m
	}
	LEAQ(lanes[0].at(dw), w)
	sums := make([][]vec, taps)
	for i := range sums {
		for u, e := range lanes {
			sums[i] = append(sums[i], e.loadFrom(lane(Mem{Base: w}, u)))
		}
		ADDQ(parameter("strideW"), w)
	}
	LEAQ(lanes[0].at(x), p)
	LEAQ(lanes[0].at(src), q)
	LEAQ(Mem{Base: strideSrc, Index: strideSrc, Scale: 2}, third)
	inputs := fourRows(q, strideSrc, third)
	MOVQ(parameter("rows"), rows)
	Label(label + "Row")
	for u, e := range lanes {
		v := e.loadFrom(lane(Mem{Base: p}, u))
		for i := range sums {
			if e.masked {
				VFMADD231PS(e.loadFrom(lane(inputs[i], u)), v, sums[i][u])
			} else {
				VFMADD231PS(lane(inputs[i], u), v, sums[i][u])
			}
		}
	}
	ADDQ(parameter("strideX"), p)
	ADDQ(strideSrc, q)
	DECQ(rows)
	JNZ(LabelRef(label + "Row"))
	LEAQ(lanes[0].at(dw), w)
	for i := range sums {
		for u, e := range lanes {
			e.storeTo(sums[i][u], lane(Mem{Base: w}, u))
		}
		ADDQ(parameter("strideW"), w)
	}
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
