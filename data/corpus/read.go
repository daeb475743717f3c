package corpus

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"goomtrain/data/documents"
)

// A reader reads documents and cuts them into pieces.
type reader struct {
	field   string
	limit   int // of bad rows
	skipped *skipped
	count   func(n int) // of bytes read; nil: nobody counts
}

// read yields the pieces of a document until yield says no.
func (r *reader) read(d document, yield func(*piece) bool) error {
	if d.format.Layout != documents.Text {
		return r.readRows(d, yield)
	}
	err := d.pieces(r.count, func(text []byte, first bool) bool {
		return yield(&piece{text: text, parts: []part{{size: len(text), first: first}}})
	})
	if err != nil {
		return fmt.Errorf("%s: %w", d.Path, err)
	}
	return nil
}

// readRows yields the rows of a file, several in a piece. The file must still have the content that was scanned.
func (r *reader) readRows(d document, yield func(*piece) bool) error {
	f, err := documents.Open(d.Path, d.format, r.count)
	if err != nil {
		return err
	}
	defer f.Close()
	unit := "line"
	if d.format.Layout == documents.Parquet {
		unit = "row"
	}
	hash, c := sha256.New(), cutter{yield: yield}
	var bad error
	err = f.Rows(r.field, hash, func(row documents.Row) error {
		switch {
		case row.Err != nil && r.skipped.count == r.limit:
			bad = fmt.Errorf("%s, %s %d: %w (-skip-bad-rows N leaves out up to N such rows)", d.Path, unit, row.Number, row.Err)
			return bad
		case row.Err != nil:
			r.skipped.add(fmt.Sprintf("%s, %s %d: %v", d.Name, unit, row.Number, row.Err))
			return nil
		}
		return c.add(row.Text)
	})
	if err == nil {
		err = c.flush()
	}
	switch {
	case bad != nil:
		return bad
	case errors.Is(err, errStop):
		return nil
	case err != nil:
		return fmt.Errorf("%s: %w", d.Path, err)
	case d.sum != (scanned{format: d.format, sum: Content(hash.Sum(nil))}).content(r.field):
		return fmt.Errorf("%s: %w", d.Path, errChanged)
	}
	return nil
}

// errStop ends the reading of rows whose pieces nobody wants any more.
var errStop = errors.New("stopped")

// A cutter puts texts into pieces of about pieceSize bytes: many short ones into one, and a long one into several.
type cutter struct {
	piece piece
	yield func(*piece) bool
}

func (c *cutter) add(text []byte) error {
	sum := sha256.Sum256(text)
	id := binary.LittleEndian.Uint64(sum[:])
	for first := true; len(text) > 0; first = false {
		n := cutRow(text)
		c.piece.text, c.piece.parts = append(c.piece.text, text[:n]...), append(c.piece.parts, part{size: n, first: first, id: id})
		text = text[n:]
		if len(c.piece.text) >= pieceSize {
			if err := c.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush yields what is not yet yielded.
func (c *cutter) flush() error {
	full := c.piece
	c.piece = piece{}
	if len(full.parts) > 0 && !c.yield(&full) {
		return errStop
	}
	return nil
}
