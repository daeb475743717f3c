package simd

func mulRowsPortable[F Float](dst, src, x []F, rows, stride int) {
	for r := range rows {
		mulPortable(dst[r*stride:][:len(x)], src[r*stride:][:len(x)], x)
	}
}

func mulRowsBackwardPortable[F Float](dx, dsrc, ddst, src, x []F, rows, stride int) {
	for r := range rows {
		g, s, d := ddst[r*stride:][:len(x)], src[r*stride:][:len(x)], dsrc[r*stride:][:len(x)]
		for j, v := range g {
			dx[j] += v * s[j]
			d[j] += v * x[j]
		}
	}
}

func addWeightedPortable[F Float](dst, w, src []F, rows, strideW, stride int) {
	for r := range rows {
		addScaledPortable(dst, w[r*strideW], src[r*stride:][:len(dst)])
	}
}

func dotRowsPortable[F Float](dst, x, a []F, stride int) {
	for r := range dst {
		dst[r] += dotPortable(x, a[r*stride:][:len(x)])
	}
}
