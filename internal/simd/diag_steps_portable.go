package simd

// diagStepsPortable takes four rows at a time: a step of one row waits for the step before. Conversions keep compilers from
// fusing multiplications with additions, so that the bits are those of the assembly.
func diagStepsPortable[F Float](x, a, b, state []F, n, stride int, reverse bool) {
	for len(state) >= 4 {
		diagFour(x, a, b, state, n, stride, reverse)
		state = state[4:]
		if len(state) == 0 {
			return
		}
		a, b = a[4*stride:], b[4*stride:]
		if x != nil {
			x = x[4*stride:]
		}
	}
	for i, s := range state {
		row, add := a[i*stride:][:n], b[i*stride:][:n]
		for j := range n {
			t := j
			if reverse {
				t = n - 1 - j
			}
			s = F(row[t]*s) + add[t]
			if x != nil {
				x[i*stride+t] = s
			}
		}
		state[i] = s
	}
}

// diagFour is diagStepsPortable of the first four rows.
func diagFour[F Float](x, a, b, state []F, n, stride int, reverse bool) {
	cut := func(v []F) (v0, v1, v2, v3 []F) {
		return v[:n], v[stride:][:n], v[2*stride:][:n], v[3*stride:][:n]
	}
	a0, a1, a2, a3 := cut(a)
	b0, b1, b2, b3 := cut(b)
	s0, s1, s2, s3 := state[0], state[1], state[2], state[3]
	var x0, x1, x2, x3 []F
	if x != nil {
		x0, x1, x2, x3 = cut(x)
	}
	switch {
	case x != nil && reverse:
		for t := n - 1; t >= 0; t-- {
			s0, s1, s2, s3 = F(a0[t]*s0)+b0[t], F(a1[t]*s1)+b1[t], F(a2[t]*s2)+b2[t], F(a3[t]*s3)+b3[t]
			x0[t], x1[t], x2[t], x3[t] = s0, s1, s2, s3
		}
	case x != nil:
		for t := range n {
			s0, s1, s2, s3 = F(a0[t]*s0)+b0[t], F(a1[t]*s1)+b1[t], F(a2[t]*s2)+b2[t], F(a3[t]*s3)+b3[t]
			x0[t], x1[t], x2[t], x3[t] = s0, s1, s2, s3
		}
	case reverse:
		for t := n - 1; t >= 0; t-- {
			s0, s1, s2, s3 = F(a0[t]*s0)+b0[t], F(a1[t]*s1)+b1[t], F(a2[t]*s2)+b2[t], F(a3[t]*s3)+b3[t]
		}
	default:
		for t := range n {
			s0, s1, s2, s3 = F(a0[t]*s0)+b0[t], F(a1[t]*s1)+b1[t], F(a2[t]*s2)+b2[t], F(a3[t]*s3)+b3[t]
		}
	}
	state[0], state[1], state[2], state[3] = s0, s1, s2, s3
}

func productPortable[F Float](x []F) float64 {
	p := 1.0
	for _, v := range x {
		p *= float64(v)
	}
	return p
}
