package s4d

import "math"

// discrete is one mode after zero-order hold.
type discrete struct {
	dt        float64
	pole      complex128 // A
	a, b, dbA complex128 // e^(dt A), (a - 1)/A and its derivative with respect to A
}

// slopes are 1/(n! (n+2)), the coefficients of (e^z (z - 1) + 1)/z^2 as a power series.
var slopes = func() (c [14]float64) {
	factorial := 1.0
	for n := range c {
		c[n] = 1 / (factorial * float64(n+2))
		factorial *= float64(n + 1)
	}
	return c
}()

// discretize computes the mode without cancellation where dt is tiny. With z = dt A, db/dA is dt^2 (e^z (z - 1) + 1)/z^2.
func discretize(logDt, logAReal, aImag float64) discrete {
	dt := math.Exp(logDt)
	m := discrete{dt: dt, pole: complex(-math.Exp(logAReal), aImag)}
	z := complex(dt*real(m.pole), dt*imag(m.pole))
	e := expm1(z)
	m.a, m.b = e+1, complex(dt, 0)
	if z != 0 {
		m.b = e / m.pole
	}
	if real(z)*real(z)+imag(z)*imag(z) > 0.25 {
		m.dbA = (m.a*(z-1) + 1) / (m.pole * m.pole)
		return m
	}
	sum := complex(0, 0)
	for n := len(slopes) - 1; n >= 0; n-- {
		sum = sum*z + complex(slopes[n], 0)
	}
	m.dbA = complex(dt*dt*real(sum), dt*dt*imag(sum))
	return m
}

// expm1 is e^z - 1.
func expm1(z complex128) complex128 {
	sin, cos := math.Sincos(imag(z))
	half := math.Sin(imag(z) / 2)
	e := math.Expm1(real(z))
	return complex(e*cos-2*half*half, (e+1)*sin)
}
