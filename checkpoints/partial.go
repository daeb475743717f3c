package checkpoints

import (
	"slices"

	"goomtrain/params"
)

// Partial is what ReadPartial has read.
type Partial struct {
	Read []int        // by array: elements that were read, from the first on; 0: the file does not have it
	Left []TensorInfo // tensors of the file that were not read
}

// ReadPartial reads those weights that the file has into the arrays of a model that may be another than that of the
// file. Tensors are found by name, as by ReadModel, and tensors named in skip are ignored. Shapes must be equal, but
// an array for which grows is true may have more rows (elements of the first dimension) than its tensor: the others
// keep their values. If a tensor does not fit, the error is ErrMismatch, names the tensor and both shapes, and no
// array has changed. Floats are widened, never narrowed.
func (c *Checkpoint) ReadPartial(into []params.Array, grows []bool, skip ...string) (p Partial, err error) {
	if err := checkArrays(into); err != nil {
		return p, err
	}
	f, err := OpenTensors(c.model)
	if err != nil {
		return p, err
	}
	defer f.Close() // only read
	names, err := f.matchPartial(into, grows, skip, &p)
	for i, a := range into {
		if err == nil && p.Read[i] > 0 {
			err = f.ReadInto(names[i], first(a.Data, p.Read[i]))
		}
	}
	return p, err
}

// matchPartial returns the tensor of the file to read into each array, and fills p.
func (t *TensorFile) matchPartial(into []params.Array, grows []bool, skip []string, p *Partial) ([]string, error) {
	names := make([]string, len(into))
	p.Read = make([]int, len(into))
	known := map[string]bool{}
	for _, name := range skip {
		known[name] = true
	}
	for i, a := range into {
		stored := t.stored(a)
		for _, name := range stored {
			known[name] = true
		}
		if len(stored) == 0 {
			continue
		}
		names[i] = stored[0]
		info := t.tensors[t.index[names[i]]]
		rest := slices.Equal(info.Shape, a.Shape)
		if !rest && grows[i] && len(info.Shape) == len(a.Shape) && len(a.Shape) > 0 {
			rest = info.Shape[0] <= a.Shape[0] && slices.Equal(info.Shape[1:], a.Shape[1:])
		}
		if !rest {
			return nil, t.differs(info.Name, "only a table of tokens may have more rows than in the file", "its shape is %s in the file but %s in this model", shapeText(info.Shape), shapeText(a.Shape))
		}
		if err := t.checkTypes(stored, a, "model", false); err != nil {
			return nil, err
		}
		n, _ := elements(info.Shape) // checked when opened
		p.Read[i] = int(n)
	}
	for _, info := range t.tensors {
		if !known[info.Name] {
			p.Left = append(p.Left, info)
		}
	}
	return names, nil
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
