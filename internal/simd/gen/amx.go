package main

import (
	"fmt"
	"strings"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Neither avo nor Go's assembler knows the instructions of AMX and of AVX512-BF16, so they are written as bytes, each
// with its name in a comment. Their registers are out of avo's sight: a kernel that has them names all its registers
// itself, and leaves none to avo.

// A tmm is one of the eight registers of tiles.
type tmm int

func (t tmm) String() string { return fmt.Sprintf("TMM%d", int(t)) }

// Prefixes that are part of the opcode, as VEX and EVEX count them.
const (
	prefixNone = iota
	prefix66
	prefixF3
	prefixF2
)

// map0F38 is the opcode map of all these instructions.
const map0F38 = 2

// encoded emits an instruction as bytes.
func encoded(code []byte, name string, operands ...any) {
	text := make([]string, len(operands))
	for i, o := range operands {
		text[i] = fmt.Sprint(o)
		if r, ok := o.(reg.Register); ok {
			text[i] = r.Asm()
		}
	}
	Comment(strings.TrimSpace(name + " " + strings.Join(text, ", ")))
	for _, b := range code {
		Instruction(&ir.Instruction{Opcode: "BYTE", Operands: []Op{U8(b)}})
	}
}

// number is a register's number in the encoding.
func number(r reg.Register) int { return int(r.(reg.Physical).PhysicalIndex()) }

// vex is a three-byte VEX prefix of a vector length of 128 bits and W 0, with the opcode. r, x and b are the numbers of the
// registers in ModRM.reg, in the index and in ModRM.rm or the base; v is the further operand.
func vex(prefix int, opcode byte, r, x, b, v int) []byte {
	return []byte{0xc4, byte(^r>>3&1<<7 | ^x>>3&1<<6 | ^b>>3&1<<5 | map0F38), byte(^v&15<<3 | prefix), opcode}
}

// modRM is a ModRM byte.
func modRM(mod, r, rm int) byte { return byte(mod<<6 | r&7<<3 | rm&7) }

// rowsAt is ModRM and what follows it for a tile in memory: rows at base + disp, whose distance is the index.
func rowsAt(t tmm, m Mem) []byte {
	code := []byte{modRM(2, int(t), 4), byte(number(m.Index)&7<<3 | number(m.Base)&7)} // mod 2: 4 bytes of displacement follow
	return append(code, byte(m.Disp), byte(m.Disp>>8), byte(m.Disp>>16), byte(m.Disp>>24))
}

// stripes is the operand of tileLoad and tileStore: rows at base + disp that are stride bytes apart.
func stripes(base, stride reg.Register, disp int) Mem {
	return Mem{Base: base, Index: stride, Scale: 1, Disp: disp}
}

// tileLoad reads 16 rows of 64 bytes.
func tileLoad(m Mem, t tmm) {
	encoded(append(vex(prefixF2, 0x4b, 0, number(m.Index), number(m.Base), 0), rowsAt(t, m)...), "TILELOADD", m.Asm(), t)
}

// tileStore writes 16 rows of 64 bytes.
func tileStore(t tmm, m Mem) {
	encoded(append(vex(prefixF3, 0x4b, 0, number(m.Index), number(m.Base), 0), rowsAt(t, m)...), "TILESTORED", t, m.Asm())
}

// fetchForWriting fetches the cache line at p, which will be written.
func fetchForWriting(p reg.Register, disp int8) {
	code := []byte{0x0f, 0x0d, modRM(1, 1, number(p)), byte(disp)}
	if number(p) > 7 {
		code = append([]byte{0x41}, code...)
	}
	encoded(code, "PREFETCHW", Mem{Base: p, Disp: int(disp)}.Asm())
}

func tileZero(t tmm) {
	encoded(append(vex(prefixF2, 0x49, 0, 0, 0, 0), modRM(3, int(t), 0)), "TILEZERO", t)
}

// tileProducts adds to 16 x 16 sums of float32 the products of 16 x 32 and 32 x 16 elements of bfloat16.
func tileProducts(a, b, sums tmm) {
	encoded(append(vex(prefixF3, 0x5c, 0, 0, 0, int(b)), modRM(3, int(sums), int(a))), "TDPBF16PS", a, b, sums)
}

// tileConfig takes the shapes of all tiles from the 64 bytes at p.
func tileConfig(p reg.Register) {
	encoded(append(vex(prefixNone, 0x49, 0, 0, number(p), 0), modRM(0, 0, number(p))), "LDTILECFG", p)
}

// tileRelease ends the use of tiles: they take no more part in the state of the thread.
func tileRelease() {
	encoded(append(vex(prefixNone, 0x49, 0, 0, 0, 0), modRM(3, 0, 0)), "TILERELEASE")
}

// roundPair rounds 16 floats of low and 16 of high to the 32 elements of bfloat16 of to, to nearest even. Subnormal numbers
// become zeros.
func roundPair(high, low, to reg.Register) {
	h, l, t := number(high), number(low), number(to)
	code := []byte{
		0x62,
		byte(^t>>3&1<<7 | ^l>>4&1<<6 | ^l>>3&1<<5 | ^t>>4&1<<4 | map0F38),
		byte(^h&15<<3 | 1<<2 | prefixF2),
		byte(2<<5 | ^h>>4&1<<3), // 512 bits, no mask
		0x72,
		modRM(3, t, l),
	}
	encoded(code, "VCVTNE2PS2BF16", low, high, to)
}

// zmm is a register of 512 bits.
func zmm(i int) reg.VecPhysical {
	return []reg.VecPhysical{
		reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7, reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
		reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23, reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31,
	}[i]
}

// fullTiles is a configuration in which all eight tiles have 16 rows of 64 bytes.
func fullTiles() Mem {
	config := GLOBL("fullTiles", attr.RODATA|attr.NOPTR)
	words := [8]uint64{
		0: 1,                                                               // palette 1
		2: 64 | 64<<16 | 64<<32 | 64<<48, 3: 64 | 64<<16 | 64<<32 | 64<<48, // bytes of a row, 16 bits for each tile
		6: 0x1010101010101010, // rows, 8 bits for each tile
	}
	for i, w := range words {
		DATA(8*i, U64(w))
	}
	return config
}
