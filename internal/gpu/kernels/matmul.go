package kernels

import (
	"fmt"

	"goomtrain/internal/gpu"
)

var (
	// matmuls are the modules of products, whose functions have the same names.
	matmuls = [...]gpu.Module{
		gpu.Float32: {Name: "matmul"},
		gpu.TF32x3:  {Name: "matmul_tf32x3"},
		gpu.TF32:    {Name: "matmul_tf32"},
		gpu.BF16:    {Name: "matmul_bf16"},
	}
)

// product multiplies matrices of one size: C [m, n] = op(A) op(B) (+ bias) (+ add), with inner dimension k, in
// the precision of its scope.
type product struct {
	s       *gpu.Scope
	m, n, k int
	plan
	behind  int         // words of the shared memory that lie before partial
	partial *gpu.Shared // [parts, m, n]; nil if there is one part
	f       gpu.Function
	parts   addParts
}

// newProduct returns the kernel; ta and tb say which factor is transposed, not both.
func newProduct(s *gpu.Scope, ta, tb bool, m, n, k int) product {
	return newProductBehind(s, 0, ta, tb, m, n, k)
}

// newProductBehind returns a kernel that leaves the first words of the shared memory of the scope as they are.
func newProductBehind(s *gpu.Scope, words int, ta, tb bool, m, n, k int) product {
	return newPlannedProduct(s, words, ta, tb, m, n, k, planOf(m, n, k))
}

func newPlannedProduct(s *gpu.Scope, behind int, ta, tb bool, m, n, k int, by plan) product {
	form := "nn"
	switch {
	case ta:
		form = "tn"
	case tb:
		form = "nt"
	}
	p := product{s: s, m: m, n: n, k: k, plan: by, f: s.Function(&matmuls[s.Precision], fmt.Sprintf("matmul_%d_%s", by.tile, form))}
	if p.grid.Z > 1 {
		p.behind, p.partial, p.parts = behind, s.Share(behind+p.grid.Z*m*n), newAddParts(s, p.grid.Z, m, n)
	}
	return p
}

// launch computes C. lda, ldb and ldc are the distances of rows; that of add, which may be C, is ldc. A bias [n] or add of 0 is
// none.
func (p *product) launch(a gpu.Ptr, lda int, b gpu.Ptr, ldb int, bias, add, c gpu.Ptr, ldc int) {
	run := func(bias, add, c gpu.Ptr, ldc int) {
		p.s.Launch(p.f, p.grid, gpu.Line(2*p.tile), gpu.Int(p.m), gpu.Int(p.n), gpu.Int(p.k), ptr(a), gpu.Int(lda), ptr(b), gpu.Int(ldb),
			ptr(bias), ptr(add), ptr(c), gpu.Int(ldc), gpu.Int(p.part))
	}
	if p.partial == nil {
		run(bias, add, c, ldc)
		return
	}
	partial := p.partial.Ptr().Add(p.behind)
	run(0, 0, partial, p.n)
	p.parts.launch(partial, bias, add, c, ldc)
}

// A plan is how a product is cut. It follows from the sizes alone, so that every device gives the same bits.
type plan struct {
	tile int     // a block computes so many rows and columns
	grid gpu.Dim // Z: parts of k
	part int     // length of a part
}

// multiprocessors is how many of them a plan tries to fill: those of an H100, which an A100 nearly has too.
const multiprocessors = 132

// planOf returns the plan of C [m, n] with inner dimension k: large tiles, which read less memory for each number, where there
// are enough of them. Two blocks of large tiles or four of small ones share a multiprocessor.
func planOf(m, n, k int) plan {
	if large := cut(m, n, k, 128, 2*multiprocessors); m > 64 && n > 64 && large.grid.X*large.grid.Z >= multiprocessors {
		return large
	}
	return cut(m, n, k, 64, 4*multiprocessors)
}

// cut returns a plan of tiles of a size and at most so many blocks, if there are not more tiles. Parts have at least 256 steps, so
// that their sums are less than what they read.
func cut(m, n, k, tile, blocks int) plan {
	tiles := ((m + tile - 1) / tile) * ((n + tile - 1) / tile)
	parts, part := max(1, min(blocks/tiles, k/256)), k
	if parts > 1 {
		part = ((k+parts-1)/parts + 15) / 16 * 16
		parts = (k + part - 1) / part
	}
	return plan{tile, gpu.Dim{X: tiles, Y: 1, Z: parts}, part}
}
