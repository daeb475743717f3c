package golden_test

import (
	"fmt"

	"goomtrain/internal/golden"
)

func ExampleMaxRelErr() {
	fmt.Println(golden.MaxRelErr([]float32{1, 2, 3}, []float64{1, 2, 4}))
	// Output: 0.25
}
