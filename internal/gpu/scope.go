package gpu

import "fmt"

// A Precision says how products of matrices are computed. The zero value is float32 without tensor cores.
type Precision int

// The precisions of products. All add up in float32.
const (
	Float32 Precision = iota
	TF32x3            // each factor is a sum of two TF32 numbers; three products on tensor cores
	TF32              // factors are rounded to 10 bits of mantissa
	BF16              // factors are rounded to 7 bits of mantissa
)

// A Scope is memory with one lifetime, such as that of the buffers of a compiled graph. Kernels are made in a scope and
// are valid until it is closed.
type Scope struct {
	*Queue
	Precision Precision // of the products of kernels made in this scope

	owned  []Ptr
	sizes  []int64
	shared []*Shared
}

// NewScope returns an empty scope.
func (q *Queue) NewScope() *Scope { return &Scope{Queue: q} }

// Alloc returns new memory of so many words of 4 bytes, whose content is undefined; 0 after an error.
func (s *Scope) Alloc(words int) Ptr {
	if s.err != nil {
		return 0
	}
	bytes := 4 * int64(max(words, 1))
	p, err := s.device.Alloc(bytes)
	if err != nil {
		s.Fail(fmt.Errorf("gpu: %.1f MB beside %.1f MB in use: %w", float64(bytes)/1e6, float64(s.used)/1e6, err))
		return 0
	}
	s.owned, s.sizes = append(s.owned, p), append(s.sizes, bytes)
	s.used += bytes
	return p
}

// A Shared is memory for the time of one call of a kernel's method. All that a scope makes are the same memory.
type Shared struct {
	words int
	scope *Scope
	ptr   Ptr
}

// Share returns memory of at least so many words. Its address is known once every kernel of the scope is made.
func (s *Scope) Share(words int) *Shared {
	m := &Shared{words: words, scope: s}
	s.shared = append(s.shared, m)
	for _, other := range s.shared {
		other.ptr = 0 // all get new memory, which fits this one too
	}
	return m
}

// Ptr returns the address of the memory.
func (m *Shared) Ptr() Ptr {
	if m.ptr == 0 && m.scope.err == nil {
		words := 0
		for _, other := range m.scope.shared {
			words = max(words, other.words)
		}
		p := m.scope.Alloc(words)
		for _, other := range m.scope.shared {
			other.ptr = p
		}
	}
	return m.ptr
}

// Prepare allocates the memory of Share, so that a want of memory shows before anything is launched.
func (s *Scope) Prepare() {
	if len(s.shared) > 0 {
		s.shared[0].Ptr()
	}
}

// Close frees the memory of the scope.
func (s *Scope) Close() {
	for i, p := range s.owned {
		if err := s.device.Free(p); err != nil {
			s.Fail(fmt.Errorf("gpu: free: %w", err))
		}
		s.used -= s.sizes[i]
	}
	s.owned, s.sizes, s.shared = nil, nil, nil
}
