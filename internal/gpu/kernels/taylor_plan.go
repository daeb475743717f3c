package kernels

import "slices"

// A taylorPlan lists the monomials of Taylor attention, by degree, then in lexicographic order of their indices.
type taylorPlan struct {
	coefficients []float32 // [m] 1/prod(counts!)
	monomials    []uint64  // [m] 7 bytes of indices; index K is that of the number 1
	runs         []int32   // [n, 4], see taylor_features.cu
	tiles        []int32   // where the runs of each tileFeatures features begin, and their end
}

// tileFeatures is GROUP of taylor_features.cu.
const tileFeatures = 64

// planTaylor returns the plan of P = terms terms for vectors of that width.
func planTaylor(width, terms int) *taylorPlan {
	p := &taylorPlan{}
	p.add(width, nil, width, 1)
	for degree := 1; degree < terms; degree++ {
		var visit func(prefix []int, left int)
		visit = func(prefix []int, left int) {
			from := 0
			if len(prefix) > 0 {
				from = prefix[len(prefix)-1]
			}
			if left == 1 {
				p.add(width, prefix, from, width-from)
				return
			}
			for i := from; i < width; i++ {
				visit(append(slices.Clip(prefix), i), left-1)
			}
		}
		visit(nil, degree)
	}
	p.tiles = append(p.tiles, int32(len(p.runs)/4))
	return p
}

// add adds the monomials of prefix and one of n indices from index last on.
func (p *taylorPlan) add(width int, prefix []int, last, n int) {
	for i := range n {
		at := len(p.monomials)
		if at%tileFeatures == 0 {
			p.tiles = append(p.tiles, int32(len(p.runs)/4))
		}
		if i == 0 || at%tileFeatures == 0 { // a run does not go on in the next tile
			indices := pack(width, prefix)
			p.runs = append(p.runs, int32(last+i)<<8, int32(at%tileFeatures), int32(uint32(indices)), int32(uint32(indices>>32)))
		}
		p.runs[len(p.runs)-4]++
		monomial := append(slices.Clip(prefix), last+i)
		p.monomials = append(p.monomials, pack(width, monomial))
		coefficient, count := 1.0, 0.0
		for j, index := range monomial {
			if count++; j > 0 && monomial[j-1] != index {
				count = 1
			}
			coefficient /= count
		}
		p.coefficients = append(p.coefficients, float32(coefficient))
	}
}

// pack returns indices in the bytes of a number, and width in those that are left.
func pack(width int, indices []int) (bytes uint64) {
	for i := 7; i >= 0; i-- {
		index := width
		if i < len(indices) {
			index = indices[i]
		}
		bytes = bytes<<8 | uint64(index)
	}
	return bytes
}
