package checkpoints

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"goomtrain/params"
)

// ReadModel reads the weights into the arrays, whose Data are the slices of the model. The file must have
// exactly the names, shapes and types of the arrays; otherwise the error is ErrMismatch, names the first
// difference, and no array has changed. A tensor may have an alias of its array instead of the name. If the file has
// both, they must be equal. It may also have tensors named in skip, which are not read. After LoadWeights floats may
// be widened.
func (c *Checkpoint) ReadModel(into []params.Array, skip ...string) error {
	return readAllInto(c.model, into, skip, "model", c.exact, false)
}

// ReadOptimizer reads the optimizer state into the arrays, under the same conditions as ReadModel. Of a piece of an array
// it reads only the piece. The checkpoint must come from Load, or from LoadTogether; then the file may have tensors that
// this process has no array for.
func (c *Checkpoint) ReadOptimizer(into []params.Array) error {
	if !c.exact {
		return fmt.Errorf("%s was loaded for its weights; only Load verifies the optimizer state", c.Dir)
	}
	return readAllInto(c.OptimizerPath(), into, nil, "optimizer", true, c.some)
}

// ReadAverage reads the averages of the weights, which are part of the optimizer state (params.AveragePrefix),
// into arrays with the names of the parameters. It verifies that file first. The checkpoint comes from
// LoadWeights.
func (c *Checkpoint) ReadAverage(into []params.Array) error {
	if c.sums != nil {
		for _, name := range c.sums.names()[1:] {
			if err := c.sums.verify(c.Dir, name); err != nil {
				return err
			}
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

func readAllInto(path string, into []params.Array, skip []string, what string, exact, some bool) (err error) {
	if err := checkArrays(into); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	f, err := OpenTensors(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	names, err := f.match(into, skip, what, exact, some)
	if err != nil {
		return err
	}
	for i, a := range into {
		if err := f.readRange(f.tensors[f.index[names[i]]], a.Data, a.Offset); err != nil {
			return err
		}
	}
	return nil
}

// match returns the tensor of the file to read into each array of a model or optimizer. The error is about the
// first difference between the two. With some the arrays need not be all.
func (t *TensorFile) match(into []params.Array, skip []string, what string, exact, some bool) ([]string, error) {
	const sameModel = "is this a model of another size or kind? use the configuration that the file was made with"
	expected := make(map[string]bool, len(into)+len(skip))
	for _, name := range skip {
		expected[name] = true
	}
	stored := make([][]string, len(into)) // by array: its tensors, more than one if they are tied
	missing := 0
	for i, a := range into {
		stored[i] = t.stored(a)
		for _, name := range stored[i] {
			expected[name] = true
		}
		if stored[i] == nil {
			missing++
		}
	}
	var unexpected []string
	for _, info := range t.tensors {
		if !expected[info.Name] {
			unexpected = append(unexpected, info.Name)
		}
	}
	counts := fmt.Sprintf("the file has %d tensors, the %s %d; %d missing, %d unexpected", len(t.tensors), what, len(into), missing, len(unexpected))
	names := make([]string, len(into))
	for i, a := range into {
		if stored[i] == nil {
			return nil, t.differs(a.Name, sameModel, "the %s needs it but the file lacks it (%s)", what, counts)
		}
		names[i] = stored[i][0]
		info := t.tensors[t.index[names[i]]]
		shape := a.Shape
		if a.Whole != nil {
			shape = a.Whole
		}
		if !slices.Equal(info.Shape, shape) {
			return nil, t.differs(info.Name, sameModel, "its shape is %s in the file but %s in this %s", shapeText(info.Shape), shapeText(shape), what)
		}
		if err := t.checkTypes(stored[i], a, what, exact); err != nil {
			return nil, err
		}
	}
	if len(unexpected) > 0 && !some {
		return nil, t.differs(unexpected[0], sameModel, "the file has it but the %s does not (%s)", what, counts)
	}
	return names, nil
}

// stored lists the tensors of the file that an array may be read from, by its name first.
func (t *TensorFile) stored(a params.Array) (names []string) {
	for _, name := range append([]string{a.Name}, a.Aliases...) {
		if _, ok := t.index[name]; ok {
			names = append(names, name)
		}
	}
	return names
}

// checkTypes returns an error unless the first of the tensors can be read into the elements of the array and all
// others equal it.
func (t *TensorFile) checkTypes(stored []string, a params.Array, what string, exact bool) error {
	info := t.tensors[t.index[stored[0]]]
	dtype, _, _ := arrayType(a.Data) // checked by the caller
	if _, _, readable := decoderFor(info.DType, a.Data); !readable || exact && info.DType != dtype {
		return t.differs(info.Name, sameType(info.DType), "it is stored as %s but this %s computes in %s", info.DType, what, dtype)
	}
	for _, other := range stored[1:] {
		if same, err := t.Same(info.Name, other); err != nil {
			return err
		} else if !same {
			return t.differs(info.Name, "tie them in the program that wrote the file, or remove one", "it differs from tensor %s, but the %s has one array for both", quote(other), what)
		}
	}
	return nil
}

// differs is the error about a tensor that does not match the model or optimizer.
func (t *TensorFile) differs(tensor, remedy, format string, args ...any) error {
	return &fileError{t.name, tensor, fmt.Sprintf(format, args...), remedy, ErrMismatch}
}

// Same reports whether two tensors have the same shape and the same numbers, of whatever types.
func (t *TensorFile) Same(one, two string) (bool, error) {
	first, err := t.info(one)
	if err != nil {
		return false, err
	}
	second, err := t.info(two)
	if err != nil || !slices.Equal(first.Shape, second.Shape) {
		return false, err
	}
	a, err := t.Values(one)
	if err != nil {
		return false, err
	}
	b, err := t.Values(two)
	if err != nil {
		return false, err
	}
	for a.Count == b.Count {
		x, err := a.Next()
		if errors.Is(err, io.EOF) {
			return true, nil
		} else if err != nil {
			return false, err
		}
		y, err := b.Next()
		if err != nil {
			return false, err
		}
		if !slices.EqualFunc(x, y, Value.Equal) {
			return false, nil
		}
	}
	return false, nil // one is complex
}

// sameType says what to do about weights of a type that the model does not compute in.
func sameType(dtype DType) string {
	name, ok := map[DType]string{F32: "float32", F64: "float64"}[dtype]
	if !ok {
		return remedyConvert
	}
	return fmt.Sprintf("use the configuration that the file was made with, or set dtype = %q in it", name)
}
