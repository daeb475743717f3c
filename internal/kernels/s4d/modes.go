package s4d

import (
	"math"
	"math/cmplx"
)

// discrete is one mode after zero-order hold.
type discrete struct {
	dt        float64
	pole      complex128 // A
	a, b, dbA complex128 // e^(dt A), (a - 1)/A and its derivative with respect to A
}

// discretize computes the mode without cancellation where dt is tiny. With z = dt A, b is dt (e^z - 1)/z and db/dA is
// dt^2 (e^z (z - 1) + 1)/z^2.
func discretize(logDt, logAReal, aImag float64) discrete {
	dt := math.Exp(logDt)
	m := discrete{dt: dt, pole: complex(-math.Exp(logAReal), aImag)}
	z := complex(dt, 0) * m.pole
	e := expm1(z)
	m.a = e + 1
	if cmplx.Abs(z) > 0.5 {
		m.b = e / m.pole
		m.dbA = (m.a*(z-1) + 1) / (m.pole * m.pole)
		return m
	}
	// sums of z^n/(n! (n+1)) and z^n/(n! (n+2))
	term, first, second := complex(1, 0), complex(0, 0), complex(0, 0)
	for n := range 16 {
		first += term / complex(float64(n+1), 0)
		second += term / complex(float64(n+2), 0)
		term *= z / complex(float64(n+1), 0)
	}
	m.b, m.dbA = complex(dt, 0)*first, complex(dt*dt, 0)*second
	return m
}

// expm1 is e^z - 1.
func expm1(z complex128) complex128 {
	sin, cos := math.Sincos(imag(z))
	half := math.Sin(imag(z) / 2)
	e := math.Expm1(real(z))
	return complex(e*cos-2*half*half, (e+1)*sin)
}
