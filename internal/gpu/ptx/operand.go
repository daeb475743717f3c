package ptx

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A register is declared with a type: a predicate, or bits. width is the bytes of a register, 0 of a predicate.
// A declaration such as %r<20> stands for 20 of them, which get numbers when they are used.
type register struct {
	number int32
	width  int
	count  int // of a family; 0: a single register
}

// An operand is a register, a predicate, or a constant. Numbers below 0 are of constants: ^n is the index.
type operand struct {
	number int32
	width  int // bytes of a register; 0: of a predicate, or unknown
	pred   bool
	negate bool
	sink   bool // _, which takes a result that nobody wants
}

// declare reads .reg .b32 %r<20>, or .reg .pred p, q.
func (r *reader) declare(s string) error {
	f := strings.FieldsFunc(s, func(c rune) bool { return c == ' ' || c == ',' })
	if len(f) < 3 {
		return fmt.Errorf("declaration %q", abbreviated(s))
	}
	width, ok := widths[strings.TrimPrefix(f[1], ".")]
	if !ok && f[1] != ".pred" {
		return fmt.Errorf("registers of type %q", abbreviated(f[1]))
	}
	scope := r.declared[len(r.declared)-1]
	for _, name := range f[2:] {
		name, count, family := strings.Cut(name, "<")
		reg := register{number: -1, width: width}
		if family {
			n, err := strconv.Atoi(strings.TrimSuffix(count, ">"))
			if err != nil || n < 1 || n > 1<<20 {
				return fmt.Errorf("declaration %q", abbreviated(s))
			}
			reg.count = n
		}
		if !label(name) {
			return fmt.Errorf("declaration %q", abbreviated(s))
		}
		scope[name] = reg
	}
	return nil
}

// lookup returns a declared register.
func (r *reader) lookup(name string) (operand, error) {
	family := strings.TrimRight(name, "0123456789")
	for i := len(r.declared) - 1; i >= 0; i-- {
		scope := r.declared[i]
		reg, ok := scope[name]
		if !ok || reg.count > 0 {
			if reg, ok = scope[family]; !ok || reg.count == 0 {
				continue
			}
			if n, err := strconv.Atoi(name[len(family):]); err != nil || n >= reg.count {
				continue
			}
			reg.count = 0
		}
		if reg.number < 0 {
			if reg.width == 0 {
				reg.number = int32(r.predicates)
				r.predicates++
			} else {
				reg.number = r.fresh()
			}
			scope[name] = reg
		}
		return operand{number: reg.number, width: reg.width, pred: reg.width == 0}, nil
	}
	return operand{}, fmt.Errorf("register %q is not declared", abbreviated(name))
}

// fresh returns the number of a new register.
func (r *reader) fresh() int32 {
	r.registers++
	return int32(r.registers - 1)
}

// operand reads one operand, which is no vector and no address.
func (r *reader) operand(o string) (operand, error) {
	switch {
	case o == "":
		return operand{}, fmt.Errorf("missing operand")
	case o == "_":
		return operand{sink: true}, nil
	case o[0] == '!':
		x, err := r.operand(o[1:])
		if err == nil && !x.pred {
			err = fmt.Errorf("operand %q", abbreviated(o))
		}
		x.negate = !x.negate
		return x, err
	case isSpecial(o):
		n, ok := r.specials[o]
		if !ok {
			n = r.fresh()
			r.specials[o] = n
			r.special = append(r.special, special{n, o})
		}
		return operand{number: n}, nil
	case o == "WARP_SZ":
		return r.constant(32), nil
	}
	if v, err := immediate(o); err == nil {
		return r.constant(v), nil
	}
	if at, ok := r.names[o]; ok {
		return r.constant(at), nil
	}
	if v, ok := r.module.shared[o]; ok {
		return r.sharedVariable(v)
	}
	if i := r.variable(o); i >= 0 {
		n, ok := r.symbols[o]
		if !ok {
			n = r.fresh()
			r.symbols[o] = n
			r.globals = append(r.globals, address{n, i})
		}
		return operand{number: n}, nil
	}
	return r.lookup(o)
}

// sharedVariable gives a variable a place in the shared memory of this kernel: only what a kernel uses counts.
func (r *reader) sharedVariable(v variable) (operand, error) {
	at := (r.sharedBytes + v.align - 1) / v.align * v.align
	if at+v.size > mostShared {
		return operand{}, fmt.Errorf("kernel %s wants more than %d bytes of static shared memory", r.kernel.name, mostShared)
	}
	r.names[v.name], r.sharedBytes = uint64(at), at+v.size
	return r.constant(uint64(at)), nil
}

// constant returns the operand of a number.
func (r *reader) constant(v uint64) operand {
	n, ok := r.numbers[v]
	if !ok {
		n = ^int32(len(r.constants))
		r.numbers[v] = n
		var all lanes
		for l := range all {
			all[l] = v
		}
		r.constants = append(r.constants, all)
	}
	return operand{number: n}
}

// isSpecial reports whether a name is that of a register that the device sets.
func isSpecial(name string) bool {
	base, axis, _ := strings.Cut(name, ".")
	switch base {
	case "%tid", "%ntid", "%ctaid", "%nctaid":
		return axis == "x" || axis == "y" || axis == "z"
	case "%laneid", "%warpid", "%nwarpid", "%lanemask_eq", "%lanemask_lt", "%lanemask_le", "%lanemask_gt", "%lanemask_ge":
		return axis == ""
	}
	return false
}

// immediate reads a number: 12, -3, 0x7f, 0f3F800000, 0d3FF0000000000000. A negative one is sign-extended;
// operations use as many low bits as their type has.
func immediate(o string) (uint64, error) {
	switch {
	case strings.HasPrefix(o, "0f") || strings.HasPrefix(o, "0F"):
		return strconv.ParseUint(o[2:], 16, 32)
	case strings.HasPrefix(o, "0d") || strings.HasPrefix(o, "0D"):
		return strconv.ParseUint(o[2:], 16, 64)
	}
	o = strings.TrimSuffix(o, "U")
	if v, err := strconv.ParseInt(o, 0, 64); err == nil {
		return uint64(v), nil
	}
	return strconv.ParseUint(o, 0, 64)
}

// addressOf reads [base], [base+8] or [base+-8].
func (r *reader) addressOf(o string) (base operand, offset int64, err error) {
	if len(o) < 3 || o[0] != '[' || o[len(o)-1] != ']' {
		return base, 0, fmt.Errorf("address %q", abbreviated(o))
	}
	name, more, found := strings.Cut(o[1:len(o)-1], "+")
	if found {
		if offset, err = strconv.ParseInt(strings.TrimSpace(more), 10, 64); err != nil || offset > math.MaxInt32 || offset < math.MinInt32 {
			return base, 0, fmt.Errorf("address %q", abbreviated(o))
		}
	}
	if base, err = r.operand(strings.TrimSpace(name)); err == nil && (base.pred || base.sink) {
		err = fmt.Errorf("address %q", abbreviated(o))
	}
	return base, offset, err
}

// vector reads {a, b}, or a single operand.
func (r *reader) vector(o string) (list []operand, err error) {
	parts := []string{o}
	if len(o) > 1 && o[0] == '{' && o[len(o)-1] == '}' {
		parts = strings.Split(o[1:len(o)-1], ",")
	}
	for _, p := range parts {
		x, err := r.operand(strings.TrimSpace(p))
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return list, nil
}

// split cuts a list of operands at its commas, but for those inside braces and brackets.
func split(s string) (out []string) {
	depth, from := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		case c == ',' && depth == 0:
			out = append(out, strings.TrimSpace(s[from:i]))
			from = i + 1
		}
	}
	if rest := strings.TrimSpace(s[from:]); rest != "" || len(out) > 0 {
		out = append(out, rest)
	}
	return out
}
