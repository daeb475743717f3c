package optim

import (
	"slices"
	"testing"

	"goomtrain/params"
)

// TestDivide: the parts of all processes are the trained parameters once, in their order, with at most one part of a
// parameter in a process, and processes differ from an equal share by at most a piece, or by a parameter that is updated as a whole.
func TestDivide(t *testing.T) {
	frozen := params.New[float32]("frozen", params.Matrix, 300, 300)
	frozen.Frozen = true
	ps := []*params.Param[float32]{
		params.New[float32]("bias", params.Vector, 3), frozen, params.New[float32]("large", params.Matrix, 500, 500),
		params.New[float32]("table", params.Embedding, 7, 5), params.New[float32]("wide", params.Matrix, 100, 400),
	}
	trained := []*params.Param[float32]{ps[0], ps[2], ps[3], ps[4]}
	total := 3 + 500*500 + 7*5 + 100*400
	for name, c := range map[string]struct {
		kind Kind
		off  int // by which a process may differ from its share
	}{"adamw": {new(AdamW), pieceSize}, "lion": {new(Lion), pieceSize}, "muon": {new(Muon), 500 * 500}} {
		for n := 1; n <= 5; n++ {
			parts := Divide(Config{Kind: c.kind}, ps, n)
			if len(parts) != n {
				t.Fatalf("%s: %d lists of %d processes", name, len(parts), n)
			}
			index, at := 0, 0 // of the element that comes next
			for r, list := range parts {
				size := 0
				for i, one := range list {
					if index == len(trained) || one.Index != index || one.Param != trained[index] || one.Lo != at || one.Hi <= one.Lo || one.Hi > len(one.Param.Value) {
						t.Fatalf("%s, process %d of %d: part %d is %d to %d of %d, want it from %d of %d on", name, r, n, i, one.Lo, one.Hi, one.Index, at, index)
					}
					if i > 0 && list[i-1].Index == one.Index {
						t.Errorf("%s, process %d of %d: two parts of parameter %d", name, r, n, index)
					}
					if whole := one.Hi-one.Lo == len(one.Param.Value); name == "muon" && one.Param.Role == params.Matrix && !whole {
						t.Errorf("process %d of %d: Muon gets a part of %s", r, n, one.Param.Name)
					}
					size += one.Hi - one.Lo
					if at = one.Hi; at == len(one.Param.Value) {
						index, at = index+1, 0
					}
				}
				if share := total / n; size < share-c.off || size > share+c.off {
					t.Errorf("%s, process %d of %d: %d of %d elements", name, r, n, size, total)
				}
			}
			if index != len(trained) {
				t.Errorf("%s, %d processes: parameters from %d on have no process", name, n, index)
			}
		}
	}
	if parts := Divide(Config{Kind: new(AdamW)}, ps[1:2], 3); len(parts) != 3 || len(parts[0])+len(parts[1])+len(parts[2]) > 0 {
		t.Errorf("parts %v of frozen parameters", parts)
	}
}

// TestParameters: parts as parameters share the memory of the whole; only all of a parameter keeps its shape.
func TestParameters(t *testing.T) {
	p := params.New[float32]("w", params.Matrix, 2, 3)
	for i := range p.Value {
		p.Value[i], p.Grad[i] = float32(i), float32(10+i)
	}
	for _, c := range []struct {
		lo, hi int
		shape  []int
	}{{0, 6, []int{2, 3}}, {0, 5, []int{5}}, {2, 6, []int{4}}} {
		part := Parameters([]Part[float32]{{0, p, c.lo, c.hi}})[0]
		if part.Name != "w" || !slices.Equal(part.Shape, c.shape) || !slices.Equal(part.Whole, []int{2, 3}) || part.Offset != c.lo {
			t.Errorf("%d to %d: %s %v from %d of %v", c.lo, c.hi, part.Name, part.Shape, part.Offset, part.Whole)
		}
		if &part.Value[0] != &p.Value[c.lo] || &part.Grad[0] != &p.Grad[c.lo] || len(part.Value) != c.hi-c.lo || len(part.Grad) != c.hi-c.lo {
			t.Errorf("%d to %d: values %v, gradients %v", c.lo, c.hi, part.Value, part.Grad)
		}
	}
	if !slices.Equal(p.Shape, []int{2, 3}) || p.Whole != nil {
		t.Errorf("the whole is now %v of %v", p.Shape, p.Whole)
	}
}
