package ptx

import (
	"math"
	"math/big"
	"math/bits"
	"slices"
	"testing"
)

// Kernels of testdata/sweep.cu, against the same in Go.

var sweepInts = []int32{0, 1, -1, 2, 3, 7, -8, 100, -100, 255, 256, 32767, -32768, 65535, 65536, 1 << 20, 0x12345678, -0x12345678, math.MaxInt32,
	math.MinInt32, math.MinInt32 + 1, 99999, 5, 6, 31, 32, 33, 64, -31, -32, 12, 17}

func TestSweepInts(t *testing.T) {
	m := newMachine(t)
	k := module(t, "testdata/sweep.ptx")
	for shift := range 5 {
		a, b := make([]uint32, 32), make([]uint32, 32)
		for i := range a {
			a[i], b[i] = uint32(sweepInts[i]), uint32(sweepInts[(7*i+shift)%32])
			if b[i] == 0 {
				b[i] = 9 // division by zero is left open
			}
		}
		out := m.Alloc(4 * 32 * 32)
		if err := m.Launch(k, "ints", line(1), line(32), m.up(a), m.up(b), out); err != nil {
			t.Fatal(err)
		}
		got := m.down(out, 32*32)
		for i := range a {
			x, y := int32(a[i]), int32(b[i])
			ux, uy := a[i], b[i]
			n := y & 31
			truth := func(b bool) int32 { return int32(flag(b)) }
			want := []int32{x / y, x % y, x << n, x >> n, int32(ux >> n), int32(ux / uy), int32(ux % uy), min(x, y), max(x, -x), int32(bits.OnesCount32(ux)),
				int32(bits.LeadingZeros32(ux)), int32(bits.TrailingZeros32(ux)), int32(bits.ReverseBytes32(ux)), int32(bits.Reverse32(ux)),
				int32(bits.RotateLeft32(ux, int(y))), x >> 7 & 15, int32(int64(x) * int64(y) >> 32), int32(uint64(ux) * uint64(uy) >> 32), truth(x == 0), ^x ^ y,
				x << 8 >> 8, truth(x > y || y == 3), x, x&0xff00 | y&0xff, int32(int8(x)) * int32(uint8(y)), int32(int16(x)) - int32(uint16(y)), x*y + 5,
				int32(int16(x)) / int32(int16(y|1)), int32(int16(x+y)) >> 3, int32(uint16(x*y)) >> 3, truth(x != y), -x}
			if ux > uy {
				want[22] = 7
			}
			for j, w := range want {
				if (j == 10 || j == 11) && x == 0 {
					continue // undefined in C
				}
				if g := int32(got[32*i+j]); g != w {
					t.Errorf("x = %d, y = %d: o[%d] = %d, want %d", x, y, j, g, w)
				}
			}
		}
	}
}

func TestSweepLongs(t *testing.T) {
	m := newMachine(t)
	k := module(t, "testdata/sweep.ptx")
	values := []int64{1, -1, 2, 3, 7, -8, 1 << 31, -1 << 31, 1<<32 - 1, 1 << 32, 1<<53 + 1, math.MaxInt64, math.MinInt64, 0x123456789abcdef, -0x123456789abcdef, 63}
	for shift := range 4 {
		a, b := make([]uint64, 32), make([]uint64, 32)
		for i := range a {
			a[i], b[i] = uint64(values[i%16]), uint64(values[(5*i+shift)%16])
		}
		out := m.Alloc(8 * 24 * 32)
		if err := m.Launch(k, "longs", line(1), line(32), m.up64(a), m.up64(b), out); err != nil {
			t.Fatal(err)
		}
		got := m.down64(out, 24*32)
		for i := range a {
			x, y := int64(a[i]), int64(b[i])
			ux, uy := a[i], b[i]
			n := y & 63
			bx, by := big.NewInt(x), big.NewInt(y)
			low := func(v *big.Int, shift uint) int64 { // bits of v >> shift
				v = new(big.Int).Rsh(v, shift)
				return int64(new(big.Int).And(v, new(big.Int).SetUint64(math.MaxUint64)).Uint64())
			}
			sum := new(big.Int).Add(bx, new(big.Int).Lsh(by, 3))
			difference := new(big.Int).Sub(bx, new(big.Int).Lsh(by, 60))
			unsigned, _ := bits.Mul64(ux, uy)
			want := []int64{x / y, x % y, x << n, x >> n, int64(ux >> n), int64(ux / uy), int64(ux % uy), min(x, y), max(x, -x), int64(bits.OnesCount64(ux)),
				int64(bits.LeadingZeros64(ux)), int64(bits.TrailingZeros64(ux)), int64(bits.ReverseBytes64(ux)), int64(bits.Reverse64(ux)),
				int64(bits.RotateLeft64(ux, int(n))), x >> 7 & 15, low(new(big.Int).Mul(bx, by), 64), int64(unsigned), low(sum, 5), low(difference, 64),
				x << 8 >> 8, int64(max(ux, uy)), x*3 + y, int64(int32(x))*int64(int32(y)) + int64(flag(x == y))}
			for j, w := range want {
				if g := int64(got[24*i+j]); g != w {
					t.Errorf("x = %d, y = %d: o[%d] = %d, want %d", x, y, j, g, w)
				}
			}
		}
	}
}

// sweepFloats are numbers of every kind, within the range of float32.
var sweepFloats = []float64{0, math.Copysign(0, -1), 1, -1, 0.5, 1.5, 2.5, -2.5, -0.3, 3.7, 1e-3, 1e10, -1e10, 1e20, 1e38, -1e38, 3e38, 1e-38, 1e-44, -1e-44,
	math.Inf(1), math.Inf(-1), math.NaN(), 8388609, 16777217, 2147483647, 2147483648, 4294967295, 65535.9, -32768.9, 0x1p-149, 0x1.fffffep127}

// conversions are the integers that the kernels make of a float: (int), (unsigned), (long long) and (unsigned long long).
func conversions(x float64, wideNaN bool) [4]float64 {
	if x != x {
		if wideNaN {
			return [4]float64{-1 << 31, 1 << 31, -1 << 63, 1 << 63}
		}
		return [4]float64{0, 0, -1 << 63, 1 << 63}
	}
	x = math.Trunc(x) + 0 // no -0
	return [4]float64{min(max(x, -1<<31), 1<<31-1), min(max(x, 0), 1<<32-1), min(max(x, -1<<63), 1<<63), min(max(x, 0), 1<<64)}
}

func TestSweepFloats(t *testing.T) {
	m := newMachine(t)
	k := module(t, "testdata/sweep.ptx")
	for shift := range 32 {
		a, b := make([]uint32, 32), make([]uint32, 32)
		for i := range a {
			a[i], b[i] = math.Float32bits(float32(sweepFloats[i])), math.Float32bits(float32(sweepFloats[(i+shift)%32]))
		}
		out := m.Alloc(4 * 32 * 32)
		if err := m.Launch(k, "floats", line(1), line(32), m.up(a), m.up(b), out); err != nil {
			t.Fatal(err)
		}
		got := m.down(out, 32*32)
		for i := range a {
			x, y := math.Float32frombits(a[i]), math.Float32frombits(b[i])
			fx, fy := float64(x), float64(y)
			c := conversions(fx, false)
			want := comparisons(fx, fy)
			short := int16(min(max(math.Trunc(fx), math.MinInt16), math.MaxInt16))
			if fx != fx {
				short = 0
			}
			for j, v := range map[int]float64{0: float64(x / y), 1: float64(float32(math.Sqrt(fx))), 20: float64(1 / x), 21: float64(referenceFMA(x, y, x)),
				22: float64(x + y), 23: float64(x - y), 24: float64(x * y), 25: float64(float32(c[0])), 26: float64(float32(c[1])), 27: float64(float32(c[2])),
				28: float64(float32(c[3])), 29: float64(x * y), 30: float64(short), 31: float64(referenceSum(x, y, zero))} {
				want[j] = v
			}
			for j, w := range want {
				if g := math.Float32frombits(got[32*i+j]); !same(float64(g), w) {
					t.Errorf("x = %g, y = %g: o[%d] = %g, want %g", x, y, j, g, w)
				}
				if got[32*i+j] != nan32 && j >= 20 && want[j] != want[j] {
					t.Errorf("x = %g, y = %g: o[%d] is the NaN %#x, want %#x", x, y, j, got[32*i+j], nan32)
				}
			}
		}
	}
}

// comparisons are o[2] to o[19] of the kernels floats and doubles, and minus zeros for the others.
func comparisons(x, y float64) map[int]float64 {
	truth := func(b bool) float64 { return float64(flag(b)) }
	larger := y
	if x > y {
		larger = x
	}
	smallest, largest := math.Min(x, y), math.Max(x, y)
	if x != x {
		smallest, largest = y, y
	} else if y != y {
		smallest, largest = x, x
	}
	return map[int]float64{2: smallest, 3: largest, 4: math.Floor(x), 5: math.Ceil(x), 6: math.Trunc(x), 7: math.RoundToEven(x), 8: math.Copysign(x, y), 9: -x,
		10: math.Abs(x), 11: truth(x < y), 12: truth(x != y), 13: truth(x != x), 14: truth(math.IsInf(x, 0)), 15: truth(x > y), 16: truth(x != x || y != y),
		17: truth(!(x < y)), 18: truth(!(x >= y)), 19: larger}
}

func TestSweepDoubles(t *testing.T) {
	m := newMachine(t)
	k := module(t, "testdata/sweep.ptx")
	values := slices.Clone(sweepFloats)
	values[14], values[15], values[17], values[18] = 1e300, -1e300, 1e-310, 0x1p-1074
	for shift := range 32 {
		a, b := make([]uint64, 32), make([]uint64, 32)
		for i := range a {
			a[i], b[i] = math.Float64bits(values[i]), math.Float64bits(values[(i+shift)%32])
		}
		out := m.Alloc(8 * 32 * 32)
		if err := m.Launch(k, "doubles", line(1), line(32), m.up64(a), m.up64(b), out); err != nil {
			t.Fatal(err)
		}
		got := m.down64(out, 32*32)
		for i := range a {
			x, y := math.Float64frombits(a[i]), math.Float64frombits(b[i])
			c := conversions(x, true)
			want := comparisons(x, y)
			for j, v := range map[int]float64{0: x / y, 1: math.Sqrt(x), 20: 1 / x, 21: math.FMA(x, y, x), 22: x + y, 23: x - y, 24: x * y, 25: c[0], 26: c[1],
				27: c[2], 28: c[3], 29: float64(float32(x)), 30: float64(float32(c[2])), 31: math.Float64frombits(a[i] + 1<<52)} {
				want[j] = v
			}
			for j, w := range want {
				if g := math.Float64frombits(got[32*i+j]); !same(g, w) {
					t.Errorf("x = %g, y = %g: o[%d] = %g, want %g", x, y, j, g, w)
				}
			}
		}
	}
}

func TestSweepTables(t *testing.T) {
	m := newMachine(t)
	k := module(t, "testdata/sweep.ptx")
	index := make([]uint32, 32)
	for i := range index {
		index[i] = uint32(i)
	}
	out, a := m.Alloc(8*32), m.up(index)
	variable := 7.0
	for range 2 { // the second launch finds the variable that the first has changed
		if err := m.Launch(k, "tables", line(1), line(32), a, out); err != nil {
			t.Fatal(err)
		}
		for i, v := range m.down64(out, 32) {
			want := []float64{1, 2, 3, 4, 5.5}[i%5] + []float64{1.5, 2.5}[i%2] + []float64{1, 2, 3, 4, 5, 6, 200}[i%7] + []float64{0, 0, variable, 0}[i%4]
			if got := math.Float64frombits(v); got != want {
				t.Errorf("thread %d: %g, want %g", i, got, want)
			}
		}
		variable = 8
	}
	if other := newMachine(t); other.Launch(k, "tables", line(1), line(32), other.up(index), other.Alloc(8*32)) != nil {
		t.Error("a second device does not have the variables")
	}
}

func TestSweepMemory(t *testing.T) {
	m := newMachine(t)
	k := module(t, "testdata/sweep.ptx")
	a := make([]uint32, 32)
	for i := range a {
		a[i] = uint32(i * 7 % 40)
	}
	out, p := m.Alloc(4*32), m.up(a)
	if err := m.Launch(k, "locals", line(1), line(32), p, out, 20); err != nil {
		t.Fatal(err)
	}
	for thread, got := range m.down(out, 32) {
		var sum int32
		var local [40]int32
		for i := range local {
			local[i] = int32(i)
		}
		for i := range 20 {
			local[a[i]] += int32(i * thread)
		}
		for _, v := range local {
			sum = sum*3 + v
		}
		if int32(got) != sum {
			t.Errorf("locals: thread %d: %d, want %d", thread, int32(got), sum)
		}
	}
	if err := m.Launch(k, "pointers", line(1), line(32), p, out); err != nil {
		t.Fatal(err)
	}
	for i, got := range m.down(out, 32) {
		at := a[i] % 32
		if want := []uint32{at, 10*at + a[at], a[at]}[a[i]%3]; got != want {
			t.Errorf("pointers: thread %d: %d, want %d", i, got, want)
		}
	}
	if err := m.Launch(k, "switches", line(1), line(32), m.up([]uint32{0, 1, 2, 3, 4, 9, 5, 77, 0, 1, 2, 3, 4, 9, 5, 77, 0, 1, 2, 3, 4, 9, 5, 77, 0, 1, 2, 3, 4, 9, 5, 77}), out); err != nil {
		t.Fatal(err)
	}
	for i, got := range m.down(out, 32) {
		if want := []int32{3, 5, 27, 0, 8, 1, -1, -1}[i%8]; int32(got) != want {
			t.Errorf("switches: thread %d: %d, want %d", i, int32(got), want)
		}
	}
}

func TestSweepVectors(t *testing.T) {
	m := newMachine(t)
	k := module(t, "testdata/sweep.ptx")
	e, c, s, b, h := make([]uint32, 128), make([]uint32, 32), make([]uint32, 64), make([]uint32, 8), make([]uint32, 16)
	d := make([]uint64, 64)
	for i := range e {
		e[i] = uint32(i * 1000003)
	}
	for i := range d {
		d[i], s[i] = math.Float64bits(float64(i)/3), uint32(i)<<16|uint32(i%9)
	}
	for i := range 32 {
		c[i] = uint32(i) * 0x01020304
		b[i/4] |= uint32(uint8(int8(i-20))) << (8 * (i % 4))
		h[i/2] |= uint32(uint16(int16(11-i))) << (16 * (i % 2))
	}
	pe, pd, pc, ps, pf := m.up(e), m.up64(d), m.up(c), m.up(s), m.Alloc(32)
	if err := m.Launch(k, "vectors", line(1), line(32), pe, pd, pc, ps, m.up(b), m.up(h), pf); err != nil {
		t.Fatal(err)
	}
	for i, got := range m.down(pe, 128) {
		if want := e[i]*e[i] + 5; got != want {
			t.Errorf("e[%d] = %d, want %d", i, got, want)
		}
	}
	for i, got := range m.down64(pd, 64) {
		if want := float64(i) / 3 * 2; math.Float64frombits(got) != want {
			t.Errorf("d[%d] = %g, want %g", i, math.Float64frombits(got), want)
		}
	}
	f := m.down(pf, 8)
	for i := range 128 {
		part := func(w []uint32, i, size int) uint32 { return w[i*size/4] >> (8 * (i * size % 4)) & (1<<(8*size) - 1) }
		if got, want := part(m.down(pc, 32), i, 1), uint32(uint8(part(c, i, 1)+250)); got != want {
			t.Errorf("c[%d] = %d, want %d", i, got, want)
		}
		if got, want := part(m.down(ps, 64), i, 2), uint32(uint16(part(s, i, 2)-7)); got != want {
			t.Errorf("s[%d] = %d, want %d", i, got, want)
		}
		if i < 32 && part(f, i, 1) != uint32(flag(i-20 > 11-i)) {
			t.Errorf("f[%d] = %d", i, part(f, i, 1))
		}
	}
	if err := m.Launch(k, "parameters", line(1), line(1), 250, 0xfffe, 1, bits32(0.5), bits64(0.25), uint64(1<<40), pd); err != nil {
		t.Fatal(err)
	}
	if got, want := math.Float64frombits(m.down64(pd, 1)[0]), 250-2+1+0.5+0.25+1<<40; got != float64(want) {
		t.Errorf("parameters: %g, want %g", got, float64(want))
	}
}

func TestSweepWarps(t *testing.T) {
	m := newMachine(t)
	k := module(t, "testdata/sweep.ptx")
	for _, least := range []int{0, 21} { // of the second, all are above 20
		a := make([]uint32, 64)
		for i := range a {
			a[i] = uint32(least + i*5%23 + i/3)
		}
		checkWarps(t, m, k, a)
	}
}

// checkWarps runs the kernel warps.
func checkWarps(t *testing.T, m *machine, k *Module, a []uint32) {
	t.Helper()
	out := m.Alloc(4 * 24 * 64)
	if err := m.Launch(k, "warps", line(1), line(64), m.up(a), out); err != nil {
		t.Fatal(err)
	}
	got := m.down(out, 24*64)
	var block [3]uint32 // of the barriers: count, all, any
	block[1] = 1
	for _, v := range a {
		block[0] += uint32(flag(v > 20))
		block[1] &= uint32(flag(v > 20))
		block[2] |= uint32(flag(v > 20))
	}
	for thread := range 64 {
		x, l := a[thread/32*32:][:32], thread%32
		pick := func(from int, ok bool) uint32 {
			if !ok {
				from = l
			}
			return x[from]
		}
		var ballot, sum, least, top, or, xor, like, odd uint32
		and := ^uint32(0)
		least = ^uint32(0) >> 1
		for i, v := range x {
			ballot |= uint32(flag(v > 20)) << i
			sum += v
			least = uint32(min(int32(least), -int32(v)))
			top = max(top, -v)
			and &= v | 64
			or |= v
			xor ^= v
			like |= uint32(flag(v&3 == x[l]&3)) << i
			odd += v * uint32(i&1)
		}
		want := []uint32{x[l^5], pick(max(l-3, 0), l >= 3), pick(min(l+3, 31), l+3 < 32), x[x[l]&7], pick(min(l+1, 31), l%8 != 7),
			uint32(flag(ballot != 0)), uint32(flag(ballot == ^uint32(0))), ballot, uint32(flag(ballot == 0 || ballot == ^uint32(0))), sum, least, top, and, xor, or,
			like, 1<<l - 1, block[0], block[1], block[2], 0xaaaaaaaa, x[l^2], odd, x[l^1]}
		if l%2 == 0 {
			want[20], want[21], want[22] = 0, x[l^4], 0
		}
		for j, w := range want {
			if g := got[24*thread+j]; g != w {
				t.Errorf("thread %d: o[%d] = %#x, want %#x", thread, j, g, w)
			}
		}
	}
}
