package dense

// NaivePool is Pool by its definition.
type NaivePool struct {
	Batch, Time, Width int
	Mean               bool
	X                  []float64 // [B, T, D]
	Ends               []int32   // [B]; nil: T-1
}

// weight is that of position t of sequence b in its vector.
func (n NaivePool) weight(b, t int) float64 {
	end := n.Time - 1
	if n.Ends != nil {
		end = int(n.Ends[b])
	}
	switch {
	case n.Mean && t <= end:
		return 1 / float64(end+1)
	case !n.Mean && t == end:
		return 1
	}
	return 0
}

// Forward returns y [B, D].
func (n NaivePool) Forward() (y []float64) {
	y = make([]float64, n.Batch*n.Width)
	for i, x := range n.X {
		t := i / n.Width
		y[t/n.Time*n.Width+i%n.Width] += n.weight(t/n.Time, t%n.Time) * x
	}
	return y
}

// Backward returns the gradient of sum(dy * y).
func (n NaivePool) Backward(dy []float64) (dx []float64) {
	dx = make([]float64, len(n.X))
	for i := range dx {
		t := i / n.Width
		dx[i] = n.weight(t/n.Time, t%n.Time) * dy[t/n.Time*n.Width+i%n.Width]
	}
	return dx
}

// naivePatches are the patches of one image by their definition.
func naivePatches(pixels []int32, rows, columns, high, wide int) (y []float64) {
	y = make([]float64, rows*columns)
	for i, pixel := range pixels {
		r, c := i/columns, i%columns
		patch, within := r/high*(columns/wide)+c/wide, r%high*wide+c%wide
		y[patch*high*wide+within] = float64(pixel)/127.5 - 1
	}
	return y
}

// NaiveCrossEntropy is CrossEntropy by its definition, which is NaiveHead with the unit matrix.
func NaiveCrossEntropy(rows, classes int, x []float64, targets []int32, weight float64) NaiveHead {
	unit := make([]float64, classes*classes)
	for c := range classes {
		unit[c*classes+c] = 1
	}
	return NaiveHead{rows, classes, classes, x, unit, targets, weight}
}
