package registry

import (
	"fmt"
	"reflect"
)

// Copy returns a pointer to a copy of the struct that p points to. T is an interface whose values are pointers
// to structs, such as the settings of an optimizer. A registry keeps a struct of default settings for each name
// and gives every caller a copy to change. It panics if p is not a pointer to a struct.
func Copy[T any](p T) T {
	from := reflect.ValueOf(p)
	if from.Kind() != reflect.Pointer || from.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("registry: Copy of %T(%v), want a pointer to a struct", p, p))
	}
	to := reflect.New(from.Type().Elem())
	to.Elem().Set(from.Elem())
	return to.Interface().(T)
}
