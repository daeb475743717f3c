package documents

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/format"
)

// maxPadding is more values than writers add to the end of a row of runs.
const maxPadding = 512

// earlyDictionary is what early versions of the format call RLEDictionary.
const earlyDictionary format.Encoding = 2

// unpack decompresses a page. It is an error if there is more than maxPage of it, whatever its header says, because the
// reader of the format allocates what comes out.
func unpack(codec format.CompressionCodec, packed []byte) ([]byte, error) {
	if len(packed) == 0 { // as of a page of nulls
		return nil, nil
	}
	var in io.Reader
	switch codec {
	case format.Uncompressed:
		return packed, nil
	case format.Snappy: // it begins with the size that is allocated for it
		n, err := snappy.DecodedLen(packed)
		if err == nil && int64(n) > maxPage {
			return nil, tooLarge()
		} else if err != nil {
			return nil, err
		}
		return snappy.Decode(nil, packed)
	case format.Gzip:
		out, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			return nil, err
		}
		in = out
	case format.Zstd:
		out, err := newZstd(bytes.NewReader(packed))
		if err != nil {
			return nil, err
		}
		defer out.Close()
		in = out
	default:
		return nil, fmt.Errorf("its column is compressed with %s: write it with Zstandard, Snappy or gzip", codec)
	}
	page, err := io.ReadAll(io.LimitReader(in, maxPage+1))
	if int64(len(page)) > maxPage {
		return nil, tooLarge()
	}
	return page, err
}

func tooLarge() error {
	return fmt.Errorf("a page decompresses to more than %d MiB", maxPage>>20)
}

var errValues = errors.New("a page has more values than its header says")

// checkValues returns an error if the values of a data page, which may have a few bytes for millions, are more than its
// header says, or longer than a page may be. The reader of the format allocates what they claim. The levels of a page
// of version 1 stand before its values, where the column has any.
func checkValues(page []byte, h *pageHeader, nullable int) error {
	if h.kind() == dataPage && nullable > 0 {
		if len(page) < 4 || uint64(binary.LittleEndian.Uint32(page)) > uint64(len(page)-4) {
			return errDamaged
		}
		n := binary.LittleEndian.Uint32(page)
		if err := checkRuns(page[4:4+n], bits.Len(uint(nullable)), h.values()); err != nil {
			return err
		}
		page = page[4+n:]
	}
	if len(page) == 0 { // all are null
		return nil
	}
	switch h.encoding() {
	case format.Plain:
		return nil
	case earlyDictionary, format.RLEDictionary: // numbers of entries of the dictionary
		return checkRuns(page[1:], int(page[0]), h.values())
	case format.DeltaLengthByteArray:
		_, err := skipDeltas(page, h.values())
		return err
	case format.DeltaByteArray: // lengths of what each text shares with the one before it, lengths of the rest
		rest, err := skipDeltas(page, h.values())
		if err != nil {
			return err
		}
		if _, err := skipDeltas(rest, h.values()); err != nil {
			return err
		}
		shared, err := (&delta.BinaryPackedEncoding{}).DecodeInt32(nil, page)
		if err != nil {
			return err
		}
		size := int64(0)
		for _, n := range shared {
			if size += int64(max(0, n)); size > maxPage {
				return tooLarge()
			}
		}
		return nil
	}
	return fmt.Errorf("its column is encoded with %s: write it plain or with a dictionary", h.encoding())
}

// checkRuns counts the values of runs: of one value, or of groups of eight, packed in bits.
func checkRuns(b []byte, width int, values int64) error {
	limit := uint64(values) + maxPadding
	for count := uint64(0); len(b) > 0; {
		head, n := binary.Uvarint(b)
		if n <= 0 {
			return errDamaged
		}
		run, size := head>>1, uint64(width+7)/8
		if head&1 == 1 {
			if run > limit {
				return errValues
			}
			run, size = 8*run, run*uint64(width)
		}
		if run > limit || count+run > limit {
			return errValues
		}
		count += run
		b = b[n:]
		b = b[min(size, uint64(len(b))):] // the padding of the last one may be missing
	}
	return nil
}

// skipDeltas passes over numbers that are stored as differences, packed in bits, and returns what follows.
func skipDeltas(b []byte, values int64) ([]byte, error) {
	number := func() (n uint64) {
		n, size := binary.Uvarint(b)
		b = b[max(0, size):]
		return n
	}
	block, minis, total := number(), number(), number()
	number() // the first
	if block == 0 || block%128 != 0 || block > 1<<16 || minis == 0 || block/minis%32 != 0 {
		return nil, errDamaged
	}
	if total > uint64(values) {
		return nil, errValues
	}
	left := int64(total) - 1
	for left > 0 {
		number() // the smallest difference
		if uint64(len(b)) < minis {
			return nil, errDamaged
		}
		widths := b[:minis]
		b = b[minis:]
		for i := 0; i < len(widths) && left > 0; i++ {
			size := block / minis * uint64(widths[i]) / 8
			if size > uint64(len(b)) {
				return nil, errDamaged
			}
			b = b[size:]
			left -= int64(block / minis)
		}
	}
	return b, nil
}
