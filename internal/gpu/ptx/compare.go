package ptx

import "math"

// A comparison gives a predicate: a bit for each lane.
type comparison = func(a, b *lanes) uint32

// tests has the comparisons by name.
var tests = map[string]comparison{}

// logics are the operations on predicates.
var logics = map[string]func(a, b uint32) uint32{
	"and.pred": func(a, b uint32) uint32 { return a & b },
	"or.pred":  func(a, b uint32) uint32 { return a | b },
	"xor.pred": func(a, b uint32) uint32 { return a ^ b },
	"not.pred": func(a, _ uint32) uint32 { return ^a },
}

func test(f func(a, b uint64) bool) comparison {
	return func(a, b *lanes) (p uint32) {
		for l := range a {
			if f(a[l], b[l]) {
				p |= 1 << l
			}
		}
		return p
	}
}

// order adds the comparisons of a type of integers.
func order[T integer](types ...string) {
	less := func(a, b *lanes) (p uint32) {
		for l := range a {
			var bit uint32
			if T(a[l]) < T(b[l]) {
				bit = 1
			}
			p |= bit << (l & 31)
		}
		return p
	}
	equal := func(a, b *lanes) (p uint32) {
		for l := range a {
			var bit uint32
			if T(a[l]) == T(b[l]) {
				bit = 1
			}
			p |= bit << (l & 31)
		}
		return p
	}
	for i, t := range types {
		tests["setp.eq."+t] = equal
		tests["setp.ne."+t] = func(a, b *lanes) uint32 { return ^equal(a, b) }
		if i == 0 {
			tests["setp.lt."+t] = less
			tests["setp.ge."+t] = func(a, b *lanes) uint32 { return ^less(a, b) }
			tests["setp.gt."+t] = func(a, b *lanes) uint32 { return less(b, a) }
			tests["setp.le."+t] = func(a, b *lanes) uint32 { return ^less(b, a) }
		}
	}
}

// floats adds the comparisons of a type of floats. Those that end with u are true of NaN, the others false.
func floats[F float32 | float64](t string, value func(uint64) F) {
	compare := func(f func(a, b F) bool) comparison {
		return test(func(a, b uint64) bool { return f(value(a), value(b)) })
	}
	for name, f := range map[string]func(a, b F) bool{
		"eq": func(a, b F) bool { return a == b }, "ne": func(a, b F) bool { return a < b || a > b },
		"lt": func(a, b F) bool { return a < b }, "le": func(a, b F) bool { return a <= b },
		"gt": func(a, b F) bool { return a > b }, "ge": func(a, b F) bool { return a >= b },
		"equ": func(a, b F) bool { return !(a < b || a > b) }, "neu": func(a, b F) bool { return a != b },
		"ltu": func(a, b F) bool { return !(a >= b) }, "leu": func(a, b F) bool { return !(a > b) },
		"gtu": func(a, b F) bool { return !(a <= b) }, "geu": func(a, b F) bool { return !(a < b) },
		"num": func(a, b F) bool { return a == a && b == b }, "nan": func(a, b F) bool { return a != a || b != b },
	} {
		tests["setp."+name+"."+t] = compare(f)
	}
	tests["testp.infinite."+t] = compare(func(a, _ F) bool { return math.IsInf(float64(a), 0) })
	tests["testp.finite."+t] = compare(func(a, _ F) bool { return a-a == 0 })
	tests["testp.number."+t] = compare(func(a, _ F) bool { return a == a })
	tests["testp.notanumber."+t] = compare(func(a, _ F) bool { return a != a })
}

func init() {
	order[int16]("s16")
	order[uint16]("u16", "b16")
	order[int32]("s32")
	order[uint32]("u32", "b32")
	order[int64]("s64")
	order[uint64]("u64", "b64")
	for _, o := range []string{"lo", "ls", "hi", "hs"} { // the names of lt, le, gt and ge for unsigned numbers
		for _, t := range []string{"u16", "u32", "u64"} {
			tests["setp."+o+"."+t] = tests["setp."+map[string]string{"lo": "lt", "ls": "le", "hi": "gt", "hs": "ge"}[o]+"."+t]
		}
	}
	floats("f32", f32)
	floats("f64", f64)
}
