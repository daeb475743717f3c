package corpus

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// tokens is a row of numbers of 1, 2 or 4 bytes each, little-endian: as narrow as the vocabulary allows.
type tokens struct {
	data  []byte
	width int
}

// tokenWidth is the number of bytes that hold any token of a vocabulary.
func tokenWidth(vocab int) int {
	switch {
	case vocab <= 1<<8:
		return 1
	case vocab <= 1<<16:
		return 2
	default:
		return 4
	}
}

func (t tokens) len() int {
	if t.width == 0 {
		return 0
	}
	return len(t.data) / t.width
}

// copy writes the tokens from number at on to dst.
func (t tokens) copy(dst []int32, at int) {
	src := t.data[at*t.width : (at+len(dst))*t.width]
	switch t.width {
	case 1:
		for i, b := range src {
			dst[i] = int32(b)
		}
	case 2:
		for i := range dst {
			dst[i] = int32(binary.LittleEndian.Uint16(src[2*i:]))
		}
	default:
		for i := range dst {
			dst[i] = int32(binary.LittleEndian.Uint32(src[4*i:]))
		}
	}
}

// appendToken is the inverse of copy, one token at a time.
func appendToken(row []byte, token int32, width int) []byte {
	switch width {
	case 1:
		return append(row, byte(token))
	case 2:
		return binary.LittleEndian.AppendUint16(row, uint16(token))
	default:
		return binary.LittleEndian.AppendUint32(row, uint32(token))
	}
}

// A Span is a stretch of a corpus, in tokens.
type Span struct{ Start, Len int }

// A Stream is the concatenation of several spans of a corpus. It holds no tokens of its own: Copy reads those of the
// corpus.
type Stream struct {
	corpus *Corpus
	spans  []Span
	ends   []int // ends[i]: where spans[i] ends in the stream
}

// Stream returns the concatenation of spans. It panics if one lies outside the corpus.
func (c *Corpus) Stream(spans []Span) *Stream {
	s, end := &Stream{corpus: c}, 0
	for _, span := range spans {
		if span.Start < 0 || span.Len < 0 || span.Start > c.Len()-span.Len {
			panic(fmt.Sprintf("corpus: span %+v of a corpus of %d tokens", span, c.Len()))
		}
		if span.Len == 0 {
			continue
		}
		end += span.Len
		s.spans, s.ends = append(s.spans, span), append(s.ends, end)
	}
	return s
}

// Len is the number of tokens.
func (s *Stream) Len() int {
	if len(s.ends) == 0 {
		return 0
	}
	return s.ends[len(s.ends)-1]
}

// Copy writes the tokens from number at on to dst. It panics if they reach over an end.
func (s *Stream) Copy(dst []int32, at int) {
	if at < 0 || at > s.Len()-len(dst) {
		panic(fmt.Sprintf("corpus: tokens %d to %d of a stream of %d", at, at+len(dst), s.Len()))
	}
	i, _ := slices.BinarySearch(s.ends, at+1) // the first span that ends behind token at
	for len(dst) > 0 {
		span, left := s.spans[i], s.ends[i]-at
		n := min(left, len(dst))
		s.corpus.tokens.copy(dst[:n], span.Start+span.Len-left)
		dst, at, i = dst[n:], at+n, i+1
	}
}
