package schedule_test

import (
	"fmt"

	"goomtrain/train/schedule"
)

func Example() {
	c, err := schedule.NewConfig("one-cycle")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range c.Settings() {
		fmt.Printf("-%s %s\n", s.Name, s.Text())
	}
	c.LR, c.Steps = 1e-3, 100
	s, err := schedule.New(c)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, step := range []int{1, 10, 55, 100, 200} {
		r := s.At(step)
		fmt.Printf("step %3d: lr %.6f, beta1 %.3f\n", step, r.LR, r.Beta1)
	}
	// Output:
	// -schedule one-cycle
	// -lr 0.003
	// -warmup 10
	// -schedule-steps 0
	// -beta1 0
	// -min-lr 1e-05
	// -beta1-max 0.99
	// step   1: lr 0.000040, beta1 0.990
	// step  10: lr 0.001000, beta1 0.850
	// step  55: lr 0.000505, beta1 0.920
	// step 100: lr 0.000010, beta1 0.990
	// step 200: lr 0.000010, beta1 0.990
}
