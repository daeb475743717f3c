package goom

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"goomtrain/rng"
)

// Texts that once gave a wrong number, or none. The truth is exact decimal arithmetic.
func TestParseNumberExactly(t *testing.T) {
	zeros := func(n int) string { return strings.Repeat("0", n) }
	for _, c := range []struct {
		name, text string
		want       float64 // the logarithm
	}{
		{"zeros before the digits", "0." + zeros(400) + "1e500", 99 * math.Ln10},
		{"digits below the smallest float64", "0." + zeros(320) + "123456789e330", math.Log(1.23456789e9)},
		{"401 digits", "1" + zeros(400), 400 * math.Ln10},
		{"401 digits and a fraction", "-3" + zeros(400) + ".5e-1", math.Log(3) + 399*math.Ln10},
		{"zeros before and behind", "000" + "100" + ".00", math.Log(100)},
		{"a subnormal number", "5e-324", math.Log(5) - 324*math.Ln10},
		{"just above 1", "1.00000000000000000001", 1e-20},
		{"just below 1", "0.99999999999999999999", -1e-20},
		{"just below 1, with an exponent", "99999999999999999999e-20", -1e-20},
		{"above 1 by the smallest normal number", "1." + zeros(307) + "22250738585072014", 0x1p-1022},
		{"above 1 by nothing that counts", "1." + zeros(5000) + "1", 0},
		{"below 1 by nothing that counts", "0." + strings.Repeat("9", 5000), 0},
		{"just above 1, digits without end", "1." + zeros(20) + strings.Repeat("3", 5000), 1e-20 / 3},
		{"just below 1, digits without end", "0." + strings.Repeat("9", 20) + strings.Repeat("6", 5000), -1e-20 / 3},
		{"the largest exponent", "1e9223372036854775807", 9223372036854775807 * math.Ln10},
		{"the smallest exponent", "1e-9223372036854775808", -9223372036854775808 * math.Ln10},
		{"beyond the largest exponent", "10e9223372036854775807", 9223372036854775808 * math.Ln10},
		{"beyond the smallest exponent", "0.1e-9223372036854775808", -9223372036854775809 * math.Ln10},
		{"an exponent's own sign and zeros", "1e+00000000000000000000000000005", 5 * math.Ln10},
		{"a power of ten", "10^2.5", 2.5 * math.Ln10},
		{"a power that is infinite", "10^inf", math.Inf(1)},
		{"a power of nothing", "-10^-inf", math.Inf(-1)},
	} {
		x, err := ParseNumber(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if !(x.Log == c.want || math.Abs(x.Log-c.want) <= 5e-16*math.Abs(c.want)) {
			t.Errorf("%s: logarithm %v, want %v", c.name, x.Log, c.want)
		}
		if want := 1.0; strings.HasPrefix(c.text, "-") && !math.IsInf(c.want, -1) {
			want = -1
			if x.Sign != want {
				t.Errorf("%s: sign %v, want %v", c.name, x.Sign, want)
			}
		} else if err == nil && x.Sign != want {
			t.Errorf("%s: sign %v, want %v", c.name, x.Sign, want)
		}
	}
}

// Texts that are no numbers, or whose logarithm is no float64, are refused and named, long ones in part.
func TestParseNumberRefuses(t *testing.T) {
	for _, text := range []string{
		"", "-", "+-1", "--1", "1e", "1e+", "1e 5", "1e1.5", "e5", ".", "-.e3", "1.2.3", "x", "1x", "0x1p-3", "0x10", "1_000", "1 2", "٣", "+nan+",
		"infinit", "nano", "10^", "10^nan", "10^x", "10^0x1p3", "10^1e400", "-10^1.7e308", "10^-1e400", "1e99999999999999999999",
		"1e9223372036854775808",
	} {
		if x, err := ParseNumber(text); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", text)) {
			t.Errorf("ParseNumber(%q) = %v, %v, want an error that names it", text, x, err)
		}
	}
	_, err := ParseNumber(strings.Repeat("1", 1e6) + "x")
	if err == nil || len(err.Error()) > 300 {
		t.Errorf("a million digits and a letter: %.300v", err)
	}
}

// A text of millions of digits or with a huge exponent costs time and memory in proportion to its length alone.
func TestParseNumberIsLinear(t *testing.T) {
	nines, zeros := strings.Repeat("9", 4e6), strings.Repeat("0", 4e6)
	for _, text := range []string{
		nines, "0." + nines, "1." + zeros + "1", "0." + zeros + "1", "1" + zeros + "e-4000000", "1e" + zeros + "1", nines + "e-9223372036854775807",
		"10^" + zeros + "1", strings.Repeat("-", 4e6),
	} {
		start := time.Now()
		n := testing.AllocsPerRun(1, func() { _, _ = ParseNumber(text) })
		if d := time.Since(start); d > 10*time.Second { // two runs: a quarter of a second where it is linear
			t.Errorf("%.20s..., %d bytes: %v", text, len(text), d)
		}
		if n > 20 {
			t.Errorf("%.20s..., %d bytes: %v allocations", text, len(text), n)
		}
	}
}

// agrees holds ParseNumber to the logarithm of the text's digits as a big.Float, to which the exponent is added apart.
func agrees(t *testing.T, sign, digits string, exponent int64) {
	t.Helper()
	text := fmt.Sprintf("%s%se%d", sign, digits, exponent)
	x, err := ParseNumber(text)
	if err != nil {
		t.Fatal(err)
	}
	z, _, err := big.ParseFloat(digits, 10, bigPrecision, big.ToNearestEven)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	if z.Sign() == 0 {
		if !x.IsZero() || x.Sign != 1 {
			t.Fatalf("%q gives %+v, want zero", text, x)
		}
		return
	}
	// The whole number where its exponent is moderate: the logarithms of digits and exponent may cancel.
	want := bigFloat()
	if exponent > -2000 && exponent < 2000 {
		z, _, err = big.ParseFloat(digits+fmt.Sprintf("e%d", exponent), 10, bigPrecision, big.ToNearestEven)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		want = bigLog(z)
	} else {
		want.Add(bigLog(z), bigFloat().Mul(bigLn10, bigFloat().SetInt64(exponent)))
	}
	if e := relative(x.Log, want); e > 5e-16 {
		t.Fatalf("%.60q: logarithm %v is off by %.3g of %.20g", text, x.Log, e, want)
	}
	if (x.Sign < 0) != (sign == "-") {
		t.Fatalf("%q: sign %v", text, x.Sign)
	}
	holdsText(t, x)
}

// holdsText writes a number and reads it back: the digits that Text gives are those of e^Log, and no digit less.
func holdsText(t *testing.T, x Number) {
	t.Helper()
	for _, digits := range []int{1, 6, 20} {
		text := x.Text(digits)
		back, err := ParseNumber(text)
		if err != nil {
			t.Fatalf("%+v becomes %q: %v", x, text, err)
		}
		if math.Abs(x.Log) >= resolved {
			if math.Abs(back.Log-x.Log) > math.Abs(x.Log)*(math.Pow(10, 1-float64(min(digits, 17)))+4e-16) || back.Sign != x.Sign {
				t.Fatalf("%+v becomes %q, which reads as %+v", x, text, back)
			}
			continue
		}
		shown := len(strings.TrimPrefix(strings.Split(text, "e")[0], "-"))
		if shown > 1 {
			shown-- // the point
		}
		// Half a unit of the last digit, and the rounding of the logarithm.
		limit := 0.51*math.Pow(10, 1-float64(shown)) + 5e-16*(1+math.Abs(x.Log))
		if back.Sign != x.Sign || math.Abs(back.Log-x.Log) > 1.1*limit {
			t.Fatalf("%+v becomes %q, which is off by %g, want at most %g", x, text, back.Log-x.Log, limit)
		}
		want := max(1, min(digits, int(16.5-math.Log10(1+math.Abs(x.Log)))))
		if shown != want {
			t.Fatalf("%+v becomes %q with %d digits, want %d of %d asked for", x, text, shown, want, digits)
		}
	}
}

// randomDigits draws the digits of a decimal number, with zeros and nines where they hurt.
func randomDigits(r *rng.Stream) string {
	digits := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte('0' + r.IntN(10))
		}
		return string(b)
	}
	long := func() int { return r.IntN(1 << (1 + r.IntN(9))) }
	switch r.IntN(6) {
	case 0:
		return digits(1+long()) + "." + digits(long())
	case 1:
		return "0." + strings.Repeat("0", long()) + digits(1+r.IntN(30))
	case 2:
		return "1." + strings.Repeat("0", r.IntN(320)) + digits(1+r.IntN(30))
	case 3:
		return "0." + strings.Repeat("9", r.IntN(320)) + digits(1+r.IntN(30))
	case 4:
		return digits(1+r.IntN(20)) + strings.Repeat("0", long())
	}
	return digits(1 + r.IntN(17))
}

// The truth here: math/big, with logarithms of its own series.
func TestParseNumberAgainstBig(t *testing.T) {
	r := rng.New(1, "decimal texts")
	for range 600 {
		exponent := int64(0)
		switch r.IntN(4) {
		case 0:
			exponent = int64(r.IntN(700)) - 350
		case 1:
			exponent = int64(r.Uint64()) >> r.IntN(64)
		case 2:
			exponent = int64(r.IntN(40)) - 20
		}
		exponent = min(max(exponent, math.MinInt64+1000), math.MaxInt64-1000)
		agrees(t, []string{"", "-"}[r.IntN(2)], randomDigits(r), exponent)
	}
}

// FuzzParseNumber: nothing panics, what is a number of moderate exponent to math/big is the same number here, and the
// text written is read again.
func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{
		"-1.5e+1000", "10^1e30", "nan", "Inf", "0x1p-3", "1e-9223372036854775808", "10^inf", "0." + strings.Repeat("0", 400) + "1e500",
		strings.Repeat("9", 401), "1.00000000000000000001", "0.99999999999999999999", "1_0", "-0", "1e9223372036854775807", "٣",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		x, err := ParseNumber(s)
		digits, exponent, _ := strings.Cut(strings.ToLower(strings.TrimSpace(s)), "e")
		plain := strings.Trim(strings.TrimLeft(digits, "+-"), "0123456789.") == "" && len(exponent) < 5 && len(digits) < 800
		if plain { // math/big takes minutes for huge exponents
			z, _, bigErr := big.ParseFloat(strings.TrimSpace(s), 10, bigPrecision, big.ToNearestEven)
			if (bigErr == nil) != (err == nil) {
				t.Fatalf("%q: %v, math/big says %v", s, err, bigErr)
			}
			if err == nil && z.Sign() == 0 {
				if !x.IsZero() {
					t.Fatalf("%q gives %v", s, x)
				}
			} else if err == nil {
				if e := relative(x.Log, bigLog(z)); e > 5e-16 || (x.Sign < 0) != (z.Sign() < 0) {
					t.Fatalf("%q: logarithm %v is off by %.3g", s, x.Log, e)
				}
			}
		}
		if err != nil {
			return
		}
		if back, err := ParseNumber(x.String()); err != nil || x.IsZero() != back.IsZero() {
			t.Fatalf("%q becomes %q, %v: %v", s, x, back, err)
		}
		if b, err := x.Big(0); err == nil && !b.IsInf() {
			NumberOfBig(b)
		}
	})
}
