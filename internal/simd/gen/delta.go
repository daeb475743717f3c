package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The offsets of the fields of simd.DeltaRun[float32], of Strided within it, and of simd.DeltaStep[float32] and its size.
const (
	deltaRows    = 0
	deltaColumns = 8
	deltaSteps   = 16
	deltaState   = 40
	deltaK       = 72
	deltaV       = 104
	deltaQ       = 136
	deltaO       = 168
	deltaR       = 200
	deltaDK      = 232
	deltaDV      = 264
	deltaDQ      = 296
	deltaDO      = 328
	deltaScale   = 360

	sliceLen      = 8
	stridedStride = 24

	stepDecay  = 0
	stepBeta   = 4
	stepScore  = 8
	stepDBeta  = 12
	stepOwn    = 16
	stepLater  = 20
	stepBefore = 24
	stepRead   = 28
	stepSize   = 32
)

func deltaKernels() {
	deltaForward()
	deltaReverse()
	deltaReplay()
}

// A deltaBlock emits a kernel for a block of columns, of one number of vectors or the masked rest. A step has a part on
// rows of its operands and a pass over the state. The pass also makes the sums over the state for the next step: p, and
// in replay o.
type deltaBlock struct {
	name  string // prefix of labels
	lanes []lane
	run   reg.GPVirtual
	step  reg.GPVirtual // the current step, and the steps left
	left  reg.GPVirtual

	state, i reg.GPVirtual // of the current row: its place in the state, and the offset of its number in a row operand
	stride   reg.GPVirtual // of the state, in bytes
	end      reg.GPVirtual // 4 times the rows
	p, o     []vec
	frame    *deltaFrame
	spilled  int // pointers and vectors of the frame that are in use
	locals   int
}

// A deltaFrame is the local memory of a kernel, which its blocks share.
type deltaFrame struct{ pointers, vectors []Mem }

// deltaKernel emits a kernel whose body is written for one, two and four vectors and for a masked rest.
func deltaKernel(name, doc string, body func(b *deltaBlock)) {
	function(name, "func(run *int)", doc)
	run, columns, frame := pointer("run"), GP64(), new(deltaFrame)
	MOVQ(Mem{Base: run, Disp: deltaColumns}, columns)
	for _, n := range []int{4, 2, 1} {
		CMPQ(columns, Imm(uint64(8*n)))
		JGE(LabelRef(fmt.Sprintf("columns%d", n)))
	}
	at, mask := GP64(), YMM()
	LEAQ(tailMask(), at)
	NEGQ(columns)
	VMOVDQU(Mem{Base: at, Index: columns, Scale: 4, Disp: 32}, mask)
	newDeltaBlock("rest", run, []lane{{step: 1, mask: &mask}}, frame, body)
	for _, n := range []int{4, 2, 1} {
		lanes := make([]lane, n)
		for u := range lanes {
			lanes[u] = lane{u: u, step: n}
		}
		name := fmt.Sprintf("columns%d", n)
		Label(name)
		newDeltaBlock(name, run, lanes, frame, body)
	}
}

// newDeltaBlock emits the body for the lanes.
func newDeltaBlock(name string, run reg.GPVirtual, lanes []lane, frame *deltaFrame, body func(b *deltaBlock)) {
	b := &deltaBlock{name: name, lanes: lanes, run: run, frame: frame, step: GP64(), left: GP64(), state: GP64(), i: GP64(), stride: GP64(), end: GP64()}
	MOVQ(b.field(deltaSteps), b.step)
	MOVQ(b.field(deltaSteps+sliceLen), b.left)
	MOVQ(b.field(deltaState+stridedStride), b.stride)
	SHLQ(Imm(2), b.stride)
	MOVQ(b.field(deltaRows), b.end)
	SHLQ(Imm(2), b.end)
	b.p, b.o = zeroed(len(lanes)), zeroed(len(lanes))
	body(b)
	finish()
}

// field is a field of the run, and of one of the current step.
func (b *deltaBlock) field(offset int) Mem { return Mem{Base: b.run, Disp: offset} }
func (b *deltaBlock) of(offset int) Mem    { return Mem{Base: b.step, Disp: offset} }

func (b *deltaBlock) label(name string) string { return b.name + name }

// rows returns a pointer to the first row of an operand.
func (b *deltaBlock) rows(operand int) reg.GPVirtual {
	p := GP64()
	MOVQ(b.field(operand), p)
	return p
}

// next sets to to the row after p.
func (b *deltaBlock) next(operand int, p, to reg.GPVirtual) {
	by := GP64()
	MOVQ(b.field(operand+stridedStride), by)
	LEAQ(Mem{Base: p, Index: by, Scale: 4}, to)
}

// A spilled pointer is kept in memory: there are not enough registers for all operands.
type spilled struct {
	b       *deltaBlock
	operand int
	at      Mem
}

// spill returns the first row of an operand, so kept.
func (b *deltaBlock) spill(operand int) spilled {
	if b.spilled++; b.spilled > len(b.frame.pointers) {
		b.frame.pointers = append(b.frame.pointers, AllocLocal(8))
	}
	s := spilled{b, operand, b.frame.pointers[b.spilled-1]}
	MOVQ(b.rows(operand), s.at)
	return s
}

func (s spilled) load() reg.GPVirtual {
	p := GP64()
	MOVQ(s.at, p)
	return p
}

// advance moves to the next row, from p, which load has returned, and fetches the row after that: rows of a step are far
// from those of the step before, so that the processor does not fetch them by itself.
func (s spilled) advance(p reg.GPVirtual) {
	s.b.next(s.operand, p, p)
	MOVQ(p, s.at)
	s.b.next(s.operand, p, p)
	for u := 0; u < len(s.b.lanes); u += 2 {
		PREFETCHT0(Mem{Base: p, Disp: 32 * u})
	}
}

// An operand whose rows have a number for each row of the state, and its current row.
type rowOperand struct {
	operand int
	at      reg.GPVirtual
}

// ahead fetches the rows two after the current ones, for the same reason as advance.
func (b *deltaBlock) ahead(label string, of ...rowOperand) {
	rows := make([]reg.GPVirtual, len(of))
	for i, o := range of {
		rows[i] = GP64()
		b.next(o.operand, o.at, rows[i])
		b.next(o.operand, rows[i], rows[i])
	}
	XORQ(b.i, b.i)
	Label(b.label(label))
	for _, row := range rows {
		PREFETCHT0(Mem{Base: row, Index: b.i, Scale: 1})
	}
	ADDQ(Imm(64), b.i)
	CMPQ(b.i, b.end)
	JLT(LabelRef(b.label(label)))
}

// broadcast spreads the float at m over a vector.
func broadcast(m Mem) vec {
	v := YMM()
	VBROADCASTSS(m, v)
	return v
}

// spread broadcasts the number of the row operand p that belongs to the current row of the state.
func (b *deltaBlock) spread(p reg.GPVirtual) vec {
	return broadcast(Mem{Base: p, Index: b.i, Scale: 1})
}

// pass emits a loop over the rows of the state.
func (b *deltaBlock) pass(label string, body func()) {
	MOVQ(b.field(deltaState), b.state)
	XORQ(b.i, b.i)
	Label(b.label(label))
	body()
	ADDQ(b.stride, b.state)
	ADDQ(Imm(4), b.i)
	CMPQ(b.i, b.end)
	JLT(LabelRef(b.label(label)))
}

// sum emits a pass that adds the state, weighted by the row operands, to their sums.
func (b *deltaBlock) sum(label string, of ...weighted) {
	b.pass(label, func() {
		for _, o := range of {
			w := b.spread(o.by)
			for j, l := range b.lanes {
				VFMADD231PS(l.load(b.state), w, o.sum[j])
			}
		}
	})
}

// A sum over the rows of the state and the row operand that weighs them.
type weighted struct {
	by  reg.GPVirtual
	sum []vec
}

// reset zeroes the vectors.
func reset(v []vec) {
	for _, v := range v {
		VXORPS(v, v, v)
	}
}

// keep returns places for a vector of each lane: registers for the first of them, local memory for the others.
func (b *deltaBlock) keep(registers int) []Op {
	places := make([]Op, len(b.lanes))
	for j := range places {
		if j < registers {
			places[j] = YMM()
			continue
		}
		if j == registers {
			if b.locals++; b.locals > len(b.frame.vectors) {
				b.frame.vectors = append(b.frame.vectors, AllocLocal(4*32))
			}
		}
		places[j] = b.frame.vectors[b.locals-1].Offset(32 * j)
	}
	return places
}

// whether emits yes if the current step has a query, and no otherwise.
func (b *deltaBlock) whether(label string, yes, no func()) {
	CMPB(b.of(stepRead), Imm(0))
	JE(LabelRef(b.label(label + "No")))
	yes()
	JMP(LabelRef(b.label(label + "Done")))
	Label(b.label(label + "No"))
	no()
	Label(b.label(label + "Done"))
}

// decays emits the pass without a multiplication by the decay where that is 1, and with it otherwise, also for NaN.
func (b *deltaBlock) decays(label string, pass func(label string, decay *vec)) {
	a := broadcast(b.of(stepDecay))
	VUCOMISS(constant("one", 1), a.AsX())
	JNE(LabelRef(b.label(label + "Decay")))
	JP(LabelRef(b.label(label + "Decay")))
	pass(label+"Plain", nil)
	JMP(LabelRef(b.label(label + "Passed")))
	Label(b.label(label + "Decay"))
	pass(label+"Decays", &a)
	Label(b.label(label + "Passed"))
}

// decayed loads a lane of the state, times the decay if there is one.
func (b *deltaBlock) decayed(l lane, decay *vec) vec {
	s := l.load(b.state)
	if decay != nil {
		VMULPS(*decay, s, s)
	}
	return s
}

// add adds the sum of the lanes of v to the float at m. Shuffles and additions take fewer operations here than the
// horizontal additions of total.
func add(v vec, m Mem) {
	sum, other := XMM(), XMM()
	VEXTRACTF128(Imm(1), v, other)
	VADDPS(v.AsX(), other, sum)
	VMOVHLPS(sum, sum, other)
	VADDPS(other, sum, sum)
	VMOVSHDUP(sum, other)
	VADDSS(other, sum, sum)
	VADDSS(m, sum, sum)
	VMOVSS(sum, m)
}

// steps emits the loop over the steps.
func (b *deltaBlock) steps(body func()) {
	Label(b.label("Step"))
	body()
	ADDQ(Imm(stepSize), b.step)
	DECQ(b.left)
	JNZ(LabelRef(b.label("Step")))
}

// follow sets to to the row after p, or to p itself in the last step, which needs none.
func (b *deltaBlock) follow(operand int, p, to reg.GPVirtual) {
	row := GP64()
	b.next(operand, p, row)
	CMPQ(b.left, Imm(1))
	CMOVQEQ(p, row)
	MOVQ(row, to)
}
