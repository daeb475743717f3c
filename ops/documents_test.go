package ops

import (
	"math"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"

	"goomtrain/internal/gradcheck"
	"goomtrain/params"
)

// documentCases are the ops on sequences of that length in which documents begin: at three of four positions at first.
func documentCases[F params.Float](length int) []opCase {
	reset := [][]int{{2, length}}
	return []opCase{
		{name: "Recurrence of documents", floats: [][]int{{2, length, 6}, {3, 3}, {2, 3}}, tokens: reset, detached: true,
			build: func(f, i []*G.Node) *G.Node { return Recurrence[F](f[0], f[1], f[2], i[0], nil) }},
		{name: "LSTM of documents", floats: [][]int{{2, length, 12}, {12, 3}, {12}}, tokens: reset,
			build: func(f, i []*G.Node) *G.Node { return LSTM[F](f[0], f[1], f[2], i[0], nil) }},
		{name: "SoftmaxSelfAttention of documents", floats: [][]int{{2, length, 2*2*3 + 2*4}}, tokens: reset,
			build: func(f, i []*G.Node) *G.Node { return SoftmaxSelfAttention[F](f[0], 2, 3, i[0], nil) }},
		{name: "WindowSelfAttention of documents", floats: [][]int{{2, length, 2*2*3 + 2*4}}, tokens: reset,
			build: func(f, i []*G.Node) *G.Node { return WindowSelfAttention[F](f[0], 2, 3, 3, i[0], nil) }},
		{name: "LogSelfAttention of documents", floats: [][]int{{2, length, 2 * (2*3 + 4)}}, tokens: reset,
			build: func(f, i []*G.Node) *G.Node { return LogSelfAttention[F](f[0], 2, 3, i[0], nil) }},
		{name: "AddLogScan of documents", floats: [][]int{{2, length, 6}, {2, length, 3}}, tokens: reset,
			build: func(f, i []*G.Node) *G.Node { return AddLogScan[F](f[0], f[1], i[0], nil) }},
		{name: "DeltaRule of documents", floats: [][]int{{2, length, 2 * 3}, {2, length, 2 * 2 * 3}, {2, length, 2 * 4 * 2}, {2, length, 2 * 4}, {2, length, 4}}, tokens: reset,
			build: func(f, i []*G.Node) *G.Node {
				return DeltaRule[F](f[0], f[1], f[2], f[3], f[4], DeltaSizes{KeyHeads: 2, ValueHeads: 4, DKey: 3, DValue: 2, Steps: 2, Scale: 1}, i[0], nil)
			}},
		{name: "TaylorSelfAttention of documents", floats: [][]int{{2, length, 2*2*3 + 2*4}}, tokens: reset,
			build: func(f, i []*G.Node) *G.Node { return TaylorSelfAttention[F](f[0], 2, 3, 5, i[0], nil) }},
		{name: "GLA of documents", floats: [][]int{{2, length, 2 * 3}, {2, length, 2 * 3}, {2, length, 2 * 4}, {2, length, 2 * 3}}, tokens: reset,
			build: func(f, i []*G.Node) *G.Node {
				return GLA[F](f[0], f[1], f[2], f[3], GLASizes{Heads: 2, DKey: 3, DValue: 4}, i[0], nil)
			}},
		{name: "ScalarDecayAttention of documents", floats: [][]int{{2, length, 2 * 3}, {2, length, 2 * 3}, {2, length, 2 * 4}, {2, length, 2}}, tokens: reset,
			build: func(f, i []*G.Node) *G.Node {
				return ScalarDecayAttention[F](f[0], f[1], f[2], f[3], GLASizes{Heads: 2, DKey: 3, DValue: 4, Scale: 0.3}, i[0], nil)
			}},
		{name: "FixedDecayAttention of documents", floats: [][]int{{2, length, 2 * 3}, {2, length, 2 * 3}, {2, length, 2 * 4}}, tokens: reset,
			build: func(f, i []*G.Node) *G.Node {
				return FixedDecayAttention[F](f[0], f[1], f[2], RetentionDecays(2), GLASizes{Heads: 2, DKey: 3, DValue: 4}, i[0], nil)
			}},
		{name: "AddPositions of documents", floats: [][]int{{2, length, 4}, {length + 2, 4}}, tokens: reset,
			build: func(f, i []*G.Node) *G.Node { return AddPositions[F](f[0], f[1], i[0], nil) }},
		{name: "ShortConv of documents", floats: [][]int{{2, length, 3}, {3, 1, 4}}, tokens: reset,
			build: func(f, i []*G.Node) *G.Node { return ShortConv[F](f[0], f[1], nil, true, i[0], nil) }},
		{name: "ShortConv with bias of documents", floats: [][]int{{2, length, 3}, {3, 1, 4}, {3}}, tokens: reset,
			build: func(f, i []*G.Node) *G.Node { return ShortConv[F](f[0], f[1], f[2], false, i[0], nil) }},
		{name: "S4D of documents", floats: [][]int{{2, length, 11}, {11}, {11, 2}, {11, 2}, {11, 2, 2}, {11}}, tokens: reset,
			build: func(f, i []*G.Node) *G.Node { return S4D[F](f[0], f[1], f[2], f[3], f[4], f[5], i[0], nil) }},
	}
}

// TestOneDocument: where documents begin with the rows, or nowhere, the bits are those without reset, also between batches of
// several documents.
func TestOneDocument(t *testing.T) {
	for _, c := range documentCases[float32](9) {
		t.Run(c.name, func(t *testing.T) {
			batch, time := c.tokens[0][0], c.tokens[0][1]
			plain := c
			plain.tokens = nil
			plain.build = func(f, _ []*G.Node) *G.Node { return c.build(f, []*G.Node{nil}) }
			p, q := newProblem[float32](plain), newProblem[float32](c)
			run := func(p *problem[float32]) func() (loss float64, grads [][]float32) {
				vm, value := p.onExecutor(t)
				return func() (float64, [][]float32) {
					loss, grads := p.run(t, vm, value)
					return float64(loss), grads
				}
			}
			loss, grads := run(p)()
			again := run(q)
			again() // several documents
			for _, first := range []int32{0, 1} {
				clear(q.indices[0])
				for b := range batch {
					q.indices[0][b*time] = first
				}
				got, all := again()
				if got != loss {
					t.Errorf("loss %v, without reset %v", got, loss)
				}
				for i := range grads {
					if !slices.Equal(all[i], grads[i]) {
						t.Errorf("gradient %d: %v, without reset %v", i, all[i], grads[i])
					}
				}
			}
		})
	}
}

// TestByDocumentOfTokens: an op of one's own may read indices and a scalar besides numbers: those of each document.
func TestByDocumentOfTokens(t *testing.T) {
	const batch, time = 2, 4
	c := opCase{name: "weighted", floats: [][]int{{batch, time}, {4}}, tokens: [][]int{{batch, time}, {batch, time}}}
	c.build = func(f, i []*G.Node) *G.Node {
		length := batch * time
		return Apply(ByDocument(Definition[float64]{ // y_t is the sum of table[token] x up to t
			Name:   "weighted",
			Inputs: G.Nodes{f[0], f[1], i[0]},
			Grads:  []Gradient{GradPrimary, GradSide, GradNone},
			Out:    f[0].Shape(),
			Forward: func(out []float64, in Operands[float64]) {
				x, table, sum := in.Floats(0), in.Floats(1), 0.0
				for t, token := range in.Indices(2) {
					if t%length == 0 {
						sum = 0
					}
					sum += table[token] * x[t]
					out[t] = sum
				}
			},
			Backward: func(grads [][]float64, in Operands[float64], _, dout []float64) {
				x, table, tokens, sum := in.Floats(0), in.Floats(1), in.Indices(2), 0.0
				clear(grads[1])
				for t := len(tokens) - 1; t >= 0; t-- {
					sum += dout[t]
					grads[0][t] = sum * table[tokens[t]]
					grads[1][tokens[t]] += sum * x[t]
					if t%length == 0 {
						sum = 0
					}
				}
			},
		}, i[1], func(_, time int) { length = time }, false, 1))
	}
	p := newProblem[float64](c)
	copy(p.indices[0], []int32{0, 1, 2, 3, 3, 2, 1, 0})
	copy(p.indices[1], []int32{1, 0, 1, 0, 0, 0, 0, 1})
	vm, value := p.onExecutor(t)
	loss, grads := p.run(t, vm, value)
	want, sum := 0.0, 0.0
	for i, x := range p.data[0] {
		if i%time == 0 || p.indices[1][i] != 0 {
			sum = 0
		}
		sum += p.data[1][p.indices[0][i]] * x
		want += sum * p.cotangent[i]
	}
	if math.Abs(loss-want) > 1e-12 {
		t.Errorf("loss %v, want %v", loss, want)
	}
	f := func() float64 { loss, _ := p.run(t, vm, value); return loss }
	for i := range p.wrt {
		gradcheck.Check(t, p.wrt[i].Name(), f, p.data[i], grads[i], gradcheck.Options{})
	}
}
