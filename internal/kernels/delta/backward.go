package delta

import (
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// Backward writes the gradients of all operands after a Forward with WantGradients, given do, those of its output. last
// [B, VH, K, V] is the gradient of the last states, nil if it is 0; where it is given, the gradient of G has digits relative
// to <last, S_T>, not to its own largest entry. first [B, VH, K, V] receives the gradient of the first states unless it is nil.
func (k *Kernel[F]) Backward(grad, x Operands[F], do, last, first []F) {
	k.grad, k.x, k.do, k.last, k.first = grad, x, do, last, first
	if k.group() > 1 {
		k.partQ = workspace.Grow(k.partQ, k.batch*k.ValueHeads*k.time*k.DKey)
		k.partK = workspace.Grow(k.partK, k.batch*k.ValueHeads*k.steps()*k.DKey)
	}
	k.pool.For(k.batch*k.ValueHeads, k.backward)
	if k.group() > 1 {
		simd.For(k.batch*k.KeyHeads, k.sumKeyHead)
	}
}

// backwardHead computes the gradients of one head of one sequence.
func (k *Kernel[F]) backwardHead(task int) {
	s := k.pool.Take()
	b, head := task/k.ValueHeads, task%k.ValueHeads
	k.prepare(s, b, head)
	k.score(s, b, head)
	s.run = simd.DeltaRun[F]{Steps: s.steps[:k.steps()], Scale: F(k.Scale)}
	dq, dk := k.keyGradients(b, head)
	for at := 0; at < k.DValue; at += simd.DeltaColumns {
		k.reverse(s, b, head, at, dk)
	}
	end := 0.0 // <dS_T, S_T>
	for at := 0; at < k.DKey; at += simd.DeltaColumns {
		end += k.replay(s, b, head, at, dq, dk)
	}
	k.finish(s, b, head, end)
	k.pool.Give(s)
}

// score sets the scores of the steps that a query reads.
func (k *Kernel[F]) score(s *scratch[F], b, head int) {
	q, keys := k.queryRows(k.x.Q, b, head, 0), k.keyRows(k.x.K, b, head, 0)
	for t := range k.time {
		i := (t+1)*k.Steps - 1
		s.steps[i].Score = F(k.Scale) * simd.Dot(q.Data[t*q.Stride:][:k.DKey], keys.Data[i*keys.Stride:][:k.DKey])
	}
}

// keyGradients returns the rows, set to 0, that the gradients of queries and keys of a value head are added to.
func (k *Kernel[F]) keyGradients(b, head int) (dq, dk simd.Strided[F]) {
	if k.group() == 1 {
		dq, dk = k.queryRows(k.grad.Q, b, head, 0), k.keyRows(k.grad.K, b, head, 0)
	} else {
		dq, dk = rows(k.partQ, b*k.ValueHeads+head, k.time, 1, k.DKey, 0, 0), rows(k.partK, b*k.ValueHeads+head, k.steps(), 1, k.DKey, 0, 0)
	}
	for t := range k.time {
		clear(dq.Data[t*dq.Stride:][:k.DKey])
	}
	for i := range k.steps() {
		clear(dk.Data[i*dk.Stride:][:k.DKey])
	}
	return dq, dk
}

// reverse takes the adjoint of a block of value channels back through the steps.
func (k *Kernel[F]) reverse(s *scratch[F], b, head, at int, dk simd.Strided[F]) {
	n, d := min(k.DValue-at, simd.DeltaColumns), &s.run
	d.Rows, d.Columns, d.State = k.DKey, n, simd.Strided[F]{Data: s.state, Stride: n}
	d.K, d.Q, d.DK = k.keyRows(k.x.K, b, head, 0), k.queryRows(k.x.Q, b, head, 0), dk
	d.R, d.DV = k.valueRows(k.r, b, head, at), k.valueRows(k.grad.V, b, head, at)
	d.DO = rows(k.do, b, k.time, k.ValueHeads, k.DValue, head, at)
	from := (b*k.ValueHeads+head)*k.DKey*k.DValue + at
	for i := range k.DKey {
		row := s.state[i*n:][:n]
		if k.last != nil {
			copy(row, k.last[from+i*k.DValue:])
		} else {
			clear(row)
		}
	}
	simd.DeltaReverse(d)
	if k.first != nil {
		for i := range k.DKey {
			copy(k.first[from+i*k.DValue:][:n], s.state[i*n:])
		}
	}
}

// replay takes a block of key channels through the steps again. It returns their part of <dS_T, S_T>.
func (k *Kernel[F]) replay(s *scratch[F], b, head, at int, dq, dk simd.Strided[F]) (end float64) {
	n, d := min(k.DKey-at, simd.DeltaColumns), &s.run
	d.Rows, d.Columns, d.State = k.DValue, n, simd.Strided[F]{Data: s.state, Stride: n}
	d.K, d.Q = k.keyRows(k.x.K, b, head, at), k.queryRows(k.x.Q, b, head, at)
	d.DK, d.DQ = simd.Strided[F]{Data: dk.Data[at:], Stride: dk.Stride}, simd.Strided[F]{Data: dq.Data[at:], Stride: dq.Stride}
	d.R, d.DV = k.valueRows(k.r, b, head, 0), k.valueRows(k.grad.V, b, head, 0)
	d.DO = rows(k.do, b, k.time, k.ValueHeads, k.DValue, head, 0)
	of := ((b*k.ValueHeads+head)*k.DKey + at) * k.DValue
	if k.resumed {
		for i := range n {
			for j, x := range k.start[of+i*k.DValue:][:k.DValue] {
				s.state[j*n+i] = x
			}
		}
	} else {
		clear(s.state[:k.DValue*n])
	}
	simd.DeltaReplay(d)
	if k.last != nil {
		for i := range n {
			for j, x := range k.last[of+i*k.DValue:][:k.DValue] {
				end += float64(x) * float64(s.state[j*n+i])
			}
		}
	}
	return end
}

// finish writes the gradients of beta and g. That of g_t is <dS, a S> at the decay of token t, which the steps change by
// their contributions, from last to first. Where a decay is 0 nothing before it counts.
func (k *Kernel[F]) finish(s *scratch[F], b, head int, end float64) {
	inner, dbeta := end, k.grad.Beta[b*k.steps()*k.ValueHeads+head:]
	for t := k.time - 1; t >= 0; t-- {
		for i := (t+1)*k.Steps - 1; i >= t*k.Steps; i-- {
			step := &s.steps[i]
			dbeta[i*k.ValueHeads] = step.DBeta
			if inner += float64(step.Before) - float64(step.Later); step.Decay == 0 {
				inner *= 0 // NaN remains
			}
		}
		if k.grad.G != nil {
			k.grad.G[(b*k.time+t)*k.ValueHeads+head] = F(inner)
		}
	}
}

// sumGroup adds the gradients of the value heads that read a key head.
func (k *Kernel[F]) sumGroup(task int) {
	b, head := task/k.KeyHeads, task%k.KeyHeads
	sum := func(grad, parts []F, n int) {
		dst := rows(grad, b, n, k.KeyHeads, k.DKey, head, 0)
		for i := range n {
			row := dst.Data[i*dst.Stride:][:k.DKey]
			clear(row)
			for j := range k.group() {
				simd.Add(row, row, parts[((b*k.ValueHeads+head*k.group()+j)*n+i)*k.DKey:][:k.DKey])
			}
		}
	}
	sum(k.grad.Q, k.partQ, k.time)
	sum(k.grad.K, k.partK, k.steps())
}
