package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// stridedKernels writes the kernels of matrices whose rows lie apart, each with a stride of its own.
func stridedKernels() {
	shiftRows()
	mulMatrices()
	sumRows()
}

// eachRowApart emits a loop over rows; each pointer advances by its own stride after each.
func eachRowApart(label string, rows reg.GPVirtual, pointers, strides []reg.GPVirtual, body func()) {
	r := GP64()
	MOVQ(rows, r)
	Label(label + "Row")
	body()
	for i, p := range pointers {
		ADDQ(strides[i], p)
	}
	DECQ(r)
	JNZ(LabelRef(label + "Row"))
}

func shiftRows() {
	function("shiftRowsAVX2", "func(dst, src, x *float32, n, rows, strideDst, strideSrc int)",
		`is, with strides in bytes,

	for range rows {
		for j := range n {
			dst[j] = src[j] + x[j]
		}
		dst += strideDst
		src += strideSrc
	}`)
	dst, src, x := pointer("dst"), pointer("src"), pointer("x")
	n, rows, strideDst, strideSrc := pointer("n"), pointer("rows"), pointer("strideDst"), pointer("strideSrc")
	columns(n, []int{4, 2, 1}, pointers(dst, src, x), func(label string, lanes []lane) {
		v, p := loads(lanes, x), copies(dst, src)
		eachRowApart(label, rows, p, pointers(strideDst, strideSrc), func() {
			for i, l := range lanes {
				w := l.load(p[1])
				VADDPS(v[i], w, w)
				l.store(w, p[0])
			}
		})
	})
	finish()
}

func mulMatrices() {
	function("mulMatricesAVX2", "func(dst, x, y *float32, n, rows, strideDst, strideX, strideY int)",
		`is, with strides in bytes,

	for range rows {
		for j := range n {
			dst[j] = x[j] * y[j]
		}
		dst += strideDst
		x += strideX
		y += strideY
	}`)
	dst, x, y := pointer("dst"), pointer("x"), pointer("y")
	n, rows, strideDst, strideX, strideY := pointer("n"), pointer("rows"), pointer("strideDst"), pointer("strideX"), pointer("strideY")
	columns(n, []int{4, 2, 1}, pointers(dst, x, y), func(label string, lanes []lane) {
		p := copies(dst, x, y)
		eachRowApart(label, rows, p, pointers(strideDst, strideX, strideY), func() {
			for _, l := range lanes {
				v, w := l.load(p[1]), l.load(p[2])
				VMULPS(v, w, w)
				l.store(w, p[0])
			}
		})
	})
	finish()
}

func sumRows() {
	function("sumRowsAVX2", "func(dst, src *float32, n, rows, stride int)",
		`is, with the stride in bytes,

	for range rows {
		for j := range n {
			dst[j] += src[j]
		}
		src += stride
	}`)
	dst, src := pointer("dst"), pointer("src")
	n, rows, stride := pointer("n"), pointer("rows"), pointer("stride")
	columns(n, []int{8, 4, 1}, pointers(dst, src), func(label string, lanes []lane) {
		sum, p := loads(lanes, dst), copies(src)
		eachRow(label, rows, stride, p, func() {
			for i, l := range lanes {
				VADDPS(l.load(p[0]), sum[i], sum[i])
			}
		})
		for i, l := range lanes {
			l.store(sum[i], dst)
		}
	})
	finish()
}
