package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Byte offsets of the fields of matmul.bf16Call (a test compares them with unsafe.Offsetof).
const (
	bf16A     = 0
	bf16B     = 8
	bf16C     = 16
	bf16D     = 24
	bf16Sums  = 32 // blocks of 32 x 32 sums
	bf16M     = 40 // rows and columns of C
	bf16N     = 48
	bf16Steps = 56 // tiles along the inner dimension
	bf16StepA = 64 // from one panel of 16 rows to the next, in bytes
	bf16StepB = 72
	bf16RSC   = 80 // byte strides
	bf16RSD   = 88
	bf16Form  = 96  // bits: see below
	bf16Alpha = 104 // one float32
	bf16Beta  = 108
	bf16OffB  = 112 // progress: from B to the current panels, from C and D to the current columns
	bf16OffC  = 120
	bf16RowD  = 128 // the current row of D
)

// Bits of bf16Form.
const (
	bf16Resume = 1 // the sums begin with those of the blocks, not with zeros
	bf16Keep   = 2 // the sums go to the blocks, not to C
	bf16Plain  = 4 // alpha is 1 and nothing is added
	bf16Add    = 8 // beta*D is added
)

// bf16Kernels writes the products of tiles of bfloat16 and the kernels that pack their operands.
func bf16Kernels() {
	bf16Products()
	for _, form := range []string{"Rows", "Pairs"} {
		for _, along := range []string{"Inner", "Lanes"} {
			bf16Pack(form, along)
		}
	}
}

// Registers of bf16Products. Tiles 0 to 3 hold the sums of a block, 4 and 5 rows of A, 6 and 7 columns of B.
var (
	bfT            = reg.RDI // *bf16Call
	bfA            = [2]reg.GPPhysical{reg.RAX, reg.RBX}
	bfB            = [2]reg.GPPhysical{reg.RCX, reg.RDX}
	bfC            = reg.R8 // the block of C
	bfLine         = reg.R9 // 64 bytes: the stride of a packed tile
	bfSums         = reg.R10
	bfRows         = reg.R11 // rows still to do
	bfK            = reg.R12
	bfTmp, bfTmp2  = reg.RSI, reg.R13
	bfPanels       = reg.R15 // A's current panels
	bfMask, bfMas2 = reg.K1, reg.K2
)

func bfField(offset int) Mem { return Mem{Base: bfT, Disp: offset} }

// bf16Products computes blocks of 32 x 32 elements of C, down the rows, then across the columns: the panels of B stay in the
// first cache.
func bf16Products() {
	function("productsAMX", "func(t *uintptr)", `is, with c and d rows of float32 that are rsc and rsd bytes apart,

	for j := 0; j < t.n; j += 32 {
		for i := 0; i < t.m; i += 32 {
			for y := i; y < min(i+32, t.m); y++ {
				for x := j; x < min(j+32, t.n); x++ {
					var sum float32
					if t.form&resumeSums != 0 {
						sum = t.sums[y-i][x-j]
					}
					for s := range t.steps {
						var even, odd float32
						for p := range 16 {
							even += t.a[y/16][s][y%16][p][0] * t.b[x/16][s][p][x%16][0]
							odd += t.a[y/16][s][y%16][p][1] * t.b[x/16][s][p][x%16][1]
						}
						sum += even + odd
					}
					switch {
					case t.form&keepSums != 0:
						t.sums[y-i][x-j] = sum
					case t.form&addD != 0:
						c[y][x] = t.alpha*sum + t.beta*d[y][x]
					default:
						c[y][x] = t.alpha * sum
					}
				}
			}
			if t.form&(resumeSums|keepSums) != 0 {
				t.sums = next block
			}
		}
	}

Without resumeSums and keepSums, t.sums is one block that the kernel writes to. The tiles are released before it returns.`)
	Load(Param("t"), bfT)
	LEAQ(fullTiles(), bfTmp)
	tileConfig(bfTmp)
	MOVQ(U32(64), bfLine)
	MOVQ(bfField(bf16Sums), bfSums)

	Label("columns")
	// Masks of the two vectors of a row of the block.
	MOVQ(bfField(bf16N), bfTmp)
	MOVL(I32(-1), bfTmp2.As32())
	CMPQ(bfTmp, Imm(32))
	JGE(LabelRef("whole"))
	BZHIL(bfTmp.As32(), bfTmp2.As32(), bfTmp2.As32())
	Label("whole")
	KMOVW(bfTmp2.As32(), bfMask)
	SHRL(Imm(16), bfTmp2.As32())
	KMOVW(bfTmp2.As32(), bfMas2)
	MOVQ(bfField(bf16A), bfPanels)
	MOVQ(bfField(bf16C), bfC)
	ADDQ(bfField(bf16OffC), bfC)
	MOVQ(bfField(bf16D), bfTmp)
	ADDQ(bfField(bf16OffC), bfTmp)
	MOVQ(bfTmp, bfField(bf16RowD))
	MOVQ(bfField(bf16M), bfRows)

	Label("rows")
	MOVQ(bfPanels, bfA[0])
	MOVQ(bfPanels, bfA[1])
	ADDQ(bfField(bf16StepA), bfA[1])
	MOVQ(bfField(bf16B), bfB[0])
	ADDQ(bfField(bf16OffB), bfB[0])
	MOVQ(bfB[0], bfB[1])
	ADDQ(bfField(bf16StepB), bfB[1])
	MOVQ(bfField(bf16Steps), bfK)
	bf16FetchC()
	CMPQ(bfRows, Imm(16))
	JLE(LabelRef("narrow"))
	CMPQ(bfField(bf16N), Imm(16))
	JLE(LabelRef("tall21"))
	bf16Block(2, 2)
	Label("tall21")
	bf16Block(2, 1)
	Label("narrow")
	CMPQ(bfField(bf16N), Imm(16))
	JLE(LabelRef("small11"))
	bf16Block(1, 2)
	Label("small11")
	bf16Block(1, 1)

	// The sums of an uneven block, or those that are scaled or added to: from the block of sums to C, row by row.
	Label("scale")
	MOVQ(bfRows, bfK)
	CMPQ(bfK, Imm(32))
	JLE(LabelRef("rowsLeft"))
	MOVQ(U32(32), bfK)
	Label("rowsLeft")
	MOVQ(bfSums, bfB[0])
	MOVQ(bfC, bfB[1])
	MOVQ(bfField(bf16RSC), bfTmp)
	VBROADCASTSS(bfField(bf16Alpha), reg.Z0)
	TESTQ(U32(bf16Add), bfField(bf16Form))
	JNZ(LabelRef("add"))
	Label("scaleRow")
	for i, mask := range []reg.OpmaskPhysical{bfMask, bfMas2} {
		VMULPS(Mem{Base: bfB[0], Disp: 64 * i}, reg.Z0, zmm(2+i))
		VMOVUPS(zmm(2+i), mask, Mem{Base: bfB[1], Disp: 64 * i})
	}
	ADDQ(U32(128), bfB[0])
	ADDQ(bfTmp, bfB[1])
	DECQ(bfK)
	JNZ(LabelRef("scaleRow"))
	JMP(LabelRef("stored"))
	Label("add")
	VBROADCASTSS(bfField(bf16Beta), reg.Z1)
	MOVQ(bfField(bf16RowD), bfA[0])
	MOVQ(bfField(bf16RSD), bfTmp2)
	Label("addRow")
	for i, mask := range []reg.OpmaskPhysical{bfMask, bfMas2} {
		VMULPS_Z(Mem{Base: bfA[0], Disp: 64 * i}, reg.Z1, mask, zmm(4+i))
		VMULPS(Mem{Base: bfB[0], Disp: 64 * i}, reg.Z0, zmm(2+i))
		VADDPS(zmm(4+i), zmm(2+i), zmm(2+i))
		VMOVUPS(zmm(2+i), mask, Mem{Base: bfB[1], Disp: 64 * i})
	}
	ADDQ(U32(128), bfB[0])
	ADDQ(bfTmp, bfB[1])
	ADDQ(bfTmp2, bfA[0])
	DECQ(bfK)
	JNZ(LabelRef("addRow"))

	Label("stored")
	TESTQ(U32(bf16Resume|bf16Keep), bfField(bf16Form))
	JZ(LabelRef("oneBlock"))
	ADDQ(U32(4096), bfSums)
	Label("oneBlock")
	MOVQ(bfField(bf16StepA), bfTmp)
	LEAQ(Mem{Base: bfPanels, Index: bfTmp, Scale: 2}, bfPanels)
	MOVQ(bfField(bf16RSC), bfTmp)
	SHLQ(Imm(5), bfTmp)
	ADDQ(bfTmp, bfC)
	MOVQ(bfField(bf16RSD), bfTmp)
	SHLQ(Imm(5), bfTmp)
	ADDQ(bfTmp, bfField(bf16RowD))
	SUBQ(Imm(32), bfRows)
	JG(LabelRef("rows"))
	MOVQ(bfField(bf16StepB), bfTmp)
	ADDQ(bfTmp, bfTmp)
	ADDQ(bfTmp, bfField(bf16OffB))
	ADDQ(U32(128), bfField(bf16OffC))
	SUBQ(Imm(32), bfField(bf16N))
	JG(LabelRef("columns"))
	tileRelease()
	VZEROUPPER()
	RET()
}

// bf16FetchC fetches the block of C for writing.
func bf16FetchC() {
	TESTQ(U32(bf16Keep), bfField(bf16Form))
	JNZ(LabelRef("fetched"))
	MOVQ(bfRows, bfTmp)
	CMPQ(bfTmp, Imm(32))
	JLE(LabelRef("fetchRows"))
	MOVQ(U32(32), bfTmp)
	Label("fetchRows")
	MOVQ(bfC, bfTmp2)
	Label("fetch")
	fetchForWriting(bfTmp2, 0)
	fetchForWriting(bfTmp2, 64)
	ADDQ(bfField(bf16RSC), bfTmp2)
	DECQ(bfTmp)
	JNZ(LabelRef("fetch"))
	Label("fetched")
}

// bf16Block sums a block of so many tiles and stores it.
func bf16Block(rows, columns int) {
	label := func(name string) string { return fmt.Sprintf("%s%d%d", name, rows, columns) }
	sum := func(r, c int) tmm { return tmm(2*r + c) }
	each := func(do func(r, c int)) {
		for r := range rows {
			for c := range columns {
				do(r, c)
			}
		}
	}
	// inSums is the place of a tile in the block of sums, whose rows are bfTmp bytes apart.
	inSums := func(r, c int) Mem { return stripes(bfSums, bfTmp, 2048*r+64*c) }
	TESTQ(U32(bf16Resume), bfField(bf16Form))
	JNZ(LabelRef(label("resume")))
	each(func(r, c int) { tileZero(sum(r, c)) })
	JMP(LabelRef(label("sum")))
	Label(label("resume"))
	MOVQ(U32(128), bfTmp)
	each(func(r, c int) { tileLoad(inSums(r, c), sum(r, c)) })

	Label(label("sum"))
	for r := range rows {
		tileLoad(stripes(bfA[r], bfLine, 0), tmm(4+r))
		for c := range columns {
			if r == 0 {
				tileLoad(stripes(bfB[c], bfLine, 0), tmm(6+c))
			}
			tileProducts(tmm(4+r), tmm(6+c), sum(r, c))
		}
	}
	for r := range rows {
		ADDQ(U32(1024), bfA[r])
	}
	for c := range columns {
		ADDQ(U32(1024), bfB[c])
	}
	DECQ(bfK)
	JNZ(LabelRef(label("sum")))

	TESTQ(U32(bf16Keep), bfField(bf16Form))
	JNZ(LabelRef(label("block")))
	TESTQ(U32(bf16Plain), bfField(bf16Form))
	JZ(LabelRef(label("block")))
	CMPQ(bfRows, Imm(uint64(16*rows)))
	JLT(LabelRef(label("block")))
	CMPQ(bfField(bf16N), Imm(uint64(16*columns)))
	JLT(LabelRef(label("block")))
	MOVQ(bfField(bf16RSC), bfTmp)
	MOVQ(bfC, bfA[0])
	for r := range rows {
		if r > 0 {
			MOVQ(bfTmp, bfTmp2)
			SHLQ(Imm(4), bfTmp2)
			ADDQ(bfTmp2, bfA[0])
		}
		for c := range columns {
			tileStore(sum(r, c), stripes(bfA[0], bfTmp, 64*c))
		}
	}
	JMP(LabelRef("stored"))
	Label(label("block"))
	MOVQ(U32(128), bfTmp)
	each(func(r, c int) { tileStore(sum(r, c), inSums(r, c)) })
	TESTQ(U32(bf16Keep), bfField(bf16Form))
	JNZ(LabelRef("stored"))
	JMP(LabelRef("scale"))
}

// bf16Pack rounds an operand to bfloat16 and lays it out in tiles. A lane is a row of A or a column of B.
func bf16Pack(form, along string) {
	doc := `is, for tiles that are dstStep bytes apart, from floats that are srcStep bytes apart,

	for range count {
		for lane := range 16 {
			for p := range 32 {
				TO = bfloat16(FROM), or 0 where ROW >= rows or bit COLUMN of mask is 0
			}
		}
		next dst and src
	}

The stride is in bytes.`
	to, from, row, column := "dst[lane][p]", "src[lane][p]", "lane", "p"
	if form == "Pairs" {
		to = "dst[p/2][lane][p%2]"
	}
	if along == "Lanes" {
		from, row, column = "src[p][lane]", "p", "lane"
	}
	function("pack"+form+along+"AVX512", "func(dst *uint16, src *float32, stride, rows int, mask uint32, count, srcStep, dstStep int)",
		fill(doc, "TO", to, "FROM", from, "ROW", row, "COLUMN", column))
	dst, src, stride, rows, count := reg.RDI, reg.RSI, reg.RDX, reg.RCX, reg.R9
	srcStep, dstStep, at, mask := reg.R10, reg.R11, reg.RAX, reg.R8
	Load(Param("dst"), dst)
	Load(Param("src"), src)
	Load(Param("stride"), stride)
	Load(Param("rows"), rows)
	Load(Param("mask"), mask.As32())
	Load(Param("count"), count)
	Load(Param("srcStep"), srcStep)
	Load(Param("dstStep"), dstStep)
	KMOVW(mask.As32(), reg.K1)
	SHRL(Imm(16), mask.As32())
	KMOVW(mask.As32(), reg.K2)

	Label("tile")
	MOVQ(src, at)
	if along == "Lanes" {
		VMOVDQU32(alternating(), reg.Z31)
	}
	for i := range 16 {
		zero, low, high := fmt.Sprintf("zero%d", i), zmm(16+2*(i%4)), zmm(17+2*(i%4))
		if along == "Inner" {
			CMPQ(rows, Imm(uint64(i)))
			JLE(LabelRef(zero))
			VMOVUPS_Z(Mem{Base: at}, reg.K1, low)
			VMOVUPS_Z(Mem{Base: at, Disp: 64}, reg.K2, high)
			roundPair(high, low, zmm(i))
			ADDQ(stride, at)
			continue
		}
		CMPQ(rows, Imm(uint64(2*i)))
		JLE(LabelRef(zero))
		VMOVUPS_Z(Mem{Base: at}, reg.K1, low)
		CMPQ(rows, Imm(uint64(2*i+1)))
		JLE(LabelRef(fmt.Sprintf("odd%d", i)))
		VMOVUPS_Z(Mem{Base: at, Index: stride, Scale: 1}, reg.K1, high)
		Label(fmt.Sprintf("even%d", i))
		roundPair(high, low, low)
		VPERMW(low, reg.Z31, zmm(i))
		LEAQ(Mem{Base: at, Index: stride, Scale: 2}, at)
	}
	Label("made")
	if (form == "Pairs") != (along == "Lanes") {
		transpose()
	}
	for i := range 16 {
		VMOVUPS(zmm(i), Mem{Base: dst, Disp: 64 * i})
	}
	ADDQ(srcStep, src)
	ADDQ(dstStep, dst)
	DECQ(count)
	JNZ(LabelRef("tile"))
	VZEROUPPER()
	RET()

	if along == "Lanes" { // the last row has no other
		for i := range 16 {
			high := zmm(17 + 2*(i%4))
			Label(fmt.Sprintf("odd%d", i))
			VPXORQ(high, high, high)
			JMP(LabelRef(fmt.Sprintf("even%d", i)))
		}
	}
	for i := range 16 {
		Label(fmt.Sprintf("zero%d", i))
		VPXORQ(zmm(i), zmm(i), zmm(i))
	}
	JMP(LabelRef("made"))
}

// alternating is the permutation of words that takes turns between the halves of a vector.
func alternating() Mem {
	if m, ok := constants["alternating"]; ok {
		return m
	}
	words := GLOBL("alternating", attr.RODATA|attr.NOPTR)
	for i := range 16 {
		DATA(4*i, U32(uint32(i|(16+i)<<16)))
	}
	constants["alternating"] = words
	return words
}

// transpose transposes the 16 x 16 words of 32 bits of registers 0 to 15. It uses all others.
func transpose() {
	for i := 0; i < 16; i += 2 { // 2 x 2 words
		VUNPCKLPS(zmm(i+1), zmm(i), zmm(16+i))
		VUNPCKHPS(zmm(i+1), zmm(i), zmm(17+i))
	}
	for i := 0; i < 16; i += 4 { // 4 x 4: register i+c has columns c, 4+c, 8+c and 12+c of rows i to i+3
		for half := range 2 {
			VUNPCKLPD(zmm(18+i+half), zmm(16+i+half), zmm(i+2*half))
			VUNPCKHPD(zmm(18+i+half), zmm(16+i+half), zmm(i+2*half+1))
		}
	}
	for c := range 4 { // 4 x 4 blocks of four words
		even, odd := [2]reg.VecPhysical{zmm(16 + c), zmm(20 + c)}, [2]reg.VecPhysical{zmm(24 + c), zmm(28 + c)}
		for half := range 2 {
			x, y := zmm(8*half+c), zmm(8*half+4+c)
			VSHUFF32X4(Imm(0x88), y, x, even[half])
			VSHUFF32X4(Imm(0xdd), y, x, odd[half])
		}
		VSHUFF32X4(Imm(0x88), even[1], even[0], zmm(c))
		VSHUFF32X4(Imm(0x88), odd[1], odd[0], zmm(4+c))
		VSHUFF32X4(Imm(0xdd), even[1], even[0], zmm(8+c))
		VSHUFF32X4(Imm(0xdd), odd[1], odd[0], zmm(12+c))
	}
}
