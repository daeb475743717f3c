package simd

import (
	"math"
	"math/rand/v2"
	"testing"

	"goomtrain/internal/simd/simdtest"
)

// The truth is the formula evaluated in float64, and for gradients its central difference.
func layerNorm64(x, w, b []float64, eps float64) (y []float64, mean, rstd float64) {
	var variance float64
	for _, u := range x {
		mean += u / float64(len(x))
	}
	for _, u := range x {
		variance += (u - mean) * (u - mean) / float64(len(x))
	}
	rstd = 1 / math.Sqrt(variance+eps)
	for i, u := range x {
		y = append(y, (u-mean)*rstd*w[i]+b[i])
	}
	return y, mean, rstd
}

func TestLayerNorm(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		checkLayerNorm[float32](t)
		checkLayerNorm[float64](t)
	})
}

// LayerNormRows gives the bits of LayerNorm row by row.
func TestLayerNormRows(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(31, 32))
		for _, d := range []int{1, 7, 64, 100} {
			const rows = 5
			x, w, b := simdtest.Normals[float32](r, rows*d), simdtest.Normals[float32](r, d), simdtest.Normals[float32](r, d)
			y, mean, rstd, row := make([]float32, rows*d), make([]float32, rows), make([]float32, rows), make([]float32, d)
			LayerNormRows(y, x, w, b, mean, rstd, 1e-5)
			for i := range rows {
				m, s := LayerNorm(row, x[i*d:(i+1)*d], w, b, 1e-5)
				alike(t, "mean and rstd", []float32{mean[i], rstd[i]}, []float32{m, s})
				alike(t, "row", y[i*d:(i+1)*d], row)
			}
			LayerNormRows(x, x, w, b, mean, rstd, 1e-5)
			alike(t, "in place", x, y)
		}
		LayerNormRows[float32](nil, nil, nil, nil, nil, nil, 1)
	})
}

func TestLayerNormPanics(t *testing.T) {
	x := make([]float32, 12)
	testPanics(t, map[string]func(){
		"an empty row":              func() { LayerNorm(x[:0], x[:0], x[:0], x[:0], 1) },
		"a weight of another width": func() { LayerNormRows(x[:4], x[4:8], x[8:11], x[9:12], make([]float32, 2), make([]float32, 2), 1) },
		"rows that do not divide":   func() { LayerNormRows(x[:4], x[4:8], x[8:9], x[9:10], make([]float32, 3), make([]float32, 3), 1) },
		"an output over the weight": func() { LayerNormRows(x[:4], x[4:8], x[:2], x[9:11], make([]float32, 2), make([]float32, 2), 1) },
	})
}

func checkLayerNorm[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	for _, n := range rowLengths {
		x, w, b, dy := simdtest.Normals[F](r, n), simdtest.Normals[F](r, n), simdtest.Normals[F](r, n), simdtest.Normals[F](r, n)
		for i := range x {
			x[i] += 3 // a mean to take off
		}
		x64, w64, b64, dy64 := simdtest.Widen(x), simdtest.Widen(w), simdtest.Widen(b), simdtest.Widen(dy)
		want, mean, rstd := layerNorm64(x64, w64, b64, 1e-2)
		y := make([]F, n)
		m, s := LayerNorm(y, x, w, b, 1e-2)
		within(t, "LayerNorm", y, want, tolerance[F]())
		within(t, "mean and rstd", []F{m, s}, []float64{mean, rstd}, tolerance[F]())

		loss := func() (sum float64) {
			y, _, _ := layerNorm64(x64, w64, b64, 1e-2)
			for i := range y {
				sum += y[i] * dy64[i]
			}
			return sum
		}
		wantX, wantW, wantB := differences(x64, loss), differences(w64, loss), differences(b64, loss)
		dx, dw, db := make([]F, n), simdtest.Normals[F](r, n), simdtest.Normals[F](r, n)
		for i := range n {
			wantW[i] += float64(dw[i])
			wantB[i] += float64(db[i])
		}
		LayerNormBackward(dx, dy, x, w, m, s, dw, db)
		difference := max(1e-7, 3*tolerance[F]())
		within(t, "dx", dx, wantX, difference*10)
		within(t, "dweight", dw, wantW, difference)
		within(t, "dbias", db, wantB, difference)
		LayerNormBackward(dy, dy, x, w, m, s, make([]F, n), make([]F, n)) // dx over dy
		within(t, "dx in place", dy, simdtest.Widen(dx), 0)
		LayerNorm(x, x, w, b, 1e-2)
		within(t, "in place", x, simdtest.Widen(y), 0)
	}
}
