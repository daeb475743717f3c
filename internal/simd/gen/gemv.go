package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func gemvKernels() {
	gemvRows()
	gemvTiles()
	gemvColumns()
}

// gemvRows writes the product of one token with weights stored [out, in]. Four rows at a time share the loads of x; a
// row's sum has the same order whether it is one of four or alone.
func gemvRows() {
	function("gemvRowsAVX2", "func(t *uintptr)", `computes y = alpha*B*x + beta*d, one row of B after the other, for vectors x (t.a), y (t.c) and
d. With the other names for fields of t, a tile, and the stride counted in elements, it is

	for i := range m {
		var sum float32
		for p := range k {
			sum += x[p] * b[i*rsb+p]
		}
		y[i] = alpha * sum
		if rsd != -1 {
			y[i] += beta * d[i]
		}
	}`)
	t := Load(Param("t"), GP64())
	field := func(offset int) Mem { return Mem{Base: t, Disp: offset} }
	b, rsb, rsb3, rows, y, d := GP64(), GP64(), GP64(), GP64(), GP64(), GP64()
	MOVQ(field(tileB), b)
	MOVQ(field(tileRSB), rsb)
	LEAQ(Mem{Base: rsb, Index: rsb, Scale: 2}, rsb3)
	MOVQ(field(tileM), rows)
	MOVQ(field(tileC), y)
	MOVQ(field(tileD), d)
	x, w, k := GP64(), GP64(), GP64()
	mask := YMM()
	MOVQ(field(tileMask), k)
	VMOVDQU(Mem{Base: k}, mask)

	for _, group := range []int{4, 1} {
		label := func(s string) string { return s + string(rune('0'+group)) }
		row := func(i, disp int) Mem {
			switch i {
			case 0:
				return Mem{Base: w, Disp: disp}
			case 1:
				return Mem{Base: w, Index: rsb, Scale: 1, Disp: disp}
			case 2:
				return Mem{Base: w, Index: rsb, Scale: 2, Disp: disp}
			}
			return Mem{Base: w, Index: rsb3, Scale: 1, Disp: disp}
		}
		Label(label("rows"))
		CMPQ(rows, Imm(uint64(group)))
		JLT(LabelRef(label("rowsDone")))
		acc := make([][2]reg.VecVirtual, group)
		for i := range acc {
			for j := range acc[i] {
				acc[i][j] = YMM()
				VXORPS(acc[i][j], acc[i][j], acc[i][j])
			}
		}
		MOVQ(field(tileA), x)
		MOVQ(b, w)
		MOVQ(field(tileK), k)
		Label(label("loop"))
		CMPQ(k, Imm(16))
		JLT(LabelRef(label("eight")))
		x0, x1 := YMM(), YMM()
		VMOVUPS(Mem{Base: x}, x0)
		VMOVUPS(Mem{Base: x, Disp: 32}, x1)
		for i := range acc {
			VFMADD231PS(row(i, 0), x0, acc[i][0])
			VFMADD231PS(row(i, 32), x1, acc[i][1])
		}
		ADDQ(Imm(64), x)
		ADDQ(Imm(64), w)
		SUBQ(Imm(16), k)
		JMP(LabelRef(label("loop")))
		Label(label("eight"))
		CMPQ(k, Imm(8))
		JLT(LabelRef(label("tail")))
		VMOVUPS(Mem{Base: x}, x0)
		for i := range acc {
			VFMADD231PS(row(i, 0), x0, acc[i][0])
		}
		ADDQ(Imm(32), x)
		ADDQ(Imm(32), w)
		SUBQ(Imm(8), k)
		Label(label("tail"))
		TESTQ(k, k)
		JZ(LabelRef(label("sum")))
		VMASKMOVPS(Mem{Base: x}, mask, x0)
		for i := range acc {
			VMASKMOVPS(row(i, 0), mask, x1)
			VFMADD231PS(x1, x0, acc[i][1])
		}
		Label(label("sum"))
		for i := range acc {
			VADDPS(acc[i][1], acc[i][0], acc[i][0])
		}
		sum := acc[0][0]
		if group == 4 {
			VHADDPS(acc[1][0], sum, sum)
			VHADDPS(acc[3][0], acc[2][0], acc[2][0])
			VHADDPS(acc[2][0], sum, sum)
		} else {
			VHADDPS(sum, sum, sum)
			VHADDPS(sum, sum, sum)
		}
		high, alpha := XMM(), XMM()
		VEXTRACTF128(Imm(1), sum, high)
		VADDPS(high, sum.AsX(), high)
		VBROADCASTSS(field(tileAlpha), alpha)
		VMULPS(alpha, high, high)
		CMPQ(field(tileRSD), I8(-1))
		JEQ(LabelRef(label("store")))
		VBROADCASTSS(field(tileBeta), alpha)
		add := XMM()
		if group == 4 {
			VMOVUPS(Mem{Base: d}, add)
		} else {
			VMOVSS(Mem{Base: d}, add)
		}
		VFMADD231PS(alpha, add, high)
		ADDQ(Imm(uint64(4*group)), d)
		Label(label("store"))
		if group == 4 {
			VMOVUPS(high, Mem{Base: y})
			LEAQ(Mem{Base: b, Index: rsb, Scale: 4}, b)
		} else {
			VMOVSS(high, Mem{Base: y})
			ADDQ(rsb, b)
		}
		ADDQ(Imm(uint64(4*group)), y)
		SUBQ(Imm(uint64(group)), rows)
		JMP(LabelRef(label("rows")))
		Label(label("rowsDone"))
	}
	VZEROUPPER()
	RET()
}

// gemvTiles is gemvRows for several tokens: tiles of four rows of B and four vectors x, whose 16 sums are vectors of 512
// bits. A sum is the pair of sums of gemvRows side by side, so it has the same bits.
func gemvTiles() {
	function("gemvTilesAVX512", "func(t *uintptr)", `computes C = X*transpose(B) + D, for rows of X (t.a), so many panels of them, and m rows of B, both multiples
of four. With the other names for fields of t, a tile, and strides counted in elements, it is

	for j := range m {
		for i := range panels {
			var sum float32
			for p := range k {
				sum += x[i*rsa+p] * b[j*rsb+p]
			}
			c[i*rsc+j] = sum
			if rsd != -1 {
				c[i*rsc+j] += d[i*rsd+j]
			}
		}
	}

mask has two masks of the last elements: of those to load, offB bytes from where the others end, and of the
sums that they are added to.`)
	t := Load(Param("t"), GP64())
	field := func(offset int) Mem { return Mem{Base: t, Disp: offset} }
	rsa, rsa3, rsb, rsb3 := GP64(), GP64(), GP64(), GP64()
	MOVQ(field(tileRSA), rsa)
	LEAQ(Mem{Base: rsa, Index: rsa, Scale: 2}, rsa3)
	MOVQ(field(tileRSB), rsb)
	LEAQ(Mem{Base: rsb, Index: rsb, Scale: 2}, rsb3)
	firstX, x, firstW, w, c, d, k, tmp := GP64(), GP64(), GP64(), GP64(), GP64(), GP64(), GP64(), GP64()
	load, add := K(), K()
	MOVQ(field(tileMask), tmp)
	KMOVW(Mem{Base: tmp}, load)
	KMOVW(Mem{Base: tmp, Disp: 2}, add)
	row := func(base, stride, stride3 reg.GPVirtual, i int) Mem {
		switch i {
		case 0:
			return Mem{Base: base}
		case 3:
			return Mem{Base: base, Index: stride3, Scale: 1}
		}
		return Mem{Base: base, Index: stride, Scale: uint8(i)}
	}

	MOVQ(field(tileB), firstW)
	Label("rows")
	MOVQ(field(tileA), firstX)
	MOVQ(field(tileC), c)
	ADDQ(field(tileOffC), c)
	MOVQ(field(tileD), d)
	ADDQ(field(tileOffC), d)
	MOVQ(field(tilePanels), tmp)
	MOVQ(tmp, field(tileRows))

	Label("tile")
	var sums [4][4]reg.VecVirtual // by x and by row of B
	for i := range sums {
		for j := range sums[i] {
			sums[i][j] = ZMM()
			VPXORQ(sums[i][j], sums[i][j], sums[i][j])
		}
	}
	MOVQ(firstX, x)
	MOVQ(firstW, w)
	MOVQ(field(tileK), k)
	var xs, ws [4]reg.VecVirtual
	for i := range xs {
		xs[i], ws[i] = ZMM(), ZMM()
	}
	SUBQ(Imm(16), k)
	JLT(LabelRef("rest"))
	Label("loop")
	for i := range xs {
		VMOVUPS(row(x, rsa, rsa3, i), xs[i])
	}
	for j := range ws {
		VMOVUPS(row(w, rsb, rsb3, j), ws[j])
		for i := range xs {
			VFMADD231PS(ws[j], xs[i], sums[i][j])
		}
	}
	ADDQ(Imm(64), x)
	ADDQ(Imm(64), w)
	SUBQ(Imm(16), k)
	JGE(LabelRef("loop"))
	Label("rest")
	ADDQ(Imm(16), k)
	JZ(LabelRef("sum"))
	ADDQ(field(tileOffB), x)
	ADDQ(field(tileOffB), w)
	for i := range xs {
		VMOVUPS_Z(row(x, rsa, rsa3, i), load, xs[i])
	}
	for j := range ws {
		VMOVUPS_Z(row(w, rsb, rsb3, j), load, ws[j])
		for i := range xs {
			VFMADD231PS(ws[j], xs[i], add, sums[i][j])
		}
	}

	// The sums of 16 vectors, added in the order of gemvRows: halves of 256 bits, neighbors twice, halves of 128 bits.
	Label("sum")
	var pairs [2]reg.VecVirtual // of vectors x; a half of 256 bits has one x, of its 128 bits each has the four rows of B
	for i := range pairs {
		var z [4]reg.VecVirtual
		for j := range z {
			z[j] = addHalves(sums[2*i][j], sums[2*i+1][j], func(imm uint8, a, b, to reg.VecVirtual) { VSHUFF64X2(Imm(uint64(imm)), b, a, to) }, 0x44, 0xEE)
		}
		neighbors := func(imm uint8, a, b, to reg.VecVirtual) { VSHUFPS(Imm(uint64(imm)), b, a, to) }
		p, q := addHalves(z[0], z[1], neighbors, 0x88, 0xDD), addHalves(z[2], z[3], neighbors, 0x88, 0xDD)
		pairs[i] = addHalves(p, q, neighbors, 0x88, 0xDD)
	}
	total := addHalves(pairs[0], pairs[1], func(imm uint8, a, b, to reg.VecVirtual) { VSHUFF32X4(Imm(uint64(imm)), b, a, to) }, 0x88, 0xDD)
	four := []reg.VecPhysical{reg.X0, reg.X1, reg.X2, reg.X3} // with AVX-512F alone only 16 registers have a 128-bit form
	for i := range four {
		VEXTRACTF32X4(Imm(uint64(i)), total, four[i])
	}
	MOVQ(field(tileRSD), tmp)
	CMPQ(tmp, I8(-1))
	JEQ(LabelRef("store"))
	for i := range four {
		VADDPS(Mem{Base: d}, four[i], four[i])
		ADDQ(tmp, d)
	}
	Label("store")
	MOVQ(field(tileRSC), tmp)
	for i := range four {
		VMOVUPS(four[i], Mem{Base: c})
		ADDQ(tmp, c)
	}
	LEAQ(Mem{Base: firstX, Index: rsa, Scale: 4}, firstX)
	SUBQ(Imm(4), field(tileRows))
	JNZ(LabelRef("tile"))
	LEAQ(Mem{Base: firstW, Index: rsb, Scale: 4}, firstW)
	ADDQ(Imm(16), field(tileOffC))
	SUBQ(Imm(4), field(tileM))
	JNZ(LabelRef("rows"))
	VZEROUPPER()
	RET()
}

// addHalves returns the sum of two selections from the vectors a and b.
func addHalves(a, b reg.VecVirtual, choose func(imm uint8, a, b, to reg.VecVirtual), low, high uint8) reg.VecVirtual {
	x, y := ZMM(), ZMM()
	choose(low, a, b, x)
	choose(high, a, b, y)
	VADDPS(x, y, x)
	return x
}

// gemvColumns writes the product of one token with weights stored [in, out]. y stays in the first cache, while B is
// read eight rows at a time.
func gemvColumns() {
	function("gemvColumnsAVX2", "func(t *uintptr)", `adds x*B to y, one row of B after the other, for vectors x (t.a) and y (t.c). With the other
names for fields of t, a tile, and the stride counted in elements, it is

	for p := range k {
		for j := range m {
			y[j] += x[p] * b[p*rsb+j]
		}
	}`)
	t := Load(Param("t"), GP64())
	field := func(offset int) Mem { return Mem{Base: t, Disp: offset} }
	x, b, rsb, rsb3, k := GP64(), GP64(), GP64(), GP64(), GP64()
	MOVQ(field(tileA), x)
	MOVQ(field(tileB), b)
	MOVQ(field(tileRSB), rsb)
	LEAQ(Mem{Base: rsb, Index: rsb, Scale: 2}, rsb3)
	MOVQ(field(tileK), k)
	y, n, w, w4 := GP64(), GP64(), GP64(), GP64()
	mask := YMM()
	MOVQ(field(tileMask), n)
	VMOVDQU(Mem{Base: n}, mask)

	for _, group := range []int{8, 4, 1} {
		label := func(s string) string { return s + string(rune('0'+group)) }
		row := func(i, disp int) Mem {
			base := w
			if i >= 4 {
				base, i = w4, i-4
			}
			switch i {
			case 0:
				return Mem{Base: base, Disp: disp}
			case 1:
				return Mem{Base: base, Index: rsb, Scale: 1, Disp: disp}
			case 2:
				return Mem{Base: base, Index: rsb, Scale: 2, Disp: disp}
			}
			return Mem{Base: base, Index: rsb3, Scale: 1, Disp: disp}
		}
		Label(label("rows"))
		CMPQ(k, Imm(uint64(group)))
		JLT(LabelRef(label("rowsDone")))
		factor := make([]reg.VecVirtual, group)
		for i := range factor {
			factor[i] = YMM()
			VBROADCASTSS(Mem{Base: x, Disp: 4 * i}, factor[i])
		}
		MOVQ(field(tileC), y)
		MOVQ(field(tileM), n)
		MOVQ(b, w)
		LEAQ(Mem{Base: b, Index: rsb, Scale: 4}, w4)
		next := func(size int) {
			ADDQ(Imm(uint64(4*size)), w)
			if group > 4 {
				ADDQ(Imm(uint64(4*size)), w4)
			}
			ADDQ(Imm(uint64(4*size)), y)
			SUBQ(Imm(uint64(size)), n)
		}
		Label(label("loop"))
		CMPQ(n, Imm(16))
		JLT(LabelRef(label("eight")))
		s0, s1 := YMM(), YMM()
		VMOVUPS(Mem{Base: y}, s0)
		VMOVUPS(Mem{Base: y, Disp: 32}, s1)
		for i, f := range factor {
			VFMADD231PS(row(i, 0), f, s0)
			VFMADD231PS(row(i, 32), f, s1)
		}
		VMOVUPS(s0, Mem{Base: y})
		VMOVUPS(s1, Mem{Base: y, Disp: 32})
		next(16)
		JMP(LabelRef(label("loop")))
		Label(label("eight"))
		CMPQ(n, Imm(8))
		JLT(LabelRef(label("tail")))
		VMOVUPS(Mem{Base: y}, s0)
		for i, f := range factor {
			VFMADD231PS(row(i, 0), f, s0)
		}
		VMOVUPS(s0, Mem{Base: y})
		next(8)
		Label(label("tail"))
		TESTQ(n, n)
		JZ(LabelRef(label("end")))
		VMASKMOVPS(Mem{Base: y}, mask, s0)
		for i, f := range factor {
			VMASKMOVPS(row(i, 0), mask, s1)
			VFMADD231PS(s1, f, s0)
		}
		VMASKMOVPS(s0, mask, Mem{Base: y})
		Label(label("end"))
		ADDQ(Imm(uint64(4*group)), x)
		switch group {
		case 8:
			LEAQ(Mem{Base: b, Index: rsb, Scale: 8}, b)
		case 4:
			LEAQ(Mem{Base: b, Index: rsb, Scale: 4}, b)
		default:
			ADDQ(rsb, b)
		}
		SUBQ(Imm(uint64(group)), k)
		JMP(LabelRef(label("rows")))
		Label(label("rowsDone"))
	}
	VZEROUPPER()
	RET()
}
