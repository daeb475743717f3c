package ptx

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestIntegerOperations(t *testing.T) {
	neg := func(i int64) uint64 { return uint64(uint32(int32(i))) }
	for _, c := range []struct {
		op   string
		want uint64
		args []uint64
	}{
		{"bfe.u32", 0x45, []uint64{0x12345678, 12, 8}}, {"bfe.u32", 0, []uint64{0x12345678, 12, 0}}, {"bfe.u32", 0x1, []uint64{0x12345678, 28, 8}},
		{"bfe.u32", 0, []uint64{0x12345678, 32, 8}}, {"bfe.u32", 0x12345678, []uint64{0x12345678, 0, 255}},
		{"bfe.s32", neg(-1), []uint64{0xf0, 4, 4}}, {"bfe.s32", 7, []uint64{0x70, 4, 4}}, {"bfe.s32", neg(-1), []uint64{0x80000000, 31, 4}},
		{"bfe.s32", 0, []uint64{0x80000000, 31, 0}}, {"bfe.s32", neg(-1), []uint64{0x80000000, 40, 4}},
		{"bfe.u64", 0x23456, []uint64{0x123456789, 12, 20}}, {"bfe.s64", math.MaxUint64 - 7, []uint64{1 << 63, 60, 8}},
		{"prmt.b32", 0x44332211, []uint64{0x44332211, 0x88776655, 0x3210}}, {"prmt.b32", 0x11223344, []uint64{0x44332211, 0, 0x0123}},
		{"prmt.b32", 0x55885588, []uint64{0x44332211, 0x88776655, 0x4747}}, {"prmt.b32", 0x00ff00ff, []uint64{0x7f, 0x80, 0x8c8c}},
		{"shf.l.wrap.b32", 0x23456789, []uint64{0x9abcdef0, 0x12345678, 4}},
		{"shf.r.wrap.b32", 0x89abcdef, []uint64{0x9abcdef0, 0x12345678, 36}}, {"shf.l.clamp.b32", 5, []uint64{5, 6, 40}}, {"shf.r.clamp.b32", 6, []uint64{5, 6, 40}},
		{"mul24.lo.s32", neg(-6), []uint64{0xfffffe, 3}}, {"mul24.lo.u32", 0xfffffe * 3, []uint64{0xfffffe, 3}},
		{"sad.s32", 15, []uint64{neg(-5), 5, 5}}, {"cnot.b32", 1, []uint64{0}}, {"cnot.b32", 0, []uint64{5}},
		{"shl.b32", 0, []uint64{1, 32}}, {"shr.s32", neg(-1), []uint64{neg(-8), 99}}, {"shr.u64", 0, []uint64{math.MaxUint64, 64}}, {"shl.b16", 0x8000, []uint64{1, 15}},
		{"div.s32", neg(math.MinInt32), []uint64{neg(math.MinInt32), neg(-1)}}, {"abs.s32", neg(math.MinInt32), []uint64{neg(math.MinInt32)}},
		{"mul.wide.s16", neg(-6), []uint64{0xfffe, 3}}, {"mul.hi.s16", 0xffff, []uint64{0xfffe, 3}}, {"mad.hi.u32", 3, []uint64{1 << 31, 4, 1}},
		{"cvta.to.shared.u64", 16, []uint64{apply(t, "cvta.shared.u64", 16)}},
	} {
		if got := apply(t, c.op, c.args...); got != c.want {
			t.Errorf("%s %#x = %#x, want %#x", c.op, c.args, got, c.want)
		}
	}
	m := newMachine(t)
	k := program(t, `mov.u32 %r3, 0x123; mov.u32 %r4, 0xffffffff; bfi.b32 %r5, %r3, %r4, 8, 12; st.global.u32 [%rd2], %r5;
	mov.u64 %rd5, 0; bfi.b64 %rd6, %rd5, -1, 60, 99; st.global.u64 [%rd2+8], %rd6;`)
	out := m.up(make([]uint32, 4))
	if err := m.Launch(k, "k", line(1), line(1), 0, out); err != nil {
		t.Fatal(err)
	}
	if got := m.down64(out, 2); got[0] != 0xfff123ff || got[1] != 1<<60-1 {
		t.Errorf("bfi %#x", got)
	}
}

// TestConversions: every conversion between integers and floats, against exact arithmetic.
func TestConversions(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	var values []uint64
	for _, f := range sweepFloats {
		values = append(values, math.Float64bits(f), bits32(float32(f)))
	}
	for _, i := range []uint64{1, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 1 << 24, 1<<24 + 1, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1<<53 + 1, 1<<63 - 1, 1 << 63} {
		values = append(values, i, -i)
	}
	for range 300 {
		values = append(values, r.Uint64()>>r.IntN(64), bits32(float32(r.NormFloat64()*math.Exp2(float64(r.IntN(70))))), math.Float64bits(r.NormFloat64()*math.Exp2(float64(r.IntN(70)))))
	}
	types := []string{"u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64"}
	count := 0
	for _, to := range types {
		for _, from := range types {
			for _, rounding := range []string{"", ".rn", ".rz", ".rm", ".rp", ".rni", ".rzi", ".rmi", ".rpi"} {
				for _, sat := range []string{"", ".sat"} {
					name := "cvt" + rounding + sat + "." + to + "." + from
					o, err := find(name, strings.Split(name, "."))
					if err != nil {
						continue
					}
					for _, v := range values {
						v &= ^uint64(0) >> (64 - 8*widths[from])
						var d lanes
						o.run(&d, &lanes{v}, nil, nil)
						want, ok := exactConversion(v, to, from, strings.TrimPrefix(rounding, "."), sat != "")
						if ok && d[0] != want {
							t.Fatalf("%s %#x = %#x, want %#x", name, v, d[0], want)
						}
						count++
					}
				}
			}
		}
	}
	if count < 100*len(values) {
		t.Errorf("only %d conversions", count/len(values))
	}
	for name, known := range map[string]bool{"cvt.f32.f64": false, "cvt.rn.f64.f32": false, "cvt.f32.s32": false, "cvt.s32.f32": false, "cvt.rn.s32.s64": false, "cvt.rn.f32.b32": false,
		"cvt.rn.f32.s32": true, "cvt.rzi.s32.f64": true, "cvt.f64.f32": true, "cvt.f32.f32": true, "cvt.sat.u8.s32": true} {
		if _, err := find(name, strings.Split(name, ".")); (err == nil) != known {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// exactConversion is cvt by numbers of any size. ok is false where a float is not finite; TestSweepFloats has those.
func exactConversion(v uint64, to, from, rounding string, sat bool) (bits uint64, ok bool) {
	x := new(big.Float).SetPrec(2000)
	switch from[0] {
	case 'u':
		x.SetUint64(v)
	case 's':
		n := 64 - 8*widths[from]
		x.SetInt64(int64(v<<n) >> n)
	case 'f':
		f := float64(math.Float32frombits(uint32(v)))
		if from == "f64" {
			f = math.Float64frombits(v)
		}
		if f-f != 0 || f == 0 && math.Signbit(f) {
			return 0, false
		}
		x.SetFloat64(f)
	}
	if from[0] == 'f' && strings.HasSuffix(rounding, "i") {
		x = integerNear(x, rounding)
	}
	if to[0] == 'f' {
		if x.Sign() == 0 {
			return 0, from[0] != 'f' // the sign of a zero is tested elsewhere
		}
		if sat {
			one := big.NewFloat(1)
			if x.Sign() < 0 {
				return 0, true
			} else if x.Cmp(one) > 0 {
				x = one
			}
		}
		m := modes[rounding]
		if to == "f32" {
			return uint64(math.Float32bits(rounded(x, m))), true
		}
		f, _ := new(big.Float).SetPrec(53).SetMode([]big.RoundingMode{big.ToNearestEven, big.ToZero, big.ToNegativeInf, big.ToPositiveInf}[m]).Set(x).Float64()
		return math.Float64bits(f), true
	}
	i, _ := x.Int(nil)
	size := uint(8 * widths[to])
	modulus := new(big.Int).Lsh(big.NewInt(1), size)
	if sat || from[0] == 'f' {
		least, most := new(big.Int), new(big.Int).Sub(modulus, big.NewInt(1))
		if to[0] == 's' {
			most.Rsh(most, 1)
			least.Sub(least.Neg(most), big.NewInt(1))
		}
		if i.Cmp(least) < 0 {
			i = least
		} else if i.Cmp(most) > 0 {
			i = most
		}
	}
	i.Mod(i, modulus) // two's complement
	w := i.Uint64()
	if to == "s8" && w > 127 {
		w |= 0xff00 // a register has 16 bits at least
	}
	return w, true
}

// integerNear rounds to an integer.
func integerNear(x *big.Float, rounding string) *big.Float {
	i, _ := x.Int(nil) // toward zero
	down := new(big.Float).SetPrec(2000).SetInt(i)
	rest := new(big.Float).SetPrec(2000).Sub(x, down)
	away := new(big.Float).SetPrec(2000).Add(down, big.NewFloat(float64(x.Sign())))
	half := rest.Abs(rest).Cmp(big.NewFloat(0.5))
	switch {
	case rest.Sign() == 0 || rounding == "rzi":
		return down
	case rounding == "rmi" && x.Sign() < 0, rounding == "rpi" && x.Sign() > 0:
		return away
	case rounding == "rni" && (half > 0 || half == 0 && i.Bit(0) == 1):
		return away
	}
	return down
}
