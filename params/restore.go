package params

import (
	"fmt"
	"reflect"
	"slices"
)

// Restore copies saved arrays into those of the same names, such as an optimizer's or a stream's. It changes
// nothing unless each of them is there in its shape and type; further saved arrays are left alone.
func Restore(into, saved []Array) error {
	byName := make(map[string]Array, len(saved))
	for _, a := range saved {
		byName[a.Name] = a
	}
	for _, want := range into {
		a, ok := byName[want.Name]
		switch {
		case !ok:
			return fmt.Errorf("the saved state lacks %s", want.Name)
		case !slices.Equal(a.Shape, want.Shape):
			return fmt.Errorf("the saved %s has shape %v, not %v", want.Name, a.Shape, want.Shape)
		case reflect.TypeOf(a.Data) != reflect.TypeOf(want.Data):
			return fmt.Errorf("the saved %s holds %T, not %T", want.Name, a.Data, want.Data)
		case reflect.ValueOf(a.Data).Len() != reflect.ValueOf(want.Data).Len():
			return fmt.Errorf("the saved %s has %d elements, not %d", want.Name, reflect.ValueOf(a.Data).Len(), reflect.ValueOf(want.Data).Len())
		}
	}
	for _, want := range into {
		reflect.Copy(reflect.ValueOf(want.Data), reflect.ValueOf(byName[want.Name].Data))
	}
	return nil
}
