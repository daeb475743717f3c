package simd

func linearStepsPortable[F Float](state []F, o, q, k, v Steps[F], n, rows, columns int, reverse bool) {
	for i := range n {
		t := i
		if reverse {
			t = n - 1 - i
		}
		to, values, key, query := o.at(t, columns), v.at(t, columns), k.at(t, rows), q.at(t, rows)
		clear(to)
		for r := range rows {
			row := state[r*columns:][:columns]
			addScaledPortable(row, key[r], values)
			addScaledPortable(to, query[r], row)
		}
	}
}

func decaySumsPortable[F Float](sum []F, dg, q, dq, k, dk Steps[F], n int) {
	w := len(sum)
	for t := n - 1; t >= 0; t-- {
		to, x, dx, y, dy := dg.at(t, w), q.at(t, w), dq.at(t, w), k.at(t, w), dk.at(t, w)
		for j := range sum {
			sum[j] += x[j]*dx[j] - y[j]*dy[j]
			to[j] = sum[j]
		}
	}
}

func mulStepsPortable[F Float](dst, src, x Steps[F], n, width int, alpha F) {
	for t := range n {
		to, from, by := dst.at(t, width), src.at(t, width), x.at(t, width)
		for j := range to {
			to[j] = alpha * from[j] * by[j]
		}
	}
}

func scaleStepsPortable[F Float](dst, src Steps[F], x []F, width int, alpha F) {
	for t, c := range x {
		scalePortable(dst.at(t, width), alpha*c, src.at(t, width))
	}
}

func runningSumsPortable[F Float](dst, src Steps[F], n, width int) (steepest, deepest F) {
	clear(dst.at(0, width))
	for t := 1; t < n; t++ {
		addPortable(dst.at(t, width), dst.at(t-1, width), src.at(t, width))
		steepest = max(steepest, maxAbsPortable(src.at(t, width))) // NaN if one is NaN
		deepest = max(deepest, maxAbsPortable(dst.at(t, width)))
	}
	return steepest, deepest
}
