package goom

import (
	"math"
	"testing"

	"goomtrain/internal/simd/floats"
)

// A number that is not zero may come out with the very logarithm Floor, which stands for zero. Every operation gives
// it the neighboring logarithm instead. Here the operands run through neighboring floats, so that every logarithm
// about Floor is met.
func TestFloorIsNotZero(t *testing.T) {
	t.Run("float32", testFloorIsNotZero[float32])
	t.Run("float64", testFloorIsNotZero[float64])
}

// next is the float after x, upward.
func next[F Float](x F) F {
	if floats.Single[F]() {
		return F(math.Nextafter32(float32(x), float32(math.Inf(1))))
	}
	return F(math.Nextafter(float64(x), math.Inf(1)))
}

// vector is a tensor of positive numbers.
func vector[F Float](logs ...F) Tensor[F] {
	return Tensor[F]{Shape: []int{len(logs)}, Log: logs, Sign: ones[F](len(logs))}
}

func testFloorIsNotZero[F Float](t *testing.T) {
	floor := Floor[F]()
	half, none := floor/2, F(math.Inf(-1))
	matrix := func(l F) Tensor[F] { return vector(l).Reshape(1, 1) }
	scan := func(o Options, a, b, x0 Tensor[F]) F {
		p, y := NewScan[F]([]int{1, 2, 2}, []int{1, 2, 2}, true, 2, o), New[F](1, 2, 2)
		p.Forward(y, a, b, x0)
		return y.Log[3]
	}
	for _, c := range []struct {
		name  string
		about F // the operand that gives e^Floor
		run   func(l F) F
	}{
		{"Set", floor, func(l F) F { y := New[F](1); y.Set(0, Number{Log: float64(l), Sign: 1}); return y.Log[0] }},
		{"Mul", half, func(l F) F { return Mul(vector(l), vector(half)).Log[0] }},
		{"Div", -half, func(l F) F { return Div(vector(half), vector(l)).Log[0] }},
		{"one by", -floor, func(l F) F { return Div(vector[F](0), vector(l)).Log[0] }},
		{"Add", floor - ln2, func(l F) F { return Add(vector(l), vector(l)).Log[0] }},
		{"Sub", floor + ln2, func(l F) F { return Sub(vector(l), vector(l-ln2)).Log[0] }},
		{"LogSumExp", floor - ln2, func(l F) F { return LogSumExp(vector(l, l), 0).Log[0] }},
		{"LogMeanExp", floor + ln2, func(l F) F { return LogMeanExp(vector(l, none), 0).Log[0] }},
		{"LogCumSumExp", floor - ln2, func(l F) F { return LogCumSumExp(vector(l, l), 0).Log[1] }},
		{"LogCumMeanExp", floor + ln2, func(l F) F { return LogCumMeanExp(vector(l, none), 0).Log[1] }},
		{"Scale", floor - 8, func(l F) F { return Scale(vector(0, l), 0, 8).Log[1] }},
		{"RMSNorm", floor + 50 - ln2/2, func(l F) F { return RMSNorm(vector(50, l), 0).Log[1] }},
		{"LMME", half, func(l F) F { return LMME(matrix(half), matrix(l)).Log[0] }},
		{"LMMEExact", half, func(l F) F { return LMMEExact(matrix(half), matrix(l)).Log[0] }},
		{"LMME of rows far apart", half, func(l F) F {
			return LMME(vector(1000, half).Reshape(2, 1), vector(1000, l).Reshape(1, 2)).Log[3]
		}},
		{"LMME mended", half, func(l F) F { // one element of many
			a, b := New[F](8, 2), New[F](2, 8)
			for i := range 8 {
				a.Log[2*i], b.Log[i] = 1000, 1000
			}
			a.Log[14], a.Log[15], b.Log[7], b.Log[15] = none, half, none, l
			return LMME(a, b).Log[63]
		}},
		{"Chained", half, func(l F) F { return Chained(vector(half, l).Reshape(2, 1, 1)).Log[0] }},
		{"AffineScan", half, func(l F) F {
			return scan(Options{}, vector(l, none, none, l).Reshape(1, 2, 2), New[F](1, 2, 2), vector(half, none, none, half).Reshape(2, 2))
		}},
		{"a wide scan", half, func(l F) F {
			return scan(Options{}, vector(0, 5000, none, l).Reshape(1, 2, 2), New[F](1, 2, 2), vector(none, 9000, none, half).Reshape(2, 2))
		}},
		{"MulMatrices", half, func(l F) F {
			a, _ := Blocks(matrix(half))
			b, _ := Blocks(matrix(l))
			return MulMatrices(a, b).Tensor().Log[0]
		}},
		{"Log of block-scaled rows", half, func(l F) F {
			a, _ := Blocks(vector(half, half+3).Reshape(1, 2))
			b, _ := Blocks(vector(l, none, none, l).Reshape(2, 2))
			return MulMatrices(a, b).Tensor().Log[0]
		}},
	} {
		l := c.about
		for range 3000 {
			l = -next(-l) // down
		}
		met := 0
		for range 6000 {
			l = next(l)
			y := c.run(l)
			if IsZero(y) {
				t.Errorf("%s: %v gives zero", c.name, l)
			}
			if y == next(floor) || y == -next(-floor) {
				met++
			}
		}
		if met == 0 {
			t.Errorf("%s: no result is next to Floor, so nothing was tested", c.name)
		}
	}
}
