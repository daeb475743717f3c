package checkpoints

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/maruel/safetensors"

	"goomtrain/params"
)

// An independent implementation of the format (github.com/maruel/safetensors) reads what we write and
// writes what we read.
func TestAnotherImplementationReadsOurs(t *testing.T) {
	arrays, metadata := sample(), map[string]string{"format": "pt"}
	theirs, err := safetensors.Parse(encodeTensors(t, arrays, metadata))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(theirs.Metadata, metadata) || len(theirs.Tensors) != len(arrays) {
		t.Errorf("they read metadata %v and %d tensors", theirs.Metadata, len(theirs.Tensors))
	}
	for _, a := range arrays {
		dtype, n, _ := arrayType(a.Data)
		want := make([]byte, n*int(dtypeBits[dtype]/8))
		encode(want, a.Data, 0)
		found := false
		for _, their := range theirs.Tensors {
			if their.Name != a.Name {
				continue
			}
			found = true
			shape := make([]int, len(their.Shape))
			for i, d := range their.Shape {
				shape[i] = int(d)
			}
			if string(dtype) != string(their.DType) || !reflect.DeepEqual(shape, a.Shape) || !bytes.Equal(their.Data, want) {
				t.Errorf("%q: they read %s %v %v, want %s %v %v", a.Name, their.DType, their.Shape, their.Data, dtype, a.Shape, want)
			}
		}
		if !found {
			t.Errorf("they do not see %q", a.Name)
		}
	}
}

func TestWeReadAnotherImplementation(t *testing.T) {
	theirs := safetensors.File{
		Metadata: map[string]string{"made": "elsewhere"},
		Tensors: []safetensors.Tensor{ // narrow before wide: data that is not aligned
			{Name: "mask", DType: safetensors.BOOL, Shape: []uint64{1}, Data: []byte{1}},
			{Name: "w", DType: safetensors.F32, Shape: []uint64{2, 1}, Data: []byte{0, 0, 128, 63, 0, 0, 0, 192}},
			{Name: "b", DType: safetensors.BF16, Shape: []uint64{2}, Data: []byte{128, 63, 0, 192}},
			{Name: "h", DType: safetensors.F16, Shape: []uint64{2}, Data: []byte{0, 60, 0, 192}},
			{Name: "n", DType: safetensors.I64, Shape: []uint64{}, Data: []byte{254, 255, 255, 255, 255, 255, 255, 255}},
		},
	}
	var b bytes.Buffer
	if err := theirs.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	f, err := openBytes(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(f.Metadata(), theirs.Metadata) {
		t.Errorf("metadata %v", f.Metadata())
	}
	for _, want := range []params.Array{
		{Name: "w", Shape: []int{2, 1}, Data: []float32{1, -2}},
		{Name: "b", Shape: []int{2}, Data: []float32{1, -2}},
		{Name: "h", Shape: []int{2}, Data: []float32{1, -2}},
		{Name: "n", Shape: []int{}, Data: []int64{-2}},
	} {
		if got, err := f.Read(want.Name); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v; want %v", want.Name, got, err, want)
		}
	}
}
