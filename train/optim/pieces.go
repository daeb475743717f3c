package optim

import (
	"fmt"
	"reflect"
	"slices"

	"goomtrain/params"
)

// pieceSize is how many elements one parallel task takes: enough to hide the cost of handing it
// over, few enough that two cores share a small model evenly.
const pieceSize = 16384

// A piece is a range of one parameter's elements.
type piece struct{ index, lo, hi int }

// appendPieces cuts the n elements of parameter number index.
func appendPieces(pieces []piece, index, n int) []piece {
	for lo := 0; lo < n; lo += pieceSize {
		pieces = append(pieces, piece{index, lo, min(lo+pieceSize, n)})
	}
	return pieces
}

// restore copies saved arrays into those of the same name.
func restore(into, saved []params.Array) error {
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
