package models

import (
	"fmt"

	"goomtrain/checkpoints"
	"goomtrain/params"
	"goomtrain/settings"
)

// A Transfer tells what a model has taken from trained weights.
type Transfer struct {
	Read    []int                    // by parameter of the model: elements read, from the first row on; 0: none
	Left    []checkpoints.TensorInfo // tensors that the model has not taken
	Average bool                     // the weights are the averages that the run kept
}

// Averaged reports whether the run kept an average of its weights (-ema), which Load and Take can read.
func (s Saved) Averaged() bool { return !(settings.Pair{Text: s.Setting("ema")}).IsZero() }

// SHA256 returns the checksum, in hexadecimal digits, of the file from which Take reads the values.
func (s Saved) SHA256() (string, error) { return s.Weights.SHA256(s.Averaged()) }

// Take sets the parameters of a model to the trained weights of the same names, which may be those of another model.
// It takes the averages where the run kept them. Other parameters keep their values. So do the rows of a table of
// tokens (params.Embedding) beyond those that the weights have. All other shapes must be equal; the error names the
// tensor and both shapes. It is an error if no name is the same.
func Take[F params.Float](s Saved, model Trainable[F]) (Transfer, error) {
	ps := model.Params()
	grows := make([]bool, len(ps))
	for i, p := range ps {
		grows[i] = p.Role == params.Embedding
	}
	var skip []string
	if m, ok := model.(*Model[F]); ok {
		skip = m.skipped
	}
	partial, err := s.Weights.ReadPartial(params.Weights(ps), grows, skip...)
	if err != nil {
		return Transfer{}, err
	}
	t := Transfer{Read: partial.Read, Left: partial.Left, Average: s.Averaged()}
	var averages []params.Array
	for i, p := range ps {
		if n := t.Read[i]; n > 0 {
			averages = append(averages, params.Array{Name: p.Name, Data: p.Value[:n]})
		}
	}
	switch {
	case len(averages) == 0:
		return t, fmt.Errorf("%s has no tensor with the name of a parameter of this model: its first is %s, that of the model %q", s.Weights.ModelPath(), t.firstLeft(), ps[0].Name)
	case t.Average:
		err = s.Weights.ReadAverage(averages)
	}
	return t, err
}

// firstLeft names the first tensor that was not taken.
func (t Transfer) firstLeft() string {
	if len(t.Left) == 0 {
		return "none"
	}
	return fmt.Sprintf("%q", t.Left[0].Name)
}
