package params

import (
	"fmt"

	"goomtrain/internal/simd"
)

// Float is the element type of parameters, activations and kernels: float32 for training, float64 for checks.
// It is the constraint of all generic types and functions of the project.
type Float = simd.Float

// A Param is a named parameter of a model with its gradient.
type Param[F Float] struct {
	Name  string
	Role  Role
	Shape []int
	Value []F // length: product of Shape
	Grad  []F // same length; backward passes add to it

	// Stored are the names that the parameter may have in files of weights, where they differ from Name. The first
	// is written. Those of other programs may hold it under several, as PyTorch does with tied parameters.
	Stored []string

	// Vectors is the number of vectors of a position that a matrix multiplies, from which the work of a step follows;
	// 0: one. The matrix of a recurrence may multiply several.
	Vectors int

	// Frozen says that training does not change the values: optimizers have no state for the parameter, and models
	// need not compute its gradient.
	Frozen bool

	// Whole is the shape of the parameter of which this is a part, from element Offset on, flat and row-major; nil: this is
	// no part. The optimizer of one of several processes has parts.
	Whole  []int
	Offset int
}

// Array returns an array that has an element for each of the parameter, such as an optimizer's running mean.
func (p *Param[F]) Array(name string, data []F) Array {
	if p.Whole == nil {
		return Array{Name: name, Shape: p.Shape, Data: data}
	}
	return Array{Name: name, Shape: []int{len(data)}, Data: data, Whole: p.Whole, Offset: p.Offset}
}

// New returns a parameter of zeros. It panics on an unknown role and on a negative dimension.
func New[F Float](name string, role Role, shape ...int) *Param[F] {
	if !role.valid() {
		panic(fmt.Sprintf("params: parameter %q has %v, want one of %v", name, role, roleNames))
	}
	n := Size(shape)
	return &Param[F]{Name: name, Role: role, Shape: append([]int(nil), shape...), Value: make([]F, n), Grad: make([]F, n)}
}

// Size returns the number of elements of a shape, 1 for a scalar. It panics on a negative dimension.
func Size(shape []int) int {
	n := 1
	for _, d := range shape {
		if d < 0 {
			panic(fmt.Sprintf("params: negative dimension in shape %v", shape))
		}
		n *= d
	}
	return n
}

// An Array is a named tensor that can be stored. Models, optimizers and streams export their state as arrays,
// and checkpoints store them. Data is one of []float32, []float64, []int64, []int32, []uint8, flat and
// row-major, and may be shared with its owner.
type Array struct {
	Name    string
	Aliases []string // further names under which it is read
	Shape   []int
	Data    any

	// A piece of a larger array, such as the part of an optimizer's state that one of several processes keeps, has the
	// name of that array and a shape of one dimension. Pieces of the same array may follow each other.
	Whole  []int // shape of the larger array; nil: this is no piece
	Offset int   // index of the first element of Data in the larger array, flat and row-major
}

// AveragePrefix is the prefix of a parameter's name in the name of the moving average of its values.
const AveragePrefix = "ema."

// Values returns the values of the parameters as arrays that share their memory.
func Values[F Float](ps []*Param[F]) []Array {
	out := make([]Array, len(ps))
	for i, p := range ps {
		out[i] = Array{Name: p.Name, Shape: p.Shape, Data: p.Value}
	}
	return out
}

// Weights returns the values of the parameters as files of weights hold them, under the names in Stored. Such files
// may also have them under Name. The arrays share memory with the parameters.
func Weights[F Float](ps []*Param[F]) []Array {
	out := Values(ps)
	for i, p := range ps {
		if len(p.Stored) > 0 {
			out[i].Name, out[i].Aliases = p.Stored[0], append(p.Stored[1:len(p.Stored):len(p.Stored)], p.Name)
		}
	}
	return out
}

// ZeroGrad clears every gradient.
func ZeroGrad[F Float](ps []*Param[F]) {
	for _, p := range ps {
		clear(p.Grad)
	}
}

// Trained returns the parameters that are not Frozen.
func Trained[F Float](ps []*Param[F]) (out []*Param[F]) {
	for _, p := range ps {
		if !p.Frozen {
			out = append(out, p)
		}
	}
	return out
}

// Count returns the number of weights of all parameters together.
func Count[F Float](ps []*Param[F]) int {
	n := 0
	for _, p := range ps {
		n += len(p.Value)
	}
	return n
}
