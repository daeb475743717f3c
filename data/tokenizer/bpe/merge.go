package bpe

import (
	"container/heap"
	"math"
	"slices"
)

// A pair is two tokens that stand side by side, the first in the upper half.
type pair uint64

func pairOf(a, b int32) pair { return pair(uint64(uint32(a))<<32 | uint64(uint32(b))) }

func (p pair) tokens() (a, b int32) { return int32(p >> 32), int32(uint32(p)) }

// A merge is what becomes of a pair. Those of lower rank are made first.
type merge struct{ rank, token int32 }

// A part is a token of a word that is being merged, in a list linked in both directions.
type part struct {
	token      int32 // -1: merged into the part before it
	prev, next int32 // -1: none
}

// A candidate is a pair that may be merged.
type candidate struct {
	rank, at int32
	is       pair // when it was found; the parts may have changed since
}

// A merger merges the bytes of a word. Its memory is used again from word to word.
type merger struct {
	parts []part
	queue candidates

	tokens []int32 // of a short word
	found  []merge // found[i] is the merge of tokens i and i+1, or none
}

// shortWord is the length of words, in bytes, up to which looking at all pairs for each merge is faster than a heap.
const shortWord = 48

var none = merge{rank: math.MaxInt32}

// appendShort is append for a short word. It takes O(n^2) steps.
func (m *merger) appendShort(tokens []int32, word []byte, t *Tokenizer) []int32 {
	m.tokens, m.found = m.tokens[:0], m.found[:0]
	for i, b := range word {
		m.tokens = append(m.tokens, t.single[b])
		if i > 0 {
			m.found = append(m.found, t.find(m.tokens[i-1], m.tokens[i]))
		}
	}
	for {
		best, at := none, 0
		for i, f := range m.found {
			if f.rank < best.rank {
				best, at = f, i
			}
		}
		if best == none {
			return append(tokens, m.tokens...)
		}
		m.tokens[at] = best.token
		m.tokens, m.found = slices.Delete(m.tokens, at+1, at+2), slices.Delete(m.found, at, at+1)
		if at > 0 {
			m.found[at-1] = t.find(m.tokens[at-1], best.token)
		}
		if at < len(m.found) {
			m.found[at] = t.find(best.token, m.tokens[at+1])
		}
	}
}

// find returns the merge of two tokens, or none.
func (t *Tokenizer) find(a, b int32) merge {
	if found, ok := t.merges[pairOf(a, b)]; ok {
		return found
	}
	return none
}

// candidates is a heap: the lowest rank first and, of one rank, the leftmost.
type candidates []candidate

func (c candidates) Len() int { return len(c) }
func (c candidates) Less(i, j int) bool {
	return c[i].rank < c[j].rank || c[i].rank == c[j].rank && c[i].at < c[j].at
}
func (c candidates) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c *candidates) Push(x any)   { *c = append(*c, x.(candidate)) }
func (c *candidates) Pop() any {
	last := len(*c) - 1
	x := (*c)[last]
	*c = (*c)[:last]
	return x
}

// append appends the tokens of a word. It takes O(n log n) steps for n bytes, and gives what appendShort does.
func (m *merger) append(tokens []int32, word []byte, t *Tokenizer) []int32 {
	m.parts, m.queue = m.parts[:0], m.queue[:0]
	for i, b := range word {
		m.parts = append(m.parts, part{t.single[b], int32(i) - 1, int32(i) + 1})
	}
	m.parts[len(word)-1].next = -1
	for i := range m.parts {
		if c, ok := m.at(int32(i), t); ok {
			m.queue = append(m.queue, c)
		}
	}
	heap.Init(&m.queue)
	for len(m.queue) > 0 {
		c := heap.Pop(&m.queue).(candidate)
		if now, ok := m.at(c.at, t); !ok || now.is != c.is {
			continue // a part of it was merged with another
		}
		left := &m.parts[c.at]
		right := &m.parts[left.next]
		left.token, right.token = t.merges[c.is].token, -1
		if left.next = right.next; left.next >= 0 {
			m.parts[left.next].prev = c.at
		}
		for _, i := range [2]int32{left.prev, c.at} {
			if i < 0 {
				continue
			}
			if c, ok := m.at(i, t); ok {
				heap.Push(&m.queue, c)
			}
		}
	}
	for i := int32(0); i >= 0; i = m.parts[i].next {
		tokens = append(tokens, m.parts[i].token)
	}
	return tokens
}

// at returns the candidate of a part and the next one.
func (m *merger) at(i int32, t *Tokenizer) (candidate, bool) {
	a := m.parts[i]
	if a.token < 0 || a.next < 0 {
		return candidate{}, false
	}
	is := pairOf(a.token, m.parts[a.next].token)
	found, ok := t.merges[is]
	return candidate{found.rank, i, is}, ok
}
