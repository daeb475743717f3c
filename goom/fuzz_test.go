package goom

import (
	"encoding/binary"
	"math"
	"testing"
)

// FuzzShapesAndValues runs every function on small tensors of any shape and value, NaNs, infinities, zeros and
// subnormals among them: nothing may panic, results have the right sizes, and without NaN or infinity going in
// no NaN comes out. go test runs the seeds.
func FuzzShapesAndValues(f *testing.F) {
	f.Add(uint8(2), uint8(3), uint8(4), uint8(2), []byte("some bytes that become numbers of any kind"))
	f.Add(uint8(0), uint8(0), uint8(0), uint8(0), []byte{})
	f.Add(uint8(1), uint8(0), uint8(2), uint8(3), []byte{0xff, 0xf0, 0x7f})
	f.Add(uint8(3), uint8(1), uint8(1), uint8(1), []byte{0, 0, 0, 0, 0, 0, 0xf0, 0x7f, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f, 1, 0, 0, 0, 0, 0, 0, 0})
	f.Add(uint8(2), uint8(2), uint8(2), uint8(40), []byte{0x7b, 0x14, 0xae, 0x47, 0xe1, 0x7a, 0x84, 0x7f, 9, 9, 9})
	f.Fuzz(func(t *testing.T, a, b, c, d uint8, data []byte) {
		shape := [4]int{int(a % 4), int(b % 5), int(c % 5), int(d % 50)}
		fuzzAll[float32](t, shape, data)
		fuzzAll[float64](t, shape, data)
	})
}

// source turns bytes into numbers of every kind, for ever.
type source struct {
	data []byte
	at   int
}

func (s *source) next() float64 {
	s.at++
	if len(s.data) == 0 {
		return float64(s.at%7 - 3)
	}
	var b [8]byte
	for i := range b {
		b[i] = s.data[(s.at*5+i)%len(s.data)]
	}
	bits := binary.LittleEndian.Uint64(b[:])
	switch bits % 8 {
	case 0:
		return 0
	case 1:
		return math.Float64frombits(bits)
	case 2:
		return math.Float64frombits(bits &^ (1<<63 - 1<<52)) // subnormal or zero
	case 3:
		return []float64{math.NaN(), math.Inf(1), math.Inf(-1), 5e-324, math.MaxFloat64, -1e-310, 1, -1}[bits/8%8]
	}
	return float64(int64(bits)) / (1 << 61)
}

// reals draws n numbers; tame leaves out what is not finite.
func reals[F Float](s *source, n int, tame bool) []F {
	x := make([]F, n)
	for i := range x {
		v := F(s.next())
		if tame && v-v != 0 {
			v = 1
		}
		x[i] = v
	}
	return x
}

// wild draws logarithms and signs directly: of any size too.
func wild[F Float](s *source, tame bool, shape ...int) Tensor[F] {
	t := FromReal(reals[F](s, size(shape), tame), shape...)
	for i := range t.Log {
		if i%3 == 1 {
			t.Log[i] *= F(1e4)
		}
		if i%11 == 2 {
			t.Log[i] = F(math.Inf(-1))
		}
	}
	return t
}

func fuzzAll[F Float](t *testing.T, s [4]int, data []byte) {
	for _, tame := range []bool{true, false} {
		src := &source{data: data}
		sound := func(name string, y Tensor[F], n int) {
			t.Helper()
			if len(y.Log) != n || len(y.Sign) != n {
				t.Fatalf("%s of shape %v: %d numbers, want %d", name, s, len(y.Log), n)
			}
			for i, l := range y.Log {
				if tame && l != l {
					t.Fatalf("%s of shape %v: NaN at %d from finite numbers", name, s, i)
				}
				if y.Sign[i] != 1 && y.Sign[i] != -1 {
					t.Fatalf("%s of shape %v: sign %v", name, s, y.Sign[i])
				}
			}
		}
		batch, n, k, m := s[0], s[1], s[2], s[3]
		x, y := wild[F](src, tame, batch, n, k), wild[F](src, tame, n, 1)
		total := batch * n * k
		sound("FromReal", x, total)
		if k > 0 && n > 0 {
			sound("Add", Add(x, y), total)
			sound("Mul", Mul(x, y), total)
			Div(x, y) // 0/0 is NaN
			sum := Add(x, y)
			AddGrad(x, y, sum, make([]F, total))
		}
		for axis := range 3 {
			for _, kind := range []Kind{Total, Mean, RunningSum, RunningMean} {
				if kind == Mean && x.Shape[axis] == 0 {
					continue // the mean of nothing is NaN
				}
				p := NewSums[F](x.Shape, axis, kind)
				r := New[F](p.Shape...)
				p.Forward(r, x)
				sound("Sums", r, size(p.Shape))
				p.Backward(make([]F, total), r, x, reals[F](src, len(r.Log), true))
			}
			sound("Scale", Scale(x, axis, 2), total)
			ScaledExp(x, axis, 2)
			sound("RMSNorm", RMSNorm(x, axis), total)
			RMSNormGrad(x, reals[F](src, total, true), axis)
		}
		sound("UnitSquash", UnitSquash(x), total)
		UnitSquashGrad(x, make([]F, total))
		sound("Triu", Triu(x, 1), total)
		for i := range min(total, 3) {
			_, _ = x.At(i).String(), x.Real()
			if _, err := x.At(i).Big(0); err != nil && tame && math.Abs(x.At(i).Log) < 1e8 {
				t.Fatalf("Big: %v", err)
			}
		}
		right := wild[F](src, tame, k, m%7)
		for _, exact := range []bool{false, true} {
			p := NewProduct[F](x.Shape, right.Shape, Options{Exact: exact, Grad: true})
			r := New[F](p.Shape...)
			p.Forward(r, x, right)
			sound("LMME", r, batch*n*(m%7))
			p.Backward(make([]F, total), make([]F, len(right.Log)), x, right, r, reals[F](src, len(r.Log), true))
		}
		chain := wild[F](src, tame, batch, m, k, k)
		sound("Chained", Chained(chain), batch*k*k)
		fuzzScan(t, src, sound, chain, batch, m, n, k, tame)
		blocks, _ := Blocks(chain)
		sound("Blocks", blocks.Tensor(), batch*m*k*k)
		c := NewChain[F](k)
		c.Mul(blocks)
		sound("Chain", c.Tensor(), k*k)
		useMatrices(blocks)
	}
}

// fuzzScan runs the scan with and without summands and start.
func fuzzScan[F Float](t *testing.T, src *source, sound func(string, Tensor[F], int), a Tensor[F], batch, steps, n, d int, tame bool) {
	for _, affine := range []bool{false, true} {
		for _, start := range []bool{false, true} {
			b, x0, rows := Tensor[F]{}, Tensor[F]{}, d
			var shapeB []int
			if affine || start {
				rows = n
			}
			if affine {
				b = wild[F](src, tame, batch, steps, rows, d)
				shapeB = b.Shape
			}
			if start {
				x0 = wild[F](src, tame, batch, rows, d)
			}
			p := NewScan[F](a.Shape, shapeB, start, rows, Options{Grad: true})
			y := New[F](batch, steps, rows, d)
			p.Forward(y, a, b, x0)
			sound("Scan", y, batch*steps*rows*d)
			p.Backward(make([]F, len(a.Log)), make([]F, len(b.Log)), make([]F, len(x0.Log)), y, a, b, x0, reals[F](src, len(y.Log), true))
			if affine {
				sound("DiagScan", DiagScan(b, b, Tensor[F]{}, 1), len(b.Log))
				DiagScanGrad(b, b, Tensor[F]{}, reals[F](src, len(b.Log), true), 1)
			}
		}
	}
}

// useMatrices exercises the functions on lists of block-scaled matrices.
func useMatrices[F Float](m Matrices[F]) {
	MulMatrices(m, m)
	AddMatrices(m, m)
	for i := range min(m.N, 2) {
		if m.Rows > 0 {
			_ = m.At(i, 0, 0).String()
		}
	}
}
