package optim

import (
	"math"
	"strings"
	"testing"

	"goomtrain/params"
)

// TestEMA follows one weight by hand: weights of the past 1/10, 2/11, then the decay 0.25.
func TestEMA(t *testing.T) {
	w := params.New[float64]("w", params.Matrix, 1)
	w.Value[0] = 10
	ema, want := average(t, []*params.Param[float64]{w}, 0.25), 10.0
	for i, decay := range []float64{0.1, 2.0 / 11, 0.25, 0.25} {
		w.Value[0] = float64(i)
		ema.Update()
		want = decay*want + (1-decay)*w.Value[0]
	}
	ema.Swap()
	if math.Abs(w.Value[0]-want) > 1e-12 {
		t.Errorf("average %g, want %g", w.Value[0], want)
	}
	ema.Swap()
	if w.Value[0] != 3 {
		t.Errorf("weight %g after two swaps", w.Value[0])
	}
}

// TestEMANear1: a decay that rounds to 1 in the element type is refused, as its average would never move; the
// average of a constant with the largest decay below 1 is that constant.
func TestEMANear1(t *testing.T) {
	w32, w64 := params.New[float32]("w", params.Vector, 1), params.New[float64]("w", params.Vector, 1)
	const near = 0.99999999
	if _, err := NewEMA([]*params.Param[float32]{w32}, near); err == nil || !strings.Contains(err.Error(), "-ema 0.99999999: rounds to 1 in float32") {
		t.Errorf("float32: error %v", err)
	}
	average(t, []*params.Param[float64]{w64}, near)
	for _, decay := range []float64{0, 1, math.NaN()} {
		if _, err := NewEMA([]*params.Param[float64]{w64}, decay); err == nil {
			t.Errorf("decay %g is accepted", decay)
		}
	}
	w32.Value[0] = 0.7
	ema := average(t, []*params.Param[float32]{w32}, 1-0x1p-24)
	ema.count[0] = 1 << 40
	for range 1000 {
		ema.Update()
	}
	if ema.Swap(); math.Abs(float64(w32.Value[0])-0.7) > 1e-5 {
		t.Errorf("the average of 0.7 is %g", w32.Value[0])
	}
}
