package ptx

import "fmt"

// comparison is setp or testp, with one result.
func (r *reader) comparison(in *instruction, parts, ops []string) error {
	test, ok := tests[in.op]
	if !ok {
		return errUnknown
	}
	sources := 2
	if parts[0] == "testp" {
		sources = 1
	}
	if len(ops) != 1+sources {
		return fmt.Errorf("%d operands, want %d", len(ops), 1+sources)
	}
	p, err := r.predicate(ops[0])
	if err != nil {
		return err
	}
	src, err := r.values(ops[1:], sources)
	if err != nil {
		return err
	}
	if p.negate {
		return fmt.Errorf("result %q", ops[0])
	}
	in.kind, in.test, in.d, in.a, in.b = compare, test, p.number, src[0], src[1]
	return nil
}

// combine is an operation on predicates.
func (r *reader) combine(in *instruction, logic func(a, b uint32) uint32, ops []string) error {
	in.kind, in.logic = combine, logic
	if len(ops) < 2 || len(ops) > 3 {
		return fmt.Errorf("%d operands, want 2 or 3", len(ops))
	}
	var list [3]operand
	for i, o := range ops {
		if v, err := immediate(o); err == nil && i > 0 { // mov.pred %p1, -1
			list[i] = operand{number: -1, pred: true, negate: v&1 != 0}
			continue
		}
		p, err := r.predicate(o)
		if err != nil {
			return err
		}
		list[i] = p
	}
	if list[0].negate {
		return fmt.Errorf("result %q", ops[0])
	}
	if len(ops) == 2 {
		list[2] = list[1]
	}
	in.d, in.a, in.c = list[0].number, list[1].number, list[2].number
	in.more, in.negateC = &more{negateA: list[1].negate}, list[2].negate
	return nil
}
