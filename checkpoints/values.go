package checkpoints

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// A Value is one number of a stored tensor, exactly: Hi + Lo. Hi is the nearest float64. Lo is what that
// leaves of an integer of 64 bits beyond 2^53, and 0 for every other number. A bool is its byte: 0 or 1.
type Value struct{ Hi, Lo float64 }

// Equal reports whether two values are the same number, or both no number.
func (v Value) Equal(w Value) bool {
	return v == w || v.Hi != v.Hi && w.Hi != w.Hi
}

// Minus is the difference, rounded to float64.
func (v Value) Minus(w Value) float64 { return (v.Hi - w.Hi) + (v.Lo - w.Lo) }

// valuesAtATime is how many numbers Values.Next decodes: whole bytes of every type.
const valuesAtATime = 1 << 15

// Values reads the numbers of one tensor in order, of any type whose numbers can be decoded. It holds two
// small buffers, whatever the size of the tensor.
type Values struct {
	// Count is how many numbers there are: one an element, or two, the real and the imaginary part, of C64.
	Count int64

	data   section
	decode decodeValues
	bits   int   // of a number in the file
	read   int64 // bytes read
	bytes  []byte
	values []Value
}

// Values returns a reader of the tensor's numbers. A type whose numbers cannot be decoded is an error
// that is ErrMismatch: one that the format does not have, and F6_E2M3 and F6_E3M2, of which the format
// does not say how they are packed.
func (t *TensorFile) Values(name string) (*Values, error) {
	info, err := t.info(name)
	if err != nil {
		return nil, err
	}
	kind, ok := valueKinds[info.DType]
	if !ok {
		return nil, &fileError{t.name, name, fmt.Sprintf("it is stored as %s, whose numbers cannot be decoded", quote(string(info.DType))), "", ErrMismatch}
	}
	n, _ := elements(info.Shape)                                          // checked when opened
	count := int64(n) * (int64(dtypeBits[info.DType]) / int64(kind.bits)) // at most the bytes of the file, or twice as many
	most := int(min(valuesAtATime, count))
	return &Values{Count: count, data: t.section(info), decode: kind.decode, bits: kind.bits,
		bytes: make([]byte, most*kind.bits/8), values: make([]Value, most)}, nil
}

// Next returns the next numbers, as many as for any other tensor of the same Count. The slice is valid until
// the next call. At the end the error is io.EOF.
func (v *Values) Next() ([]Value, error) {
	left := v.data.info.Bytes - v.read
	if left == 0 {
		return nil, io.EOF
	}
	chunk := v.bytes[:min(left, int64(len(v.bytes)))]
	if err := v.data.read(chunk, v.read); err != nil {
		return nil, err
	}
	v.read += int64(len(chunk))
	values := v.values[:len(chunk)*8/v.bits]
	v.decode(values, chunk)
	return values, nil
}

// Raw returns a reader of the tensor's bytes as they are stored.
func (t *TensorFile) Raw(name string) (*io.SectionReader, error) {
	info, err := t.info(name)
	if err != nil {
		return nil, err
	}
	return io.NewSectionReader(t.section(info), 0, info.Bytes), nil
}

// decodeValues fills dst with the numbers in src, little-endian.
type decodeValues func(dst []Value, src []byte)

// valueKinds says how the numbers of a type are decoded; bits are those of one number.
var valueKinds = map[DType]struct {
	bits   int
	decode decodeValues
}{
	F4:         {4, nibbles(tableOf(0x10, float4))},
	BOOL:       {8, bytesBy(tableOf(0x100, func(b byte) float64 { return float64(b) }))},
	U8:         {8, bytesBy(tableOf(0x100, func(b byte) float64 { return float64(b) }))},
	I8:         {8, bytesBy(tableOf(0x100, func(b byte) float64 { return float64(int8(b)) }))},
	F8E5M2:     {8, bytesBy(tableOf(0x100, float8E5M2))},
	F8E4M3:     {8, bytesBy(tableOf(0x100, float8E4M3))},
	F8E8M0:     {8, bytesBy(tableOf(0x100, float8E8M0))},
	F8E4M3FNUZ: {8, bytesBy(tableOf(0x100, float8E4M3FNUZ))},
	F8E5M2FNUZ: {8, bytesBy(tableOf(0x100, float8E5M2FNUZ))},
	U16:        {16, words16(func(w uint16) float64 { return float64(w) })},
	I16:        {16, words16(func(w uint16) float64 { return float64(int16(w)) })},
	F16:        {16, words16(func(w uint16) float64 { return float64(halfToFloat(w)) })},
	BF16:       {16, words16(func(w uint16) float64 { return float64(bfloatToFloat(w)) })},
	U32:        {32, words32(func(w uint32) float64 { return float64(w) })},
	I32:        {32, words32(func(w uint32) float64 { return float64(int32(w)) })},
	F32:        {32, words32(func(w uint32) float64 { return float64(math.Float32frombits(w)) })},
	C64:        {32, words32(func(w uint32) float64 { return float64(math.Float32frombits(w)) })},
	F64:        {64, words64(func(w uint64) Value { return Value{Hi: math.Float64frombits(w)} })},
	U64:        {64, words64(exactUint)},
	I64:        {64, words64(func(w uint64) Value { return exactInt(int64(w)) })},
}

// exactUint splits an unsigned integer.
func exactUint(u uint64) Value {
	hi := float64(u)
	if hi == 1<<64 { // rounded up to what no uint64 holds
		return Value{hi, -float64(-u)}
	}
	return Value{hi, float64(int64(u - uint64(hi)))}
}

// exactInt splits a signed integer.
func exactInt(i int64) Value {
	hi := float64(i)
	if hi == 1<<63 { // rounded up to what no int64 holds
		return Value{hi, -float64(1<<63 - uint64(i))}
	}
	return Value{hi, float64(i - int64(hi))}
}

// tableOf holds the numbers of all codes below count.
func tableOf(count int, number func(code byte) float64) []float64 {
	table := make([]float64, count)
	for code := range table {
		table[code] = number(byte(code))
	}
	return table
}

// nibbles decodes two numbers a byte, that of the lower four bits first, as PyTorch packs them.
func nibbles(table []float64) decodeValues {
	return func(dst []Value, src []byte) {
		for i := range dst {
			dst[i] = Value{Hi: table[src[i/2]>>(i%2*4)&0xf]}
		}
	}
}

func bytesBy(table []float64) decodeValues {
	return func(dst []Value, src []byte) {
		for i := range dst {
			dst[i] = Value{Hi: table[src[i]]}
		}
	}
}

func words16(number func(uint16) float64) decodeValues {
	return func(dst []Value, src []byte) {
		for i := range dst {
			dst[i] = Value{Hi: number(binary.LittleEndian.Uint16(src[2*i:]))}
		}
	}
}

func words32(number func(uint32) float64) decodeValues {
	return func(dst []Value, src []byte) {
		for i := range dst {
			dst[i] = Value{Hi: number(binary.LittleEndian.Uint32(src[4*i:]))}
		}
	}
}

func words64(number func(uint64) Value) decodeValues {
	return func(dst []Value, src []byte) {
		for i := range dst {
			dst[i] = number(binary.LittleEndian.Uint64(src[8*i:]))
		}
	}
}
