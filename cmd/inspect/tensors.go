package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"goomtrain/checkpoints"
	"goomtrain/internal/printable"
	"goomtrain/params"
)

// longest is how many characters of a name from a file are printed in a column, which is as wide as its
// longest cell.
const longest = 200

// describeFile prints the tensors of a safetensors file, with statistics if asked for. It reports whether
// the file could be opened.
func (r *report) describeFile(path string, statistics bool) bool {
	file, err := checkpoints.OpenTensors(path)
	if err != nil {
		r.fail(err)
		return false
	}
	defer file.Close()
	fmt.Fprintf(r.out, "file %s\n", printable.Line(path))
	metadata := file.Metadata()
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		fmt.Fprintf(r.out, "  metadata %s: %s\n", printable.Line(key), printable.Line(metadata[key]))
	}
	total, bytes, unknown := 0, int64(0), 0
	r.aligned(func(w io.Writer) {
		header := "  tensor\ttype\tshape\tcount\tbytes"
		if statistics {
			header += "\tmean\tdeviation\tsmallest\tlargest\tnot finite"
		}
		fmt.Fprintln(w, header)
		for _, name := range file.Names() {
			info, _ := file.Info(name)
			n := params.Size(info.Shape)
			bytes += info.Bytes
			if info.DType.Known() {
				total += n
			} else {
				unknown++
			}
			row := fmt.Sprintf("  %s\t%s\t%v\t%d\t%d", printable.Short(name, longest), typeName(info.DType), info.Shape, n, info.Bytes)
			if statistics {
				s, err := file.Statistics(name)
				r.fail(err)
				row += statisticsRow(s)
			}
			fmt.Fprintln(w, row)
		}
	})
	fmt.Fprintf(r.out, "  %s, %s, %.1f MB", printable.Count(len(file.Names()), "tensor"), printable.Count(total, "number"), float64(bytes)/1e6)
	if unknown > 0 {
		fmt.Fprintf(r.out, "; %d of unknown type, not counted among the numbers", unknown)
	}
	fmt.Fprintln(r.out)
	return true
}

// typeName is the name of a type, which comes from the file.
func typeName(d checkpoints.DType) string {
	if d.Known() {
		return string(d)
	}
	return fmt.Sprintf("unknown (%s)", printable.Short(string(d), longest))
}

// values opens the numbers of a tensor; nil for a type whose numbers cannot be decoded.
func values(file *checkpoints.TensorFile, name string) (*checkpoints.Values, error) {
	v, err := file.Values(name)
	if errors.Is(err, checkpoints.ErrMismatch) {
		return nil, nil
	}
	return v, err
}
