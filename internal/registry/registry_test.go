package registry

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func ExampleRegistry() {
	fruit := New[int]("fruit")
	fruit.Register("apple", 3)
	fruit.Register("pear", 5)
	n, err := fruit.Find("pear")
	fmt.Println(n, err)
	_, err = fruit.Find("aple")
	fmt.Println(err)
	fmt.Println(fruit.Names())
	// Output:
	// 5 <nil>
	// there is no fruit "aple"; did you mean "apple"?
	// [apple pear]
}

func TestRegisterPanics(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"", "cannot be the name"},
		{"two words", "cannot be the name"},
		{"../up", "cannot be the name"},
		{"a\x1b[2J", "cannot be the name"},
		{"apple", "registered twice"},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, c.want) {
					t.Errorf("Register(%q): %s, want %q in it", c.name, got, c.want)
				}
			}()
			r := New[int]("fruit")
			r.Register("apple", 1)
			r.Register(c.name, 2)
		}()
	}
}

func TestNamesAreACopy(t *testing.T) {
	r := New[int]("fruit")
	r.Register("apple", 1)
	r.Names()[0] = "changed"
	if got := r.Names(); !slices.Equal(got, []string{"apple"}) {
		t.Errorf("%v", got)
	}
}
