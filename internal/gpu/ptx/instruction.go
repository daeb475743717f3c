package ptx

import (
	"fmt"
	"strings"
)

// A kind says how an instruction is run.
type kind uint8

const (
	compute kind = iota // a register from registers: run
	compare             // a predicate from registers: test
	combine             // a predicate from predicates: logic
	choose              // selp
	carry               // add or subtract with a carry
	pack                // mov of a vector into a register
	unpack              // mov of a register into a vector
	fence               // nothing: a warp's accesses are in order
	branch
	exit
	activeMask
	load
	store
	copyAsync
	copyCommit
	copyWait
	together // from here on, threads execute an instruction together
	syncWarp
	shuffle
	vote
	reduce
	match
	multiply
	loadMatrix
	barrier
)

// An instruction works on registers and predicates, which it has by their numbers. A register below 0 is a constant; as a
// result, -1 stands for none.
type instruction struct {
	kind    kind
	negate  bool // of the guard
	negateC bool // of c, a predicate
	line    int32
	guard   int32 // predicate; -1: none
	d       int32
	a, b, c int32
	run     func(d, a, b, c *lanes)
	test    func(a, b *lanes) uint32
	logic   func(a, b uint32) uint32
	target  int // of a branch
	op      string
	*more
}

// more is what few instructions have.
type more struct {
	dst, src []int32
	p        int32 // second result, a predicate: its number + 1; 0: none
	offset   uint64
	space    space
	bytes    uint64 // of one element of an access
	signed   bool
	mask     uint64 // the bits of a result
	way      string // of a shuffle, a vote, a reduction or a product
	depth    int    // of a product
	number   int    // of matrices, of groups of copies, of a barrier
	negateA  bool   // of a, a predicate
	trans    bool
	carryIn  bool
	carryOut bool
	subtract bool
}

// instruction reads one instruction.
func (r *reader) instruction(s string, line int) error {
	in := instruction{line: int32(line), guard: -1, d: -1}
	if s[0] == '@' {
		name, rest, _ := strings.Cut(s[1:], " ")
		g, err := r.predicate(name)
		if err != nil {
			return err
		}
		in.guard, in.negate = g.number, g.negate
		if s = strings.TrimSpace(rest); s == "" {
			return fmt.Errorf("guard without an instruction")
		}
	}
	at := strings.IndexAny(s, " {[")
	if at < 0 {
		at = len(s)
	}
	in.op = s[:at]
	if err := r.decode(&in, split(s[at:])); err != nil {
		return fmt.Errorf("%s: %w", abbreviated(in.op), err)
	}
	r.code = append(r.code, in)
	return nil
}

// predicate reads an operand that is a predicate.
func (r *reader) predicate(o string) (operand, error) {
	p, err := r.operand(o)
	if err == nil && !p.pred {
		err = fmt.Errorf("operand %q is no predicate", abbreviated(o))
	}
	return p, err
}

// value reads an operand that is a register or a constant.
func (r *reader) value(o string) (operand, error) {
	v, err := r.operand(o)
	if err == nil && (v.pred || v.sink) {
		err = fmt.Errorf("operand %q is no number", abbreviated(o))
	}
	return v, err
}

// result reads an operand that is a register and is written.
func (r *reader) result(o string) (operand, error) {
	v, err := r.value(o)
	if err == nil && v.width == 0 {
		err = fmt.Errorf("result %q is no register", abbreviated(o))
	}
	return v, err
}

// values reads exactly n operands that are registers or constants.
func (r *reader) values(ops []string, n int) (numbers [3]int32, err error) {
	if len(ops) != n {
		return numbers, fmt.Errorf("%d operands, want %d", len(ops), n)
	}
	for i, o := range ops {
		v, err := r.value(o)
		if err != nil {
			return numbers, err
		}
		numbers[i] = v.number
	}
	return numbers, nil
}
