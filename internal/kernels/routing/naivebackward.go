package routing

// zeros returns memory for gradients.
func (p VectorParameters[F]) zeros() VectorParameters[F] {
	z := VectorParameters[F]{}
	to := z.Arrays()
	for i, x := range p.Arrays() {
		*to[i] = make([]F, len(*x))
	}
	return z
}

// Arrays lists the parameters in the order of the fields.
func (p *VectorParameters[F]) Arrays() []*[]F {
	return []*[]F{&p.WA, &p.BA, &p.WF1, &p.WF2, &p.BF2, &p.WG1, &p.WG2, &p.BG2, &p.WS, &p.BS, &p.Use, &p.Ign, &p.UseBias, &p.IgnBias}
}

// Backward returns the gradients of sum(dout * out) + sum(dphi * phi). dphi may be nil.
func (v NaiveVector) Backward(dout, dphi []float64) (dx []float64, dp VectorParameters[float64]) {
	dx, dp = make([]float64, len(v.X)), v.P.zeros()
	for b := range v.Batch {
		var dphiOf []float64
		if dphi != nil {
			dphiOf = row(dphi, b, v.Inputs*v.Outputs)
		}
		v.backward(b, row(dx, b, v.Inputs*v.DIn), dp, row(dout, b, v.Outputs*v.DOut), dphiOf)
	}
	return dx, dp
}

// backward adds the gradients of one sample.
func (v NaiveVector) backward(b int, dx []float64, dp VectorParameters[float64], dout, dphiOut []float64) {
	n, m, d, h := v.Inputs, v.Outputs, v.DIn, v.DOut
	x, s := row(v.X, b, n*d), v.sample(b)
	df, duse, dign := make([]float64, n), make([]float64, n*m), make([]float64, n*m)
	if v.Normalize {
		dout = v.normalizedBackward(s.steps[v.Iterations-1].out, dout)
	}
	for k := v.Iterations - 1; k >= 0; k-- {
		e, dphi := s.steps[k], make([]float64, n*m)
		if k == v.Iterations-1 && dphiOut != nil {
			copy(dphi, dphiOut)
		}
		// out = (y * WF1) WF2 + (sum of phi over inputs) BF2, y = phi^T xs
		dw := make([]float64, m*d) // of y * WF1
		product(dw, dout, v.P.WF2, m, h, d, true)
		for j := range m {
			for c := range h {
				for r := range d {
					dp.WF2[r*h+c] += e.y[j*d+r] * v.P.WF1[j*d+r] * dout[j*h+c]
				}
			}
			for i := range n {
				dphi[i*m+j] += dot(row(dout, j, h), row(v.P.BF2, j, h))
				for c := range h {
					dp.BF2[j*h+c] += e.phi[i*m+j] * dout[j*h+c]
				}
				for r := range d {
					dphi[i*m+j] += s.scale * x[i*d+r] * dw[j*d+r] * v.P.WF1[j*d+r]
					dx[i*d+r] += s.scale * e.phi[i*m+j] * dw[j*d+r] * v.P.WF1[j*d+r]
				}
			}
			for r := range d {
				dp.WF1[j*d+r] += dw[j*d+r] * e.y[j*d+r]
			}
		}
		dpred := make([]float64, m*d)
		for i := range n {
			dr, mean := make([]float64, m), 0.0
			for j, g := range row(dphi, i, m) {
				if v.Mask.hides(b, i, j) {
					continue
				}
				at, r := i*m+j, e.r[i*m+j]
				df[i] += g * (s.use[at]*r - s.ign[at]*(1-r))
				duse[at] += g * s.f[i] * r
				dign[at] -= g * s.f[i] * (1 - r)
				dr[j] = g * s.f[i] * (s.use[at] + s.ign[at])
				mean += r * dr[j]
			}
			if k == 0 {
				continue
			}
			for j := range m {
				at := i*m + j
				dt := e.r[at] * (dr[j] - mean) * sigmoid(-e.t[at])
				v.at(dp.WS, i, m)[j] += dt * e.c[at]
				v.at(dp.BS, i, m)[j] += dt
				for r := range d {
					dx[i*d+r] += dt * v.at(v.P.WS, i, m)[j] * e.pred[j*d+r]
					dpred[j*d+r] += dt * v.at(v.P.WS, i, m)[j] * x[i*d+r]
				}
			}
		}
		if k == 0 {
			break
		}
		dhidden, dunit := scaled(dpred, v.P.WG2), make([]float64, m*h)
		for i, g := range dpred {
			dp.BG2[i] += g
			dp.WG2[i] += g * e.hidden[i]
		}
		for j := range m {
			for c := range h {
				for r := range d {
					dp.WG1[c*d+r] += e.unit[j*h+c] * dhidden[j*d+r]
				}
			}
		}
		product(dunit, dhidden, v.P.WG1, m, d, h, true)
		dout = v.normalizedBackward(s.steps[k-1].out, dunit)
	}
	for i := range n {
		da := df[i] * s.f[i] * (1 - s.f[i])
		v.at(dp.BA, i, 1)[0] += da
		for r := range d {
			v.at(dp.WA, i, d)[r] += da * s.scale * x[i*d+r]
			dx[i*d+r] += da * s.scale * v.at(v.P.WA, i, d)[r]
		}
		for j := range m {
			at := i*m + j
			if !v.Shared {
				dp.Use[at] += duse[at]
				dp.Ign[at] += dign[at]
				continue
			}
			dp.UseBias[j] += duse[at]
			dp.IgnBias[j] += dign[at]
			for r := range d {
				dp.Use[j*d+r] += duse[at] * x[i*d+r]
				dp.Ign[j*d+r] += dign[at] * x[i*d+r]
				dx[i*d+r] += duse[at]*v.P.Use[j*d+r] + dign[at]*v.P.Ign[j*d+r]
			}
		}
	}
}
