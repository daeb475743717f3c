package params

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestInitialValuesFollowFromSeedAndName(t *testing.T) {
	build := func(seed uint64, names ...string) map[string][]float64 {
		s, out := NewSet[float64](seed), map[string][]float64{}
		for _, n := range names {
			p := s.Sub("layer").New(n, Matrix, Normal(1), 3, 2)
			out[p.Name] = p.Value
		}
		return out
	}
	a, b, c := build(1, "x", "y"), build(1, "y", "z", "x"), build(2, "x", "y")
	for name, v := range a {
		for i := range v {
			if v[i] != b[name][i] {
				t.Errorf("%s depends on the order of construction", name)
			}
			if v[i] == c[name][i] {
				t.Errorf("%s[%d] does not depend on the seed", name, i)
			}
		}
	}
	if a["layer.x"][0] == a["layer.y"][0] {
		t.Error("two parameters start alike")
	}
}

// TestOrthogonal: Q Q^T = gain^2 I.
func TestOrthogonal(t *testing.T) {
	for _, n := range []int{1, 2, 16, 65} {
		q := NewSet[float64](1).New("A", Matrix, Orthogonal(0.99), n, n).Value
		for i := range n {
			for j := range n {
				want := 0.0
				if i == j {
					want = 0.99 * 0.99
				}
				if got := dot(q[i*n:(i+1)*n], q[j*n:(j+1)*n]); math.Abs(got-want) > 1e-13 {
					t.Fatalf("n = %d: row %d times row %d is %v, want %v", n, i, j, got, want)
				}
			}
		}
	}
}

// TestUniform: within the bound, and filling it.
func TestUniform(t *testing.T) {
	largest := 0.0
	for _, v := range NewSet[float64](1).New("u", Matrix, Uniform(0.5), 10000).Value {
		largest = max(largest, math.Abs(v))
	}
	if largest >= 0.5 || largest < 0.49 {
		t.Errorf("the largest of 10,000 uniform numbers is %v, want just below 0.5", largest)
	}
}

// TestAll: the parameters in the order in which they are made, of both kinds of sets.
func TestAll(t *testing.T) {
	for name, s := range map[string]Set[float32]{"values": NewSet[float32](1), "shapes": NewShapes[float32]()} {
		b, a := s.Sub("b").New("x", Matrix, Constant(2), 2, 3), s.New("a", Vector, Constant(0), 4)
		if all := s.All(); len(all) != 2 || all[0] != b || all[1] != a || b.Name != "b.x" || Size(b.Shape) != 6 {
			t.Errorf("%s: %d parameters, the first %+v", name, len(all), b)
		}
		if want := map[string]int{"values": 6}[name]; len(b.Value) != want || len(b.Grad) != want {
			t.Errorf("%s: %d values and %d numbers of the gradient", name, len(b.Value), len(b.Grad))
		}
	}
}

func TestSizeRefuses(t *testing.T) {
	defer func() {
		if got := fmt.Sprint(recover()); !strings.Contains(got, "negative dimension in shape [2 -3]") {
			t.Errorf("panic %s", got)
		}
	}()
	Size([]int{2, -3})
}

func TestNewRefuses(t *testing.T) {
	for name, build := range map[string]func(){
		"duplicate": func() {
			s := NewSet[float32](1)
			s.New("a", Matrix, Constant(0), 2)
			s.New("a", Matrix, Constant(0), 2)
		},
		"empty":          func() { NewSet[float32](1).New("a", Matrix, Constant(0), 2, 0) },
		"negative":       func() { NewSet[float32](1).New("a", Matrix, Constant(0), -2) },
		"no role":        func() { NewSet[float32](1).New("a", Vector+1, Constant(0), 2) },
		"not orthogonal": func() { NewSet[float32](1).New("a", Matrix, Orthogonal(1), 2, 3) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			build()
		}()
	}
}
