package simd

func countBelowPortable[F Float](x []F, least F) (count int) {
	for _, v := range x {
		if !(v >= least) {
			count++
		}
	}
	return count
}

func countAbsBelowPortable[F Float](x []F, least F) (count int) {
	for _, v := range x {
		if !(v >= least || -v >= least) {
			count++
		}
	}
	return count
}
