package kernels

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/gpu"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/kernels/multihead"
	host "goomtrain/internal/kernels/softmax"
)

// attentionCases are sizes below, at and above those of tiles and blocks.
var attentionCases = []multihead.Size{
	{Batch: 1, Queries: 1, Keys: 1, Heads: 1, DKey: 1, DValue: 1, Causal: true},
	{Batch: 2, Queries: 2, Keys: 2, Heads: 3, DKey: 5, DValue: 3, Causal: true},
	{Batch: 1, Queries: 63, Keys: 63, Heads: 2, DKey: 16, DValue: 16, Causal: true},
	{Batch: 2, Queries: 70, Keys: 70, Heads: 1, DKey: 33, DValue: 64, Causal: true},
	{Batch: 1, Queries: 130, Keys: 130, Heads: 1, DKey: 8, DValue: 20, Causal: true},
	{Batch: 1, Queries: 35, Keys: 70, Heads: 1, DKey: 40, DValue: 33},
	{Batch: 1, Queries: 65, Keys: 33, Heads: 2, DKey: 4, DValue: 7},
	{Batch: 1, Queries: 40, Keys: 40, Heads: 1, DKey: 65, DValue: 10, Causal: true},
	{Batch: 1, Queries: 17, Keys: 34, Heads: 1, DKey: 20, DValue: 128},
}

func newSoftmax(size multihead.Size) func(s *gpu.Scope) attentionKernel {
	return func(s *gpu.Scope) attentionKernel { return NewSoftmax(s, AttentionSize(size)) }
}

// softmaxAttention runs the kernel on three operands.
func softmaxAttention(t *testing.T, size multihead.Size, q, keys, values, dy []float32) (y, dq, dk, dv []float32) {
	b := newBench(t)
	return attention(b, newSoftmax(size)(b.Scope), size, q, keys, values, dy)
}

// TestSoftmax compares with the definition in float64.
func TestSoftmax(t *testing.T) {
	for _, size := range attentionCases {
		t.Run(fmt.Sprintf("%+v", size), func(t *testing.T) {
			a, dy := kerneltest.Attention(size, host.Weight)
			dq, dk, dv := a.Backward(dy)
			gotY, gotQ, gotK, gotV := softmaxAttention(t, size, narrow(a.Q), narrow(a.K), narrow(a.V), narrow(dy))
			near(t, "y", gotY, a.Forward(), 1e-6)
			if size.Keys > 1 { // of one key the gradients are 0
				near(t, "dq", gotQ, dq, 2e-6)
				near(t, "dk", gotK, dk, 2e-6)
			}
			near(t, "dv", gotV, dv, 1e-6)
		})
	}
}

// TestSoftmaxPacked: operands in one tensor give the same bits as three.
func TestSoftmaxPacked(t *testing.T) {
	size := multihead.Size{Batch: 2, Queries: 9, Keys: 9, Heads: 2, DKey: 3, DValue: 5, Causal: true}
	testPacked(t, size, newSoftmax(size))
}

// TestSoftmaxExtremes: scores that leave the range of exp, on both sides, give what the host gives.
func TestSoftmaxExtremes(t *testing.T) {
	const keys, width = 35, 4 // keys that do not fill a tile
	for _, c := range []struct{ scale, shift float32 }{{1e3, 0}, {1e15, 0}, {1, 1e3}, {1, -1e3}} {
		size := multihead.Size{Batch: 1, Queries: 40, Keys: keys, Heads: 1, DKey: width, DValue: 3}
		q, k, v, dy := normal(1, 40*width), normal(2, keys*width), normal(3, keys*3), normal(4, 40*3)
		for i := range q {
			if q[i] *= c.scale; i%width == 0 {
				q[i] = c.shift
			}
		}
		for i := 0; i < len(k); i += width {
			k[i] = 1
		}
		y, dq, dk, dv := softmaxAttention(t, size, q, k, v, dy)
		kernel := host.New[float32](size)
		wantY, wantQ, wantK, wantV := make([]float32, len(dy)), make([]float32, len(q)), make([]float32, len(k)), make([]float32, len(v))
		rows := func(x []float32, width int) multihead.Rows[float32] { return multihead.Packed(x, 1, width) }
		kernel.Forward(wantY, rows(q, width), rows(k, width), rows(v, 3), nil)
		kernel.Backward(rows(wantQ, width), rows(wantK, width), rows(wantV, 3), rows(q, width), rows(k, width), rows(v, 3), wantY, dy)
		near(t, fmt.Sprint(c, " y"), y, wide(wantY), 1e-4)
		near(t, fmt.Sprint(c, " dv"), dv, wide(wantV), 1e-4)
		if c.scale < 1e4 {
			near(t, fmt.Sprint(c, " dq"), dq, wide(wantQ), 1e-2)
			near(t, fmt.Sprint(c, " dk"), dk, wide(wantK), 1e-2)
		}
	}
}

// TestSoftmaxNaN: a NaN in a key or value reaches the outputs of the queries that see it, and no other.
func TestSoftmaxNaN(t *testing.T) {
	for _, width := range []int{4, 64, 100} {
		size := multihead.Size{Batch: 1, Queries: 40, Keys: 40, Heads: 1, DKey: width, DValue: width, Causal: true}
		q, dy := normal(1, 40*width), normal(4, 40*width)
		for _, in := range []string{"key", "value"} {
			operands := map[string][]float32{"key": normal(2, 40*width), "value": normal(3, 40*width)}
			for i := range width {
				operands[in][width*20+i] = float32(math.NaN())
			}
			y, _, _, _ := softmaxAttention(t, size, q, operands["key"], operands["value"], dy)
			for i, v := range y {
				if (v != v) != (i/width >= 20) {
					t.Fatalf("NaN in %s 20: output %d of query %d is %v", in, i%width, i/width, v)
				}
			}
		}
	}
}

// TestSoftmaxInfinite: a score of -Inf has no weight, also where all scores of a tile are. A query with no other has NaN.
func TestSoftmaxInfinite(t *testing.T) {
	size := multihead.Size{Batch: 1, Queries: 40, Keys: 70, Heads: 1, DKey: 4, DValue: 3}
	q, keys, values := make([]float32, 160), normal(2, 280), normal(3, 210)
	for j := range 70 { // -Inf for all queries, or for the first one
		keys[4*j], keys[4*j+1] = -1e30, 0
		if j >= 35 {
			keys[4*j], keys[4*j+1] = 0, -1e30
		}
	}
	for t := range 40 {
		copy(q[4*t:], []float32{1e20, 0, 0.5, float32(t) / 40})
	}
	q[1] = 1e20
	y, _, _, _ := softmaxAttention(t, size, q, keys, values, normal(4, 120))
	want := multihead.Naive{Size: size, Q: wide(q), K: wide(keys), V: wide(values), Weight: host.Weight}.Forward()
	for i, v := range y[:3] {
		if v == v {
			t.Errorf("all scores -Inf: output %d is %v, want NaN", i, v)
		}
	}
	near(t, "y", y[3:], want[3:], 1e-6)
}
