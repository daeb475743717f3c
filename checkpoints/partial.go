package checkpoints

import (
	"slices"

	"goomtrain/params"
)

// A Fit says which shapes of its tensor an array accepts.
type Fit int

// The fits of ReadPartial.
const (
	Exact    Fit = iota // its own
	Grows               // its own, or one with fewer rows (elements of the first dimension): its other rows keep their values
	Optional            // any: a tensor of another shape is not read
)

// Partial is what ReadPartial has read.
type Partial struct {
	Read []int        // by array: elements that were read, from the first on; 0: the array keeps its values
	From []string     // by array: the tensor that was read; "": none
	Left []TensorInfo // tensors of the file that were not read
}

// ReadPartial reads those weights that the file has into the arrays of a model that may be another than that of the
// file. Tensors are found by name, as by ReadModel, and tensors named in skip are ignored. If a tensor does not fit its
// array, the error is ErrMismatch, names the tensor and both shapes, and no array has changed. Floats are widened, never
// narrowed.
func (c *Checkpoint) ReadPartial(into []params.Array, fits []Fit, skip ...string) (p Partial, err error) {
	if err := checkArrays(into); err != nil {
		return p, err
	}
	f, err := OpenTensors(c.model)
	if err != nil {
		return p, err
	}
	defer f.Close() // only read
	p, err = f.matchPartial(into, fits, skip)
	for i, a := range into {
		if err == nil && p.Read[i] > 0 {
			err = f.ReadInto(p.From[i], first(a.Data, p.Read[i]))
		}
	}
	return p, err
}

// matchPartial returns what to read.
func (t *TensorFile) matchPartial(into []params.Array, fits []Fit, skip []string) (Partial, error) {
	p := Partial{Read: make([]int, len(into)), From: make([]string, len(into))}
	known := map[string]bool{}
	for _, name := range skip {
		known[name] = true
	}
	for i, a := range into {
		stored := t.stored(a)
		if len(stored) == 0 {
			continue
		}
		info := t.tensors[t.index[stored[0]]]
		if !fits[i].accepts(info.Shape, a.Shape) {
			if fits[i] == Optional {
				continue
			}
			return Partial{}, t.differs(info.Name, "only a table of tokens may have more rows than in the file", "its shape is %s in the file but %s in this model", shapeText(info.Shape), shapeText(a.Shape))
		}
		if err := t.checkTypes(stored, a, "model", false); err != nil {
			return Partial{}, err
		}
		for _, name := range stored {
			known[name] = true
		}
		n, _ := elements(info.Shape) // checked when opened
		p.Read[i], p.From[i] = int(n), info.Name
	}
	for _, info := range t.tensors {
		if !known[info.Name] {
			p.Left = append(p.Left, info)
		}
	}
	return p, nil
}

// accepts reports whether a tensor of a shape is read into an array of the shape own.
func (f Fit) accepts(shape, own []int) bool {
	if f == Grows && len(shape) == len(own) && len(own) > 0 && shape[0] < own[0] {
		return slices.Equal(shape[1:], own[1:])
	}
	return slices.Equal(shape, own)
}

// first returns the first n elements of an array's data.
func first(data any, n int) any {
	switch x := data.(type) {
	case []float32:
		return x[:n]
	case []float64:
		return x[:n]
	}
	return data // weights have no other types
}
