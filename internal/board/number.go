package board

import (
	"math"
	"strconv"
)

// A number is a float in JSON: null where it is not finite.
type number float64

// MarshalJSON implements json.Marshaler.
func (n number) MarshalJSON() ([]byte, error) {
	if !finite(float64(n)) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(n), 'g', 7, 64), nil
}

// A curve is the points of a line, as [[x ...], [y ...]] in JSON. Values of y are finite.
type curve struct {
	xs []float64
	ys []float32
}

// MarshalJSON implements json.Marshaler.
func (c curve) MarshalJSON() ([]byte, error) {
	out := append(make([]byte, 0, 20*len(c.xs)+8), "[["...)
	for i, x := range c.xs {
		if i > 0 {
			out = append(out, ',')
		}
		if x == math.Trunc(x) && math.Abs(x) < 1<<53 {
			out = strconv.AppendInt(out, int64(x), 10)
		} else {
			out = strconv.AppendFloat(out, x, 'g', 8, 64)
		}
	}
	out = append(out, "],["...)
	for i, y := range c.ys {
		if i > 0 {
			out = append(out, ',')
		}
		out = strconv.AppendFloat(out, float64(y), 'g', -1, 32)
	}
	return append(out, "]]"...), nil
}
