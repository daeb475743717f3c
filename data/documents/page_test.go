package documents

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/format"
)

// header is that of a data page.
func header(version int, encoding format.Encoding, values int64) *pageHeader {
	h := &pageHeader{}
	if version == 2 {
		h.top[1] = 3
		h.in[dataPageV2][1], h.in[dataPageV2][4] = values, int64(encoding)
	} else {
		h.in[dataPage][1], h.in[dataPage][2] = values, int64(encoding)
	}
	return h
}

// uvarints are numbers one after the other.
func uvarints(numbers ...uint64) (b []byte) {
	for _, n := range numbers {
		b = binary.AppendUvarint(b, n)
	}
	return b
}

// TestValuesOfPages: what a few bytes claim is counted before it is allocated.
func TestValuesOfPages(t *testing.T) {
	defer func(before int64) { maxPage = before }(maxPage)
	maxPage = 1 << 20
	deltas := func(numbers ...int32) []byte {
		b, err := (&delta.BinaryPackedEncoding{}).EncodeInt32(nil, numbers)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	same := make([]int32, 1000) // each text shares 1100 bytes with the one before it
	for i := range same {
		same[i] = 1100
	}
	run := uvarints(1000<<1, 1)
	for name, c := range map[string]struct {
		page     []byte
		header   *pageHeader
		nullable int
		want     error
	}{
		"plain":                    {[]byte("\x01\x00\x00\x00x"), header(2, format.Plain, 1), 0, nil},
		"run of indexes":           {append([]byte{1}, run...), header(2, format.RLEDictionary, 1000), 0, nil},
		"no indexes":               {nil, header(2, format.RLEDictionary, 0), 0, nil},
		"padded run":               {append([]byte{1}, run...), header(2, format.RLEDictionary, 1000-maxPadding), 0, nil},
		"long run":                 {append([]byte{1}, run...), header(2, earlyDictionary, 999-maxPadding), 0, errValues},
		"huge run":                 {[]byte("\x01\xfe\xff\xff\xff\x0f\x00"), header(1, format.RLEDictionary, 1000), 0, errValues},
		"largest run":              {append([]byte{1}, uvarints(1<<64-2)...), header(1, format.RLEDictionary, 1000), 0, errValues},
		"largest group":            {append([]byte{1}, uvarints(1<<64-1)...), header(1, format.RLEDictionary, 1000), 0, errValues},
		"many runs":                {append([]byte{1}, bytes.Repeat(run, 3)...), header(1, format.RLEDictionary, 2000), 0, errValues},
		"groups of no bits":        {append([]byte{0}, uvarints(200<<1|1)...), header(1, format.RLEDictionary, 1000), 0, errValues},
		"groups of 3 bits":         {append([]byte{3}, append(uvarints(2<<1|1), 1, 2, 3, 4, 5, 6)...), header(1, format.RLEDictionary, 16), 0, nil},
		"cut head":                 {[]byte{1, 0x80}, header(1, format.RLEDictionary, 16), 0, errDamaged},
		"levels":                   {append(append([]byte{3, 0, 0, 0}, run...), 0), header(1, format.Plain, 1000), 1, nil},
		"long levels":              {append([]byte{7, 0, 0, 0}, "\xfe\xff\xff\xff\x0f\x01\x00"...), header(1, format.Plain, 1000), 1, errValues},
		"levels beyond the page":   {[]byte{7, 0, 0, 0, 1}, header(1, format.Plain, 1000), 1, errDamaged},
		"lengths":                  {deltas(1, 2, 3), header(1, format.DeltaLengthByteArray, 3), 0, nil},
		"too many lengths":         {deltas(1, 2, 3), header(1, format.DeltaLengthByteArray, 2), 0, errValues},
		"lengths cut off":          {deltas(1, 20, 3)[:6], header(1, format.DeltaLengthByteArray, 3), 0, errDamaged},
		"block of no numbers":      {uvarints(0, 4, 3, 0), header(1, format.DeltaLengthByteArray, 3), 0, errDamaged},
		"shared":                   {append(deltas(0, 1), deltas(2, 3)...), header(1, format.DeltaByteArray, 2), 0, nil},
		"shared, too many lengths": {append(deltas(0, 1), deltas(2, 3, 4)...), header(1, format.DeltaByteArray, 2), 0, errValues},
		"shared, long":             {append(deltas(same[:953]...), deltas(same[:953]...)...), header(2, format.DeltaByteArray, 1000), 0, nil},
		"shared, too long":         {append(deltas(same...), deltas(same...)...), header(2, format.DeltaByteArray, 1000), 0, tooLarge()},
		"shared, negative":         {append(deltas(append([]int32{-1 << 20}, same[1:]...)...), deltas(same...)...), header(2, format.DeltaByteArray, 1000), 0, tooLarge()},
		"many blocks":              {append(deltas(make([]int32, 999)...), deltas(same...)...), header(2, format.DeltaByteArray, 1000), 0, nil},
		"no lengths":               {nil, header(2, format.DeltaLengthByteArray, 1), 0, nil},
		"unknown":                  {[]byte{0}, header(2, format.ByteStreamSplit, 1), 0, errors.New("its column is encoded with BYTE_STREAM_SPLIT: write it plain or with a dictionary")},
	} {
		if err := checkValues(c.page, c.header, c.nullable); fmt.Sprint(err) != fmt.Sprint(c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
	}
}

// TestPageOfNulls: the compressed part of a page without values may have no bytes.
func TestPageOfNulls(t *testing.T) {
	for _, codec := range []format.CompressionCodec{format.Uncompressed, format.Snappy, format.Gzip, format.Zstd} {
		if page, err := unpack(codec, nil); len(page) > 0 || err != nil {
			t.Errorf("%s: %d bytes, error %v", codec, len(page), err)
		}
	}
}

// TestPageHeaders: pages of version 2 may be plain in a compressed column, and headers claim only what can be.
func TestPageHeaders(t *testing.T) {
	const yes, no = "\x11", "\x12"
	page := func(values, repetition uint64, compressed string) string {
		h := append([]byte("\x15\x06\x15\x0a\x15\x0a\x5c\x15"), uvarints(2*values)...) // version 2, 5 bytes
		h = append(append(h, "\x15\x00\x15\x02\x15\x00\x15\x00\x15"...), uvarints(2*repetition)...)
		return string(h) + compressed + "\x00\x00" + "\x01\x00\x00\x00x"
	}
	for content, want := range map[string]string{
		page(1, 0, no):                   "",
		page(1, 0, yes):                  "unexpected EOF",
		page(1, 1, no):                   "a page of 5 bytes",
		page(uint64(maxPage/8)+1, 0, no): "a page of 5 bytes, 5 decompressed, with 33554433 values, where 5 are left",
	} {
		err := newSkimmer(strings.NewReader(content), 0, int64(len(content))).page(format.Gzip, 0)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", content, err, want)
		}
	}
}

// TestEncodings: pages of all encodings and both versions are read, and none that claims more values than it has.
func TestEncodings(t *testing.T) {
	type plain struct {
		Text string `parquet:"text,optional,plain"`
	}
	type dictionary struct {
		Text string `parquet:"text,optional,dict"`
	}
	type lengths struct {
		Text string `parquet:"text,optional,delta"`
	}
	for version := 1; version <= 2; version++ {
		for name, file := range map[string][]byte{
			"plain":      optional(t, version, func(s string) plain { return plain{s} }),
			"dictionary": optional(t, version, func(s string) dictionary { return dictionary{s} }),
			"delta":      optional(t, version, func(s string) lengths { return lengths{s} }),
		} {
			n := 0
			read := func(file []byte) error {
				return readParquet(bytes.NewReader(file), int64(len(file)), "text", func(r Row) error {
					if n++; string(r.Text) != fmt.Sprintf("text %d", (n-1)%10) {
						return fmt.Errorf("row %d is %q, %v", n, r.Text, r.Err)
					}
					return nil
				})
			}
			if err := read(file); err != nil || n != 3000 {
				t.Errorf("%s, version %d: %d rows, error %v", name, version, n, err)
			}
			levels, more := uvarints(3000<<1, 1), uvarints(8000<<1, 1)
			if bytes.Count(file, levels) != 1 {
				t.Fatalf("%s, version %d: %d runs of levels", name, version, bytes.Count(file, levels))
			}
			if err := read(bytes.Replace(file, levels, more, 1)); err == nil || !strings.Contains(err.Error(), errValues.Error()) {
				t.Errorf("%s, version %d: error %v", name, version, err)
			}
		}
	}
}

// optional is a table of 3000 rows that may be null, and are not, in one page.
func optional[T any](t *testing.T, version int, row func(string) T) []byte {
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, parquet.DataPageVersion(version), parquet.Compression(&parquet.Uncompressed))
	var list []T
	for i := range 3000 {
		text := fmt.Sprintf("text %d", i%10)
		list = append(list, row(text))
	}
	if _, err := w.Write(list); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
