package models

import (
	"strings"
	"testing"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/emulated"
)

// TestEnqueueStepRefuses: what would make kernels read beside a batch is an error, as is float64.
func TestEnqueueStepRefuses(t *testing.T) {
	config := smallest(t, "goom-rnn")
	model, err := New[float32](config, 1)
	if err != nil {
		t.Fatal(err)
	}
	q := gpu.NewQueue(emulated.New())
	s := q.NewScope()
	device := Device{Queue: q, Values: gpu.NewMirror(s), Grads: gpu.NewMirror(s)}
	if err := model.UseDevice(device); err != nil {
		t.Fatal(err)
	}
	defer model.LeaveDevice()
	tokens := make([]int32, 6*4)
	for _, c := range []struct {
		size, rows, length int
		denominator        float64
		token              int32
		want               string
	}{
		{6, 4, 4, 24, 0, "micro-batches of 4 do not divide a batch of 6 sequences"},
		{6, 0, 4, 24, 0, "micro-batches of 0 do not divide"},
		{6, 2, 4, 0, 0, "the denominator is 0"},
		{6, 2, 5, 24, 0, "24 inputs and 24 targets for 6 sequences of length 5"},
		{6, 2, 4, 24, -1, "token -1 at position 0 of sequence 0"},
	} {
		tokens[0] = c.token
		if _, err := model.EnqueueStep(tokens, make([]int32, 24), c.size, c.rows, c.length, c.denominator, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v", c, err)
		}
	}
	double, err := New[float64](config, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := double.UseDevice(device); err == nil || !strings.Contains(err.Error(), "float32") {
		t.Errorf("float64: error %v", err)
	}
}
