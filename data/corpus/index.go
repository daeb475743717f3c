package corpus

import (
	"encoding/binary"
	"errors"
	"fmt"

	"goomtrain/data/documents"
	"goomtrain/internal/printable"
)

// An index says where the documents are in the row of tokens.
type index struct {
	documents []indexed
	skipped   skipped
}

// indexed is one document of an index.
type indexed struct {
	tokens int
	bytes  int64 // of text
	rows   []Row // nil: it is not a file of rows
}

// skipped counts the rows that were left out because they have no text.
type skipped struct {
	count int
	first string // of them: where it is and why
}

func (s *skipped) add(what string) {
	if s.count++; s.count == 1 {
		s.first = printable.Short(what, 300)
	}
}

// newIndex returns the index of documents without tokens.
func newIndex(docs []document) *index {
	x := &index{documents: make([]indexed, len(docs))}
	for i, d := range docs {
		if d.format.Layout == documents.Text {
			x.documents[i].bytes = d.size
		} else {
			x.documents[i].rows = []Row{}
		}
	}
	return x
}

// hasRows reports whether there are files of rows.
func hasRows(docs []document) bool {
	for _, d := range docs {
		if d.format.Layout != documents.Text {
			return true
		}
	}
	return false
}

// add adds the tokens of a piece to its document.
func (x *index) add(p *piece) {
	d := &x.documents[p.doc]
	for _, part := range p.parts {
		d.tokens += part.tokens
		if d.rows == nil {
			continue
		}
		if part.first {
			d.rows = append(d.rows, Row{ID: part.id})
		}
		d.rows[len(d.rows)-1].Len += part.tokens
		d.bytes += int64(part.size)
	}
}

// append writes the index of a corpus with files of rows. All numbers but the IDs, of 8 bytes each, little-endian, are
// unsigned varints:
//
//	for each document: bytes of text, rows + 1, or 0 for a file that is one text
//	  the tokens of the text, or for each row: tokens, ID
//	rows left out, length of a text about the first, that text
func (x *index) append(b []byte) []byte {
	for _, d := range x.documents {
		b = binary.AppendUvarint(b, uint64(d.bytes))
		if d.rows == nil {
			b = binary.AppendUvarint(append(b, 0), uint64(d.tokens))
			continue
		}
		b = binary.AppendUvarint(b, uint64(len(d.rows))+1)
		for _, r := range d.rows {
			b = binary.LittleEndian.AppendUint64(binary.AppendUvarint(b, uint64(r.Len)), r.ID)
		}
	}
	b = binary.AppendUvarint(b, uint64(x.skipped.count))
	b = binary.AppendUvarint(b, uint64(len(x.skipped.first)))
	return append(b, x.skipped.first...)
}

var errIndex = errors.New("its table of documents is damaged")

// read is the inverse of append, for documents with total tokens. It trusts nothing.
func (x *index) read(b []byte, total uint64) error {
	number := func(limit uint64) uint64 {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > limit {
			b = nil
			return limit + 1
		}
		b = b[size:]
		return n
	}
	for i := range x.documents {
		d := &x.documents[i]
		bytes, rows := number(1<<62), number(uint64(len(b)))
		switch {
		case b == nil || (rows > 0) != (d.rows != nil) || (rows-1)*9 > uint64(len(b)) && rows > 0:
			return errIndex
		case rows == 0:
			d.tokens = int(number(total))
			total -= uint64(d.tokens)
		default:
			d.rows = make([]Row, rows-1)
			for r := range d.rows {
				n := number(total)
				if n > total || n == 0 || len(b) < 8 {
					return errIndex
				}
				d.rows[r] = Row{ID: binary.LittleEndian.Uint64(b), Len: int(n)}
				b, total, d.tokens = b[8:], total-n, d.tokens+int(n)
			}
		}
		if b == nil {
			return errIndex
		}
		d.bytes = int64(bytes)
	}
	x.skipped.count = int(number(1 << 62))
	size := number(uint64(len(b)))
	if b == nil || size != uint64(len(b)) || total != 0 {
		return errIndex
	}
	x.skipped.first = printable.Line(string(b))
	return nil
}

// readLengths reads the index of a corpus without files of rows: the tokens of each document.
func (x *index) readLengths(b []byte, total uint64) error {
	for i := range x.documents {
		n := binary.LittleEndian.Uint64(b[8*i:])
		if n == 0 || n > total {
			return fmt.Errorf("document %d has %d tokens, %d are left", i, n, total)
		}
		x.documents[i].tokens, total = int(n), total-n
	}
	if total != 0 {
		return fmt.Errorf("%d tokens belong to no document", total)
	}
	return nil
}
