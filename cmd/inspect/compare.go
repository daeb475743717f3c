package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"goomtrain/checkpoints"
	"goomtrain/internal/printable"
)

// compareFiles prints how the tensors of two files differ.
func (r *report) compareFiles(one, two string) {
	a, err := checkpoints.OpenTensors(one)
	if err != nil {
		r.fail(err)
		return
	}
	defer a.Close()
	b, err := checkpoints.OpenTensors(two)
	if err != nil {
		r.fail(err)
		return
	}
	defer b.Close()
	fmt.Fprintf(r.out, "\ncomparison of %s and %s\n", printable.Line(one), printable.Line(two))
	names := append(a.Names(), b.Names()...)
	slices.Sort(names)
	same := 0
	r.aligned(func(w io.Writer) {
		for _, name := range slices.Compact(names) {
			difference, err := compareTensor(a, b, name)
			if err != nil {
				r.fail(err)
				difference = "cannot be read"
			}
			if difference == "" {
				same++
				continue
			}
			fmt.Fprintf(w, "  %s\t%s\n", printable.Short(name, longest), difference)
		}
	})
	verb := "are"
	if same == 1 {
		verb = "is"
	}
	fmt.Fprintf(r.out, "  %s %s equal\n", printable.Count(same, "tensor"), verb)
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
	va, err := values(a, name)
	if err != nil {
		return "", err
	}
	vb, err := values(b, name)
	if err != nil {
		return "", err
	}
	var notes []string
	if ia.DType != ib.DType {
		notes = append(notes, fmt.Sprintf("type %s | %s", typeName(ia.DType), typeName(ib.DType)))
	}
	found := ""
	switch {
	case va != nil && vb != nil && va.Count == vb.Count:
		found, err = compareValues(va, vb)
	case ia.DType == ib.DType:
		found, err = compareBytes(a, b, name)
	}
	if found != "" {
		notes = append(notes, found)
	}
	return strings.Join(notes, ", "), err
}

// compareValues compares the numbers of two tensors, each in its own type. NaN equals NaN.
func compareValues(a, b *checkpoints.Values) (string, error) {
	largest, scale := 0.0, 0.0 // over those that are finite in both
	differ, nonfinite := 0, 0
	for {
		xs, err := a.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
		ys, err := b.Next()
		if err != nil {
			return "", err
		}
		for i, x := range xs {
			y := ys[i]
			if x.Equal(y) {
				continue
			}
			differ++
			if !finite(x.Hi) || !finite(y.Hi) {
				nonfinite++
				continue
			}
			largest, scale = max(largest, math.Abs(x.Minus(y))), max(scale, math.Abs(x.Hi), math.Abs(y.Hi))
		}
	}
	if differ == 0 {
		return "", nil
	}
	text := fmt.Sprintf("%d of %d differ", differ, a.Count)
	if nonfinite > 0 {
		text += fmt.Sprintf(", %d of them not finite in one", nonfinite)
	}
	if differ > nonfinite {
		text += fmt.Sprintf(", by at most %s (values up to %s)", number(largest), number(scale))
	}
	return text, nil
}

// compareBytes compares two tensors of one type whose numbers cannot be decoded.
func compareBytes(a, b *checkpoints.TensorFile, name string) (string, error) {
	ra, err := a.Raw(name)
	if err != nil {
		return "", err
	}
	rb, err := b.Raw(name)
	if err != nil {
		return "", err
	}
	if ra.Size() != rb.Size() { // of a type whose size is not known
		return fmt.Sprintf("%d | %d bytes", ra.Size(), rb.Size()), nil
	}
	differ, left := int64(0), ra.Size()
	x, y := make([]byte, min(left, 1<<16)), make([]byte, min(left, 1<<16))
	for left > 0 {
		n := min(left, int64(len(x)))
		if _, err := io.ReadFull(ra, x[:n]); err != nil {
			return "", fmt.Errorf("tensor %q: %w", name, err)
		}
		if _, err := io.ReadFull(rb, y[:n]); err != nil {
			return "", fmt.Errorf("tensor %q: %w", name, err)
		}
		for i := range n {
			if x[i] != y[i] {
				differ++
			}
		}
		left -= n
	}
	if differ == 0 {
		return "", nil
	}
	return fmt.Sprintf("%d of %d bytes differ", differ, ra.Size()), nil
}
