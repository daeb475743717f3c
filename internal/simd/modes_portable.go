package simd

// A mode is the arrays of one mode: coefficients or their gradients.
type mode[F Float] struct{ ar, ai, cr, ci []F } // [ModeLanes]

func modeOf[F Float](c []F, n int) mode[F] {
	const l = ModeLanes
	c = c[4*l*n:]
	return mode[F]{c[:l], c[l : 2*l], c[2*l : 3*l], c[3*l : 4*l]}
}

// parts returns the real and imaginary parts of mode n of a state.
func parts[F Float](state []F, n int) (re, im []F) {
	const l = ModeLanes
	state = state[2*l*n:]
	return state[:l], state[l : 2*l]
}

func modeRowsPortable[F Float](y, u, state, c, d []F, rows, stride int) {
	for r := range rows {
		in, out := u[r*stride:][:ModeLanes], y[r*stride:][:ModeLanes]
		mulPortable(out, d, in)
		for n := range len(state) / (2 * ModeLanes) {
			m := modeOf(c, n)
			re, im := parts(state, n)
			modeStepPortable(re, im, re, im, in, m)
			for l := range out {
				out[l] += m.cr[l]*re[l] + m.ci[l]*im[l]
			}
		}
	}
}

// modeStepPortable writes the state of a mode after the input u.
func modeStepPortable[F Float](toRe, toIm, re, im, u []F, m mode[F]) {
	for l, x := range u {
		toRe[l], toIm[l] = x+m.ar[l]*re[l]-m.ai[l]*im[l], m.ar[l]*im[l]+m.ai[l]*re[l]
	}
}

func modeStatesPortable[F Float](states, u, c []F, rows, stride int) {
	size := len(c) / 2
	for r := range rows {
		for n := range size / (2 * ModeLanes) {
			re, im := parts(states[r*size:], n)
			toRe, toIm := parts(states[(r+1)*size:], n)
			modeStepPortable(toRe, toIm, re, im, u[r*stride:][:ModeLanes], modeOf(c, n))
		}
	}
}

func modeRowsBackwardPortable[F Float](du, dy, u, states, adjoint, dc, c, d []F, rows, stride int) {
	size := len(adjoint) / 2
	for r := rows - 1; r >= 0; r-- {
		in, out, from := du[r*stride:][:ModeLanes], dy[r*stride:][:ModeLanes], u[r*stride:][:ModeLanes]
		mulPortable(in, d, out)
		for n := range size / (2 * ModeLanes) {
			m, dm := modeOf(c, n), modeOf(dc, n)
			re, im := parts(states[r*size:], n)
			nextRe, nextIm := parts(states[(r+1)*size:], n)
			gr, gi := parts(adjoint, 2*n)
			dbr, dbi := parts(adjoint, 2*n+1)
			for l, g := range out {
				dm.cr[l] += g * nextRe[l]
				dm.ci[l] += g * nextIm[l]
				x, y := gr[l]+m.cr[l]*g, gi[l]+m.ci[l]*g
				in[l] += x
				dbr[l] += x * from[l]
				dbi[l] += y * from[l]
				dm.ar[l] += x*re[l] + y*im[l]
				dm.ai[l] += y*re[l] - x*im[l]
				gr[l], gi[l] = m.ar[l]*x+m.ai[l]*y, m.ar[l]*y-m.ai[l]*x
			}
		}
	}
}
