package documents

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"github.com/parquet-go/parquet-go/format"
)

// maxFooter is the most bytes of the description of a Parquet file: some hundred for each column of each group of rows.
const maxFooter = 64 << 20

// maxPage is the most bytes of a page, decompressed; writers make pages of about a megabyte. Tests lower it.
var maxPage int64 = 256 << 20

// checkFooter returns an error unless the description at the end of a Parquet file is whole and claims no more items
// than it can hold. The reader of the format allocates what is claimed.
func checkFooter(in io.ReaderAt, size int64) error {
	var end [8]byte
	if size < 12 {
		return errors.New("the Parquet file is cut off: get the whole file again")
	}
	if _, err := in.ReadAt(end[:], size-8); err != nil {
		return err
	}
	footer := int64(binary.LittleEndian.Uint32(end[:]))
	switch magic := string(end[4:]); {
	case magic == "PARE":
		return errors.New("the Parquet file is encrypted: decrypt it first")
	case magic != "PAR1":
		return errors.New("the Parquet file is cut off, or still being written: get the whole file again")
	case footer > size-12 || footer > maxFooter:
		return fmt.Errorf("the Parquet file is damaged: its description has %d bytes of %d", footer, size)
	}
	s := newSkimmer(in, size-8-footer, footer)
	if err := s.structure(0, nil); err != nil {
		return fmt.Errorf("the Parquet file is damaged: its description: %w", err)
	}
	return nil
}

// checkPages returns an error unless all pages of a column lie in the file and hold what can be allocated. nullable is
// the largest definition level of the column.
func checkPages(in io.ReaderAt, size int64, chunk *format.ColumnMetaData, nullable int) error {
	at := chunk.DataPageOffset
	if chunk.DictionaryPageOffset != 0 {
		at = chunk.DictionaryPageOffset
	}
	total := chunk.TotalCompressedSize
	if at < 4 || total < 0 || at > size || total > size-at {
		return fmt.Errorf("the Parquet file is damaged: a column of %d bytes at %d in a file of %d", total, at, size)
	}
	for s := newSkimmer(in, at, total); s.left > 0; {
		if err := s.page(chunk.Codec, nullable); err != nil {
			return fmt.Errorf("the Parquet file is damaged: %w", err)
		}
	}
	return nil
}

// page passes over a page and checks it.
func (s *skimmer) page(codec format.CompressionCodec, nullable int) error {
	var h pageHeader
	if err := s.structure(0, h.set); err != nil {
		return fmt.Errorf("a page: %w", err)
	}
	packed, unpacked, values, levels := h.top[3], h.top[2], h.values(), h.levels()
	if packed < 0 || packed > s.left || unpacked < 0 || unpacked > maxPage || packed > maxPage || values < 0 || values > maxPage/8 || levels < 0 || levels > packed {
		return fmt.Errorf("a page of %d bytes, %d decompressed, with %d values, where %d are left", packed, unpacked, values, s.left)
	}
	content := make([]byte, packed)
	if _, err := io.ReadFull(s.in, content); err != nil {
		return err
	}
	s.left -= packed
	if err := checkRuns(content[:levels], bits.Len(uint(nullable)), values); err != nil {
		return err
	}
	if h.kind() == dataPageV2 && h.in[dataPageV2][7] == 2 {
		codec = format.Uncompressed
	}
	content, err := unpack(codec, content[levels:])
	if err != nil || h.kind() == dictionaryPage {
		return err
	}
	return checkValues(content, &h, nullable)
}

// The fields of the header of a page that hold the headers of each kind of page.
const (
	dataPage       = 5
	dictionaryPage = 7
	dataPageV2     = 8
)

// A pageHeader is the numbers in the header of a page, by field.
type pageHeader struct {
	top [4]int64    // kind, bytes decompressed, bytes
	in  [9][8]int64 // of the headers of kinds
}

// set takes a field of the header.
func (h *pageHeader) set(depth, outer, id int, value int64) {
	switch {
	case depth == 0 && id > 0 && id < len(h.top):
		h.top[id] = value
	case depth == 1 && outer >= 0 && outer < len(h.in) && id > 0 && id < len(h.in[0]):
		h.in[outer][id] = value
	}
}

// kind is the field of the header of the kind that the page has.
func (h *pageHeader) kind() int {
	switch h.top[1] {
	case 2:
		return dictionaryPage
	case 3:
		return dataPageV2
	}
	return dataPage
}

func (h *pageHeader) values() int64 { return h.in[h.kind()][1] }

// levels is the number of bytes before the compressed part: of definition levels. It is negative, as no page has it, if
// there are repetition levels, which only lists have.
func (h *pageHeader) levels() int64 {
	switch v2 := h.in[dataPageV2]; {
	case h.kind() != dataPageV2:
		return 0
	case v2[6] != 0:
		return -1
	default:
		return v2[5]
	}
}

func (h *pageHeader) encoding() format.Encoding {
	if h.kind() == dataPageV2 {
		return format.Encoding(h.in[dataPageV2][4])
	}
	return format.Encoding(h.in[dataPage][2])
}
