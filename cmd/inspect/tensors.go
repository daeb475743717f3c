package main

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"goomtrain/checkpoints"
	"goomtrain/params"
)

// describeFile prints the tensors of a safetensors file, with statistics if asked for.
func describeFile(out io.Writer, path string, statistics bool) error {
	file, err := checkpoints.OpenTensors(path)
	if err != nil {
		return err
	}
	defer file.Close()
	fmt.Fprintf(out, "file %s\n", path)
	metadata := file.Metadata()
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		fmt.Fprintf(out, "  metadata %s: %s\n", key, metadata[key])
	}
	total, bytes := 0, int64(0)
	var failure error
	err = aligned(out, func(w io.Writer) {
		header := "  tensor\ttype\tshape\tcount"
		if statistics {
			header += "\tmean\tdeviation\tsmallest\tlargest\tnot finite"
		}
		fmt.Fprintln(w, header)
		for _, name := range file.Names() {
			info, _ := file.Info(name)
			n := params.Size(info.Shape)
			total, bytes = total+n, bytes+info.Bytes
			row := fmt.Sprintf("  %s\t%v\t%v\t%d", name, info.DType, info.Shape, n)
			if statistics {
				a, err := file.Read(name)
				if err != nil {
					failure = err
					return
				}
				row += measure(numbers(a.Data)).row()
			}
			fmt.Fprintln(w, row)
		}
	})
	if failure != nil {
		return failure
	}
	fmt.Fprintf(out, "  %d tensors, %d numbers, %.1f MB\n", len(file.Names()), total, float64(bytes)/1e6)
	return err
}

// numbers views any stored array as float64.
func numbers(data any) []float64 {
	switch x := data.(type) {
	case []float64:
		return x
	case []float32:
		return widen(x)
	case []int64:
		return widen(x)
	case []int32:
		return widen(x)
	case []uint8:
		return widen(x)
	}
	panic(fmt.Sprintf("inspect: an array of %T", data))
}

func widen[N float32 | int64 | int32 | uint8](x []N) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

// statistics of the finite numbers of a tensor.
type statistics struct {
	mean, deviation, smallest, largest float64
	nonfinite                          int
}

func measure(x []float64) statistics {
	s := statistics{smallest: math.Inf(1), largest: math.Inf(-1)}
	n, squares := 0.0, 0.0
	for _, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			s.nonfinite++
			continue
		}
		n++
		s.smallest, s.largest = min(s.smallest, v), max(s.largest, v)
		step := v - s.mean // Welford's recurrence: no cancellation
		s.mean += step / n
		squares += step * (v - s.mean)
	}
	if n == 0 {
		return statistics{math.NaN(), math.NaN(), math.NaN(), math.NaN(), s.nonfinite}
	}
	s.deviation = math.Sqrt(squares / n)
	return s
}

func (s statistics) row() string {
	bad := "-"
	if s.nonfinite > 0 {
		bad = fmt.Sprint(s.nonfinite)
	}
	return fmt.Sprintf("\t%s\t%s\t%s\t%s\t%s", number(s.mean), number(s.deviation), number(s.smallest), number(s.largest), bad)
}

// compareFiles prints how the tensors of two files differ.
func compareFiles(out io.Writer, one, two string) error {
	a, err := checkpoints.OpenTensors(one)
	if err != nil {
		return err
	}
	defer a.Close()
	b, err := checkpoints.OpenTensors(two)
	if err != nil {
		return err
	}
	defer b.Close()
	fmt.Fprintf(out, "\ncomparison of %s and %s\n", one, two)
	names := append(a.Names(), b.Names()...)
	slices.Sort(names)
	same := 0
	var failure error
	err = aligned(out, func(w io.Writer) {
		for _, name := range slices.Compact(names) {
			difference, err := compareTensor(a, b, name)
			if err != nil {
				failure = err
				return
			}
			if difference == "" {
				same++
				continue
			}
			fmt.Fprintf(w, "  %s\t%s\n", name, difference)
		}
	})
	if failure != nil {
		return failure
	}
	fmt.Fprintf(out, "  %d tensors are equal\n", same)
	return err
}

// compareTensor says how one tensor differs; "" if it does not.
func compareTensor(a, b *checkpoints.TensorFile, name string) (string, error) {
	ia, inA := a.Info(name)
	ib, inB := b.Info(name)
	switch {
	case !inB:
		return "only in the first", nil
	case !inA:
		return "only in the second", nil
	case !slices.Equal(ia.Shape, ib.Shape):
		return fmt.Sprintf("shape %v | %v", ia.Shape, ib.Shape), nil
	}
	xa, err := a.Read(name)
	if err != nil {
		return "", err
	}
	xb, err := b.Read(name)
	if err != nil {
		return "", err
	}
	largest, differ, scale := 0.0, 0, 0.0
	vb := numbers(xb.Data)
	for i, x := range numbers(xa.Data) {
		y := vb[i]
		if x == y || x != x && y != y {
			continue
		}
		differ++
		largest, scale = max(largest, math.Abs(x-y)), max(scale, math.Abs(x), math.Abs(y))
	}
	var notes []string
	if ia.DType != ib.DType {
		notes = append(notes, fmt.Sprintf("type %v | %v", ia.DType, ib.DType))
	}
	if differ > 0 {
		notes = append(notes, fmt.Sprintf("%d of %d differ, by at most %s (values up to %s)", differ, len(vb), number(largest), number(scale)))
	}
	return strings.Join(notes, ", "), nil
}
