package simd

func stateRowsPortable[F Float](z, state, top, x, y []F, width int, scale F) {
	for r := range top {
		lo, hi := r*width, (r+1)*width
		top[r] = scaleAddMaxAbsPortable(state[lo:hi], 1, x[lo:hi], 1, y[lo:hi])
		scalePortable(z[lo:hi], quotientOrZero(scale, top[r]), state[lo:hi])
	}
}

func adjointRowsPortable[F Float](adjoint, du, kept, top, x, dz, now, before []F, width int, scale F) {
	for r := range top {
		lo, hi := r*width, (r+1)*width
		top[r] = scaleAddMaxAbsPortable(adjoint[lo:hi], 1, x[lo:hi], quotientOrZero(scale, now[r]), dz[lo:hi])
		copy(du[lo:hi], adjoint[lo:hi])
		scalePortable(kept[lo:hi], before[r]/scale, adjoint[lo:hi])
	}
}

// quotientOrZero is a/b, or 0 if b is 0.
func quotientOrZero[F Float](a, b F) F {
	if b == 0 {
		return 0
	}
	return a / b
}
