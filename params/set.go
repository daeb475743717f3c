package params

import (
	"fmt"
	"math"

	"goomtrain/rng"
)

// A Set collects the parameters of a model while it is built. Sub returns a part of it, whose names have a
// further prefix. Initial values follow from the seed and the full name of the parameter alone, so they do not
// depend on the order of construction or on other parameters.
type Set[F Float] struct {
	seed   uint64
	prefix string
	shapes bool          // parameters have no values
	made   *collected[F] // shared by a set and its parts
}

// collected holds the parameters made so far.
type collected[F Float] struct {
	all     []*Param[F]
	names   map[string]bool
	skipped []string
}

func newCollected[F Float]() *collected[F] { return &collected[F]{names: map[string]bool{}} }

func (c *collected[F]) add(p *Param[F]) {
	c.all = append(c.all, p)
	c.names[p.Name] = true
}

// NewSet returns an empty set whose initial values follow from the seed.
func NewSet[F Float](seed uint64) Set[F] { return Set[F]{seed: seed, made: newCollected[F]()} }

// NewShapes returns an empty set whose parameters have names and shapes but neither values nor gradients. It
// serves to compute the size of a model without allocating it.
func NewShapes[F Float]() Set[F] { return Set[F]{shapes: true, made: newCollected[F]()} }

// Sub returns the part of the set under the prefix "name.".
func (s Set[F]) Sub(name string) Set[F] {
	s.prefix += name + "."
	return s
}

// Seed returns the seed of the initial values.
func (s Set[F]) Seed() uint64 { return s.seed }

// Name returns the full name of a parameter or state of this part of the set.
func (s Set[F]) Name(name string) string { return s.prefix + name }

// All lists the parameters of the whole set in the order in which they were made.
func (s Set[F]) All() []*Param[F] { return s.made.all }

// Skip says that files of weights may hold a tensor of this name that is not a parameter, such as a buffer of a
// PyTorch module. It is neither written nor read.
func (s Set[F]) Skip(name string) { s.made.skipped = append(s.made.skipped, s.Name(name)) }

// Skipped lists the full names that Skip was called with.
func (s Set[F]) Skipped() []string { return s.made.skipped }

// New adds a parameter. It panics if the name is taken, the role is unknown or the shape has no elements.
func (s Set[F]) New(name string, role Role, initial Initial, shape ...int) *Param[F] {
	name = s.Name(name)
	if s.made.names[name] {
		panic(fmt.Sprintf("params: two parameters are named %q", name))
	}
	if s.shapes {
		p := &Param[F]{Name: name, Role: role, Shape: append([]int(nil), shape...)}
		s.made.add(p)
		return p
	}
	if Size(shape) == 0 {
		panic(fmt.Sprintf("params: parameter %q has shape %v, want at least one element", name, shape))
	}
	p := New[F](name, role, shape...)
	values := make([]float64, len(p.Value))
	initial(rng.New(s.seed, "initial "+name), values, shape)
	for i, v := range values {
		p.Value[i] = F(v)
	}
	s.made.add(p)
	return p
}

// An Initial sets the initial values, flat and row-major, of a parameter of that shape.
type Initial func(r *rng.Stream, values []float64, shape []int)

// Constant sets every element to v.
func Constant(v float64) Initial {
	return func(_ *rng.Stream, values []float64, _ []int) {
		for i := range values {
			values[i] = v
		}
	}
}

// Uniform draws from the uniform distribution on (-bound, bound).
func Uniform(bound float64) Initial {
	return func(r *rng.Stream, values []float64, _ []int) {
		for i := range values {
			values[i] = bound * (2*r.Float64() - 1)
		}
	}
}

// Normal draws from a normal distribution with mean zero and that standard deviation.
func Normal(deviation float64) Initial {
	return func(r *rng.Stream, values []float64, _ []int) {
		for i := range values {
			values[i] = deviation * r.NormFloat64()
		}
	}
}

// Orthogonal is gain times a random orthogonal [n, n] matrix, uniform over the orthogonal group: the
// Gram-Schmidt basis of a matrix of normal numbers. It panics on any other shape.
func Orthogonal(gain float64) Initial {
	return func(r *rng.Stream, values []float64, shape []int) {
		if len(shape) != 2 || shape[0] != shape[1] {
			panic(fmt.Sprintf("params: an orthogonal matrix has shape %v, want [n n]", shape))
		}
		n := shape[0]
		for i := range n {
			row := values[i*n : (i+1)*n]
			for {
				for j := range row {
					row[j] = r.NormFloat64()
				}
				for range 2 { // the second pass removes the rounding errors of the first
					for k := range i {
						project(row, values[k*n:(k+1)*n])
					}
				}
				if norm := math.Sqrt(dot(row, row)); norm > 1e-3 { // else nearly dependent: draw again
					for j := range row {
						row[j] /= norm
					}
					break
				}
			}
		}
		for i := range values {
			values[i] *= gain
		}
	}
}

// project removes the component of x along the unit vector u.
func project(x, u []float64) {
	c := dot(x, u)
	for j := range x {
		x[j] -= c * u[j]
	}
}

func dot(x, y []float64) float64 {
	s := 0.0
	for i := range x {
		s += x[i] * y[i]
	}
	return s
}
