package ops

import (
	"goomtrain/internal/comm"
	"goomtrain/internal/kernels/recurrence"
	"goomtrain/params"
)

// recurrenceParts are the states that a Recurrence exchanges if its sequences are cut: one all-gather of what the parts leave
// behind, and one of its gradient.
type recurrenceParts[F params.Float] struct {
	part  *Part
	k     *recurrence.Kernel[F]
	state *Carry[F] // before this part, then the gradient of the last state of this part
	mine  *Carry[F] // what this part leaves behind
	all   *Carry[F] // what all parts leave behind, part after part

	message, messages []uint8 // mantissas and exponents of mine and of all, so that one exchange is enough
}

func newRecurrenceParts[F params.Float](p *Part, k *recurrence.Kernel[F], batch, rows, width int) *recurrenceParts[F] {
	r := &recurrenceParts[F]{part: p, k: k, state: NewCarry[F](batch, rows, width), mine: NewCarry[F](batch, rows, width),
		all: NewCarry[F](p.Size()*batch, rows, width)}
	mantissa, exponent := r.mine.Data()
	r.message = make([]uint8, len(comm.Bytes(mantissa))+len(comm.Bytes(exponent)))
	r.messages = make([]uint8, p.Size()*len(r.message))
	return r
}

// gather collects what all parts leave behind.
func (r *recurrenceParts[F]) gather() {
	mantissa, exponent := r.mine.Data()
	mantissas, exponents := r.all.Data()
	n := copy(r.message, comm.Bytes(mantissa))
	copy(r.message[n:], comm.Bytes(exponent))
	gather(r.part, r.messages, r.message)
	for q := range r.part.Size() {
		message := r.messages[q*len(r.message):]
		copy(comm.Bytes(mantissas[q*len(mantissa):][:len(mantissa)]), message)
		copy(comm.Bytes(exponents[q*len(exponent):][:len(exponent)]), message[n:])
	}
}

// enter returns the state before this part; nil: it is x0.
func (r *recurrenceParts[F]) enter(u, a, x0 []F) *Carry[F] {
	r.k.Leave(r.mine, u, a)
	r.gather()
	if r.part.Rank() == 0 {
		return nil
	}
	r.k.Begin(r.state, x0)
	for before := range r.part.Rank() {
		r.k.Pass(r.state, r.all, before, false)
	}
	return r.state
}

// arrive returns the gradient of the last state of this part that comes from the parts behind it; nil: none does.
func (r *recurrenceParts[F]) arrive(dz []F) *Carry[F] {
	if r == nil {
		return nil
	}
	r.k.LeaveBack(r.mine, dz)
	r.gather()
	r.state.Clear()
	for behind := r.part.Size() - 1; behind > r.part.Rank(); behind-- {
		r.k.Pass(r.state, r.all, behind, true)
	}
	return r.state
}
