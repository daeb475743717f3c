package kerneltest

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/simd"
)

// SpreadsNaN puts a NaN into each of about 40 elements of every operand in turn and fails the test unless all results that
// depend on it are NaN. run computes results by name from the operands; depends says whether element o of result out
// depends on element i of operand in.
func SpreadsNaN[F simd.Float](t *testing.T, operands map[string][]F, run func() map[string][]F, depends func(out string, o int, in string, i int) bool) {
	t.Helper()
	for in, x := range operands {
		for i := 0; i < len(x); i += max(1, len(x)/40) {
			was := x[i]
			x[i] = F(math.NaN())
			for out, y := range run() {
				for o, v := range y {
					if v == v && depends(out, o, in, i) {
						t.Fatalf("NaN at %s[%d] gives %s[%d] = %v", in, i, out, o, v)
					}
				}
			}
			x[i] = was
		}
	}
}

// AttentionSpreadsNaN is SpreadsNaN of an attention over n positions of one head, with keys of 3 numbers and values of 2.
// Weights that are all the same depend on neither queries nor keys: then weighs is false.
func AttentionSpreadsNaN[F simd.Float](t *testing.T, create func(size multihead.Size) AttentionKernel[F], weighs bool) {
	for _, causal := range []bool{false, true} {
		for _, n := range []int{1, 7, 150} {
			t.Run(fmt.Sprintf("causal %v, %d positions", causal, n), func(t *testing.T) {
				size := multihead.Size{Batch: 1, Queries: n, Keys: n, Heads: 1, DKey: 3, DValue: 2, Causal: causal}
				kernel := create(size)
				a, dy := Attention(size, nil)
				SpreadsNaN(t, map[string][]float64{"q": a.Q, "k": a.K, "v": a.V, "dy": dy}, func() map[string][]float64 {
					y, dq, dk, dv := RunAttention(kernel, a, dy, 1)
					return map[string][]float64{"y": Widen(y), "dq": Widen(dq), "dk": Widen(dk), "dv": Widen(dv)}
				}, func(out string, o int, in string, i int) bool {
					return (weighs || !attendsToScores[out] && !attendsToScores[in]) && attends(size, out, o, in, i)
				})
			})
		}
	}
}

// AttentionKeepsNaNBehind fails the test if what a causal query does not see, a key or value after it that is NaN or
// infinite, reaches its output. The size is that of AttentionSpreadsNaN.
func AttentionKeepsNaNBehind[F simd.Float](t *testing.T, create func(size multihead.Size) AttentionKernel[F]) {
	const n = 150
	size := multihead.Size{Batch: 1, Queries: n, Keys: n, Heads: 1, DKey: 3, DValue: 2, Causal: true}
	kernel := create(size)
	a, _ := Attention(size, nil)
	for name, x := range map[string][]float64{"k": a.K, "v": a.V} {
		for _, bad := range []float64{math.NaN(), math.Inf(1)} {
			for _, at := range []int{1, 63, 64, 100, n - 1} {
				i := at * len(x) / n
				was := x[i]
				x[i] = bad
				q, k, v := Operands[F](a)
				y := Poisoned[F](n * size.DValue)
				kernel.Forward(y, q, k, v)
				for o, z := range y[:at*size.DValue] {
					if z != z {
						t.Fatalf("%v at %s[%d] gives y[%d] = NaN at position %d", bad, name, i, o, o/size.DValue)
					}
				}
				x[i] = was
			}
		}
	}
}

var attendsToScores = map[string]bool{"q": true, "k": true, "dq": true, "dk": true}

// attends reports whether element o of a result of an attention of one head depends on element i of an operand.
func attends(size multihead.Size, out string, o int, in string, i int) bool {
	width := func(name string) int {
		if attendsToScores[name] {
			return size.DKey
		}
		return size.DValue
	}
	to, from := o/width(out), i/width(in) // positions
	sees := func(query, key int) bool { return !size.Causal || key <= query }
	sameColumn := o%size.DValue == i%size.DValue
	switch out {
	case "y":
		return in == "q" && to == from || in == "k" && sees(to, from) || in == "v" && sees(to, from) && sameColumn
	case "dq":
		if size.Keys == 1 || size.Causal && to == 0 { // one key alone: the weight is 1 whatever the query
			return false
		}
		return (in == "q" || in == "dy") && to == from || (in == "k" || in == "v") && sees(to, from)
	case "dv":
		return in == "q" && sees(from, to) || in == "dy" && sees(from, to) && sameColumn || in == "k" && to == from
	}
	return (in == "q" || in == "dy") && sees(from, to) || (in == "k" || in == "v") && to == from // dk
}
