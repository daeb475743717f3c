package kernels

import (
	"math/bits"

	"goomtrain/internal/gpu"
)

var columns = gpu.Module{Name: "columns"}

// rowBlocks cuts rows into blocks that are added up by themselves: enough of them to fill a GPU, and not so many that their
// sums are much work.
func rowBlocks(rows int) (perBlock, blocks int) {
	perBlock = max(8, (rows+511)/512)
	return perBlock, (rows + perBlock - 1) / perBlock
}

// sharing returns the shift of columns.cu: 2^shift threads, at most 8, share a column, such that each has at least some of its
// n numbers.
func sharing(n int) int { return min(3, bits.Len(uint(n/8))) }

// columnTotals adds up the sums of blocks.
type columnTotals struct {
	s    *gpu.Scope
	sums gpu.Function
}

func newColumnTotals(s *gpu.Scope) columnTotals {
	return columnTotals{s, s.Function(&columns, "column_sums")}
}

// launch writes to out [width] the sum of the rows of partial, which are stride numbers apart.
func (k *columnTotals) launch(blocks, width, stride int, partial, out gpu.Ptr) {
	k.blockSums(blocks, width, stride, blocks, sharing(blocks), partial, out)
}

// blockSums writes to out [blocks, width] the sums of perBlock rows of x each.
func (k *columnTotals) blockSums(rows, width, stride, perBlock, shift int, x, out gpu.Ptr) {
	wide := threads >> shift
	k.s.Launch(k.sums, gpu.Dim{X: (rows + perBlock - 1) / perBlock, Y: (width + wide - 1) / wide, Z: 1}, gpu.Line(threads),
		gpu.Int(rows), gpu.Int(width), gpu.Int(stride), gpu.Int(perBlock), gpu.Int(shift), ptr(x), ptr(out))
}

// columnSums adds up the rows of an array.
type columnSums struct {
	columnTotals
	rows, width, perBlock, blocks int
	partial                       *gpu.Shared
}

func newColumnSums(s *gpu.Scope, rows, width int) columnSums {
	perBlock, blocks := rowBlocks(rows)
	return columnSums{newColumnTotals(s), rows, width, perBlock, blocks, s.Share(blocks * width)}
}

// launch writes to out [width] the sum of the rows of x.
func (k *columnSums) launch(x, out gpu.Ptr) {
	partial := k.partial.Ptr()
	shift := 8 - min(8, max(5, bits.Len(uint(k.width-1)))) // no more threads share a column than have none of their own
	k.blockSums(k.rows, k.width, k.width, k.perBlock, shift, x, partial)
	k.columnTotals.launch(k.blocks, k.width, k.width, partial, out)
}

// addParts adds up the parts of a product.
type addParts struct {
	s           *gpu.Scope
	parts, m, n int
	f           gpu.Function
}

func newAddParts(s *gpu.Scope, parts, m, n int) addParts {
	return addParts{s, parts, m, n, s.Function(&columns, "add_parts")}
}

// launch writes to c [m, n], with rows ldc apart, the sum of partial [parts, m, n], bias [n] and add, which may be c.
func (k *addParts) launch(partial, bias, add, c gpu.Ptr, ldc int) {
	shift := sharing(k.parts)
	wide := threads >> shift
	k.s.Launch(k.f, gpu.Line((k.m*k.n+wide-1)/wide), gpu.Line(threads), gpu.Int(k.parts), gpu.Int(shift), gpu.Int(k.m), gpu.Int(k.n),
		ptr(partial), ptr(bias), ptr(add), ptr(c), gpu.Int(ldc))
}
