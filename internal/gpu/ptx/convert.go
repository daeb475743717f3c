package ptx

import (
	"math"
	"math/big"
)

// conversion is cvt: cvt{.rounding}{.ftz}{.sat}.to.from.
func conversion(parts []string) (operation, error) {
	switch join(parts) {
	case "cvt.rna.tf32.f32":
		return one(tf32), nil
	case "cvt.rn.bf16x2.f32":
		return two(func(a, b uint64) uint64 { return bfloat16(f32(a))<<16 | bfloat16(f32(b)) }), nil
	case "cvt.rn.bf16.f32":
		return one(func(a uint64) uint64 { return bfloat16(f32(a)) }), nil
	}
	if len(parts) < 3 {
		return operation{}, errUnknown
	}
	to, from := parts[len(parts)-2], parts[len(parts)-1]
	var rounding string
	var ftz, sat bool
	for _, m := range parts[1 : len(parts)-2] {
		switch m {
		case "ftz":
			ftz = true
		case "sat":
			sat = true
		case "rn", "rz", "rm", "rp", "rni", "rzi", "rmi", "rpi":
			rounding = m
		default:
			return operation{}, errUnknown
		}
	}
	target, source := widths[to], widths[from]
	if target == 0 || source == 0 || to[0] == 'b' || from[0] == 'b' {
		return operation{}, errUnknown
	}
	switch f := to[0] == 'f'; {
	case f && from[0] == 'f':
		return floatToFloat(target, source, rounding, ftz, sat)
	case f:
		return integerToFloat(target, source, from[0] == 's', rounding, sat)
	case from[0] == 'f':
		return floatToInteger(target, source, to[0] == 's', rounding, ftz)
	}
	if rounding != "" || ftz {
		return operation{}, errUnknown
	}
	return integerToInteger(target, source, to[0] == 's', from[0] == 's', sat), nil
}

func join(parts []string) (s string) {
	for i, p := range parts {
		if i > 0 {
			s += "."
		}
		s += p
	}
	return s
}

// extend returns an integer of so many bytes in 64 bits.
func extend(v uint64, bytes int, signed bool) uint64 {
	n := 64 - 8*bytes
	if signed {
		return uint64(int64(v<<n) >> n)
	}
	return v << n >> n
}

// register returns the bits of a result of so many bytes: those of 8 bits stand, extended, in a register of 16.
func registerBits(v uint64, bytes int) uint64 { return v & (^uint64(0) >> (64 - 8*max(bytes, 2))) }

// bounds returns the least and the largest integer of a type, as float64 that are exact or one too large.
func limits(bytes int, signed bool) (least, most *big.Int) {
	most = new(big.Int).Lsh(big.NewInt(1), uint(8*bytes))
	least = new(big.Int)
	if signed {
		most.Rsh(most, 1)
		least.Neg(most)
	}
	return least, most.Sub(most, big.NewInt(1))
}

func integerToInteger(target, source int, toSigned, fromSigned, sat bool) operation {
	if !sat {
		return one(func(a uint64) uint64 {
			return registerBits(extend(extend(a, source, fromSigned), target, toSigned), target)
		})
	}
	least, most := limits(target, toSigned)
	return one(func(a uint64) uint64 {
		v := integerValue(extend(a, source, fromSigned), fromSigned)
		if v.Cmp(least) < 0 {
			v = least
		} else if v.Cmp(most) > 0 {
			v = most
		}
		return registerBits(low64(v), target)
	})
}

// integerValue is the value of 64 bits.
func integerValue(v uint64, signed bool) *big.Int {
	if signed {
		return big.NewInt(int64(v))
	}
	return new(big.Int).SetUint64(v)
}

// low64 is the low 64 bits of a number in two's complement.
func low64(v *big.Int) uint64 {
	if v.Sign() < 0 {
		return uint64(v.Int64())
	}
	return v.Uint64()
}

func integerToFloat(target, source int, signed bool, rounding string, sat bool) (operation, error) {
	m, ok := modes[rounding]
	if !ok || sat {
		return operation{}, errUnknown
	}
	convert := func(v uint64) uint64 { // in 64 bits
		switch {
		case m != nearest:
			return directed(integerValue(v, signed), target, m)
		case target == 4 && signed:
			return bits32(float32(int64(v)))
		case target == 4:
			return bits32(float32(v))
		case signed:
			return bits64(float64(int64(v)))
		}
		return bits64(float64(v))
	}
	if target < 4 {
		return operation{}, errUnknown
	}
	return one(func(a uint64) uint64 { return convert(extend(a, source, signed)) }), nil
}

// directed rounds an integer that is not to be rounded to nearest.
func directed(v *big.Int, target int, m mode) uint64 {
	precision := uint(24)
	if target == 8 {
		precision = 53
	}
	x := new(big.Float).SetPrec(precision).SetMode([]big.RoundingMode{zero: big.ToZero, down: big.ToNegativeInf, up: big.ToPositiveInf}[m]).SetInt(v)
	if target == 4 {
		f, _ := x.Float32()
		return bits32(f)
	}
	f, _ := x.Float64()
	return bits64(f)
}

// integral are the roundings to integers.
var integral = map[string]func(float64) float64{"rni": math.RoundToEven, "rzi": math.Trunc, "rmi": math.Floor, "rpi": math.Ceil}

// floatToInteger clamps to the range of the type. NaN becomes 0, or, where either side has 64 bits, the number
// of which only the highest bit is set.
func floatToInteger(target, source int, signed bool, rounding string, ftz bool) (operation, error) {
	round := integral[rounding]
	if round == nil || source < 4 {
		return operation{}, errUnknown
	}
	least, most := limits(target, signed)
	low, _ := new(big.Float).SetInt(least).Float64()
	high, _ := new(big.Float).SetInt(most).Float64() // 2^63 or 2^64 for 64 bits
	nan := uint64(0)
	if source == 8 || target == 8 {
		nan = 1 << (8*target - 1)
	}
	return one(func(a uint64) uint64 {
		x := floatValue(a, source, ftz)
		x = round(x)
		var v uint64
		switch {
		case x != x:
			v = nan
		case x <= low:
			v = low64(least)
		case x >= high:
			v = low64(most)
		case x < 0:
			v = uint64(int64(x))
		default:
			v = uint64(x)
		}
		return registerBits(v, target)
	}), nil
}

func floatValue(a uint64, bytes int, ftz bool) float64 {
	if bytes == 8 {
		return f64(a)
	}
	f := f32(a)
	if ftz {
		f = flush(f)
	}
	return float64(f)
}

func floatToFloat(target, source int, rounding string, ftz, sat bool) (operation, error) {
	if target < 4 || source < 4 {
		return operation{}, errUnknown
	}
	round := integral[rounding]
	m, direction := modes[rounding]
	switch {
	case target < source: // must round
		if !direction {
			return operation{}, errUnknown
		}
	case target > source:
		if rounding != "" {
			return operation{}, errUnknown
		}
	case rounding != "" && round == nil:
		return operation{}, errUnknown
	}
	return one(func(a uint64) uint64 {
		x := floatValue(a, source, ftz)
		if round != nil {
			x = round(x)
		}
		if target == 8 {
			if sat {
				x = clamped(x)
			}
			return bits64(x)
		}
		f := round32(x, m)
		if ftz {
			f = flush(f)
		}
		if sat {
			f = clamped(f)
		}
		return bits32(f)
	}), nil
}

// tf32 rounds to 10 bits of mantissa, ties away from zero.
func tf32(v uint64) uint64 {
	u := uint32(v)
	if u&0x7f800000 != 0x7f800000 {
		u += 1 << 12
	}
	return uint64(u &^ (1<<13 - 1))
}

// bfloat16 rounds to 7 bits of mantissa, ties to even.
func bfloat16(f float32) uint64 {
	if f != f {
		return 0x7fff
	}
	u := uint64(math.Float32bits(f))
	return (u + 0x7fff + u>>16&1) >> 16 & 0xffff
}
