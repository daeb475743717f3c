package documents

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/parquet-go/parquet-go/format"
)

// maxFooter is the most bytes of the description of a Parquet file: some hundred for each column of each group of rows.
const maxFooter = 64 << 20

// maxPage is the most bytes of a page, decompressed; writers make pages of about a megabyte. Tests lower it.
var maxPage int64 = 256 << 20

// deflateRatio is more than gzip can compress.
const deflateRatio = 1040

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

// checkPages returns an error unless all pages of a column lie in the file and have sizes that can be allocated.
func checkPages(in io.ReaderAt, size int64, chunk *format.ColumnMetaData) error {
	at := chunk.DataPageOffset
	if chunk.DictionaryPageOffset != 0 {
		at = chunk.DictionaryPageOffset
	}
	total := chunk.TotalCompressedSize
	if at < 4 || total < 0 || at > size || total > size-at {
		return fmt.Errorf("the Parquet file is damaged: a column of %d bytes at %d in a file of %d", total, at, size)
	}
	for s := newSkimmer(in, at, total); s.left > 0; {
		var header pageHeader
		if err := s.structure(0, header.set); err != nil {
			return fmt.Errorf("the Parquet file is damaged: a page: %w", err)
		}
		packed, unpacked := header.compressed, header.uncompressed
		if packed < 0 || packed > s.left || unpacked < 0 || unpacked > maxPage || packed > maxPage || header.values < 0 || header.values > maxPage/8 || header.levels < 0 || header.levels > packed {
			return fmt.Errorf("the Parquet file is damaged: a page of %d bytes, %d decompressed, with %d values, where %d are left", packed, unpacked, header.values, s.left)
		}
		if err := s.discard(header.levels); err != nil {
			return err
		}
		if err := s.unpack(chunk.Codec, packed-header.levels); err != nil {
			return err
		}
	}
	return nil
}

// A pageHeader is what matters of the header of a page.
type pageHeader struct {
	uncompressed, compressed, values int64
	levels                           int64 // bytes before the compressed part
}

// set takes a field of the header. The headers of data pages, dictionaries and data pages of version 2 are structures
// in it, with the number of values first.
func (h *pageHeader) set(depth, outer, id int, value int64) {
	switch {
	case depth == 0 && id == 2:
		h.uncompressed = value
	case depth == 0 && id == 3:
		h.compressed = value
	case depth == 1 && id == 1 && (outer == 5 || outer == 7 || outer == 8):
		h.values = value
	case depth == 1 && outer == 8 && (id == 5 || id == 6):
		h.levels += value
	}
}

// unpack reads the compressed part of a page. It returns an error if it decompresses to more than maxPage, whatever the
// header says, because the reader of the format allocates what comes out.
func (s *skimmer) unpack(codec format.CompressionCodec, size int64) error {
	s.left -= size
	packed := bufio.NewReader(io.LimitReader(s.in, size))
	defer io.Copy(io.Discard, packed)
	var out io.Reader
	switch codec {
	case format.Uncompressed:
		return nil
	case format.Snappy: // it begins with the size that is allocated for it
		if n, err := binary.ReadUvarint(packed); err == nil && n > uint64(maxPage) {
			return tooLarge()
		}
		return nil
	case format.Gzip:
		if size < maxPage/deflateRatio {
			return nil
		}
		in, err := gzip.NewReader(packed)
		if err != nil {
			return nil // not compressed, or damaged, which the reader of the format says
		}
		out = in
	case format.Zstd:
		in, err := newZstd(packed)
		if err != nil {
			return nil
		}
		defer in.Close()
		out = in
	default:
		return fmt.Errorf("its column is compressed with %s: write it with Zstandard, Snappy or gzip", codec)
	}
	if n, _ := io.Copy(io.Discard, io.LimitReader(out, maxPage+1)); n > maxPage {
		return tooLarge()
	}
	return nil
}

func tooLarge() error {
	return fmt.Errorf("the Parquet file is damaged: a page decompresses to more than %d MiB", maxPage>>20)
}
