package checkpoints

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	"goomtrain/internal/regular"
	"goomtrain/params"
)

const remedyConvert = "convert it to F32 first"

// A TensorFile reads a safetensors file, of ours or of others, the shards that an index lists, or the files that several
// processes wrote together. Only the headers are in memory; data is read tensor by tensor. It is safe for concurrent use.
type TensorFile struct {
	name     string
	shards   []shard // one for a single file
	metadata map[string]string
	tensors  []TensorInfo // in file order, shard by shard
	index    map[string]int
}

// A shard is an open file that holds tensors.
type shard struct {
	name string
	r    io.ReaderAt
	file io.Closer // nil: nothing to close
}

// OpenTensors opens a file, or the index of shards if the path ends with IndexSuffix. Of the files into which several
// processes divided tensors (NAME-00001-of-00004.safetensors), any one stands for all. The files are not trusted: everything is checked before it is used. An error that is ErrCorrupt names the file, the tensor, what is wrong, and
// what to do.
func OpenTensors(path string) (*TensorFile, error) {
	if isIndex(path) {
		return openShards(path)
	}
	t, err := openFile(path)
	if err != nil || !t.isDivided() {
		return t, err
	}
	return openDivided(t)
}

// openFile opens a single safetensors file.
func openFile(path string) (*TensorFile, error) {
	f, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	var t *TensorFile
	if err == nil {
		t, err = NewTensorFile(f, info.Size(), path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	t.shards[0].file = f
	return t, nil
}

// NewTensorFile reads from r, which holds size bytes. Errors call the file name.
func NewTensorFile(r io.ReaderAt, size int64, name string) (*TensorFile, error) {
	corrupt := func(remedy, format string, args ...any) error {
		return &fileError{file: name, reason: fmt.Sprintf(format, args...), remedy: remedy, kind: ErrCorrupt}
	}
	if size < 8 {
		return nil, corrupt(remedyFormat, "%d bytes are too few for a safetensors file, which starts with 8 bytes of header length", size)
	}
	var length [8]byte
	if err := readFull(r, length[:], 0, name, ""); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader {
		return nil, corrupt(remedyFormat, "the header's length is given as %d bytes, more than the %d allowed", n, maxHeader)
	}
	if int64(n) > size-8 {
		return nil, corrupt(remedyCut, "the header has %d bytes but only %d follow", n, size-8)
	}
	text := make([]byte, n)
	if err := readFull(r, text, 8, name, ""); err != nil {
		return nil, err
	}
	start := 8 + int64(n)
	header, err := parseHeader(name, text, size-start)
	if err != nil {
		return nil, err
	}
	t := &TensorFile{name: name, shards: []shard{{name: name, r: r}}, metadata: header.metadata, tensors: header.tensors, index: make(map[string]int, len(header.tensors))}
	for i := range t.tensors {
		t.tensors[i].Offset += start
		t.index[t.tensors[i].Name] = i
	}
	return t, nil
}

// readFull reads len(b) bytes at offset. A file that became shorter after it was opened is ErrCorrupt; any
// other error is the system's.
func readFull(r io.ReaderAt, b []byte, offset int64, file, tensor string) error {
	n, err := r.ReadAt(b, offset)
	if n == len(b) { // ReadAt may return io.EOF with the last bytes
		return nil
	}
	if errors.Is(err, io.EOF) {
		return &fileError{file, tensor, fmt.Sprintf("the file ends at byte %d while %d were expected", offset+int64(n), offset+int64(len(b))), remedyCut, ErrCorrupt}
	}
	return &fileError{file, tensor, fmt.Sprintf("cannot read: %v", err), "", err}
}

// Names lists the tensors in the order of their data.
func (t *TensorFile) Names() []string {
	names := make([]string, len(t.tensors))
	for i, info := range t.tensors {
		names[i] = info.Name
	}
	return names
}

// Info describes one tensor. It returns false if the file has none of that name.
func (t *TensorFile) Info(name string) (TensorInfo, bool) {
	i, ok := t.index[name]
	if !ok {
		return TensorInfo{}, false
	}
	info := t.tensors[i]
	info.Shape = slices.Clone(info.Shape)
	return info, true
}

// Metadata returns the metadata of the header, nil if it has none.
func (t *TensorFile) Metadata() map[string]string { return maps.Clone(t.metadata) }

// Close closes the files; a TensorFile from NewTensorFile has nothing to close.
func (t *TensorFile) Close() (err error) {
	for _, s := range t.shards {
		if s.file != nil {
			err = errors.Join(err, s.file.Close())
		}
	}
	return err
}

// Read returns a tensor in memory of its own. F16 and BF16 come as float32, exactly; a type that
// params.Array does not have (BOOL, F8...) is an error.
func (t *TensorFile) Read(name string) (params.Array, error) {
	info, err := t.info(name)
	if err != nil {
		return params.Array{}, err
	}
	n, _ := elements(info.Shape) // checked when opened
	data := newData(info.DType, int(n))
	if data == nil {
		return params.Array{}, &fileError{t.name, name, fmt.Sprintf("it is stored as %s, which is not read", info.DType), remedyConvert, ErrMismatch}
	}
	if err := t.ReadInto(name, data); err != nil {
		return params.Array{}, err
	}
	return params.Array{Name: name, Shape: append([]int{}, info.Shape...), Data: data}, nil
}

// ReadInto fills dst, a []float32, []float64, []int64, []int32 or []uint8 with exactly as many elements
// as the tensor has. Floats are widened where that is exact (F16 and BF16 into float32, those and F32
// into float64), never narrowed; integers must be of the same type. After an error of reading the
// content of dst is undefined; any other error leaves dst as it was.
func (t *TensorFile) ReadInto(name string, dst any) error {
	info, err := t.info(name)
	if err != nil {
		return err
	}
	_, length, err := arrayType(dst)
	if err != nil {
		return fmt.Errorf("reading tensor %s: %w", quote(name), err)
	}
	if n, _ := elements(info.Shape); n != uint64(length) {
		return &fileError{t.name, name, fmt.Sprintf("it has shape %s, %d elements, but is read into %d", shapeText(info.Shape), n, length), "", ErrMismatch}
	}
	return t.readRange(info, dst, 0)
}

// readRange fills dst with the elements of a tensor from one on. The tensor has them all.
func (t *TensorFile) readRange(info TensorInfo, dst any, from int) error {
	_, length, _ := arrayType(dst) // checked by the caller
	decode, width, ok := decoderFor(info.DType, dst)
	if !ok {
		return &fileError{t.name, info.Name, fmt.Sprintf("it is stored as %s, which cannot be read into %T without loss", info.DType, dst), remedyConvert, ErrMismatch}
	}
	begin, size := int64(from)*int64(width), int64(length)*int64(width)
	data := t.section(info)
	buffer := make([]byte, min(bufferLength, size))
	for done := int64(0); done < size; {
		chunk := buffer[:min(int64(len(buffer)), size-done)] // whole elements: bufferLength is a multiple of 8
		if err := data.read(chunk, begin+done); err != nil {
			return err
		}
		decode(chunk, int(done/int64(width)))
		done += int64(len(chunk))
	}
	return nil
}

func (t *TensorFile) info(name string) (TensorInfo, error) {
	i, ok := t.index[name]
	if !ok {
		return TensorInfo{}, &fileError{t.name, name, fmt.Sprintf("is not among the %d tensors of the file", len(t.tensors)), "", fs.ErrNotExist}
	}
	return t.tensors[i], nil
}
