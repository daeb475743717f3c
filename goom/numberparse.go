package goom

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParseNumber reads what Text writes and every decimal floating-point number with an exponent of 64 bits:
// "-1.5e+1000000", "10^2.5e+30", "0", "inf", "nan". All digits count, however many there are: the logarithm is right
// to its own rounding. Time and memory are in proportion to the length of the text. It fails for other texts and for
// numbers whose logarithm is no float64.
func ParseNumber(text string) (Number, error) {
	s, sign := strings.TrimSpace(text), 1.0
	switch {
	case strings.HasPrefix(s, "-"):
		sign, s = -1, s[1:]
	case strings.HasPrefix(s, "+"):
		s = s[1:]
	}
	read := decimalLog
	if power, ok := strings.CutPrefix(s, "10^"); ok {
		read, s = powerLog, power
	}
	l, err := read(s)
	if err != nil {
		return Number{}, fmt.Errorf("goom: cannot read the number %s: %w", quoted(text), err)
	}
	if math.IsNaN(l) || math.IsInf(l, -1) {
		sign = 1
	}
	return Number{Log: l, Sign: sign}, nil
}

// quoted is a text in quotes, a long one cut short.
func quoted(text string) string {
	const longest = 50
	if len(text) > longest {
		return fmt.Sprintf("%q... (%d bytes)", text[:longest], len(text))
	}
	return strconv.Quote(text)
}

// powerLog is the logarithm of 10 to that power.
func powerLog(power string) (float64, error) {
	if strings.ContainsAny(power, "xX_") { // which strconv would read
		return 0, fmt.Errorf("its power of ten is not decimal")
	}
	p, err := strconv.ParseFloat(power, 64)
	l := p * math.Ln10
	switch {
	case err != nil && !math.IsInf(p, 0), math.IsNaN(p):
		return 0, fmt.Errorf("its power of ten is no number")
	case err != nil, math.IsInf(l, 0) && !math.IsInf(p, 0):
		return 0, fmt.Errorf("its power of ten is beyond 7.8e307")
	}
	return l, nil
}

// decimalLog is the logarithm of a decimal number without sign.
func decimalLog(s string) (float64, error) {
	switch {
	case strings.EqualFold(s, "inf"), strings.EqualFold(s, "infinity"):
		return math.Inf(1), nil
	case strings.EqualFold(s, "nan"):
		return math.NaN(), nil
	}
	mantissa, exponent := s, 0.0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		e, err := strconv.ParseInt(s[i+1:], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("its exponent is no 64-bit integer")
		}
		mantissa, exponent = s[:i], float64(e)
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole+fraction == "" || !decimal(whole) || !decimal(fraction) {
		return 0, fmt.Errorf("write it like -1.5e+1000 or 10^2.5e+30")
	}
	digits, point := significant(whole, fraction)
	if digits == "" {
		return math.Inf(-1), nil
	}
	return digitsLog(digits, exponent+float64(point-1)), nil
}

// decimal reports whether a text has nothing but digits.
func decimal(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// mostDigits is more than a float64 and its distance from 1 depend on. A digit 1 stands for all that follow.
const mostDigits = 800

// significant returns the digits of whole.fraction without zeros before and behind, and where the point is among
// them: the number is 0.digits * 10^point. Zero has no digits.
func significant(whole, fraction string) (digits string, point int) {
	whole = strings.TrimLeft(whole, "0")
	point = len(whole)
	if whole == "" {
		n := len(fraction)
		fraction = strings.TrimLeft(fraction, "0")
		point = len(fraction) - n
	}
	first := min(len(whole), mostDigits)
	second := min(len(fraction), mostDigits-first)
	digits = whole[:first] + fraction[:second]
	if strings.Trim(whole[first:], "0") != "" || strings.Trim(fraction[second:], "0") != "" {
		return digits + "1", point
	}
	return strings.TrimRight(digits, "0"), point
}

// digitsLog is the logarithm of d.ddd * 10^exponent. Digits and exponent do not begin or end with zero.
func digitsLog(digits string, exponent float64) float64 {
	switch {
	case exponent == 0 && digits[0] == '1': // between 1 and 2 the distance from 1 counts
		return math.Log1p(float("0."+digits[1:], 0))
	case exponent == -1 && digits[0] >= '5': // as between 1/2 and 1
		return math.Log1p(-float("0."+complement(digits), 0))
	case math.Abs(exponent) < 300:
		return math.Log(float(digits[:1]+"."+digits[1:], int(exponent)))
	}
	m := float(digits[:1]+"."+digits[1:], 0)
	return math.FMA(exponent, math.Ln10, math.Log(m)) + exponent*ln10Lo
}

// complement returns the digits of 1 - 0.digits; the last of digits is not zero.
func complement(digits string) string {
	out := []byte(digits)
	for i, d := range out {
		out[i] = '9' - d + '0'
	}
	out[len(out)-1]++
	return string(out)
}

// float is the float64 nearest to digits * 10^exponent, which are in its range.
func float(digits string, exponent int) float64 {
	x, _ := strconv.ParseFloat(digits+"e"+strconv.Itoa(exponent), 64) // digits in range do not fail
	return x
}
