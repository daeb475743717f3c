package registry

import (
	"fmt"
	"strings"
	"testing"
)

type apple struct{ weight int }

func (a *apple) String() string { return fmt.Sprint(a.weight) }

func TestCopy(t *testing.T) {
	first := &apple{3}
	second := Copy(fmt.Stringer(first))
	if second.String() != "3" {
		t.Errorf("a copy of 3 is %v", second)
	}
	second.(*apple).weight = 5
	if first.weight != 3 || second.String() != "5" {
		t.Errorf("%v and %v, want 3 and 5", first, second)
	}
	for _, wrong := range []any{nil, apple{3}, (*apple)(nil), new(int)} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, "want a pointer to a struct") {
					t.Errorf("Copy of %T: %s", wrong, got)
				}
			}()
			Copy(wrong)
		}()
	}
}
