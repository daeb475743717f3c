package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Byte offsets of the fields of matmul.tile (a test compares them with unsafe.Offsetof).
const (
	tileA      = 0
	tileB      = 8
	tileC      = 16
	tileD      = 24
	tileMask   = 32 // of the last vector
	tileM      = 40 // rows of C
	tilePanels = 48 // panels of columns of C
	tileK      = 56
	tileRSA    = 64 // byte strides from here on
	tileCSA    = 72
	tileRSB    = 80
	tileBStep  = 88 // from one panel of B to the next
	tileRSC    = 96
	tileRSD    = 104 // -1: nothing is added
	tileOffB   = 112 // from B to the current panel; the pointers stay, because none may point past an allocation
	tileOffC   = 120 // from C and D to the current panel
	tileAlpha  = 128 // one element of the type
	tileBeta   = 136
	tileAheadA = 144 // operands to fetch meanwhile
	tileAheadB = 152
	tileAheadC = 160
	tileAhead  = 168 // bytes of each fetched already
	tileLines  = 176 // cache lines of each to fetch during a block of rows
	tileRows   = 184 // rows still to do, in kernels without a register for it; so, too, D's current row
	tileRowD   = 192
)

// element is a type of floats and its instructions.
type element struct {
	name                             string
	size                             int
	load, store, mul                 func(...Op)
	broadcast, zero, fma, maskedMove func(...Op)
}

var (
	f32 = element{"32", 4, vmovups, vmovups, vmulps, vbroadcastss, vxorps, vfmadd231ps, vmaskmovps}
	f64 = element{"64", 8, vmovupd, vmovupd, vmulpd, vbroadcastsd, vxorpd, vfmadd231pd, vmaskmovpd}
)

func vmovups(o ...Op)      { VMOVUPS(o[0], o[1]) }
func vmovupd(o ...Op)      { VMOVUPD(o[0], o[1]) }
func vmulps(o ...Op)       { VMULPS(o...) }
func vmulpd(o ...Op)       { VMULPD(o...) }
func vbroadcastss(o ...Op) { VBROADCASTSS(o...) }
func vbroadcastsd(o ...Op) { VBROADCASTSD(o...) }
func vxorps(o ...Op)       { VXORPS(o...) }
func vxorpd(o ...Op)       { VXORPD(o...) }
func vfmadd231ps(o ...Op)  { VFMADD231PS(o...) }
func vfmadd231pd(o ...Op)  { VFMADD231PD(o...) }
func vmaskmovps(o ...Op)   { VMASKMOVPS(o[0], o[1], o[2]) }
func vmaskmovpd(o ...Op)   { VMASKMOVPD(o[0], o[1], o[2]) }

// gemmKernels writes, for each type, a kernel for panels of two vectors, of one, and of these with the last
// vector masked.
func gemmKernels() {
	for _, e := range []element{f32, f64} {
		for _, vectors := range []int{2, 1} {
			for _, masked := range []bool{false, true} {
				gemmKernel(e, vectors, masked)
			}
		}
	}
}

// gemmDoc is the comment of a kernel that computes so many columns of C at a time, from so many panels of B.
// Masked kernels leave out columns of the last vector. The others fetch the operands of a batch's next product.
func gemmDoc(float string, columns, panels int, masked, fetches bool) string {
	loop := `computes alpha*A*B + beta*D. With t the fields of a tile, strides counted in elements, it is

	for ; panels > 0; panels-- {
		for i := range m {
			for j := range COLUMNS {MASK
				var sum FLOAT
				for p := range k {
					sum += a[i*rsa+p*csa] * b[offB+ELEMENT]
				}
				c[offC+i*rsc+j] = alpha * sum
				if rsd != -1 {
					c[offC+i*rsc+j] += beta * d[offC+i*rsd+j]
				}
			}
		}
		offB += STEP
		offC += COLUMNS
	}`
	mask, element, step := "", "p*rsb+j", "bstep"
	if panels > 1 {
		element, step = "j/16*bstep+p*rsb+j%16", "2 * bstep"
	}
	if masked {
		mask = " // less those that mask leaves out of the last vector"
	}
	if fetches {
		loop += `

Meanwhile it fetches what aheadA, aheadB and aheadC point to, so many lines of each with every block of rows.`
	}
	return fill(loop, "COLUMNS", columns, "MASK", mask, "FLOAT", float, "ELEMENT", element, "STEP", step)
}

// gemm is one kernel under construction.
type gemm struct {
	element
	vectors int
	masked  bool
	mask    reg.VecVirtual
	t       reg.Register // *tile

	a, c, d            reg.GPVirtual // of the current block of rows
	rows               reg.GPVirtual // rows still to do
	rsa, csa, rsb      reg.GPVirtual
	at, at3, b, k, tmp reg.GPVirtual // of the loop over k: rows 0..2 and 3.. of the block of A
	at6                reg.GPVirtual
}

// gemmKernel writes a kernel that takes the rows of C in blocks whose sums fill the registers: 6 rows of two
// vectors or 8 of one. Every element of C is one chain of fused multiply-adds over k in any block, so the bits
// do not depend on how C is cut.
func gemmKernel(e element, vectors int, masked bool) {
	highest := 6
	if vectors == 1 {
		highest = 8
	}
	name := fmt.Sprintf("gemm%sx%d", e.name, vectors)
	if masked {
		name += "Masked"
	}
	function(name+"AVX2", "func(t *uintptr)", gemmDoc("float"+e.name, vectors*32/e.size, 1, masked, vectors == 2 && !masked))
	g := &gemm{element: e, vectors: vectors, masked: masked, t: Load(Param("t"), GP64())}
	for _, r := range []*reg.GPVirtual{&g.a, &g.c, &g.d, &g.rows, &g.rsa, &g.csa, &g.rsb, &g.at, &g.at3, &g.b, &g.k, &g.tmp} {
		*r = GP64()
	}
	if highest > 6 {
		g.at6 = GP64()
	}
	MOVQ(g.field(tileRSA), g.rsa)
	MOVQ(g.field(tileCSA), g.csa)
	MOVQ(g.field(tileRSB), g.rsb)
	if masked {
		g.mask = YMM()
		MOVQ(g.field(tileMask), g.tmp)
		VMOVDQU(Mem{Base: g.tmp}, g.mask)
	}

	Label("panel")
	MOVQ(g.field(tileA), g.a)
	MOVQ(g.field(tileC), g.c)
	MOVQ(g.field(tileD), g.d)
	ADDQ(g.field(tileOffC), g.c)
	ADDQ(g.field(tileOffC), g.d)
	MOVQ(g.field(tileM), g.rows)

	Label("block")
	MOVQ(g.rows, g.tmp)
	chooseBlock(g.tmp, highest)
	for rows := 1; rows <= highest; rows++ {
		Label(rowsLabel(rows))
		g.block(rows)
		SUBQ(Imm(uint64(rows)), g.rows)
		JNZ(LabelRef("block"))
		JMP(LabelRef("next"))
	}

	Label("next")
	MOVQ(g.field(tileBStep), g.tmp)
	ADDQ(g.tmp, g.field(tileOffB))
	ADDQ(Imm(uint64(32*vectors)), g.field(tileOffC))
	DECQ(g.field(tilePanels))
	JNZ(LabelRef("panel"))
	VZEROUPPER()
	RET()
}

// chooseBlock jumps to the code for the next block of rows, given the number of rows left, which it uses up. With
// at least 2h-1 rows left the block has h rows; with more than h, the rest is cut into two blocks as equal as
// possible; otherwise the block is the rest.
func chooseBlock(left reg.GPVirtual, h int) {
	CMPQ(left, Imm(uint64(2*h-1)))
	JGE(LabelRef(rowsLabel(h)))
	CMPQ(left, Imm(uint64(h)))
	JLE(LabelRef("choose"))
	INCQ(left)
	SHRQ(Imm(1), left)
	Label("choose")
	for rows := h; rows > 1; rows-- {
		CMPQ(left, Imm(uint64(rows)))
		JEQ(LabelRef(rowsLabel(rows)))
	}
}

func rowsLabel(rows int) string { return fmt.Sprintf("rows%d", rows) }

func (g *gemm) field(offset int) Mem { return Mem{Base: g.t, Disp: offset} }

// operand is the element of A in row i of the block at the current k.
func (g *gemm) operand(i int) Mem {
	base := g.at
	switch {
	case i >= 6:
		base, i = g.at6, i-6
	case i >= 3:
		base, i = g.at3, i-3
	}
	switch i {
	case 0:
		return Mem{Base: base}
	case 1:
		return Mem{Base: base, Index: g.rsa, Scale: 1}
	}
	return Mem{Base: base, Index: g.rsa, Scale: 2}
}

// block computes some rows of C and moves a, c and d to the next ones.
func (g *gemm) block(rows int) {
	label := func(s string) string { return fmt.Sprintf("%s%d", s, rows) }
	acc := make([][]reg.VecVirtual, rows)
	for i := range acc {
		acc[i] = make([]reg.VecVirtual, g.vectors)
		for j := range acc[i] {
			acc[i][j] = YMM()
			g.zero(acc[i][j], acc[i][j], acc[i][j])
		}
	}
	MOVQ(g.a, g.at)
	LEAQ(Mem{Base: g.a, Index: g.rsa, Scale: 2}, g.at3)
	ADDQ(g.rsa, g.at3)
	if rows > 6 {
		LEAQ(Mem{Base: g.at3, Index: g.rsa, Scale: 2}, g.at6)
		ADDQ(g.rsa, g.at6)
	}
	if g.vectors == 2 && !g.masked { // the tile of C, needed after the loop
		MOVQ(g.field(tileRSC), g.tmp)
		p := GP64()
		MOVQ(g.c, p)
		for i := range rows {
			PREFETCHT0(Mem{Base: p})
			PREFETCHT0(Mem{Base: p, Disp: 60})
			if i+1 < rows {
				ADDQ(g.tmp, p)
			}
		}
	}
	if g.vectors == 2 && !g.masked {
		fetchAhead(g.t, [3]reg.GPVirtual{g.tmp, g.b, g.k}, label)
	}
	MOVQ(g.field(tileB), g.b)
	ADDQ(g.field(tileOffB), g.b)
	MOVQ(g.field(tileK), g.k)
	overK(g.k, label, func() { g.step(acc) })
	g.epilogue(acc, label)
	// the next rows of A; at is free
	if rows > 1 {
		MOVQ(g.rsa, g.at)
		if rows&(rows-1) == 0 {
			SHLQ(Imm(uint64(map[int]int{2: 1, 4: 2, 8: 3}[rows])), g.at)
		} else {
			IMUL3Q(Imm(uint64(rows)), g.rsa, g.at)
		}
		ADDQ(g.at, g.a)
	} else {
		ADDQ(g.rsa, g.a)
	}
}

// overK emits the loop over the inner dimension, two steps at a time.
func overK(k reg.GPVirtual, label func(string) string, step func()) {
	SUBQ(Imm(2), k)
	JLT(LabelRef(label("odd")))
	Label(label("loop"))
	step()
	step()
	SUBQ(Imm(2), k)
	JGE(LabelRef(label("loop")))
	Label(label("odd"))
	CMPQ(k, I8(-1))
	JNE(LabelRef(label("store")))
	step()
	Label(label("store"))
}

// fetchAhead spreads the fetching of the next product's operands over the blocks of this one: a batch of
// small products would otherwise wait for memory. It overwrites the registers in use, which the caller loads
// afterwards.
func fetchAhead(t reg.Register, use [3]reg.GPVirtual, label func(string) string) {
	field := func(offset int) Mem { return Mem{Base: t, Disp: offset} }
	lines := GP64()
	MOVQ(field(tileLines), lines)
	TESTQ(lines, lines)
	JZ(LabelRef(label("fetched")))
	for i, p := range use {
		MOVQ(field(tileAheadA+8*i), p)
		ADDQ(field(tileAhead), p)
	}
	Label(label("fetch"))
	for _, p := range use {
		PREFETCHT1(Mem{Base: p})
	}
	for _, p := range use {
		ADDQ(Imm(64), p)
	}
	ADDQ(Imm(64), field(tileAhead))
	DECQ(lines)
	JNZ(LabelRef(label("fetch")))
	Label(label("fetched"))
}

// step adds the products of one k.
func (g *gemm) step(acc [][]reg.VecVirtual) {
	b := make([]reg.VecVirtual, g.vectors)
	for j := range b {
		b[j] = YMM()
		g.loadB(j, Mem{Base: g.b, Disp: 32 * j}, b[j])
	}
	ADDQ(g.rsb, g.b)
	for i := range acc {
		a := YMM()
		g.broadcast(g.operand(i), a)
		for j := range b {
			g.fma(a, b[j], acc[i][j])
		}
	}
	ADDQ(g.csa, g.at)
	if len(acc) > 3 {
		ADDQ(g.csa, g.at3)
	}
	if len(acc) > 6 {
		ADDQ(g.csa, g.at6)
	}
}

// loadB loads the j-th vector of a panel. The last one may be masked, because a full load could leave the allocation.
func (g *gemm) loadB(j int, m Mem, v reg.VecVirtual) {
	if g.masked && j == g.vectors-1 {
		g.maskedMove(m, g.mask, v)
	} else {
		g.load(m, v)
	}
}

func (g *gemm) storeC(j int, v reg.VecVirtual, m Mem) {
	if g.masked && j == g.vectors-1 {
		g.maskedMove(v, g.mask, m)
	} else {
		g.store(v, m)
	}
}

// epilogue stores alpha*acc + beta*D and moves c and d below the block.
func (g *gemm) epilogue(acc [][]reg.VecVirtual, label func(string) string) {
	alpha := YMM()
	g.broadcast(g.field(tileAlpha), alpha)
	rsc := g.tmp
	MOVQ(g.field(tileRSC), rsc)
	CMPQ(g.field(tileRSD), I8(-1)) // -1: nothing to add
	JNE(LabelRef(label("add")))
	for i := range acc {
		for j, v := range acc[i] {
			g.mul(alpha, v, v)
			g.storeC(j, v, Mem{Base: g.c, Disp: 32 * j})
		}
		ADDQ(rsc, g.c)
	}
	JMP(LabelRef(label("done")))
	Label(label("add"))
	beta := YMM()
	g.broadcast(g.field(tileBeta), beta)
	rsd := g.at
	MOVQ(g.field(tileRSD), rsd)
	for i := range acc {
		for j, v := range acc[i] {
			t := YMM()
			if g.masked && j == g.vectors-1 {
				g.maskedMove(Mem{Base: g.d, Disp: 32 * j}, g.mask, t)
				g.mul(beta, t, t)
			} else {
				g.mul(Mem{Base: g.d, Disp: 32 * j}, beta, t)
			}
			g.fma(alpha, v, t)
			g.storeC(j, t, Mem{Base: g.c, Disp: 32 * j})
		}
		ADDQ(rsc, g.c)
		ADDQ(rsd, g.d)
	}
	Label(label("done"))
}
