package checkpoints

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"
)

// typeBits are the types of the format and the bits of their elements, from its own documentation.
var typeBits = map[DType]int{
	"BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8,
	"F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "C64": 64, "F64": 64, "I64": 64, "U64": 64,
}

// fileOf is a file of one tensor "x" with these bytes.
func fileOf(t testing.TB, dtype DType, elements int, data []byte) *TensorFile {
	t.Helper()
	header := fmt.Sprintf(`{"x":{"dtype":%q,"shape":[%d],"data_offsets":[0,%d]}}`, dtype, elements, len(data))
	f, err := openBytes(append(raw(header, 0), data...))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// valuesOf reads all numbers of a tensor.
func valuesOf(t testing.TB, f *TensorFile, name string) []Value {
	t.Helper()
	r, err := f.Values(name)
	if err != nil {
		t.Fatal(err)
	}
	var all []Value
	for {
		chunk, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, chunk...)
	}
	if int64(len(all)) != r.Count {
		t.Fatalf("%d numbers, Count is %d", len(all), r.Count)
	}
	return all
}

// Every type of the format is known with its size, and every one but F6 can be decoded.
func TestEveryType(t *testing.T) {
	for dtype, bits := range typeBits {
		f := fileOf(t, dtype, 8, make([]byte, bits))
		if !dtype.Known() {
			t.Errorf("%s is not known", dtype)
		}
		r, err := f.Values("x")
		if packed := strings.HasPrefix(string(dtype), "F6_"); (err != nil) != packed || err != nil && !errors.Is(err, ErrMismatch) {
			t.Errorf("%s: %v", dtype, err)
		} else if err == nil && dtype != "C64" && r.Count != 8 {
			t.Errorf("%s: %d numbers, want 8", dtype, r.Count)
		}
	}
	if n := len(dtypeBits); n != len(typeBits) {
		t.Errorf("%d types are known, the format has %d", n, len(typeBits))
	}
}

// Codes and their numbers, from the papers and specifications that define the types.
func TestValues(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		dtype DType
		data  string
		want  []float64
	}{
		{"BOOL", "\x00\x01\x02", []float64{0, 1, 2}},
		{"U8", "\x00\xff", []float64{0, 255}},
		{"I8", "\x7f\x80\xff", []float64{127, -128, -1}},
		{"U16", "\x01\x00\xff\xff", []float64{1, 65535}},
		{"I16", "\xff\x7f\x00\x80", []float64{32767, -32768}},
		{"U32", "\xff\xff\xff\xff", []float64{1<<32 - 1}},
		{"I32", "\x00\x00\x00\x80", []float64{math.MinInt32}},
		{"F16", "\x01\x00\xff\x7b\x00\xfc", []float64{0x1p-24, 65504, -inf}},
		{"BF16", "\x80\x3f\x01\x00", []float64{1, 0x1p-133}},
		{"F32", "\x00\x00\x80\x3f\x01\x00\x00\x00", []float64{1, math.SmallestNonzeroFloat32}},
		{"C64", "\x00\x00\x80\x3f\x00\x00\x00\xc0", []float64{1, -2}},
		{"F64", "\x18\x2d\x44\x54\xfb\x21\x09\x40", []float64{math.Pi}},
		{"F8_E4M3", "\x00\x01\x07\x08\x38\x7e\x7f\x80\xfe\xff", []float64{0, 0x1p-9, 7 * 0x1p-9, 0x1p-6, 1, 448, nan, 0, -448, nan}},
		{"F8_E5M2", "\x01\x03\x04\x3c\x7b\x7c\x7d\x7f\xfb\xfc\xfe", []float64{0x1p-16, 3 * 0x1p-16, 0x1p-14, 1, 57344, inf, nan, nan, -57344, -inf, nan}},
		{"F8_E4M3FNUZ", "\x00\x01\x08\x40\x7f\x80\x81\xff", []float64{0, 0x1p-10, 0x1p-7, 1, 240, nan, -0x1p-10, -240}},
		{"F8_E5M2FNUZ", "\x01\x04\x40\x7f\x80\xff", []float64{0x1p-17, 0x1p-15, 1, 57344, nan, -57344}},
		{"F8_E8M0", "\x00\x7f\x80\xfe\xff", []float64{0x1p-127, 1, 2, 0x1p127, nan}},
		{"F4", "\x10\x32\x54\x76\x98\xfe", []float64{0, 0.5, 1, 1.5, 2, 3, 4, 6, 0, -0.5, -4, -6}},
	} {
		got := valuesOf(t, fileOf(t, c.dtype, len(c.data)*8/typeBits[c.dtype], []byte(c.data)), "x")
		same := func(v Value, x float64) bool { return v.Equal(Value{Hi: x}) }
		if !slices.EqualFunc(got, c.want, same) {
			t.Errorf("%s % x: %v, want %v", c.dtype, c.data, got, c.want)
		}
	}
}

// Whole types against definitions of another kind: E5M2 is the upper byte of a binary16, and the magnitudes of
// every small float rise with their codes.
func TestSmallFloats(t *testing.T) {
	var codes [256]byte
	for i := range codes {
		codes[i] = byte(i)
	}
	for i, v := range valuesOf(t, fileOf(t, F8E5M2, 256, codes[:]), "x") {
		if want := float64(halfToFloat(uint16(i) << 8)); !v.Equal(Value{Hi: want}) || want == 0 && math.Signbit(v.Hi) != math.Signbit(want) {
			t.Errorf("F8_E5M2 %02x: %v, want %v", i, v.Hi, want)
		}
	}
	for _, dtype := range []DType{F8E5M2, F8E4M3, F8E5M2FNUZ, F8E4M3FNUZ} {
		values := valuesOf(t, fileOf(t, dtype, 256, codes[:]), "x")
		for i := 1; i < 128 && !math.IsNaN(values[i].Hi); i++ {
			if !(values[i].Hi > values[i-1].Hi) || values[128+i].Hi != -values[i].Hi {
				t.Errorf("%s %02x: %v after %v, negative %v", dtype, i, values[i].Hi, values[i-1].Hi, values[128+i].Hi)
			}
		}
	}
}

// Integers of 64 bits come without loss.
func TestWideIntegers(t *testing.T) {
	var codes []uint64
	for _, middle := range []uint64{0, 1 << 53, 1 << 54, 1 << 62, 1 << 63, 3 << 62, 123456789123456789} {
		for d := range uint64(5000) {
			codes = append(codes, middle+d, middle-d)
		}
	}
	var data []byte
	for _, c := range codes {
		data = binary.LittleEndian.AppendUint64(data, c)
	}
	exact := func(v Value) *big.Int {
		hi, accuracy := big.NewFloat(v.Hi).Int(nil)
		lo, same := big.NewFloat(v.Lo).Int(nil)
		if accuracy != big.Exact || same != big.Exact {
			t.Fatalf("%v is no integer", v)
		}
		return hi.Add(hi, lo)
	}
	unsigned, signed := valuesOf(t, fileOf(t, U64, len(codes), data), "x"), valuesOf(t, fileOf(t, I64, len(codes), data), "x")
	for i, c := range codes {
		if got := exact(unsigned[i]); got.Cmp(new(big.Int).SetUint64(c)) != 0 || unsigned[i].Hi != float64(c) {
			t.Fatalf("U64 %d came as %v: %v", c, unsigned[i], got)
		}
		if got := exact(signed[i]); got.Cmp(big.NewInt(int64(c))) != 0 || signed[i].Hi != float64(int64(c)) {
			t.Fatalf("I64 %d came as %v: %v", int64(c), signed[i], got)
		}
	}
}

func TestValueArithmetic(t *testing.T) {
	one := exactInt(1<<53 + 1)
	if two := exactInt(1 << 53); one.Equal(two) || one.Minus(two) != 1 || two.Minus(one) != -1 || one.Minus(one) != 0 {
		t.Errorf("2^53+1 and 2^53: equal %v, differ by %g", one.Equal(two), one.Minus(two))
	}
	if top := exactUint(math.MaxUint64); top.Minus(exactInt(math.MaxInt64)) != 1<<63 {
		t.Errorf("2^64-1 and 2^63-1 differ by %g", top.Minus(exactInt(math.MaxInt64)))
	}
	if nan := (Value{Hi: math.NaN()}); !nan.Equal(nan) || nan.Equal(Value{}) {
		t.Error("NaN equals 0, or does not equal NaN")
	}
}

// What the format's own library reads is no damage.
func TestReadsWhatTheLibraryReads(t *testing.T) {
	const x = `"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}`
	for name, header := range map[string]string{
		"metadata null":  `{"__metadata__":null,` + x + `}`,
		"a further key":  `{"x":{"dtype":"F32","more":{"a":[1,{"b":null}]},"shape":[1],"data_offsets":[0,4],"extra":1}}`,
		"leading blanks": " \n{" + x + `}`,
		"a later type":   `{"x":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}`,
	} {
		f, err := openBytes(append(raw(header, 0), 0, 0, 0x80, 0x3f))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		info, _ := f.Info("x")
		if info.DType == "F31" {
			if _, err := f.Values("x"); info.DType.Known() || !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), `stored as "F31"`) {
				t.Errorf("%s: known %v, %v", name, info.DType.Known(), err)
			}
			continue
		}
		if got := valuesOf(t, f, "x"); len(got) != 1 || got[0].Hi != 1 {
			t.Errorf("%s: %v", name, got)
		}
	}
}
