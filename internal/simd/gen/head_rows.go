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
func times(label string, n Op, body func()) {
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
			LEAQ(lanes[0].at(a), from)
			MOVQ(x, to)
			times(label+"Sum", count, func() {
				v := broadcast(Mem{Base: to})
				for u, e := range lanes {
					if m := (Mem{Base: from, Disp: 32 * u}); e.masked {
						VFMADD231PS(e.loadFrom(m), v, sums[u])
					} else {
						VFMADD231PS(m, v, sums[u])
					}
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

// matrixBytes returns the bytes of some matrices of width rows.
func matrixBytes(matrices, width, rowBytes Op) reg.GPVirtual {
	n := GP64()
	MOVQ(matrices, n)
	IMULQ(width, n)
	IMULQ(rowBytes, n)
	return n
}

// skipMatrix advances p by a matrix of width rows of that many bytes.
func skipMatrix(p, bytes reg.GPVirtual, width Op) {
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
	dst, top, x, a := pointer("dst"), pointer("top"), pointer("x"), pointer("a")
	l, count, heads, abs := newRowLoop(pointer("width"), nil, nil, nil), parameter("width"), parameter("heads"), absMask()
	// To the matrices before these: a walk back through time, which no cache expects, needs them next. They are fetched to
	// the second cache, where there is more room for reads under way than in the first.
	behind := matrixBytes(heads, count, l.width)
	NEGQ(behind)
	third := GP64()
	LEAQ(Mem{Base: l.width, Index: l.width, Scale: 2}, third)
	Label("head")
	from, left := GP64(), GP64()
	times("row", parameter("rows"), func() {
		best := zeroed(2) // of eight elements together, and of single ones
		MOVQ(a, from)
		MOVQ(count, left)
		Label("eight")
		CMPQ(left, Imm(8))
		JL(LabelRef("single"))
		sums, p, q := zeroed(8), GP64(), GP64()
		MOVQ(from, p)
		LEAQ(Mem{Base: from, Index: l.width, Scale: 4}, q)
		eight := func() []Mem { return append(fourRows(p, l.width, third), fourRows(q, l.width, third)...) }
		l.vectors("sums", func(e rowLane) {
			v := e.load(x)
			for k, m := range eight() {
				if e.masked {
					VFMADD231PS(e.loadFrom(m), v, sums[k])
				} else {
					VFMADD231PS(m, v, sums[k])
				}
			}
			ADDQ(Imm(32), p)
			ADDQ(Imm(32), q)
		})
		LEAQ(Mem{Base: from, Index: behind, Scale: 1}, p)
		LEAQ(Mem{Base: p, Index: l.width, Scale: 4}, q)
		for _, m := range eight() {
			PREFETCHT1(m)
		}
		LEAQ(Mem{Base: from, Index: l.width, Scale: 8}, from)
		s := totals(sums)
		VMOVUPS(s, Mem{Base: dst})
		VANDPS(abs, s, s)
		VPMAXSD(s, best[0], best[0])
		ADDQ(Imm(32), dst)
		SUBQ(Imm(8), left)
		JMP(LabelRef("eight"))
		Label("single")
		TESTQ(left, left)
		JZ(LabelRef("top"))
		PREFETCHT1(Mem{Base: from, Index: behind, Scale: 1})
		sum := zeroed(1)
		l.vectors("sum", func(e rowLane) {
			v, w := e.load(x), e.load(from)
			VFMADD231PS(v, w, sum[0])
		})
		one := total(sum)
		VMOVSS(one, Mem{Base: dst})
		VANDPS(abs.AsX(), one, one)
		VPMAXSD(one, best[1].AsX(), best[1].AsX())
		ADDQ(l.width, from)
		ADDQ(Imm(4), dst)
		DECQ(left)
		JMP(LabelRef("single"))
		Label("top")
		VMOVSS(largest(best).AsX(), Mem{Base: top})
		ADDQ(Imm(4), top)
		ADDQ(l.width, x)
	})
	skipMatrix(a, l.width, count)
	DECQ(heads)
	JNZ(LabelRef("head"))
	finish()
}

// fourRows are four consecutive rows from p on; third is three strides.
func fourRows(p, stride, third reg.Register) []Mem {
	return []Mem{{Base: p}, {Base: p, Index: stride, Scale: 1}, {Base: p, Index: stride, Scale: 2}, {Base: p, Index: third, Scale: 1}}
}

// totals returns the sum of the lanes of each of eight vectors, added up in the order of total.
func totals(v []vec) vec {
	for i := range 4 { // lanes k and k+4 of vector i, then of vector i+4
		low := YMM()
		VPERM2F128(Imm(0x20), v[i+4], v[i], low)
		VPERM2F128(Imm(0x31), v[i+4], v[i], v[i])
		VADDPS(low, v[i], v[i])
	}
	VHADDPS(v[1], v[0], v[0])
	VHADDPS(v[3], v[2], v[2])
	VHADDPS(v[2], v[0], v[0])
	return v[0]
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
	dst, x, y, count := pointer("dst"), pointer("x"), pointer("y"), parameter("width")
	l, heads := newRowLoop(pointer("width"), pointer("rows"), nil, nil), parameter("heads")
	add := Load(Param("add"), GP8()).(reg.GPVirtual)
	behind := matrixBytes(heads, count, l.width) // as in mulHeadsTransposed
	NEGQ(behind)
	left, right, rows := GP64(), GP64(), GP64()
	Label("head")
	times("row", count, func() {
		l.blocks("columns", []int{2, 1}, func(label string, lanes []rowLane) {
			sums := zeroed(len(lanes))
			TESTB(add, add)
			JZ(LabelRef(label + "New"))
			for u, e := range lanes {
				if e.masked {
					VMASKMOVPS(e.at(dst), l.mask, sums[u])
				} else {
					VMOVUPS(e.at(dst), sums[u])
				}
			}
			Label(label + "New")
			PREFETCHT1(Mem{Base: dst, Index: behind, Scale: 1})
			MOVQ(x, left)
			LEAQ(lanes[0].at(y), right)
			MOVQ(l.rows, rows)
			Label(label + "Sum")
			v := broadcast(Mem{Base: left})
			for u, e := range lanes {
				if m := (Mem{Base: right, Disp: 32 * u}); e.masked {
					VFMADD231PS(e.loadFrom(m), v, sums[u])
				} else {
					VFMADD231PS(m, v, sums[u])
				}
			}
			ADDQ(l.width, left)
			ADDQ(l.width, right)
			DECQ(rows)
			JNZ(LabelRef(label + "Sum"))
			for u, e := range lanes {
				e.store(sums[u], dst)
			}
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
