package models_test

import (
	"fmt"
	"slices"

	"goomtrain/models"
	"goomtrain/params"
	"goomtrain/settings"
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

// Two continuations of one prompt: a Stream reads the prompt, then Streams read a token of both at a time.
func ExampleModel_NewStreams() {
	config, err := models.NewConfig("goom-rnn", "nano")
	if err != nil {
		panic(err)
	}
	config.Common().Vocab = 8
	model, err := models.New[float32](config, 1)
	if err != nil {
		panic(err)
	}
	prompt, err := model.NewStream()
	if err != nil {
		panic(err)
	}
	if _, err := prompt.Append([]int32{5, 1, 2}); err != nil {
		panic(err)
	}
	streams, err := model.NewStreams(2)
	if err != nil {
		panic(err)
	}
	for i := range streams.Len() {
		if err := streams.Set(i, prompt); err != nil {
			panic(err)
		}
	}
	logits, err := streams.Append([]int32{3, 4}) // the prompt and 3, the prompt and 4
	if err != nil {
		panic(err)
	}
	alone, err := prompt.Append([]int32{4})
	if err != nil {
		panic(err)
	}
	fmt.Println(len(logits), "logits; the second half is that of the prompt and 4:", slices.Equal(logits[8:], alone))
	// Output:
	// 16 logits; the second half is that of the prompt and 4: true
}

// A classifier with routings learns to find the token 1, and tells by the credit where it is.
func ExampleModel_Classify() {
	config, err := models.NewConfig("classifier", "nano")
	if err != nil {
		panic(err)
	}
	for name, text := range map[string]string{"pool": "routing", "d-emb": "16", "layers": "1"} {
		if err := config.Settings().Set(settings.Pair{Name: name, Text: text}); err != nil {
			panic(err)
		}
	}
	config.Common().Vocab = 4 // two tokens, then two classes
	if err := config.FitClasses(2, 0, 0); err != nil {
		panic(err)
	}
	model, err := models.New[float64](config, 1)
	if err != nil {
		panic(err)
	}
	inputs := []int32{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1}
	targets := []int32{-1, -1, -1, 2, -1, -1, -1, 3, -1, -1, -1, 3, -1, -1, -1, 3} // the class of each sequence
	for range 40 {
		if _, err := model.Step(inputs, targets, 4, 4, 4); err != nil {
			panic(err)
		}
		for _, p := range model.Params() {
			for i, g := range p.Grad {
				p.Value[i] -= 0.1 * g
			}
		}
		params.ZeroGrad(model.Params())
	}
	found, err := model.Classify([]int32{0, 0, 1, 0})
	if err != nil {
		panic(err)
	}
	credit := found.Credit[found.Class]
	fmt.Println("class", found.Class, "from token", slices.Index(credit, slices.Max(credit)))
	// Output:
	// class 1 from token 2
}
