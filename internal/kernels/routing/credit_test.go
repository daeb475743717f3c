package routing

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/gradcheck"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// creditSizes are awkward, with use and ign for all samples or for each.
var creditSizes = []CreditSize{{1, 1, 1, true}, {2, 5, 3, true}, {2, 5, 3, false}, {3, 63, 9, true}, {2, 130, 17, false}}

// naiveCredit is phi by its definition. Logits may be nil.
func naiveCredit(size CreditSize, logits, a, use, ign []float64, mask Mask) []float64 {
	m := size.Outputs
	phi := make([]float64, size.Batch*size.Inputs*m)
	for at := range size.Batch * size.Inputs {
		b, i, largest, sum := at/size.Inputs, at%size.Inputs, math.Inf(-1), 0.0
		z, beta := make([]float64, m), at
		if size.Fixed {
			beta = i
		}
		for j := range m {
			if logits != nil {
				z[j] = logits[at*m+j]
			}
			if !mask.hides(b, i, j) {
				largest = max(largest, z[j])
			}
		}
		for j := range m {
			if !mask.hides(b, i, j) {
				sum += math.Exp(z[j] - largest)
			}
		}
		for j := range m {
			if !mask.hides(b, i, j) {
				r := math.Exp(z[j]-largest) / sum
				phi[at*m+j] = sigmoid(a[at]) * (use[beta*m+j]*r - ign[beta*m+j]*(1-r))
			}
		}
	}
	return phi
}

// creditCase draws operands that float32 holds exactly.
func creditCase(size CreditSize) (logits, a, use, ign, dphi []float64) {
	draw := func(stream string, n int) []float64 {
		return kerneltest.Widen(kerneltest.Normal[float32](fmt.Sprint(stream, size), n))
	}
	pairs, betas := size.Batch*size.Inputs*size.Outputs, size.Inputs*size.Outputs
	if !size.Fixed {
		betas = pairs
	}
	return draw("logits", pairs), draw("a", size.Batch*size.Inputs), draw("use", betas), draw("ign", betas), draw("dphi", pairs)
}

func runCredit[F simd.Float](size CreditSize, logits, a, use, ign, dphi []float64, mask Mask) map[string][]F {
	k, n := NewCredit[F](size), kerneltest.Narrow[F]
	phi, dlogits, da := kerneltest.Poisoned[F](len(dphi)), kerneltest.Poisoned[F](len(dphi)), kerneltest.Poisoned[F](len(a))
	duse, dign := kerneltest.Poisoned[F](len(use)), kerneltest.Poisoned[F](len(use))
	k.Forward(phi, n(logits), n(a), n(use), n(ign), mask)
	k.Backward(dlogits, da, duse, dign, n(use), n(ign), mask, n(dphi))
	return map[string][]F{"phi": phi, "dlogits": dlogits, "da": da, "duse": duse, "dign": dign}
}

// TestCredit compares with the definition, float32 with float64 (whose gradients are compared with finite
// differences below), for logits near each other, far apart, and below the range of exponentials.
func TestCredit(t *testing.T) {
	for _, size := range creditSizes {
		for m := range maskOutputs + 1 {
			for _, factor := range []float64{1, 1e4} {
				for _, offset := range []float64{0, -1e5} {
					logits, a, use, ign, dphi := creditCase(size)
					scale(logits, factor)
					add(logits, offset)
					mask := m.mask(VectorSize{Batch: size.Batch, Inputs: size.Inputs, Outputs: size.Outputs})
					name := fmt.Sprintf("%+v, masking %d, logits times %v and %v ", size, m, factor, offset)
					double, single := runCredit[float64](size, logits, a, use, ign, dphi, mask), runCredit[float32](size, logits, a, use, ign, dphi, mask)
					kerneltest.Near(t, name+"phi", double["phi"], naiveCredit(size, logits, a, use, ign, mask), 1e-14)
					for result, want := range double {
						kerneltest.Within(t, name+result, single[result], want, 1e-4*max(1e-5, kerneltest.Largest(want))) // shares may be 1 but for rounding
					}
				}
			}
		}
	}
}

// TestCreditGradients compares gradients with finite differences of the definition, for every mask.
func TestCreditGradients(t *testing.T) {
	for _, size := range creditSizes {
		for m := range maskOutputs + 1 {
			logits, a, use, ign, dphi := creditCase(size)
			mask := m.mask(VectorSize{Batch: size.Batch, Inputs: size.Inputs, Outputs: size.Outputs})
			got := runCredit[float64](size, logits, a, use, ign, dphi, mask)
			f := func() float64 { return kerneltest.Dot(naiveCredit(size, logits, a, use, ign, mask), dphi) }
			for name, x := range map[string][]float64{"dlogits": logits, "da": a, "duse": use, "dign": ign} {
				gradcheck.Check(t, fmt.Sprintf("%+v, masking %d %s", size, m, name), f, x, got[name], gradcheck.Options{Elements: 10})
			}
		}
	}
}

// TestEqualCredit: without logits all shares are equal.
func TestEqualCredit(t *testing.T) {
	for _, size := range creditSizes {
		for m := range maskOutputs + 1 {
			_, a, use, ign, dphi := creditCase(size)
			mask, phi := m.mask(VectorSize{Batch: size.Batch, Inputs: size.Inputs, Outputs: size.Outputs}), kerneltest.Poisoned[float64](len(dphi))
			NewCredit[float64](size).Forward(phi, nil, a, use, ign, mask)
			kerneltest.Near(t, fmt.Sprintf("%+v, masking %d", size, m), phi, naiveCredit(size, nil, a, use, ign, mask), 1e-14)
		}
	}
}

// TestCreditSpreadsNaN: a NaN reaches what depends on it, all credit of an input from one of its logits.
func TestCreditSpreadsNaN(t *testing.T) {
	size := creditSizes[1]
	logits, a, use, ign, dphi := creditCase(size)
	kerneltest.SpreadsNaN(t, map[string][]float64{"logits": logits, "a": a, "use": use, "dphi": dphi}, func() map[string][]float64 {
		return runCredit[float64](size, logits, a, use, ign, dphi, Mask{})
	}, func(out string, o int, in string, i int) bool {
		m := size.Outputs
		input := map[string]int{"logits": i / m, "a": i, "dphi": i / m}[in]
		switch {
		case in == "use":
			return out == "phi" && o%len(use) == i || out == "da" && o%size.Inputs == i/m
		case out == "phi":
			return in != "dphi" && o/m == input
		case out == "da":
			return o == input
		case out == "dlogits":
			return o/m == input
		}
		return false
	})
}

// TestCreditThreads: the same bits on any number of threads.
func TestCreditThreads(t *testing.T) {
	size := creditSizes[3]
	logits, a, use, ign, dphi := creditCase(size)
	var want map[string][]float32
	kerneltest.OnThreads(t, func(t *testing.T) {
		got := runCredit[float32](size, logits, a, use, ign, dphi, Mask{})
		if want == nil {
			want = got
		}
		for name := range want {
			kerneltest.Identical(t, name, got[name], want[name])
		}
	})
}

// TestVotes compares the sum of votes and its gradients with the definition.
func TestVotes(t *testing.T) { kerneltest.Both(t, testVotes[float32], testVotes[float64]) }

func testVotes[F simd.Float](t *testing.T) {
	for _, size := range []VotesSize{{1, 1, 1, 1, false}, {2, 63, 3, 5, false}, {3, 7, 5, 17, true}} {
		samples := size.Batch
		if size.Fixed {
			samples = 1
		}
		phi, votes := kerneltest.Normal[float64]("phi", size.Batch*size.Inputs*size.Outputs), kerneltest.Normal[float64]("votes", samples*size.Inputs*size.Outputs*size.DOut)
		want := make([]float64, size.Batch*size.Outputs*size.DOut)
		dout, dphi, dvotes := kerneltest.Normal[float64]("dout", len(want)), make([]float64, len(phi)), make([]float64, len(votes))
		for at, c := range phi {
			b, j := at/(size.Inputs*size.Outputs), at%size.Outputs
			for h := range size.DOut {
				to, from := (b*size.Outputs+j)*size.DOut+h, (at*size.DOut+h)%len(votes)
				want[to] += c * votes[from]
				dphi[at] += dout[to] * votes[from]
				dvotes[from] += dout[to] * c
			}
		}
		out, gotPhi, gotVotes := kerneltest.Poisoned[F](len(want)), kerneltest.Poisoned[F](len(phi)), kerneltest.Poisoned[F](len(votes))
		k, p, v := NewVotes[F](size), kerneltest.Narrow[F](phi), kerneltest.Narrow[F](votes)
		k.Forward(out, p, v)
		k.Backward(gotPhi, gotVotes, p, v, kerneltest.Narrow[F](dout))
		kerneltest.Near(t, fmt.Sprintf("%+v", size), out, want, kerneltest.Tolerance[F](1e-5, 1e-14))
		kerneltest.Near(t, fmt.Sprintf("%+v dphi", size), gotPhi, dphi, kerneltest.Tolerance[F](1e-5, 1e-14))
		kerneltest.Near(t, fmt.Sprintf("%+v dvotes", size), gotVotes, dvotes, kerneltest.Tolerance[F](1e-5, 1e-14))
	}
}
