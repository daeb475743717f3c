package models

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"strings"

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
func (s Saved) SHA256() (string, error) {
	sum, err := s.Weights.SHA256(s.Averaged())
	if errors.Is(err, fs.ErrNotExist) && s.Averaged() {
		err = fmt.Errorf("the run averaged its weights, but %s with the averages is missing: put it next to the weights, or set ema = 0 in %s to use the last ones", s.Weights.OptimizerPath(), checkpoints.ConfigFile)
	}
	return sum, err
}

// Take sets the parameters of a model to the trained weights of the same names, which may be those of another model.
// It takes the averages where the run kept them. Other parameters keep their values. So do the rows of a table of
// tokens (params.Embedding) beyond those that the weights have, and parameters of Domain.Head of another shape. All
// other shapes must be equal; the error names the tensor and both shapes. It is an error if no name is the same.
func Take[F params.Float](s Saved, model Trainable[F]) (Transfer, error) {
	ps := model.Params()
	var skip []string
	head := ""
	if m, ok := model.(*Model[F]); ok {
		skip, head = m.skipped, m.domain.Head
	}
	fits := make([]checkpoints.Fit, len(ps))
	for i, p := range ps {
		switch {
		case p.Role == params.Embedding:
			fits[i] = checkpoints.Grows
		case head != "" && strings.HasPrefix(p.Name, head):
			fits[i] = checkpoints.Optional
		}
	}
	partial, err := s.Weights.ReadPartial(params.Weights(ps), fits, skip...)
	if err != nil {
		return Transfer{}, err
	}
	t := Transfer{Read: partial.Read, Left: partial.Left, Average: s.Averaged()}
	named := s.named()
	var averages []params.Array
	for i, p := range ps {
		if n := t.Read[i]; n > 0 {
			averages = append(averages, params.Array{Name: cmp.Or(named[partial.From[i]], p.Name), Data: p.Value[:n]})
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

// named returns, by the tensor that holds it, the name of each parameter of the saved model, which its average has. It
// is nil for a model that is not registered.
func (s Saved) named() map[string]string {
	if s.Setting("model") == "" {
		return nil
	}
	config, err := ConfigOf(s.Settings)
	if err != nil || config.Validate() != nil {
		return nil
	}
	a, err := architectures.Find(config.Model)
	if err != nil {
		return nil
	}
	names := map[string]string{}
	for _, p := range config.shapes(a) {
		for _, tensor := range append(p.Stored, p.Name) {
			names[tensor] = p.Name
		}
	}
	return names
}

// firstLeft names the first tensor that was not taken.
func (t Transfer) firstLeft() string {
	if len(t.Left) == 0 {
		return "none"
	}
	return fmt.Sprintf("%q", t.Left[0].Name)
}
