package dense

import (
	"fmt"

	"goomtrain/internal/simd"
	"goomtrain/params"
)

// A Position counts the positions that a streaming sequence has had. It is the state of kernels that depend
// on the position.
type Position struct{ next [1]int64 }

// Reset goes back to the beginning of a sequence.
func (p *Position) Reset() { p.next[0] = 0 }

// Arrays returns the whole state under names that begin with prefix. The array shares its memory.
func (p *Position) Arrays(prefix string) []params.Array {
	return []params.Array{{Name: prefix + "next", Shape: []int{1}, Data: p.next[:]}}
}

// Take returns the next position and moves on by n. A nil Position is always at the beginning.
func (p *Position) Take(n int) int64 {
	if p == nil {
		return 0
	}
	from := p.next[0]
	p.next[0] += int64(n)
	return from
}

// Next returns the next position without taking it.
func (p *Position) Next() int64 { return p.next[0] }

// AddPositions adds to every position its row of a table.
//
//	x, y [B, T, D]   table [C, D]   y_bt = x_bt + table_t    dtable_t = sum over b of dy_bt
type AddPositions[F simd.Float] struct {
	batch, time, context, width int // B, T, C, D

	y, x, table, dtable, dy []F // operands of the running call
	from                    int
	forward, backward       func(lo, hi int)
}

// NewAddPositions returns the kernel for x [batch, time, width] and a table [context, width].
func NewAddPositions[F simd.Float](batch, time, context, width int) *AddPositions[F] {
	k := &AddPositions[F]{batch: batch, time: time, context: context, width: width}
	k.forward = func(lo, hi int) {
		for r := lo; r < hi; r++ {
			t := k.from + r%k.time
			simd.Add(k.y[r*k.width:(r+1)*k.width], k.x[r*k.width:(r+1)*k.width], k.table[t*k.width:(t+1)*k.width])
		}
	}
	k.backward = func(lo, hi int) {
		for c := lo; c < hi; c++ {
			sum := k.dtable[c*k.width : (c+1)*k.width]
			clear(sum)
			if t := c - k.from; t >= 0 && t < k.time {
				simd.SumRows(sum, k.dy[t*k.width:], k.batch, k.time*k.width)
			}
		}
	}
	return k
}

// Resize makes it the kernel of batch sequences of time positions.
func (k *AddPositions[F]) Resize(batch, time int) { k.batch, k.time = batch, time }

// Forward writes y. x begins at position from of the sequence. It panics if a position is not in the table.
func (k *AddPositions[F]) Forward(y, x, table []F, from int64) {
	if from < 0 || from > int64(k.context) || from+int64(k.time) > int64(k.context) {
		panic(fmt.Sprintf("dense: positions %d to %d of a table of %d", from, from+int64(k.time)-1, k.context))
	}
	k.y, k.x, k.table, k.from = y, x, table, int(from)
	simd.ForRange(k.batch*k.time, rowGrain, k.forward)
}

// Backward writes dtable; dx is dy.
func (k *AddPositions[F]) Backward(dtable, dy []F) {
	k.dtable, k.dy = dtable, dy
	simd.ForRange(k.context, rowGrain, k.backward)
}
