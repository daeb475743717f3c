package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"goomtrain/internal/simd/simdtest"
)

// The truth is the formula evaluated in float64, and for gradients its central difference.
func rmsNorm64(x, w []float64, scale, eps float64) (y []float64, rstd float64) {
	var squares float64
	for _, u := range x {
		squares += u * u
	}
	rstd = 1 / math.Sqrt(scale*squares+eps)
	for i, u := range x {
		y = append(y, u*rstd*w[i])
	}
	return y, rstd
}

func TestRMSNormRows(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		checkRMSNormRows[float32](t, true)
		checkRMSNormRows[float32](t, false)
		checkRMSNormRows[float64](t, true)
		checkRMSNormRows[float64](t, false)
	})
}

func checkRMSNormRows[F Float](t *testing.T, weighted bool) {
	r := rand.New(rand.NewPCG(1, 51))
	for _, d := range rowLengths {
		const rows = 3
		n := rows * d
		scale, eps := F(1), F(1e-2)
		x, dy, w, start := simdtest.Normals[F](r, n), simdtest.Normals[F](r, n), make([]F, d), simdtest.Normals[F](r, d)
		for i := range w {
			w[i] = 1
		}
		var weight, dweight []F
		if weighted {
			scale = 1 / F(d)
			copy(w, simdtest.Normals[F](r, d))
			weight, dweight = w, append([]F(nil), start...)
		}
		name := fmt.Sprintf("weighted %v, width %d: ", weighted, d)
		w64, wantW := simdtest.Widen(w), simdtest.Widen(start)
		y, rstd, dx := make([]F, n), make([]F, rows), make([]F, n)
		RMSNormRows(y, x, weight, rstd, scale, eps)
		RMSNormBackwardRows(dx, dy, x, weight, rstd, scale, dweight)
		difference := max(1e-7, 3*tolerance[F]())
		for i := range rows {
			x64, dy64 := simdtest.Widen(x[i*d:(i+1)*d]), simdtest.Widen(dy[i*d:(i+1)*d])
			want, wantR := rmsNorm64(x64, w64, float64(scale), float64(eps))
			within(t, name+"y", y[i*d:(i+1)*d], want, tolerance[F]())
			within(t, name+"rstd", rstd[i:i+1], []float64{wantR}, tolerance[F]())
			loss := func() (sum float64) {
				y, _ := rmsNorm64(x64, w64, float64(scale), float64(eps))
				for j := range y {
					sum += y[j] * dy64[j]
				}
				return sum
			}
			within(t, name+"dx", dx[i*d:(i+1)*d], differences(x64, loss), 10*difference)
			for j, g := range differences(w64, loss) {
				wantW[j] += g
			}
		}
		if weighted {
			within(t, name+"dweight", dweight, wantW, difference)
			clear(dweight)
		}
		RMSNormBackwardRows(dy, dy, x, weight, rstd, scale, dweight)
		alike(t, name+"dx over dy", dy, dx)
		RMSNormRows(x, x, weight, rstd, scale, eps)
		alike(t, name+"in place", x, y)
	}
	RMSNormRows[F](nil, nil, nil, nil, 1, 1)
	RMSNormBackwardRows[F](nil, nil, nil, nil, nil, 1, nil)
}

func TestRMSNormPanics(t *testing.T) {
	x := make([]float32, 16)
	testPanics(t, map[string]func(){
		"a weight of another width": func() { RMSNormRows(x[:4], x[4:8], x[8:11], x[12:14], 1, 1) },
		"rows that do not divide":   func() { RMSNormRows(x[:4], x[4:8], nil, x[12:15], 1, 1) },
		"an output over the weight": func() { RMSNormRows(x[:4], x[4:8], x[:2], x[12:14], 1, 1) },
		"no sum for the weight":     func() { RMSNormBackwardRows(x[:4], x[4:8], x[8:12], x[12:14], x[14:16], 1, nil) },
	})
}
