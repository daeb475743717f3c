package checkpoints

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"goomtrain/params"
)

// sample has every type, an empty tensor, a scalar, special floats and names that JSON escapes.
func sample() []params.Array {
	return []params.Array{
		{Name: "bytes", Shape: []int{3}, Data: []uint8{0, 7, 255}},
		{Name: "layers.0.weight", Shape: []int{2, 3}, Data: []float32{0, float32(math.Copysign(0, -1)), 1.5, float32(math.Inf(1)), math.SmallestNonzeroFloat32, math.MaxFloat32}},
		{Name: "exact", Shape: []int{2, 1}, Data: []float64{math.Pi, math.Inf(-1)}},
		{Name: "step", Shape: []int{}, Data: []int64{math.MinInt64}},
		{Name: "empty", Shape: []int{0, 5}, Data: []float32{}},
		{Name: "a \"quoted\" <é>\n", Shape: []int{1}, Data: []int32{math.MinInt32}},
	}
}

func encodeTensors(t testing.TB, arrays []params.Array, metadata map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteTensors(&b, arrays, metadata); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// raw assembles a file by hand: length, header as given, data.
func raw(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	b = append(b, header...)
	for i := range data {
		b = append(b, byte(i))
	}
	return b
}

func openBytes(b []byte) (*TensorFile, error) {
	return NewTensorFile(bytes.NewReader(b), int64(len(b)), "test.safetensors")
}

func TestTensorsRoundTrip(t *testing.T) {
	want := sample()
	metadata := map[string]string{"format": "pt", "note": "<é>"}
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := os.WriteFile(path, encodeTensors(t, want, metadata), 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := OpenTensors(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !reflect.DeepEqual(f.Metadata(), metadata) {
		t.Errorf("metadata %v", f.Metadata())
	}
	if len(f.Names()) != len(want) {
		t.Errorf("names %q", f.Names())
	}
	for _, a := range want {
		got, err := f.Read(a.Name)
		if err != nil || !reflect.DeepEqual(got, a) {
			t.Errorf("Read(%q) = %v, %v; want %v", a.Name, got, err, a)
		}
		info, _ := f.Info(a.Name)
		if width := int64(dtypeBits[info.DType] / 8); info.Offset%width != 0 {
			t.Errorf("%q of %s begins at %d: not aligned", a.Name, info.DType, info.Offset)
		}
	}
	if _, err := f.Read("absent"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent tensor: %v", err)
	}
	reversed := slices.Clone(want)
	slices.Reverse(reversed)
	if !bytes.Equal(encodeTensors(t, reversed, metadata), encodeTensors(t, want, metadata)) {
		t.Error("the bytes depend on the order of the arrays")
	}
}

// A tensor longer than the buffer, of a length that does not divide it.
func TestTensorsLongerThanTheBuffer(t *testing.T) {
	long := make([]float32, 3*bufferLength/4+17)
	small := make([]uint8, bufferLength+1)
	for i := range long {
		long[i] = float32(i)
	}
	for i := range small {
		small[i] = uint8(i * 7)
	}
	f, err := openBytes(encodeTensors(t, []params.Array{{Name: "l", Shape: []int{len(long)}, Data: long}, {Name: "s", Shape: []int{len(small)}, Data: small}}, nil))
	if err != nil {
		t.Fatal(err)
	}
	gotLong, gotSmall := make([]float32, len(long)), make([]uint8, len(small))
	if err := errors.Join(f.ReadInto("l", gotLong), f.ReadInto("s", gotSmall)); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(long, gotLong) || !slices.Equal(small, gotSmall) {
		t.Error("read other values than written")
	}
	wide := make([]float64, len(long))
	if err := f.ReadInto("l", wide); err != nil || wide[len(wide)-1] != float64(long[len(long)-1]) {
		t.Errorf("widened to float64: %v, %v", wide[len(wide)-1], err)
	}
}

// The bytes that the format's reference implementation writes for the same tensors: key order, no
// blanks, padding with spaces, types widest first, metadata first.
func TestHeaderIsAsThePythonLibraryWrites(t *testing.T) {
	six := []float32{0, 1, 2, 3, 4, 5}
	for _, tc := range []struct {
		name     string
		arrays   []params.Array
		metadata map[string]string
		header   string
	}{
		{"no padding needed", []params.Array{{Name: "attn.0", Shape: []int{1, 2, 3}, Data: six}}, nil,
			`{"attn.0":{"dtype":"F32","shape":[1,2,3],"data_offsets":[0,24]}}`},
		{"padded", []params.Array{{Name: "attn0", Shape: []int{1, 1, 2, 3}, Data: six}}, nil,
			`{"attn0":{"dtype":"F32","shape":[1,1,2,3],"data_offsets":[0,24]}}       `},
		{"nothing", nil, nil, `{}      `},
		{"metadata only", nil, map[string]string{"framework": "pt"}, `{"__metadata__":{"framework":"pt"}}     `},
		{"widest first", []params.Array{{Name: "a", Shape: []int{1}, Data: []uint8{1}}, {Name: "b", Data: []int64{1}}}, nil,
			`{"b":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"a":{"dtype":"U8","shape":[1],"data_offsets":[8,9]}}       `},
	} {
		b := encodeTensors(t, tc.arrays, tc.metadata)
		n := binary.LittleEndian.Uint64(b)
		if got := string(b[8 : 8+n]); got != tc.header {
			t.Errorf("%s: header\n%q, want\n%q", tc.name, got, tc.header)
		}
		if _, err := openBytes(b); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

func TestReadsWhatOthersWrite(t *testing.T) {
	// Any order of names, blanks, keys in another order, an unread type among the others, no padding.
	header := ` { "z" : {"shape":[2],"data_offsets":[8,10],"dtype":"BOOL"}, "a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},` +
		`"__metadata__":{},"s":{"dtype":"U8","shape":[],"data_offsets":[10,11]},"e":{"dtype":"F16","shape":[0],"data_offsets":[8,8]} }  `
	f, err := openBytes(raw(header[1:], 11))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(f.Names(), " "); got != "a e z s" {
		t.Errorf("names in the order of the data: %s", got)
	}
	if s, err := f.Read("s"); err != nil || s.Data.([]uint8)[0] != 10 {
		t.Errorf("scalar: %v, %v", s, err)
	}
	if _, err := f.Read("z"); !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), "BOOL") {
		t.Errorf("a type that is not read: %v", err)
	}
}

// Values of IEEE 754 binary16 and of bfloat16, from their definitions.
func TestHalfFloats(t *testing.T) {
	for _, tc := range []struct {
		dtype DType
		bits  uint16
		want  float64
	}{
		{F16, 0x0000, 0}, {F16, 0x8000, math.Copysign(0, -1)}, {F16, 0x3c00, 1}, {F16, 0xc000, -2}, {F16, 0x7bff, 65504},
		{F16, 0x0001, 0x1p-24}, {F16, 0x03ff, 1023 * 0x1p-24}, {F16, 0x0400, 0x1p-14}, {F16, 0x3555, 1365.0 / 4096},
		{F16, 0x7c00, math.Inf(1)}, {F16, 0xfc00, math.Inf(-1)}, {F16, 0x7e00, math.NaN()},
		{BF16, 0x3f80, 1}, {BF16, 0x8000, math.Copysign(0, -1)}, {BF16, 0x4049, 3.140625}, {BF16, 0x0001, 0x1p-133}, {BF16, 0xff80, math.Inf(-1)}, {BF16, 0x7fc0, math.NaN()},
	} {
		b := raw(fmt.Sprintf(`{"x":{"dtype":%q,"shape":[1],"data_offsets":[0,2]}}`, tc.dtype), 0)
		b = binary.LittleEndian.AppendUint16(b, tc.bits)
		f, err := openBytes(b)
		if err != nil {
			t.Fatal(err)
		}
		a, err := f.Read("x")
		wide := make([]float64, 1)
		if err := errors.Join(err, f.ReadInto("x", wide)); err != nil {
			t.Fatal(err)
		}
		got := float64(a.Data.([]float32)[0])
		same := func(x float64) bool {
			return math.Float64bits(x) == math.Float64bits(tc.want) || x != x && tc.want != tc.want
		}
		if !same(got) || !same(wide[0]) {
			t.Errorf("%s %04x: float32 %v, float64 %v, want %v", tc.dtype, tc.bits, got, wide[0], tc.want)
		}
	}
}

func TestReadIntoRefuses(t *testing.T) {
	f, err := openBytes(encodeTensors(t, sample(), nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		dst  any
		want string
	}{
		{"exact", make([]float32, 2), "stored as F64, which cannot be read into []float32 without loss"},
		{"layers.0.weight", make([]float32, 5), "shape [2 3], 6 elements, but is read into 5"},
		{"bytes", make([]int32, 3), "stored as U8, which cannot be read into []int32"},
		{"step", []int{0}, "type []int cannot be stored"},
		{"none", make([]float32, 2), "is not among the 6 tensors"},
	} {
		if err := f.ReadInto(tc.name, tc.dst); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s into %T: got %v, want ...%s...", tc.name, tc.dst, err, tc.want)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	one := []float32{1}
	for _, tc := range []struct {
		arrays   []params.Array
		metadata map[string]string
		want     string
	}{
		{[]params.Array{{Name: "", Data: one}}, nil, "names are UTF-8, not empty"},
		{[]params.Array{{Name: "__metadata__", Data: one}}, nil, "__metadata__"},
		{[]params.Array{{Name: "\xff", Data: one}}, nil, "UTF-8"},
		{[]params.Array{{Name: "a", Data: one}, {Name: "a", Data: one}}, nil, `two arrays have the name "a"`},
		{[]params.Array{{Name: "a", Shape: []int{2}, Data: one}}, nil, "1 elements, which is not the product of shape [2]"},
		{[]params.Array{{Name: "a", Shape: []int{-1, -1}, Data: one}}, nil, "[-1 -1]"},
		{[]params.Array{{Name: "a", Shape: []int{math.MaxInt, 2, 0}, Data: []float32{}}}, nil, "not the product"},
		{[]params.Array{{Name: "a", Data: []string{"x"}}}, nil, "type []string cannot be stored"},
		{nil, map[string]string{"a": "\xff"}, "not UTF-8"},
	} {
		if err := WriteTensors(io.Discard, tc.arrays, tc.metadata); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("got %v, want ...%s...", err, tc.want)
		}
	}
}

// readAll reads every tensor that has a readable type and a name that may be written.
func readAll(t testing.TB, f *TensorFile) []params.Array {
	t.Helper()
	var arrays []params.Array
	for _, name := range f.Names() {
		a, err := f.Read(name)
		if errors.Is(err, ErrMismatch) || name == "" {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		arrays = append(arrays, a)
	}
	return arrays
}
