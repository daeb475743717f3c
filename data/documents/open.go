package documents

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"goomtrain/internal/regular"
)

// maxWindow is the largest window of zstd: that of zstd --long, which its own program reads without a flag.
const maxWindow = 128 << 20

// A File is an open file, decompressed. What it reads is text, JSONL, or a Parquet file as it is.
type File struct {
	Format
	file    *os.File
	size    int64
	path    string
	count   func(n int)
	in      io.Reader
	release func()
}

// Open opens a file of a format. It is an error if the content is of another one. count, which may be nil, is called with
// the number of bytes of each read of the file itself.
func Open(path string, format Format, count func(n int)) (*File, error) {
	file, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	if count == nil {
		count = func(int) {}
	}
	f := &File{count: count, Format: format, file: file, path: path, release: func() {}}
	if err := f.start(); err != nil {
		file.Close()
		return nil, err
	}
	return f, nil
}

func (f *File) start() error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	f.size = info.Size()
	head := make([]byte, 4)
	n, err := f.file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	if n == 0 && f.Compression == Plain && f.Layout != Parquet {
		f.in = f.file // an empty file is empty text
		return nil
	}
	if err := f.check(f.path, head[:n]); err != nil {
		return err
	}
	f.in = &counted{f.file, f.count}
	switch f.Compression {
	case Gzip:
		in, err := gzip.NewReader(f.in)
		if err != nil {
			return fmt.Errorf("%s: %w", f.path, f.damaged(err))
		}
		f.in = in
	case Zstd:
		in, err := newZstd(f.in)
		if err != nil {
			return fmt.Errorf("%s: %w", f.path, f.damaged(err))
		}
		f.in, f.release = in, in.Close
	}
	return nil
}

// newZstd decompresses with bounded memory.
func newZstd(in io.Reader) (*zstd.Decoder, error) {
	return zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxWindow), zstd.WithDecoderMaxWindow(maxWindow))
}

// Read reads the content.
func (f *File) Read(p []byte) (int, error) {
	n, err := f.in.Read(p)
	if err != nil && err != io.EOF {
		err = f.damaged(err)
	}
	return n, err
}

// damaged is an error of reading the content. It does not wrap io.ErrUnexpectedEOF, which callers of io.ReadFull would
// take for the end of a sound file.
func (f *File) damaged(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || f.Compression != Plain && err == io.EOF:
		return errors.New("the compressed data is cut off: get the whole file again")
	case errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return fmt.Errorf("it needs a window of more than %d MiB: compress it with a smaller one (zstd without --ultra --long)", maxWindow>>20)
	case f.Compression != Plain:
		return fmt.Errorf("the compressed data is damaged: %w", err)
	}
	return err
}

// Close closes the file.
func (f *File) Close() error {
	f.release()
	return f.file.Close()
}

// counted calls count with the number of bytes of each read.
type counted struct {
	in    io.Reader
	count func(n int)
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.count(n)
	return n, err
}

// countedAt is counted for reads anywhere.
type countedAt struct {
	in    io.ReaderAt
	count func(n int)
}

func (c *countedAt) ReadAt(p []byte, at int64) (int, error) {
	n, err := c.in.ReadAt(p, at)
	c.count(n)
	return n, err
}
