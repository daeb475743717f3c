package data_test

import (
	"encoding/json"
	"fmt"

	"goomtrain/data"
	"goomtrain/rng"
)

func ExampleOpen() {
	d, err := data.Open(data.Config{Name: "parity", Seq: 8}, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer d.Close()
	b := data.Batch{Size: 2} // the caller says how many sequences
	if err := d.Train.Next(&b); err != nil {
		fmt.Println(err)
		return
	}
	for row := range b.Size {
		fmt.Println(b.Inputs[row*b.Len:(row+1)*b.Len], b.Targets[row*b.Len:(row+1)*b.Len])
	}
	for _, v := range d.Valid {
		fmt.Println(v.Name, v.Len)
	}
	// Output:
	// [1 0 0 1 1 1 1 1] [1 1 1 0 1 0 1 0]
	// [0 1 1 0 0 0 0 1] [0 1 0 0 0 0 0 1]
	// valid 8
	// valid-2x 16
	// valid-4x 32
}

// Counter is a custom source: sequences that count upwards modulo ten, each from where the one
// before it ended. It could as well read numbers from a socket or a file that grows.
type Counter struct{ At int32 }

// Next fills the batch.
func (c *Counter) Next(b *data.Batch) error {
	const length = 6
	b.Len, b.Inputs, b.Targets = length, b.Inputs[:0], b.Targets[:0]
	for range b.Size * length {
		b.Inputs = append(b.Inputs, c.At)
		c.At = (c.At + 1) % 10
		b.Targets = append(b.Targets, c.At)
	}
	return nil
}

// State is all that Restore needs.
func (c *Counter) State() ([]byte, error) { return json.Marshal(c) }

// Restore trusts nothing: a checkpoint may be damaged.
func (c *Counter) Restore(state []byte) error {
	var saved Counter
	if err := json.Unmarshal(state, &saved); err != nil {
		return err
	}
	if saved.At < 0 || saved.At > 9 {
		return fmt.Errorf("the counter stands at %d, outside 0 to 9", saved.At)
	}
	*c = saved
	return nil
}

func ExampleSource() {
	d := data.Dataset{Name: "counting", Vocab: 10, SeqLen: 6, Train: &Counter{}}
	b := data.Batch{Size: 2}
	for range 2 {
		if err := d.Train.Next(&b); err != nil {
			fmt.Println(err)
			return
		}
	}
	state, err := d.Train.State()
	fmt.Println(b.Inputs, string(state), err)
	fmt.Println(d.Train.Restore([]byte(`{"At":12}`)))
	// Output:
	// [2 3 4 5 6 7 8 9 0 1 2 3] {"At":4} <nil>
	// the counter stands at 12, outside 0 to 9
}

// Sequences that count in steps of two, each from somewhere else.
func ExampleGenerate() {
	d := data.Generate("evens", 10, 4, 1, func(r *rng.Stream, inputs, targets []int32) {
		at := r.IntN(10)
		for t := range inputs {
			inputs[t], targets[t] = int32((at+2*t)%10), int32((at+2*t+2)%10)
		}
	})
	b := data.Batch{Size: 2}
	for range 2 { // every validation source draws the same
		valid, err := d.Valid[0].Source()
		if err == nil {
			err = valid.Next(&b)
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(b.Inputs, b.Targets)
	}
	// Output:
	// [8 0 2 4 2 4 6 8] [0 2 4 6 4 6 8 0]
	// [8 0 2 4 2 4 6 8] [0 2 4 6 4 6 8 0]
}
