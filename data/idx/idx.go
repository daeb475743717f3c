// Package idx reads arrays of bytes in the IDX format of MNIST, Fashion-MNIST and similar data sets
// (http://yann.lecun.com/exdb/mnist), plain or compressed by gzip.
//
// A file is two zero bytes, the type of its elements (8: unsigned bytes, the only one read here), the
// number of dimensions, each dimension as a big-endian 32-bit number, and the elements, row-major. Files
// are not trusted: the sizes in a header are checked, memory is allocated only for bytes that the file
// really has, and a file must end where its array does.
package idx

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"goomtrain/internal/regular"
)

// Array holds unsigned bytes, row-major.
type Array struct {
	Dims []int
	Data []byte // as many as the product of Dims
}

const (
	maxDims = 8
	maxSize = 1 << 31 // bytes: far above any data set of this kind
)

// Open reads a file, decompressing it if it is gzip, whatever its name.
func Open(path string) (*Array, error) {
	return OpenIf(path, func([]int) error { return nil })
}

// OpenIf is Open of a file whose dimensions are accepted: an error of accept ends the reading before the elements, of which
// a small compressed file may have gigabytes.
func OpenIf(path string, accept func(dims []int) error) (*Array, error) {
	f, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	a, err := read(f, accept)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return a, nil
}

// Read reads one array, decompressing it if it is gzip, up to the end of r.
func Read(r io.Reader) (*Array, error) { return read(r, func([]int) error { return nil }) }

func read(r io.Reader, accept func(dims []int) error) (*Array, error) {
	in := bufio.NewReader(r)
	if start, _ := in.Peek(2); bytes.Equal(start, []byte{0x1f, 0x8b}) {
		unzipped, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("damaged gzip header: %w", err)
		}
		return readPlain(unzipped, accept)
	}
	return readPlain(in, accept)
}

func readPlain(r io.Reader, accept func(dims []int) error) (*Array, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, fmt.Errorf("not an IDX file, its header is cut off: %w", err)
	}
	switch dims := int(head[3]); {
	case head[0] != 0 || head[1] != 0:
		return nil, fmt.Errorf("not an IDX file: it begins with % x, not with two zero bytes", head)
	case head[2] != 8:
		return nil, fmt.Errorf("its elements are of type %#02x; only unsigned bytes (0x08) are read", head[2])
	case dims < 1 || dims > maxDims:
		return nil, fmt.Errorf("it has %d dimensions; 1 to %d are read", dims, maxDims)
	}
	a, size := &Array{Dims: make([]int, head[3])}, int64(1)
	for i := range a.Dims {
		var n [4]byte
		if _, err := io.ReadFull(r, n[:]); err != nil {
			return nil, fmt.Errorf("its header is cut off in dimension %d of %d: %w", i+1, len(a.Dims), err)
		}
		a.Dims[i] = int(binary.BigEndian.Uint32(n[:]))
		if a.Dims[i] == 0 {
			return nil, fmt.Errorf("dimension %d of %d is 0", i+1, len(a.Dims))
		}
		if size *= int64(a.Dims[i]); size > maxSize { // both factors are below 2^32: no overflow
			return nil, fmt.Errorf("its dimensions %v promise more than %d bytes", a.Dims[:i+1], maxSize)
		}
	}
	if err := accept(a.Dims); err != nil {
		return nil, err
	}
	// The buffer grows with what is really there, not with what the header promises.
	var data bytes.Buffer
	got, err := io.Copy(&data, io.LimitReader(r, size+1))
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("after %d of %d bytes: %w", got, size, err)
	case got < size:
		return nil, fmt.Errorf("it is cut off: dimensions %v need %d bytes, there are %d", a.Dims, size, got)
	case got > size:
		return nil, fmt.Errorf("it continues after its %d bytes of dimensions %v", size, a.Dims)
	}
	a.Data = data.Bytes()[:size:size]
	return a, nil
}
