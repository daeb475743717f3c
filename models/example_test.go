package models_test

import (
	"fmt"

	"goomtrain/models"
	"goomtrain/params"
)

// One step of gradient descent on a sequence, and the loss after it.
func Example() {
	config, err := models.NewConfig("goom-rnn", "nano")
	if err != nil {
		panic(err)
	}
	config.Common().Vocab = 4
	model, err := models.New[float32](config, 1)
	if err != nil {
		panic(err)
	}
	inputs, targets := []int32{0, 1, 2, 3, 0, 1}, []int32{1, 2, 3, 0, 1, 2}
	before, err := model.Step(inputs, targets, 1, 6, 6)
	if err != nil {
		panic(err)
	}
	for _, p := range model.Params() {
		for i, g := range p.Grad {
			p.Value[i] -= 0.1 * g
		}
	}
	params.ZeroGrad(model.Params())
	after, err := model.Evaluate(inputs, targets, 1, 6)
	if err != nil {
		panic(err)
	}
	fmt.Println(before.Tokens, "targets; the loss falls:", after.Loss < before.Loss)
	// Output:
	// 6 targets; the loss falls: true
}
