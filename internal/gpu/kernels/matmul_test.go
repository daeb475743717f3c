package kernels

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/emulated"
)

// A factoring is a product for tests: its factors lie in rows that are longer than they are, with NaN between.
type factoring struct {
	form          string
	m, n, k       int
	lda, ldb, ldc int
	a, b          []float32
	bias, add     []float32
	want, full    []float64 // A B, and with bias and add
}

// stranger is what lies between the rows of a factor.
var stranger = float32(math.NaN())

func newFactoring(form string, m, n, k, pad int) *factoring {
	f := &factoring{form: form, m: m, n: n, k: k, lda: k + pad, ldb: n + pad, ldc: n + pad, bias: normal(3, n)}
	rowsA, rowsB := m, k
	if form == "tn" {
		f.lda, rowsA = m+pad, k
	}
	if form == "nt" {
		f.ldb, rowsB = k+pad, n
	}
	f.a, f.b, f.add = normal(1, rowsA*f.lda), normal(2, rowsB*f.ldb), normal(4, m*f.ldc)
	for _, x := range []struct {
		data []float32
		ld   int
	}{{f.a, f.lda}, {f.b, f.ldb}} {
		for i := range x.data {
			if i%x.ld >= x.ld-pad {
				x.data[i] = stranger
			}
		}
	}
	f.compute()
	return f
}

// at returns the indices of A[i, l] and B[l, j].
func (f *factoring) at(i, j, l int) (int, int) {
	a, b := i*f.lda+l, l*f.ldb+j
	if f.form == "tn" {
		a = l*f.lda + i
	}
	if f.form == "nt" {
		b = j*f.ldb + l
	}
	return a, b
}

func (f *factoring) compute() {
	f.want, f.full = nil, nil
	for i := range f.m {
		for j := range f.n {
			sum := 0.0
			for l := range f.k {
				a, b := f.at(i, j, l)
				sum += float64(f.a[a]) * float64(f.b[b])
			}
			f.want = append(f.want, sum)
			f.full = append(f.full, sum+float64(f.bias[j])+float64(f.add[i*f.ldc+j]))
		}
	}
}

// run returns C without its padding, which must stay. With full there are bias and add, which is C.
func (f *factoring) run(b bench, by plan, full bool) (out []float32) {
	p := newPlannedProduct(b.Scope, 0, f.form == "tn", f.form == "nt", f.m, f.n, f.k, by)
	bias, c, add := gpu.Ptr(0), put(b, f.add), gpu.Ptr(0)
	if full {
		bias, add = put(b, f.bias), c
	}
	p.launch(put(b, f.a), f.lda, put(b, f.b), f.ldb, bias, add, c, f.ldc)
	all := get[float32](b, c, f.m*f.ldc)
	for i := range f.m {
		out = append(out, all[i*f.ldc:i*f.ldc+f.n]...)
		same(b.t, "numbers beside C", all[i*f.ldc+f.n:(i+1)*f.ldc], f.add[i*f.ldc+f.n:(i+1)*f.ldc])
	}
	return out
}

var forms = []string{"nn", "nt", "tn"}

// TestProduct compares products of every form, precision and size of tile with float64: one tile and several, rows that are
// aligned and that are not, one part of K and several. An error below atLeast, or the bits of another precision, would mean that
// another one was used.
func TestProduct(t *testing.T) {
	seen := map[string][]float32{} // results of float32
	for _, precision := range []struct {
		of            gpu.Precision
		most, atLeast float64
	}{{gpu.Float32, 6e-7, 0}, {gpu.TF32x3, 6e-7, 0}, {gpu.TF32, 4e-4, 2e-4}, {gpu.BF16, 4e-3, 1.5e-3}} {
		for _, size := range []struct{ m, n, k, pad, tile, parts int }{
			{1, 1, 1, 0, 64, 1}, {1, 1, 1, 2, 128, 1}, {66, 65, 33, 3, 64, 1}, {8, 68, 52, 4, 64, 1},
			{3, 7, 530, 1, 64, 2}, {4, 8, 800, 0, 64, 3}, {129, 130, 19, 1, 128, 1}, {36, 256, 48, 4, 128, 1},
		} {
			for _, form := range forms {
				f := newFactoring(form, size.m, size.n, size.k, size.pad)
				by := cut(f.m, f.n, f.k, size.tile, 3)
				if by.grid.Z != size.parts {
					t.Fatalf("%d parts of %+v", by.grid.Z, size)
				}
				b := newBench(t)
				b.Precision = precision.of
				name := fmt.Sprint(form, size, precision.of)
				got := f.run(b, by, true)
				near(t, "with bias and C "+name, got, f.full, precision.most)
				if precision.of == gpu.Float32 {
					near(t, name, f.run(b, by, false), f.want, precision.most)
				}
				if d := distance(got, f.full); f.k > 16 && d < precision.atLeast {
					t.Errorf("%s: off by %.2g only", name, d)
				}
				if key := fmt.Sprint(form, size); precision.of == gpu.Float32 {
					seen[key] = got
				} else if f.k > 16 && slices.Equal(got, seen[key]) {
					t.Errorf("%s: the bits of float32", name)
				}
			}
		}
	}
}

// TestProductAlignment: factors, bias, add and C may each lie beside multiples of 16 bytes; the bits are the same.
func TestProductAlignment(t *testing.T) {
	for _, form := range forms {
		f := newFactoring(form, 4, 8, 20, 0)
		var want []float32
		for beside := range 6 {
			b := newBench(t)
			array := func(number int, x []float32) gpu.Ptr {
				if number == beside {
					return put(b, append([]float32{stranger}, x...)).Add(1)
				}
				return put(b, x)
			}
			p := newProduct(b.Scope, form == "tn", form == "nt", f.m, f.n, f.k)
			c := array(4, make([]float32, f.m*f.n))
			p.launch(array(0, f.a), f.lda, array(1, f.b), f.ldb, array(2, f.bias), array(3, f.add), c, f.ldc)
			got := get[float32](b, c, f.m*f.n)
			if want == nil {
				want = got
				near(t, form, got, f.full, 6e-7)
			}
			same(t, fmt.Sprint(form, beside), got, want)
		}
	}
}

// TestProductOfStrangers: a number that is infinite or NaN has an effect on its row or column alone, and large and small ones
// are as in float64.
func TestProductOfStrangers(t *testing.T) {
	for of, most := range map[gpu.Precision]float64{gpu.Float32: 6e-7, gpu.TF32x3: 6e-7, gpu.TF32: 1e-3, gpu.BF16: 6e-3} {
		for _, form := range forms {
			f := newFactoring(form, 5, 6, 40, 0)
			for l := range f.k {
				for i := range 3 {
					a, b := f.at(i, i, l)
					scale := float32([]float64{1, 0x1p60, 0x1p-60}[i])
					f.a[a] *= scale
					f.b[b] *= scale
				}
			}
			a, _ := f.at(3, 0, 39)
			_, b := f.at(0, 4, 20)
			f.a[a], f.b[b] = float32(math.NaN()), float32(math.Inf(1))
			f.compute()
			bench := newBench(t)
			bench.Precision = of
			for at, v := range f.run(bench, cut(f.m, f.n, f.k, 64, 1), false) {
				i, j := at/f.n, at%f.n
				switch finite := v-v == 0; {
				case i == 3 || j == 4:
					if finite {
						t.Errorf("precision %v %s: number %d, %d is %v", of, form, i, j, v)
					}
				case math.Abs(f.want[at]) < math.MaxFloat32 && i == j:
					size := 0.0
					for l := range f.k {
						a, b := f.at(i, j, l)
						size += math.Abs(float64(f.a[a]) * float64(f.b[b]))
					}
					if d := math.Abs(float64(v) - f.want[at]); !(d <= most*size) {
						t.Errorf("precision %v %s: number %d, %d is %v, want %v", of, form, i, j, v, f.want[at])
					}
				}
			}
		}
	}
}

// TestProductOrder: the bits do not depend on the order of blocks, and parts are added up in a fixed one.
func TestProductOrder(t *testing.T) {
	f := newFactoring("tn", 70, 66, 1100, 0)
	var want []float32
	for _, backwards := range []bool{false, true} {
		d := emulated.New()
		if backwards {
			d.Order = func(blocks int) []int {
				order := make([]int, blocks)
				for i := range order {
					order[i] = blocks - 1 - i
				}
				return order
			}
		}
		b := bench{gpu.NewQueue(d).NewScope(), t}
		by := cut(f.m, f.n, f.k, 64, 16)
		if by.grid != (gpu.Dim{X: 4, Y: 1, Z: 4}) {
			t.Fatalf("%v blocks", by.grid)
		}
		got := f.run(b, by, true)
		if want == nil {
			want = slices.Clone(got)
		}
		same(t, "C", got, want)
		b.Close()
	}
}

// TestPlan: the tiles cover C and the parts K, and every product with enough numbers fills the GPU.
func TestPlan(t *testing.T) {
	for _, size := range []struct{ m, n, k, tile, atLeast int }{
		{1, 1, 1, 64, 1}, {1, 50257, 768, 64, 528}, {128, 128, 16384, 64, 256}, {16384, 128, 128, 64, 512}, {16384, 1024, 1024, 128, 1024},
		{1024, 1024, 16384, 128, 256}, {512, 50257, 768, 128, 1572}, {512, 768, 50257, 128, 240}, {4096, 64, 4096, 64, 512}, {257, 258, 700, 64, 50},
	} {
		p := planOf(size.m, size.n, size.k)
		tiles := ((size.m + p.tile - 1) / p.tile) * ((size.n + p.tile - 1) / p.tile)
		if p.tile != size.tile || p.grid.X != tiles || p.grid.Y != 1 || p.grid.X*p.grid.Z < size.atLeast {
			t.Errorf("%+v: %+v", size, p)
		}
		if p.part*p.grid.Z < size.k || p.part*(p.grid.Z-1) >= size.k || p.grid.Z > 1 && (p.part%16 != 0 || p.part < 256) {
			t.Errorf("%+v: parts of %d in %v", size, p.part, p.grid)
		}
	}
}
