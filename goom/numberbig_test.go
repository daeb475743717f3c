package goom

import (
	"encoding/binary"
	"math"
	"math/big"
	"strings"
	"testing"

	"goomtrain/rng"
)

// holdsBig converts a big.Float and back, against its logarithm by math/big.
func holdsBig(t *testing.T, z *big.Float) {
	t.Helper()
	x := NumberOfBig(z)
	if z.IsInf() || z.Sign() == 0 {
		if got := x.Float64(); math.IsInf(got, z.Sign()) != z.IsInf() || (z.Sign() == 0) != x.IsZero() {
			t.Fatalf("%g becomes %+v", z, x)
		}
		return
	}
	if e := relative(x.Log, bigLog(z)); e > 5e-16 || (x.Sign < 0) != (z.Sign() < 0) {
		t.Fatalf("%.30g: logarithm %v with sign %v is off by %.3g", z, x.Log, x.Sign, e)
	}
	back, err := x.Big(2000)
	if err != nil {
		if e := z.MantExp(nil); e < math.MaxInt32-4 && e > math.MinInt32+4 {
			t.Fatalf("%.30g: %v", z, err)
		}
		return
	}
	// What rounding the logarithm costs: beside 1 where that is the larger.
	want := bigFloat().Abs(z)
	d, _ := bigFloat().Quo(bigFloat().Sub(bigFloat().Abs(back), want), want).Float64()
	if limit := 1e-15 * math.Abs(x.Log); math.Abs(d) > limit+1e-323 || back.Signbit() != z.Signbit() {
		t.Fatalf("%.30g comes back as %.30g, off by %.3g, want at most %.3g", z, back, d, limit)
	}
}

// nearOne is 1 + m 2^e as a big.Float that holds it exactly.
func nearOne(m float64, e int) *big.Float {
	d := bigFloat().SetFloat64(m)
	return d.SetMantExp(d, e).Add(d, big.NewFloat(1))
}

// The truth here: math/big, with logarithms of its own series.
func TestNumberOfBig(t *testing.T) {
	for _, z := range []*big.Float{
		new(big.Float), big.NewFloat(math.Inf(-1)), big.NewFloat(1), big.NewFloat(-1), big.NewFloat(0.5), big.NewFloat(2), big.NewFloat(-5e-324),
		nearOne(1, -1070), nearOne(-1, -1070), nearOne(-1, -1073), nearOne(1, -2), nearOne(-1, -2),
		new(big.Float).SetMantExp(big.NewFloat(0.7), math.MaxInt32-1), new(big.Float).SetMantExp(big.NewFloat(-0.7), math.MinInt32+2),
	} {
		holdsBig(t, z)
	}
	// 1 + 1e-20 is not 1, and 80 bits hold it.
	z, _, err := big.ParseFloat("1.00000000000000000001", 10, 80, big.ToNearestEven)
	if err != nil {
		t.Fatal(err)
	}
	if x := NumberOfBig(z); math.Abs(x.Log-1e-20) > 1e-24 {
		t.Errorf("1 + 1e-20 has the logarithm %v", x.Log)
	}
	r := rng.New(1, "big numbers")
	for range 400 {
		m := 2*r.Float64() - 1
		switch r.IntN(3) {
		case 0:
			holdsBig(t, nearOne(m, -r.IntN(1050)))
		case 1:
			holdsBig(t, new(big.Float).Neg(nearOne(m, -r.IntN(60))))
		default:
			z := bigFloat().SetFloat64(m)
			z.Add(z, bigFloat().SetMantExp(big.NewFloat(r.Float64()), -60))
			holdsBig(t, z.SetMantExp(z, int(int32(r.Uint64())>>(1+r.IntN(31)))))
		}
	}
}

// FuzzNumberOfBig: any mantissa, to any power of two, beside 1 and apart.
func FuzzNumberOfBig(f *testing.F) {
	f.Add([]byte{1}, int32(0), false)
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0, 1}, int32(-72), false)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, int32(-80), true)
	f.Add([]byte{3}, int32(math.MaxInt32), true)
	f.Add([]byte{}, int32(math.MinInt32), false)
	f.Fuzz(func(t *testing.T, mantissa []byte, exponent int32, negative bool) {
		mantissa = mantissa[:min(len(mantissa), 300)]
		z := bigFloat().SetInt(new(big.Int).SetBytes(mantissa))
		z.SetMantExp(z, int(exponent))
		if negative {
			z.Neg(z)
		}
		holdsBig(t, z)
	})
}

// holdsScaled: logarithm, text and big.Float of a mantissa and an exponent agree.
func holdsScaled(t *testing.T, x Scaled) {
	t.Helper()
	n := x.Number()
	if x.Mant == 0 || x.Mant-x.Mant != 0 {
		if got := n.Float64(); got != x.Mant && x.Mant == x.Mant {
			t.Fatalf("%+v has the logarithm %+v", x, n)
		}
		return
	}
	m := bigFloat().SetFloat64(x.Mant)
	want := bigFloat().Add(bigLog(m), bigFloat().Mul(bigLn2, bigFloat().SetInt64(x.Exp)))
	if e := relative(n.Log, want); e > 5e-16 || (n.Sign < 0) != (x.Mant < 0) {
		t.Fatalf("%+v has the logarithm %v with sign %v, off by %.3g", x, n.Log, n.Sign, e)
	}
	text := x.Text(40)
	digits, exponent, _ := strings.Cut(text, "e")
	if want := 16; len(strings.TrimPrefix(digits, "-")) != want { // the point is one
		t.Fatalf("%+v becomes %q, want 15 digits", x, text)
	}
	e := new(big.Int)
	if exponent != "" {
		if _, ok := e.SetString(exponent, 10); !ok {
			t.Fatalf("%+v becomes %q", x, text)
		}
	}
	shown, _, err := big.ParseFloat(digits, 10, bigPrecision, big.ToNearestEven)
	if err != nil {
		t.Fatal(err)
	}
	got := bigFloat().Add(bigLog(shown), bigFloat().Mul(bigLn10, bigFloat().SetInt(e)))
	if d, _ := got.Sub(got, want).Float64(); math.Abs(d) > 6e-15 || shown.Signbit() != (x.Mant < 0) {
		t.Fatalf("%+v becomes %q, off by %.3g", x, text, d)
	}
}

// The logarithm of a Scaled is right to its own rounding, near 1 too, however mantissa and exponent share the number,
// and its text has 15 right digits.
func TestScaledAgainstBig(t *testing.T) {
	for _, x := range []Scaled{
		{Mant: 0.5 + 0x1p-53, Exp: 1}, {Mant: 2 - 0x1p-51, Exp: -1}, {Mant: 1 - 0x1p-53}, {Mant: 1 + 0x1p-52}, {Mant: 1024 + 0x1p-40, Exp: -10},
		{Mant: -math.MaxFloat64, Exp: -1024}, {Mant: math.MaxFloat64, Exp: -1023}, {Mant: 5e-324, Exp: 1074}, {Mant: 5e-324, Exp: 3}, {Mant: 1, Exp: math.MaxInt64},
		{Mant: 0.3, Exp: math.MinInt64 + 2}, {Mant: math.Inf(-1), Exp: 5}, {Mant: math.NaN()}, {Mant: 0, Exp: 7},
		{Mant: 9.999999999999999}, {Mant: 0.99999999999999989}, {Mant: 1e300, Exp: 1 << 40}, {Mant: 1e-300, Exp: -1 << 40},
	} {
		holdsScaled(t, x)
	}
	r := rng.New(1, "scaled numbers")
	for range 400 {
		x := Scaled{Mant: math.Ldexp(2*r.Float64()-1, r.IntN(2000)-1000), Exp: int64(r.Uint64()) >> (2 + r.IntN(62))}
		if r.IntN(3) == 0 { // near 1
			d := math.Ldexp(2*r.Float64()-1, -r.IntN(60))
			e := r.IntN(1000) - 500
			x = Scaled{Mant: math.Ldexp(1+d, e), Exp: -int64(e)}
		}
		holdsScaled(t, x)
	}
}

// FuzzNumberText: the texts of any logarithm and of any mantissa and exponent are read back.
func FuzzNumberText(f *testing.F) {
	for _, l := range []float64{0, 1e-20, -1e-9, 1e9, 1 << 50, -(1<<50 - 1), math.MaxFloat64, 5e-324, math.Ln10, -math.Ln10, 2 * math.Ln10} {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], math.Float64bits(l))
		f.Add(l, true, l, int64(binary.LittleEndian.Uint64(b[:])))
	}
	f.Fuzz(func(t *testing.T, l float64, negative bool, mant float64, exp int64) {
		x := Number{Log: l, Sign: 1}
		if negative {
			x.Sign = -1
		}
		if l-l == 0 && math.Abs(l) < math.MaxFloat64/2 {
			holdsText(t, x)
		} else if _, err := ParseNumber(x.String()); err != nil && math.Abs(l) < math.MaxFloat64/2 {
			t.Fatal(err)
		}
		if exp > math.MinInt64/2 && exp < math.MaxInt64/2 {
			holdsScaled(t, Scaled{Mant: mant, Exp: exp})
		}
	})
}

// Float64 is exact in range, and zero or infinite beyond it, at any exponent.
func TestFloat64(t *testing.T) {
	for _, c := range []struct {
		x    Scaled
		want float64
	}{
		{Scaled{Mant: -1.5, Exp: -5}, -1.5 / 32}, {Scaled{Mant: 3, Exp: 40}, 3 << 40}, {Scaled{Mant: 1, Exp: -1074}, 5e-324}, {Scaled{Mant: 1, Exp: -1080}, 0},
		{Scaled{Mant: 5e-324, Exp: 2000}, 0x1p926}, {Scaled{Mant: 1e300, Exp: -1900}, 1e300 * 0x1p-950 * 0x1p-950},
		{Scaled{Mant: 1, Exp: math.MaxInt64}, math.Inf(1)}, {Scaled{Mant: -1, Exp: math.MaxInt64}, math.Inf(-1)}, {Scaled{Mant: 1, Exp: math.MinInt64}, 0}, {Scaled{Exp: math.MaxInt64}, 0},
	} {
		if got := c.x.Float64(); got != c.want {
			t.Errorf("%+v is %v, want %v", c.x, got, c.want)
		}
	}
	for _, c := range []struct {
		x    Number
		want float64
	}{{Number{0, -1}, -1}, {Number{800, 1}, math.Inf(1)}, {Number{-800, 1}, 0}, {Number{math.Inf(-1), 1}, 0}, {Number{math.Inf(1), -1}, math.Inf(-1)}} {
		if got := c.x.Float64(); got != c.want {
			t.Errorf("%+v is %v, want %v", c.x, got, c.want)
		}
	}
	for _, prec := range []uint{0, 10, 64, 200} {
		z, err := Number{Log: 1, Sign: 1}.Big(prec)
		if want := prec + 64*uint(1-min(prec, 1)); err != nil || z.Prec() != want {
			t.Errorf("Big(%d) has %d bits, want %d (%v)", prec, z.Prec(), want, err)
		}
	}
}
