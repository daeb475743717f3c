package train

import (
	"goomtrain/data"
)

// fixed is a source that draws one batch and repeats it, for -overfit-batch. A model that works can overfit it.
type fixed struct {
	from  data.Source
	state []byte // of the source before the batch
	batch *data.Batch
}

func newFixed(from data.Source) (*fixed, error) {
	state, err := from.State()
	return &fixed{from: from, state: state}, err
}

// Next implements data.Source.
func (f *fixed) Next(b *data.Batch) error {
	if f.batch == nil {
		drawn := &data.Batch{Size: b.Size}
		if err := f.from.Next(drawn); err != nil {
			return err
		}
		f.batch = drawn
	}
	b.Size, b.Len, b.Bytes = f.batch.Size, f.batch.Len, f.batch.Bytes
	b.Inputs = append(b.Inputs[:0], f.batch.Inputs...)
	b.Targets = append(b.Targets[:0], f.batch.Targets...)
	return nil
}

// State implements data.Source.
func (f *fixed) State() ([]byte, error) { return f.state, nil }

// Restore implements data.Source.
func (f *fixed) Restore(state []byte) error {
	if err := f.from.Restore(state); err != nil {
		return err
	}
	f.state, f.batch = state, nil
	return nil
}
