//go:build amd64 && !noasm

package matmul

import (
	"reflect"
	"testing"
	"unsafe"
)

// The generator has the offsets as numbers.
func TestBF16CallOffsets(t *testing.T) {
	var x bf16Call
	for _, f := range []struct {
		name      string
		got, want uintptr
	}{
		{"a", unsafe.Offsetof(x.a), 0}, {"b", unsafe.Offsetof(x.b), 8}, {"c", unsafe.Offsetof(x.c), 16}, {"d", unsafe.Offsetof(x.d), 24},
		{"sums", unsafe.Offsetof(x.sums), 32}, {"m", unsafe.Offsetof(x.m), 40}, {"n", unsafe.Offsetof(x.n), 48}, {"steps", unsafe.Offsetof(x.steps), 56},
		{"stepA", unsafe.Offsetof(x.stepA), 64}, {"stepB", unsafe.Offsetof(x.stepB), 72}, {"rsc", unsafe.Offsetof(x.rsc), 80},
		{"rsd", unsafe.Offsetof(x.rsd), 88}, {"form", unsafe.Offsetof(x.form), 96}, {"alpha", unsafe.Offsetof(x.alpha), 104},
		{"beta", unsafe.Offsetof(x.beta), 108}, {"offB", unsafe.Offsetof(x.offB), 112}, {"offC", unsafe.Offsetof(x.offC), 120}, {"rowD", unsafe.Offsetof(x.rowD), 128},
	} {
		if f.got != f.want {
			t.Errorf("%s is at %d, the generator says %d", f.name, f.got, f.want)
		}
	}
}

// As in TestKernelsMoveNoPointer.
func TestTilesMoveNoPointer(t *testing.T) {
	needTiles(t)
	x, c := aligned[uint16](nil, 3*tileSize), make([]float32, 40*40)
	for _, form := range []int{plainSums, addD, keepSums, resumeSums | addD} {
		operand := unsafe.Pointer(&x[0])
		before := bf16Call{a: operand, b: operand, c: unsafe.Pointer(&c[0]), d: unsafe.Pointer(&c[0]), sums: unsafe.Pointer(&aligned[float32](nil, 4*blockElements)[0]),
			m: 40, n: 40, steps: 1, stepA: 2 * tileSize, stepB: 2 * tileSize, rsc: 160, rsd: 160, form: form}
		after := before
		productsAMX((*uintptr)(unsafe.Pointer(&after)))
		v, w := reflect.ValueOf(before), reflect.ValueOf(after)
		for i := range v.NumField() {
			if f := v.Field(i); f.Kind() == reflect.UnsafePointer && f.Pointer() != w.Field(i).Pointer() {
				t.Errorf("form %d: productsAMX moves bf16Call.%s", form, v.Type().Field(i).Name)
			}
		}
	}
}
