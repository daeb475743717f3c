package kernels

import (
	"fmt"
	"testing"
)

// TestColumnSums adds up arrays of widths around those where more threads share a column, of one block of rows and several.
func TestColumnSums(t *testing.T) {
	for _, rows := range []int{1, 8, 9, 130, 4200} {
		for _, width := range []int{1, 31, 33, 64, 129, 300} {
			if rows*width > 300_000 {
				continue
			}
			x, want := normal(1, rows*width), make([]float64, width)
			for i, v := range x {
				want[i%width] += float64(v)
			}
			b := newBench(t)
			k, out := newColumnSums(b.Scope, rows, width), room(b, width)
			k.launch(put(b, x), out)
			near(t, fmt.Sprint(rows, " rows of ", width), get[float32](b, out, width), want, 2e-6)
		}
	}
}

// TestColumnTotals adds up rows of an array of which only the first columns count.
func TestColumnTotals(t *testing.T) {
	for _, blocks := range []int{1, 7, 8, 31, 32, 100} {
		const width, stride = 35, 50
		x, want := normal(1, blocks*stride), make([]float64, width)
		for i, v := range x {
			if i%stride < width {
				want[i%stride] += float64(v)
			}
		}
		b := newBench(t)
		k, out := newColumnTotals(b.Scope), room(b, width)
		k.launch(blocks, width, stride, put(b, x), out)
		near(t, fmt.Sprint(blocks, " blocks"), get[float32](b, out, width), want, 1e-6)
	}
}

// TestAddParts adds up numbers of parts around those where more threads share the work, with and without bias and add.
func TestAddParts(t *testing.T) {
	for _, parts := range []int{1, 7, 8, 16, 31, 32, 100} {
		const m, n, ldc = 3, 45, 47
		x, bias, add := normal(1, parts*m*n), normal(2, n), normal(3, m*ldc)
		want, full := make([]float64, m*n), make([]float64, m*n)
		for i, v := range x {
			want[i%(m*n)] += float64(v)
		}
		for i, v := range want {
			full[i] = v + float64(bias[i%n]) + float64(add[i/n*ldc+i%n])
		}
		b := newBench(t)
		k, c, partial := newAddParts(b.Scope, parts, m, n), put(b, add), put(b, x)
		rows := func() (got []float32) {
			for i := range m {
				got = append(got, get[float32](b, c.Add(i*ldc), n)...)
			}
			return got
		}
		k.launch(partial, put(b, bias), c, c, ldc)
		near(t, fmt.Sprint(parts, " parts with bias and add"), rows(), full, 1e-6)
		k.launch(partial, 0, 0, c, ldc)
		near(t, fmt.Sprint(parts, " parts"), rows(), want, 1e-6)
	}
}
