package gpu

// A Mirror keeps copies of host arrays in the memory of a device, such as the weights of a model. An array is known by the
// address of its first element, so the host's slice must stay where it is.
type Mirror struct {
	scope *Scope
	found map[*float32]int
	pairs []pair
}

// A pair is an array of the host and its copy.
type pair struct {
	host []float32
	ptr  Ptr
}

// NewMirror returns an empty mirror, whose copies live as long as the scope.
func NewMirror(s *Scope) *Mirror { return &Mirror{scope: s, found: map[*float32]int{}} }

// Array returns the address of the copy of an array. The first call for an array makes the copy and fills it.
func (m *Mirror) Array(host []float32) Ptr {
	if p := m.Find(host); p != 0 {
		return p
	}
	p := m.scope.Alloc(len(host))
	m.scope.Write(p, Words(host))
	m.found[&host[0]] = len(m.pairs)
	m.pairs = append(m.pairs, pair{host, p})
	return p
}

// Find returns the address of the copy of an array, 0 if there is none.
func (m *Mirror) Find(host []float32) Ptr {
	if at, ok := m.found[&host[0]]; ok && len(m.pairs[at].host) == len(host) {
		return m.pairs[at].ptr
	}
	return 0
}

// Pull waits for all launches and copies all arrays from the device to the host.
func (m *Mirror) Pull() error {
	for _, p := range m.pairs {
		if err := m.scope.Read(Words(p.host), p.ptr); err != nil {
			return err
		}
	}
	return m.scope.Err()
}
