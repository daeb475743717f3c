package main

import (
	"fmt"
	"math"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

type vec = reg.VecVirtual

// Predicates of VCMPPS. Those with Not hold if an operand is NaN, the others do not.
const (
	cmpEqual          = 0x00
	cmpLessSignalling = 0x01
	cmpUnordered      = 0x03 // an operand is NaN
	cmpNotEqual       = 0x04
	cmpLess           = 0x11
	cmpNotLess        = 0x15
	cmpNotAtLeast     = 0x19
	cmpGreater        = 0x1e
)

// A lane is one vector of eight floats within a loop: the u-th of the loop's step, or the masked rest.
type lane struct {
	u, step int
	mask    *vec
}

func (l lane) at(p reg.Register) Mem { return Mem{Base: p, Disp: 32 * l.u} }

// load reads the lane of the array at p; masked elements are 0.
func (l lane) load(p reg.Register) vec {
	v := YMM()
	if l.mask != nil {
		VMASKMOVPS(l.at(p), *l.mask, v)
	} else {
		VMOVUPS(l.at(p), v)
	}
	return v
}

func (l lane) store(v vec, p reg.Register) {
	if l.mask != nil {
		VMASKMOVPS(v, *l.mask, l.at(p))
	} else {
		VMOVUPS(v, l.at(p))
	}
}

// ahead fetches the elements of the arrays at p that the loop will read a page later, once for each cache line. Beyond
// the end of an array this does no harm, and in a loop over rows it fetches the next rows. With a page, the rows of a
// gate take 0.85 of the time that they take with a quarter of a page.
func (l lane) ahead(p ...reg.Register) {
	if l.mask != nil || l.u%2 != 0 {
		return
	}
	for _, p := range p {
		m := l.at(p)
		m.Disp += 4096
		PREFETCHT0(m)
	}
}

// only zeroes the masked elements of v.
func (l lane) only(v vec) {
	if l.mask != nil {
		VANDPS(*l.mask, v, v)
	}
}

// tailMask is a sliding window of eight ones and eight zeros.
func tailMask() Mem {
	if m, ok := constants["tail"]; ok {
		return m
	}
	t := GLOBL("tail", RODATA|NOPTR)
	for i := range 16 {
		DATA(4*i, U32(map[bool]uint32{true: math.MaxUint32}[i < 8]))
	}
	constants["tail"] = t
	return t
}

// stream emits a loop over n floats of the arrays at the given pointers: steps of the given numbers of
// vectors, largest first and the last one 1, then the masked rest. It uses up n and the pointers.
func stream(name string, n reg.GPVirtual, steps []int, pointers []reg.GPVirtual, body func(l lane)) {
	streamTogether(name, n, steps, pointers, func(lanes []lane) {
		for _, l := range lanes {
			body(l)
		}
	})
}

// streamTogether is stream with a body for all vectors of a step, which may work on them by turns.
func streamTogether(name string, n reg.GPVirtual, steps []int, pointers []reg.GPVirtual, body func(lanes []lane)) {
	for i, step := range steps {
		next := fmt.Sprintf("%sTail", name)
		if i+1 < len(steps) {
			next = fmt.Sprintf("%s%d", name, steps[i+1])
		}
		SUBQ(Imm(uint64(8*step)), n)
		JLT(LabelRef(next + "Enter"))
		Label(fmt.Sprintf("%s%d", name, step))
		lanes := make([]lane, step)
		for u := range lanes {
			lanes[u] = lane{u: u, step: step}
		}
		body(lanes)
		for _, p := range pointers {
			ADDQ(U32(uint32(32*step)), p)
		}
		SUBQ(Imm(uint64(8*step)), n)
		JGE(LabelRef(fmt.Sprintf("%s%d", name, step)))
		Label(next + "Enter")
		ADDQ(Imm(uint64(8*step)), n)
	}
	JZ(LabelRef(name + "Done"))
	at, mask := GP64(), YMM()
	LEAQ(tailMask(), at)
	NEGQ(n)
	VMOVDQU(Mem{Base: at, Index: n, Scale: 4, Disp: 32}, mask)
	body([]lane{{step: 1, mask: &mask}})
	Label(name + "Done")
}

// function begins a kernel. The comment of its declaration is the name and doc, in which lines that begin with
// a tab are code.
func function(name, signature, doc string) {
	TEXT(name, NOSPLIT, signature)
	Pragma("noescape")
	Doc(strings.Split(name+" "+doc, "\n")...)
}

// fill replaces names in a text by values: fill(text, "NAME", value, ...).
func fill(text string, pairs ...any) string {
	for i := 0; i < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, pairs[i].(string), fmt.Sprint(pairs[i+1]))
	}
	return text
}

func pointers(p ...reg.GPVirtual) []reg.GPVirtual { return p }

func pointer(name string) reg.GPVirtual { return Load(Param(name), GP64()).(reg.GPVirtual) }

// scalar broadcasts a float32 parameter.
func scalar(name string) vec {
	a, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	v := YMM()
	VBROADCASTSS(a.Addr, v)
	return v
}

// result stores the low element of x as the i-th result. avo's own Store and Load of floats are SSE
// instructions, which cost hundreds of cycles while the upper halves of the registers are in use.
func result(x vec, i int) {
	a, err := ReturnIndex(i).Resolve()
	if err != nil {
		panic(err)
	}
	VMOVSS(x.AsX(), a.Addr)
}

// constant is a vector of eight equal floats in read-only memory.
func constant(name string, v float64) Mem { return bitsConstant(name, math.Float32bits(float32(v))) }

var constants = map[string]Mem{}

func bitsConstant(name string, v uint32) Mem {
	if m, ok := constants[name]; ok {
		return m
	}
	g := GLOBL(name, RODATA|NOPTR)
	for i := range 8 {
		DATA(4*i, U32(v))
	}
	constants[name] = g
	return g
}

func zeroed(n int) []vec {
	v := make([]vec, n)
	for i := range v {
		v[i] = YMM()
		VXORPS(v[i], v[i], v[i])
	}
	return v
}

// loaded is a constant in a register.
func loaded(m Mem) vec {
	v := YMM()
	VMOVUPS(m, v)
	return v
}

// total adds the vectors and then the lanes of the sum. The result is the low element.
func total(v []vec) vec {
	for n := len(v); n > 1; n = (n + 1) / 2 {
		for i := range n / 2 {
			VADDPS(v[n-1-i], v[i], v[i])
		}
	}
	high := XMM()
	VEXTRACTF128(Imm(1), v[0], high)
	VADDPS(v[0].AsX(), high, high)
	VHADDPS(high, high, high)
	VHADDPS(high, high, high)
	return high
}

func finish() {
	VZEROUPPER()
	RET()
}
