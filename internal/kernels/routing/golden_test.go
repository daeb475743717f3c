package routing

import (
	"testing"

	"goomtrain/internal/golden"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// vectorNames are the names of the parameters in the reference, in the order of Arrays.
func vectorNames(shared bool) []string {
	names := []string{"W_A", "B_A", "W_F1", "W_F2", "B_F2", "W_G1", "W_G2", "B_G2", "W_S", "B_S"}
	if shared {
		return append(names, "compute_beta_use.weight", "compute_beta_ign.weight", "compute_beta_use.bias", "compute_beta_ign.bias")
	}
	return append(names, "beta_use", "beta_ign")
}

// TestGoldenVector compares with the reference: outputs, credit and gradients.
func TestGoldenVector(t *testing.T) {
	t.Run("float64", func(t *testing.T) { testGoldenVector[float64](t, golden.Tolerance, golden.GradTolerance) })
	t.Run("float32", func(t *testing.T) { testGoldenVector[float32](t, golden.Tolerance32, golden.GradTolerance32) })
}

func testGoldenVector[F simd.Float](t *testing.T, tolerance, gradTolerance float64) {
	r := golden.NewRecorder(t, "vector_routing")
	for _, c := range golden.Load(t, "vector_routing") {
		in := c.Input("x")
		batch := 1
		if len(in.Shape) == 3 {
			batch = in.Shape[0]
		}
		size := VectorSize{Batch: batch, Inputs: c.Int("n", 0), Outputs: c.Int("n_out", 0), DIn: c.Int("d_inp", 0), DOut: c.Int("d_out", 0),
			Iterations: c.Int("n_iters", 0), Shared: c.Int("n_inp", 0) < 0, Normalize: c.Bool("normalize", false)}
		var p VectorParameters[F]
		for i, name := range vectorNames(size.Shared) {
			*p.Arrays()[i] = golden.Convert[F](c.Input(name))
		}
		mask := Mask{}
		if c.Bool("mask", false) {
			mask = Mask{Input: size.Outputs, Output: 1}
			for _, hidden := range c.Input("mask").Ints() {
				mask.Data = append(mask.Data, int32(hidden))
			}
		}
		k, x := NewVector[F](size), golden.Convert[F](in)
		out, phi := kerneltest.Poisoned[F](batch*size.Outputs*size.DOut), kerneltest.Poisoned[F](batch*size.Inputs*size.Outputs)
		k.Forward(out, phi, x, p, mask)
		r.Forward(t, c, "x_out", kerneltest.Widen(out), tolerance)
		if c.Has("outputs", "phi") {
			r.Forward(t, c, "phi", kerneltest.Widen(phi), tolerance)
		}
		dx, dp := kerneltest.Poisoned[F](len(x)), poisoned(p)
		k.Backward(dx, dp, x, p, mask, golden.Convert[F](c.Cotangent("x_out")), nil)
		r.Gradient(t, c, "x", kerneltest.Widen(dx), gradTolerance)
		for i, name := range vectorNames(size.Shared) {
			within := gradTolerance
			if size.Inputs == 1 && (name == "W_A" || name == "B_A") {
				within *= 10 // the outputs are normalized: the activation of their only input changes them by epsilon alone
			}
			r.Gradient(t, c, name, kerneltest.Widen(*dp.Arrays()[i]), within)
		}
	}
}

// poisoned returns memory for the gradients of p.
func poisoned[F simd.Float](p VectorParameters[F]) VectorParameters[F] {
	d := VectorParameters[F]{}
	to := d.Arrays()
	for i, x := range p.Arrays() {
		*to[i] = kerneltest.Poisoned[F](len(*x))
	}
	return d
}

// TestGoldenMatrix compares with the reference: outputs and gradients.
func TestGoldenMatrix(t *testing.T) {
	t.Run("float64", func(t *testing.T) { testGoldenMatrix[float64](t, golden.Tolerance, golden.GradTolerance) })
	t.Run("float32", func(t *testing.T) { testGoldenMatrix[float32](t, golden.Tolerance32, golden.GradTolerance32) })
}

func testGoldenMatrix[F simd.Float](t *testing.T, tolerance, gradTolerance float64) {
	r := golden.NewRecorder(t, "matrix_routing")
	for _, c := range golden.Load(t, "matrix_routing") {
		in := c.Input("a_inp")
		batch := 1
		if len(in.Shape) == 2 {
			batch = in.Shape[0]
		}
		size := MatrixSize{Batch: batch, Inputs: c.Int("n", 0), Outputs: c.Int("n_out", 0), Cov: c.Int("d_cov", 0), DIn: c.Int("d_inp", 0), DOut: c.Int("d_out", 0),
			Iterations: c.Int("n_iters", 0), Shared: c.Int("n_inp", 0) < 0, KMeans: c.String("p_model", "") == "skm", Epsilon: c.Float("eps", 0)}
		single := c.Bool("single_beta", false)
		p := MatrixParameters[F]{W: golden.Convert[F](c.Input("W")), B: golden.Convert[F](c.Input("B")), Use: golden.Convert[F](c.Input("beta_use"))}
		if p.Ign = p.Use; !single {
			p.Ign = golden.Convert[F](c.Input("beta_ign"))
		}
		k, a, mu := NewMatrix[F](size), golden.Convert[F](in), golden.Convert[F](c.Input("mu_inp"))
		out := poisonedOutputs[F](size)
		k.Forward(out, a, mu, p, Mask{})
		r.Forward(t, c, "a_out", kerneltest.Widen(out.A), tolerance)
		r.Forward(t, c, "mu_out", kerneltest.Widen(out.Mu), tolerance)
		r.Forward(t, c, "sig2_out", kerneltest.Widen(out.Sigma2), tolerance)

		da, dmu, dp := kerneltest.Poisoned[F](len(a)), kerneltest.Poisoned[F](len(mu)), poisonedMatrix(p)
		k.Backward(da, dmu, dp, a, mu, p, Mask{}, MatrixOutputs[F]{A: golden.Convert[F](c.Cotangent("a_out")), Mu: golden.Convert[F](c.Cotangent("mu_out")), Sigma2: golden.Convert[F](c.Cotangent("sig2_out"))})
		got := map[string][]F{"a_inp": da, "mu_inp": dmu, "W": dp.W, "B": dp.B, "beta_use": dp.Use, "beta_ign": dp.Ign}
		if single {
			simd.Add(got["beta_use"], dp.Use, dp.Ign)
			delete(got, "beta_ign")
		}
		for name, g := range got {
			r.Gradient(t, c, name, kerneltest.Widen(g), gradTolerance)
		}
	}
}

// poisonedOutputs returns memory for the results.
func poisonedOutputs[F simd.Float](s MatrixSize) MatrixOutputs[F] {
	b, m, p := s.Batch, s.Outputs, s.vote()
	return MatrixOutputs[F]{kerneltest.Poisoned[F](b * m), kerneltest.Poisoned[F](b * m * p), kerneltest.Poisoned[F](b * m * p), kerneltest.Poisoned[F](b * s.Inputs * m)}
}

// poisonedMatrix returns memory for the gradients of p.
func poisonedMatrix[F simd.Float](p MatrixParameters[F]) (d MatrixParameters[F]) {
	to := d.Arrays()
	for i, x := range p.Arrays() {
		*to[i] = kerneltest.Poisoned[F](len(*x))
	}
	return d
}
