package goom

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The truth here: decimal arithmetic by hand, and math/big.
func TestText(t *testing.T) {
	for _, c := range []struct {
		x      Number
		digits int
		want   string
	}{
		{NumberOf(0), 4, "0"},
		{NumberOf(1), 4, "1.000"},
		{NumberOf(-2.5), 3, "-2.50"},
		{NumberOf(9.9996), 4, "1.000e+1"},
		{NumberOf(1234.5678), 6, "1.23457e+3"},
		{NumberOf(-1e-300), 2, "-1.0e-300"},
		{Number{Log: 482113*math.Ln10 + math.Log(1.234), Sign: -1}, 4, "-1.234e+482113"},
		{Number{Log: 1e16, Sign: 1}, 6, "10^4.34294e+15"},
		{Number{Log: -1e30 * math.Ln10, Sign: -1}, 3, "-10^-1e+30"},
		{Number{Log: math.Inf(1), Sign: -1}, 3, "-Inf"},
		{Number{Log: math.NaN(), Sign: 1}, 3, "NaN"},
		{Number{Log: math.Inf(-1), Sign: 1}, 3, "0"},
	} {
		if got := c.x.Text(c.digits); got != c.want {
			t.Errorf("Text(%d) of %v = %q, want %q", c.digits, c.x, got, c.want)
		}
	}
}

func TestParseNumber(t *testing.T) {
	for _, c := range []struct {
		text string
		want Number
	}{
		{"0", Number{math.Inf(-1), 1}}, {"-0e5", Number{math.Inf(-1), 1}}, {"1", Number{0, 1}}, {"+2.5", Number{math.Log(2.5), 1}},
		{"-1e-400", Number{-400 * math.Ln10, -1}}, {"1.5e+1000000", Number{1e6*math.Ln10 + math.Log(1.5), 1}},
		{"10^2.5e+30", Number{2.5e30 * math.Ln10, 1}}, {"-10^-1e+30", Number{-1e30 * math.Ln10, -1}}, {"inf", Number{math.Inf(1), 1}}, {"-Inf", Number{math.Inf(1), -1}},
	} {
		got, err := ParseNumber(c.text)
		if err != nil || math.Abs(got.Log-c.want.Log) > 1e-15*math.Abs(c.want.Log) || (got.Log != c.want.Log && math.IsInf(c.want.Log, 0)) || got.Sign != c.want.Sign {
			t.Errorf("ParseNumber(%q) = %v, %v, want %v", c.text, got, err, c.want)
		}
	}
	if x, err := ParseNumber("nan"); err != nil || !math.IsNaN(x.Log) {
		t.Errorf("nan: %v, %v", x, err)
	}
	for _, text := range []string{"", "-", "+-1", "1e", "1e99999999999999999999", "x", "10^", "10^nan", "1.2.3", "e5"} {
		if x, err := ParseNumber(text); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("ParseNumber(%q) = %v, %v, want an error that names it", text, x, err)
		}
	}
}

// What Text writes ParseNumber reads, to the digits written, and Big agrees with both.
func TestNumberRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := Number{Log: rapid.Float64Range(-1e9, 1e9).Draw(t, "log"), Sign: rapid.SampledFrom([]float64{1, -1}).Draw(t, "sign")}
		back, err := ParseNumber(x.Text(15))
		if err != nil || back.Sign != x.Sign {
			t.Fatalf("%q: %v, %v", x.Text(15), back, err)
		}
		if tol := 1e-14 + 4e-16*math.Abs(x.Log); math.Abs(back.Log-x.Log) > 10*tol {
			t.Fatalf("%v reads back as %v from %q", x.Log, back.Log, x.Text(15))
		}
		b, err := x.Big(100)
		if err != nil {
			t.Fatal(err)
		}
		if again := NumberOfBig(b); again.Sign != x.Sign || math.Abs(again.Log-x.Log) > 1e-15+4e-16*math.Abs(x.Log) {
			t.Fatalf("%v comes back as %v from big.Float", x, again)
		}
	})
}

// Scaled.Text has right digits at any exponent: against big.Float's own decimal conversion where that reaches,
// and beyond by 2^(2^60) = 10^(2^60 log10 2), computed apart.
func TestScaledText(t *testing.T) {
	for _, exp := range []int64{0, 1, -1, 10, 1000, -5000, 1 << 20, -(1 << 20) - 7} {
		x := Scaled{Mant: -1.2345678901, Exp: exp}
		b, err := x.Big()
		if err != nil {
			t.Fatal(err)
		}
		want, _, err := big.ParseFloat(x.Text(12), 10, 100, big.ToNearestEven)
		if err != nil {
			t.Fatalf("%q: %v", x.Text(12), err)
		}
		d, _ := new(big.Float).Quo(new(big.Float).Sub(b, want), b).Float64()
		if math.Abs(d) > 1e-11 {
			t.Errorf("%q is off by %v", x.Text(12), d)
		}
	}
	// 2^60 * log10(2) = 347063955532709820.68..., and 10^0.682... (bc, 60 digits)
	if got := (Scaled{Mant: 1, Exp: 1 << 60}).Text(3); !strings.HasSuffix(got, "e+347063955532709820") {
		t.Errorf("2^(2^60) = %q", got)
	}
	if _, err := (Scaled{Mant: 1, Exp: 1 << 40}).Big(); err == nil {
		t.Error("2^(2^40) fits no big.Float")
	}
	if _, err := (Number{Log: 1e12, Sign: 1}).Big(0); err == nil {
		t.Error("e^(10^12) fits no big.Float")
	}
}
