package params

import (
	"slices"
	"testing"
)

// TestTrained: frozen parameters are left out, in the order of the others.
func TestTrained(t *testing.T) {
	ps := []*Param[float32]{New[float32]("a", Matrix, 2), New[float32]("b", Matrix, 2), New[float32]("c", Vector, 2)}
	ps[1].Frozen = true
	if got := Trained(ps); !slices.Equal(got, []*Param[float32]{ps[0], ps[2]}) {
		t.Errorf("trained: %v", got)
	}
}
