package ptx

import (
	"math"
)

// Operations on floats by name. Those on float32 round once.
var (
	unary32 = map[string]func(a float32, m mode) float32{
		"sqrt": sqrt32,
		"rcp":  func(a float32, m mode) float32 { return div32(1, a, m) },
	}
	binary32 = map[string]func(a, b float32, m mode) float32{
		"add": add32, "mul": mul32, "div": div32,
		"sub": func(a, b float32, m mode) float32 { return add32(a, -b, m) },
	}
	unary64 = map[string]func(a float64) float64{
		"sqrt": math.Sqrt,
		"rcp":  func(a float64) float64 { return 1 / a },
	}
	binary64 = map[string]func(a, b float64) float64{
		"add": func(a, b float64) float64 { return a + b }, "sub": func(a, b float64) float64 { return a - b },
		"mul": func(a, b float64) float64 { return a * b }, "div": func(a, b float64) float64 { return a / b },
	}
	// approximate are those whose rounding PTX leaves open. They are computed in float64 and rounded once, so a GPU gives
	// other bits.
	approximate = map[string]func(a float64) float64{
		"ex2.approx": math.Exp2, "lg2.approx": math.Log2, "sin.approx": math.Sin, "cos.approx": math.Cos, "tanh.approx": math.Tanh,
		"sqrt.approx":  math.Sqrt,
		"rsqrt.approx": func(a float64) float64 { return 1 / math.Sqrt(a) },
		"rcp.approx":   func(a float64) float64 { return 1 / a },
	}
)

// find returns the operation of a name.
func find(name string, parts []string) (operation, error) {
	if o, ok := table[name]; ok && o.run != nil {
		return o, nil
	}
	if parts[0] == "cvt" {
		return conversion(parts)
	}
	if n := len(parts); n >= 2 && parts[n-1] == "f32" {
		return float32Operation(parts[0], parts[1:n-1])
	}
	return operation{}, errUnknown
}

// float32Operation is an operation with the modifiers rn, rz, rm, rp, approx, full, ftz and sat.
func float32Operation(base string, modifiers []string) (operation, error) {
	m, ftz, sat, approx := nearest, false, false, false
	for _, word := range modifiers {
		direction, rounds := modes[word]
		switch {
		case rounds:
			m = direction
		case word == "ftz":
			ftz = true
		case word == "sat":
			sat = true
		case word == "approx" || word == "full":
			approx = true
		default:
			return operation{}, errUnknown
		}
	}
	in := func(v uint64) float32 {
		if ftz {
			return flush(f32(v))
		}
		return f32(v)
	}
	out := func(f float32) uint64 {
		if ftz {
			f = flush(f)
		}
		if sat {
			f = clamped(f)
		}
		return bits32(f)
	}
	if f, ok := approximate[base+".approx"]; ok && approx {
		return one(func(a uint64) uint64 { return out(float32(f(float64(in(a))))) }), nil
	}
	if f, ok := unary32[base]; ok && !approx {
		return one(func(a uint64) uint64 { return out(f(in(a), m)) }), nil
	}
	if f, ok := binary32[base]; ok && (!approx || base == "div") {
		return two(func(a, b uint64) uint64 { return out(f(in(a), in(b), m)) }), nil
	}
	switch {
	case approx:
	case base == "fma" || base == "mad":
		return three(func(a, b, c uint64) uint64 { return out(fma32(in(a), in(b), in(c), m)) }), nil
	case base == "min":
		return two(func(a, b uint64) uint64 { return out(minimum(in(a), in(b))) }), nil
	case base == "max":
		return two(func(a, b uint64) uint64 { return out(maximum(in(a), in(b))) }), nil
	case base == "abs":
		return one(func(a uint64) uint64 { return out(float32(math.Abs(float64(in(a))))) }), nil
	case base == "neg":
		return one(func(a uint64) uint64 { return out(-in(a)) }), nil
	}
	return operation{}, errUnknown
}

func init() {
	for name, f := range unary64 {
		table[name+".rn.f64"] = one(func(a uint64) uint64 { return bits64(f(f64(a))) })
	}
	for name, f := range binary64 {
		o := two(func(a, b uint64) uint64 { return bits64(f(f64(a), f64(b))) })
		table[name+".rn.f64"] = o
		if name != "div" {
			table[name+".f64"] = o
		}
	}
	table["fma.rn.f64"] = three(func(a, b, c uint64) uint64 { return bits64(math.FMA(f64(a), f64(b), f64(c))) })
	table["min.f64"] = two(func(a, b uint64) uint64 { return bits64(minimum(f64(a), f64(b))) })
	table["max.f64"] = two(func(a, b uint64) uint64 { return bits64(maximum(f64(a), f64(b))) })
	table["abs.f64"] = one(func(a uint64) uint64 { return a &^ (1 << 63) })
	table["neg.f64"] = one(func(a uint64) uint64 { return a ^ 1<<63 })
	table["copysign.f32"] = two(func(a, b uint64) uint64 { return a&(1<<31) | b&^(1<<31)&0xffffffff })
	table["copysign.f64"] = two(func(a, b uint64) uint64 { return a&(1<<63) | b&^(1<<63) })
	// the common ones without a call for each lane
	table["add.rn.f32"] = operation{2, func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = bits32(f32(a[l]) + f32(b[l]))
		}
	}}
	table["sub.rn.f32"] = operation{2, func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = bits32(f32(a[l]) - f32(b[l]))
		}
	}}
	table["mul.rn.f32"] = operation{2, func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = bits32(f32(a[l]) * f32(b[l]))
		}
	}}
	table["div.rn.f32"] = operation{2, func(d, a, b, _ *lanes) {
		for l := range d {
			d[l] = bits32(f32(a[l]) / f32(b[l]))
		}
	}}
	// Rounding a float64 to float32 differs from rounding the exact value only where the float64 is halfway between two
	// neighbors, or below the normal range.
	const halfway, low29 = 1 << 28, 1<<29 - 1
	table["fma.rn.f32"] = operation{3, func(d, a, b, c *lanes) {
		for l := range d {
			x := float64(f32(a[l]))*float64(f32(b[l])) + float64(f32(c[l]))
			if u := math.Float64bits(x); u&low29 != halfway && u>>52&2047 > 1023-126 {
				d[l] = bits32(float32(x))
			} else {
				d[l] = bits32(fma32(f32(a[l]), f32(b[l]), f32(c[l]), nearest))
			}
		}
	}}
	for _, name := range []string{"add", "sub", "mul"} {
		table[name+".f32"] = table[name+".rn.f32"]
	}
}
