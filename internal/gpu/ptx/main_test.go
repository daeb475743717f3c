package ptx

import (
	"math"
	"os"
	"strings"
	"testing"
)

// module reads a file of PTX.
func module(t testing.TB, path string) *Module {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A machine is a device whose errors end the test.
type machine struct {
	Device
	t testing.TB
}

func newMachine(t testing.TB) *machine { return &machine{t: t} }

// up returns the address of a copy of the words.
func (m *machine) up(words []uint32) uint64 {
	m.t.Helper()
	p := m.Alloc(int64(4 * len(words)))
	if err := m.Write(p, words); err != nil {
		m.t.Fatal(err)
	}
	return p
}

// up64 is up for words of 8 bytes.
func (m *machine) up64(words []uint64) uint64 {
	m.t.Helper()
	var halves []uint32
	for _, w := range words {
		halves = append(halves, uint32(w), uint32(w>>32))
	}
	return m.up(halves)
}

func (m *machine) down(p uint64, n int) []uint32 {
	m.t.Helper()
	words := make([]uint32, n)
	if err := m.Read(words, p); err != nil {
		m.t.Fatal(err)
	}
	return words
}

func (m *machine) down64(p uint64, n int) []uint64 {
	m.t.Helper()
	words := make([]uint64, n)
	for i, w := range m.down(p, 2*n) {
		words[i/2] |= uint64(w) << (32 * (i % 2))
	}
	return words
}

// line is a grid or block of one dimension.
func line(n int) Dim { return Dim{n, 1, 1} }

// program returns a module with a kernel k of two parameters, addresses a and b, of which %rd1 and %rd2 are the copies. %r1 is
// the thread and %r2 the block, %rd3 the address of the thread's own word behind a, %rd4 of that behind b.
func program(t testing.TB, body string) *Module {
	t.Helper()
	m, err := Parse(source(body))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func source(body string) string {
	return `.version 7.0
.target sm_80
.address_size 64
.shared .align 16 .b8 s[1024];
.visible .entry k(.param .u64 k_a, .param .u64 k_b)
{
	.reg .pred %p<9>;
	.reg .b16 %rs<9>;
	.reg .b32 %r<40>;
	.reg .f32 %f<20>;
	.reg .b64 %rd<20>;
	.reg .f64 %fd<9>;
	ld.param.u64 %rd1, [k_a];
	ld.param.u64 %rd2, [k_b];
	mov.u32 %r1, %tid.x;
	mov.u32 %r2, %ctaid.x;
	mad.wide.u32 %rd3, %r1, 4, %rd1;
	mad.wide.u32 %rd4, %r1, 4, %rd2;
` + strings.ReplaceAll(strings.TrimSpace(body), "; ", ";\n") + "\n\tret;\n}\n"
}

// same reports whether two floats have the same bits, or both are NaN.
func same[F float32 | float64](a, b F) bool {
	return a == b && math.Signbit(float64(a)) == math.Signbit(float64(b)) || a != a && b != b
}
