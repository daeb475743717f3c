package ptx

import (
	"fmt"
	"strings"
)

// move is mov, of a register, a predicate or a vector.
func (r *reader) move(in *instruction, parts, ops []string) error {
	if len(parts) != 2 || len(ops) != 2 {
		return errUnknown
	}
	width := widths[parts[1]]
	switch {
	case parts[1] == "pred":
		return r.combine(in, func(a, _ uint32) uint32 { return a }, ops)
	case width < 2:
		return errUnknown
	case strings.HasPrefix(ops[0], "{") || strings.HasPrefix(ops[1], "{"):
		return r.vectors(in, width, ops)
	}
	d, err := r.result(ops[0])
	if err != nil {
		return err
	}
	a, err := r.value(ops[1])
	if err != nil {
		return err
	}
	in.run, in.d, in.a, in.b, in.c = moves[width], d.number, a.number, a.number, a.number
	return nil
}

// vectors is mov between a register and its parts, of equal width.
func (r *reader) vectors(in *instruction, width int, ops []string) error {
	whole, list := ops[0], ops[1]
	in.kind = pack
	if strings.HasPrefix(whole, "{") {
		whole, list = ops[1], ops[0]
		in.kind = unpack
	}
	w, err := r.value(whole)
	if err != nil {
		return err
	}
	parts, err := r.vector(list)
	if err != nil {
		return err
	}
	if len(parts) != 2 && len(parts) != 4 || width/len(parts) < 1 {
		return fmt.Errorf("vector %q", abbreviated(list))
	}
	in.more = &more{bytes: uint64(width / len(parts))}
	for _, p := range parts {
		if p.pred || p.sink && in.kind == pack || !p.sink && in.kind == unpack && p.width == 0 {
			return fmt.Errorf("vector %q", abbreviated(list))
		}
		if p.sink {
			p.number = -1
		}
		in.src = append(in.src, p.number)
	}
	if in.kind == pack && w.width == 0 {
		return fmt.Errorf("result %q is no register", abbreviated(whole))
	}
	in.d, in.a = w.number, w.number
	return nil
}
