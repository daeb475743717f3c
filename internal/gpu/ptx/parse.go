package ptx

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// Limits of what a module may declare.
const (
	mostShared   = 48 << 10 // static shared memory of a block
	mostLocal    = 64 << 10 // local memory of a thread
	mostVariable = 1 << 24  // a variable in global or constant memory
	mostParams   = 4352     // parameters of a kernel, which must also fit 4,096 bytes; the rest is room for alignment
)

// A reader builds a module.
type reader struct {
	module *Module
	*body  // nil outside kernels
}

// A body is what is known while a kernel is read.
type body struct {
	*kernel
	declared []map[string]register // by scope: the kernel and the braces inside it
	names    map[string]uint64     // of parameters, shared and local variables: their offsets
	numbers  map[uint64]int32      // of immediate operands
	specials map[string]int32
	symbols  map[string]int32 // of the module's variables: registers with their addresses
	labels   map[string]int
	jumps    map[int]string // branch to label
	jumpLine map[int]int
}

// Parse reads a module. An error names the line.
func Parse(text string) (*Module, error) {
	s := &scanner{text: text, line: 1}
	r := &reader{module: &Module{kernels: map[string]*kernel{}, shared: map[string]variable{}}}
	for {
		st, ok, err := s.next()
		if err == nil && ok {
			err = r.statement(st)
		}
		if err == nil && !ok && r.body != nil {
			err = fmt.Errorf("kernel %s does not end", r.kernel.name)
		}
		if err != nil {
			return nil, fmt.Errorf("ptx: line %d: %w", max(st.line, 1), err)
		}
		if !ok {
			return r.module, nil
		}
	}
}

func (r *reader) statement(st statement) error {
	switch st.end {
	case '{':
		if r.body == nil {
			return r.header(st.text)
		}
		if st.text != "" {
			return fmt.Errorf("%q inside a kernel", abbreviated(st.text))
		}
		r.declared = append(r.declared, map[string]register{})
		return nil
	case '}':
		return r.closeBrace()
	case '\n':
		return nil // .version and the like
	case ':':
		if r.body == nil {
			return fmt.Errorf("label %q outside a kernel", st.text)
		}
		if _, ok := r.labels[st.text]; ok {
			return fmt.Errorf("second label %q", st.text)
		}
		r.labels[st.text] = len(r.code)
		return nil
	}
	if st.text == "" {
		return nil
	}
	if st.text[0] == '.' {
		return r.directive(st.text)
	}
	if r.body == nil {
		return fmt.Errorf("%q outside a kernel", abbreviated(st.text))
	}
	return r.instruction(st.text, st.line)
}

// closeBrace ends a scope or the kernel.
func (r *reader) closeBrace() error {
	if r.body == nil {
		return fmt.Errorf("brace without a kernel")
	}
	if r.declared = r.declared[:len(r.declared)-1]; len(r.declared) > 0 {
		return nil
	}
	for at, label := range r.jumps {
		to, ok := r.labels[label]
		if !ok {
			return fmt.Errorf("%s jumps to %s in line %d, a label that is not there", r.kernel.name, label, r.jumpLine[at])
		}
		r.code[at].target = to
	}
	r.module.kernels[r.kernel.name] = r.kernel
	r.body = nil
	return nil
}

// header reads .visible .entry name( parameters ) .maxntid 128, 1, 1.
func (r *reader) header(s string) error {
	_, s, ok := strings.Cut(s, ".entry ")
	if !ok {
		return fmt.Errorf("a function that is no kernel: let the compiler inline it")
	}
	name, s, _ := strings.Cut(s, "(")
	list, after, ok := strings.Cut(s, ")")
	name = strings.TrimSpace(name)
	if !ok || !label(name) {
		return fmt.Errorf("kernel %q without parameters in brackets", abbreviated(name))
	}
	if _, ok := r.module.kernels[name]; ok {
		return fmt.Errorf("second kernel %s", name)
	}
	r.body = &body{
		kernel:   &kernel{module: r.module, name: name},
		declared: []map[string]register{{}},
		names:    map[string]uint64{}, numbers: map[uint64]int32{}, specials: map[string]int32{}, symbols: map[string]int32{},
		labels: map[string]int{}, jumps: map[int]string{}, jumpLine: map[int]int{},
	}
	for _, p := range strings.Split(list, ",") {
		if p = strings.TrimSpace(p); p == "" {
			continue
		}
		space, v, err := readVariable(p)
		if err != nil {
			return err
		}
		at := (r.paramBytes + v.align - 1) / v.align * v.align
		if space != ".param" || at+v.size > mostParams {
			return fmt.Errorf("parameter %q", abbreviated(p))
		}
		r.params = append(r.params, parameter{v.size, at})
		r.names[v.name] = uint64(at)
		r.paramBytes = at + v.size
	}
	return r.bounds(after)
}

// bounds reads what a kernel says of the size of its blocks.
func (r *reader) bounds(s string) error {
	f := strings.FieldsFunc(s, func(c rune) bool { return c == ' ' || c == ',' })
	for i := 0; i < len(f); i++ {
		switch f[i] {
		case ".maxntid", ".reqntid":
			r.threads = 1
			for n := 0; n < 3 && i+1 < len(f); n++ {
				x, err := strconv.Atoi(f[i+1])
				if err != nil {
					break
				}
				if x < 1 || x > 1024 {
					return fmt.Errorf("%s of %d threads", f[i], x)
				}
				r.threads *= x
				i++
			}
		case ".minnctapersm", ".maxnreg":
			i++
		default:
			return fmt.Errorf("%q in the head of a kernel", abbreviated(f[i]))
		}
	}
	return nil
}

// directive reads a declaration.
func (r *reader) directive(s string) error {
	word, _, _ := strings.Cut(s, " ")
	switch word {
	case ".pragma":
		return nil
	case ".reg":
		if r.body == nil {
			return fmt.Errorf("%q outside a kernel", abbreviated(s))
		}
		return r.declare(s)
	}
	space, v, err := readVariable(s)
	if err != nil {
		return err
	}
	switch space {
	case ".shared":
		if v.size > mostShared {
			return fmt.Errorf("shared variable %s has %d bytes, of %d", v.name, v.size, mostShared)
		}
		r.module.shared[v.name] = v
	case ".local":
		if r.body == nil {
			return fmt.Errorf("local variable %s outside a kernel", v.name)
		}
		at := (r.localBytes + v.align - 1) / v.align * v.align
		if at+v.size > mostLocal {
			return fmt.Errorf("kernel %s wants more than %d bytes of local memory", r.kernel.name, mostLocal)
		}
		r.names[v.name], r.localBytes = uint64(at), (at+v.size+15)/16*16
	case ".global", ".const":
		if r.variable(v.name) >= 0 {
			return fmt.Errorf("second variable %s", v.name)
		}
		r.module.globals = append(r.module.globals, v)
	default:
		return fmt.Errorf("directive %q", abbreviated(s))
	}
	return nil
}

// variable returns the index of a variable of the module; -1 if there is none.
func (r *reader) variable(name string) int {
	for i, v := range r.module.globals {
		if v.name == name {
			return i
		}
	}
	return -1
}

// widths are the bytes of the types.
var widths = map[string]int{"b8": 1, "u8": 1, "s8": 1, "b16": 2, "u16": 2, "s16": 2, "b32": 4, "u32": 4, "s32": 4, "f32": 4,
	"b64": 8, "u64": 8, "s64": 8, "f64": 8}

// readVariable reads .weak .shared .align 16 .b8 name[4096], or with values: .const .align 4 .b8 name[4] = {0, 0, 128, 63}.
func readVariable(s string) (space string, v variable, err error) {
	s, values, initialized := strings.Cut(s, "=")
	f := strings.Fields(s)
	kind := ""
	for i := 0; i < len(f)-1; i++ {
		switch f[i] {
		case ".shared", ".global", ".const", ".local", ".param":
			space = f[i]
		case ".align":
			if v.align, err = strconv.Atoi(f[i+1]); err != nil || v.align < 1 || v.align > 256 || v.align&(v.align-1) != 0 {
				return "", v, fmt.Errorf("alignment %q", abbreviated(f[i+1]))
			}
			i++
		case ".visible", ".weak", ".common":
		default:
			kind = strings.TrimPrefix(f[i], ".")
		}
	}
	width := widths[kind]
	if space == "" || width == 0 || len(f) == 0 {
		return "", v, fmt.Errorf("directive %q", abbreviated(s))
	}
	name, length, array := strings.Cut(f[len(f)-1], "[")
	count := 1
	if array {
		if count, err = strconv.Atoi(strings.TrimSuffix(length, "]")); err != nil || count < 1 || count > mostVariable {
			return "", v, fmt.Errorf("variable %q: its size must be a number of 1 to %d", abbreviated(s), mostVariable)
		}
	}
	if !label(name) || count*width > mostVariable {
		return "", v, fmt.Errorf("variable %q", abbreviated(s))
	}
	v.name, v.size, v.align = name, count*width, max(v.align, width)
	if initialized {
		if space != ".global" && space != ".const" {
			return "", v, fmt.Errorf("variable %q with values", abbreviated(s))
		}
		v.initial, err = readValues(values, kind, width, v.size)
	}
	return space, v, err
}

// readValues reads {1, 2, 3}, or one value.
func readValues(s, kind string, width, size int) ([]byte, error) {
	out := make([]byte, 0, size)
	for _, o := range strings.Split(strings.Trim(strings.TrimSpace(s), "{}"), ",") {
		x, err := immediate(strings.TrimSpace(o))
		if err != nil || len(out)+width > size {
			return nil, fmt.Errorf("values of a variable: %q", abbreviated(o))
		}
		out = append(out, binary.LittleEndian.AppendUint64(nil, x)[:width]...)
	}
	return append(out, make([]byte, size-len(out))...), nil
}
