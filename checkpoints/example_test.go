package checkpoints_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"goomtrain/checkpoints"
	"goomtrain/params"
)

// A training loop saves; a later process finds the newest whole checkpoint and goes on.
func Example() {
	run, err := os.MkdirTemp("", "run")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(run)

	weight := []float32{1, 2, 3, 4}
	model := []params.Array{{Name: "head", Shape: []int{2, 2}, Data: weight}}
	optimizer := []params.Array{{Name: "head.m", Shape: []int{2, 2}, Data: make([]float32, 4)}}

	saver := checkpoints.NewSaver(run, checkpoints.SaveOptions{Keep: 2})
	for step := int64(1); step <= 3; step++ {
		weight[0] = 10 * float32(step) // a training step
		if err := saver.Submit(checkpoints.State{Progress: checkpoints.Progress{Step: step}, DType: "float32"}, model, optimizer); err != nil {
			fmt.Println(err)
		}
		saver.BeforeChange() // the forward and backward pass of the next step would come before it
	}
	if err := saver.Close(); err != nil {
		fmt.Println(err)
	}

	clear(weight)
	c, err := checkpoints.Load(run)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := c.ReadModel(model); err != nil {
		fmt.Println(err)
	}
	fmt.Println(filepath.Base(c.Dir), c.State.Step, weight)
	entries, _ := checkpoints.List(run)
	fmt.Println(len(entries), "kept")
	// Output:
	// step-00000003 3 [30 2 3 4]
	// 2 kept
}

// Tensors travel to and from other tools as safetensors.
func ExampleWriteTensors() {
	var file bytes.Buffer
	err := checkpoints.WriteTensors(&file, []params.Array{
		{Name: "layers.0.weight", Shape: []int{1, 3}, Data: []float32{0.5, 1, -2}},
	}, map[string]string{"format": "pt"})
	if err != nil {
		fmt.Println(err)
		return
	}
	t, err := checkpoints.NewTensorFile(bytes.NewReader(file.Bytes()), int64(file.Len()), "in memory")
	if err != nil {
		fmt.Println(err)
		return
	}
	a, err := t.Read("layers.0.weight")
	fmt.Println(a.Name, a.Shape, a.Data, err)
	// Output: layers.0.weight [1 3] [0.5 1 -2] <nil>
}
