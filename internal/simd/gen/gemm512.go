package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// wideRows is the number of rows of the largest block of the kernels of 512 bits: 28 of the 32 registers hold C, two hold
// B, one the broadcast element of A and one zeros.
const wideRows = 14

// gemm512Kernels writes the products of float32 with vectors of 512 bits. A panel of B has 16 columns, which are one
// vector, so B is packed as for the kernels of 256 bits; a kernel takes two panels at a time, or one. Every element of C
// is the same chain of fused multiply-adds, so both make the same bits.
func gemm512Kernels() {
	for _, panels := range []int{2, 1} {
		for _, masked := range []bool{false, true} {
			gemm512Kernel(panels, masked)
		}
	}
}

// wideGemm is one kernel under construction. Values that it needs only once a block stay in the tile.
type wideGemm struct {
	panels int
	masked bool
	mask   reg.OpmaskVirtual
	zero   reg.VecVirtual
	t      reg.Register // *tile

	a, c           reg.GPVirtual // of the current block of rows
	rsa, rsa3, csa reg.GPVirtual
	rsb, bstep     reg.GPVirtual
	at             [3]reg.GPVirtual // rows 0, 5 and 10 of the block of A at the current k
	b, k, tmp      reg.GPVirtual
}

func gemm512Kernel(panels int, masked bool) {
	name := fmt.Sprintf("gemm32x%d", panels)
	if masked {
		name += "Masked"
	}
	function(name+"AVX512", "func(t *uintptr)", gemmDoc("float32", 16*panels, panels, masked, panels == 2 && !masked))
	g := &wideGemm{panels: panels, masked: masked, t: Load(Param("t"), GP64())}
	for _, r := range []*reg.GPVirtual{&g.a, &g.c, &g.rsa, &g.rsa3, &g.csa, &g.rsb, &g.b, &g.k, &g.tmp, &g.at[0], &g.at[1], &g.at[2]} {
		*r = GP64()
	}
	MOVQ(g.field(tileRSA), g.rsa)
	LEAQ(Mem{Base: g.rsa, Index: g.rsa, Scale: 2}, g.rsa3)
	MOVQ(g.field(tileCSA), g.csa)
	MOVQ(g.field(tileRSB), g.rsb)
	if panels == 2 {
		g.bstep = GP64()
		MOVQ(g.field(tileBStep), g.bstep)
	}
	g.zero = ZMM()
	VPXORQ(g.zero, g.zero, g.zero)
	if masked {
		g.mask = K()
		MOVQ(g.field(tileMask), g.tmp)
		KMOVW(Mem{Base: g.tmp}, g.mask)
	}

	Label("panel")
	MOVQ(g.field(tileA), g.a)
	MOVQ(g.field(tileC), g.c)
	MOVQ(g.field(tileD), g.tmp)
	ADDQ(g.field(tileOffC), g.c)
	ADDQ(g.field(tileOffC), g.tmp)
	MOVQ(g.tmp, g.field(tileRowD))
	MOVQ(g.field(tileM), g.tmp)
	MOVQ(g.tmp, g.field(tileRows))

	Label("block")
	MOVQ(g.field(tileRows), g.tmp)
	chooseBlock(g.tmp, wideRows)
	for rows := 1; rows <= wideRows; rows++ {
		Label(rowsLabel(rows))
		g.block(rows)
		SUBQ(Imm(uint64(rows)), g.field(tileRows))
		JNZ(LabelRef("block"))
		JMP(LabelRef("next"))
	}

	Label("next")
	MOVQ(g.field(tileBStep), g.tmp)
	if panels == 2 {
		ADDQ(g.tmp, g.tmp)
	}
	ADDQ(g.tmp, g.field(tileOffB))
	ADDQ(Imm(uint64(64*panels)), g.field(tileOffC))
	DECQ(g.field(tilePanels))
	JNZ(LabelRef("panel"))
	VZEROUPPER()
	RET()
}

func (g *wideGemm) field(offset int) Mem { return Mem{Base: g.t, Disp: offset} }

// operand is the element of A in row i of the block at the current k.
func (g *wideGemm) operand(i int) Mem {
	m := Mem{Base: g.at[i/5], Scale: 1}
	switch i % 5 {
	case 1:
		m.Index = g.rsa
	case 2:
		m.Index, m.Scale = g.rsa, 2
	case 3:
		m.Index = g.rsa3
	case 4:
		m.Index, m.Scale = g.rsa, 4
	default:
		return Mem{Base: m.Base}
	}
	return m
}

// block computes some rows of C and moves a and c to the next ones.
func (g *wideGemm) block(rows int) {
	label := func(s string) string { return fmt.Sprintf("%s%d", s, rows) }
	acc := make([][]reg.VecVirtual, rows)
	for i := range acc {
		acc[i] = make([]reg.VecVirtual, g.panels)
		for j := range acc[i] {
			acc[i][j] = ZMM()
			VMOVAPS(g.zero, acc[i][j])
		}
	}
	ahead := g.panels == 2 && !g.masked
	if ahead {
		fetchAhead(g.t, [3]reg.GPVirtual{g.tmp, g.b, g.k}, label)
	}
	for i := range (rows + 4) / 5 {
		if i == 0 {
			MOVQ(g.a, g.at[0])
		} else {
			LEAQ(Mem{Base: g.at[i-1], Index: g.rsa, Scale: 4}, g.at[i])
			ADDQ(g.rsa, g.at[i])
		}
	}
	MOVQ(g.field(tileB), g.b)
	ADDQ(g.field(tileOffB), g.b)
	MOVQ(g.field(tileK), g.k)
	if ahead {
		g.fetchingOverK(acc, label)
	} else {
		overK(g.k, label, func() { g.step(acc) })
	}
	g.epilogue(acc, label)
	IMUL3Q(Imm(uint64(rows)), g.rsa, g.tmp)
	ADDQ(g.tmp, g.a)
}

// fetchingOverK is the loop over k. Every two steps it fetches two lines of C in one of the rows below the block, and the
// next two lines of A behind the block, if its rows are contiguous: both may be in memory, and a block that fetched its own
// tile at once would wait for its loads behind these.
func (g *wideGemm) fetchingOverK(acc [][]reg.VecVirtual, label func(string) string) {
	a, c := GP64(), g.tmp
	IMUL3Q(Imm(uint64(len(acc))), g.rsa, a)
	ADDQ(g.a, a)
	IMUL3Q(Imm(uint64(len(acc))), g.field(tileRSC), c)
	ADDQ(g.c, c)
	steps := 0
	overK(g.k, label, func() {
		g.step(acc)
		switch steps++; steps {
		case 1:
			PREFETCHT0(Mem{Base: c})
			PREFETCHT0(Mem{Base: c, Disp: 64})
			ADDQ(g.field(tileRSC), c)
		case 2:
			PREFETCHT1(Mem{Base: a})
			PREFETCHT1(Mem{Base: a, Disp: 64})
			ADDQ(Imm(128), a)
		}
	})
}

// step adds the products of one k.
func (g *wideGemm) step(acc [][]reg.VecVirtual) {
	b := make([]reg.VecVirtual, g.panels)
	for j := range b {
		b[j] = ZMM()
		m := Mem{Base: g.b}
		if j == 1 {
			m = Mem{Base: g.b, Index: g.bstep, Scale: 1}
		}
		if g.last(j) {
			VMOVUPS_Z(m, g.mask, b[j])
		} else {
			VMOVUPS(m, b[j])
		}
	}
	ADDQ(g.rsb, g.b)
	for i := range acc {
		if g.panels == 1 {
			VFMADD231PS_BCST(g.operand(i), b[0], acc[i][0])
			continue
		}
		a := ZMM()
		VBROADCASTSS(g.operand(i), a)
		for j := range b {
			VFMADD231PS(a, b[j], acc[i][j])
		}
	}
	for i := range (len(acc) + 4) / 5 {
		ADDQ(g.csa, g.at[i])
	}
}

// last reports whether panel j is masked.
func (g *wideGemm) last(j int) bool { return g.masked && j == g.panels-1 }

func (g *wideGemm) storeC(j int, v reg.VecVirtual) {
	m := Mem{Base: g.c, Disp: 64 * j}
	if g.last(j) {
		VMOVUPS(v, g.mask, m)
	} else {
		VMOVUPS(v, m)
	}
}

// epilogue stores alpha*acc + beta*D and moves c and D's row below the block.
func (g *wideGemm) epilogue(acc [][]reg.VecVirtual, label func(string) string) {
	alpha := ZMM()
	VBROADCASTSS(g.field(tileAlpha), alpha)
	rsc, rsd, d := g.tmp, g.at[0], g.b
	MOVQ(g.field(tileRSC), rsc)
	MOVQ(g.field(tileRSD), rsd)
	CMPQ(rsd, I8(-1)) // -1: nothing to add
	JNE(LabelRef(label("add")))
	for i := range acc {
		for j, v := range acc[i] {
			VMULPS(alpha, v, v)
			g.storeC(j, v)
		}
		ADDQ(rsc, g.c)
	}
	JMP(LabelRef(label("done")))
	Label(label("add"))
	beta := ZMM()
	VBROADCASTSS(g.field(tileBeta), beta)
	MOVQ(g.field(tileRowD), d)
	for i := range acc {
		for j, v := range acc[i] {
			t, m := ZMM(), Mem{Base: d, Disp: 64 * j}
			if g.last(j) {
				VMULPS_Z(m, beta, g.mask, t)
			} else {
				VMULPS(m, beta, t)
			}
			VFMADD231PS(alpha, v, t)
			g.storeC(j, t)
		}
		ADDQ(rsc, g.c)
		ADDQ(rsd, d)
	}
	MOVQ(d, g.field(tileRowD))
	Label(label("done"))
}
