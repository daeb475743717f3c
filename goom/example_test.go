package goom_test

import (
	"fmt"
	"math"

	"goomtrain/goom"
)

// Numbers far outside the range of floats multiply, add and cancel.
func Example() {
	a := goom.FromReal([]float64{3, -4, 0})
	huge := goom.New[float64](3)
	for i, text := range []string{"1e+1000000", "2e-1000000", "-5e+482113"} {
		x, err := goom.ParseNumber(text)
		if err != nil {
			fmt.Println(err)
			return
		}
		huge.Set(i, x)
	}
	y := goom.Mul(a, huge)
	total := goom.LogSumExp(y, 0)
	fmt.Println(y.At(0).Text(4), y.At(1).Text(4), y.At(2), total.At(0).Text(4))
	// Output: 3.000e+1000000 -8.000e-1000000 0 3.000e+1000000
}

// The fourth state is 10^400, which no float64 holds: the recurrence in floats stays at infinity from there on.
func ExampleDiagScan() {
	a := []float64{1e100, 1e100, 1e100, 1e100, 1e-200, 1e-200}
	b := []float64{0, 0, 0, 0, 0, 2}
	float := 1.0
	for t := range a {
		float = a[t]*float + b[t]
	}
	x := goom.DiagScan(goom.FromReal(a), goom.FromReal(b), goom.FromReal([]float64{1}).Reshape(), 0)
	fmt.Println(x.At(3).Text(4), x.At(5).Text(4), math.IsInf(float, 1))
	// Output: 1.000e+400 3.000 true
}
