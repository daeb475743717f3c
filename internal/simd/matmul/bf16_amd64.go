//go:build amd64 && !noasm

package matmul

import (
	"math"
	"unsafe"

	"goomtrain/internal/simd"
	"goomtrain/internal/simd/cpu"
)

// HasTiles reports whether products of bfloat16 are fast on this machine: whether it multiplies tiles, by AMX. It asks the
// system for the use of AMX, see package cpu.
func HasTiles() bool { return cpu.AVX512 && cpu.AMX() }

// bf16Call is what productsAMX works on; the generator knows the offsets of the fields. Strides are in bytes. The kernel
// counts its progress in n, offB, offC and rowD and leaves the pointers as they are.
type bf16Call struct {
	a, b, c, d, sums unsafe.Pointer
	m, n, steps      int
	stepA, stepB     int
	rsc, rsd         int
	form             int
	alpha, beta      float32
	offB, offC       int
	rowD             uintptr
}

// Bits of bf16Call.form.
const (
	resumeSums = 1 << iota // sums begin with those of the blocks, not with zeros
	keepSums               // they go to the blocks, not to C
	plainSums              // alpha is 1 and nothing is added
	addD                   // beta*D is added
)

// tileCallWork is the work (m*n*k) that one call of productsAMX may do: about 200 µs.
const tileCallWork = 1 << 27

// multiply computes the product.
func (t *tiles) multiply() {
	var c bf16Call
	c.steps, c.stepA, c.stepB = t.panel/tileSize, 2*t.panel, 2*t.panel
	c.rsc, c.rsd, c.alpha, c.beta = 4*t.rsc, 4*t.rsd, t.alpha, t.beta
	switch {
	case !t.last:
		c.form = keepSums
	case t.d != nil:
		c.form = addD
	case t.alpha == 1:
		c.form = plainSums
	}
	if !t.first {
		c.form |= resumeSums
	}
	sums := t.sums
	depth := c.steps * tileInner
	rows := min(t.m, max(blockLanes, tileCallWork/(blockLanes*depth)/blockLanes*blockLanes))
	columns := max(blockLanes, tileCallWork/(rows*depth)/blockLanes*blockLanes)
	for i := 0; i < t.m; i += rows {
		for j := 0; j < t.n; j += columns {
			c.m, c.n, c.offB, c.offC = min(rows, t.m-i), min(columns, t.n-j), 0, 0
			c.a, c.b = unsafe.Pointer(&t.a[i/tileLanes*t.panel]), unsafe.Pointer(&t.b[j/tileLanes*t.panel])
			c.c = unsafe.Pointer(&t.c[i*t.rsc+j])
			if t.d != nil {
				c.d = unsafe.Pointer(&t.d[i*t.rsd+j])
			}
			c.sums = unsafe.Pointer(&sums[0])
			blocks := simd.Pieces(c.m, blockLanes) * simd.Pieces(c.n, blockLanes)
			productsAMX((*uintptr)(unsafe.Pointer(&c)))
			if t.cut() {
				sums = sums[blocks*blockElements:]
			}
		}
	}
}

// pack rounds and packs lanes [lane, lane+lanes) and elements [from, from+depth) of each to panels that are so many elements
// apart. It fills tiles up with zeros.
func (o *operand) pack(dst []uint16, panel int, lane, lanes, from, depth int) {
	x := o.x[lane*o.lane+from*o.inner:]
	if o.inner == 1 {
		for i := 0; i < lanes; i += tileLanes {
			rows, row := min(tileLanes, lanes-i), x[i*o.lane:]
			tile := dst[i/tileLanes*panel:]
			if whole := depth / tileInner; whole > 0 {
				packInnerAVX512(o.pairs, tile, row, o.lane, rows, math.MaxUint32, whole, tileInner, tileSize)
			}
			if rest := depth % tileInner; rest > 0 {
				at := depth - rest
				packInnerAVX512(o.pairs, tile[at/tileInner*tileSize:], row[at:], o.lane, rows, 1<<rest-1, 1, 0, 0)
			}
		}
		return
	}
	for p := 0; p < depth; p += tileInner {
		rows, row := min(tileInner, depth-p), x[p*o.inner:]
		tile := dst[p/tileInner*tileSize:]
		if whole := lanes / tileLanes; whole > 0 {
			packLanesAVX512(o.pairs, tile, row, o.inner, rows, 1<<tileLanes-1, whole, tileLanes, panel)
		}
		if rest := lanes % tileLanes; rest > 0 {
			at := lanes - rest
			packLanesAVX512(o.pairs, tile[at/tileLanes*panel:], row[at:], o.inner, rows, 1<<rest-1, 1, 0, 0)
		}
	}
}

// packInnerAVX512 packs count tiles of lanes whose elements are contiguous. Distances are in elements.
func packInnerAVX512(pairs bool, dst []uint16, src []float32, stride, rows int, mask uint32, count, srcStep, dstStep int) {
	if pairs {
		packPairsInnerAVX512(&dst[0], &src[0], 4*stride, rows, mask, count, 4*srcStep, 2*dstStep)
	} else {
		packRowsInnerAVX512(&dst[0], &src[0], 4*stride, rows, mask, count, 4*srcStep, 2*dstStep)
	}
}

// packLanesAVX512 packs count tiles of which the same elements of all lanes are contiguous. Distances are in elements.
func packLanesAVX512(pairs bool, dst []uint16, src []float32, stride, rows int, mask uint32, count, srcStep, dstStep int) {
	if pairs {
		packPairsLanesAVX512(&dst[0], &src[0], 4*stride, rows, mask, count, 4*srcStep, 2*dstStep)
	} else {
		packRowsLanesAVX512(&dst[0], &src[0], 4*stride, rows, mask, count, 4*srcStep, 2*dstStep)
	}
}
