package optim

import (
	"math"
	"slices"
	"testing"

	"goomtrain/params"
)

func TestNorm(t *testing.T) {
	ps := model[float32](1)
	gradients(ps, 1)
	sum := 0.0
	for _, p := range ps {
		for _, g := range p.Grad {
			sum += float64(g) * float64(g)
		}
	}
	norm := NewNorm(ps)
	if got := norm.Global(); math.Abs(got-math.Sqrt(sum)) > 1e-5*math.Sqrt(sum) {
		t.Errorf("norm %g, want %g", got, math.Sqrt(sum))
	}
	ps[1].Grad[2] = 3e30 // its square is no float32
	if got := norm.Global(); math.Abs(got/3e30-1) > 1e-5 || norm.FirstNonFinite() != "" {
		t.Errorf("norm %g, first bad %q", got, norm.FirstNonFinite())
	}
	for _, bad := range []float64{math.NaN(), math.Inf(-1)} {
		ps[2].Grad[100] = float32(bad)
		if got := norm.Global(); !math.IsNaN(got) && !math.IsInf(got, 0) {
			t.Errorf("norm %g of a gradient with %g", got, bad)
		}
		if got := norm.FirstNonFinite(); got != "blocks.0.tall" {
			t.Errorf("first bad parameter %q", got)
		}
	}
	for _, c := range [][3]float64{{2, 1, 0.5}, {0.5, 1, 1}, {7, 0, 1}} {
		if got := ClipScale(c[0], c[1]); got != c[2] {
			t.Errorf("norm %g clipped to %g: factor %g", c[0], c[1], got)
		}
	}
}

// TestNormOfGroups: the norms of groups of parameters add up to the global one in squares, at every magnitude.
func TestNormOfGroups(t *testing.T) {
	for _, scale := range []float64{1e-25, 1, 1e30} {
		ps := model[float32](1)
		gradients(ps, 1)
		for _, p := range ps {
			for i := range p.Grad {
				p.Grad[i] *= float32(scale)
			}
		}
		n := NewNorm(ps)
		global, sum := n.Global(), 0.0
		groups, _ := n.Each(3, func(p *params.Param[float32]) int { return len(p.Name) % 3 })
		for g, got := range groups {
			var parts [][]float32
			for _, p := range ps {
				if len(p.Name)%3 == g {
					parts = append(parts, p.Grad)
				}
			}
			if want := scaledNorm(parts...); !(math.Abs(got-want) <= 1e-5*want) {
				t.Errorf("scale %g: norm of group %d %g, want %g", scale, g, got, want)
			}
			sum += got / global * got / global
		}
		if math.Abs(sum-1) > 1e-5 {
			t.Errorf("scale %g: groups %v, together %g", scale, groups, global)
		}
	}
	for _, scale := range []float64{1e-200, 1e200} { // whose squares have no float64
		one, two := params.New[float64]("a", params.Vector, 4), params.New[float64]("b", params.Vector, 9)
		for i := range one.Grad {
			one.Grad[i] = scale
		}
		for i := range two.Grad {
			two.Grad[i] = -scale
		}
		n := NewNorm([]*params.Param[float64]{one, two})
		n.Global()
		groups, _ := n.Each(2, func(p *params.Param[float64]) int { return int(p.Name[0] - 'a') })
		if math.Abs(groups[0]/(2*scale)-1) > 1e-12 || math.Abs(groups[1]/(3*scale)-1) > 1e-12 {
			t.Errorf("scale %g: norms %g", scale, groups)
		}
	}
	ps := model[float32](1)
	gradients(ps, 1)
	ps[2].Grad[3] = float32(math.NaN())
	n := NewNorm(ps)
	n.Global()
	each, _ := n.Each(len(ps), func(p *params.Param[float32]) int { return slices.Index(ps, p) })
	for i, got := range each {
		if math.IsNaN(got) != (i == 2) {
			t.Errorf("norm of parameter %d %g", i, got)
		}
	}
}

// TestNormOfEveryScale: numbers whose squares leave the range of the element type, or of float64, have a norm
// as others do.
func TestNormOfEveryScale(t *testing.T) {
	const n = 4096
	for _, scale := range []float64{1e-40, 1e-23, 1e-21, 1e-18, 1, 1e19, 1e30} {
		p := params.New[float32]("w", params.Vector, n)
		for i := range p.Grad {
			p.Grad[i] = float32(scale)
		}
		want := 64 * float64(float32(scale))
		if got := NewNorm([]*params.Param[float32]{p}).Global(); !(math.Abs(got/want-1) < 1e-6) {
			t.Errorf("float32: the norm of %d times %g is %g, want %g", n, scale, got, want)
		}
	}
	for _, scale := range []float64{5e-324, 1e-310, 1e-200, 1e-160, 1e-150, 1, 1e150, 1e200, 1e306} {
		p := params.New[float64]("w", params.Vector, n)
		for i := range p.Grad {
			p.Grad[i] = -scale
		}
		if got := NewNorm([]*params.Param[float64]{p}).Global(); !(math.Abs(got/(64*scale)-1) < 1e-12) {
			t.Errorf("float64: the norm of %d times %g is %g, want %g", n, scale, got, 64*scale)
		}
	}
	if got := NewNorm([]*params.Param[float64]{params.New[float64]("w", params.Vector, n)}).Global(); got != 0 {
		t.Errorf("the norm of zeros is %g", got)
	}
}

// TestDividedNorm: processes that measure a part each, and exchange the sums, have the norms of one process to the bit. Where
// squares leave the range of float64 they fetch the gradients, of which each has only its own.
func TestDividedNorm(t *testing.T) {
	ofAll := func(p *params.Param[float64]) int { return len(p.Name) % 2 }
	for name, bad := range map[string]float64{"in range": 1, "too large": 1e200, "NaN": math.NaN()} {
		for at := range 3 { // the parameter with that number
			whole := model[float64](1)
			gradients(whole, 1)
			whole[at].Grad[0] = bad
			one := NewNorm(whole)
			want := one.Global()
			wantEach, _ := one.Each(2, ofAll)
			const n = 3
			norms, fetched := make([]*Norm[float64], n), 0
			models := make([][]*params.Param[float64], n)
			var sums []float64
			for r := range n {
				ps := model[float64](1)
				parts := Divide(Config{Kind: new(AdamW)}, ps, n)
				for _, part := range parts[r] {
					copy(part.Param.Grad[part.Lo:part.Hi], whole[part.Index].Grad[part.Lo:part.Hi])
				}
				models[r], norms[r] = ps, NewNorm(ps)
				norms[r].Divide(parts, r, func() error {
					fetched++
					for i, p := range ps {
						copy(p.Grad, whole[i].Grad)
					}
					return nil
				})
				norms[r].Measure()
				sums = append(sums, norms[r].Own()...)
			}
			for r, norm := range norms {
				if copy(norm.Sums(), sums) != len(sums) || len(sums) != len(norm.Sums()) {
					t.Fatalf("%d sums of %d", len(sums), len(norm.Sums()))
				}
				each, err := norm.Each(2, ofAll) // fetches too
				if err != nil || !sameBits(each, wantEach) {
					t.Errorf("%s, process %d: norms of groups %v, want %v, error %v", name, r, each, wantEach, err)
				}
				for _, p := range models[r] {
					if name != "in range" {
						clear(p.Grad) // to be fetched again
					}
				}
				got, err := norm.Total()
				if err != nil || math.Float64bits(got) != math.Float64bits(want) {
					t.Errorf("%s, process %d: norm %g, want %g, error %v", name, r, got, want, err)
				}
				if first := norm.FirstNonFinite(); name != "in range" && first != one.FirstNonFinite() {
					t.Errorf("%s, process %d: first bad %q, want %q", name, r, first, one.FirstNonFinite())
				}
			}
			if want := map[string]int{"in range": 0, "too large": 2 * n, "NaN": 2 * n}[name]; fetched != want {
				t.Errorf("%s: gradients were fetched %d times, want %d", name, fetched, want)
			}
		}
	}
}

// sameBits reports whether two lists have the same numbers, NaN included.
func sameBits(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) })
}
