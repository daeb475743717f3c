package taylor

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/golden"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/simd"
)

// TestGolden compares both forms with the reference of the paper: outputs, gradients, sequences in two parts
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
	weight := NaiveFeatures{ones, k.terms}.Forward() // of x = 1 a feature is its weight
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
			for j, phi := range (NaiveFeatures{x, k.terms}).Forward() {
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

// TestTables compares the table of costs with that of the reference.
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

// TestFeaturesGolden compares single degrees with the monomials of the reference. Features are these times the
// square root of alpha_p C_j.
func TestFeaturesGolden(t *testing.T) {
	r := golden.NewRecorder(t, "sata_phi")
	for _, c := range golden.Load(t, "sata_phi") {
		k, p := c.Int("d_key", 0), c.Int("p", 0)
		f := NewFeatures[float64](k, p+1)
		if c.Has("outputs", "dot_power") { // (q.k)^p by the features of degree p
			dotPower(t, r, c, f, p)
			continue
		}
		x, counts := c.Input("x").Data, c.Tensor("outputs", "C").Data
		n := len(x) / k
		if m := c.Int("m", 0); m != f.Degree(p) || len(counts) != m {
			t.Fatalf("%s: %d features of degree %d, want %d", c.Name, f.Degree(p), p, m)
		}
		alpha := c.Float("alpha", 0)
		phi := kerneltest.Poisoned[float64](f.Len() * n)
		f.Forward(phi, x)
		got := make([]float64, 0, n*len(counts))
		for i := range n {
			for j, count := range counts {
				got = append(got, phi[(f.start[p]+j)*n+i]/math.Sqrt(alpha*count))
			}
		}
		r.Forward(t, c, "phi", got, 1e-12)
		if !c.Has("cotangents", "phi") {
			continue
		}
		dphi, dx := make([]float64, len(phi)), kerneltest.Poisoned[float64](len(x))
		for i := range n {
			for j, count := range counts {
				dphi[(f.start[p]+j)*n+i] = c.Cotangent("phi").Data[i*len(counts)+j] / math.Sqrt(alpha*count)
			}
		}
		f.Backward(dx, x, dphi)
		r.Gradient(t, c, "x", dx, golden.GradTolerance)
	}
}

func dotPower(t *testing.T, r *golden.Recorder, c golden.Case, f *Features[float64], p int) {
	q, k := f.oneMemory(), f.oneMemory()
	f.single(q, c.Input("q").Data)
	f.single(k, c.Input("k").Data)
	alpha := 1 / (math.Gamma(float64(p)+1) * math.Pow(float64(f.width), float64(p)/2))
	got := kerneltest.Dot(q.phi[f.start[p]:f.Len()], k.phi[f.start[p]:f.Len()]) / alpha
	r.Forward(t, c, "dot_power", []float64{got}, golden.Tolerance)
}
