package checkpoints

import (
	"errors"
	"fmt"
	"slices"

	"goomtrain/params"
)

// ReadModel reads the weights into the arrays, whose Data are the slices of the model. The file must have
// exactly the names, shapes and types of the arrays; otherwise the error is ErrMismatch, names the first
// difference, and no array has changed. After LoadWeights floats may be widened.
func (c *Checkpoint) ReadModel(into []params.Array) error {
	return readAllInto(c.model, into, "model", c.exact)
}

// ReadOptimizer reads the optimizer state into the arrays, under the same conditions as ReadModel. The
// checkpoint must come from Load.
func (c *Checkpoint) ReadOptimizer(into []params.Array) error {
	if !c.exact {
		return fmt.Errorf("%s was loaded for its weights; only Load verifies the optimizer state", c.Dir)
	}
	return readAllInto(c.OptimizerPath(), into, "optimizer", true)
}

// ReadAverage reads the averages of the weights, which are part of the optimizer state (params.AveragePrefix),
// into arrays with the names of the parameters. It verifies that file first. The checkpoint comes from
// LoadWeights.
func (c *Checkpoint) ReadAverage(into []params.Array) error {
	if c.sums != nil {
		if err := c.sums.verify(c.Dir, optimizerFile); err != nil {
			return err
		}
	}
	f, err := OpenTensors(c.OptimizerPath())
	if err != nil {
		return err
	}
	for i := 0; i < len(into) && err == nil; i++ {
		err = f.ReadInto(params.AveragePrefix+into[i].Name, into[i].Data)
	}
	return errors.Join(err, f.Close())
}

func readAllInto(path string, into []params.Array, what string, exact bool) (err error) {
	if err := checkArrays(into); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	f, err := OpenTensors(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.compare(into, what, exact); err != nil {
		return err
	}
	for _, a := range into {
		if err := f.ReadInto(a.Name, a.Data); err != nil {
			return err
		}
	}
	return nil
}

// compare returns an error about the first difference between the tensors of the file and those of a model or
// optimizer.
func (t *TensorFile) compare(into []params.Array, what string, exact bool) error {
	const sameModel = "is this a model of another size or kind? use the configuration that the file was made with"
	differ := func(tensor, remedy, format string, args ...any) error {
		return &fileError{t.name, tensor, fmt.Sprintf(format, args...), remedy, ErrMismatch}
	}
	wanted := make(map[string]bool, len(into))
	missing := 0
	for _, a := range into {
		wanted[a.Name] = true
		if _, ok := t.index[a.Name]; !ok {
			missing++
		}
	}
	unexpected := len(t.tensors) - (len(into) - missing)
	counts := fmt.Sprintf("the file has %d tensors, the %s %d; %d missing, %d unexpected", len(t.tensors), what, len(into), missing, unexpected)
	for _, a := range into {
		i, ok := t.index[a.Name]
		if !ok {
			return differ(a.Name, sameModel, "the %s needs it but the file lacks it (%s)", what, counts)
		}
		info := t.tensors[i]
		if !slices.Equal(info.Shape, a.Shape) {
			return differ(a.Name, sameModel, "its shape is %s in the file but %s in this %s", shapeText(info.Shape), shapeText(a.Shape), what)
		}
		dtype, _, _ := arrayType(a.Data) // checked by the caller
		if _, _, readable := decoderFor(info.DType, a.Data); !readable || exact && info.DType != dtype {
			return differ(a.Name, sameType(info.DType), "it is stored as %s but this %s computes in %s", info.DType, what, dtype)
		}
	}
	for _, info := range t.tensors {
		if !wanted[info.Name] {
			return differ(info.Name, sameModel, "the file has it but the %s does not (%s)", what, counts)
		}
	}
	return nil
}

// sameType says what to do about weights of a type that the model does not compute in.
func sameType(dtype DType) string {
	name, ok := map[DType]string{F32: "float32", F64: "float64"}[dtype]
	if !ok {
		return remedyConvert
	}
	return fmt.Sprintf("use the configuration that the file was made with, or set dtype = %q in it", name)
}
