package taylor

import (
	"fmt"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/simd"
	"goomtrain/rng"
)

// stream is a Kernel with a carry.
type stream[F simd.Float] struct {
	*Kernel[F]
	carry *Carry[F]
}

func (s stream[F]) Forward(y []F, q, k, v multihead.Rows[F]) {
	s.Kernel.Forward(y, q, k, v, s.carry)
}

// TestStreams: both parts of a sequence that is cut anywhere have the output of the definition over all keys
// so far, and its gradients, for which what came before is constant.
func TestStreams(t *testing.T) {
	kerneltest.Both(t, testStreams[float32], testStreams[float64])
}

func testStreams[F simd.Float](t *testing.T) {
	size := multihead.Size{Batch: 2, Queries: 150, Keys: 150, Heads: 2, DKey: 4, DValue: 3, Causal: true}
	const terms = 3
	whole, dy := attention(size, terms)
	for _, cut := range []int{1, 2, 63, 64, 65, 128, 149} {
		carry := NewCarry[F](size.Batch, size.Heads, size.DKey, size.DValue, terms)
		for _, span := range [][2]int{{0, cut}, {cut, size.Queries}} {
			a := kerneltest.Part(whole, span[0], span[1])
			k := stream[F]{New[F](a.Size, terms, true), carry}
			k.WantGradients()
			dy := kerneltest.Positions(dy, size.Batch, size.Heads*size.DValue, span[0], span[1])
			kerneltest.NearNaive[F](t, fmt.Sprint("cut ", cut), k, a, dy, 1, kerneltest.Tolerance[F](2e-4, 1e-11))
		}
	}
}

// TestCarryOfNoLength: a carry that a file says is of a negative length is begun anew, whatever its sums.
func TestCarryOfNoLength(t *testing.T) {
	size := multihead.Size{Batch: 1, Queries: 5, Keys: 5, Heads: 2, DKey: 4, DValue: 3, Causal: true}
	const terms = 3
	a, dy := attention(size, terms)
	q, k, v := kerneltest.Operands[float32](a)
	run := func(carry *Carry[float32]) []float32 {
		y := kerneltest.Poisoned[float32](len(dy))
		New[float32](size, terms, true).Forward(y, q, k, v, carry)
		return y
	}
	fresh, bad := NewCarry[float32](1, 2, 4, 3, terms), NewCarry[float32](1, 2, 4, 3, terms)
	for i := range bad.state {
		bad.state[i] = 7
	}
	bad.length[0] = -3
	kerneltest.Identical(t, "y", run(bad), run(fresh))
	if bad.length[0] != 5 {
		t.Errorf("the length is now %d, want 5", bad.length[0])
	}
	kerneltest.Identical(t, "state", bad.state, fresh.state)
}

// TestTokensAndStretches: single tokens and stretches, which work on differently laid out states, take
// turns on one carry; tokens are shared out in several ways.
func TestTokensAndStretches(t *testing.T) {
	defer simd.SetThreads(simd.Threads())
	size := multihead.Size{Batch: 2, Queries: 280, Keys: 280, Heads: 3, DKey: 5, DValue: 6, Causal: true}
	const terms = 4
	a, _ := attention(size, terms)
	want := a.Forward()
	carry := NewCarry[float64](size.Batch, size.Heads, size.DKey, size.DValue, terms)
	from := 0
	run := func(n, grain int) {
		part := size
		part.Queries, part.Keys = n, n
		q, k, v := kerneltest.Operands[float64](kerneltest.Part(a, from, from+n))
		y := kerneltest.Poisoned[float64](part.Batch * n * part.Heads * part.DValue)
		kernel := New[float64](part, terms, true)
		kernel.grain = grain
		kernel.Forward(y, q, k, v, carry)
		kerneltest.Near(t, fmt.Sprintf("positions %d to %d", from, from+n), y, kerneltest.Positions(want, size.Batch, size.Heads*size.DValue, from, from+n), 1e-12)
		from += n
	}
	for i, n := range []int{70, 60, 10, 50, 3, 1} { // tokens, a stretch, tokens, ...
		simd.SetThreads(1 + i)
		for range n {
			if i%2 == 1 {
				run(n, 1)
				break
			}
			run(1, 1+i/2)
		}
	}
	if run(size.Queries-from-1, 1); from != size.Queries-1 {
		t.Fatal("positions left over")
	}
	run(1, 2)
}

// TestMillionTokens: a stream of 10^6 tokens takes no more memory than its first ones, and in
// float32 its last output still is that of the definition over all 10^6 keys.
func TestMillionTokens(t *testing.T) {
	const tokens, width, terms = 1_000_000, 4, 3
	size := multihead.Size{Batch: 1, Queries: 1, Keys: 1, Heads: 1, DKey: width, DValue: width, Causal: true}
	k, carry := New[float32](size, terms, true), NewCarry[float32](1, 1, width, width, terms)
	r := rng.New(1, "million")
	x, y := make([]float32, 3*width), make([]float32, width)
	all := make([]float32, 0, 2*width*tokens)
	q, keys, v := multihead.SplitQKV(x, 1, width, width)
	step := func() {
		for i := range x {
			x[i] = float32(2*r.Float64() - 0.9) // a mean that is not zero: the sums grow
		}
		all = append(all, x[width:]...)
		k.Forward(y, q, keys, v, carry)
	}
	for range 1000 {
		step()
	}
	bytes := carry.Bytes()
	if n := testing.AllocsPerRun(1, func() {
		for carry.Len() < tokens-1 {
			step()
		}
	}); n > 0 || carry.Bytes() != bytes {
		t.Errorf("%v allocations and a state of %d bytes after %d", n, carry.Bytes(), bytes)
	}
	step()
	weight := Weight(terms)
	total, want := 0.0, make([]float64, width)
	for j := range tokens {
		key, value := kerneltest.Widen(all[2*width*j:2*width*j+width]), all[2*width*j+width:2*width*(j+1)]
		w, _ := weight(kerneltest.Dot(kerneltest.Widen(x[:width]), key) / 2)
		total += w
		for i, v := range value {
			want[i] += w * float64(v)
		}
	}
	for i := range want {
		want[i] /= total
	}
	kerneltest.Near(t, "y after 10^6 tokens", y, want, 1e-4)
}
