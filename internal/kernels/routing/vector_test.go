package routing

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/gradcheck"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// A masking is how inputs are masked.
type masking int

const (
	maskless    masking = iota
	maskInputs          // [B, n], among them all of the last sample
	maskPairs           // [B, n, m]
	maskOutputs         // [n, m], for all samples
)

func (m masking) mask(size VectorSize) Mask {
	switch m {
	case maskInputs:
		x := make([]int32, size.Batch*size.Inputs)
		for i := range x {
			if i%3 == 1 || i/size.Inputs > 0 && i/size.Inputs == size.Batch-1 {
				x[i] = 1
			}
		}
		return Mask{Data: x, Batch: size.Inputs, Input: 1}
	case maskPairs:
		x := make([]int32, size.Batch*size.Inputs*size.Outputs)
		for i := range x {
			if i*7%5 < 2 {
				x[i] = int32(i%2*4) - 2 // not 0
			}
		}
		return Mask{Data: x, Batch: size.Inputs * size.Outputs, Input: size.Outputs, Output: 1}
	case maskOutputs:
		x := make([]int32, size.Inputs*size.Outputs)
		x[0], x[len(x)/2] = 1, 1
		return Mask{Data: x, Input: size.Outputs, Output: 1}
	}
	return Mask{}
}

// drawVector draws operands that float32 holds exactly.
func drawVector(size VectorSize, m masking) NaiveVector {
	b, n, d, h, o := size.Batch, size.Inputs, size.DIn, size.DOut, size.Outputs
	v := NaiveVector{VectorSize: size, Mask: m.mask(size)}
	draw := func(stream string, scale float64, count int) []float64 {
		x := kerneltest.Normal[float32](fmt.Sprint(stream, size), count)
		for i := range x {
			x[i] *= float32(scale)
		}
		return kerneltest.Widen(x)
	}
	root := func(width int) float64 { return 1 / math.Sqrt(float64(width)) }
	i := size.inputs()
	v.X = draw("x", 1, b*n*d)
	v.P = VectorParameters[float64]{WA: draw("WA", 2*root(d), i*d), BA: draw("BA", 1, i), WF1: draw("WF1", 1, o*d), WF2: draw("WF2", 2*root(d), d*h), BF2: draw("BF2", 0.3, o*h),
		WG1: draw("WG1", root(h), h*d), WG2: draw("WG2", 1, o*d), BG2: draw("BG2", 0.3, o*d), WS: draw("WS", root(d), i*o), BS: draw("BS", 1, i*o),
		Use: draw("use", 1, n*o), Ign: draw("ign", 1, n*o)}
	if size.Shared {
		v.P.Use, v.P.Ign, v.P.UseBias, v.P.IgnBias = draw("use", root(d), o*d), draw("ign", root(d), o*d), draw("useb", 1, o), draw("ignb", 1, o)
	}
	return v
}

// narrowed rounds parameters.
func narrowed[F simd.Float](p VectorParameters[float64]) VectorParameters[F] {
	q := VectorParameters[F]{}
	to := q.Arrays()
	for i, x := range p.Arrays() {
		*to[i] = kerneltest.Narrow[F](*x)
	}
	return q
}

// vectorSizes are awkward: one of everything, widths that are no multiple of a vector, chunks that end within a sample.
var vectorSizes = []VectorSize{
	{Batch: 1, Inputs: 1, Outputs: 1, DIn: 1, DOut: 1, Iterations: 1},
	{Batch: 2, Inputs: 1, Outputs: 3, DIn: 2, DOut: 1, Iterations: 2, Normalize: true},
	{Batch: 2, Inputs: 5, Outputs: 1, DIn: 3, DOut: 4, Iterations: 2},
	{Batch: 3, Inputs: 7, Outputs: 5, DIn: 1, DOut: 3, Iterations: 3, Normalize: true},
	{Batch: 2, Inputs: 63, Outputs: 9, DIn: 5, DOut: 7, Iterations: 4, Normalize: true},
	{Batch: 9, Inputs: 18, Outputs: 4, DIn: 8, DOut: 6, Iterations: 2},
	{Batch: 1, Inputs: 65, Outputs: 70, DIn: 6, DOut: 5, Iterations: 1, Normalize: true},
}

// eachVector calls f for every size, mask, and kind of parameters.
func eachVector(f func(name string, v NaiveVector)) {
	for _, size := range vectorSizes {
		for m := range maskOutputs + 1 {
			for _, shared := range []bool{false, true} {
				size.Shared = shared
				f(fmt.Sprintf("%+v, masking %d", size, m), drawVector(size, m))
			}
		}
	}
}

// vectorResults runs the kernel forward and backward and returns what it writes, by name.
func vectorResults[F simd.Float](k *Vector[F], v NaiveVector, dout, dphi []float64) map[string][]F {
	x, p := kerneltest.Narrow[F](v.X), narrowed[F](v.P)
	out, phi := kerneltest.Poisoned[F](v.Batch*v.Outputs*v.DOut), kerneltest.Poisoned[F](v.Batch*v.Inputs*v.Outputs)
	dx, dp := kerneltest.Poisoned[F](len(x)), poisoned(p)
	k.Forward(out, phi, x, p, v.Mask)
	var credit []F
	if dphi != nil {
		credit = kerneltest.Narrow[F](dphi)
	}
	k.Backward(dx, dp, x, p, v.Mask, kerneltest.Narrow[F](dout), credit)
	return named(out, phi, dx, dp)
}

// named returns results by name.
func named[F simd.Float](out, phi, dx []F, dp VectorParameters[F]) map[string][]F {
	all := map[string][]F{"out": out, "phi": phi, "dx": dx}
	for i, name := range []string{"dWA", "dBA", "dWF1", "dWF2", "dBF2", "dWG1", "dWG2", "dBG2", "dWS", "dBS", "duse", "dign", "duseBias", "dignBias"} {
		all[name] = *dp.Arrays()[i]
	}
	return all
}

func cotangents(v NaiveVector) (dout, dphi []float64) {
	return kerneltest.Widen(kerneltest.Normal[float32]("dout", v.Batch*v.Outputs*v.DOut)), kerneltest.Widen(kerneltest.Normal[float32]("dphi", v.Batch*v.Inputs*v.Outputs))
}

func TestVectorEqualsNaive(t *testing.T) {
	kerneltest.Both(t, testVectorEqualsNaive[float32], testVectorEqualsNaive[float64])
}

func testVectorEqualsNaive[F simd.Float](t *testing.T) {
	eachVector(func(name string, v NaiveVector) {
		k := NewVector[F](v.VectorSize)
		dout, dphi := cotangents(v)
		for range 2 { // the second run finds used buffers
			compareVector(t, name, vectorResults(k, v, dout, dphi), v, dout, dphi, kerneltest.Tolerance[F](3e-5, 1e-12))
			dphi = nil
		}
	})
}

// compareVector compares outputs relative to their largest number, and gradients to the largest of all gradients: with
// normalization, whole gradients may be what remains of a cancellation.
func compareVector[F simd.Float](t *testing.T, name string, got map[string][]F, v NaiveVector, dout, dphi []float64, tolerance float64) {
	t.Helper()
	out, phi := v.Forward()
	dx, dp := v.Backward(dout, dphi)
	want := named(out, phi, dx, dp)
	largest := 0.0
	for result, x := range want {
		if result != "out" && result != "phi" {
			largest = max(largest, kerneltest.Largest(x))
		}
	}
	for result, x := range want {
		within := tolerance * largest
		if result == "out" || result == "phi" {
			within = tolerance * kerneltest.Largest(x)
		}
		kerneltest.Within(t, name+" "+result, got[result], x, within)
	}
}

// TestNaiveVectorGradients compares the gradients of the definition with finite differences.
func TestNaiveVectorGradients(t *testing.T) {
	eachVector(func(name string, v NaiveVector) {
		dout, dphi := cotangents(v)
		dx, dp := v.Backward(dout, dphi)
		f := func() float64 {
			out, phi := v.Forward()
			return kerneltest.Dot(out, dout) + kerneltest.Dot(phi, dphi)
		}
		largest := kerneltest.Largest(dx)
		for _, g := range dp.Arrays() {
			largest = max(largest, kerneltest.Largest(*g))
		}
		elements := max(2, min(10, 1000/(v.Inputs*v.Outputs))) // the definition is slow
		check := func(operand string, x, g []float64) {
			if scale := kerneltest.Largest(g); scale > 0 {
				gradcheck.Check(t, name+operand, f, x, g, gradcheck.Options{Elements: elements, Step: 3e-4, Tolerance: 1e-7 * largest / scale})
			}
		}
		check(" x", v.X, dx)
		for i, x := range v.P.Arrays() {
			check(fmt.Sprint(" parameter ", i), *x, *dp.Arrays()[i])
		}
	})
}

// TestVectorExtremes: magnitudes at which sigmoids saturate or underflow, and weights of a row are far apart.
func TestVectorExtremes(t *testing.T) {
	kerneltest.Both(t, testVectorExtremes[float32], testVectorExtremes[float64])
}

func testVectorExtremes[F simd.Float](t *testing.T) {
	size := VectorSize{Batch: 2, Inputs: 9, Outputs: 5, DIn: 6, DOut: 7, Iterations: 3, Normalize: true}
	for name, change := range map[string]func(v *NaiveVector){
		"low scores":      func(v *NaiveVector) { add(v.P.BS, -300) },
		"lowest scores":   func(v *NaiveVector) { add(v.P.BS, -3e4) },
		"high scores":     func(v *NaiveVector) { add(v.P.BS, 40) },
		"scores far away": func(v *NaiveVector) { scale(v.P.WS, 1e5) },
		"closed":          func(v *NaiveVector) { add(v.P.BA, -80) },
		"large inputs":    func(v *NaiveVector) { scale(v.X, 1e6) },
		"small inputs":    func(v *NaiveVector) { scale(v.X, 1e-12) },
		"large votes":     func(v *NaiveVector) { scale(v.P.WF2, 1e8) },
	} {
		for m := range maskOutputs + 1 {
			v := drawVector(size, m)
			change(&v)
			dout, dphi := cotangents(v)
			compareVector(t, fmt.Sprint(name, ", masking ", m), vectorResults(NewVector[F](size), v, dout, dphi), v, dout, dphi, kerneltest.Tolerance[F](2e-3, 1e-10))
		}
	}
}

// TestSmallShares: shares whose sigmoids are subnormal have all their digits.
func TestSmallShares(t *testing.T) {
	w, r := newRows[float32](1, 3), make([]float32, 3)
	w.sigmoidShares(r, []float32{-75, -100, -75.5}, veil{})
	sum := 1 + math.Exp(-25) + math.Exp(-0.5)
	for i, want := range []float64{1 / sum, math.Exp(-25) / sum, math.Exp(-0.5) / sum} {
		if err := math.Abs(float64(r[i])/want - 1); !(err < 1e-5) {
			t.Errorf("share %d is %v, want %v", i, r[i], want)
		}
	}
}

// add and scale keep numbers that float32 holds exactly.
func add(x []float64, v float64) {
	for i := range x {
		x[i] = float64(float32(x[i] + v))
	}
}

func scale(x []float64, v float64) {
	for i := range x {
		x[i] = float64(float32(x[i] * v))
	}
}

// TestVectorMasked: inputs that are masked have no influence however large they are, a sample without inputs gives 0 and no
// gradient, and the others are as without the masked inputs.
func TestVectorMasked(t *testing.T) {
	size := VectorSize{Batch: 3, Inputs: 7, Outputs: 4, DIn: 3, DOut: 5, Iterations: 3, Normalize: true, Shared: true}
	v := drawVector(size, maskInputs)
	for i := range v.X {
		if at := i / size.DIn; v.Mask.hides(at/size.Inputs, at%size.Inputs, 0) {
			v.X[i] *= 1e25
		}
	}
	dout, dphi := cotangents(v)
	got := vectorResults(NewVector[float32](size), v, dout, dphi)
	for b := range size.Batch {
		var kept []int
		for i := range size.Inputs {
			if !v.Mask.hides(b, i, 0) {
				kept = append(kept, i)
			}
		}
		out := rowOf(got["out"], b, size.Outputs*size.DOut)
		for i := range size.Inputs {
			at := b*size.Inputs + i
			if v.Mask.hides(b, i, 0) {
				kerneltest.Identical(t, "phi of a masked input", rowOf(got["phi"], at, size.Outputs), make([]float32, size.Outputs))
				kerneltest.Identical(t, "gradient of a masked input", abs(rowOf(got["dx"], at, size.DIn)), make([]float32, size.DIn))
			}
		}
		if len(kept) == 0 {
			kerneltest.Identical(t, "output without inputs", out, make([]float32, len(out)))
			continue
		}
		fewer := v
		fewer.Batch, fewer.Inputs, fewer.Mask, fewer.X = 1, len(kept), Mask{}, nil
		for _, i := range kept {
			fewer.X = append(fewer.X, rowOf(v.X, b*size.Inputs+i, size.DIn)...)
		}
		want, _ := fewer.Forward()
		kerneltest.Near(t, "output of the others", out, want, 1e-5)
	}
	for name, x := range got {
		for i, e := range x {
			if math.IsNaN(float64(e)) {
				t.Fatalf("%s[%d] is NaN", name, i)
			}
		}
	}
}

func abs(x []float32) []float32 {
	for i := range x {
		x[i] = float32(math.Abs(float64(x[i])))
	}
	return x
}

// TestVectorThreads: the same bits on any number of threads.
func TestVectorThreads(t *testing.T) {
	for _, size := range []VectorSize{{Batch: 2, Inputs: 150, Outputs: 20, DIn: 40, DOut: 33, Iterations: 3, Normalize: true}, {Batch: 9, Inputs: 65, Outputs: 8, DIn: 16, DOut: 8, Iterations: 2, Shared: true}} {
		v := drawVector(size, maskPairs)
		dout, dphi := cotangents(v)
		var want map[string][]float32
		kerneltest.OnThreads(t, func(t *testing.T) {
			got := vectorResults(NewVector[float32](size), v, dout, dphi)
			if want == nil {
				want = got
			}
			for name := range want {
				kerneltest.Identical(t, name, got[name], want[name])
			}
		})
	}
}

// TestVectorSpreadsNaN: a NaN reaches all outputs and the credit of its sample, in three iterations wherever it is.
func TestVectorSpreadsNaN(t *testing.T) {
	kerneltest.Both(t, testVectorSpreadsNaN[float32], testVectorSpreadsNaN[float64])
}

func testVectorSpreadsNaN[F simd.Float](t *testing.T) {
	size := VectorSize{Batch: 2, Inputs: 9, Outputs: 5, DIn: 3, DOut: 4, Iterations: 3, Normalize: true}
	v := drawVector(size, maskless)
	dout, dphi := cotangents(v)
	operands := map[string][]float64{"x": v.X, "dout": dout}
	for i, name := range []string{"WA", "BA", "WF1", "WF2", "BF2", "WG1", "WG2", "BG2", "WS", "BS", "use", "ign"} {
		operands[name] = *v.P.Arrays()[i]
	}
	k := NewVector[F](size)
	kerneltest.SpreadsNaN(t, operands, func() map[string][]float64 {
		all := map[string][]float64{}
		for name, x := range vectorResults(k, v, dout, dphi) {
			all[name] = kerneltest.Widen(x)
		}
		return all
	}, func(out string, o int, in string, i int) bool {
		sample := func(x []float64, at int) int { return at * size.Batch / len(x) }
		switch {
		case in == "dout": // what is not of a sample depends on all
			return out == "dx" && o*size.Batch/len(v.X) == sample(dout, i)
		case out == "out" || out == "phi":
			per := map[string]int{"out": size.Outputs * size.DOut, "phi": size.Inputs * size.Outputs}[out]
			return in != "x" || o/per == sample(v.X, i)
		case out == "dx":
			return in != "x" || o*size.Batch/len(v.X) == sample(v.X, i)
		}
		return false
	})
}

// TestVectorAllocatesNothing after the first call.
func TestVectorAllocatesNothing(t *testing.T) {
	for _, size := range []VectorSize{{Batch: 2, Inputs: 40, Outputs: 20, DIn: 16, DOut: 16, Iterations: 2, Normalize: true}, {Batch: 9, Inputs: 9, Outputs: 8, DIn: 16, DOut: 8, Iterations: 3, Shared: true}} {
		v := drawVector(size, maskPairs)
		dout, dphi := cotangents(v)
		x, p, g, c := kerneltest.Narrow[float32](v.X), narrowed[float32](v.P), kerneltest.Narrow[float32](dout), kerneltest.Narrow[float32](dphi)
		out, phi, dx, dp := make([]float32, len(g)), make([]float32, len(c)), make([]float32, len(x)), poisoned(p)
		k := NewVector[float32](size)
		kerneltest.AllocatesNothing(t, "forward and backward", func() {
			k.Forward(out, phi, x, p, v.Mask)
			k.Backward(dx, dp, x, p, v.Mask, g, c)
		})
	}
}
