package bpe

import (
	"container/heap"
	"fmt"
	"maps"
	"slices"

	"goomtrain/internal/printable"
)

const (
	// MinVocab is the smallest vocabulary: the 256 bytes and the separator.
	MinVocab = 257
	// MaxVocab is the largest vocabulary that Train makes.
	MaxVocab = 1 << 20
)

// Train makes a vocabulary of that many tokens, from MinVocab to MaxVocab, from the words that a counter has seen: the 256
// bytes in the order of their letters, then merges, and <|endoftext|> last. Each merge is of the pair of tokens that is most
// frequent in the words; of pairs of the same frequency, of the one whose first token, and then whose second, has the lower
// number. The same words give the same merges, whatever their order. Train returns an error if the words have too few pairs.
//
// Source: Sennrich, Haddow and Birch (2016), arXiv 1508.07909.
func Train(c *Counter, vocab int) (*Vocabulary, error) {
	if vocab < MinVocab || vocab > MaxVocab {
		return nil, fmt.Errorf("a vocabulary of %d tokens: must have from %d (the 256 bytes and a separator) to %d", vocab, MinVocab, MaxVocab)
	}
	t := newTrainer(c.words())
	for len(t.pieces) < vocab-1 {
		if !t.merge() {
			return nil, fmt.Errorf("the text has only enough different words for %s: give more text, or a vocabulary of at most that", printable.Count(len(t.pieces)+1, "token"))
		}
	}
	return &Vocabulary{t.pieces, t.merges}, nil
}

// A Vocabulary is what Train makes.
type Vocabulary struct {
	pieces [][]byte // of each token but the separator, which is the last
	merges []pair
}

// A counted word consists of tokens.
type counted struct {
	tokens []int32
	count  int64
}

// A trainer keeps the frequency of every pair, and where it is.
type trainer struct {
	words  []counted
	counts map[pair]int64
	places map[pair][]int32 // words that have, or had, the pair
	queue  frequencies
	pieces [][]byte
	known  map[string]int32 // pieces
	merges []pair
	made   map[pair]bool
}

func newTrainer(words map[string]int64) *trainer {
	t := &trainer{counts: map[pair]int64{}, places: map[pair][]int32{}, known: map[string]int32{}, made: map[pair]bool{}}
	var first [256]int32
	for i, b := range ordered {
		first[b] = int32(i)
		t.pieces, t.known[string([]byte{b})] = append(t.pieces, []byte{b}), int32(i)
	}
	for _, word := range slices.Sorted(maps.Keys(words)) {
		tokens := make([]int32, len(word))
		for i := range tokens {
			tokens[i] = first[word[i]]
		}
		t.words = append(t.words, counted{tokens, words[word]})
		t.count(int32(len(t.words)-1), 1, func(p pair, word int32) { t.place(p, word) })
	}
	for p, n := range t.counts {
		t.queue = append(t.queue, frequency{n, p})
	}
	heap.Init(&t.queue)
	return t
}

// count adds the pairs of a word to the counts, or takes them away with sign -1, and calls each.
func (t *trainer) count(word int32, sign int64, each func(p pair, word int32)) {
	w := t.words[word]
	for i := 1; i < len(w.tokens); i++ {
		p := pairOf(w.tokens[i-1], w.tokens[i])
		t.counts[p] += sign * w.count
		each(p, word)
	}
}

func (t *trainer) place(p pair, word int32) {
	if at := t.places[p]; len(at) == 0 || at[len(at)-1] != word {
		t.places[p] = append(at, word)
	}
}

// merge makes the next merge. It returns false if no pair is left.
func (t *trainer) merge() bool {
	for len(t.queue) > 0 {
		top := t.queue[0]
		if now := t.counts[top.pair]; now != top.count {
			heap.Pop(&t.queue)
			if now > 0 {
				heap.Push(&t.queue, frequency{now, top.pair})
			}
			continue
		}
		heap.Pop(&t.queue)
		t.make(top.pair)
		return true
	}
	return false
}

// make merges a pair in all words.
func (t *trainer) make(p pair) {
	a, b := p.tokens()
	token := t.tokenOf(slices.Concat(t.pieces[a], t.pieces[b]))
	if !t.made[p] {
		t.made[p] = true
		t.merges = append(t.merges, p)
	}
	changed := map[pair]bool{}
	for _, word := range t.places[p] {
		if !t.has(word, a, b) {
			continue // another merge has taken a token of it
		}
		t.count(word, -1, func(pair, int32) {})
		w := &t.words[word]
		w.tokens = replace(w.tokens, a, b, token)
		t.count(word, 1, func(p pair, word int32) {
			if left, right := p.tokens(); left == token || right == token {
				t.place(p, word)
				changed[p] = true
			}
		})
	}
	delete(t.places, p)
	delete(t.counts, p)
	for p := range changed { // the order is that of the queue
		heap.Push(&t.queue, frequency{t.counts[p], p})
	}
}

// tokenOf returns the token of a piece, which another pair may have made already.
func (t *trainer) tokenOf(piece []byte) int32 {
	token, ok := t.known[string(piece)]
	if !ok {
		token = int32(len(t.pieces))
		t.pieces, t.known[string(piece)] = append(t.pieces, piece), token
	}
	return token
}

func (t *trainer) has(word, a, b int32) bool {
	tokens := t.words[word].tokens
	for i := 1; i < len(tokens); i++ {
		if tokens[i-1] == a && tokens[i] == b {
			return true
		}
	}
	return false
}

// replace replaces a before b by token, from the left, in place.
func replace(tokens []int32, a, b, token int32) []int32 {
	out := tokens[:0]
	for i := 0; i < len(tokens); i++ {
		if tokens[i] == a && i+1 < len(tokens) && tokens[i+1] == b {
			out = append(out, token)
			i++
		} else {
			out = append(out, tokens[i])
		}
	}
	return out
}

// frequency is the count of a pair when it entered the queue. A pair that has become less frequent since enters again when
// it comes to the front, and one that has become more frequent at once.
type frequency struct {
	count int64
	pair  pair
}

// frequencies is a heap: the most frequent first and, of the same count, the one with the lower numbers.
type frequencies []frequency

func (f frequencies) Len() int { return len(f) }
func (f frequencies) Less(i, j int) bool {
	return f[i].count > f[j].count || f[i].count == f[j].count && f[i].pair < f[j].pair
}
func (f frequencies) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *frequencies) Push(x any)   { *f = append(*f, x.(frequency)) }
func (f *frequencies) Pop() any {
	last := len(*f) - 1
	x := (*f)[last]
	*f = (*f)[:last]
	return x
}
