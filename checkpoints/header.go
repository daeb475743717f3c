package checkpoints

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"unicode/utf8"
)

const (
	maxRank  = 64  // dimensions of a tensor: as many as PyTorch and NumPy have
	maxDepth = 128 // nested values in a header
)

// A TensorInfo describes one tensor of a file.
type TensorInfo struct {
	Name   string
	DType  DType
	Shape  []int // [] for a scalar
	Offset int64 // of the first byte, from the beginning of the file
	Bytes  int64

	shard int    // of the TensorFile
	parts []part // where the tensor is in a divided set of files; nil: in one place
}

// elements returns the number of elements of a shape, and false if a dimension is negative or the number does
// not fit an int64.
func elements(shape []int) (uint64, bool) {
	n := uint64(1)
	for _, d := range shape {
		hi, lo := bits.Mul64(n, uint64(d))
		if d < 0 || hi != 0 || lo > math.MaxInt64 {
			return 0, false
		}
		n = lo
	}
	return n, true
}

// A headerParser reads the JSON of a header token by token. It never builds a tree: nesting cannot exhaust the
// stack, names that occur twice are detected, and memory is proportional to the text.
type headerParser struct {
	file     string
	dec      *json.Decoder
	metadata map[string]string
	tensors  []TensorInfo // Offset is relative to the data until layout makes it absolute
}

// parseHeader parses the header and checks that its tensors cover the dataBytes after it without gaps, overlaps
// or bytes left over.
func parseHeader(file string, text []byte, dataBytes int64) (*headerParser, error) {
	p := &headerParser{file: file, dec: json.NewDecoder(bytes.NewReader(text))}
	p.dec.UseNumber()
	// The format asks for '{' as the first byte, but its own library reads over blanks before it.
	if start := bytes.TrimLeft(text, " \t\r\n"); len(start) == 0 || start[0] != '{' {
		return nil, p.corrupt("", "the header does not start with '{'", remedyFormat)
	}
	if !utf8.Valid(text) {
		return nil, p.corrupt("", "the header is not UTF-8 text", remedyCopy)
	}
	if err := p.object(false, p.topLevel); err != nil {
		return nil, err
	}
	if _, err := p.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, p.corrupt("", "the header continues after its closing '}'", remedyCopy)
	}
	if err := p.layout(dataBytes); err != nil {
		return nil, err
	}
	return p, nil
}

const (
	remedyCopy   = "the file is damaged: copy or download it again, or use another checkpoint"
	remedyCut    = "the file was cut short: copy or download it again, or use another checkpoint"
	remedyFormat = "is this a .safetensors file?"
)

func (p *headerParser) corrupt(tensor, reason, remedy string) error {
	return &fileError{p.file, tensor, reason, remedy, ErrCorrupt}
}

// token returns the next token; the error about wrong syntax says where it is.
func (p *headerParser) token() (json.Token, error) {
	t, err := p.dec.Token()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, p.corrupt("", fmt.Sprintf("the header is not valid JSON at byte %d: %v", p.dec.InputOffset(), err), remedyCopy)
	}
	return t, nil
}

// object reads { key: value, ... }, calling value once for every key, which must consume the value. With
// orNull it takes null too, for an object without keys.
func (p *headerParser) object(orNull bool, value func(key string) error) error {
	t, err := p.token()
	switch {
	case err != nil || orNull && t == nil:
		return err
	case t != json.Delim('{'):
		return p.misplaced("", t, '{')
	}
	for p.dec.More() {
		t, err := p.token()
		if err != nil {
			return err
		}
		key, ok := t.(string)
		if !ok {
			return p.corrupt("", fmt.Sprintf("the header has %v where a name belongs", t), remedyCopy)
		}
		if err := value(key); err != nil {
			return err
		}
	}
	return p.delim("", '}')
}

func (p *headerParser) delim(tensor string, want json.Delim) error {
	t, err := p.token()
	if err != nil {
		return err
	}
	if t != want {
		return p.misplaced(tensor, t, want)
	}
	return nil
}

func (p *headerParser) misplaced(tensor string, t json.Token, want json.Delim) error {
	return p.corrupt(tensor, fmt.Sprintf("the header has %s where '%s' belongs", quote(fmt.Sprint(t)), want), remedyCopy)
}

// skip reads over one value. Values nested deeper than maxDepth are refused, as JSON readers do.
func (p *headerParser) skip(tensor string) error {
	for depth := 0; ; {
		t, err := p.token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth > maxDepth {
			return p.corrupt(tensor, fmt.Sprintf("the header is nested deeper than %d levels", maxDepth), remedyCopy)
		}
		if depth == 0 {
			return nil
		}
	}
}

func (p *headerParser) topLevel(key string) error {
	if key != metadataKey {
		return p.tensor(key)
	}
	if p.metadata != nil {
		return p.corrupt("", metadataKey+" occurs twice in the header", remedyCopy)
	}
	p.metadata = map[string]string{}
	return p.object(true, func(key string) error {
		t, err := p.token()
		if err != nil {
			return err
		}
		value, ok := t.(string)
		if _, twice := p.metadata[key]; !ok || twice {
			return p.corrupt("", fmt.Sprintf("metadata %s must be one text", quote(key)), remedyCopy)
		}
		p.metadata[key] = value
		return nil
	})
}

// tensor reads {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, its keys in any order. Other keys
// are read over.
func (p *headerParser) tensor(name string) error {
	info := TensorInfo{Name: name}
	var end int64
	var gotType, gotShape, gotOffsets bool
	err := p.object(false, func(key string) error {
		switch {
		case key == "dtype" && !gotType:
			gotType = true
			t, err := p.token()
			if err != nil {
				return err
			}
			text, _ := t.(string)
			if text == "" {
				return p.corrupt(name, fmt.Sprintf("its dtype is %s, not the name of a type", quote(fmt.Sprint(t))), remedyCopy)
			}
			info.DType = DType(text)
			return nil
		case key == "shape" && !gotShape:
			gotShape = true
			dims, err := p.integers(name, key, maxRank, math.MaxInt)
			for _, d := range dims {
				info.Shape = append(info.Shape, int(d))
			}
			return err
		case key == "data_offsets" && !gotOffsets:
			gotOffsets = true
			offsets, err := p.integers(name, key, 2, math.MaxInt64)
			if err != nil {
				return err
			}
			if len(offsets) != 2 {
				return p.corrupt(name, fmt.Sprintf("data_offsets has %d numbers, want 2", len(offsets)), remedyCopy)
			}
			info.Offset, end = offsets[0], offsets[1]
			return nil
		case key == "dtype" || key == "shape" || key == "data_offsets":
			return p.corrupt(name, key+" occurs twice", remedyCopy)
		}
		return p.skip(name)
	})
	if err != nil {
		return err
	}
	if !gotType || !gotShape || !gotOffsets {
		return p.corrupt(name, "the header lacks its dtype, shape or data_offsets", remedyCopy)
	}
	if end < info.Offset {
		return p.corrupt(name, fmt.Sprintf("data_offsets end (%d) before they begin (%d)", end, info.Offset), remedyCopy)
	}
	info.Bytes = end - info.Offset
	n, ok := elements(info.Shape)
	hi, bitCount := bits.Mul64(n, dtypeBits[info.DType])
	if !ok || hi != 0 || n > math.MaxInt {
		return p.corrupt(name, fmt.Sprintf("shape %s has more elements than can be counted", shapeText(info.Shape)), remedyCopy)
	}
	if info.DType.Known() && (bitCount%8 != 0 || bitCount/8 != uint64(info.Bytes)) {
		return p.corrupt(name, fmt.Sprintf("shape %s of %s needs %d bytes but data_offsets give it %d",
			shapeText(info.Shape), info.DType, (bitCount+7)/8, info.Bytes), remedyCopy)
	}
	p.tensors = append(p.tensors, info)
	return nil
}

// integers reads [n, n, ...]: at most count integers from 0 to limit.
func (p *headerParser) integers(tensor, field string, count int, limit int64) ([]int64, error) {
	if err := p.delim(tensor, '['); err != nil {
		return nil, err
	}
	var out []int64
	for p.dec.More() {
		t, err := p.token()
		if err != nil {
			return nil, err
		}
		if len(out) == count {
			return nil, p.corrupt(tensor, fmt.Sprintf("%s has more than %d numbers", field, count), remedyCopy)
		}
		number, _ := t.(json.Number)
		v, err := strconv.ParseInt(number.String(), 10, 64)
		if err != nil || v < 0 || v > limit {
			return nil, p.corrupt(tensor, fmt.Sprintf("%s has %s, which is not an integer from 0 to %d", field, quote(fmt.Sprint(t)), limit), remedyCopy)
		}
		out = append(out, v)
	}
	return out, p.delim(tensor, ']')
}

// layout sorts the tensors by offset. It checks that each begins where the one before ends, that the last ends
// with the file, and that names are unique.
func (p *headerParser) layout(dataBytes int64) error {
	names := make(map[string]bool, len(p.tensors))
	for _, t := range p.tensors {
		if names[t.Name] {
			return p.corrupt(t.Name, "the name occurs twice in the header", remedyCopy)
		}
		names[t.Name] = true
	}
	slices.SortFunc(p.tensors, func(a, b TensorInfo) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Bytes, b.Bytes), cmp.Compare(a.Name, b.Name))
	})
	end := int64(0)
	before := ""
	for _, t := range p.tensors {
		switch {
		case t.Offset < end:
			return p.corrupt(t.Name, fmt.Sprintf("its data begins at %d, inside the data of tensor %s that ends at %d", t.Offset, quote(before), end), remedyCopy)
		case t.Offset > end:
			return p.corrupt(t.Name, fmt.Sprintf("its data begins at %d, but the data before it ends at %d: there is a gap", t.Offset, end), remedyCopy)
		}
		end, before = t.Offset+t.Bytes, t.Name
		if end > dataBytes {
			return p.corrupt(t.Name, fmt.Sprintf("its data ends at byte %d of the data, but the file has only %d", end, dataBytes), remedyCut)
		}
	}
	if end < dataBytes {
		return p.corrupt("", fmt.Sprintf("%d bytes follow after the last tensor", dataBytes-end), remedyCopy)
	}
	return nil
}
