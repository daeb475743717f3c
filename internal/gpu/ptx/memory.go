package ptx

import (
	"fmt"
	"sort"
)

// Memory is the global memory of a device. Each allocation has a range of addresses of its own, with a gap behind it.
type Memory struct {
	next   uint64
	blocks []*allocation // by address
	inUse  int64
}

// An allocation is words of memory and what is known of each.
type allocation struct {
	base  uint64
	size  uint64 // bytes
	words []uint32
	cells []cell
}

// Generic addresses of shared and of local memory begin at these; those of global memory are higher.
const (
	sharedWindow = 0x600000000000
	localWindow  = 0x610000000000
	firstAddress = 0x7f0000000000
)

const gap = 4096

func newAllocation(base, size uint64) *allocation {
	words := (size + 3) / 4
	return &allocation{base: base, size: size, words: make([]uint32, words), cells: make([]cell, words)}
}

// Alloc returns the address of n bytes that nobody has written, a multiple of 4,096.
func (m *Memory) Alloc(n int64) uint64 {
	if m.next == 0 {
		m.next = firstAddress
	}
	a := newAllocation(m.next, uint64(n))
	m.next += (a.size+gap-1)/gap*gap + gap
	m.blocks = append(m.blocks, a)
	m.inUse += n
	return a.base
}

// Free ends an allocation.
func (m *Memory) Free(address uint64) error {
	for i, a := range m.blocks {
		if a.base == address {
			m.blocks = append(m.blocks[:i], m.blocks[i+1:]...)
			m.inUse -= int64(a.size)
			return nil
		}
	}
	return fmt.Errorf("ptx: free of %#x, which is no allocation", address)
}

// InUse returns the number of bytes allocated.
func (m *Memory) InUse() int64 { return m.inUse }

// find returns the allocation that holds n bytes at an address.
func (m *Memory) find(address, n uint64) (*allocation, error) {
	i := sort.Search(len(m.blocks), func(i int) bool { return m.blocks[i].base > address })
	if i == 0 {
		return nil, fmt.Errorf("address %#x is in no allocation", address)
	}
	a := m.blocks[i-1]
	if at := address - a.base; at+n > a.size {
		return nil, fmt.Errorf("address %#x, %d bytes, ends %d bytes behind an allocation of %d", address, n, at+n-a.size, a.size)
	}
	return a, nil
}

// span returns the allocation that holds so many words at an address, and the index of the first.
func (m *Memory) span(address uint64, words int) (*allocation, uint64, error) {
	a, err := m.find(address, 4*uint64(words))
	if err != nil {
		return nil, 0, err
	}
	if address%4 != 0 {
		return nil, 0, fmt.Errorf("address %#x is no multiple of 4", address)
	}
	return a, (address - a.base) / 4, nil
}

// Write copies words to the device.
func (m *Memory) Write(address uint64, words []uint32) error {
	if len(words) == 0 {
		return nil
	}
	a, at, err := m.span(address, len(words))
	if err != nil {
		return fmt.Errorf("ptx: write: %w", err)
	}
	copy(a.words[at:], words)
	for i := range words {
		a.cells[at+uint64(i)] |= wholeWord
	}
	return nil
}

// Read copies words from the device. It is an error if nobody has written one of them.
func (m *Memory) Read(words []uint32, address uint64) error {
	if len(words) == 0 {
		return nil
	}
	a, at, err := m.span(address, len(words))
	if err != nil {
		return fmt.Errorf("ptx: read: %w", err)
	}
	copy(words, a.words[at:])
	for i := range words {
		if a.cells[at+uint64(i)]&wholeWord != wholeWord {
			return fmt.Errorf("ptx: read of word %d at %#x, which nobody has written", i, address)
		}
	}
	return nil
}
