package ptx

import (
	"errors"
	"math/bits"
	"unsafe"
)

// lanes is one register of a warp. A register of 32 bits has zeros above them, one of 16 bits likewise.
type lanes = [32]uint64

// An operation computes a register from up to three others, for all lanes.
type operation struct {
	sources int
	run     func(d, a, b, c *lanes)
}

func one(f func(a uint64) uint64) operation {
	return operation{1, func(d, a, _, _ *lanes) {
		for l := range d {
			d[l] = f(a[l])
		}
	}}
}

func two(f func(a, b uint64) uint64) operation {
	return operation{2, func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = f(a[l], b[l])
		}
	}}
}

func three(f func(a, b, c uint64) uint64) operation {
	return operation{3, func(d, a, b, c *lanes) {
		for l := range d {
			d[l] = f(a[l], b[l], c[l])
		}
	}}
}

var errUnknown = errors.New("instruction is not known to the emulator")

// table has the operations by name.
var table = map[string]operation{}

type integer interface {
	int16 | int32 | int64 | uint16 | uint32 | uint64
}

// lift returns the bits of a register that holds v.
func lift[T integer](v T) uint64 { return uint64(v) & (^uint64(0) >> (64 - 8*unsafe.Sizeof(v))) }

// integers adds the operations on integers of a type, and on bits of its size.
func integers[T integer](t, b string) {
	var zero T
	size := uint32(8 * unsafe.Sizeof(zero))
	isSigned := zero-1 < 0
	binary := func(name string, run func(d, a, b, c *lanes)) { table[name+"."+t] = operation{2, run} }
	binary("add", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = lift(T(a[l]) + T(b[l]))
		}
	})
	binary("sub", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = lift(T(a[l]) - T(b[l]))
		}
	})
	binary("mul.lo", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = lift(T(a[l]) * T(b[l]))
		}
	})
	binary("min", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = lift(min(T(a[l]), T(b[l])))
		}
	})
	binary("max", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = lift(max(T(a[l]), T(b[l])))
		}
	})
	binary("div", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = lift(quotient(T(a[l]), T(b[l])))
		}
	})
	binary("rem", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = lift(T(a[l]) - quotient(T(a[l]), T(b[l]))*T(b[l]))
		}
	})
	binary("shr", func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = lift(T(a[l]) >> uint32(b[l]))
		}
	})
	table["mad.lo."+t] = operation{3, func(d, a, b, c *lanes) {
		for l := range d {
			d[l] = lift(T(a[l])*T(b[l]) + T(c[l]))
		}
	}}
	table["sad."+t] = three(func(a, b, c uint64) uint64 { return lift(max(T(a), T(b)) - min(T(a), T(b)) + T(c)) })
	table["neg."+t] = one(func(a uint64) uint64 { return lift(-T(a)) })
	table["abs."+t] = one(func(a uint64) uint64 { return lift(max(T(a), -T(a))) })
	table["bfe."+t] = three(func(a, b, c uint64) uint64 {
		from, n := uint32(b)&255, uint32(c)&255
		v := T(a) >> from // with the sign, if there is one, from the top
		if n >= size {
			return lift(v)
		}
		return lift(v << (size - n) >> (size - n))
	})
	if isSigned {
		return
	}
	table["shr."+b] = table["shr."+t]
	table["shl."+b] = operation{2, func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = lift(T(a[l]) << uint32(b[l]))
		}
	}}
	table["and."+b] = operation{2, func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = lift(T(a[l]) & T(b[l]))
		}
	}}
	table["or."+b] = operation{2, func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = lift(T(a[l]) | T(b[l]))
		}
	}}
	table["xor."+b] = operation{2, func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = lift(T(a[l]) ^ T(b[l]))
		}
	}}
	table["not."+b] = one(func(a uint64) uint64 { return lift(^T(a)) })
	table["cnot."+b] = one(func(a uint64) uint64 { return flag(T(a) == 0) })
}

// quotient is a/b; of a division by zero, which PTX leaves open, all ones.
func quotient[T integer](a, b T) T {
	if b == 0 {
		return ^T(0)
	}
	return a / b
}

// wide adds the operations on a type T with a result of the type W, of twice the size.
func wide[T, W integer](t, w string) {
	var zero T
	size := 8 * unsafe.Sizeof(zero)
	table["mul.wide."+t] = operation{2, func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = lift(W(T(a[l])) * W(T(b[l])))
		}
	}}
	table["mad.wide."+t] = operation{3, func(d, a, b, c *lanes) {
		for l := range d {
			d[l] = lift(W(T(a[l]))*W(T(b[l])) + W(c[l]))
		}
	}}
	table["mul.hi."+t] = two(func(a, b uint64) uint64 { return lift(T(W(T(a)) * W(T(b)) >> size)) })
	table["mad.hi."+t] = three(func(a, b, c uint64) uint64 { return lift(T(W(T(a))*W(T(b))>>size) + T(c)) })
}

func flag(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// permute is prmt: each byte of the result is one of the 8 bytes of a and b, or copies of its sign.
func permute(a, b, selector uint64) (out uint64) {
	both := b<<32 | a&0xffffffff
	for i := range 4 {
		s := selector >> (4 * i)
		v := both >> (8 * (s & 7)) & 255
		if s&8 != 0 {
			v = v >> 7 * 255
		}
		out |= v << (8 * i)
	}
	return out
}

func init() {
	integers[int16]("s16", "b16")
	integers[uint16]("u16", "b16")
	integers[int32]("s32", "b32")
	integers[uint32]("u32", "b32")
	integers[int64]("s64", "b64")
	integers[uint64]("u64", "b64")
	wide[int16, int32]("s16", "s32")
	wide[uint16, uint32]("u16", "u32")
	wide[int32, int64]("s32", "s64")
	wide[uint32, uint64]("u32", "u64")
	table["mul.hi.s64"] = two(func(a, b uint64) uint64 {
		hi, _ := bits.Mul64(a, b)
		return hi - a>>63*b - b>>63*a
	})
	table["mul.hi.u64"] = two(func(a, b uint64) uint64 { hi, _ := bits.Mul64(a, b); return hi })
	table["mul24.lo.s32"] = two(func(a, b uint64) uint64 { return lift(int32(a) << 8 >> 8 * (int32(b) << 8 >> 8)) })
	table["mul24.lo.u32"] = two(func(a, b uint64) uint64 { return lift(uint32(a&0xffffff) * uint32(b&0xffffff)) })
	table["popc.b32"] = one(func(a uint64) uint64 { return uint64(bits.OnesCount32(uint32(a))) })
	table["popc.b64"] = one(func(a uint64) uint64 { return uint64(bits.OnesCount64(a)) })
	table["clz.b32"] = one(func(a uint64) uint64 { return uint64(bits.LeadingZeros32(uint32(a))) })
	table["clz.b64"] = one(func(a uint64) uint64 { return uint64(bits.LeadingZeros64(a)) })
	table["brev.b32"] = one(func(a uint64) uint64 { return uint64(bits.Reverse32(uint32(a))) })
	table["brev.b64"] = one(func(a uint64) uint64 { return bits.Reverse64(a) })
	table["prmt.b32"] = three(permute)
	table["shf.l.wrap.b32"] = three(func(a, b, c uint64) uint64 { return (b<<32 | a&0xffffffff) << (c & 31) >> 32 })
	table["shf.r.wrap.b32"] = three(func(a, b, c uint64) uint64 { return (b<<32 | a&0xffffffff) >> (c & 31) & 0xffffffff })
	table["shf.l.clamp.b32"] = three(func(a, b, c uint64) uint64 { return (b<<32 | a&0xffffffff) << min(c&0xffffffff, 32) >> 32 })
	table["shf.r.clamp.b32"] = three(func(a, b, c uint64) uint64 { return (b<<32 | a&0xffffffff) >> min(c&0xffffffff, 32) & 0xffffffff })
	for _, space := range []string{"const", "global"} {
		table["cvta."+space+".u64"] = one(func(a uint64) uint64 { return a })
		table["cvta.to."+space+".u64"] = one(func(a uint64) uint64 { return a })
	}
	for space, window := range map[string]uint64{"shared": sharedWindow, "local": localWindow} {
		table["cvta."+space+".u64"] = one(func(a uint64) uint64 { return a + window })
		table["cvta.to."+space+".u64"] = one(func(a uint64) uint64 { return a - window })
	}
}

// moves are the operations of mov by the bytes of its type.
var moves = map[int]func(d, a, b, c *lanes){
	2: func(d, a, _, _ *lanes) {
		for l := range d {
			d[l] = a[l] & 0xffff
		}
	},
	4: func(d, a, _, _ *lanes) {
		for l := range d {
			d[l] = a[l] & 0xffffffff
		}
	},
	8: func(d, a, _, _ *lanes) { *d = *a },
}
