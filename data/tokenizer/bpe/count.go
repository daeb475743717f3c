package bpe

import (
	"sync"

	"goomtrain/data/corpus"
	"goomtrain/data/tokenizer"
)

// maxWord is the length of the longest word that is counted, in bytes. Longer ones, such as lines of data in base64, have
// nothing in common with others, and could fill the memory.
const maxWord = 256

// A Counter counts the words of text. Its methods may be called by several goroutines at once. The memory that it needs
// grows with the number of different words.
type Counter struct {
	mu   sync.Mutex
	free []map[string]*int64 // one for each goroutine that has counted at the same time
}

// Add counts the words of a text.
func (c *Counter) Add(text []byte) {
	counts := c.take()
	defer c.put(counts)
	for len(text) > 0 {
		good := tokenizer.ValidPrefix(text)
		for valid := text[:good]; len(valid) > 0; {
			n := gpt2Pattern.next(valid)
			if word := valid[:n]; n > 1 && n <= maxWord { // one byte has no pairs
				if count := counts[string(word)]; count != nil {
					*count++
				} else {
					one := int64(1)
					counts[string(word)] = &one
				}
			}
			valid = valid[n:]
		}
		text = text[min(good+1, len(text)):] // a byte that is not UTF-8 is a token
	}
}

func (c *Counter) take() map[string]*int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last := len(c.free) - 1; last >= 0 {
		counts := c.free[last]
		c.free = c.free[:last]
		return counts
	}
	return map[string]*int64{}
}

func (c *Counter) put(counts map[string]*int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.free = append(c.free, counts)
}

// words returns the counts of all words.
func (c *Counter) words() map[string]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	total := map[string]int64{}
	for _, counts := range c.free {
		for word, n := range counts {
			total[word] += *n
		}
	}
	return total
}

// Load counts the words of a corpus on all cores: of the files that are text and, where they are files of rows, of the
// field. It returns the corpus's notes and the number of bytes of text. The options' Tokenizer and CacheDir have no effect.
func (c *Counter) Load(files []corpus.File, o corpus.Options) (notes []string, bytes int64, err error) {
	o.Tokenizer, o.CacheDir = counting{c}, "off"
	loaded, err := corpus.Load(files, o)
	if err != nil {
		return nil, 0, err
	}
	return loaded.Notes, loaded.Bytes, loaded.Close()
}

// counting gives a corpus no tokens but its separators, so that no text is kept in memory.
type counting struct{ *Counter }

func (counting) Name() string          { return "counting" }
func (counting) Vocab() int            { return 257 } // two bytes a token: the corpus allocates no memory beforehand
func (counting) Decode([]int32) []byte { return nil }
func (counting) Bytes(int32) int       { return 0 }
func (counting) Separator() int32      { return 256 }
func (c counting) Encode(text []byte) []int32 {
	c.Add(text)
	return nil
}
