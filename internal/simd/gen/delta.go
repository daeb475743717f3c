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

func (b *deltaBlock) field(offset int) Mem { return Mem{Base: b.run, Disp: offset} }

func (b *deltaBlock) of(offset int) Mem { return Mem{Base: b.step, Disp: offset} }

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

// sum emits a pass that adds the state, weighted by the row operands, to the sums.
func (b *deltaBlock) sum(label string, of map[*reg.GPVirtual][]vec, order ...*reg.GPVirtual) {
	b.pass(label, func() {
		for _, p := range order {
			w := b.spread(*p)
			for j, l := range b.lanes {
				VFMADD231PS(l.load(b.state), w, of[p][j])
			}
		}
	})
}

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
		if j == max(0, registers) {
			if b.locals++; b.locals > len(b.frame.vectors) {
				b.frame.vectors = append(b.frame.vectors, AllocLocal(4*32))
			}
		}
		places[j] = b.frame.vectors[b.locals-1].Offset(32 * j)
	}
	return places
}

// whether emits yes if the step at that offset from the current one has a query, and no otherwise.
func (b *deltaBlock) whether(label string, offset int, yes, no func()) {
	CMPB(b.of(offset+stepRead), Imm(0))
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

func deltaForward() {
	deltaKernel("deltaForwardAVX2", `is DeltaForward for up to 32 columns: run points to a DeltaRun.`, func(b *deltaBlock) {
		k, next, q := b.rows(deltaK), GP64(), b.rows(deltaQ)
		v, r, o := b.spill(deltaV), b.spill(deltaR), b.spill(deltaO)
		u := b.keep(3)
		b.sum("First", map[*reg.GPVirtual][]vec{&k: b.p}, &k)
		b.steps(func() {
			from, to := v.load(), r.load()
			a, beta := broadcast(b.of(stepDecay)), broadcast(b.of(stepBeta))
			for j, l := range b.lanes {
				x := l.load(from)
				VFNMADD231PS(b.p[j], a, x)
				l.store(x, to)
				VMULPS(beta, x, x)
				VMOVUPS(x, u[j])
			}
			v.advance(from)
			r.advance(to)
			b.follow(deltaK, k, next)
			b.ahead("Ahead", rowOperand{deltaK, k}, rowOperand{deltaQ, q})
			reset(b.p)
			pass := func(read bool) func(label string, decay *vec) {
				return func(label string, decay *vec) {
					b.pass(label, func() {
						key, following := b.spread(k), b.spread(next)
						var query vec
						if read {
							query = b.spread(q)
						}
						for j, l := range b.lanes {
							s := b.decayed(l, decay)
							VFMADD231PS(u[j], key, s)
							l.store(s, b.state)
							if read {
								VFMADD231PS(s, query, b.o[j])
							}
							VFMADD231PS(s, following, b.p[j])
						}
					})
				}
			}
			b.whether("Read", 0, func() {
				reset(b.o)
				b.decays("Read", pass(true))
				to, scale := o.load(), broadcast(b.field(deltaScale))
				for j, l := range b.lanes {
					VMULPS(scale, b.o[j], b.o[j])
					l.store(b.o[j], to)
				}
				o.advance(to)
				b.next(deltaQ, q, q)
			}, func() {
				b.decays("Write", pass(false))
			})
			MOVQ(next, k)
		})
	})
}

func deltaReverse() {
	deltaKernel("deltaReverseAVX2", `is DeltaReverse for up to 32 columns: run points to a DeltaRun whose operands begin with their last rows and have
negative strides.`, func(b *deltaBlock) {
		size := GP64()
		MOVQ(b.left, size) // to the last step
		SHLQ(Imm(5), size)
		LEAQ(Mem{Base: b.step, Index: size, Scale: 1, Disp: -stepSize}, b.step)
		k, next, q, dk := b.rows(deltaK), GP64(), b.rows(deltaQ), b.rows(deltaDK)
		r, dv, do := b.spill(deltaR), b.spill(deltaDV), b.spill(deltaDO)
		u, w, x := b.keep(4), b.keep(0), b.keep(0) // beta r, dv, scale do
		b.sum("First", map[*reg.GPVirtual][]vec{&k: b.p}, &k)
		b.steps(func() {
			b.follow(deltaK, k, next)
			b.ahead("Ahead", rowOperand{deltaK, k}, rowOperand{deltaQ, q}, rowOperand{deltaDK, dk})
			operands := func(read bool) {
				from, to := r.load(), dv.load()
				var reads reg.GPVirtual
				if read {
					reads = do.load()
				}
				later, own, dbeta := zeroed(1), zeroed(1), zeroed(1)
				beta := broadcast(b.of(stepBeta))
				for j, l := range b.lanes {
					r := l.load(from)
					VMULPS(beta, r, u[j])
					VFMADD231PS(u[j], b.p[j], later[0])
					if read {
						g := l.load(reads)
						VFMADD231PS(u[j], g, own[0])
						VFMADD231PS(broadcast(b.of(stepScore)), g, b.p[j])
						VMULPS(broadcast(b.field(deltaScale)), g, g)
						VMOVUPS(g, x[j])
					}
					VFMADD231PS(b.p[j], r, dbeta[0])
					VMULPS(beta, b.p[j], b.p[j])
					l.store(b.p[j], to)
					VMOVUPS(b.p[j], w[j])
				}
				add(later[0], b.of(stepLater))
				add(dbeta[0], b.of(stepDBeta))
				if read {
					add(own[0], b.of(stepOwn))
					do.advance(reads)
				}
				r.advance(from)
				dv.advance(to)
				reset(b.p)
			}
			pass := func(read bool) func(label string, decay *vec) {
				return func(label string, decay *vec) {
					b.pass(label, func() {
						key, following, dot := b.spread(k), b.spread(next), YMM()
						var query vec
						if read {
							query = b.spread(q)
						}
						for j, l := range b.lanes {
							s := l.load(b.state)
							if read {
								VFMADD231PS(x[j], query, s)
							}
							if j == 0 {
								VMULPS(u[j], s, dot)
							} else {
								VFMADD231PS(u[j], s, dot)
							}
							VFNMADD231PS(w[j], key, s)
							if decay != nil {
								VMULPS(*decay, s, s)
							}
							l.store(s, b.state)
							VFMADD231PS(following, s, b.p[j])
						}
						add(dot, Mem{Base: dk, Index: b.i, Scale: 1})
					})
				}
			}
			b.whether("Read", 0, func() {
				operands(true)
				b.decays("Read", pass(true))
				b.next(deltaQ, q, q)
			}, func() {
				operands(false)
				b.decays("Write", pass(false))
			})
			b.next(deltaDK, dk, dk)
			MOVQ(next, k)
			SUBQ(Imm(2*stepSize), b.step) // the loop goes one forward
		})
	})
}

func deltaReplay() {
	deltaKernel("deltaReplayAVX2", `is DeltaReplay for up to 32 columns: run points to a DeltaRun.`, func(b *deltaBlock) {
		r, dv, do := b.rows(deltaR), b.rows(deltaDV), b.rows(deltaDO)
		k, q, dk, dq := b.spill(deltaK), b.spill(deltaQ), b.spill(deltaDK), b.spill(deltaDQ)
		u := b.keep(3) // beta k
		sums := map[*reg.GPVirtual][]vec{&dv: b.p, &do: b.o}
		b.whether("First", 0, func() { b.sum("FirstRead", sums, &dv, &do) }, func() { b.sum("FirstWrite", sums, &dv) })
		b.steps(func() {
			a, beta, before := broadcast(b.of(stepDecay)), broadcast(b.of(stepBeta)), zeroed(1)
			from, to := k.load(), dk.load()
			for j, l := range b.lanes {
				VMULPS(a, b.p[j], b.p[j])
				x, g := l.load(from), l.load(to)
				VSUBPS(b.p[j], g, g)
				l.store(g, to)
				VFNMADD231PS(b.p[j], x, before[0])
				VMULPS(beta, x, x)
				VMOVUPS(x, u[j])
			}
			dk.advance(to)
			b.whether("Read", 0, func() {
				keys, queries, to := k.load(), q.load(), dq.load()
				own, scale := broadcast(b.of(stepOwn)), broadcast(b.field(deltaScale))
				for j, l := range b.lanes {
					VMULPS(a, b.o[j], b.o[j])
					x, g := l.load(queries), l.load(to)
					VMULPS(scale, x, x)
					VFMADD231PS(b.o[j], x, before[0])
					x = l.load(keys)
					VFMADD231PS(own, x, b.o[j])
					VFMADD231PS(scale, b.o[j], g)
					l.store(g, to)
				}
				q.advance(queries)
				dq.advance(to)
				b.next(deltaDO, do, do)
			}, func() {})
			add(before[0], b.of(stepBefore))
			k.advance(from)
			b.follow(deltaDV, dv, dv)
			b.ahead("Ahead", rowOperand{deltaR, r}, rowOperand{deltaDV, dv}, rowOperand{deltaDO, do})
			reset(b.p)
			pass := func(read bool) func(label string, decay *vec) {
				return func(label string, decay *vec) {
					b.pass(label, func() {
						written, value := b.spread(r), b.spread(dv)
						var out vec
						if read {
							out = b.spread(do)
						}
						for j, l := range b.lanes {
							s := b.decayed(l, decay)
							VFMADD231PS(u[j], written, s)
							l.store(s, b.state)
							VFMADD231PS(s, value, b.p[j])
							if read {
								VFMADD231PS(s, out, b.o[j])
							}
						}
					})
				}
			}
			CMPQ(b.left, Imm(1)) // there is no query after the last step
			JE(LabelRef(b.label("Last")))
			CMPB(b.of(stepSize+stepRead), Imm(0))
			JNE(LabelRef(b.label("Next")))
			Label(b.label("Last"))
			b.decays("Write", pass(false))
			JMP(LabelRef(b.label("NextStep")))
			Label(b.label("Next"))
			reset(b.o)
			b.decays("Read", pass(true))
			Label(b.label("NextStep"))
			b.next(deltaR, r, r)
		})
	})
}
