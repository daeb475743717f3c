package goom

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// String is Text(6).
func (x Number) String() string { return x.Text(6) }

// resolved bounds the logarithms that determine a decimal digit: beyond it neighboring float64 logarithms are 1/4 and
// more apart.
const resolved = 1 << 50

// Text writes the number in decimal with the given count of significant digits, and no more than the logarithm's
// precision can tell, which is at most 16: "-1.234e+482113". Logarithms beyond 2^50 (numbers beyond
// 10^(4.9*10^14)) do not determine even the leading digit; they are written as a power of ten with at most 17
// digits, "10^1.5e+30" or "-10^-2e+20". Zero is "0", the others "NaN", "+Inf" and "-Inf".
func (x Number) Text(digits int) string {
	switch {
	case math.IsNaN(x.Log):
		return "NaN"
	case math.IsInf(x.Log, 1):
		if x.Sign < 0 {
			return "-Inf"
		}
		return "+Inf"
	case x.IsZero():
		return "0"
	}
	sign := ""
	if x.Sign < 0 {
		sign = "-"
	}
	if math.Abs(x.Log) >= resolved {
		return sign + "10^" + strconv.FormatFloat(x.Log/math.Ln10, 'g', min(max(digits, 1), 17), 64)
	}
	// log10 in two parts: the integer part may be large, the fraction carries the digits.
	e := math.Floor(x.Log / math.Ln10)
	m := math.Exp(math.FMA(-e, math.Ln10, x.Log) - e*ln10Lo)
	if m >= 10 {
		m, e = m/10, e+1
	} else if m < 1 {
		m, e = m*10, e-1
	}
	digits = max(1, min(digits, int(16.5-math.Log10(math.Abs(x.Log)+1))))
	text := strconv.FormatFloat(m, 'f', digits-1, 64)
	if strings.HasPrefix(text, "10") { // 9.99.. rounded up
		text, e = strconv.FormatFloat(1, 'f', digits-1, 64), e+1
	}
	return sign + text + exponentText(e)
}

const ln10Lo = -2.1707562233822494e-16 // ln 10 - float64(ln 10)

func exponentText(e float64) string {
	if e == 0 {
		return ""
	}
	return fmt.Sprintf("e%+d", int64(e))
}
