package ptx

import (
	"slices"
	"strings"
	"testing"
)

func TestParseRefuses(t *testing.T) {
	head := func(s string) string { return ".version 7.0\n.target sm_80\n" + s }
	in := func(s string) string { return source("\n" + s + "\n") } // s is line 19
	for _, c := range []struct{ name, text, want string }{
		{"garbage", "hello", `ptx: line 1: "hello" without semicolon`},
		{"instruction outside", head("ret;"), `line 3: "ret" outside a kernel`},
		{"label outside", head("$L:"), `line 3: label "$L" outside a kernel`},
		{"brace outside", head("\n}"), "line 4: brace without a kernel"},
		{"comment", head("/* never"), "line 3: comment without end"},
		{"no end", head(".visible .entry k()\n{\n\tret;\n"), "line 6: kernel k does not end"},
		{"no parameters", head(".visible .entry k\n{"), `line 3: kernel "k" without parameters`},
		{"function", head(".func f()\n{"), "line 3: a function that is no kernel: let the compiler inline it"},
		{"second kernel", head(".entry k()\n{ ret; }\n.entry k()\n{"), "line 5: second kernel k"},
		{"parameter", head(".entry k(.param .q8 x)\n{"), "line 3"},
		{"space of a parameter", head(".entry k(.global .u32 x)\n{"), "line 3: parameter"},
		{"large parameters", head(".entry k(.param .b8 x[5000])\n{"), "line 3: parameter"},
		{"head", head(".entry k() .maxclusterrank 3\n{"), `line 3: ".maxclusterrank" in the head of a kernel`},
		{"threads", head(".entry k() .maxntid 4000, 1, 1\n{"), "line 3: .maxntid of 4000 threads"},
		{"directive", head(".extern .texture t;"), "line 3: directive"},
		{"size", head(".shared .b8 x[-4];"), "line 3: variable"},
		{"huge", head(".global .b8 x[99999999999];"), "line 3: variable"},
		{"large", head(".global .b64 x[16000000];"), "line 3: variable"},
		{"dynamic", head(".extern .shared .b8 x[];"), "line 3"},
		{"alignment", head(".shared .align 3 .b8 x[4];"), `line 3: alignment "3"`},
		{"much shared memory", head(".shared .b8 x[50000];"), "line 3: shared variable x has 50000 bytes"},
		{"second variable", head(".global .b8 x;\n.const .b8 x;"), "line 4: second variable x"},
		{"values", head(".global .b8 x[2] = {1, 2, 3};"), "line 3: values of a variable"},
		{"no value", head(".global .b8 x[2] = {a};"), "line 3: values of a variable"},
		{"values of shared memory", head(".shared .b8 x[2] = {1, 2};"), "line 3: variable"},
		{"local variable outside", head(".local .b8 x[2];"), "line 3: local variable x outside a kernel"},
		{"registers outside", head(".reg .b32 x;"), "line 3"},

		{"unknown instruction", in("frobnicate.u32 %r3, %r4;"), "line 19: frobnicate.u32: instruction is not known to the emulator"},
		{"unknown type", in("add.u128 %r3, %r4, %r5;"), "line 19: add.u128: instruction is not known"},
		{"unknown modifier", in("add.xx.f32 %f3, %f4, %f5;"), "line 19: add.xx.f32: instruction is not known"},
		{"rounding that is missing", in("cvt.f32.f64 %f3, %fd4;"), "line 19: cvt.f32.f64: instruction is not known"},
		{"atomics", in("atom.global.add.u32 %r3, [%rd1], 1;"), "line 19: atom.global.add.u32: instruction is not known"},
		{"few operands", in("add.s32 %r3, %r4;"), "line 19: add.s32: 2 operands, want 3"},
		{"many operands", in("neg.s32 %r3, %r4, %r5;"), "line 19: neg.s32: 3 operands, want 2"},
		{"empty operand", in("add.s32 %r3, %r4, ;"), "line 19: add.s32: missing operand"},
		{"not declared", in("add.s32 %r3, %r4, %q5;"), `line 19: add.s32: register "%q5" is not declared`},
		{"not so many declared", in("add.s32 %r3, %r4, %r40;"), `line 19: add.s32: register "%r40" is not declared`},
		{"result that is a constant", in("add.s32 3, %r4, %r5;"), `line 19: add.s32: result "3" is no register`},
		{"result that is special", in("add.s32 %tid.x, %r4, %r5;"), `line 19: add.s32: result "%tid.x" is no register`},
		{"predicate as a number", in("add.s32 %r3, %p1, %r5;"), `line 19: add.s32: operand "%p1" is no number`},
		{"number as a predicate", in("selp.b32 %r3, %r4, %r5, %r6;"), `line 19: selp.b32: operand "%r6" is no predicate`},
		{"guard", in("@%r3 add.s32 %r3, %r4, %r5;"), `line 19: operand "%r3" is no predicate`},
		{"guard alone", in("@%p1;"), "line 19"},
		{"result negated", in("setp.eq.s32 !%p1, %r3, %r4;"), "line 19: setp.eq.s32: result"},
		{"jump", in("bra $nowhere;"), "line 21: k jumps to $nowhere in line 19, a label that is not there"},
		{"second label", in("$L: $L:"), `line 19: second label "$L"`},
		{"address", in("ld.global.u32 %r3, %rd1;"), `line 19: ld.global.u32: address "%rd1"`},
		{"offset", in("ld.global.u32 %r3, [%rd1+x];"), `line 19: ld.global.u32: address "[%rd1+x]"`},
		{"store of a parameter", in("st.param.u32 [k_a], %r3;"), "line 19: st.param.u32: instruction is not known"},
		{"store of a constant", in("st.const.u32 [%rd1], %r3;"), "line 19: st.const.u32: instruction is not known"},
		{"vector of another length", in("ld.global.v4.u32 {%r3, %r4}, [%rd1];"), "line 19: ld.global.v4.u32: 2 registers, want 4"},
		{"register too small", in("ld.global.u64 %r3, [%rd1];"), "line 19: ld.global.u64: operand"},
		{"load of a predicate", in("ld.global.u32 %p1, [%rd1];"), "line 19: ld.global.u32: operand"},
		{"barrier of some", in("bar.sync 0, 64;"), "line 19: bar.sync: 2 operands, want 1: all threads of the block take part"},
		{"barrier without a number", in("bar.sync %r3;"), "line 19: bar.sync: barrier"},
		{"shuffle", in("shfl.sync.left.b32 %r3, %r4, 1, 31, -1;"), "line 19: shfl.sync.left.b32: instruction is not known"},
		{"shuffle without a mask", in("shfl.bfly.b32 %r3, %r4, 1, 31;"), "line 19: shfl.bfly.b32: instruction is not known"},
		{"shape", in("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f1, %f2, %f3, %f4}, {%r3, %r3}, {%r3, %r3}, {%f1, %f1, %f1, %f1};"), "has 2 registers, want 4"},
		{"copy", in("cp.async.ca.shared.global [s], [%rd1], 5;"), "line 19: cp.async.ca.shared.global: copy of"},
		{"insert", in("bfi.b32 %r3, %r4, %r5, %r6, 3;"), "line 19: bfi.b32: bits"},
		{"call", in("call.uni f, ();"), "line 19: call.uni: instruction is not known"},
		{"much local memory", in(".local .b8 big[70000];"), "line 19: kernel k wants more than 65536 bytes of local memory"},
		{"brace in a statement", in("add.s32 %r3 }"), "line 19"},
		{"declaration", in(".reg .b32 %x<0>;"), "line 19: declaration"},
		{"registers of no type", in(".reg .q32 %x;"), "line 19: registers of type"},
		{"header inside", in(".visible .entry j()\n{"), "inside a kernel"},
	} {
		_, err := Parse(c.text)
		if err == nil || !strings.HasPrefix(err.Error(), "ptx: line ") || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	shared := in("mov.u32 %r3, s; mov.u32 %r4, t; mov.u32 %r5, u;")
	shared = strings.Replace(shared, ".shared", ".shared .b8 t[48000];\n.shared .b8 u[200];\n.shared", 1)
	if _, err := Parse(shared); err == nil || !strings.Contains(err.Error(), "kernel k wants more than 49152 bytes of static shared memory") {
		t.Errorf("shared memory: %v", err)
	}
}

func TestParseAccepts(t *testing.T) {
	m, err := Parse(`//
.version 7.0
.target sm_80, debug
.address_size 64 /* over
two lines */ .global .align 8 .u32 g[3] = {1, 0x7f, -1};
.const .f32 one = 0f3F800000;
.visible .entry b(.param .u64 b_0, .param .align 4 .b8 b_1[12]) .maxntid 8, 4, 2 .minnctapersm 2
{ .reg .pred p, q; .reg .b32 x, y<2>; .reg .b64 z;
$L: { .reg .b32 x; .reg .pred p;
	mov.u32 x, %tid.x; setp.eq.s32 p, x, 0; @!p bra $L; }
	mov.u32 x, 5; mov.u64 z, g; ld.const.f32 y1, [one]; mov.b64 z, {x, y0}; mov.b64 {x, _}, z;
	@p bra.uni $M; $M: ret; }
.entry a() { exit; }`)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Kernels(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("kernels %v", got)
	}
	if got := m.Params("b"); !slices.Equal(got, []int{8, 12}) {
		t.Errorf("parameters %v", got)
	}
	if m.Params("a") == nil || m.Params("c") != nil {
		t.Errorf("parameters of a %v, of c %v", m.Params("a"), m.Params("c"))
	}
	if k := m.kernels["b"]; k.threads != 64 || k.registers != 8 {
		t.Errorf("%d threads, %d registers: the x inside the braces is another than that outside", k.threads, k.registers)
	}
}

func TestLaunchRefuses(t *testing.T) {
	k, err := Parse(strings.Replace(source("\n"), "\n{", " .maxntid 128, 1, 1\n{", 1))
	if err != nil {
		t.Fatal(err)
	}
	big, err := Parse(".entry k(.param .b8 x[12]) { ret; }")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		module      *Module
		name        string
		grid, block Dim
		args        int
		want        string
	}{
		{k, "k", line(1), line(128), 2, ""}, {k, "k", Dim{1, 65535, 1}, line(1), 2, ""},
		{k, "j", line(1), line(1), 2, `ptx: no kernel "j" in the module`},
		{k, "k", line(1), line(1), 1, "ptx: k: 1 arguments, want 2"}, {k, "k", line(1), line(1), 3, "3 arguments"},
		{k, "k", line(0), line(1), 2, "grid {0 1 1}"}, {k, "k", Dim{1, 65536, 1}, line(1), 2, "grid {1 65536 1}"}, {k, "k", Dim{1, 1, 65536}, line(1), 2, "grid"},
		{k, "k", line(1 << 31), line(1), 2, "grid"}, {k, "k", Dim{1, -1, -1}, line(1), 2, "grid"},
		{k, "k", line(1), line(0), 2, "block {0 1 1}"}, {k, "k", line(1), Dim{1, 1, 65}, 2, "block"}, {k, "k", line(1), Dim{32, 33, 1}, 2, "block {32 33 1}, want 1 to 1024"},
		{k, "k", line(1), line(129), 2, "ptx: k: block {129 1 1}: the kernel is compiled for at most 128 threads"},
		{big, "k", line(1), line(1), 1, "a parameter of 12 bytes"},
	} {
		m := newMachine(t)
		err := m.Launch(c.module, c.name, c.grid, c.block, make([]uint64, c.args)...)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestMemory(t *testing.T) {
	var m Memory
	a, b := m.Alloc(100), m.Alloc(0)
	if a%256 != 0 || b%256 != 0 || a == b || m.InUse() != 100 {
		t.Errorf("%#x, %#x, %d bytes", a, b, m.InUse())
	}
	words := make([]uint32, 25)
	for _, c := range []struct {
		err  error
		want string
	}{
		{m.Read(words[:1], a), "ptx: read of word 0 at 0x7f0000000000, which nobody has written"}, {m.Write(a, words), ""}, {m.Read(words, a), ""},
		{m.Write(a+4, words), "ends 4 bytes behind an allocation of 100"}, {m.Read(words[:1], a+2), "is no multiple of 4"}, {m.Read(words[:1], 4), "is in no allocation"},
		{m.Free(a + 4), "is no allocation"}, {m.Free(a), ""}, {m.Free(a), "is no allocation"}, {m.Read(words[:1], a), "is in no allocation"}, {m.Write(b, nil), ""},
	} {
		if (c.err == nil) != (c.want == "") || c.err != nil && !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%v, want %q", c.err, c.want)
		}
	}
	if m.InUse() != 0 {
		t.Errorf("%d bytes in use", m.InUse())
	}
}

// TestEndOfAllocation: an aligned vector that begins inside.
func TestEndOfAllocation(t *testing.T) {
	m := newMachine(t)
	p := m.up(make([]uint32, 3))
	err := m.Launch(program(t, "ld.global.v2.u32 {%r3, %r4}, [%rd1+8];"), "k", line(1), line(1), p, p)
	if err == nil || !strings.HasSuffix(err.Error(), "thread 0: address 0x7f0000000008, 8 bytes, ends 4 bytes behind an allocation of 12") {
		t.Errorf("%v", err)
	}
}

// TestCells: a word that one user writes may be used by no other, whoever comes first; later epochs do not count.
func TestCells(t *testing.T) {
	for _, c := range []struct{ uses, want string }{ // of users A, B, C: reads in lower case, writes in upper case
		{"aaa", ""}, {"AAaA", ""}, {"abcab", ""}, {"aA", ""},
		{"Ab", "written"}, {"aB", "read"}, {"AB", "written"}, {"aAb", "written"}, {"abA", "read"}, {"abB", "read"}, {"abC", "read"}, {"aaB", "read"}, {"AaB", "written"},
		{"A|b", ""}, {"ab|C", ""}, {"a|B", ""}, {"A|bA", "read"},
	} {
		var word cell
		conflict, epoch := "", uint32(1)
		for i, use := range c.uses {
			if conflict != "" {
				t.Errorf("%s: conflict before use %d", c.uses, i)
			}
			switch {
			case use == '|':
				epoch++
			case use >= 'a':
				word, conflict = word.read(user(uint32(use-'a')+1, epoch))
			default:
				word, conflict = word.write(user(uint32(use-'A')+1, epoch), 3)
			}
		}
		if conflict != c.want {
			t.Errorf("%s: conflict %q, want %q", c.uses, conflict, c.want)
		}
	}
}

// TestEpochs: when the numbers of launches are used up, they begin again, and uses of earlier launches still do not count.
func TestEpochs(t *testing.T) {
	m := newMachine(t)
	k := program(t, "st.global.u32 [%rd4], %r1;")
	p := m.Alloc(128)
	for range 2 {
		for block := range 2 { // another block writes the words in each launch
			m.Order = func(int) []int { return []int{block} }
			if err := m.Launch(k, "k", line(1), line(32), 0, p); err != nil {
				t.Fatal(err)
			}
		}
		m.epoch = lastEpoch - 1
	}
	if m.epoch != lastEpoch-1 {
		t.Fatal("the epochs did not begin again")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(source("\n"))
	f.Add(source("@%p1 bra $L; $L: mov.b64 {%r3, %r4}, %rd5; ld.global.v2.f32 {%f1, %f2}, [%rd1+-8]; shfl.sync.bfly.b32 %r3|%p1, %r4, 1, 31, -1;"))
	f.Add(".global .align 4 .b8 x[8] = {1, 2, 3};\n.entry k(.param .u32 a) .maxntid 8 { .reg .b32 %r<3>; { .reg .pred p; } mov.u32 %r1, x; ret; }")
	f.Add(".shared .b8 s[9];.entry k(){.reg .b32 r;bar.red.popc.u32 r,0,r;mma.sync {r},{r},{r},{r};cp.async.wait_group 1;}")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Parse(text)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "ptx: line ") {
				t.Errorf("%v", err)
			}
			return
		}
		// what is parsed can be launched, or refused
		for _, name := range m.Kernels() {
			d := &Device{}
			k := m.kernels[name]
			if len(k.code) > 100 || len(k.jumps()) > 0 {
				continue // may not end
			}
			d.Launch(m, name, line(2), line(min(33, max(k.threads, 1))), make([]uint64, len(k.params))...)
		}
	})
}

// jumps returns the branches that go back.
func (k *kernel) jumps() (back []int) {
	for i, in := range k.code {
		if in.kind == branch && in.target <= i {
			back = append(back, i)
		}
	}
	return back
}
