package ops

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/internal/simd"
	"goomtrain/params"
)

// wantIndices panics unless the operand, if there is one, is int32 [batch, time].
func wantIndices(name, operand string, n *G.Node, batch, time int) {
	if n == nil {
		return
	}
	want(name, operand, n, batch, time)
	if n.Dtype() != tensor.Int32 {
		panic(fmt.Sprintf("ops: %s: %s has elements of type %v, want int32", name, operand, n.Dtype()))
	}
}

// resettable changes the definition of an op on sequences [batch, time, ...] whose kernel knows documents: reset, if there
// is one, is its last input. starts returns it during a call.
func resettable[F params.Float](def *Definition[F], reset *G.Node, batch, time int) (starts func(in Operands[F]) []int32) {
	wantIndices(def.Name, "reset", reset, batch, time)
	if reset == nil {
		return func(Operands[F]) []int32 { return nil }
	}
	at := len(def.Inputs)
	def.Inputs, def.Grads = append(def.Inputs, reset), append(def.Grads, GradNone)
	return func(in Operands[F]) []int32 { return in.Indices(at) }
}

// ByDocument changes the definition of an op on sequences, whose output is [B, T, ...], so that documents in a sequence do
// not depend on each other. reset is int32 [B, T]: where it is not 0 a document begins, and what is before it in the row has
// no influence from there on. A reset of nil returns the definition unchanged.
//
// The op runs over each document as a sequence of its own. resize tells it, before a call of Forward and the call of
// Backward that follows, how many sequences of which length are in the operands: at most B of T. shared are the inputs that
// all sequences share, such as weights, whose gradients are added up; all others, also indices, have the shape [B, T, ...].
// A batch in which no row has a beginning after its first position runs as a whole. Otherwise Backward calls Forward again
// for each document.
//
// carried tells that the op continues sequences from run to run. It panics if there is a reset too: whoever streams resets
// the state where a document begins.
func ByDocument[F params.Float](def Definition[F], reset *G.Node, resize func(batch, time int), carried bool, shared ...int) Definition[F] {
	if reset == nil {
		return def
	}
	if carried {
		panic(fmt.Sprintf("ops: %s: reset together with a carry: reset the carry where a document begins", def.Name))
	}
	if len(def.Out) < 2 {
		panic(fmt.Sprintf("ops: %s: the output of documents has shape %v, want [B T ...]", def.Name, def.Out))
	}
	batch, time := def.Out[0], def.Out[1]
	wantIndices(def.Name, "reset", reset, batch, time)
	p := newPieces(def, shared)
	at := len(def.Inputs)
	inner := def
	def.OnDevice, def.Cut = nil, nil // documents are told apart on the host, in whole sequences
	def.Inputs = append(append(G.Nodes{}, inner.Inputs...), reset)
	def.Grads = append(append([]Gradient{}, inner.Grads...), GradNone)
	def.Forward = func(out []F, in Operands[F]) {
		reset := in.Indices(at)
		if whole(reset, time) {
			resize(batch, time)
			inner.Forward(out, in[:at])
			return
		}
		for from := 0; from < batch*time; {
			n := document(reset, from, time)
			resize(1, n)
			inner.Forward(p.rows(out, from, n), p.operands(in[:at], from, n))
			from += n
		}
	}
	def.Backward = func(grads [][]F, in Operands[F], out, dout []F) {
		reset := in.Indices(at)
		if whole(reset, time) {
			inner.Backward(grads[:at], in[:at], out, dout)
			return
		}
		p.clearShared(grads)
		for from := 0; from < batch*time; {
			n := document(reset, from, time)
			resize(1, n)
			again, operands := p.scratch(n), p.operands(in[:at], from, n)
			inner.Forward(again, operands)
			inner.Backward(p.gradients(grads, from, n), operands, again, p.rows(dout, from, n))
			p.addShared(grads)
			from += n
		}
	}
	if inner.Differentiate != nil {
		def.Differentiate = func(grads [][]F) { inner.Differentiate(grads[:at]) }
	}
	return def
}

// whole reports whether no row has a beginning after its first position.
func whole(reset []int32, time int) bool {
	for i, r := range reset {
		if r != 0 && i%time != 0 {
			return false
		}
	}
	return true
}

// document returns the length of the document, or of the part of one, that begins at a position of the batch.
func document(reset []int32, from, time int) int {
	n := 1
	for (from+n)%time != 0 && reset[from+n] == 0 {
		n++
	}
	return n
}

// pieces cuts the data of an op into documents.
type pieces[F params.Float] struct {
	width  int   // numbers of the output at a position
	widths []int // of the inputs; 0: shared
	views  []view[F]
	values Operands[F] // the views
	grads  [][]F       // gradients of a document
	shared [][]F       // memory of those of the shared inputs
	again  []F         // [T, width]
}

func newPieces[F params.Float](def Definition[F], shared []int) *pieces[F] {
	batch, time := def.Out[0], def.Out[1]
	n := len(def.Inputs)
	p := &pieces[F]{width: def.Out.TotalSize() / (batch * time), widths: make([]int, n), views: make([]view[F], n),
		values: make(Operands[F], n), grads: make([][]F, n), shared: make([][]F, n)}
	for i, input := range def.Inputs {
		s := input.Shape()
		if p.values[i] = &p.views[i]; slices.Contains(shared, i) {
			continue
		}
		if len(s) < 2 || s[0] != batch || s[1] != time {
			panic(fmt.Sprintf("ops: %s: input %d has shape %v, want [%d %d ...], unless all documents share it", def.Name, i, s, batch, time))
		}
		p.widths[i] = s.TotalSize() / (batch * time)
	}
	return p
}

// rows returns n positions of a value of the output's width.
func (p *pieces[F]) rows(x []F, from, n int) []F { return x[from*p.width : (from+n)*p.width] }

// operands returns the operands of n positions.
func (p *pieces[F]) operands(in Operands[F], from, n int) Operands[F] {
	for i, width := range p.widths {
		v := &p.views[i]
		if v.Value = in[i]; v.Dtype() == tensor.Int32 {
			v.indices = part(in.Indices(i), from*width, n*width)
		} else {
			v.data = part(in.Floats(i), from*width, n*width)
		}
	}
	return p.values
}

// part returns n numbers of x, all of it if n is 0.
func part[T any](x []T, from, n int) []T {
	if n == 0 {
		return x
	}
	return x[from : from+n]
}

// gradients returns where the gradients of n positions are written.
func (p *pieces[F]) gradients(grads [][]F, from, n int) [][]F {
	for i, width := range p.widths {
		switch {
		case grads[i] == nil:
			p.grads[i] = nil
		case width > 0:
			p.grads[i] = grads[i][from*width : (from+n)*width]
		default:
			p.grads[i] = p.shared[i]
		}
	}
	return p.grads
}

// clearShared sets the gradients of shared inputs to 0, and addShared adds those of a document.
func (p *pieces[F]) clearShared(grads [][]F) {
	for i, width := range p.widths {
		if width == 0 && grads[i] != nil {
			clear(grads[i])
			if p.shared[i] == nil {
				p.shared[i] = make([]F, len(grads[i]))
			}
		}
	}
}

func (p *pieces[F]) addShared(grads [][]F) {
	for i, width := range p.widths {
		if width == 0 && grads[i] != nil {
			simd.Add(grads[i], grads[i], p.shared[i])
		}
	}
}

// scratch returns memory for the output of n positions.
func (p *pieces[F]) scratch(n int) []F {
	if n *= p.width; n > len(p.again) {
		p.again = make([]F, n)
	}
	return p.again[:n]
}

// A view is a part of the data of a value.
type view[F params.Float] struct {
	G.Value
	data    []F
	indices []int32 // of a value of int32
}
