package documents

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	maxItems = 1 << 20 // of a list of the description
	maxDepth = 16      // of structures in structures
)

var errDamaged = errors.New("it is not well formed")

// A skimmer walks through values of Thrift's compact protocol without storing them
// (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).
type skimmer struct {
	in   *bufio.Reader
	left int64
}

func newSkimmer(in io.ReaderAt, at, size int64) *skimmer {
	return &skimmer{bufio.NewReader(io.NewSectionReader(in, at, size)), size}
}

func (s *skimmer) ReadByte() (byte, error) {
	if s.left == 0 {
		return 0, errDamaged
	}
	s.left--
	return s.in.ReadByte()
}

func (s *skimmer) discard(n int64) error {
	if n < 0 || n > s.left {
		return errDamaged
	}
	s.left -= n
	_, err := io.CopyN(io.Discard, s.in, n)
	return err
}

// structure walks through the fields of a structure, and calls field, unless it is nil, with those that are numbers,
// and with 1 for true and 2 for false: how deep the structure lies, the field of the outermost one that it lies in, and its own number.
func (s *skimmer) structure(depth int, field func(depth, outer, id int, value int64)) error {
	return s.fields(depth, 0, field)
}

func (s *skimmer) fields(depth, outer int, field func(depth, outer, id int, value int64)) error {
	for id := 0; ; {
		head, err := s.ReadByte()
		if err != nil || head == 0 {
			return err
		}
		if step := int(head >> 4); step > 0 {
			id += step
		} else {
			n, err := binary.ReadVarint(s)
			if err != nil {
				return err
			}
			id = int(n)
		}
		kind := head & 15
		if depth == 0 {
			outer = id
		}
		if kind >= 4 && kind <= 6 {
			n, err := binary.ReadVarint(s)
			if err != nil {
				return err
			}
			if field != nil {
				field(depth, outer, id, n)
			}
		} else if kind <= 2 { // true or false, which have no bytes of their own
			if field != nil {
				field(depth, outer, id, int64(kind))
			}
		} else {
			if err := s.value(kind, depth, outer, field); err != nil {
				return err
			}
		}
	}
}

// value walks through a value that is neither a field of a number nor one of a truth value.
func (s *skimmer) value(kind byte, depth, outer int, field func(depth, outer, id int, value int64)) error {
	switch kind {
	case 1, 2, 3:
		return s.discard(1)
	case 4, 5, 6:
		_, err := binary.ReadVarint(s)
		return err
	case 7:
		return s.discard(8)
	case 8:
		n, err := binary.ReadUvarint(s)
		if err != nil || n > uint64(s.left) {
			return errDamaged
		}
		return s.discard(int64(n))
	case 9, 10:
		return s.list(depth, outer, field)
	case 12:
		if depth == maxDepth {
			return errDamaged
		}
		return s.fields(depth+1, outer, field)
	}
	return errDamaged // a map: the format has none
}

func (s *skimmer) list(depth, outer int, field func(depth, outer, id int, value int64)) error {
	head, err := s.ReadByte()
	if err != nil {
		return err
	}
	n := uint64(head >> 4)
	if n == 15 {
		if n, err = binary.ReadUvarint(s); err != nil {
			return err
		}
	}
	if n > maxItems || n > uint64(s.left) {
		return fmt.Errorf("a list of %d items in %d bytes", n, s.left)
	}
	for range n {
		if err := s.value(head&15, depth, outer, field); err != nil {
			return err
		}
	}
	return nil
}
