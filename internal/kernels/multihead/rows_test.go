package multihead_test

import (
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/kernels/multihead"
)

// TestRows writes every operand number by number through its place and reads the tensor behind it.
func TestRows(t *testing.T) {
	const b, time, heads, keys, values = 2, 3, 2, 2, 1
	for name, c := range map[string]struct {
		split func(data []float64, heads, keys, values int) (q, k, v multihead.Rows[float64])
		order []string // of the parts of a row, of two heads
	}{
		"SplitQKV":   {multihead.SplitQKV[float64], []string{"q0", "q1", "k0", "k1", "v0", "v1"}},
		"SplitHeads": {multihead.SplitHeads[float64], []string{"q0", "k0", "v0", "q1", "k1", "v1"}},
	} {
		width := map[byte]int{'q': keys, 'k': keys, 'v': values}
		data := kerneltest.Poisoned[float64](b * time * heads * (2*keys + values))
		operands := map[byte]multihead.Rows[float64]{}
		operands['q'], operands['k'], operands['v'] = c.split(data, heads, keys, values)
		number := func(part byte, row, h, j int) float64 { return float64(part)*1000 + float64(100*row+10*h+j) }
		for part, rows := range operands {
			for row := range b * time {
				for h := range heads {
					for j := range width[part] {
						rows.Row(row, h, width[part])[j] = number(part, row, h, j)
					}
					if got := rows.From(row/time, row%time, time, h)[0]; got != number(part, row, h, 0) {
						t.Errorf("%s: From row %d, head %d of %c = %v", name, row, h, part, got)
					}
				}
			}
		}
		var want []float64
		for row := range b * time {
			for _, part := range c.order {
				for j := range width[part[0]] {
					want = append(want, number(part[0], row, int(part[1]-'0'), j))
				}
			}
		}
		kerneltest.Identical(t, name, data, want)
	}
}

func TestPacked(t *testing.T) {
	data := []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11} // [1, 2, 3 heads, 2]
	rows := multihead.Packed(data, 3, 2)
	kerneltest.Identical(t, "row 1, head 2", rows.Row(1, 2, 2), []float64{10, 11})
	kerneltest.Identical(t, "from position 1, head 1", rows.From(0, 1, 2, 1), data[8:])
}

func TestCheck(t *testing.T) {
	good := multihead.Size{Batch: 1, Queries: 2, Keys: 3, Heads: 1, DKey: 1, DValue: 1}
	good.Check("test")
	good.Check("test")
	causal := multihead.Size{Batch: 1, Queries: 1, Keys: 1, Heads: 1, DKey: 1, DValue: 1, Causal: true}
	causal.Check("test")
	for name, change := range map[string]func(s *multihead.Size){
		"no sequence":                func(s *multihead.Size) { s.Batch = 0 },
		"no query":                   func(s *multihead.Size) { s.Queries = 0 },
		"no key":                     func(s *multihead.Size) { s.Keys = 0 },
		"no head":                    func(s *multihead.Size) { s.Heads = 0 },
		"no width of keys":           func(s *multihead.Size) { s.DKey = 0 },
		"no width of values":         func(s *multihead.Size) { s.DValue = 0 },
		"causal, of another length ": func(s *multihead.Size) { s.Causal = true },
	} {
		bad := good
		change(&bad)
		kerneltest.Panics(t, name, func() { bad.Check("test") })
	}
}
