package registry

import (
	"fmt"
	"testing"
)

type apple struct{ weight int }

func (a *apple) String() string { return fmt.Sprint(a.weight) }

func TestCopy(t *testing.T) {
	first := &apple{3}
	second := Copy(fmt.Stringer(first))
	second.(*apple).weight = 5
	if first.weight != 3 || second.String() != "5" {
		t.Errorf("%v and %v, want 3 and 5", first, second)
	}
	for _, wrong := range []any{nil, apple{3}, (*apple)(nil), new(int)} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Copy of %T: no panic", wrong)
				}
			}()
			Copy(wrong)
		}()
	}
}
