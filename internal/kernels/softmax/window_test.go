package softmax

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/gradcheck"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/simd"
)

// withRing is a kernel whose Forward continues with that ring.
type withRing[F simd.Float] struct {
	*Kernel[F]
	ring *Ring[F]
}

func (k withRing[F]) Forward(y []F, q, keys, values multihead.Rows[F]) {
	k.ForwardRing(y, q, keys, values, k.ring)
}

// windows are of one key, around the tiles and longer than the sequences.
var windows = []int{1, 2, 5, 63, 64, 65, 127, 128, 129, 200, 1000}

// TestWindowEqualsNaive compares with the definition in float64.
func TestWindowEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testWindowEqualsNaive[float32], testWindowEqualsNaive[float64])
}

func testWindowEqualsNaive[F simd.Float](t *testing.T) {
	for _, size := range kerneltest.AttentionSizes {
		if !size.Causal {
			continue
		}
		for _, window := range windows {
			a, dy := kerneltest.Attention(size, Weight)
			a.Window = window
			k := withCache[F]{NewWindow[F](size, window), nil}
			kerneltest.NearNaive[F](t, fmt.Sprintf("%+v window %d", size, window), k, a, dy, 2, kerneltest.Tolerance[F](1e-5, 1e-12))
		}
	}
}

// TestWindowOfAll: a window of the whole sequence gives the bits of full attention, one shorter does not.
func TestWindowOfAll(t *testing.T) {
	size := multihead.Size{Batch: 2, Queries: 300, Keys: 300, Heads: 2, DKey: 5, DValue: 9, Causal: true}
	a, dy := kerneltest.Attention(size, Weight)
	var want, got [4][]float32
	want[0], want[1], want[2], want[3] = kerneltest.RunAttention(withCache[float32]{New[float32](size), nil}, a, dy, 1)
	for _, window := range []int{300, 301, 10000} {
		got[0], got[1], got[2], got[3] = kerneltest.RunAttention(withCache[float32]{NewWindow[float32](size, window), nil}, a, dy, 1)
		for i, name := range []string{"y", "dq", "dk", "dv"} {
			kerneltest.Identical(t, fmt.Sprintf("window %d %s", window, name), got[i], want[i])
		}
	}
	y, _, _, _ := kerneltest.RunAttention(withCache[float32]{NewWindow[float32](size, 299), nil}, a, dy, 1)
	if last := len(y) - 1; y[last] == want[0][last] {
		t.Error("a window of 299 keys gives the output of 300")
	}
}

// TestNaiveWindowGradient compares the gradients of the definition with finite differences.
func TestNaiveWindowGradient(t *testing.T) {
	whole, _ := kerneltest.Attention(multihead.Size{Batch: 2, Queries: 6, Keys: 6, Heads: 2, DKey: 3, DValue: 2, Causal: true}, Weight)
	for _, past := range []int{0, 3} {
		a := kerneltest.Part(whole, past, 6)
		a.Window = 3
		dy := kerneltest.Normal[float64]("dy", len(a.Forward()))
		dq, dk, dv := a.Backward(dy)
		loss := func() float64 { return kerneltest.Dot(a.Forward(), dy) }
		gradcheck.Check(t, "q", loss, a.Q, dq, gradcheck.Options{})
		// the positions after past of every sequence
		for b := range a.Batch {
			from, to := (b*6+past)*a.Heads*a.DKey, (b+1)*6*a.Heads*a.DKey
			gradcheck.Check(t, "k", loss, a.K[from:to], dk[b*(to-from):(b+1)*(to-from)], gradcheck.Options{})
			from, to = (b*6+past)*a.Heads*a.DValue, (b+1)*6*a.Heads*a.DValue
			gradcheck.Check(t, "v", loss, a.V[from:to], dv[b*(to-from):(b+1)*(to-from)], gradcheck.Options{})
		}
	}
}

// TestRing: every stretch of a stream has the output of the definition, and its gradients if they are wanted. The
// memory of the ring stays the same.
func TestRing(t *testing.T) {
	kerneltest.Both(t, testRing[float32], testRing[float64])
}

func testRing[F simd.Float](t *testing.T) {
	size := multihead.Size{Batch: 2, Queries: 420, Keys: 420, Heads: 2, DKey: 5, DValue: 3, Causal: true}
	whole, dy := kerneltest.Attention(size, Weight)
	for _, window := range []int{1, 64, 129, 130, 300} {
		ring, same := NewRing[F](2, 2, 5, 3, window), NewRing[F](2, 2, 5, 3, window)
		memory := ring.Arrays("")
		lo := 0
		for _, hi := range []int{1, 3, 127, 128, 129, 400, 401, 420} {
			a := kerneltest.Part(whole, lo, hi)
			a.Window = window
			name := fmt.Sprintf("window %d from %d to %d", window, lo, hi)
			part := kerneltest.Positions(dy, size.Batch, size.Heads*size.DValue, lo, hi)
			k := NewWindow[F](a.Size, window)
			k.WantGradients()
			kerneltest.NearNaive[F](t, name, withRing[F]{k, ring}, a, part, 1, kerneltest.Tolerance[F](1e-5, 1e-12))
			// without gradients, on another ring
			q, keys, values := kerneltest.Operands[F](a)
			y := kerneltest.Poisoned[F](len(part))
			NewWindow[F](a.Size, window).ForwardRing(y, q, keys, values, same)
			kerneltest.Near(t, name+" without gradients", y, a.Forward(), kerneltest.Tolerance[F](1e-5, 1e-12))
			lo = hi
		}
		for i, now := range ring.Arrays("") {
			if fmt.Sprint(now.Shape) != fmt.Sprint(memory[i].Shape) {
				t.Errorf("window %d: %s has shape %v after 420 positions, %v before", window, now.Name, now.Shape, memory[i].Shape)
			}
		}
		if n := len(ring.cache.data); n > (window+2*keyTile)*2*2*(6+4) {
			t.Errorf("window %d: the ring has %d numbers", window, n)
		}
	}
}

// TestRingBeginsAgain: after Reset, and with a length that is no length.
func TestRingBeginsAgain(t *testing.T) {
	size := multihead.Size{Batch: 1, Queries: 1, Keys: 1, Heads: 1, DKey: 2, DValue: 2, Causal: true}
	a, dy := kerneltest.Attention(size, Weight)
	k := withRing[float64]{NewWindow[float64](size, 3), NewRing[float64](1, 1, 2, 2, 3)}
	k.WantGradients()
	want, _, _, _ := kerneltest.RunAttention(k, a, dy, 1)
	a.V[0]++
	kerneltest.RunAttention(k, a, dy, 1)
	a.V[0]--
	for name, again := range map[string]func(){"Reset": k.ring.Reset, "length": func() { k.ring.cache.length[0] = -5 }} {
		again()
		y, _, _, _ := kerneltest.RunAttention(k, a, dy, 1)
		kerneltest.Identical(t, name, y, want)
	}
}

// TestWindowKeepsNaNOut: what a query does not see, before its window or behind it, does not reach its output, though
// it is NaN or infinite. What it sees does.
func TestWindowKeepsNaNOut(t *testing.T) {
	const n = 300
	size := multihead.Size{Batch: 1, Queries: n, Keys: n, Heads: 1, DKey: 3, DValue: 2, Causal: true}
	a, _ := kerneltest.Attention(size, Weight)
	for _, window := range []int{1, 10, 64, 100, 200} {
		for name, x := range map[string][]float64{"k": a.K, "v": a.V} {
			for _, bad := range []float64{math.NaN(), math.Inf(1)} {
				for _, at := range []int{0, 1, 63, 64, 100, 128, n - 1} {
					i := at * len(x) / n
					was := x[i]
					x[i] = bad
					for _, ring := range []*Ring[float32]{nil, NewRing[float32](1, 1, 3, 2, window)} {
						q, k, v := kerneltest.Operands[float32](a)
						y, kernel := kerneltest.Poisoned[float32](n*size.DValue), NewWindow[float32](size, window)
						if ring == nil {
							kernel.Forward(y, q, k, v, nil)
						} else {
							kernel.ForwardRing(y, q, k, v, ring)
						}
						for o, z := range y {
							query := o / size.DValue
							if sees := at <= query && at+window > query; !sees && z != z {
								t.Fatalf("window %d: %v at %s[%d] gives y[%d] = NaN at position %d", window, bad, name, i, o, query)
							} else if sees && bad != bad && (name == "k" || o%2 == 0) && z == z {
								t.Fatalf("window %d: NaN at %s[%d] gives y[%d] = %v at position %d", window, name, i, o, z, query)
							}
						}
					}
					x[i] = was
				}
			}
		}
	}
}

// TestWindowSpreadsNaN: every gradient that depends on a NaN is NaN.
func TestWindowSpreadsNaN(t *testing.T) {
	const n, window = 150, 40
	size := multihead.Size{Batch: 1, Queries: n, Keys: n, Heads: 1, DKey: 3, DValue: 2, Causal: true}
	kernel := withCache[float64]{NewWindow[float64](size, window), nil}
	a, dy := kerneltest.Attention(size, Weight)
	width := map[string]int{"q": 3, "k": 3, "v": 2, "dy": 2, "y": 2, "dq": 3, "dk": 3, "dv": 2}
	kerneltest.SpreadsNaN(t, map[string][]float64{"q": a.Q, "k": a.K, "v": a.V, "dy": dy}, func() map[string][]float64 {
		y, dq, dk, dv := kerneltest.RunAttention(kernel, a, dy, 1)
		return map[string][]float64{"y": y, "dq": dq, "dk": dk, "dv": dv}
	}, func(out string, o int, in string, i int) bool {
		to, from := o/width[out], i/width[in]
		sees := func(query, key int) bool { return key <= query && key+window > query }
		column := o%width[out] == i%width[in]
		switch out {
		case "y":
			return in == "q" && to == from || in == "k" && sees(to, from) || in == "v" && sees(to, from) && column
		case "dq":
			return to > 0 && ((in == "q" || in == "dy") && to == from || (in == "k" || in == "v") && sees(to, from))
		case "dv":
			return in == "q" && sees(from, to) || in == "dy" && sees(from, to) && column || in == "k" && to == from
		}
		return (in == "q" || in == "dy") && sees(from, to) || (in == "k" || in == "v") && to == from
	})
}

// TestWindowThreads: the number of threads does not change a bit.
func TestWindowThreads(t *testing.T) {
	size := multihead.Size{Batch: 3, Queries: 300, Keys: 300, Heads: 3, DKey: 8, DValue: 8, Causal: true}
	a, dy := kerneltest.Attention(size, Weight)
	kerneltest.SameOnThreads(t, a, dy, func() kerneltest.AttentionKernel[float32] {
		return withCache[float32]{NewWindow[float32](size, 70), nil}
	})
	kerneltest.SameOnThreads(t, a, dy, func() kerneltest.AttentionKernel[float32] {
		k := withRing[float32]{NewWindow[float32](size, 70), NewRing[float32](3, 3, 8, 8, 70)}
		k.WantGradients()
		return k
	})
}

// TestWindowAllocatesNothing: neither in training nor streaming, with gradients and without.
func TestWindowAllocatesNothing(t *testing.T) {
	size := multihead.Size{Batch: 2, Queries: 140, Keys: 140, Heads: 2, DKey: 4, DValue: 4, Causal: true}
	x, y := kerneltest.Normal[float32]("x", 2*140*24), make([]float32, 2*140*8)
	dx := make([]float32, len(x))
	q, keys, v := multihead.SplitQKV(x, 2, 4, 4)
	dq, dk, dv := multihead.SplitQKV(dx, 2, 4, 4)
	k, stretch, ring := NewWindow[float32](size, 50), NewWindow[float32](size, 50), NewRing[float32](2, 2, 4, 4, 50)
	stretch.WantGradients()
	one := size
	one.Queries, one.Keys = 1, 1
	token := NewWindow[float32](one, 50)
	kerneltest.AllocatesNothing(t, "a training step", func() {
		k.Forward(y, q, keys, v, nil)
		k.Backward(dq, dk, dv, q, keys, v, y, y)
	})
	kerneltest.AllocatesNothing(t, "a stretch", func() {
		stretch.ForwardRing(y, q, keys, v, ring)
		stretch.Backward(dq, dk, dv, q, keys, v, y, y)
	})
	kerneltest.AllocatesNothing(t, "a token", func() { token.ForwardRing(y, q, keys, v, ring) })
}

func TestWindowPanics(t *testing.T) {
	size := multihead.Size{Batch: 1, Queries: 2, Keys: 2, Heads: 1, DKey: 2, DValue: 2, Causal: true}
	full := size
	full.Causal = false
	for name, f := range map[string]func(){
		"no key in the window":       func() { NewWindow[float32](size, 0) },
		"a window that is no causal": func() { NewWindow[float32](full, 2) },
		"a ring of another window":   func() { NewWindow[float32](size, 2).CheckRing(NewRing[float32](1, 1, 2, 2, 3)) },
		"a ring of other widths":     func() { NewWindow[float32](size, 2).CheckRing(NewRing[float32](1, 1, 2, 3, 2)) },
	} {
		kerneltest.Panics(t, name, f)
	}
}
