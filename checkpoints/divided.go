package checkpoints

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// A part is where a tensor that is divided has some of its bytes.
type part struct {
	begin, end int64 // in the tensor
	shard      int
	offset     int64 // in the file
}

// dividedName is the name of a file of a divided set: its stem, its number and the number of files.
var dividedName = regexp.MustCompile(`^(.*)-([0-9]{5})-of-([0-9]{5})\.safetensors$`)

// dividedFile is the name of file i, from 0, of n.
func dividedFile(stem string, i, n int) string {
	return fmt.Sprintf("%s-%05d-of-%05d.safetensors", stem, i+1, n)
}

// isDivided reports whether an open file belongs to a divided set.
func (t *TensorFile) isDivided() bool {
	_, ok := t.metadata[piecesKey]
	return ok
}

// openDivided opens all files of the set to which one belongs that is open as t.
func openDivided(t *TensorFile) (set *TensorFile, err error) {
	path, stem, number, count := t.name, "", 1, 1
	if match := dividedName.FindStringSubmatch(filepath.Base(path)); match != nil {
		stem = match[1]
		number, _ = strconv.Atoi(match[2]) // five digits
		count, _ = strconv.Atoi(match[3])
	}
	if number < 1 || number > count || count > maxShards {
		t.Close()
		return nil, &fileError{file: path, reason: fmt.Sprintf("its name gives it the number %d of %d files; there may be up to %d", number, count, maxShards), remedy: remedySet, kind: ErrCorrupt}
	}
	files := make([]*TensorFile, count)
	files[number-1] = t
	defer func() {
		if err != nil {
			for _, f := range files {
				if f != nil {
					f.Close()
				}
			}
		}
	}()
	for i := range files {
		if i == number-1 {
			continue
		}
		other := filepath.Join(filepath.Dir(path), dividedFile(stem, i, count))
		if files[i], err = openFile(other); errors.Is(err, fs.ErrNotExist) {
			return nil, &fileError{file: path, reason: fmt.Sprintf("the file %s of the same set is missing", quote(filepath.Base(other))), remedy: remedySet, kind: ErrCorrupt}
		} else if err != nil {
			return nil, err
		}
	}
	return assemble(path, files)
}

const remedySet = "copy all files of the set again, or use another checkpoint"

// assemble joins the files of a divided set. Every element of every array must be there exactly once.
func assemble(name string, files []*TensorFile) (*TensorFile, error) {
	t := &TensorFile{name: name, index: map[string]int{}, metadata: maps.Clone(files[0].metadata)}
	delete(t.metadata, piecesKey)
	for i, f := range files {
		t.shards = append(t.shards, f.shards[0])
		placings, err := f.placings()
		if err != nil {
			return nil, err
		}
		for _, info := range f.tensors {
			place, divided := placings[info.Name]
			if !divided {
				place = placing{info.Name, info.Shape, 0}
			}
			if err := t.add(f, i, info, place); err != nil {
				return nil, err
			}
		}
	}
	for i := range t.tensors {
		if err := t.checkCover(&t.tensors[i]); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// add takes the tensor info of file i as a piece, or as the whole, of an array.
func (t *TensorFile) add(f *TensorFile, i int, info TensorInfo, place placing) error {
	at, known := t.index[place.Array]
	if !known {
		at = len(t.tensors)
		t.index[place.Array] = at
		t.tensors = append(t.tensors, TensorInfo{Name: place.Array, DType: info.DType, Shape: place.Shape, Offset: info.Offset, shard: i})
	}
	whole := &t.tensors[at]
	if whole.DType != info.DType || !slices.Equal(whole.Shape, place.Shape) {
		return &fileError{f.name, info.Name, fmt.Sprintf("it is of a tensor %s of %s, in %s of %s", shapeText(place.Shape), info.DType, shapeText(whole.Shape), whole.DType), remedySet, ErrCorrupt}
	}
	if info.Bytes > 0 {
		begin := place.Offset * int64(dtypeBits[info.DType]/8)
		whole.parts = append(whole.parts, part{begin, begin + info.Bytes, i, info.Offset})
		whole.Bytes += info.Bytes
	}
	return nil
}

// checkCover sorts the parts of a tensor, and returns an error unless each begins where the one before ends and the last
// ends with the tensor.
func (t *TensorFile) checkCover(info *TensorInfo) error {
	slices.SortFunc(info.parts, func(a, b part) int { return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end)) })
	width := int64(dtypeBits[info.DType] / 8)
	if width == 0 { // of a type that has no pieces
		if len(info.parts) > 1 {
			return &fileError{t.name, info.Name, "it is in the set more than once", remedySet, ErrCorrupt}
		}
		return nil
	}
	end := int64(0)
	for _, p := range info.parts {
		switch {
		case p.begin > end:
			return &fileError{t.name, info.Name, fmt.Sprintf("elements %d to %d are in no file of the set", end/width, p.begin/width), remedySet, ErrCorrupt}
		case p.begin < end:
			return &fileError{t.name, info.Name, fmt.Sprintf("elements %d to %d are in the set more than once", p.begin/width, min(end, p.end)/width), remedySet, ErrCorrupt}
		}
		end = p.end
	}
	if n, _ := elements(info.Shape); uint64(end) != n*uint64(width) {
		return &fileError{t.name, info.Name, fmt.Sprintf("elements %d to %d are in no file of the set", end/width, n), remedySet, ErrCorrupt}
	}
	return nil
}

// A section reads the bytes of one tensor, wherever they are.
type section struct {
	file *TensorFile
	info TensorInfo
}

// section returns a reader of a tensor's bytes.
func (t *TensorFile) section(info TensorInfo) section {
	if info.parts == nil {
		info.parts = []part{{0, info.Bytes, info.shard, info.Offset}}
	}
	return section{t, info}
}

// read fills b from the offset on.
func (s section) read(b []byte, offset int64) error {
	for _, p := range s.info.parts {
		if len(b) == 0 || offset >= p.end {
			continue
		}
		n := min(int64(len(b)), p.end-offset)
		from := s.file.shards[p.shard]
		if err := readFull(from.r, b[:n], p.offset+offset-p.begin, from.name, s.info.Name); err != nil {
			return err
		}
		b, offset = b[n:], offset+n
	}
	return nil
}

// ReadAt implements io.ReaderAt for readers that end with the tensor.
func (s section) ReadAt(b []byte, offset int64) (int, error) {
	n := min(int64(len(b)), s.info.Bytes-offset)
	if n < 0 {
		return 0, io.EOF
	}
	if err := s.read(b[:n], offset); err != nil {
		return 0, err
	}
	if int(n) < len(b) {
		return int(n), io.EOF
	}
	return int(n), nil
}
