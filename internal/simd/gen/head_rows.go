package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func headRowKernels() {
	addRows()
	scaleRows()
	mulHeads()
	mulHeadsTransposed()
	outerHeads()
}

func addRows() {
	function("addRowsAVX2", "func(dst, top, x, y, c *float32, width, rows int)",
		`is

	for r := range rows {
		top[r] = 0
		for i := r * width; i < (r+1)*width; i++ {
			dst[i] = x[i] + c[r]*y[i]
			top[r] = max(top[r], abs(dst[i])) // NaN if one is NaN
		}
	}`)
	dst, top, x, y, c := pointer("dst"), pointer("top"), pointer("x"), pointer("y"), pointer("c")
	l := newRowLoop(pointer("width"), pointer("rows"), pointers(dst, x, y), pointers(top, c))
	abs := absMask()
	Label("row")
	factor, best := YMM(), zeroed(1)
	VBROADCASTSS(Mem{Base: c}, factor)
	l.vectors("sum", func(e rowLane) {
		v, w := e.load(x), e.load(y)
		VFMADD231PS(factor, w, v)
		e.store(v, dst)
		VANDPS(abs, v, v) // 0 where masked
		VPMAXSD(v, best[0], best[0])
	})
	VMOVSS(largest(best).AsX(), Mem{Base: top})
	l.next("row")
}

func scaleRows() {
	function("scaleRowsAVX2", "func(dst, x, c *float32, width, rows int)",
		`is

	for r := range rows {
		for i := r * width; i < (r+1)*width; i++ {
			dst[i] = c[r] * x[i]
		}
	}`)
	dst, x, c := pointer("dst"), pointer("x"), pointer("c")
	l := newRowLoop(pointer("width"), pointer("rows"), pointers(dst, x), pointers(c))
	Label("row")
	factor := YMM()
	VBROADCASTSS(Mem{Base: c}, factor)
	l.vectors("scale", func(e rowLane) {
		v := e.load(x)
		VMULPS(factor, v, v)
		e.store(v, dst)
	})
	l.next("row")
}

// suffix tells apart the labels of the whole vectors of a row and of its rest.
func (e rowLane) suffix() string {
	if e.masked {
		return "Rest"
	}
	return ""
}

// times emits a loop of n iterations, n not 0.
func times(label string, n reg.GPVirtual, body func()) {
	left := GP64()
	MOVQ(n, left)
	Label(label)
	body()
	DECQ(left)
	JNZ(LabelRef(label))
}

func mulHeads() {
	function("mulHeadsAVX2", "func(dst, x, a *float32, width, rows, heads int)",
		`is

	for h := range heads {
		for r := h * rows; r < (h+1)*rows; r++ {
			for j := range width {
				dst[r*width+j] = 0
				for i := range width {
					dst[r*width+j] += x[r*width+i] * a[(h*width+i)*width+j]
				}
			}
		}
	}`)
	dst, x, a, count := pointer("dst"), pointer("x"), pointer("a"), pointer("width")
	width := pointer("width")
	l := newRowLoop(width, pointer("rows"), nil, nil)
	heads := pointer("heads")
	Label("head")
	from, to := GP64(), GP64()
	times("row", l.rows, func() {
		l.blocks("columns", []int{4, 2, 1}, func(label string, lanes []rowLane) {
			sums := zeroed(len(lanes))
			MOVQ(a, from)
			MOVQ(x, to)
			times(label+"Sum", count, func() {
				v := broadcast(Mem{Base: to})
				for u, e := range lanes {
					VFMADD231PS(v, e.load(from), sums[u])
				}
				ADDQ(l.width, from)
				ADDQ(Imm(4), to)
			})
			for u, e := range lanes {
				e.store(sums[u], dst)
			}
		})
		ADDQ(l.width, x)
		ADDQ(l.width, dst)
	})
	skipMatrix(a, l.width, count)
	DECQ(heads)
	JNZ(LabelRef("head"))
	finish()
}

// skipMatrix advances p by a matrix of width rows of that many bytes.
func skipMatrix(p, bytes, width reg.GPVirtual) {
	n := GP64()
	MOVQ(bytes, n)
	IMULQ(width, n)
	ADDQ(n, p)
}

func mulHeadsTransposed() {
	function("mulHeadsTransposedAVX2", "func(dst, top, x, a *float32, width, rows, heads int)",
		`is

	for h := range heads {
		for r := h * rows; r < (h+1)*rows; r++ {
			top[r] = 0
			for i := range width {
				dst[r*width+i] = 0
				for j := range width {
					dst[r*width+i] += x[r*width+j] * a[(h*width+i)*width+j]
				}
				top[r] = max(top[r], abs(dst[r*width+i])) // NaN if one is NaN
			}
		}
	}`)
	dst, top, x, a, count := pointer("dst"), pointer("top"), pointer("x"), pointer("a"), pointer("width")
	l := newRowLoop(pointer("width"), pointer("rows"), nil, nil)
	heads, abs := pointer("heads"), absMask()
	behind := GP64() // bytes to the matrices before these: a walk back through time, which no cache expects, needs them next
	MOVQ(heads, behind)
	IMULQ(count, behind)
	IMULQ(l.width, behind)
	NEGQ(behind)
	Label("head")
	from := GP64()
	times("row", l.rows, func() {
		best := zeroed(1)[0]
		MOVQ(a, from)
		times("element", count, func() {
			PREFETCHT0(Mem{Base: from, Index: behind, Scale: 1})
			sum := zeroed(1)
			l.vectors("sum", func(e rowLane) {
				v, w := e.load(x), e.load(from)
				VFMADD231PS(v, w, sum[0])
			})
			s := total(sum)
			VMOVSS(s.AsX(), Mem{Base: dst})
			VANDPS(abs.AsX(), s.AsX(), s.AsX())
			VPMAXSD(s.AsX(), best.AsX(), best.AsX())
			ADDQ(l.width, from)
			ADDQ(Imm(4), dst)
		})
		VMOVSS(best.AsX(), Mem{Base: top})
		ADDQ(Imm(4), top)
		ADDQ(l.width, x)
	})
	skipMatrix(a, l.width, count)
	DECQ(heads)
	JNZ(LabelRef("head"))
	finish()
}

func outerHeads() {
	function("outerHeadsAVX2", "func(dst, x, y *float32, width, rows, heads int, add bool)",
		`is

	for h := range heads {
		for i := range width {
			for j := range width {
				sum := float32(0)
				if add {
					sum = dst[(h*width+i)*width+j]
				}
				for r := h * rows; r < (h+1)*rows; r++ {
					sum += x[r*width+i] * y[r*width+j]
				}
				dst[(h*width+i)*width+j] = sum
			}
		}
	}`)
	dst, x, y, count := pointer("dst"), pointer("x"), pointer("y"), pointer("width")
	l := newRowLoop(pointer("width"), pointer("rows"), nil, nil)
	heads := pointer("heads")
	add := Load(Param("add"), GP8()).(reg.GPVirtual)
	left, right := GP64(), GP64()
	Label("head")
	times("row", count, func() {
		l.vectors("columns", func(e rowLane) {
			sum := zeroed(1)[0]
			TESTB(add, add)
			JZ(LabelRef("new" + e.suffix()))
			if e.masked {
				VMASKMOVPS(e.at(dst), l.mask, sum)
			} else {
				VMOVUPS(e.at(dst), sum)
			}
			Label("new" + e.suffix())
			MOVQ(x, left)
			MOVQ(y, right)
			times("sum"+e.suffix(), l.rows, func() {
				VFMADD231PS(broadcast(Mem{Base: left}), e.load(right), sum)
				ADDQ(l.width, left)
				ADDQ(l.width, right)
			})
			e.store(sum, dst)
		})
		ADDQ(l.width, dst)
		ADDQ(Imm(4), x)
	})
	// x has advanced by one row of the head's
	n := GP64()
	MOVQ(l.rows, n)
	IMULQ(l.width, n)
	ADDQ(n, y)
	SUBQ(l.width, n)
	ADDQ(n, x)
	DECQ(heads)
	JNZ(LabelRef("head"))
	finish()
}
