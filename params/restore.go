package params

import (
	"fmt"
	"reflect"
	"slices"
)

// Restore copies saved arrays into those of the same names, such as an optimizer's or a stream's. It changes
// nothing unless each of them is there in its shape and type; further saved arrays are left alone. A piece of an
// array is restored from the same piece.
func Restore(into, saved []Array) error {
	type place struct {
		name   string
		offset int
	}
	byPlace := make(map[place]Array, len(saved))
	for _, a := range saved {
		byPlace[place{a.Name, a.Offset}] = a
	}
	for _, want := range into {
		a, ok := byPlace[place{want.Name, want.Offset}]
		switch {
		case !ok && want.Whole != nil:
			return fmt.Errorf("the saved state lacks the piece of %s from element %d on", want.Name, want.Offset)
		case !ok:
			return fmt.Errorf("the saved state lacks %s", want.Name)
		case !slices.Equal(a.Whole, want.Whole):
			return fmt.Errorf("the saved %s is a piece of an array of shape %v, not %v", want.Name, a.Whole, want.Whole)
		case !slices.Equal(a.Shape, want.Shape):
			return fmt.Errorf("the saved %s has shape %v, not %v", want.Name, a.Shape, want.Shape)
		case reflect.TypeOf(a.Data) != reflect.TypeOf(want.Data):
			return fmt.Errorf("the saved %s holds %T, not %T", want.Name, a.Data, want.Data)
		case reflect.ValueOf(a.Data).Len() != reflect.ValueOf(want.Data).Len():
			return fmt.Errorf("the saved %s has %d elements, not %d", want.Name, reflect.ValueOf(a.Data).Len(), reflect.ValueOf(want.Data).Len())
		}
	}
	for _, want := range into {
		reflect.Copy(reflect.ValueOf(want.Data), reflect.ValueOf(byPlace[place{want.Name, want.Offset}].Data))
	}
	return nil
}
