package optim

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"goomtrain/parallel"
	"goomtrain/params"
	"goomtrain/rng"

	"gonum.org/v1/gonum/mat"
)

// TestMuon compares matrices with the quintic applied to the singular values that gonum finds, and
// every other parameter with AdamW.
func TestMuon(t *testing.T) {
	const lr, beta1, decay = 0.02, 0.9, 0.1
	values := map[string]float64{"beta2": 0.95, "eps": 1e-6, "weight-decay": decay}
	ps, other := model[float64](2), model[float64](2)
	opt, adamw := build(t, configure(t, "muon", values), ps), build(t, configure(t, "adamw", values), other)
	momentum := map[string][]float64{}
	for step := 1; step <= 3; step++ {
		before := model[float64](0)
		for n, p := range ps {
			copy(before[n].Value, p.Value)
		}
		gradients(ps, step)
		gradients(other, step)
		opt.Update(lr, beta1, scaleAt(step))
		adamw.Update(lr, beta1, scaleAt(step))
		for n, p := range ps {
			want := other[n].Value
			if p.Name == "blocks.0.wide" || p.Name == "blocks.0.tall" {
				if momentum[p.Name] == nil {
					momentum[p.Name] = make([]float64, len(p.Value))
				}
				want = textbookMuon(before[n], p.Grad, momentum[p.Name], lr, beta1, decay, scaleAt(step))
			}
			for i := range want {
				if math.Abs(p.Value[i]-want[i]) > 1e-10 {
					t.Fatalf("step %d, %s[%d]: %.12g, want %.12g", step, p.Name, i, p.Value[i], want[i])
				}
			}
		}
	}
}

func textbookMuon(p *params.Param[float64], grad, m []float64, lr, beta1, decay, scale float64) []float64 {
	rows, columns := p.Shape[0], p.Shape[1]
	u, norm := mat.NewDense(rows, columns, nil), 0.0
	for i, g := range grad {
		m[i] = beta1*m[i] + g*scale
		x := g*scale + beta1*m[i]
		u.Set(i/columns, i%columns, x)
		norm += x * x
	}
	var svd mat.SVD
	if !svd.Factorize(u, mat.SVDThin) {
		panic("the singular value decomposition failed")
	}
	var left, right, scaled, product mat.Dense
	svd.UTo(&left)
	svd.VTo(&right)
	values := svd.Values(nil)
	for i := range values {
		x := values[i] / math.Sqrt(norm)
		for range 5 {
			x = 3.4445*x - 4.7750*x*x*x + 2.0315*math.Pow(x, 5)
		}
		values[i] = x
	}
	scaled.Mul(&left, mat.NewDiagDense(len(values), values))
	product.Mul(&scaled, right.T())
	out := make([]float64, len(p.Value))
	for i, v := range p.Value {
		out[i] = v - lr*decay*v - lr*0.2*math.Sqrt(float64(max(rows, columns)))*product.At(i/columns, i%columns)
	}
	return out
}

// TestOrthogonaliseInTriangles: matrices whose symmetric products are computed in parts are multiplied by
// the same quintic as gonum multiplies them by.
func TestOrthogonaliseInTriangles(t *testing.T) {
	const k = triangleRows + 35
	for _, shape := range [][2]int{{k, k}, {k, k + 9}, {k + 9, k}} {
		rows, columns := shape[0], shape[1]
		r, x := rng.New(1, "matrix"), make([]float64, rows*columns)
		for i := range x {
			x[i] = r.NormFloat64()
		}
		var want, gram, factor, next mat.Dense
		want.Scale(1/math.Sqrt(sumSquares(x)), mat.NewDense(rows, columns, x))
		for range quinticTimes {
			gram.Mul(&want, want.T())
			factor.Mul(&gram, &gram)
			factor.Apply(func(i, j int, v float64) float64 { return quinticB*gram.At(i, j) + quinticC*v }, &factor)
			next.Mul(&factor, &want)
			want.Apply(func(i, j int, v float64) float64 { return quinticA*v + next.At(i, j) }, &want)
		}
		var w workspaces[float64]
		for i, v := range w.take(rows, columns).orthogonalize(slices.Clone(x), rows, columns) {
			if d := math.Abs(v - want.At(i/columns, i%columns)); !(d <= 1e-12) {
				t.Fatalf("%v: element %d is off by %g", shape, i, d)
			}
		}
	}
}

func TestMuonOfNoGradientStaysFinite(t *testing.T) {
	ps := model[float32](1)
	opt := build(t, configure(t, "muon", map[string]float64{"weight-decay": 0}), ps)
	opt.Update(0.1, 0.9, 1)
	for n, p := range model[float32](1) {
		if !slices.Equal(ps[n].Value, p.Value) {
			t.Errorf("%s moved without a gradient", p.Name)
		}
	}
}

// TestMuonOfEveryScale: the update does not depend on the scale of the gradients, also where their squares leave
// the range of the element type: 4,095 squares that round to 0 beside one that does not made NaN.
func TestMuonOfEveryScale(t *testing.T) {
	t.Run("float32", func(t *testing.T) {
		muonOfEveryScale[float32](t, 1e-4, 2.3e-23/1.9, 1e-36, 1e-30, 1e-21, 1e-10, 1e19, 1e30)
	})
	t.Run("float64", func(t *testing.T) {
		muonOfEveryScale[float64](t, 1e-9, 1.4e-162/1.9, 1e-300, 1e-200, 1e-10, 1e160, 1e300)
	})
}

func muonOfEveryScale[F params.Float](t *testing.T, tolerance float64, scales ...float64) {
	update := func(scale float64) []F {
		p := params.New[F]("w", params.Matrix, 64, 64)
		for i := range p.Grad {
			p.Grad[i] = F(scale * (1 + 0.001*math.Sin(float64(i*i))))
		}
		p.Grad[5] = F(2 * scale)
		build(t, configure(t, "muon", nil), []*params.Param[F]{p}).Update(0.1, 0.9, 1)
		return p.Value
	}
	want := update(1)
	for _, scale := range scales {
		for i, v := range update(scale) {
			if d := math.Abs(float64(v - want[i])); !(d <= tolerance) {
				t.Errorf("gradients of %g: weight %d moves to %g, want %g", scale, i, v, want[i])
				break
			}
		}
	}
}

// TestMuonForgets: the momentum of a matrix that gets no more gradients decays until its numbers have no digits,
// and then moves the matrix no more.
func TestMuonForgets(t *testing.T) {
	p := params.New[float32]("w", params.Matrix, 16, 16)
	for i := range p.Grad {
		p.Grad[i] = float32(i%7) - 3
	}
	opt := build(t, configure(t, "muon", map[string]float64{"weight-decay": 0}), []*params.Param[float32]{p})
	opt.Update(0.1, 0.9, 1)
	clear(p.Grad)
	for range 1000 {
		opt.Update(0.1, 0.9, 1)
	}
	before := slices.Clone(p.Value)
	for range 100 {
		opt.Update(0.1, 0.9, 1)
	}
	if !slices.Equal(p.Value, before) {
		t.Error("a matrix without gradients moves for ever")
	}
}

// TestMuonOnThreads: small matrices that are updated side by side, and a large one, get the same bits on one thread and on
// many, at every step.
func TestMuonOnThreads(t *testing.T) {
	defer parallel.SetThreads(0)
	var want [][]float32
	for _, threads := range []int{1, 4} {
		parallel.SetThreads(threads)
		var ps []*params.Param[float32]
		for i, shape := range [][2]int{{48, 130}, {130, 48}, {96, 96}, {7, 300}, {300, 7}, {96, 160}, {512, 1024}} {
			ps = append(ps, params.New[float32](fmt.Sprint("w", i), params.Matrix, shape[0], shape[1]))
		}
		opt := build(t, configure(t, "muon", nil), ps)
		for step := range 3 {
			for _, p := range ps {
				r := rng.New(uint64(step+1), p.Name)
				for j := range p.Grad {
					p.Grad[j] = float32(r.NormFloat64())
				}
			}
			opt.Update(1e-2, 0.9, 1)
		}
		for i, p := range ps {
			if threads == 1 {
				want = append(want, p.Value)
			} else if !slices.Equal(p.Value, want[i]) {
				t.Errorf("%s %v differs on %d threads", p.Name, p.Shape, threads)
			}
		}
	}
	if n := 512 * 1024; n < largeMatrix {
		t.Errorf("no large matrix: %d elements, want %d", n, largeMatrix)
	}
}

// BenchmarkMuon updates one matrix, or those of goom-rnn's presets small and base, and reports the rate at which five
// iterations of three full products would take as long. On two cores of a Sapphire Rapids Xeon with AVX-512 a matrix of
// 1024 x 1024 takes 95 ms (340 GFLOP/s), the matrices of small 4.5 ms and those of base 53 ms: side by side, in triangles
// of 64 rows. One after the other by parallel products, in triangles of 256 rows, they take 7.0 to 7.5 and 66 ms.
func BenchmarkMuon(b *testing.B) {
	for name, shapes := range map[string][][2]int{
		"128x128": {{128, 128}}, "1024x1024": {{1024, 1024}}, "512x2048": {{512, 2048}}, "2048x512": {{2048, 512}},
		"small": slices.Repeat([][2]int{{128, 128}, {128, 256}, {128, 256}, {128, 128}}, 4),
		"base":  slices.Repeat([][2]int{{256, 256}, {256, 512}, {256, 512}, {256, 256}}, 6),
	} {
		b.Run(name, func(b *testing.B) {
			var ps []*params.Param[float32]
			work := 0.0
			r := rng.New(1, "gradient")
			for i, shape := range shapes {
				p := params.New[float32](fmt.Sprint("w", i), params.Matrix, shape[0], shape[1])
				for i := range p.Grad {
					p.Grad[i] = float32(r.NormFloat64())
				}
				ps = append(ps, p)
				k, n := float64(min(shape[0], shape[1])), float64(max(shape[0], shape[1]))
				work += 5 * 2 * (2*k*k*n + k*k*k)
			}
			opt := build(b, configure(b, "muon", nil), ps)
			b.ReportAllocs()
			for b.Loop() {
				opt.Update(1e-3, 0.9, 1)
			}
			b.ReportMetric(work*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}
