package dense

import "goomtrain/internal/simd"

// Patches cuts images into patches of PR x PC pixels, which do not overlap. Patches are in the order of reading, and
// so are the pixels of a patch. A gray value of 0 to 255 becomes a number from -1 to 1.
//
//	pixels [B, R*C] of int32   y [B, R/PR * C/PC, PR*PC], y = pixel/127.5 - 1
type Patches[F simd.Float] struct {
	batch, rows, columns, high, wide int

	y      []F // operands of the running call
	pixels []int32
	each   func(b int)
}

// NewPatches returns the kernel for images of rows x columns pixels and patches of high x wide, which divide them.
func NewPatches[F simd.Float](batch, rows, columns, high, wide int) *Patches[F] {
	k := &Patches[F]{batch: batch, rows: rows, columns: columns, high: high, wide: wide}
	k.each = func(b int) {
		image, y := k.pixels[b*rows*columns:], k.y[b*rows*columns:]
		n := 0
		for top := 0; top < rows; top += high {
			for left := 0; left < columns; left += wide {
				for r := top; r < top+high; r++ {
					for _, pixel := range image[r*columns+left : r*columns+left+wide] {
						y[n] = F(pixel)/127.5 - 1
						n++
					}
				}
			}
		}
	}
	return k
}

// Forward writes y.
func (k *Patches[F]) Forward(y []F, pixels []int32) {
	k.y, k.pixels = y, pixels
	simd.For(k.batch, k.each)
}
