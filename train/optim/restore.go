package optim

import (
	"fmt"
	"reflect"
	"slices"

	"goomtrain/params"
)

// Restore copies saved arrays into those of the same names, which an optimizer's State returns. It changes
// nothing unless each of them is there in its shape and type; further saved arrays are left alone.
func Restore(into, saved []params.Array) error {
	byName := make(map[string]params.Array, len(saved))
	for _, a := range saved {
		byName[a.Name] = a
	}
	for _, want := range into {
		a, ok := byName[want.Name]
		switch {
		case !ok:
			return fmt.Errorf("optim: the saved state lacks %s", want.Name)
		case !slices.Equal(a.Shape, want.Shape):
			return fmt.Errorf("optim: the saved %s has shape %v, not %v", want.Name, a.Shape, want.Shape)
		case reflect.TypeOf(a.Data) != reflect.TypeOf(want.Data):
			return fmt.Errorf("optim: the saved %s holds %T, not %T", want.Name, a.Data, want.Data)
		case reflect.ValueOf(a.Data).Len() != reflect.ValueOf(want.Data).Len():
			return fmt.Errorf("optim: the saved %s has %d elements, not %d", want.Name, reflect.ValueOf(a.Data).Len(), reflect.ValueOf(want.Data).Len())
		}
	}
	for _, want := range into {
		reflect.Copy(reflect.ValueOf(want.Data), reflect.ValueOf(byName[want.Name].Data))
	}
	return nil
}
