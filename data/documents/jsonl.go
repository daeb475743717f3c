package documents

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
)

const (
	batchSize = 256 << 10 // bytes of lines that are parsed together
	largeSize = 1 << 20   // a batch of more, with a long line in it, is parsed alone
)

var byteOrderMark = []byte("\xef\xbb\xbf")

// A batch is lines of JSONL on their way through the parser.
type batch struct {
	number int    // of the first line
	lines  []byte // each with its newline
	slots  int    // taken in flight
	rows   []Row
	err    error         // of the file, after these lines
	done   chan struct{} // closed when the rows are there
}

// readJSONL reads one object a line. One goroutine cuts the text into batches of lines, one goroutine each parses them,
// and this one yields the rows in order. Of long lines one batch at a time is parsed, so that memory is bounded.
func readJSONL(r io.Reader, field string, yield func(Row) error) error {
	workers := runtime.GOMAXPROCS(0)
	order := make(chan *batch, workers)
	slots := make(chan struct{}, workers)
	stop := make(chan struct{})
	go func() {
		defer close(order)
		for in := newLines(r); ; {
			b := in.batch()
			if b.slots = 1; len(b.lines) > largeSize {
				b.slots = workers
			}
			for range b.slots {
				select {
				case slots <- struct{}{}:
				case <-stop:
					return
				}
			}
			go b.parse(field)
			order <- b // has room: each batch in it has a slot
			if b.err != nil {
				return
			}
		}
	}()
	var err error
	for b := range order {
		<-b.done
		for i := 0; i < len(b.rows) && err == nil; i++ {
			err = yield(b.rows[i])
		}
		if err == nil && b.err != nil && b.err != io.EOF {
			err = b.err
		}
		if err != nil {
			break
		}
		for range b.slots {
			<-slots
		}
	}
	close(stop)
	for range order { // until nobody reads the file any more
	}
	return err
}

// lines cuts text into lines.
type lines struct {
	in     *bufio.Scanner
	number int // of the lines read
}

func newLines(r io.Reader) *lines {
	l := &lines{in: bufio.NewScanner(r)}
	l.in.Buffer(make([]byte, 64<<10), MaxRow)
	return l
}

// scan moves to the next line; false: there is none.
func (l *lines) scan() bool {
	if !l.in.Scan() {
		return false
	}
	l.number++
	return true
}

// line is the line, without its newline. It is valid until the next scan.
func (l *lines) line() []byte {
	if l.number == 1 {
		return bytes.TrimPrefix(l.in.Bytes(), byteOrderMark)
	}
	return l.in.Bytes()
}

// batch reads the next lines. Its error is io.EOF if they are the last.
func (l *lines) batch() *batch {
	b := &batch{number: l.number + 1, done: make(chan struct{})}
	for len(b.lines) < batchSize {
		if !l.scan() {
			b.err = l.end()
			return b
		}
		b.lines = append(append(b.lines, l.line()...), '\n')
	}
	return b
}

// end is the error after the last line.
func (l *lines) end() error {
	switch err := l.in.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("line %d has more than %d MiB: split it into several documents", l.number+1, MaxRow>>20)
	case err != nil:
		return fmt.Errorf("line %d: %w", l.number+1, err)
	}
	return io.EOF
}

// parse finds the rows. Blank lines have none.
func (b *batch) parse(field string) {
	defer close(b.done)
	number := b.number
	for line := range bytes.Lines(b.lines) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			o, err := parseObject(line)
			row := Row{Number: number, Err: err}
			if err == nil {
				row.Text, row.Err = o.Text(field)
			}
			b.rows = append(b.rows, row)
		}
		number++
	}
	b.lines = nil
}
