package params

import (
	"slices"
	"strings"
	"testing"
)

// TestRestore: arrays are copied by name, and nothing is changed where one does not fit.
func TestRestore(t *testing.T) {
	a, b := []float32{1, 2}, []int64{3}
	own := []Array{{Name: "a", Shape: []int{2}, Data: a}, {Name: "b", Shape: []int{1}, Data: b}}
	good := []Array{{Name: "b", Shape: []int{1}, Data: []int64{7}}, {Name: "a", Shape: []int{2}, Data: []float32{5, 6}}, {Name: "more", Shape: []int{1}, Data: []int64{0}}}
	for want, change := range map[string]Array{
		"lacks a":       {Name: "x", Shape: []int{2}, Data: []float32{5, 6}},
		"a has shape":   {Name: "a", Shape: []int{2, 1}, Data: []float32{5, 6}},
		"a holds []flo": {Name: "a", Shape: []int{2}, Data: []float64{5, 6}},
		"a has 1 elem":  {Name: "a", Shape: []int{2}, Data: []float32{5}},
	} {
		bad := slices.Clone(good)
		bad[1] = change
		if err := Restore(own, bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
		if !slices.Equal(a, []float32{1, 2}) || b[0] != 3 {
			t.Fatalf("%q: changed to %v, %v", want, a, b)
		}
	}
	if err := Restore(own, good); err != nil || !slices.Equal(a, []float32{5, 6}) || b[0] != 7 {
		t.Errorf("%v, %v, error %v", a, b, err)
	}
}

// TestRestorePieces: the pieces of an array are told apart by their offsets, and go back only into the same piece of an
// array of the same shape.
func TestRestorePieces(t *testing.T) {
	piece := func(offset int, data ...float32) Array {
		return Array{Name: "m", Shape: []int{len(data)}, Data: data, Whole: []int{2, 3}, Offset: offset}
	}
	first, last := piece(0, 0), piece(4, 0, 0)
	saved := []Array{piece(4, 5, 6), piece(0, 1)}
	if err := Restore([]Array{first, last}, saved); err != nil {
		t.Fatal(err)
	}
	if first.Data.([]float32)[0] != 1 || !slices.Equal(last.Data.([]float32), []float32{5, 6}) {
		t.Errorf("restored %v and %v", first.Data, last.Data)
	}
	other := piece(4, 0, 0)
	other.Whole = []int{3, 2}
	for want, into := range map[string]Array{
		"from element 1 on": piece(1, 0),
		"not [3 2]":         other,
		"not []":            {Name: "m", Shape: []int{1}, Data: []float32{0}},
	} {
		if err := Restore([]Array{into}, saved); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
