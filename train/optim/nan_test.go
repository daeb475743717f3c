package optim

import (
	"math"
	"testing"

	"goomtrain/params"
)

// TestShowsNaN: a gradient that is not a number makes the weight one, with every optimizer: a step of zero would hide
// that the momentum is lost. The norm, and the factor that clips to it, are NaN too.
func TestShowsNaN(t *testing.T) {
	t.Run("float32", testShowsNaN[float32])
	t.Run("float64", testShowsNaN[float64])
}

func testShowsNaN[F params.Float](t *testing.T) {
	for _, name := range Names() {
		for n, p := range model[F](1) {
			ps := model[F](1)
			gradients(ps, 1)
			last := len(p.Value) - 1
			ps[n].Grad[last] = F(math.NaN())
			norm := NewNorm(ps)
			if g := norm.Global(); g == g || norm.FirstNonFinite() != p.Name {
				t.Errorf("norm %v, first %q, want NaN and %q", g, norm.FirstNonFinite(), p.Name)
			}
			build(t, configure(t, name, nil), ps).Update(0.01, 0.9, 1)
			if v := ps[n].Value[last]; v == v {
				t.Errorf("%s: NaN in the gradient of %s gives the weight %v", name, p.Name, v)
			}
		}
	}
	if c := ClipScale(math.NaN(), 1); c == c {
		t.Errorf("the factor of a norm of NaN is %v", c)
	}
}
