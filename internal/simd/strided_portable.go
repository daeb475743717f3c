package simd

func shiftRowsPortable[F Float](dst []F, strideDst int, src []F, strideSrc int, x []F, rows int) {
	for r := range rows {
		addPortable(dst[r*strideDst:][:len(x)], src[r*strideSrc:][:len(x)], x)
	}
}

func mulMatricesPortable[F Float](dst []F, strideDst int, x []F, strideX int, y []F, strideY, rows, columns int) {
	for r := range rows {
		mulPortable(dst[r*strideDst:][:columns], x[r*strideX:][:columns], y[r*strideY:][:columns])
	}
}

func sumRowsPortable[F Float](dst, src []F, rows, stride int) {
	for r := range rows {
		addPortable(dst, dst, src[r*stride:][:len(dst)])
	}
}
