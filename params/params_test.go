package params

import (
	"reflect"
	"slices"
	"testing"
)

// TestArrays: values and weights share memory with their parameters; weights have the names of files, of which the first is
// written and all are read.
func TestArrays(t *testing.T) {
	plain, tied := New[float32]("w", Matrix, 2, 3), New[float32]("embed", Embedding, 4)
	tied.Stored = []string{"a.weight", "b.weight"}
	ps := []*Param[float32]{plain, tied}
	want := []Array{{Name: "w", Shape: []int{2, 3}, Data: plain.Value}, {Name: "embed", Shape: []int{4}, Data: tied.Value}}
	if got := Values(ps); !reflect.DeepEqual(got, want) {
		t.Errorf("values %+v, want %+v", got, want)
	}
	want[1].Name, want[1].Aliases = "a.weight", []string{"b.weight", "embed"}
	got := Weights(ps)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("weights %+v, want %+v", got, want)
	}
	got[0].Data.([]float32)[5], got[1].Data.([]float32)[3] = 7, 8
	if plain.Value[5] != 7 || tied.Value[3] != 8 {
		t.Error("weights do not share memory with the parameters")
	}
	if !slices.Equal(tied.Stored, []string{"a.weight", "b.weight"}) {
		t.Errorf("the stored names are now %q", tied.Stored)
	}
}

// TestArrayOfAPart: the state of a part of a parameter is a piece of the array of the whole.
func TestArrayOfAPart(t *testing.T) {
	p := New[float32]("w", Matrix, 2, 3)
	if got, want := p.Array("m.w", p.Grad), (Array{Name: "m.w", Shape: []int{2, 3}, Data: p.Grad}); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	p.Whole, p.Offset = []int{4, 3}, 5
	if got, want := p.Array("m.w", p.Grad), (Array{Name: "m.w", Shape: []int{6}, Data: p.Grad, Whole: []int{4, 3}, Offset: 5}); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestZeroGrad(t *testing.T) {
	ps := []*Param[float64]{New[float64]("a", Vector, 2), New[float64]("b", Vector)}
	for _, p := range ps {
		for i := range p.Grad {
			p.Grad[i], p.Value[i] = 3, 4
		}
	}
	ZeroGrad(ps)
	if !slices.Equal(ps[0].Grad, []float64{0, 0}) || !slices.Equal(ps[1].Grad, []float64{0}) || ps[0].Value[1] != 4 {
		t.Errorf("gradients %v and %v, values %v", ps[0].Grad, ps[1].Grad, ps[0].Value)
	}
}

// TestBadParameters: a role that is none, and a shape that is none.
func TestBadParameters(t *testing.T) {
	for name, f := range map[string]func(){
		"role":  func() { New[float32]("w", Role(99), 2) },
		"shape": func() { New[float32]("w", Matrix, 2, -1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
	if n := Size(nil); n != 1 {
		t.Errorf("a scalar has %d elements", n)
	}
	if n := Size([]int{3, 0, 2}); n != 0 {
		t.Errorf("an empty shape has %d elements", n)
	}
}
