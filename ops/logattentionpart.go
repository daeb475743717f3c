package ops

import (
	"goomtrain/internal/kernels/logattention"
	"goomtrain/internal/kernels/multihead"
	"goomtrain/params"
)

// logParts is the exchange of a LogSelfAttention: of the logarithms of its sums.
type logParts[F params.Float] struct {
	exchange[float64, F]
	k     *logattention.Kernel[F]
	state *LogCarry // before this part
}

func newLogParts[F params.Float](p *Part, k *logattention.Kernel[F], s multihead.Size) *logParts[F] {
	n := k.Left()
	return &logParts[F]{exchange: newExchange[float64, F](p, n, n, n), k: k, state: NewLogCarry(s.Batch, s.Heads, s.DKey, s.DValue, false)}
}

// enter returns the state before this part. Without parts it is carry.
func (l *logParts[F]) enter(carry *LogCarry, x logattention.Operands[F]) *LogCarry {
	if l == nil {
		return carry
	}
	l.forward(func(mine []float64) { l.k.Leave(mine, x) }, l.state.Enter)
	return l.state
}

// arrive returns the gradient of the last state of this part, in memory of the gradients d. Without parts it is nil.
func (l *logParts[F]) arrive(d, x logattention.Operands[F], dy multihead.Rows[F]) []F {
	if l == nil {
		return nil
	}
	return l.backward(func(left []F) { l.k.LeaveBack(left, d, x, dy) },
		func(last, grads []F, part int) { logattention.Arrive(last, l.all, grads, part) })
}
