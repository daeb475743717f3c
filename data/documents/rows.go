package documents

import "io"

// MaxRow is the largest number of bytes of a line of JSONL, and of a value of Parquet.
const MaxRow = 64 << 20

// A Row is one row of a file.
type Row struct {
	Number int    // line or row, from 1
	Text   []byte // valid until yield returns; may be empty
	Err    error  // why the row has no text; nil: it has
}

// Rows calls yield with every row of a file of JSONL or Parquet. Blank lines of JSONL are left out. It returns the
// first error of yield, or of the file itself, which has the row where it is known. The content of the file is written
// to hash.
func (f *File) Rows(field string, hash io.Writer, yield func(Row) error) error {
	if f.Layout != Parquet {
		return readJSONL(io.TeeReader(f, hash), field, yield)
	}
	if err := readParquet(&countedAt{f.file, f.count}, f.size, field, yield); err != nil {
		return err
	}
	_, err := io.Copy(hash, io.NewSectionReader(f.file, 0, f.size))
	return err
}
