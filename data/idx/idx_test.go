package idx

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"goomtrain/internal/regular/regulartest"
)

func ExampleRead() {
	file := "\x00\x00\x08\x02" + "\x00\x00\x00\x02" + "\x00\x00\x00\x03" + "abcdef"
	a, err := Read(strings.NewReader(file))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Dims, string(a.Data))
	// Output: [2 3] abcdef
}

func compress(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(text)) // a buffer's Write never fails
	z.Close()
	return b.String()
}

const good = "\x00\x00\x08\x01\x00\x00\x00\x05hello"

func TestRead(t *testing.T) {
	for name, file := range map[string]string{"plain": good, "gzip": compress(good)} {
		a, err := Read(strings.NewReader(file))
		if err != nil || !slices.Equal(a.Dims, []int{5}) || string(a.Data) != "hello" {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
}

func TestOpenRefusesAPipe(t *testing.T) {
	pipe := regulartest.Pipe(t)
	regulartest.AtOnce(t, func() {
		if _, err := Open(pipe); err == nil || !strings.Contains(err.Error(), "is a named pipe, not a file") {
			t.Errorf("error %v", err)
		}
	})
}

func TestRefusals(t *testing.T) {
	for file, want := range map[string]string{
		"":                                 "header is cut off",
		good[:3]:                           "header is cut off",
		good[:6]:                           "cut off in dimension 1 of 1",
		good[:len(good)-1]:                 "need 5 bytes, there are 4",
		good + "x":                         "continues after its 5 bytes",
		"PK\x03\x04":                       "begins with 50 4b 03 04",
		"\x00\x00\x0d\x01\x00\x00":         "type 0x0d",
		"\x00\x00\x08\x00":                 "has 0 dimensions",
		"\x00\x00\x08\xff":                 "has 255 dimensions",
		"\x00\x00\x08\x01\x00\x00\x00\x00": "dimension 1 of 1 is 0",
		"\x00\x00\x08\x02\xff\xff\xff\xff\xff\xff\xff\xff": "its dimensions [4294967295] promise more than 2147483648 bytes",
		"\x00\x00\x08\x01\x80\x00\x00\x00x":                "need 2147483648 bytes, there are 1",
		"\x00\x00\x08\x02\x00\x00\x00\x02\x80\x00\x00\x00": "its dimensions [2 2147483648] promise",
		"\x00\x01" + good[2:]:                              "begins with 00 01 08 01",
		"\x01\x00" + good[2:]:                              "begins with 01 00 08 01",
		"\x00\x00\x08\x09":                                 "has 9 dimensions; 1 to 8 are read",
		"\x00\x00\x08\x01\x7f\xff\xff\xffx":                "need 2147483647 bytes, there are 1",
		"\x1f\x8b":                                         "damaged gzip header",
		compress(good)[:20]:                                "unexpected EOF",
		compress(good + "x"):                               "continues after",
		compress(good) + "trailing junk":                   "gzip",
	} {
		if a, err := Read(strings.NewReader(file)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, error %v, want one with %q", file, a, err, want)
		}
	}
}

// TestEightDimensions: the most that are read.
func TestEightDimensions(t *testing.T) {
	file, want := "\x00\x00\x08\x08", []int{1, 2, 1, 1, 3, 1, 1, 1}
	for _, d := range want {
		file += "\x00\x00\x00" + string(rune(d))
	}
	a, err := Read(strings.NewReader(file + "abcdef"))
	if err != nil || !slices.Equal(a.Dims, want) || string(a.Data) != "abcdef" {
		t.Errorf("%+v, %v", a, err)
	}
}

// TestEveryByteOfGzipCounts: a gzip file with any bit of its data or checksum flipped is refused or gives
// the same array; it never gives another one.
func TestEveryByteOfGzipCounts(t *testing.T) {
	file := compress(good)
	for i := range file {
		for bit := range 8 {
			bad := []byte(file)
			bad[i] ^= 1 << bit
			if a, err := Read(bytes.NewReader(bad)); err == nil && string(a.Data) != "hello" {
				t.Errorf("bit %d of byte %d: %+v", bit, i, a)
			}
		}
	}
}

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.gz")
	if _, err := Open(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	for _, file := range []string{good, compress(good), "x"} {
		if err := os.WriteFile(path, []byte(file), 0o666); err != nil {
			t.Fatal(err)
		}
		if a, err := Open(path); (err == nil) != (file != "x") || err == nil && string(a.Data) != "hello" || err != nil && !strings.HasPrefix(err.Error(), path) {
			t.Errorf("%q: %+v, %v", file, a, err)
		}
	}
}

// TestOpenIf: the elements of an array that is not accepted are not read, not even of a file that is cut off before them.
func TestOpenIf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, []byte("\x00\x00\x08\x02\x00\x00\x00\x02\x00\x00\x00\x03"), 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := OpenIf(path, func(dims []int) error { return fmt.Errorf("refused %v", dims) })
	if err == nil || err.Error() != path+": refused [2 3]" {
		t.Errorf("error %v", err)
	}
	if _, err := OpenIf(path, func([]int) error { return nil }); err == nil || !strings.Contains(err.Error(), "it is cut off") {
		t.Errorf("of accepted dimensions: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(compress(good)))
	f.Add([]byte("\x00\x00\x08\x03\xff\xff\xff\xff\x00\x00\x00\x01\x00\x00\x00\x01"))
	f.Fuzz(func(t *testing.T, file []byte) {
		a, err := Read(bytes.NewReader(file))
		if err != nil {
			return
		}
		size := 1
		for _, d := range a.Dims {
			size *= d
		}
		if size != len(a.Data) || size < 1 {
			t.Errorf("dimensions %v with %d bytes", a.Dims, len(a.Data))
		}
	})
}
