package checkpoints

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
)

// Each damaged file is refused with an error that is ErrCorrupt, names the file and the tensor, and says
// what is wrong.
func TestDamagedHeaders(t *testing.T) {
	const ok = `"dtype":"F32","shape":[1],"data_offsets":[0,4]`
	for _, tc := range []struct {
		name, header string
		data         int
		want         string
	}{
		{"not an object", `[]`, 0, "does not start with '{'"},
		{"empty", ``, 0, "does not start with '{'"},
		{"blanks", `   `, 0, "does not start with '{'"},
		{"not text", "{\"\xff\":{" + ok + "}}", 4, "not UTF-8"},
		{"cut JSON", `{"a":{` + ok, 4, "not valid JSON"},
		{"comma too many", `{"a":{` + ok + `},}`, 4, "not valid JSON"},
		{"more after the end", `{"a":{` + ok + `}}{}`, 4, "continues after"},
		{"twice", `{"a":{` + ok + `},"a":{` + ok + `}}`, 4, `tensor "a": the name occurs twice`},
		{"twice by escape", `{"a":{` + ok + `},"\u0061":{` + ok + `}}`, 4, `tensor "a": the name occurs twice`},
		{"field twice", `{"a":{` + ok + `,"dtype":"F32"}}`, 4, `tensor "a": dtype occurs twice`},
		{"deep", `{"a":` + strings.Repeat(`{"a":`, 100000), 0, "nested deeper than 128 levels"},
		{"deep shape", `{"a":{"shape":` + strings.Repeat(`[`, 100000), 0, "is not an integer"},
		{"no dtype", `{"a":{"shape":[1],"data_offsets":[0,4]}}`, 4, "lacks its dtype, shape or data_offsets"},
		{"no shape", `{"a":{"dtype":"F32","data_offsets":[0,4]}}`, 4, "lacks its dtype, shape or data_offsets"},
		{"no offsets", `{"a":{"dtype":"F32","shape":[1]}}`, 4, "lacks its dtype, shape or data_offsets"},
		{"null", `{"a":null}`, 0, "where '{' belongs"},
		{"dtype empty", `{"a":{"dtype":"","shape":[1],"data_offsets":[0,4]}}`, 4, `its dtype is "", not the name of a type`},
		{"dtype number", `{"a":{"dtype":7,"shape":[1],"data_offsets":[0,4]}}`, 4, `its dtype is "7", not the name of a type`},
		{"dtype unknown, beyond the end", `{"a":{"dtype":"F31","shape":[1],"data_offsets":[0,5]}}`, 4, `its data ends at byte 5`},
		{"dtype unknown, product overflows", `{"a":{"dtype":"F31","shape":[4294967296,4294967296],"data_offsets":[0,4]}}`, 4, "more elements than can be counted"},
		{"shape negative", `{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, 4, `shape has "-1"`},
		{"shape fraction", `{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}`, 4, `shape has "1.0"`},
		{"shape text", `{"a":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}`, 4, `is not an integer`},
		{"shape too long", `{"a":{"dtype":"F32","shape":[1` + strings.Repeat(",1", 64) + `],"data_offsets":[0,4]}}`, 4, `more than 64 numbers`},
		{"shape beyond int64", `{"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4]}}`, 4, "is not an integer"},
		{"product overflows", `{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, 0, "more elements than can be counted"},
		{"product wraps to the right size", `{"a":{"dtype":"U8","shape":[4611686018427387905,4],"data_offsets":[0,4]}}`, 4, "more elements than can be counted"},
		{"bytes wrap", `{"a":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}}`, 0, "more elements than can be counted"},
		{"offsets swapped", `{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, 4, "end (0) before they begin (4)"},
		{"offsets negative", `{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}`, 4, "is not an integer"},
		{"offsets overflow", `{"a":{"dtype":"F32","shape":[1],"data_offsets":[18446744073709551612,18446744073709551616]}}`, 4, "is not an integer"},
		{"one offset", `{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}`, 4, "data_offsets has 1 numbers"},
		{"three offsets", `{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}`, 4, "more than 2 numbers"},
		{"size differs", `{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4, "shape [2] of F32 needs 8 bytes but data_offsets give it 4"},
		{"half a byte", `{"a":{"dtype":"F4","shape":[1],"data_offsets":[0,1]}}`, 1, "needs 1 bytes"},
		{"overlap", `{"a":{` + ok + `},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}`, 6, `tensor "b": its data begins at 2, inside the data of tensor "a"`},
		{"same place", `{"a":{` + ok + `},"b":{` + ok + `}}`, 4, `tensor "b": its data begins at 0, inside`},
		{"hole", `{"a":{` + ok + `},"b":{"dtype":"U8","shape":[1],"data_offsets":[5,6]}}`, 6, `tensor "b": its data begins at 5, but the data before it ends at 4: there is a gap`},
		{"hole first", `{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2, "there is a gap"},
		{"beyond the end", `{"a":{` + ok + `}}`, 3, `tensor "a": its data ends at byte 4 of the data, but the file has only 3`},
		{"bytes to spare", `{"a":{` + ok + `}}`, 5, "1 bytes follow after the last tensor"},
		{"metadata not text", `{"__metadata__":{"a":1}}`, 0, `metadata "a" must be one text`},
		{"metadata twice", `{"__metadata__":{},"__metadata__":{}}`, 0, "occurs twice"},
		{"metadata key twice", `{"__metadata__":{"a":"","a":""}}`, 0, `metadata "a" must be one text`},
		{"metadata null, then more", `{"__metadata__":null,"__metadata__":{}}`, 0, "occurs twice"},
		{"metadata text null", `{"__metadata__":{"a":null}}`, 0, `metadata "a" must be one text`},
		{"metadata a list", `{"__metadata__":[]}`, 0, "where '{' belongs"},
		{"long name", `{"` + strings.Repeat("n", 5000) + `":null}`, 0, "where '{' belongs"},
	} {
		_, err := openBytes(raw(tc.header, tc.data))
		switch {
		case err == nil:
			t.Errorf("%s: accepted", tc.name)
		case !errors.Is(err, ErrCorrupt) || !strings.HasPrefix(err.Error(), "test.safetensors: ") || !strings.Contains(err.Error(), tc.want):
			t.Errorf("%s: got %v, want ...%s...", tc.name, err, tc.want)
		case len(err.Error()) > 600 || strings.Contains(err.Error(), "\n"):
			t.Errorf("%s: the error is not one readable line: %.200q", tc.name, err)
		}
	}
}

// Every prefix of a valid file is refused, and so is every extension.
func TestEveryTruncation(t *testing.T) {
	whole := encodeTensors(t, sample(), map[string]string{"format": "pt"})
	for n := range whole {
		if _, err := openBytes(whole[:n]); !errors.Is(err, ErrCorrupt) {
			t.Errorf("the first %d of %d bytes: got %v", n, len(whole), err)
		}
	}
	if _, err := openBytes(append(bytes.Clone(whole), 0)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("one byte more: got %v", err)
	}
	if _, err := openBytes(whole); err != nil {
		t.Error(err)
	}
}

// A file that shrinks after it was opened: reading says so.
func TestCutAfterOpening(t *testing.T) {
	whole := encodeTensors(t, sample(), nil)
	r := &shrinking{bytes.NewReader(whole)}
	f, err := NewTensorFile(r, int64(len(whole)), "test.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	r.Reader = bytes.NewReader(whole[:len(whole)-1])
	if _, err := f.Read("bytes"); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), `tensor "bytes": the file ends at byte`) {
		t.Errorf("got %v", err)
	}
}

// shrinking lets a test put other content under an open file.
type shrinking struct{ *bytes.Reader }

// Every byte of the length and the header, each bit flipped and replaced by what JSON gives a meaning: an
// error that is ErrCorrupt, or another valid file (a letter of a name changed) all of whose tensors
// can be read or are refused in words.
func TestEveryFlippedHeaderByte(t *testing.T) {
	whole := encodeTensors(t, sample(), map[string]string{"format": "pt"})
	end := 8 + int(binary.LittleEndian.Uint64(whole))
	refused, tried := 0, 0
	for i := range end {
		values := []byte("\x00\xff \"\\{}[],:.-0189eu")
		for bit := range 8 {
			values = append(values, whole[i]^1<<bit)
		}
		for _, value := range values {
			if value == whole[i] {
				continue
			}
			tried++
			b := bytes.Clone(whole)
			b[i] = value
			f, err := openBytes(b)
			if err != nil {
				refused++
				if !errors.Is(err, ErrCorrupt) {
					t.Fatalf("byte %d set to %q: %v", i, value, err)
				}
				continue
			}
			for _, name := range f.Names() {
				if _, err := f.Read(name); err != nil && !errors.Is(err, ErrMismatch) {
					t.Fatalf("byte %d set to %q: %v", i, value, err)
				}
			}
		}
	}
	if refused < tried/2 {
		t.Errorf("only %d of %d changes were noticed", refused, tried)
	}
}

// What a header claims allocates nothing: only what the file really holds does.
func TestClaimsDoNotAllocate(t *testing.T) {
	claims := [][]byte{
		binary.LittleEndian.AppendUint64(nil, maxHeader), // 100 MB of header in an 8-byte file
		binary.LittleEndian.AppendUint64(nil, math.MaxUint64),
		raw(`{"a":{"dtype":"F32","shape":[1000000000],"data_offsets":[0,4000000000]}}`, 4),
		raw(`{"a":{"dtype":"F32","shape":[0,1000000000],"data_offsets":[0,0]},"b":{"dtype":"U8","shape":[9000000000],"data_offsets":[0,9000000000]}}`, 4),
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, b := range claims {
		if _, err := openBytes(b); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%.80q: got %v", b, err)
		}
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("allocated %d bytes for files of under 200 bytes", n)
	}
}

// FuzzTensors: whatever the bytes, opening and reading never panic, never read more elements than the
// file has bytes (two a byte of four-bit numbers), and a file that is accepted survives being written and read again.
func FuzzTensors(f *testing.F) {
	f.Add(encodeTensors(f, sample(), map[string]string{"format": "pt"}))
	f.Add(encodeTensors(f, nil, nil))
	f.Add(raw(`{"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"F16","shape":[1],"data_offsets":[4,6]}}`, 6))
	f.Add(raw(`{"a":{"dtype":"BOOL","shape":[],"data_offsets":[0,1]},"__metadata__":{"x":"y"}}`, 1))
	f.Add(raw(`{"a":{"dtype":"U8","shape":[0,4611686018427387905,4],"data_offsets":[0,0]}}`, 0))
	f.Add(raw(`{"a":{"dtype":"F31","shape":[9223372036854775807],"data_offsets":[0,3]}}`, 3))
	f.Add(raw(` {"__metadata__":null,"a":{"more":[{"x":null}],"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1))
	for dtype, bits := range typeBits {
		f.Add(raw(fmt.Sprintf(`{"a":{"dtype":%q,"shape":[4,2],"data_offsets":[0,%d]}}`, dtype, bits), bits))
	}
	f.Add(raw(`{"a":{"dtype":"U8","shape":[4611686018427387905,4],"data_offsets":[0,4]}}`, 4))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := openBytes(b)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatalf("not ErrCorrupt: %v", err)
			}
			return
		}
		for _, name := range file.Names() {
			info, _ := file.Info(name)
			switch _, err := file.Values(name); {
			case err == nil:
				if n := len(valuesOf(t, file, name)); n > 2*len(b) {
					t.Fatalf("%d numbers of %s from %d bytes", n, info.DType, len(b))
				}
			case !errors.Is(err, ErrMismatch):
				t.Fatal(err)
			}
			if r, err := file.Raw(name); err != nil || r.Size() != info.Bytes {
				t.Fatalf("%d raw bytes of %d, %v", r.Size(), info.Bytes, err)
			}
		}
		arrays := readAll(t, file)
		elements := 0
		for _, a := range arrays {
			_, n, _ := arrayType(a.Data)
			elements += n
		}
		if elements > len(b) {
			t.Fatalf("%d elements from %d bytes", elements, len(b))
		}
		again, err := openBytes(encodeTensors(t, arrays, file.Metadata()))
		if err != nil {
			t.Fatalf("written again: %v", err)
		}
		first, second := encodeTensors(t, arrays, nil), encodeTensors(t, readAll(t, again), nil)
		if !bytes.Equal(first, second) {
			t.Fatal("other values after writing and reading again")
		}
	})
}
