// Package cpu says which vector instructions the assembly uses.
package cpu

// AVX2 reports whether kernels use vectors of 256 bits with fused multiply-adds (AVX2 and FMA), and AVX512
// whether some of them use vectors of 512 bits (AVX-512F, BMI2 and POPCNT), which give the same bits. Both are
// false where the build has no assembly. GODEBUG=cpu.avx512f=off turns AVX512 off; only tests write them.
var AVX2, AVX512 = detect()

// EachPath calls f once for each set of instructions that this build and machine have, with AVX2 and AVX512 set
// to it: "avx512", "avx2" and "portable", the widest first. It restores both. It is for tests, which must not
// run kernels at the same time.
func EachPath(f func(name string)) {
	avx2, avx512 := AVX2, AVX512
	defer func() { AVX2, AVX512 = avx2, avx512 }()
	if avx512 {
		f("avx512")
	}
	AVX512 = false
	if avx2 {
		f("avx2")
	}
	AVX2 = false
	f("portable")
}
