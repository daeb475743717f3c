package ptx

import (
	"fmt"
	"math"
	"strings"
)

// multiply reads mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {d}, {a}, {b}, {c} and its like for bf16.
func (r *reader) multiply(in *instruction, _, ops []string) error {
	in.kind, in.more = multiply, &more{}
	switch in.op {
	case "mma.sync.aligned.m16n8k4.row.col.f32.tf32.tf32.f32":
		in.way, in.depth = "tf32", 4
	case "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32":
		in.way, in.depth = "tf32", 8
	case "mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32":
		in.way, in.depth = "bf16", 8
	case "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32":
		in.way, in.depth = "bf16", 16
	default:
		return errUnknown
	}
	a := in.depth / 2 // registers
	if in.way == "bf16" {
		a = in.depth / 4
	}
	if len(ops) != 4 {
		return errUnknown
	}
	for i, n := range []int{4, a, a / 2, 4} {
		list, err := r.vector(ops[i])
		if err != nil {
			return err
		}
		if len(list) != n {
			return fmt.Errorf("operand %q has %d registers, want %d", abbreviated(ops[i]), len(list), n)
		}
		for _, v := range list {
			if v.pred || v.sink || i == 0 && v.width != 4 {
				return fmt.Errorf("operand %q", abbreviated(ops[i]))
			}
			if i == 0 {
				in.dst = append(in.dst, v.number)
			} else {
				in.src = append(in.src, v.number)
			}
		}
	}
	return nil
}

// multiply is D [16,8] = A [16,K] B [K,8] + C across the warp, with sums in float64 that are rounded once. Thread 4g+q
// has of C and D the elements (g, 2q), (g, 2q+1), (g+8, 2q) and (g+8, 2q+1). Of A it has row g in the registers 0, 2
// and row g+8 in 1, 3; of B column g. Registers of a row have 4 elements of tf32 across the 4 threads, or 8 of bf16.
func (w *warp) multiply(in *instruction) {
	n := len(in.src) - 4
	a, b, c := in.src[:n*2/3], in.src[n*2/3:n], in.src[n:]
	var rows [16][16]float64
	var columns [8][16]float64
	for i, r := range a {
		w.spread(in, r, rows[i%2*8:][:8], i/2)
	}
	for i, r := range b {
		w.spread(in, r, columns[:], i)
	}
	for l := range 32 {
		g, q := l/4, l%4
		for e := range 4 {
			row, column := rows[g+e/2*8][:in.depth], columns[2*q+e%2][:in.depth]
			var sum float64
			for k, v := range row {
				sum += v * column[k]
			}
			w.regs[in.dst[e]][l] = bits32(float32(sum + float64(f32(w.get(c[e])[l]))))
		}
	}
}

// spread writes the elements of a register, the n-th of its rows or columns, to those.
func (w *warp) spread(in *instruction, register int32, rows [][16]float64, n int) {
	r := w.get(register)
	for g := range rows {
		for q, v := range r[4*g : 4*g+4] {
			if in.way == "tf32" {
				rows[g][4*n+q] = float64(math.Float32frombits(uint32(v) &^ (1<<13 - 1)))
				continue
			}
			rows[g][8*n+2*q] = float64(math.Float32frombits(uint32(v) << 16))
			rows[g][8*n+2*q+1] = float64(math.Float32frombits(uint32(v) >> 16 << 16))
		}
	}
}

// matrices reads ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%r1, %r2, %r3, %r4}, [%r5].
func (r *reader) matrices(in *instruction, parts, ops []string) error {
	in.kind, in.more = loadMatrix, &more{space: generic}
	name := strings.TrimPrefix(in.op, "ldmatrix.sync.aligned.m8n8.")
	if name == in.op || len(ops) != 2 || !strings.HasSuffix(name, ".b16") {
		return errUnknown
	}
	for _, p := range parts[4 : len(parts)-1] {
		switch p {
		case "x1", "x2", "x4":
			in.number = int(p[1] - '0')
		case "trans":
			in.trans = true
		case "shared":
			in.space = sharedSpace
		default:
			return errUnknown
		}
	}
	list, err := r.vector(ops[0])
	if err != nil {
		return err
	}
	for _, v := range list {
		if v.width != 4 {
			return fmt.Errorf("operand %q", abbreviated(ops[0]))
		}
		in.dst = append(in.dst, v.number)
	}
	if in.number == 0 || len(list) != in.number {
		return fmt.Errorf("%d registers, want %d", len(list), in.number)
	}
	base, offset, err := r.addressOf(ops[1])
	in.a, in.offset = base.number, uint64(offset)
	return err
}

// loadMatrices loads matrices of 8 rows of 8 elements of 16 bits. Lane 8m+i has the address of row i of matrix m. Lane 4g+q
// gets the elements 2q and 2q+1 of row g, or of column g where the matrix is transposed.
func (w *warp) loadMatrices(in *instruction) error {
	address := *w.get(in.a)
	for m := range in.number {
		var rows [8][8]uint64
		for i := range rows {
			l := 8*m + i
			p, err := w.locate(in.space, address[l]+in.offset, 16, l)
			if err != nil {
				return fmt.Errorf("thread %d: %w", 32*w.number+l, err)
			}
			for j := range uint64(4) {
				if err := p.touch(p.at/4+j, false, wholeWord); err != nil {
					return fmt.Errorf("thread %d: %w", 32*w.number+l, err)
				}
				v := uint64(p.words[p.at/4+j])
				rows[i][2*j], rows[i][2*j+1] = v&0xffff, v>>16
			}
		}
		for l := range 32 {
			g, q := l/4, l%4
			lo, hi := rows[g][2*q], rows[g][2*q+1]
			if in.trans {
				lo, hi = rows[2*q][g], rows[2*q+1][g]
			}
			w.regs[in.dst[m]][l] = lo | hi<<16
		}
	}
	return nil
}
