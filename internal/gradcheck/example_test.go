package gradcheck_test

import (
	"fmt"
	"math"

	"goomtrain/internal/gradcheck"
)

func ExampleDerivative() {
	x := 2.0
	d := gradcheck.Derivative(func() float64 { return math.Log(x) }, &x, gradcheck.Options{})
	fmt.Printf("%.9f\n", d)
	// Output: 0.500000000
}
