package checkpoints

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"goomtrain/params"
)

const (
	metadataKey  = "__metadata__"
	maxHeader    = 100_000_000 // bytes; the limit of the format's reference implementation
	bufferLength = 1 << 18     // bytes encoded or decoded at a time
)

// WriteTensors writes arrays in the safetensors format: 8 bytes little-endian length of the header,
// the header in JSON padded with spaces to 8 bytes, the data. The bytes depend on the arrays'
// content only, not on their order: widest type first, then by name, as the Python library writes.
//
// A piece of an array is stored as NAME[LO:HI], and the metadata says of what it is a piece.
//
// It streams: apart from the header it holds one small buffer. It returns the writer's error as it
// is, or one that names the array that cannot be stored.
func WriteTensors(w io.Writer, arrays []params.Array, metadata map[string]string) error {
	if err := checkArrays(arrays); err != nil {
		return err
	}
	arrays = slices.Clone(arrays)
	slices.SortFunc(arrays, func(a, b params.Array) int {
		ta, _, _ := arrayType(a.Data) // checked above
		tb, _, _ := arrayType(b.Data)
		return cmp.Or(cmp.Compare(writeOrder[ta], writeOrder[tb]), cmp.Compare(tensorName(a), tensorName(b)))
	})
	metadata, err := withPieces(metadata, arrays)
	if err != nil {
		return err
	}
	header, err := encodeHeader(arrays, metadata)
	if err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	buffer := make([]byte, bufferLength)
	for _, a := range arrays {
		dtype, length, _ := arrayType(a.Data)
		width := int(dtypeBits[dtype] / 8)
		for from := 0; from < length; {
			n := encode(buffer, a.Data, from)
			if _, err := w.Write(buffer[:n*width]); err != nil {
				return err
			}
			from += n
		}
	}
	return nil
}

// checkArray refuses one array that the format cannot hold.
func checkArray(a params.Array) error {
	if a.Name == "" || a.Name == metadataKey || !utf8.ValidString(a.Name) {
		return fmt.Errorf("array name %s cannot be stored: names are UTF-8, not empty, not %s", quote(a.Name), metadataKey)
	}
	_, length, err := arrayType(a.Data)
	if err != nil {
		return fmt.Errorf("array %s: %w", quote(a.Name), err)
	}
	if a.Whole != nil {
		whole, ok := elements(a.Whole)
		if !ok || a.Offset < 0 || len(a.Shape) != 1 || uint64(a.Offset)+uint64(length) > whole {
			return fmt.Errorf("array %s: %d elements from element %d on, in shape %s, cannot be a piece of shape %s", quote(a.Name), length, a.Offset, shapeText(a.Shape), shapeText(a.Whole))
		}
	}
	if size, ok := elements(a.Shape); !ok || size != uint64(length) {
		return fmt.Errorf("array %s: the data has %d elements, which is not the product of shape %s", quote(a.Name), length, shapeText(a.Shape))
	}
	return nil
}

// encodeHeader returns the length field and the padded header of sorted arrays.
func encodeHeader(arrays []params.Array, metadata map[string]string) ([]byte, error) {
	var b bytes.Buffer
	b.Write(make([]byte, 8)) // the length, known at the end
	text := json.NewEncoder(&b)
	text.SetEscapeHTML(false) // names travel as they are
	put := func(v any) error {
		if err := text.Encode(v); err != nil {
			return err
		}
		b.Truncate(b.Len() - 1) // Encode ends with a newline
		return nil
	}
	separator := byte('{')
	key := func(name string) error {
		b.WriteByte(separator)
		separator = ','
		if err := put(name); err != nil {
			return err
		}
		b.WriteByte(':')
		return nil
	}
	if len(metadata) > 0 {
		for k, v := range metadata {
			if !utf8.ValidString(k) || !utf8.ValidString(v) {
				return nil, fmt.Errorf("metadata %s = %s is not UTF-8", quote(k), quote(v))
			}
		}
		if err := key(metadataKey); err != nil {
			return nil, err
		}
		if err := put(metadata); err != nil { // sorted by key
			return nil, err
		}
	}
	type entry struct {
		DType   DType    `json:"dtype"`
		Shape   []int    `json:"shape"`
		Offsets [2]int64 `json:"data_offsets"`
	}
	end := int64(0)
	for _, a := range arrays {
		dtype, length, _ := arrayType(a.Data)
		begin := end
		end += int64(length) * int64(dtypeBits[dtype]/8)
		if err := key(tensorName(a)); err != nil {
			return nil, err
		}
		// A scalar's shape is [], not null.
		if err := put(entry{dtype, append([]int{}, a.Shape...), [2]int64{begin, end}}); err != nil {
			return nil, err
		}
	}
	if separator == '{' {
		b.WriteByte('{')
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	if b.Len()-8 > maxHeader {
		return nil, fmt.Errorf("the header of %d arrays has %d bytes; the format allows %d", len(arrays), b.Len()-8, maxHeader)
	}
	header := b.Bytes()
	binary.LittleEndian.PutUint64(header, uint64(len(header)-8))
	return header, nil
}
