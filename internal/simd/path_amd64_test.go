//go:build amd64 && !noasm

package simd

import (
	"testing"
	"unsafe"
)

// onEachPath runs f on every implementation that this build and machine have.
func onEachPath(t *testing.T, f func(t *testing.T)) {
	found := haveAVX2
	defer func() { haveAVX2 = found }()
	if found {
		t.Run("avx2", f)
	}
	haveAVX2 = false
	t.Run("portable", f)
}

// The generator has the offsets as numbers.
func TestTileOffsets(t *testing.T) {
	var x tile
	for _, f := range []struct {
		name      string
		got, want uintptr
	}{
		{"a", unsafe.Offsetof(x.a), 0}, {"b", unsafe.Offsetof(x.b), 8}, {"c", unsafe.Offsetof(x.c), 16}, {"d", unsafe.Offsetof(x.d), 24},
		{"mask", unsafe.Offsetof(x.mask), 32}, {"m", unsafe.Offsetof(x.m), 40}, {"panels", unsafe.Offsetof(x.panels), 48},
		{"k", unsafe.Offsetof(x.k), 56}, {"rsa", unsafe.Offsetof(x.rsa), 64}, {"csa", unsafe.Offsetof(x.csa), 72},
		{"rsb", unsafe.Offsetof(x.rsb), 80}, {"bstep", unsafe.Offsetof(x.bstep), 88}, {"rsc", unsafe.Offsetof(x.rsc), 96},
		{"rsd", unsafe.Offsetof(x.rsd), 104}, {"offB", unsafe.Offsetof(x.offB), 112}, {"offC", unsafe.Offsetof(x.offC), 120},
		{"alpha", unsafe.Offsetof(x.alpha), 128}, {"beta", unsafe.Offsetof(x.beta), 136},
		{"aheadA", unsafe.Offsetof(x.aheadA), 144}, {"aheadB", unsafe.Offsetof(x.aheadB), 152}, {"aheadC", unsafe.Offsetof(x.aheadC), 160},
		{"ahead", unsafe.Offsetof(x.ahead), 168}, {"lines", unsafe.Offsetof(x.lines), 176},
	} {
		if f.got != f.want {
			t.Errorf("tile.%s is at %d, the generator says %d", f.name, f.got, f.want)
		}
	}
}
