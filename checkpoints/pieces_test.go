package checkpoints

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"goomtrain/params"
)

// piecesOf cuts an array of float32 at these elements.
func piecesOf(a params.Array, at ...int) (out []params.Array) {
	lo := 0
	for _, hi := range append(at, len(a.Data.([]float32))) {
		out = append(out, params.Array{Name: a.Name, Shape: []int{hi - lo}, Data: a.Data.([]float32)[lo:hi], Whole: a.Shape, Offset: lo})
		lo = hi
	}
	return out
}

// longArray is longer than what is read at a time.
func longArray() params.Array {
	a := params.Array{Name: "long", Shape: []int{3, 40_001}, Data: make([]float32, 3*40_001)}
	for i := range a.Data.([]float32) {
		a.Data.([]float32)[i] = float32(i)
	}
	return a
}

// TestPiecesAreOneTensor: a tensor in pieces, in one file or several, reads as if it were whole: all of it, any range of it,
// its numbers and its bytes.
func TestPiecesAreOneTensor(t *testing.T) {
	dir, a := t.TempDir(), longArray()
	small := params.Array{Name: "small", Shape: []int{2}, Data: []int64{7, 8}}
	empty := params.Array{Name: "empty", Shape: []int{0, 3}, Data: []float32{}}
	pieces := piecesOf(a, 1, 1, 70_000, 70_003)
	write := func(name string, metadata map[string]string, arrays ...params.Array) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, encodeTensors(t, arrays, metadata), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	none := map[string]string{"format": "pt", piecesKey: "{}"}
	whole := write("whole.safetensors", map[string]string{"format": "pt"}, a, small, empty)
	inOne := write("one.safetensors", map[string]string{"format": "pt"}, append(pieces, small, empty)...)
	var inMany string
	for i, arrays := range [][]params.Array{{pieces[3], pieces[0]}, {small, empty}, {pieces[1], pieces[4], pieces[2]}} {
		inMany = write(dividedFile("set", i, 3), none, arrays...)
	}
	reference, err := OpenTensors(whole)
	if err != nil {
		t.Fatal(err)
	}
	defer reference.Close()
	for _, path := range []string{inOne, inMany} {
		f, err := OpenTensors(path)
		if err != nil {
			t.Fatal(err)
		}
		names := f.Names()
		slices.Sort(names)
		if !reflect.DeepEqual(names, []string{"empty", "long", "small"}) || !reflect.DeepEqual(f.Metadata(), map[string]string{"format": "pt"}) {
			t.Errorf("%s: tensors %q, metadata %v", path, names, f.Metadata())
		}
		for _, want := range []params.Array{a, small, empty} {
			got, err := f.Read(want.Name)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %s differs, error %v", path, want.Name, err)
			}
			raw, err := f.Raw(want.Name)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(raw)
			all, _ := reference.Raw(want.Name)
			wantText, _ := io.ReadAll(all)
			if err != nil || !bytes.Equal(text, wantText) {
				t.Errorf("%s: the bytes of %s differ, error %v", path, want.Name, err)
			}
			if v := valuesOf(t, f, want.Name); !reflect.DeepEqual(v, valuesOf(t, reference, want.Name)) {
				t.Errorf("%s: the numbers of %s differ", path, want.Name)
			}
		}
		for _, part := range [][2]int{{0, 1}, {1, 70_000}, {69_999, 70_004}, {0, 0}, {120_002, 120_003}, {5, 119_000}} {
			got := make([]float32, part[1]-part[0])
			if err := f.readRange(f.tensors[f.index["long"]], got, part[0]); err != nil || !slices.Equal(got, a.Data.([]float32)[part[0]:part[1]]) {
				t.Errorf("%s: elements %v differ, error %v", path, part, err)
			}
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := os.Remove(filepath.Join(dir, dividedFile("set", 1, 3))); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenTensors(inMany); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), `the file "set-00002-of-00003.safetensors" of the same set is missing`) {
		t.Errorf("a file is missing: %v", err)
	}
	for _, name := range []string{"set-00000-of-00003.safetensors", "set-00004-of-00003.safetensors", "set-00001-of-01001.safetensors"} {
		if _, err := OpenTensors(write(name, none, small)); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "its name gives it the number") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBadPiecesAreNotWritten: arrays that say that they are pieces of what cannot be.
func TestBadPiecesAreNotWritten(t *testing.T) {
	good := params.Array{Name: "a", Shape: []int{2}, Data: []float32{1, 2}, Whole: []int{2, 3}, Offset: 4}
	if err := WriteTensors(io.Discard, []params.Array{good}, nil); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(a *params.Array){
		"beyond the end":    func(a *params.Array) { a.Offset = 5 },
		"before the begin":  func(a *params.Array) { a.Offset = -1 },
		"two dimensions":    func(a *params.Array) { a.Shape = []int{1, 2} },
		"impossible":        func(a *params.Array) { a.Whole = []int{-1} },
		"nothing":           func(a *params.Array) { a.Whole = []int{} },
		"the same twice":    nil,
		"length is another": func(a *params.Array) { a.Shape = []int{1} },
	} {
		arrays := []params.Array{good, good}
		if change != nil {
			change(&arrays[0])
			arrays = arrays[:1]
		}
		if err := WriteTensors(io.Discard, arrays, nil); err == nil || !strings.Contains(err.Error(), `"a`) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// u8 is the header of tensors of bytes that follow each other, with what the file says of its pieces.
func u8(pieces string, lengths ...int) string {
	text, end := fmt.Sprintf(`{"__metadata__":{%q:%q}`, piecesKey, pieces), 0
	for i, n := range lengths {
		text += fmt.Sprintf(`,"%c":{"dtype":"U8","shape":[%d],"data_offsets":[%d,%d]}`, 'a'+i, n, end, end+n)
		end += n
	}
	return text + "}"
}

// TestDamagedPieces: what files say about their pieces is not trusted.
func TestDamagedPieces(t *testing.T) {
	const w02 = `{"a":{"array":"w","shape":[4],"offset":0}}`
	for _, c := range []struct{ name, one, two, want string }{
		{"good", u8(w02, 2), u8(`{"a":{"array":"w","shape":[4],"offset":2}}`, 2), ""},
		{"a piece of nothing", u8(`{"a":{"array":"w","shape":[4],"offset":0},"b":{"array":"w","shape":[4],"offset":1}}`, 2, 0), u8(`{"a":{"array":"w","shape":[4],"offset":2}}`, 2), ""},
		{"many dimensions", u8(w02, 2), u8(`{"a":{"array":"w","shape":[4`+strings.Repeat(",1", 64)+`],"offset":2}}`, 2), "which is impossible"},
		{"no text", u8(w02, 2), `{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, "does not say which pieces it holds"},
		{"not JSON", u8(w02, 2), u8(`[`, 2), "what it says about its pieces is damaged"},
		{"a list", u8(w02, 2), u8(`[1]`, 2), "what it says about its pieces is damaged"},
		{"not there", u8(w02, 2), u8(`{"z":{"array":"w","shape":[4],"offset":2}}`, 2), `tensor "z": the file lists it as a piece but does not hold it`},
		{"no name", u8(w02, 2), u8(`{"a":{"shape":[4],"offset":2}}`, 2), "without a name"},
		{"before the begin", u8(w02, 2), u8(`{"a":{"array":"w","shape":[4],"offset":-1}}`, 2), "it is said to be elements -1 to 1 of a tensor of 4"},
		{"beyond the end", u8(w02, 2), u8(`{"a":{"array":"w","shape":[4],"offset":3}}`, 2), "it is said to be elements 3 to 5 of a tensor of 4"},
		{"far beyond", u8(w02, 2), u8(`{"a":{"array":"w","shape":[4],"offset":9223372036854775807}}`, 2), "of a tensor of 4"},
		{"offset overflows", u8(w02, 2), u8(`{"a":{"array":"w","shape":[4],"offset":9223372036854775808}}`, 2), "is damaged"},
		{"negative shape", u8(w02, 2), u8(`{"a":{"array":"w","shape":[-4],"offset":0}}`, 2), "which is impossible"},
		{"large shape", u8(w02, 2), u8(`{"a":{"array":"w","shape":[4294967296,536870912],"offset":0}}`, 2), "which is impossible"},
		{"gap", u8(w02, 2), u8(`{"a":{"array":"w","shape":[4],"offset":3}}`, 1), `tensor "w": elements 2 to 3 are in no file`},
		{"gap at the end", u8(w02, 2), u8(`{"a":{"array":"w","shape":[4],"offset":2}}`, 1), `tensor "w": elements 3 to 4 are in no file`},
		{"gap at the begin", u8(`{}`), u8(`{"a":{"array":"w","shape":[4],"offset":2}}`, 2), `tensor "w": elements 0 to 2 are in no file`},
		{"overlap", u8(w02, 2), u8(`{"a":{"array":"w","shape":[4],"offset":1}}`, 3), `tensor "w": elements 1 to 2 are in the set more than once`},
		{"the same twice", u8(w02, 2), u8(w02, 2), `tensor "w": elements 0 to 2 are in the set more than once`},
		{"whole twice", u8(`{}`, 2), u8(`{}`, 2), `tensor "a": elements 0 to 2 are in the set more than once`},
		{"a piece and the whole", u8(w02, 2), `{"__metadata__":{"goomtrain.pieces":"{}"},"w":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, `tensor "w": elements 0 to 2 are in the set more than once`},
		{"other shape", u8(w02, 2), u8(`{"a":{"array":"w","shape":[2,2],"offset":2}}`, 2), "it is of a tensor [2 2] of U8, in [4] of U8"},
		{"two dimensions", u8(w02, 2), `{"__metadata__":{"goomtrain.pieces":"{\"a\":{\"array\":\"w\",\"shape\":[4],\"offset\":2}}"},"a":{"dtype":"U8","shape":[2,1],"data_offsets":[0,2]}}`, "a tensor of shape [2 1] and type \"U8\" cannot be a piece"},
		{"half bytes", u8(w02, 2), `{"__metadata__":{"goomtrain.pieces":"{\"a\":{\"array\":\"w\",\"shape\":[4],\"offset\":2}}"},"a":{"dtype":"F4","shape":[4],"data_offsets":[0,2]}}`, "cannot be a piece"},
		{"unknown type twice", `{"__metadata__":{"goomtrain.pieces":"{}"},"a":{"dtype":"X","shape":[4],"data_offsets":[0,2]}}`, `{"__metadata__":{"goomtrain.pieces":"{}"},"a":{"dtype":"X","shape":[4],"data_offsets":[0,2]}}`, `tensor "a": it is in the set more than once`},
		{"unknown type", `{"__metadata__":{"goomtrain.pieces":"{}"},"a":{"dtype":"X","shape":[4],"data_offsets":[0,2]}}`, u8(`{}`), ""},
	} {
		_, err := openTwo([]byte(c.one), []byte(c.two))
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (!errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n")):
			t.Errorf("%s: got %v, want ...%s...", c.name, err, c.want)
		}
	}
}

// openTwo joins two files with these headers, which get as much data as they ask for, up to 100 bytes.
func openTwo(one, two []byte) (*TensorFile, error) {
	var files []*TensorFile
	for _, header := range [][]byte{one, two} {
		var f *TensorFile
		var err error
		for n := 0; n <= 100; n++ {
			if f, err = openBytes(raw(string(header), n)); err == nil {
				break
			}
		}
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return assemble("set", files)
}

// TestClaimsOfPieces: a piece of a large array allocates nothing for what is not there.
func TestClaimsOfPieces(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := openTwo([]byte(u8(`{"a":{"array":"w","shape":[1000000000000],"offset":0}}`, 2)), []byte(u8(`{"a":{"array":"w","shape":[1000000000000],"offset":999999999998}}`, 2))); !errors.Is(err, ErrCorrupt) {
		t.Error(err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("allocated %d bytes", n)
	}
}

// FuzzPieces: whatever two files say, joining them never panics. What is accepted holds no more bytes than the files.
func FuzzPieces(f *testing.F) {
	add := func(one, two string, n, m int) { f.Add(raw(one, n), raw(two, m)) }
	add(u8(`{"a":{"array":"w","shape":[4],"offset":0}}`, 2), u8(`{"a":{"array":"w","shape":[4],"offset":2}}`, 2), 2, 2)
	add(u8(`{"a":{"array":"w","shape":[2,2],"offset":3},"b":{"array":"w","shape":[2,2],"offset":0}}`, 1, 3, 2), u8(`{}`), 6, 0)
	add(u8(`{"a":{"array":"w","shape":[4],"offset":0}}`, 2), u8(`{"a":{"array":"w","shape":[4],"offset":1}}`, 3), 2, 3)
	add(u8(`{"a":{"array":"w","shape":[0],"offset":0}}`, 0), u8(`{"a":{"array":"w","shape":[4,0],"offset":0}}`, 0), 0, 0)
	f.Fuzz(func(t *testing.T, one, two []byte) {
		var files []*TensorFile
		for _, text := range [][]byte{one, two} {
			file, err := openBytes(text)
			if err != nil {
				return
			}
			files = append(files, file)
		}
		set, err := assemble("set", files)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatalf("not ErrCorrupt: %v", err)
			}
			return
		}
		held := 0
		for _, name := range set.Names() {
			info, _ := set.Info(name)
			r, err := set.Raw(name)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(r)
			if err != nil || int64(len(text)) != info.Bytes {
				t.Fatalf("%d bytes of %d, %v", len(text), info.Bytes, err)
			}
			held += len(text)
			if _, err := set.Read(name); err != nil && !errors.Is(err, ErrMismatch) {
				t.Fatal(err)
			}
		}
		if held > len(one)+len(two) {
			t.Fatalf("%d bytes of files with %d and %d", held, len(one), len(two))
		}
	})
}
