package dense

import (
	"math"
	"math/cmplx"
)

// NaiveRotary is Rotary by its definition: a pair of numbers is a complex one, multiplied by e^(i a).
type NaiveRotary struct {
	Batch, Time, Turned, Width, Stride int
	From                               int64
	X                                  []float64 // [B, T, stride]
}

// Forward returns y [B, T, stride].
func (n NaiveRotary) Forward() []float64 { return n.turn(n.X, 1) }

// Backward returns the gradient of sum(dy * y): dy turned the other way.
func (n NaiveRotary) Backward(dy []float64) []float64 { return n.turn(dy, -1) }

// turn returns x with its pairs turned in that direction.
func (n NaiveRotary) turn(x []float64, direction float64) []float64 {
	y := append([]float64(nil), x...)
	half := n.Width / 2
	for r := range n.Batch * n.Time {
		for h := range n.Turned {
			head := y[r*n.Stride+h*n.Width:]
			for i := range half {
				a := float64(n.From+int64(r%n.Time)) * math.Pow(10000, -2*float64(i)/float64(n.Width))
				z := complex(head[i], head[i+half]) * cmplx.Rect(1, direction*a)
				head[i], head[i+half] = real(z), imag(z)
			}
		}
	}
	return y
}

// NaiveAddPositions is AddPositions by its definition.
type NaiveAddPositions struct {
	Batch, Time, Context, Width int
	From                        int
	X, Table                    []float64 // [B, T, D], [C, D]
}

// Forward returns y [B, T, D].
func (n NaiveAddPositions) Forward() (y []float64) {
	for i, x := range n.X {
		t := i / n.Width % n.Time
		y = append(y, x+n.Table[(n.From+t)*n.Width+i%n.Width])
	}
	return y
}

// Backward returns the gradient of the table of sum(dy * y); that of x is dy.
func (n NaiveAddPositions) Backward(dy []float64) (dtable []float64) {
	dtable = make([]float64, n.Context*n.Width)
	for i, g := range dy {
		t := i / n.Width % n.Time
		dtable[(n.From+t)*n.Width+i%n.Width] += g
	}
	return dtable
}
