package recurrence

import (
	"fmt"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// TestInputFarFromFloats compares full matrices, given and made from the input, with arithmetic of 200 bits where states
// reach 10^100000 and 10^-100000.
func TestInputFarFromFloats(t *testing.T) {
	for _, c := range []struct {
		kind   string
		growth float64 // about that of a step
	}{{"full", 1e25}, {"full", 1e-25}, {"linear", 1e25}} {
		t.Run(fmt.Sprint(c.kind, c.growth), func(t *testing.T) {
			f := newForm(c.kind, Size{1, 4096, 1, 1, 2}, 2, c.growth, 0)
			want := f.want()
			kerneltest.Both(t,
				func(t *testing.T) { testInputFarFromFloats[float32](t, f, want, c.growth > 1) },
				func(t *testing.T) { testInputFarFromFloats[float64](t, f, want, c.growth > 1) })
		})
	}
}

func testInputFarFromFloats[F simd.Float](t *testing.T, f *form, want map[string][]float64, grows bool) {
	r := newRunner[F](f)
	r.forward(nil)
	r.backward()
	const power = 320000 // 10^96000
	if e := r.walk.exponent[f.Time-1]; grows && e < power || !grows && e > -power {
		t.Errorf("the last state is about 2^%d", e)
	}
	for name, x := range want {
		nearSaturated(t, name, r.results[name], x, kerneltest.Tolerance[F](2e-3, 1e-9))
	}
}
