package ops

import (
	"fmt"
	"reflect"
	"unsafe"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/params"
)

// DType is the element type of graph nodes that hold F: tensor.Float32 or tensor.Float64.
func DType[F params.Float]() tensor.Dtype { return tensor.Dtype{Type: reflect.TypeFor[F]()} }

// Operands are the values of an op's inputs during one call of Forward or Backward.
type Operands[F params.Float] []G.Value

// Floats returns the data of input i, flat and row-major; for a scalar, a slice of length 1. It is the memory
// of the input: do not write to it or use it after the call. Floats panics if the elements are not of type F.
func (in Operands[F]) Floats(i int) []F { return floats[F](in[i]) }

// Indices returns the data of input i, which has int32 elements, as Floats does for others.
func (in Operands[F]) Indices(i int) []int32 {
	if v, ok := in[i].(*view[F]); ok && v.Dtype() == tensor.Int32 {
		return v.indices
	}
	v, ok := in[i].(*tensor.Dense)
	if !ok || v.Dtype() != tensor.Int32 {
		panic(fmt.Sprintf("ops: input %d is a %T of %v, want a tensor of int32", i, in[i], in[i].Dtype()))
	}
	return contiguous(v).Int32s()
}

// floats returns the flat data of a value without a copy, and without the allocation of Value.Data.
func floats[F params.Float](v G.Value) []F {
	switch v := v.(type) {
	case *tensor.Dense:
		if contiguous(v); v.Dtype() == tensor.Float32 {
			return cast[F](v.Float32s())
		}
		return cast[F](v.Float64s())
	case *view[F]:
		return v.data
	case *G.F32:
		return cast[F](unsafe.Slice((*float32)(v), 1))
	case *G.F64:
		return cast[F](unsafe.Slice((*float64)(v), 1))
	}
	panic(fmt.Sprintf("ops: %T is no tensor or scalar of floats", v))
}

// contiguous panics if the data of the tensor is not row-major, as in a transposed view.
func contiguous(v *tensor.Dense) *tensor.Dense {
	if v.RequiresIterator() || v.DataOrder().IsColMajor() {
		panic(fmt.Sprintf("ops: a value of shape %v is a view with strides %v, want row-major data: bind its Materialize() instead", v.Shape(), v.Strides()))
	}
	return v
}

// cast changes the static type of a slice to its actual type.
func cast[F, E params.Float](s []E) []F {
	var f F
	var e E
	if unsafe.Sizeof(f) != unsafe.Sizeof(e) {
		panic(fmt.Sprintf("ops: a value holds %T where the op computes in %T", e, f))
	}
	return unsafe.Slice((*F)(unsafe.Pointer(unsafe.SliceData(s))), len(s))
}

// newValue returns a new value of that shape; an empty shape is a scalar.
func newValue[F params.Float](shape tensor.Shape) G.Value {
	if len(shape) > 0 {
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(make([]F, shape.TotalSize())))
	}
	if DType[F]() == tensor.Float32 {
		return G.NewF32(0)
	}
	return G.NewF64(0)
}
