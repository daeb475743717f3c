package goom

import (
	"math"
	"strings"
	"testing"
)

// Zero has one form, whatever its sign and the way it comes in.
func TestZero(t *testing.T) {
	x := New[float64](5)
	x.Set(0, NumberOf(0))
	x.Set(1, NumberOf(math.Copysign(0, -1)))
	x.Set(2, Number{Log: math.Inf(-1), Sign: -1})
	x.Set(3, Scaled{Exp: 5}.Number())
	y := FromReal([]float64{0, math.Copysign(0, -1)})
	for i, l := range append(x.Log, y.Log...) {
		if s := append(x.Sign, y.Sign...)[i]; l != Floor[float64]() || s != 1 {
			t.Errorf("zero %d has logarithm %v and sign %v", i, l, s)
		}
	}
	if n := x.At(2); !n.IsZero() || n.Sign != 1 {
		t.Errorf("zero comes back as %+v", n)
	}
	x.InfiniteLogs()
	if n := x.At(2); !math.IsInf(x.Log[2], -1) || !n.IsZero() || n.Sign != 1 {
		t.Errorf("zero with logarithm %v comes back as %+v", x.Log[2], n)
	}
	if x.FiniteLogs(); x.Log[2] != Floor[float64]() {
		t.Errorf("logarithm of zero %v", x.Log[2])
	}
}

// Wrong shapes and lengths panic with a message of this package, before anything is read or written out of place.
func TestWrongShapes(t *testing.T) {
	v, m := New[float64](3), New[float64](2, 3)
	six := make([]float64, 6)
	broken := Tensor[float64]{Shape: []int{3}, Log: six[:2], Sign: six[:3]}
	for name, f := range map[string]func(){
		"FromReal":        func() { FromReal(six, 2, 2) },
		"negative":        func() { New[float64](2, -1) },
		"Reshape":         func() { m.Reshape(4) },
		"logarithms":      func() { broken.Real() },
		"broadcast":       func() { Add(v, New[float64](2)) },
		"axis":            func() { LogSumExp(m, 2) },
		"negative axis":   func() { LogSumExp(m, -3) },
		"kind":            func() { NewSums[float64]([]int{3}, 0, Kind(9)) },
		"sums":            func() { NewSums[float64]([]int{3}, 0, Total).Forward(v, v) },
		"gradient of sum": func() { NewSums[float64]([]int{3}, 0, RunningSum).Backward(six, v, v, six[:3]) },
		"Log":             func() { Log(six, six, six[:5]) },
		"LogGrad":         func() { LogGrad(six, six[:2], six) },
		"Exp":             func() { Exp(six[:5], six, six) },
		"ExpGrad":         func() { ExpGrad(six, six, six[:5]) },
		"AddGrad":         func() { AddGrad(v, v, v, six) },
		"MulGrad":         func() { MulGrad(v, v, v, six[:2]) },
		"ScaledExpInto":   func() { ScaledExpInto(six, v, 0, 2) },
		"RMSNormGrad":     func() { RMSNormGrad(v, six, 0) },
		"UnitSquashGrad":  func() { UnitSquashGrad(v, six) },
		"Triu":            func() { Triu(v, 0) },
		"LMME":            func() { LMME(m, m) },
		"LMME of vectors": func() { LMME(v, m) },
		"no gradient":     func() { NewProduct[float64]([]int{2, 3}, []int{3, 2}, Options{}).Backward(six, nil, m, m, m, six) },
		"scan":            func() { PrefixProducts(m) },
		"scan operands": func() {
			NewScan[float64]([]int{1, 3, 3}, nil, false, 0, Options{}).Forward(New[float64](1, 3, 3), v, Tensor[float64]{}, Tensor[float64]{})
		},
		"scan summands": func() {
			NewScan[float64]([]int{1, 3, 3}, []int{1, 2, 3}, false, 0, Options{}).Forward(m, New[float64](1, 3, 3), v, Tensor[float64]{})
		},
		"scan gradient": func() {
			a, y := New[float64](1, 3, 3), New[float64](1, 3, 3)
			NewScan[float64](a.Shape, nil, false, 0, Options{Grad: true}).Backward(six, nil, nil, y, a, Tensor[float64]{}, Tensor[float64]{}, make([]float64, 9))
		},
		"affine scan": func() { AffineScan(New[float64](2, 3, 3), New[float64](2, 3, 2), Tensor[float64]{}) },
		"Chained":     func() { Chained(New[float64](2, 2, 3)) },
		"Fold":        func() { Fold([]int(nil), func(a, b int) int { return a + b }) },
		"matrices":    func() { NewMatrices[float64](1, -1, 2) },
		"MatricesOf":  func() { MatricesOf(six, 1, 2, 2) },
		"MulMatrices": func() { MulMatrices(NewMatrices[float64](1, 2, 3), NewMatrices[float64](1, 2, 3)) },
		"AddMatrices": func() { AddMatrices(NewMatrices[float64](1, 2, 3), NewMatrices[float64](1, 3, 2)) },
		"Blocks":      func() { Blocks(v) },
		"chain":       func() { NewChain[float64](-1) },
		"Chain.Mul":   func() { NewChain[float64](2).Mul(NewMatrices[float64](1, 3, 3)) },
		"rows":        func() { NewChain[float64](2).Mul(NewMatrices[float64](1, 3, 2)) },
		"columns":     func() { NewChain[float64](2).Mul(NewMatrices[float64](1, 2, 3)) },
		"LMME a":      func() { NewProduct[float64]([]int{2, 3}, []int{3, 2}, Options{}).Forward(New[float64](2, 2), v, m) },
		"LMME b":      func() { NewProduct[float64]([]int{2, 3}, []int{3, 2}, Options{}).Forward(New[float64](2, 2), m, v) },
		"LMME result": func() { NewProduct[float64]([]int{2, 3}, []int{3, 2}, Options{}).Forward(v, m, m) },
		"scan result": func() {
			NewScan[float64]([]int{1, 3, 3}, nil, false, 0, Options{}).Forward(v, New[float64](1, 3, 3), Tensor[float64]{}, Tensor[float64]{})
		},
		"scan start": func() {
			NewScan[float64]([]int{1, 3, 3}, []int{1, 2, 3}, true, 0, Options{}).Forward(m, New[float64](1, 3, 3), m, v)
		},
	} {
		func() {
			defer func() {
				if text, ok := recover().(string); !ok || !strings.HasPrefix(text, "goom: ") {
					t.Errorf("%s: panic %v, want one of this package", name, text)
				}
			}()
			f()
		}()
	}
}
