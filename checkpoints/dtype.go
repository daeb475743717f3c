package checkpoints

import (
	"encoding/binary"
	"fmt"
	"math"

	"goomtrain/params"
)

// A DType is the element type of a stored tensor, by its name in the safetensors format. A file may have
// types that are not in this list: they are of a later version of the format.
type DType string

// The types of the format, version 0.8. Arrays are written as the first five. Arrays are read from those
// and, as float32, from F16 and BF16; Values reads the numbers of all but F6.
const (
	F32        DType = "F32"
	F64        DType = "F64"
	I64        DType = "I64"
	I32        DType = "I32"
	U8         DType = "U8"
	F16        DType = "F16"
	BF16       DType = "BF16"
	BOOL       DType = "BOOL" // a byte
	I8         DType = "I8"
	I16        DType = "I16"
	U16        DType = "U16"
	U32        DType = "U32"
	U64        DType = "U64"
	C64        DType = "C64" // two F32: the real and the imaginary part
	F8E5M2     DType = "F8_E5M2"
	F8E4M3     DType = "F8_E4M3"
	F8E8M0     DType = "F8_E8M0"
	F8E5M2FNUZ DType = "F8_E5M2FNUZ"
	F8E4M3FNUZ DType = "F8_E4M3FNUZ"
	F4         DType = "F4"
	F6E2M3     DType = "F6_E2M3"
	F6E3M2     DType = "F6_E3M2"
)

// dtypeBits holds the bits of one element of every type.
var dtypeBits = map[DType]uint64{
	BOOL: 8, F4: 4, F6E2M3: 6, F6E3M2: 6, U8: 8, I8: 8, F8E5M2: 8, F8E4M3: 8, F8E8M0: 8, F8E5M2FNUZ: 8, F8E4M3FNUZ: 8,
	I16: 16, U16: 16, F16: 16, BF16: 16, I32: 32, U32: 32, F32: 32, C64: 64, F64: 64, I64: 64, U64: 64,
}

// Known reports whether the type is one of the format's. The bytes of an element of any other are not
// known, nor what they mean.
func (d DType) Known() bool { return dtypeBits[d] != 0 }

// writeOrder is the order of the written types in a file: widest first, so that every tensor is
// aligned to its own element, ties as the format's reference implementation breaks them.
var writeOrder = map[DType]int{I64: 0, F64: 1, F32: 2, I32: 3, U8: 4}

// arrayType returns the stored type and the length of an array's data.
func arrayType(data any) (dtype DType, length int, err error) {
	switch d := data.(type) {
	case []float32:
		return F32, len(d), nil
	case []float64:
		return F64, len(d), nil
	case []int64:
		return I64, len(d), nil
	case []int32:
		return I32, len(d), nil
	case []uint8:
		return U8, len(d), nil
	}
	return "", 0, fmt.Errorf("data of type %T cannot be stored; use []float32, []float64, []int64, []int32 or []uint8", data)
}

// newData allocates what Read returns for a tensor of n elements, nil for a type that is not read.
func newData(dtype DType, n int) any {
	switch dtype {
	case F32, F16, BF16:
		return make([]float32, n)
	case F64:
		return make([]float64, n)
	case I64:
		return make([]int64, n)
	case I32:
		return make([]int32, n)
	case U8:
		return make([]uint8, n)
	}
	return nil
}

// encode writes elements data[from:] to dst, little-endian, as many as fit, and returns how many.
func encode(dst []byte, data any, from int) (n int) {
	le := binary.LittleEndian
	switch d := data.(type) {
	case []float32:
		n = min(len(d)-from, len(dst)/4)
		for i, v := range d[from : from+n] {
			le.PutUint32(dst[4*i:], math.Float32bits(v))
		}
	case []float64:
		n = min(len(d)-from, len(dst)/8)
		for i, v := range d[from : from+n] {
			le.PutUint64(dst[8*i:], math.Float64bits(v))
		}
	case []int64:
		n = min(len(d)-from, len(dst)/8)
		for i, v := range d[from : from+n] {
			le.PutUint64(dst[8*i:], uint64(v))
		}
	case []int32:
		n = min(len(d)-from, len(dst)/4)
		for i, v := range d[from : from+n] {
			le.PutUint32(dst[4*i:], uint32(v))
		}
	case []uint8:
		n = copy(dst, d[from:])
	}
	return n
}

// A decoder turns little-endian bytes into len(src)/width elements of a caller's slice from index at.
type decoder func(src []byte, at int)

// decoderFor returns how to read a stored type into dst and the bytes of one stored element, or false
// where that would lose digits or mix integers with floats.
func decoderFor(dtype DType, dst any) (decode decoder, width int, ok bool) {
	le := binary.LittleEndian
	switch d := dst.(type) {
	case []float32:
		switch dtype {
		case F32:
			return func(src []byte, at int) {
				for i := range d[at : at+len(src)/4] {
					d[at+i] = math.Float32frombits(le.Uint32(src[4*i:]))
				}
			}, 4, true
		case F16, BF16:
			widen := widenFor(dtype)
			return func(src []byte, at int) {
				for i := range d[at : at+len(src)/2] {
					d[at+i] = widen(le.Uint16(src[2*i:]))
				}
			}, 2, true
		}
	case []float64:
		switch dtype {
		case F64:
			return func(src []byte, at int) {
				for i := range d[at : at+len(src)/8] {
					d[at+i] = math.Float64frombits(le.Uint64(src[8*i:]))
				}
			}, 8, true
		case F32:
			return func(src []byte, at int) {
				for i := range d[at : at+len(src)/4] {
					d[at+i] = float64(math.Float32frombits(le.Uint32(src[4*i:])))
				}
			}, 4, true
		case F16, BF16:
			widen := widenFor(dtype)
			return func(src []byte, at int) {
				for i := range d[at : at+len(src)/2] {
					d[at+i] = float64(widen(le.Uint16(src[2*i:])))
				}
			}, 2, true
		}
	case []int64:
		if dtype == I64 {
			return func(src []byte, at int) {
				for i := range d[at : at+len(src)/8] {
					d[at+i] = int64(le.Uint64(src[8*i:]))
				}
			}, 8, true
		}
	case []int32:
		if dtype == I32 {
			return func(src []byte, at int) {
				for i := range d[at : at+len(src)/4] {
					d[at+i] = int32(le.Uint32(src[4*i:]))
				}
			}, 4, true
		}
	case []uint8:
		if dtype == U8 {
			return func(src []byte, at int) { copy(d[at:], src) }, 1, true
		}
	}
	return nil, 0, false
}

// widenFor returns the exact conversion of a 16-bit float type to float32.
func widenFor(dtype DType) func(uint16) float32 {
	if dtype == BF16 {
		return bfloatToFloat
	}
	return halfToFloat
}

// bfloatToFloat widens bfloat16: the upper half of a float32.
func bfloatToFloat(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }

// halfToFloat widens IEEE 754 binary16: 1 sign bit, 5 bits of exponent with bias 15, 10 of fraction.
func halfToFloat(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exponent := uint32(h>>10) & 0x1f
	fraction := uint32(h & 0x3ff)
	switch exponent {
	case 0: // zero or subnormal: fraction * 2^-24, exact in float32
		v := float32(fraction) * (1.0 / (1 << 24))
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 0x1f: // infinity or NaN
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

// checkArrays returns an error for arrays that cannot be stored. They are programming mistakes, but a panic
// here would lose hours of training.
func checkArrays(arrays []params.Array) error {
	seen := make(map[string]bool, len(arrays))
	for _, a := range arrays {
		if err := checkArray(a); err != nil {
			return err
		}
		name := tensorName(a)
		if seen[name] {
			return fmt.Errorf("two arrays have the name %s; names must be unique in a file", quote(name))
		}
		seen[name] = true
	}
	return nil
}
