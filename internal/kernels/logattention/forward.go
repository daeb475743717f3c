package logattention

import (
	"math"

	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// read writes y of the queries of the chunk, and keeps N for the backward pass if gradients are wanted.
func (c *chunk[F]) read() {
	n, kk, cc := c.queries, c.k.size.DKey, c.k.columns
	sums, keep := c.sums[:n*cc], c.k.sums != nil
	from := c.task*c.k.size.Queries + c.at
	if keep {
		sums = c.k.sums[from*cc : (from+n)*cc]
	}
	matmul.Serial(false, false, n, cc, kk, 1, c.g, kk, c.p, cc, 0, sums, cc)
	if c.keys > 0 {
		matmul.Serial(false, false, n, cc, n, 1, c.w, n, c.u, cc, 1, sums, cc)
	}
	v, logs, strong := cc-1, c.logs[:n*(cc-1)], true
	for t := range n {
		z := sums[t*cc+v]
		strong = strong && z >= 0x1p-20
		simd.Scale(logs[t*v:(t+1)*v], 1/z, sums[t*cc:t*cc+v])
	}
	if c.k.signed {
		for i, x := range logs {
			c.k.sign.Row(c.firstQ+i/v, c.head, v)[i%v] = F(math.Copysign(1, float64(x)))
			logs[i] = max(x, -x)
		}
	}
	simd.Log(logs, logs)
	strong = strong && simd.MaxAbs(logs) <= 40*math.Ln2 // then no numerator is below 2^-60 either
	for t := range n {
		y := c.k.y.Row(c.firstQ+t, c.head, v)
		simd.Add(y, logs[t*v:(t+1)*v], c.mu[:v])
		weak := !strong && !c.strongRow(sums[t*cc:(t+1)*cc])
		if weak {
			c.readExactly(t, y)
			c.loose = true
		}
		if keep {
			c.k.weak[from+t] = weak
		}
	}
}

// strongRow reports whether all sums of a row are so large that nothing that counts has underflowed.
func (c *chunk[F]) strongRow(sums []F) bool {
	for _, x := range sums {
		if !(max(x, -x) >= smallestSum) {
			return false
		}
	}
	return true
}

// absorb writes the state after the chunk, which must not share memory with the state before it.
func (c *chunk[F]) absorb(next logSums) {
	kk, cc := c.k.size.DKey, c.k.columns
	matmul.Serial(true, false, kk, cc, c.keys, 1, c.f, kk, c.u, cc, 0, c.d, cc)
	// Where there is a sum already, S grows by log1p(what comes / what is there), in float64: small numbers
	// that come to a large sum are not lost, and S does not drift by the rounding of exp and log.
	goOn := simd.GrowthRatios(c.e, c.d, c.p, smallestSum)
	simd.Log1p(c.e, c.e)
	simd.AddLogs(next.logs, c.state.logs, c.e)
	copy(next.signs, c.state.signs)
	if !goOn {
		c.restart(next)
	}
}

// goesOn reports whether p, of the state before, is a sum to which r*p can be added without loss, as simd.GrowthRatios does.
func goesOn[F simd.Float](p, r F) bool { return max(p, -p) >= smallestSum && r >= -0.5 }

// restart is absorb for the elements whose sum begins, or has hardly begun to count, or cancels.
func (c *chunk[F]) restart(next logSums) {
	cc, sum := c.k.columns, c.before
	for i, p := range c.p {
		t := p + c.d[i]
		sum[i] = max(t, -t)
	}
	simd.Log(sum, sum)
	for i, p := range c.p {
		switch q := c.d[i]; {
		case goesOn(p, q/p):
		case sum[i] >= lnSmallest:
			next.logs[i] = float64(c.m[i/cc]) + float64(c.mu[i%cc]) + float64(sum[i])
			if c.k.signed {
				next.signs[i] = math.Copysign(1, float64(p+q))
			}
		default:
			c.loose = true
			c.absorbExactly(next, i/cc, i%cc)
		}
	}
}
