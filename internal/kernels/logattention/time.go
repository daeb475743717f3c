package logattention

import (
	"math"

	"goomtrain/internal/simd"
)

// forwardTask takes one head of one sequence through time.
func (k *Kernel[F]) forwardTask(task int) {
	c := k.pool.Take()
	defer k.pool.Give(c)
	first := k.state(task, 0)
	n := len(first.logs)
	if k.carry != nil {
		copy(first.logs, k.carry.logs[task*n:])
		if k.signed {
			copy(first.signs, k.carry.signs[task*n:])
		}
	} else {
		for i := range first.logs {
			first.logs[i] = math.Inf(-1)
		}
		for i := range first.signs {
			first.signs[i] = 1
		}
	}
	last := first
	if k.size.Causal {
		for i := range simd.Pieces(k.size.Keys, k.chunk) {
			c.openNext(task, i*k.chunk, min(k.chunk, k.size.Keys-i*k.chunk), last)
			c.read()
			last = k.state(task, i+1)
			c.absorb(last)
		}
	} else {
		last = k.absorbAll(c, task, first)
		for lo := 0; lo < k.size.Queries; lo += k.chunk {
			c.open(task, lo, 0, min(k.chunk, k.size.Queries-lo), last)
			c.read()
		}
	}
	if k.carry != nil {
		copy(k.carry.logs[task*n:], last.logs)
		if k.signed {
			copy(k.carry.signs[task*n:], last.signs)
		}
	}
}

// absorbAll adds all keys to the state, before any query reads it, and returns the last state. It keeps the
// first state if there is a slot for it.
func (k *Kernel[F]) absorbAll(c *chunk[F], task int, first logSums) logSums {
	last := first
	for i := range simd.Pieces(k.size.Keys, k.chunk) {
		c.open(task, i*k.chunk, min(k.chunk, k.size.Keys-i*k.chunk), 0, last)
		next := k.state(task, 1-i%2)
		if k.slots == 3 {
			next = k.state(task, 1+i%2)
		}
		c.absorb(next)
		last = next
	}
	return last
}

// lastSlot returns the slot in which forwardTask left the last state for reverseTask.
func (k *Kernel[F]) lastSlot() int {
	n := simd.Pieces(k.size.Keys, k.chunk)
	if k.size.Causal {
		return n
	}
	return 1 + (n-1)%2
}

// reverseTask takes the adjoint of the state of one head of one sequence back through time. The adjoint is
// the gradient of the logarithms of S, so its numbers are moderate whatever the magnitude of S.
func (k *Kernel[F]) reverseTask(task int) {
	c := k.pool.Take()
	defer k.pool.Give(c)
	n := len(c.adjoint)
	clear(c.adjoint)
	if k.dEnd != nil {
		copy(c.adjoint, k.dEnd[task*n:])
	}
	first, last := k.state(task, 0), k.state(task, k.lastSlot())
	if k.size.Causal {
		for i := simd.Pieces(k.size.Keys, k.chunk) - 1; i >= 0; i-- {
			c.openAgain(task, i*k.chunk, min(k.chunk, k.size.Keys-i*k.chunk), k.state(task, i))
			if after := k.state(task, i+1); k.stateOnly {
				c.reverseState(after)
			} else {
				c.reverse(after)
			}
			c.adjoint, c.before = c.before, c.adjoint
		}
	} else {
		for lo := 0; lo < k.size.Queries; lo += k.chunk {
			c.open(task, lo, 0, min(k.chunk, k.size.Queries-lo), last)
			c.reverse(logSums{})
			simd.Add(c.adjoint, c.adjoint, c.before)
		}
		for lo := 0; lo < k.size.Keys; lo += k.chunk {
			c.open(task, lo, min(k.chunk, k.size.Keys-lo), 0, last)
			c.reverse(last)
		}
		c.shareOf(first, last)
	}
	if k.dStart != nil {
		copy(k.dStart[task*n:(task+1)*n], c.adjoint)
	}
}
