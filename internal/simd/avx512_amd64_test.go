//go:build amd64 && !noasm

package simd

import (
	"math"
	"testing"

	"goomtrain/internal/simd/cpu"
)

// Functions of both widths do the same operations, so results do not depend on which of them the machine has.
func TestAVX512MakesTheSameBits(t *testing.T) {
	if !cpu.AVX512 {
		t.Skip("no AVX-512 here")
	}
	defer func() { cpu.AVX512 = true }()
	const n = 1 << 12
	x, l, s, count := [3][]float32{}, [2][]float32{}, [2][]float32{}, [2]int{}
	for i := range l {
		l[i], s[i] = make([]float32, n), make([]float32, n)
	}
	for i := range x {
		x[i] = make([]float32, n)
	}
	for i := range x[2] {
		x[2][i] = float32(i%5) - 2.5
	}
	same := func(what string) {
		for i := range l[0] {
			for _, y := range [2][2]float32{{l[0][i], l[1][i]}, {s[0][i], s[1][i]}} {
				if math.Float32bits(y[0]) != math.Float32bits(y[1]) && (y[0] == y[0] || y[1] == y[1]) {
					t.Fatalf("%s of %v is %v by 512 bits, %v by 256", what, x[0][i], y[0], y[1])
				}
			}
		}
	}
	const step = n * 1024
	for high := uint32(0); ; high += step { // four million floats over the whole range
		for i := range n {
			x[0][i] = math.Float32frombits(high + uint32(i)*(step/n) + uint32(i*i)%(step/n))
		}
		for i := range 2 {
			cpu.AVX512 = i == 0
			Exp(l[i], x[0])
			Log(s[i], x[0])
		}
		same("exp or log")
		for i := range 2 {
			cpu.AVX512 = i == 0
			Sigmoid(l[i][:n-high>>22&31], x[0][:n-high>>22&31])
		}
		same("the sigmoid")
		for i := range 2 {
			cpu.AVX512 = i == 0
			GELU(l[i][:n-high>>22&31], x[0][:n-high>>22&31])
			GELUBackward(s[i][:n-high>>22&31], x[2][:n-high>>22&31], x[0][:n-high>>22&31])
		}
		same("GELU or its gradient")
		for i := range 2 {
			cpu.AVX512 = i == 0
			copy(l[i], x[0])
			largest, sum := SoftmaxRow(l[i][:n-high>>22&31], 1)
			s[i][0], s[i][1] = largest, sum
			copy(l[i][n/2:], x[2])
			copy(s[i][n/2:], x[1])
			AttentionSlopes(l[i][n/2:n-high>>22&31], s[i][n/2:n-high>>22&31], 0.5, 0.25)
		}
		same("the softmax of a row or the gradient of scores")
		for i := range 2 {
			cpu.AVX512 = i == 0
			count[i] = LogAbs(l[i], s[i], x[0], 1.5, 0.25)
		}
		same("log|x| + c or the sign")
		if count[0] != count[1] {
			t.Fatalf("%d of the floats from %#x on below by 512 bits, %d by 256", count[0], high, count[1])
		}
		for i := range n {
			x[1][i] = float32(i%7) - 3
		}
		for i := range 2 {
			cpu.AVX512 = i == 0
			SignedExp(l[i][:n-high>>22&31], x[0][:n-high>>22&31], x[1][:n-high>>22&31], -2.25)
		}
		same("s exp(x-c)")
		if high+step < high {
			break
		}
	}
}
