package rng_test

import (
	"encoding/json"
	"fmt"

	"goomtrain/rng"
)

// A stream for each purpose: drawing more numbers for one leaves the others as they are.
func Example() {
	const seed = 1
	weights, order := rng.New(seed, "weights"), rng.New(seed, "order")
	fmt.Printf("%.3f %.3f\n", weights.NormFloat64(), weights.NormFloat64())
	fmt.Println(order.Perm(5), order.IntN(100))
	// Output:
	// 1.333 -0.610
	// [1 3 2 4 0] 8
}

// A state saved as JSON continues the stream, in this program or in another.
func ExampleRestore() {
	s := rng.New(1, "data")
	s.Float64()
	saved, err := json.Marshal(s.State())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(saved))

	var state rng.State
	if err := json.Unmarshal(saved, &state); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(rng.Restore(state).Uint64() == s.Uint64())
	// Output:
	// {"seed":1,"stream":"data","counter":1}
	// true
}

// A mask whose elements any goroutine may compute, in any order: element i of step n is a function of both alone.
func ExampleKey() {
	mask := rng.NewKey(1, "mask")
	for step := range uint64(2) {
		key := mask.Sub(step)
		for i := range uint64(8) {
			fmt.Print(" ", key.Uint64(i)>>63) // one bit: 1 with probability one half
		}
		fmt.Println()
	}
	// Output:
	//  1 0 1 0 0 0 0 1
	//  1 1 0 1 1 0 0 0
}
