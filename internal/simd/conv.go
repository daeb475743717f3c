package simd

import (
	"fmt"

	"goomtrain/internal/simd/floats"
)

// A ConvShape says where the operands of a convolution along time are. A row is one position, its columns are channels.
// Rows of an array are a stride of elements apart.
type ConvShape struct {
	Rows, Taps                              int // of the result; numbers that each result depends on
	StrideDst, StrideDY, StrideSrc, StrideW int
}

// Conv is a depthwise convolution: every channel on its own, with weights of its own. It sets
//
//	dst[r][j] = bias[j] + sum over i < Taps of w[i][j] * src[r+i][j]
//
// for Rows rows of len(bias) columns. It panics if a slice is too short or a stride shorter than a row. dst must not
// overlap the others.
func Conv[F Float](dst, src, w, bias []F, s ConvShape) {
	if checkConv("Conv", dst, src, w, len(bias), s); s.Rows == 0 || len(bias) == 0 {
		return
	}
	if floats.Single[F]() {
		conv32(floats.As32(dst), floats.As32(src), floats.As32(w), floats.As32(bias), s)
		return
	}
	convPortable(dst, src, w, bias, s)
}

// ConvSiLU is Conv followed by SiLU.
func ConvSiLU[F Float](dst, src, w, bias []F, s ConvShape) {
	if checkConv("ConvSiLU", dst, src, w, len(bias), s); s.Rows == 0 || len(bias) == 0 {
		return
	}
	if floats.Single[F]() {
		convSiLU32(floats.As32(dst), floats.As32(src), floats.As32(w), floats.As32(bias), s)
		return
	}
	convSiLUPortable(dst, src, w, bias, s)
}

// ConvSiLUBackward sets dst to the gradient of what ConvSiLU applies SiLU to, from dy, the gradient of its result. It
// computes the convolution again. Shapes and limits are those of Conv.
func ConvSiLUBackward[F Float](dst, dy, src, w, bias []F, s ConvShape) {
	if checkConv("ConvSiLUBackward", dst, src, w, len(bias), s); s.Rows == 0 || len(bias) == 0 {
		return
	}
	if n := len(bias); s.StrideDY < n || len(dy) < (s.Rows-1)*s.StrideDY+n {
		panicRows("ConvSiLUBackward", s.Rows, n, s.StrideDY, len(dst), len(dy))
	}
	if floats.Single[F]() {
		convSiLUBackward32(floats.As32(dst), floats.As32(dy), floats.As32(src), floats.As32(w), floats.As32(bias), s)
		return
	}
	convSiLUBackwardPortable(dst, dy, src, w, bias, s)
}

// ConvWeights adds the gradient of the weights of Conv to dw, from dy, the gradient of its result:
//
//	dw[i][j] += sum over r < Rows of dy[r][j] * src[r+i][j]
//
// for Taps rows of n columns. It panics if a slice is too short or a stride shorter than a row. dw must not overlap the
// others.
func ConvWeights[F Float](dw, dy, src []F, n int, s ConvShape) {
	s.StrideDst = s.StrideDY
	if checkConv("ConvWeights", dy, src, dw, n, s); s.Rows == 0 || n == 0 {
		return
	}
	if floats.Single[F]() {
		convWeights32(floats.As32(dw), floats.As32(dy), floats.As32(src), n, s)
		return
	}
	convWeightsPortable(dw, dy, src, n, s)
}

// checkConv panics unless the slices hold rows of n columns as the shape says.
func checkConv[F Float](name string, dst, src, w []F, n int, s ConvShape) {
	if s.Rows < 0 || s.Taps < 1 {
		panic(fmt.Sprintf("simd: %s: %d rows of %d taps", name, s.Rows, s.Taps))
	}
	if s.Rows == 0 || n == 0 {
		return
	}
	if s.StrideDst < n || len(dst) < (s.Rows-1)*s.StrideDst+n {
		panicRows(name, s.Rows, n, s.StrideDst, len(dst), len(src))
	}
	if s.StrideSrc < n || len(src) < (s.Rows+s.Taps-2)*s.StrideSrc+n {
		panicRows(name, s.Rows, n, s.StrideSrc, len(dst), len(src))
	}
	if s.StrideW < n || len(w) < (s.Taps-1)*s.StrideW+n {
		panicRows(name, s.Taps, n, s.StrideW, len(dst), len(w))
	}
}

// AddProducts adds the sum over r < rows of x[r][j] * y[r][j] to dst[j], for rows of len(dst) columns that are strideX
// and strideY elements apart. It panics if a slice is too short or a stride shorter than a row. dst must not overlap
// the others.
func AddProducts[F Float](dst, x, y []F, rows, strideX, strideY int) {
	n := len(dst)
	if rows <= 0 || n == 0 {
		return
	}
	if strideX < n || len(x) < (rows-1)*strideX+n || strideY < n || len(y) < (rows-1)*strideY+n {
		panicRows("AddProducts", rows, n, min(strideX, strideY), len(x), len(y))
	}
	if floats.Single[F]() {
		addProducts32(floats.As32(dst), floats.As32(x), floats.As32(y), rows, strideX, strideY)
		return
	}
	addProductsPortable(dst, x, y, rows, strideX, strideY)
}
