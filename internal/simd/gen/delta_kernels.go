package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func deltaForward() {
	deltaKernel("deltaForwardAVX2", `is DeltaForward for up to 32 columns: run points to a DeltaRun.`, func(b *deltaBlock) {
		k, next, q := b.rows(deltaK), GP64(), b.rows(deltaQ)
		v, r, o := b.spill(deltaV), b.spill(deltaR), b.spill(deltaO)
		u := b.keep(3)
		b.sum("First", weighted{k, b.p})
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
			b.whether("Read", func() {
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
		b.sum("First", weighted{k, b.p})
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
			b.whether("Read", func() {
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
		b.whether("First", func() { b.sum("FirstRead", weighted{dv, b.p}, weighted{do, b.o}) }, func() { b.sum("FirstWrite", weighted{dv, b.p}) })
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
			b.whether("Read", func() {
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
