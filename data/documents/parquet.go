package documents

import (
	"fmt"
	"io"
	"strings"

	"github.com/parquet-go/parquet-go"

	"goomtrain/internal/nearest"
	"goomtrain/internal/printable"
)

// readParquet reads one column of a Parquet file. The reader of the format panics on some damaged files: a panic is an
// error of the file.
func readParquet(in io.ReaderAt, size int64, field string, yield func(Row) error) (err error) {
	var own error // of yield
	row := 0      // the last one read
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("after row %d: the Parquet file is damaged: %v", row, r)
		}
		if own != nil {
			err = own
		}
	}()
	if err := checkFooter(in, size); err != nil {
		return err
	}
	file, err := parquet.OpenFile(in, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return fmt.Errorf("the Parquet file cannot be read: %w", err)
	}
	column, err := findColumn(file.Root(), field)
	if err != nil {
		return err
	}
	for i, group := range file.RowGroups() {
		if err := checkPages(in, size, &file.Metadata().RowGroups[i].Columns[column.Index()].MetaData, column.MaxDefinitionLevel()); err != nil {
			return fmt.Errorf("after row %d: %w", row, err)
		}
		first := row
		err := readChunk(group.ColumnChunks()[column.Index()], func(v parquet.Value) error {
			row++
			own = yield(rowOf(row, v, field))
			return own
		})
		if err == nil && int64(row-first) != group.NumRows() {
			err = fmt.Errorf("a group has %d rows, expected %d", row-first, group.NumRows())
		}
		if err != nil {
			return fmt.Errorf("after row %d: the Parquet file is damaged: %w", row, err)
		}
	}
	return nil
}

// readChunk yields the values of one column of a group of rows.
func readChunk(chunk parquet.ColumnChunk, yield func(parquet.Value) error) error {
	pages := chunk.Pages()
	defer pages.Close()
	values := make([]parquet.Value, 128)
	for {
		page, err := pages.ReadPage()
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		for in := page.Values(); err == nil; {
			var n int
			n, err = in.ReadValues(values)
			for _, v := range values[:n] {
				if err := yield(v); err != nil {
					return err
				}
			}
		}
		parquet.Release(page)
		if err != io.EOF {
			return err
		}
	}
}

// rowOf is the row of one value.
func rowOf(number int, v parquet.Value, field string) Row {
	if v.IsNull() {
		return Row{number, nil, fmt.Errorf("column %q is null", field)}
	}
	text := v.ByteArray()
	if len(text) > MaxRow {
		return Row{number, nil, fmt.Errorf("its text has more than %d MiB", MaxRow>>20)}
	}
	return Row{number, text, CheckText(text)}
}

// findColumn returns the column of a name, which may lead through groups, if it holds one text a row.
func findColumn(root *parquet.Column, field string) (*parquet.Column, error) {
	column, rest := root, field
	for nested := true; nested; {
		next := column.Column(rest)
		if nested = next == nil; nested {
			var name string
			if name, rest, nested = strings.Cut(rest, "."); nested {
				next = column.Column(name)
			}
		}
		if next == nil {
			var names []string
			for _, c := range root.Columns() {
				names = append(names, c.Name())
			}
			return nil, fmt.Errorf("it has no column %q%s; its columns are %s (-text-field names one)",
				field, nearest.Hint(field, names), printable.Short(strings.Join(names, ", "), 200))
		}
		column = next
	}
	switch {
	case !column.Leaf():
		return nil, fmt.Errorf("column %q is a group of columns: name one of them, as in %s.%s (-text-field)", field, field, column.Columns()[0].Name())
	case column.MaxRepetitionLevel() > 0:
		return nil, fmt.Errorf("column %q is a list: name a column with one text a row (-text-field)", field)
	case column.Type().Kind() != parquet.ByteArray:
		return nil, fmt.Errorf("column %q is of type %s, not of strings: name another (-text-field)", field, column.Type())
	}
	return column, nil
}
