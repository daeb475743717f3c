package ops

import (
	"fmt"
	"math"
	"testing"

	G "gorgonia.org/gorgonia"

	"goomtrain/executor"
	"goomtrain/params"
	"goomtrain/rng"
)

// independentCases are documentCases and the recurrences whose transitions follow from the input.
func independentCases[F params.Float](length int) []opCase {
	reset := [][]int{{2, length}}
	return append(documentCases[F](length),
		opCase{name: "RecurrenceFull of documents", floats: [][]int{{2, length, 12}, {2, length, 18}, {2, 2, 3}}, tokens: reset,
			build: func(f, i []*G.Node) *G.Node { return RecurrenceFull[F](f[0], f[1], f[2], i[0], nil) }},
		opCase{name: "RecurrenceLinear of documents", floats: [][]int{{2, length, 12}, {2, length, 4}, {4, 18}, {2, 2, 3}}, tokens: reset,
			build: func(f, i []*G.Node) *G.Node { return RecurrenceLinear[F](f[0], f[1], f[2], f[3], i[0], nil) }},
		opCase{name: "RecurrenceTable of documents", floats: [][]int{{2, length, 12}, {4, 18}, {2, 2, 3}}, tokens: [][]int{{2, length}, {2, length}},
			build: func(f, i []*G.Node) *G.Node { return RecurrenceTable[F](f[0], i[1], f[1], f[2], i[0], nil) }},
		opCase{name: "RecurrenceHouseholder of documents", floats: [][]int{{2, length, 12}, {2, length, 12}, {2, length, 4}, {2, length, 2}, {2, 2, 3}}, tokens: reset,
			build: func(f, i []*G.Node) *G.Node {
				return RecurrenceHouseholder[F](f[0], f[1], f[2], f[3], f[4], i[0], nil)
			}})
}

// TestNaNStaysInItsDocument: NaN, and infinity, in a document reach nothing at the positions of others, neither outputs nor
// gradients, and leave nothing behind for the next batch, whatever its documents are.
func TestNaNStaysInItsDocument(t *testing.T) {
	for _, c := range independentCases[float32](300) {
		t.Run(c.name+"/float32", func(t *testing.T) { nanStaysInItsDocument[float32](t, c) })
	}
	for _, c := range independentCases[float64](300) {
		t.Run(c.name+"/float64", func(t *testing.T) { nanStaysInItsDocument[float64](t, c) })
	}
}

// beginnings are positions of two rows of 300 at which documents begin, of each batch.
var beginnings = [][]int{
	{1, 2, 70, 299, 305, 433},
	{0, 300},
	{64, 128, 192, 256, 299 + 65, 300 + 257},
	{150},
	{13, 26, 39, 52, 65, 78, 91, 104, 117, 130, 143, 156, 169, 182, 195, 208, 221, 234, 247, 260, 273, 286, 299},
}

func nanStaysInItsDocument[F params.Float](t *testing.T, c opCase) {
	const batch, length = 2, 300
	p := newProblem[F](c)
	vm, err := executor.New(p.graph, append(G.Nodes{p.out, p.loss}, p.grads...)...)
	if err != nil {
		t.Fatal(err)
	}
	// perPosition are the inputs, and results their gradients and the output, with as many numbers at each position.
	perPosition, names, results := [][]F{p.cotangent}, []string{"output"}, G.Nodes{p.out}
	for i, x := range p.data {
		if s := p.wrt[i].Shape(); len(s) == 3 && s[0] == batch && s[1] == length {
			perPosition, names, results = append(perPosition, x), append(names, "gradient of "+p.wrt[i].Name()), append(results, p.grads[i])
			for j := range x { // so that no state grows beyond the range of floats
				x[j] *= 0.3
			}
		}
	}
	run := func() (values [][]F) {
		if err := vm.RunAll(); err != nil {
			t.Fatal(err)
		}
		for _, n := range results {
			v, err := vm.Value(n)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, append([]F(nil), floats[F](v)...))
		}
		return values
	}
	same := func(what string, got, want [][]F, lo, hi int) {
		for i, values := range got {
			width := len(values) / (batch * length)
			for j, v := range values {
				if at := j / width; (at < lo || at >= hi) && v != want[i][j] {
					t.Fatalf("%s: %s at position %d is %v, want %v", what, names[i], at, v, want[i][j])
				}
			}
		}
	}
	r, clean := rng.New(4, c.name), make([][][]F, len(beginnings))
	for round := range 3 {
		for i, begins := range beginnings {
			clear(p.indices[0])
			for _, at := range begins {
				p.indices[0][at] = 1
			}
			if now := run(); round == 0 {
				clean[i] = now
			} else {
				same("again", now, clean[i], 0, 0)
			}
			lo := r.IntN(batch * length)
			for lo%length != 0 && p.indices[0][lo] == 0 {
				lo--
			}
			hi := lo + document(p.indices[0], lo, length)
			for _, bad := range []F{F(math.NaN()), F(math.Inf(1))} {
				var kept [][]F
				for _, x := range perPosition {
					width := len(x) / (batch * length)
					kept = append(kept, append([]F(nil), x...))
					for j := lo * width; j < hi*width; j++ {
						x[j] = bad
					}
				}
				same(fmt.Sprintf("%v in positions %d to %d", bad, lo, hi-1), run(), clean[i], lo, hi)
				for j, x := range perPosition {
					copy(x, kept[j])
				}
			}
		}
	}
}
