package kernels

import (
	"goomtrain/internal/gpu"
)

var embedding = gpu.Module{Name: "embedding"}

// The sizes of embedding.cu.
const (
	sortRun  = 1024
	sumPiece = 64
)

// Embedding is the twin of dense.Embedding. A token that is not in the table gives rows of NaN and no gradient: a launch cannot
// panic.
type Embedding struct {
	s                  *gpu.Scope
	rows, vocab, width int
	runs               int
	keys               *gpu.Shared // two arrays of keys, of 8 bytes each, and sums [rows, width]
	fill               *Fill

	forward, sort, merge, pieces, tokens gpu.Function
}

// NewEmbedding returns the kernel for rows tokens and a table [vocab, width].
func NewEmbedding(s *gpu.Scope, rows, vocab, width int) *Embedding {
	k := &Embedding{s: s, rows: rows, vocab: vocab, width: width, runs: (rows + sortRun - 1) / sortRun, fill: NewFill(s)}
	k.keys = s.Share(4*k.runs*sortRun + rows*width)
	f := func(name string) gpu.Function { return s.Function(&embedding, name) }
	k.forward, k.sort, k.merge, k.pieces, k.tokens = f("embedding"), f("sort_runs"), f("merge_runs"), f("sum_pieces"), f("sum_tokens")
	return k
}

// Forward writes y.
func (k *Embedding) Forward(y, tokens, w gpu.Ptr) {
	grid, shift := byRowFours(k.rows, k.width)
	k.s.Launch(k.forward, grid, gpu.Line(threads), gpu.Int(k.rows), gpu.Int(k.vocab), gpu.Int(k.width), gpu.Int(shift), ptr(tokens), ptr(w), ptr(y))
}

// Backward writes dw; tokens are those of Forward.
func (k *Embedding) Backward(dw, tokens, dy gpu.Ptr) {
	n := k.runs * sortRun
	keys := k.keys.Ptr()
	other, sums := keys.Add(2*n), keys.Add(4*n)
	k.s.Launch(k.sort, gpu.Line(k.runs), gpu.Line(512), gpu.Int(k.rows), ptr(tokens), ptr(keys))
	for length := sortRun; length < n; length *= 2 {
		k.s.Launch(k.merge, flat(n), gpu.Line(threads), gpu.Int(n), gpu.Int(length), ptr(keys), ptr(other))
		keys, other = other, keys
	}
	k.fill.Zero(dw, k.vocab*k.width)
	tiles := (k.width + 127) / 128
	k.s.Launch(k.pieces, gpu.Dim{X: (k.rows + sumPiece - 1) / sumPiece, Y: tiles, Z: 1}, gpu.Line(128), gpu.Int(k.rows), gpu.Int(k.width), ptr(keys), ptr(dy), ptr(sums))
	k.s.Launch(k.tokens, gpu.Dim{X: k.rows, Y: tiles, Z: 1}, gpu.Line(128), gpu.Int(k.rows), gpu.Int(k.vocab), gpu.Int(k.width), ptr(keys), ptr(sums), ptr(dw))
}
