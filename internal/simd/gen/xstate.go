package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// xstateKernels writes what tests ask of the state that the system saves of a thread.
func xstateKernels() {
	function("xInUse", "func() uint64", `returns the components of the thread's state that are not in their initial configuration,
XCR0 & XINUSE, by XGETBV with ECX = 1; 0 if the processor has no such form of it.`)
	MOVL(U32(0xd), reg.EAX)
	MOVL(U32(1), reg.ECX)
	CPUID()
	ANDL(U32(1<<2), reg.EAX)
	JZ(LabelRef("unknown"))
	MOVL(U32(1), reg.ECX)
	XGETBV()
	SHLQ(Imm(32), reg.RDX)
	ORQ(reg.RDX, reg.RAX)
	Label("unknown")
	Store(reg.RAX, ReturnIndex(0))
	RET()
}
