package ptx

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
)

// apply runs an operation of the table on one lane.
func apply(t testing.TB, op string, args ...uint64) uint64 {
	t.Helper()
	o, err := find(op, strings.Split(op, "."))
	if err != nil {
		t.Fatalf("%s: %v", op, err)
	}
	if o.sources != len(args) {
		t.Fatalf("%s has %d operands", op, o.sources)
	}
	var d lanes
	var src [3]lanes
	for i, a := range args {
		src[i][5] = a
	}
	o.run(&d, &src[0], &src[1], &src[2])
	return d[5]
}

// rounded is an exact number, not 0, rounded to float32 by comparison with neighbors.
func rounded(exact *big.Float, m mode) float32 {
	f, _ := exact.Float32() // to nearest, ties to even, once
	if m == nearest {
		return f
	}
	if math.IsInf(float64(f), 0) { // beyond the range
		if m == zero || (m == down) == (f > 0) {
			return float32(math.Copysign(math.MaxFloat32, float64(f)))
		}
		return f
	}
	side := new(big.Float).SetFloat64(float64(f)).Cmp(exact)
	switch {
	case side > 0 && (m == down || m == zero && exact.Sign() > 0):
		return math.Nextafter32(f, float32(math.Inf(-1)))
	case side < 0 && (m == up || m == zero && exact.Sign() < 0):
		return math.Nextafter32(f, float32(math.Inf(1)))
	}
	return f
}

func exact(x float64) *big.Float { return new(big.Float).SetPrec(2000).SetFloat64(x) }

func finite(x ...float32) bool {
	for _, v := range x {
		if v-v != 0 {
			return false
		}
	}
	return true
}

// referenceFMA is a*b + c to nearest.
func referenceFMA(a, b, c float32) float32 { return referenceFused(a, b, c, nearest) }

func referenceFused(a, b, c float32, m mode) float32 {
	if !finite(a, b, c) {
		return float32(float64(a)*float64(b) + float64(c))
	}
	sum := exact(0).Mul(exact(float64(a)), exact(float64(b)))
	if sum.Add(sum, exact(float64(c))).Sign() == 0 {
		p := float64(a) * float64(b)
		if positive := p == 0 && !math.Signbit(p) && !math.Signbit(float64(c)); m == down && !positive {
			return float32(math.Copysign(0, -1))
		}
		return float32(p + float64(c))
	}
	return rounded(sum, m)
}

func referenceSum(a, b float32, m mode) float32 { return referenceFused(a, 1, b, m) }

// drawn returns a float32 of any kind, often close to another in magnitude, so that sums cancel and ties occur.
func drawn(r *rand.Rand) float32 {
	switch r.IntN(8) {
	case 0:
		return float32(sweepFloats[r.IntN(len(sweepFloats))])
	case 1:
		return math.Float32frombits(r.Uint32())
	case 2:
		return math.Float32frombits(r.Uint32() & 0x807fffff) // subnormal
	}
	return math.Float32frombits(r.Uint32()&0x80000fff | uint32(100+r.IntN(56))<<23)
}

func TestFloat32IsRoundedOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		a, b, c := drawn(r), drawn(r), drawn(r)
		for name, m := range modes {
			check := func(op string, want float32, args ...float32) {
				t.Helper()
				var in []uint64
				for _, v := range args {
					in = append(in, uint64(math.Float32bits(v)))
				}
				if got := apply(t, op, in...); got != bits32(want) {
					t.Fatalf("%s %x = %x (%#x), want %x", op, args, f32(got), got, want)
				}
			}
			check("fma."+name+".f32", referenceFused(a, b, c, m), a, b, c)
			check("add."+name+".f32", referenceSum(a, b, m), a, b)
			check("sub."+name+".f32", referenceSum(a, -b, m), a, b)
			if product := referenceFused(a, b, 0, m); a != 0 && b != 0 {
				check("mul."+name+".f32", product, a, b)
			}
			if finite(a, b) && a != 0 && b != 0 {
				quotient := new(big.Rat).Quo(new(big.Rat).SetFloat64(float64(a)), new(big.Rat).SetFloat64(float64(b)))
				// 400 bits tell a quotient of two numbers of 24 bits from every tie
				check("div."+name+".f32", rounded(exact(0).SetPrec(400).SetRat(quotient), m), a, b)
			}
			if finite(a) && a > 0 {
				check("sqrt."+name+".f32", rounded(exact(0).SetPrec(400).Sqrt(exact(float64(a))), m), a)
			}
		}
	}
}

// TestTinyFMA: just below a tie of a subnormal result, where rounding to float64 first gives the tie.
func TestTinyFMA(t *testing.T) {
	a, b := float32(0x1.000002p-75), float32(0x1p-75-0x1p-98) // the product is 2^-150 - 2^-196
	c := float32(0x1p-127 + 0x1p-149)
	if got := apply(t, "fma.rn.f32", bits32(a), bits32(b), bits32(c)); got != bits32(c) {
		t.Errorf("%x, want %x", f32(got), c)
	}
	if want := referenceFMA(a, b, c); want != c {
		t.Errorf("the reference gives %x", want)
	}
}

func TestFloat32SpecialValues(t *testing.T) {
	nan, inf, minus := float32(math.NaN()), float32(math.Inf(1)), float32(math.Copysign(0, -1))
	for _, c := range []struct {
		op   string
		want float32
		args []float32
	}{
		{"min.f32", 1, []float32{nan, 1}}, {"min.f32", 1, []float32{1, nan}}, {"min.f32", nan, []float32{nan, nan}},
		{"max.f32", 1, []float32{nan, 1}}, {"max.f32", 1, []float32{1, nan}}, {"min.f32", minus, []float32{0, minus}},
		{"max.f32", 0, []float32{minus, 0}}, {"max.f32", inf, []float32{inf, -inf}},
		{"add.rm.f32", minus, []float32{1, -1}}, {"add.rn.f32", 0, []float32{1, -1}}, {"add.rm.f32", 0, []float32{0, 0}}, {"add.rp.f32", 0, []float32{0, minus}},
		{"add.rm.f32", minus, []float32{0, minus}}, {"mul.rz.f32", math.MaxFloat32, []float32{math.MaxFloat32, 2}}, {"mul.rn.f32", inf, []float32{math.MaxFloat32, 2}},
		{"mul.rp.f32", -math.MaxFloat32, []float32{-math.MaxFloat32, 2}}, {"mul.rn.f32", minus, []float32{-1, 0}},
		{"div.rn.f32", inf, []float32{1, 0}}, {"div.rn.f32", -inf, []float32{1, minus}}, {"div.rn.f32", nan, []float32{0, 0}}, {"div.rz.f32", 0, []float32{1, inf}},
		{"sqrt.rn.f32", minus, []float32{minus}}, {"sqrt.rn.f32", nan, []float32{-1}}, {"sqrt.rz.f32", inf, []float32{inf}},
		{"rcp.rn.f32", 0.25, []float32{4}}, {"rcp.rn.f32", inf, []float32{0}},
		{"add.rn.ftz.f32", 0, []float32{1e-40, 1e-40}}, {"mul.rn.ftz.f32", minus, []float32{-1e-20, 1e-20}}, {"add.rn.ftz.f32", 1e-30, []float32{1e-30, 1e-40}},
		{"add.sat.f32", 1, []float32{3, 4}}, {"add.sat.f32", 0, []float32{-3, 1}}, {"add.sat.f32", 0, []float32{nan, 1}}, {"fma.rn.sat.f32", 0.5, []float32{0.25, 2, 0}},
		{"abs.f32", 2, []float32{-2}}, {"neg.f32", minus, []float32{0}}, {"abs.ftz.f32", 0, []float32{-1e-40}},
		{"copysign.f32", 3, []float32{minus, -3}}, {"cvt.sat.f32.f32", 1, []float32{9}},
	} {
		var in []uint64
		for _, v := range c.args {
			in = append(in, uint64(math.Float32bits(v)))
		}
		want := c.want
		if c.op == "copysign.f32" {
			want = -3 // the sign of the first, the magnitude of the second
		}
		if got := apply(t, c.op, in...); got != bits32(want) {
			t.Errorf("%s %v = %v, want %v", c.op, c.args, f32(got), want)
		}
	}
}

func TestTensorFormats(t *testing.T) {
	for _, c := range []struct {
		op       string
		in, want uint64
	}{
		{"cvt.rna.tf32.f32", 0x3f800fff, 0x3f800000}, {"cvt.rna.tf32.f32", 0x3f801000, 0x3f802000}, {"cvt.rna.tf32.f32", 0xbf801000, 0xbf802000},
		{"cvt.rna.tf32.f32", 0x7f7fffff, 0x7f800000}, {"cvt.rna.tf32.f32", 0x7f800000, 0x7f800000},
		{"cvt.rn.bf16.f32", 0x3f808000, 0x3f80}, {"cvt.rn.bf16.f32", 0x3f818000, 0x3f82}, {"cvt.rn.bf16.f32", 0x3f808001, 0x3f81}, {"cvt.rn.bf16.f32", 0x7fc00000, 0x7fff},
		{"cvt.rn.bf16.f32", 0xff7fffff, 0xff80},
	} {
		if got := apply(t, c.op, c.in); got != c.want {
			t.Errorf("%s %#x = %#x, want %#x", c.op, c.in, got, c.want)
		}
	}
	if got := apply(t, "cvt.rn.bf16x2.f32", bits32(1), bits32(-2)); got != 0x3f80c000 {
		t.Errorf("cvt.rn.bf16x2.f32 = %#x: the first operand is the high half", got)
	}
}
