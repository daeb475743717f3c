package taylor

import (
	"fmt"
	"math"
	"os"
	"testing"

	"goomtrain/internal/golden"
	"goomtrain/internal/gradcheck"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/kernels/softmax"
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
	"goomtrain/rng"
)

func TestMain(m *testing.M) {
	workspace.Poison()
	os.Exit(m.Run())
}

// form is Taylor in one of its forms, without a carry.
type form[F simd.Float] struct{ *Kernel[F] }

func (s form[F]) Forward(y []F, q, k, v multihead.Rows[F]) { s.Kernel.Forward(y, q, k, v, nil) }

// attention is an attention case whose scores are small enough that sums of weights of an odd degree
// stay away from zero: a quotient by a number near zero magnifies rounding.
func attention(size multihead.Size, terms int) (a multihead.Naive, dy []float64) {
	a, dy = kerneltest.Attention(size, Weight(terms))
	for i := range a.Q {
		a.Q[i] *= 0.5
	}
	return a, dy
}

// eachForm runs a test on the quadratic and on the chunked form.
func eachForm(t *testing.T, body func(t *testing.T, chunked bool)) {
	t.Run("quadratic", func(t *testing.T) { body(t, false) })
	t.Run("chunked", func(t *testing.T) { body(t, true) })
}

// TestEqualsNaive compares both forms with the definition in float64.
func TestEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testEqualsNaive[float32], testEqualsNaive[float64])
}

func testEqualsNaive[F simd.Float](t *testing.T) {
	for _, size := range kerneltest.AttentionSizes {
		for terms := 1; terms <= MaxTerms; terms++ {
			eachForm(t, func(t *testing.T, chunked bool) {
				a, dy := attention(size, terms)
				t.Run(fmt.Sprintf("%+v P=%d", size, terms), func(t *testing.T) {
					kerneltest.NearNaive[F](t, "", form[F]{newForm[F](size, terms, chunked)}, a, dy, 2, kerneltest.Tolerance[F](2e-4, 1e-11))
				})
			})
		}
	}
}

// TestNaiveGradient compares the gradients of the definition with finite differences.
func TestNaiveGradient(t *testing.T) {
	for terms := 1; terms < 6; terms++ {
		a, dy := kerneltest.Attention(multihead.Size{Batch: 2, Queries: 6, Keys: 6, Heads: 2, DKey: 3, DValue: 2, Causal: true}, Weight(terms))
		dq, dk, dv := a.Backward(dy)
		loss := func() float64 { return kerneltest.Dot(a.Forward(), dy) }
		gradcheck.Check(t, "q", loss, a.Q, dq, gradcheck.Options{})
		gradcheck.Check(t, "k", loss, a.K, dk, gradcheck.Options{})
		gradcheck.Check(t, "v", loss, a.V, dv, gradcheck.Options{})
	}
}

// TestGroups is the same where features are computed in several groups.
func TestGroups(t *testing.T) {
	for _, size := range []multihead.Size{
		{Batch: 1, Queries: 300, Keys: 300, Heads: 1, DKey: 16, DValue: 8, Causal: true},
		{Batch: 1, Queries: 140, Keys: 200, Heads: 1, DKey: 15, DValue: 3},
	} {
		for terms := 4; terms <= 5; terms++ {
			k := newForm[float64](size, terms, true)
			if len(k.features.groups) < 2 {
				t.Fatalf("%+v P=%d: one group of %d features tests nothing", size, terms, k.features.Len())
			}
			a, dy := attention(size, terms)
			kerneltest.NearNaive[float64](t, "", form[float64]{k}, a, dy, 2, 1e-11)
		}
	}
}

// TestFormsAgree: the quadratic, the chunked and the one-token form at short and long lengths.
func TestFormsAgree(t *testing.T) { kerneltest.Both(t, testForms[float32], testForms[float64]) }

func testForms[F simd.Float](t *testing.T) {
	for _, length := range []int{1, 2, 63, 1000} {
		size := multihead.Size{Batch: 1, Queries: length, Keys: length, Heads: 2, DKey: 8, DValue: 8, Causal: true}
		for _, terms := range []int{3, 4} {
			a, dy := attention(size, terms)
			want, wantQ, wantK, wantV := kerneltest.RunAttention[F](form[F]{newForm[F](size, terms, false)}, a, dy, 2)
			y, dq, dk, dv := kerneltest.RunAttention[F](form[F]{newForm[F](size, terms, true)}, a, dy, 2)
			tol := kerneltest.Tolerance[F](2e-5, 1e-13)
			kerneltest.Near(t, fmt.Sprint(length, " y"), y, want, tol)
			kerneltest.Near(t, fmt.Sprint(length, " dv"), dv, wantV, tol)
			if length > 1 {
				kerneltest.Near(t, fmt.Sprint(length, " dq"), dq, wantQ, 10*tol)
				kerneltest.Near(t, fmt.Sprint(length, " dk"), dk, wantK, 10*tol)
			}
			one := size
			one.Queries, one.Keys = 1, 1
			k, carry := New[F](one, terms, true), NewCarry[F](1, size.Heads, size.DKey, size.DValue, terms)
			n, w := size.Heads*size.DKey, size.Heads*size.DValue
			q, keys, v := kerneltest.Narrow[F](a.Q), kerneltest.Narrow[F](a.K), kerneltest.Narrow[F](a.V)
			for pos := range length {
				out := kerneltest.Poisoned[F](w)
				k.Forward(out, multihead.Packed(q[pos*n:(pos+1)*n], size.Heads, size.DKey), multihead.Packed(keys[pos*n:(pos+1)*n], size.Heads, size.DKey),
					multihead.Packed(v[pos*w:(pos+1)*w], size.Heads, size.DValue), carry)
				kerneltest.Near(t, fmt.Sprint(length, " token ", pos), out, want[pos*w:(pos+1)*w], 10*tol)
			}
		}
	}
}

// TestGolden holds both forms to the paper's reference: outputs, gradients, sequences in two parts
// and their states. The zero_denominator case has outputs beyond any range; here they are 0.
func TestGolden(t *testing.T) {
	testGolden[float64](t, golden.Tolerance, golden.GradTolerance)
}

// TestGolden32 is the same in float32.
func TestGolden32(t *testing.T) {
	testGolden[float32](t, golden.Tolerance32, golden.GradTolerance32)
}

func testGolden[F simd.Float](t *testing.T, tolerance, gradTolerance float64) {
	r := golden.NewRecorder(t, "sata_attention")
	for _, c := range golden.Load(t, "sata_attention") {
		if c.Has("inputs", "Q1") {
			goldenParts[F](t, r, c, tolerance, gradTolerance)
			continue
		}
		size, q, k, v := kerneltest.GoldenAttention[F](c)
		for _, chunked := range []bool{false, true} {
			kernel := newForm[F](size, c.Int("n_taylor", 0), chunked)
			y := kerneltest.Poisoned[F](len(c.Tensor("outputs", "y").Data))
			kernel.Forward(y, q, k, v, nil)
			r.Forward(t, c, "y", kerneltest.Widen(y), tolerance)
			if !c.Has("cotangents", "y") {
				for i, x := range y {
					if math.IsNaN(float64(x)) {
						t.Errorf("%s: y[%d] is NaN", c.Name, i)
					}
				}
				continue
			}
			dq, dk, dv := kerneltest.Poisoned[F](len(q.Data)), kerneltest.Poisoned[F](len(k.Data)), kerneltest.Poisoned[F](len(v.Data))
			kernel.Backward(multihead.Packed(dq, 1, size.DKey), multihead.Packed(dk, 1, size.DKey), multihead.Packed(dv, 1, size.DValue), q, k, v, y, golden.Convert[F](c.Cotangent("y")))
			goldenGradient(t, r, c, "Q", dq, gradTolerance)
			goldenGradient(t, r, c, "K", dk, gradTolerance)
			goldenGradient(t, r, c, "V", dv, gradTolerance)
		}
	}
}

// goldenGradient compares a gradient relative to that of V: where there is one key, the others are zero
// but for rounding.
func goldenGradient[F simd.Float](t *testing.T, r *golden.Recorder, c golden.Case, name string, got []F, tolerance float64) {
	want, ok := c.WantGrad(name)
	if !ok {
		return
	}
	worst, scale := 0.0, kerneltest.Largest(want.Data)
	for _, of := range c.Names("grads") {
		scale = max(scale, 1e-3*kerneltest.Largest(c.Tensor("grads", of).Data))
	}
	for i, w := range want.Data {
		worst = math.Max(worst, math.Abs(float64(got[i])-w)/scale)
	}
	r.GradientError(t, c, name, worst, tolerance)
}

func goldenParts[F simd.Float](t *testing.T, r *golden.Recorder, c golden.Case, tolerance, gradTolerance float64) {
	terms, dk, dv := c.Int("n_taylor", 0), c.Int("d_key", 0), c.Int("d_val", 0)
	var carry *Carry[F]
	var y []F
	var kernel *Kernel[F]
	var operands [3]multihead.Rows[F]
	for _, part := range []string{"1", "2"} {
		shape := c.Input("Q" + part).Shape
		n := len(shape)
		size := multihead.Size{Batch: 1, Queries: shape[n-2], Keys: c.Input("K" + part).Shape[n-2], Heads: 1, DKey: dk, DValue: dv, Causal: c.Bool("causal", false)}
		for _, d := range shape[:n-2] {
			size.Batch *= d
		}
		if carry == nil {
			carry = NewCarry[F](size.Batch, 1, dk, dv, terms)
		}
		for i, name := range []string{"Q", "K", "V"} {
			operands[i] = multihead.Packed(golden.Convert[F](c.Input(name+part)), 1, []int{dk, dk, dv}[i])
		}
		kernel = New[F](size, terms, true)
		kernel.WantGradients()
		y = kerneltest.Poisoned[F](len(c.Tensor("outputs", "y"+part).Data))
		kernel.Forward(y, operands[0], operands[1], operands[2], carry)
		r.Forward(t, c, "y"+part, kerneltest.Widen(y), tolerance)
	}
	q, k, v := operands[0], operands[1], operands[2]
	dq, dkeys, dvalues := kerneltest.Poisoned[F](len(q.Data)), kerneltest.Poisoned[F](len(k.Data)), kerneltest.Poisoned[F](len(v.Data))
	kernel.Backward(multihead.Packed(dq, 1, dk), multihead.Packed(dkeys, 1, dk), multihead.Packed(dvalues, 1, dv), q, k, v, y, golden.Convert[F](c.Cotangent("y2")))
	goldenGradient(t, r, c, "Q2", dq, gradTolerance)
	goldenGradient(t, r, c, "K2", dkeys, gradTolerance)
	goldenGradient(t, r, c, "V2", dvalues, gradTolerance)
	for p := range terms { // the state, once its last keys are in it: ours is weighted by sqrt(alpha C)
		goldenState(t, r, c, carry, kernel, p, tolerance)
	}
}

// goldenState compares the sums of degree p with H_S and H_Z, which are those of alpha_p times the
// monomials where ours are of sqrt(alpha_p C_j) times them.
func goldenState[F simd.Float](t *testing.T, r *golden.Recorder, c golden.Case, carry *Carry[F], k *Kernel[F], p int, tolerance float64) {
	f := NewFeatures[float64](k.DKey, k.terms)
	ones := make([]float64, k.DKey)
	for i := range ones {
		ones[i] = 1
	}
	weight := NaiveFeatures(ones, k.terms) // of x = 1 a feature is its weight
	alpha := 1 / (math.Gamma(float64(p)+1) * math.Pow(float64(k.DKey), float64(p)/2))
	w := k.DValue + 1
	var sums, totals []float64
	for task := range k.Tasks() {
		state, keys, values := carry.head(task)
		full := kerneltest.Widen(state) // [W, M]
		for at := range carry.Len() % carry.span {
			x := make([]float64, k.DKey)
			for i := range x {
				x[i] = float64(keys[i*carry.span+at]) / f.scale[1]
			}
			for j, phi := range NaiveFeatures(x, k.terms) {
				for i := range w {
					full[i*carry.columns+j] += phi * float64(values[i*carry.span+at])
				}
			}
		}
		for j := f.start[p]; j < f.start[p+1]; j++ {
			for i := range w - 1 {
				sums = append(sums, alpha*full[i*carry.columns+j]/weight[j])
			}
			totals = append(totals, alpha*full[(w-1)*carry.columns+j]/weight[j])
		}
	}
	r.Forward(t, c, fmt.Sprint("H_S_", p), sums, tolerance)
	r.Forward(t, c, fmt.Sprint("H_Z_", p), totals, tolerance)
}

// TestTables holds the cost formulas to the reference's convenience methods.
func TestTables(t *testing.T) {
	r := golden.NewRecorder(t, "sata_tables")
	for _, c := range golden.Load(t, "sata_tables") {
		degrees, total := Table(c.Int("d_key", 0), c.Int("d_val", 0), c.Int("n_taylor", 0))
		var hidden, flops []float64
		for _, d := range append(degrees, total) {
			hidden, flops = append(hidden, float64(d.State)), append(flops, float64(d.FLOPs))
		}
		r.Forward(t, c, "hidden", hidden, 0)
		r.Forward(t, c, "flops", flops, 0)
		if m := CountFeatures(c.Int("d_key", 0), c.Int("n_taylor", 0)); m != total.Features {
			t.Errorf("%s: %d features, want %d", c.Name, m, total.Features)
		}
	}
}

// TestConverges: on unit-normal inputs the distance to softmax attention falls with the number of
// terms as the remainder of the series. With r_j the remainder of weight j, at most |s|^P/P! e^max(s,0),
//
//	y - softmax = sum_j -r_j (v_j - softmax) / z
//
// exactly, because the softmax weights of v_j - softmax sum to zero; every output is held to that.
func TestConverges(t *testing.T) {
	size := multihead.Size{Batch: 1, Queries: 200, Keys: 200, Heads: 2, DKey: 8, DValue: 4, Causal: true}
	a, _ := kerneltest.Attention(size, softmax.Weight)
	want := a.Forward()
	q, k, v := multihead.Packed(a.Q, a.Heads, a.DKey), multihead.Packed(a.K, a.Heads, a.DKey), multihead.Packed(a.V, a.Heads, a.DValue)
	last := math.Inf(1)
	for terms := 3; terms <= MaxTerms; terms++ {
		y := make([]float64, len(want))
		newForm[float64](size, terms, true).Forward(y, q, k, v, nil)
		mean, worst, closest := 0.0, 0.0, 0.0
		for pos := range size.Queries {
			for h := range size.Heads {
				got, exact := rowOf(y, pos, h, a.Heads, a.DValue), rowOf(want, pos, h, a.Heads, a.DValue)
				bound := remainderBound(a, pos, h, terms, exact)
				for i := range got {
					d := math.Abs(got[i] - exact[i])
					if d > bound[i]+1e-12 {
						t.Errorf("P = %d: position %d is %v off, the remainder allows %v", terms, pos, d, bound[i])
					}
					mean += d / float64(len(y))
					worst = max(worst, d)
					closest = max(closest, d/(bound[i]+1e-12))
				}
			}
		}
		t.Logf("P = %d: mean error %.3g, largest %.3g, up to %.2f of the bound", terms, mean, worst, closest)
		if mean > last*0.6 {
			t.Errorf("P = %d: mean error %v after %v", terms, mean, last)
		}
		last = mean
	}
	if last > 2e-3 {
		t.Errorf("with %d terms the mean error is %v", MaxTerms, last)
	}
}

// rowOf is the numbers of head h at position t of x [T, heads, width].
func rowOf(x []float64, t, h, heads, width int) []float64 {
	return x[(t*heads+h)*width:][:width]
}

// remainderBound is what the remainder of the series allows of the distance to softmax attention.
func remainderBound(a multihead.Naive, pos, h, terms int, exact []float64) []float64 {
	bound, total := make([]float64, len(exact)), 0.0
	weight := Weight(terms)
	for j := range pos + 1 {
		s := kerneltest.Dot(rowOf(a.Q, pos, h, a.Heads, a.DKey), rowOf(a.K, j, h, a.Heads, a.DKey)) / math.Sqrt(float64(a.DKey))
		w, _ := weight(s)
		total += w
		remainder := math.Pow(math.Abs(s), float64(terms)) / math.Gamma(float64(terms)+1) * math.Exp(max(s, 0))
		for i, v := range rowOf(a.V, j, h, a.Heads, a.DValue) {
			bound[i] += remainder * math.Abs(v-exact[i])
		}
	}
	for i := range bound {
		bound[i] /= math.Abs(total)
	}
	return bound
}

// TestZeroDenominators: sums of weights that are zero, or zero but for rounding, give outputs and
// gradients of 0; sums near zero give finite ones.
func TestZeroDenominators(t *testing.T) {
	kerneltest.Both(t, testZeros[float32], testZeros[float64])
}

func testZeros[F simd.Float](t *testing.T) {
	const n = 130
	size := multihead.Size{Batch: 1, Queries: n, Keys: n, Heads: 1, DKey: 1, DValue: 2, Causal: true}
	eachForm(t, func(t *testing.T, chunked bool) {
		for _, near := range []F{0, 1e-7, 1e-6, 1e-5, 1e-3} {
			a := multihead.Naive{Size: size, Q: make([]float64, n), K: make([]float64, n), V: kerneltest.Normal[float64]("v", 2*n)}
			for i := range n {
				a.Q[i], a.K[i] = 1, float64(near)-1 // w = 1 + q k = near at every key
			}
			dy := kerneltest.Normal[float64]("dy", 2*n)
			y, dq, dk, dv := kerneltest.RunAttention[F](form[F]{newForm[F](size, 2, chunked)}, a, dy, 2)
			for name, x := range map[string][]F{"y": y, "dq": dq, "dk": dk, "dv": dv} {
				for i, v := range x {
					if v := float64(v); math.IsNaN(v) || math.IsInf(v, 0) || near == 0 && v != 0 {
						t.Fatalf("weights of %v: %s[%d] = %v", near, name, i, v)
					}
				}
			}
		}
	})
	if y := kerneltest.Poisoned[F](2); true { // one token of a carry, too
		one := size
		one.Queries, one.Keys = 1, 1
		k, carry := New[F](one, 2, true), NewCarry[F](1, 1, 1, 2, 2)
		for range n {
			k.Forward(y, multihead.Packed([]F{1}, 1, 1), multihead.Packed([]F{-1}, 1, 1), multihead.Packed([]F{3, 4}, 1, 2), carry)
			if y[0] != 0 || y[1] != 0 {
				t.Fatalf("one token: y = %v, want 0", y)
			}
		}
	}
}

// TestStreams: a sequence cut anywhere and carried on equals the whole, and so do the gradients of
// its second part, of which the first is detached.
func TestStreams(t *testing.T) {
	size := multihead.Size{Batch: 2, Queries: 150, Keys: 150, Heads: 2, DKey: 4, DValue: 3, Causal: true}
	const terms = 3
	whole, dy := attention(size, terms)
	for _, cut := range []int{1, 2, 63, 64, 65, 128, 149} {
		carry := NewCarry[float64](size.Batch, size.Heads, size.DKey, size.DValue, terms)
		for _, span := range [][2]int{{0, cut}, {cut, size.Queries}} {
			a := kerneltest.Part(whole, span[0], span[1])
			k := stream[float64]{New[float64](a.Size, terms, true), carry}
			k.WantGradients()
			kerneltest.NearNaive[float64](t, fmt.Sprint("cut ", cut), k, a, kerneltest.Positions(dy, size.Batch, size.Heads*size.DValue, span[0], span[1]), 1, 1e-11)
		}
	}
}

type stream[F simd.Float] struct {
	*Kernel[F]
	carry *Carry[F]
}

func (s stream[F]) Forward(y []F, q, k, v multihead.Rows[F]) {
	s.Kernel.Forward(y, q, k, v, s.carry)
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

// TestThreads: the number of threads does not change a bit.
func TestThreads(t *testing.T) {
	size := multihead.Size{Batch: 3, Queries: 140, Keys: 140, Heads: 3, DKey: 8, DValue: 8, Causal: true}
	eachForm(t, func(t *testing.T, chunked bool) {
		a, dy := attention(size, 4)
		kerneltest.SameOnThreads(t, a, dy, func() kerneltest.AttentionKernel[float32] {
			return form[float32]{newForm[float32](size, 4, chunked)}
		})
	})
}

// TestSteadyState: after the first run nothing is allocated, in training or streaming.
func TestSteadyState(t *testing.T) {
	size := multihead.Size{Batch: 2, Queries: 140, Keys: 140, Heads: 2, DKey: 4, DValue: 4, Causal: true}
	eachForm(t, func(t *testing.T, chunked bool) {
		k := newForm[float32](size, 4, chunked)
		x, y := kerneltest.Normal[float32]("x", 2*140*24), make([]float32, 2*140*8)
		dx := make([]float32, len(x))
		q, keys, v := multihead.SplitQKV(x, 2, 4, 4)
		dq, dk, dv := multihead.SplitQKV(dx, 2, 4, 4)
		if n := testing.AllocsPerRun(5, func() {
			k.Forward(y, q, keys, v, nil)
			k.Backward(dq, dk, dv, q, keys, v, y, y)
		}); n > 0 {
			t.Errorf("%v allocations a run", n)
		}
	})
	one := size
	one.Queries, one.Keys = 1, 1
	k, carry := New[float32](one, 4, true), NewCarry[float32](2, 2, 4, 4, 4)
	x, y := kerneltest.Normal[float32]("x", 2*24), make([]float32, 2*8)
	q, keys, v := multihead.SplitQKV(x, 2, 4, 4)
	if n := testing.AllocsPerRun(200, func() { k.Forward(y, q, keys, v, carry) }); n > 0 {
		t.Errorf("%v allocations a token", n)
	}
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
