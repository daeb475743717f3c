package ptx

import (
	"fmt"
	"strings"
)

// decode finds what an instruction does.
func (r *reader) decode(in *instruction, ops []string) (err error) {
	parts := strings.Split(in.op, ".")
	if f := decoders[parts[0]]; f != nil {
		return f(r, in, parts, ops)
	}
	return r.compute(in, parts, ops)
}

// decoders are those of instructions that do not only compute a register from registers.
var decoders map[string]func(r *reader, in *instruction, parts, ops []string) error

func init() {
	decoders = map[string]func(r *reader, in *instruction, parts, ops []string) error{
		"bra": (*reader).branch, "ret": (*reader).leave, "exit": (*reader).leave, "membar": (*reader).fence, "fence": (*reader).fence,
		"mov": (*reader).move, "setp": (*reader).comparison, "testp": (*reader).comparison, "selp": (*reader).choose,
		"bfi": (*reader).insert, "addc": (*reader).carry, "subc": (*reader).carry,
		"ld": (*reader).access, "ldu": (*reader).access, "st": (*reader).access, "cp": (*reader).copy,
		"bar": (*reader).barrier, "barrier": (*reader).barrier, "shfl": (*reader).shuffle, "vote": (*reader).vote,
		"activemask": (*reader).vote, "redux": (*reader).reduce, "match": (*reader).match, "mma": (*reader).multiply,
		"ldmatrix": (*reader).matrices,
	}
}

// compute is an instruction of the table of operations, or a combination of predicates.
func (r *reader) compute(in *instruction, parts, ops []string) error {
	if logic, ok := logics[in.op]; ok {
		return r.combine(in, logic, ops)
	}
	if len(parts) == 3 && parts[1] == "cc" {
		return r.carry(in, parts, ops)
	}
	o, err := find(in.op, parts)
	if err != nil {
		return err
	}
	if len(ops) != 1+o.sources {
		return fmt.Errorf("%d operands, want %d", len(ops), 1+o.sources)
	}
	d, err := r.result(ops[0])
	if err != nil {
		return err
	}
	src, err := r.values(ops[1:], o.sources)
	if err != nil {
		return err
	}
	in.run, in.d, in.a, in.b, in.c = o.run, d.number, src[0], src[1], src[2]
	return nil
}

func (r *reader) branch(in *instruction, parts, ops []string) error {
	if len(ops) != 1 || len(parts) > 2 || len(parts) == 2 && parts[1] != "uni" {
		return errUnknown
	}
	in.kind = branch
	r.jumps[len(r.code)], r.jumpLine[len(r.code)] = ops[0], int(in.line)
	return nil
}

func (r *reader) leave(in *instruction, parts, ops []string) error {
	if len(ops) != 0 || len(parts) > 2 || len(parts) == 2 && parts[1] != "uni" {
		return errUnknown
	}
	in.kind = exit
	return nil
}

func (r *reader) fence(in *instruction, _, ops []string) error {
	if len(ops) != 0 {
		return errUnknown
	}
	in.kind = fence
	return nil
}

// choose is selp.
func (r *reader) choose(in *instruction, parts, ops []string) error {
	if len(parts) != 2 || len(ops) != 4 || widths[parts[1]] < 2 {
		return errUnknown
	}
	d, err := r.result(ops[0])
	if err != nil {
		return err
	}
	src, err := r.values(ops[1:3], 2)
	if err != nil {
		return err
	}
	p, err := r.predicate(ops[3])
	if err != nil {
		return err
	}
	in.kind, in.d, in.a, in.b, in.c, in.negateC = choose, d.number, src[0], src[1], p.number, p.negate
	in.more = &more{mask: ^uint64(0) >> (64 - 8*widths[parts[1]])}
	return nil
}

// carry is add.cc, addc, addc.cc, sub.cc, subc or subc.cc of 32 or 64 bits.
func (r *reader) carry(in *instruction, parts, ops []string) error {
	width := widths[parts[len(parts)-1]]
	out := len(parts) == 3 && parts[1] == "cc"
	if !out && len(parts) != 2 || len(ops) != 3 || width < 4 || parts[0] != "add" && parts[0] != "sub" && parts[0] != "addc" && parts[0] != "subc" {
		return errUnknown
	}
	d, err := r.result(ops[0])
	if err != nil {
		return err
	}
	src, err := r.values(ops[1:], 2)
	if err != nil {
		return err
	}
	in.kind, in.d, in.a, in.b = carry, d.number, src[0], src[1]
	in.more = &more{mask: ^uint64(0) >> (64 - 8*width), subtract: parts[0][0] == 's', carryIn: parts[0][len(parts[0])-1] == 'c', carryOut: out}
	return nil
}

// insert is bfi: the low bits of a in place of some of b. Where and how many must be constants.
func (r *reader) insert(in *instruction, parts, ops []string) error {
	if len(parts) != 2 || parts[1] != "b32" && parts[1] != "b64" || len(ops) != 5 {
		return errUnknown
	}
	d, err := r.result(ops[0])
	if err != nil {
		return err
	}
	src, err := r.values(ops[1:3], 2)
	if err != nil {
		return err
	}
	from, err1 := immediate(ops[3])
	n, err2 := immediate(ops[4])
	if err1 != nil || err2 != nil {
		return fmt.Errorf("bits %q and %q, want constants", abbreviated(ops[3]), abbreviated(ops[4]))
	}
	all := ^uint64(0) >> (64 - 8*widths[parts[1]])
	mask := (uint64(1)<<(n&255) - 1) << (from & 255) & all
	insert := two(func(a, b uint64) uint64 { return b&all&^mask | a<<(from&255)&mask })
	in.run, in.d, in.a, in.b, in.c = insert.run, d.number, src[0], src[1], src[1]
	return nil
}
