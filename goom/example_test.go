package goom_test

import (
	"fmt"

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
