package ops

import (
	"goomtrain/internal/comm"
	"goomtrain/internal/simd"
	"goomtrain/params"
)

// A halo holds rows of the positions before a part, of operands that reach back so many positions: an all-gather of the last
// rows of each part, its tail, and an exchange of their gradients, which each process adds up in the order of ranks.
type halo[F params.Float] struct {
	part                     *Part
	batch, time, width, tail int // B, T, W, G
	past                     int // rows before the part that are reached: the last of the tails of the parts before it

	mine, all    []F // [B, G, W] and [S, B, G, W] tails
	send, got    []F // [parts, B, G, W] gradients of the tails of other parts, and of the tail of this part
	sends, takes []int
	first        int // the first part whose tail is reached
}

// newHalo returns the halo of B = batch sequences, of which the part has T = time positions, and rows of W = width numbers.
func newHalo[F params.Float](p *Part, batch, time, width, reach int) *halo[F] {
	h := &halo[F]{part: p, batch: batch, time: time, width: width, tail: min(time, reach), past: min(p.Rank()*time, reach),
		sends: make([]int, p.Size()), takes: make([]int, p.Size()), first: p.Rank()}
	n := batch * h.tail * width
	h.mine, h.all = make([]F, n), make([]F, p.Size()*n)
	reaches := func(r, q int) bool { return q < r && (r-q-1)*h.tail < min(r*time, reach) } // part r reaches the tail of part q
	sent, taken := 0, 0
	for q := range p.Size() {
		if reaches(p.Rank(), q) {
			h.sends[q], h.first = n, min(h.first, q)
			sent += n
		}
		if reaches(q, p.Rank()) {
			h.takes[q] = n
			taken += n
		}
	}
	h.send, h.got = make([]F, sent), make([]F, taken)
	return h
}

// row returns row i of the tail of part q, of sequence b, in an array [parts, B, G, W].
func (h *halo[F]) row(x []F, q, b, i int) []F {
	at := ((q*h.batch+b)*h.tail + i) * h.width
	return x[at : at+h.width]
}

// collect gathers the tails. own returns the row of position t of sequence b of the part.
func (h *halo[F]) collect(own func(b, t int) []F) {
	for b := range h.batch {
		for i := range h.tail {
			copy(h.row(h.mine, 0, b, i), own(b, h.time-h.tail+i))
		}
	}
	if len(h.mine) > 0 {
		gather(h.part, h.all, h.mine)
	}
}

// at returns the part and the row of its tail that row t of the past is.
func (h *halo[F]) at(t int) (q, i int) {
	t += h.part.Rank()*h.tail - h.past
	return t / h.tail, t % h.tail
}

// before returns row t of the past of sequence b, after collect.
func (h *halo[F]) before(b, t int) []F {
	q, i := h.at(t)
	return h.row(h.all, q, b, i)
}

// deliver exchanges the gradients of the past, of which grad returns row t of sequence b, and adds those of the tail of the
// part to the rows that own returns.
func (h *halo[F]) deliver(grad, own func(b, t int) []F) {
	for b := range h.batch {
		for t := range h.past {
			q, i := h.at(t)
			copy(h.row(h.send, q-h.first, b, i), grad(b, t))
		}
	}
	if h.part.err == nil && len(h.mine) > 0 {
		h.part.err = comm.AllToAllV(h.part.group, h.got, h.takes, h.send, h.sends)
	}
	for q := range len(h.got) / max(1, len(h.mine)) {
		for b := range h.batch {
			for i := range h.tail {
				row := own(b, h.time-h.tail+i)
				simd.Add(row, row, h.row(h.got, q, b, i))
			}
		}
	}
}
