package recurrence

import (
	"fmt"

	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// Table is the recurrence with a matrix for each symbol and head: A_t = table[token_t], table [S, H, D, D].
type Table[F simd.Float] struct {
	matrices      *matrices[F]
	walk          *walk[F]
	symbols       int
	table, dTable []F
	tokens        []int32
	kept          kept[F] // [B, T, N, D]
	positions     []int32 // [B*T] in the order of their tokens
	first         []int32 // [S+1] where those of each token begin
	sum           func(i int)
}

// NewTable returns the kernel for one size and a table of that many symbols.
func NewTable[F simd.Float](size Size, symbols int) *Table[F] {
	size.check()
	k := &Table[F]{symbols: symbols, positions: make([]int32, size.Batch*size.Time), first: make([]int32, symbols+1)}
	m := &matrices[F]{a: k.symbol, keep: k.keep}
	m.walk = newWalk(size, transition[F](m), size.Width)
	k.matrices, k.walk, k.sum = m, m.walk, k.sumMatrix
	return k
}

// symbol returns the matrices of a task's heads.
func (k *Table[F]) symbol(s *task[F], t int) []F {
	n := k.walk.Width * k.walk.Width
	token := int(k.tokens[s.sequence*k.walk.Time+t])
	return k.table[(token*k.walk.Heads+s.head)*n:][:s.heads*n]
}

// keep returns the memory for the adjoints of a step.
func (k *Table[F]) keep(s *task[F], t int) kept[F] {
	row, n := k.walk.row(s, t), s.heads*k.walk.Rows
	return kept[F]{k.kept.rows[row*k.walk.Width:][:n*k.walk.Width], k.kept.exponent[row:][:n]}
}

// Forward writes z as that of Full does, with tokens [B, T]. It panics if a token is not in the table.
func (k *Table[F]) Forward(z, u []F, tokens []int32, table, x0 []F, reset []int32, carry *Carry[F]) {
	for i, token := range tokens {
		if token < 0 || int(token) >= k.symbols {
			panic(fmt.Sprintf("recurrence: token %d at position %d, want one from 0 to %d", token, i, k.symbols-1))
		}
	}
	k.table, k.tokens = table, tokens
	k.walk.begin(z, u, x0, reset, carry)
	k.walk.run(0, k.walk.Time)
	k.walk.end(carry)
}

// Between is that of Full.
func (k *Table[F]) Between(last, first *Carry[F]) { k.walk.between(last, first) }

// Backward writes du, dTable and dx_0 as that of Full does. The matrices of the table are summed in the order of the
// positions.
func (k *Table[F]) Backward(du, dTable, dx0 []F, tokens []int32, table, z, dz []F) {
	if k.kept.rows == nil {
		k.kept = kept[F]{workspace.Make[F](len(dz)), make([]int64, len(dz)/k.walk.Width)}
	}
	k.table, k.tokens, k.dTable = table, tokens, dTable
	k.walk.beginReverse(du, z, dz)
	k.walk.runReverse(0, k.walk.Time)
	k.walk.endReverse(dx0)
	k.sort()
	simd.For(k.symbols*k.walk.Heads, k.sum)
}

// sort lists the positions by their tokens, those of one token in order.
func (k *Table[F]) sort() {
	clear(k.first)
	for _, token := range k.tokens {
		k.first[token]++
	}
	for i := range k.symbols {
		k.first[i+1] += k.first[i]
	}
	for i := len(k.tokens) - 1; i >= 0; i-- { // from the end of each token's positions to their beginning
		token := k.tokens[i]
		k.first[token]--
		k.positions[k.first[token]] = int32(i)
	}
}

// sumMatrix writes the gradient of the i-th of the [S, H] matrices.
func (k *Table[F]) sumMatrix(i int) {
	w := k.walk
	token, head := i/w.Heads, i%w.Heads
	d := w.Width
	dst := k.dTable[i*d*d : (i+1)*d*d]
	clear(dst)
	for _, p := range k.positions[k.first[token]:k.first[token+1]] {
		s := task[F]{sequence: int(p) / w.Time, head: head, heads: 1}
		t := int(p) % w.Time
		k.matrices.outer(dst, w.before(&s, t).rows, k.keep(&s, t), true)
	}
}
