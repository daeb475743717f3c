package taylor

import (
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// featureMemory is the memory for the features of up to stride vectors and for their gradients.
type featureMemory[F simd.Float] struct {
	stride        int
	scaled, phi   []F // [max(1,P-1), K, stride], [rows, stride]
	dscaled, dphi []F // of the same shapes
	product       []F // [stride]
}

// memory makes the memory for up to stride vectors.
func (f *Features[F]) memory(stride int) *featureMemory[F] {
	blocks := (len(f.scale) - 1) * f.width * stride
	return &featureMemory[F]{stride: stride, scaled: workspace.Make[F](blocks), phi: workspace.Make[F](f.rows * stride),
		dscaled: workspace.Make[F](blocks), dphi: workspace.Make[F](f.rows * stride), product: workspace.Make[F](stride)}
}

// load loads n vectors, rows of x that are stride numbers apart.
func (f *Features[F]) load(m *featureMemory[F], n int, x []F, stride int) {
	for i := range f.width {
		first := m.scaled[i*m.stride:][:n]
		for t := range first {
			first[t] = x[t*stride+i] * f.scale[1]
		}
	}
	f.spread(m, n)
}

// spread computes the further scaled copies of loaded vectors.
func (f *Features[F]) spread(m *featureMemory[F], n int) {
	for c := 2; c < len(f.scale); c++ {
		for i := range f.width {
			simd.Scale(m.scaled[((c-1)*f.width+i)*m.stride:][:n], f.scale[c]/f.scale[1], m.scaled[i*m.stride:][:n])
		}
	}
}

// group computes the features of one group; the first group comes first.
func (f *Features[F]) group(m *featureMemory[F], n int, g featureGroup) {
	top := f.terms - 1
	if g.lo == 0 {
		ones := m.phi[:n]
		for t := range ones {
			ones[t] = 1
		}
		for p := 1; p < top; p++ {
			f.multiply(m, n, p, 0, f.width, 0)
		}
	}
	if top > 0 {
		f.multiply(m, n, top, g.first, g.last, g.lo-g.row)
	}
}

// multiply computes the monomials of degree p that begin with indices first..last-1; feature j is in
// row j-shift.
func (f *Features[F]) multiply(m *featureMemory[F], n, p, first, last, shift int) {
	for _, r := range f.of(p, first, last) {
		simd.MulRows(m.phi[(r.to-shift)*m.stride:], m.phi[r.from*m.stride:], m.scaled[r.x*m.stride:][:n], r.n, m.stride)
	}
}

// walk is the backward half of multiply, by the product rule: for monomials of degree p that begin with
// indices first..last-1 it adds to dscaled, and to dphi of the degree below, what their gradients give.
func (f *Features[F]) walk(m *featureMemory[F], n, p, first, last, shift int) {
	for _, r := range f.of(p, first, last) {
		d, dx := m.dphi[(r.to-shift)*m.stride:], m.dscaled[r.x*m.stride:][:n]
		if p == 1 { // the number itself
			simd.Add(dx, dx, d[:n])
			continue
		}
		simd.MulRowsBackward(dx, m.dphi[r.from*m.stride:], d, m.phi[r.from*m.stride:], m.scaled[r.x*m.stride:][:n], r.n, m.stride)
	}
}

// backward adds to dscaled the gradient of sum(dphi * phi). It calls fill to write dphi of one group after
// the other. phi must hold the features below the highest degree.
func (f *Features[F]) backward(m *featureMemory[F], n int, fill func(g featureGroup)) {
	top := f.terms - 1
	for _, g := range f.groups {
		fill(g)
		if top > 0 {
			f.walk(m, n, top, g.first, g.last, g.lo-g.row)
		}
	}
	for p := top - 1; p > 0; p-- {
		f.walk(m, n, p, 0, f.width, 0)
	}
}

// unload adds to n vectors, rows of dx that are stride numbers apart, the gradients dscaled.
func (f *Features[F]) unload(m *featureMemory[F], n int, dx []F, stride int) {
	for i := range f.width {
		sum := m.product[:n]
		clear(sum)
		for c := 1; c < len(f.scale); c++ {
			simd.AddScaled(sum, f.scale[c], m.dscaled[((c-1)*f.width+i)*m.stride:][:n])
		}
		for t, v := range sum {
			dx[t*stride+i] += v
		}
	}
}
