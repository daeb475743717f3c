package ptx

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestFaults: what is undefined on a GPU is an error here, which names kernel, line, block and thread.
func TestFaults(t *testing.T) {
	const shared = "mov.u32 %r9, s; mad.lo.s32 %r9, %r1, 4, %r9; " // %r9 is the thread's word of shared memory
	for _, c := range []struct {
		name        string
		body        string
		grid, block int
		want        string
		sound       string // like body, without the fault
	}{
		{name: "read of what nobody wrote", block: 32, body: "ld.global.u32 %r3, [%rd4];", sound: "ld.global.u32 %r3, [%rd3];",
			want: `ptx: k: block {0 0 0}: warp 0, threads 0xffffffff, line 19, ld.global.u32: thread 0: read of word 0 of an allocation, which nobody has written`},
		{name: "read of a byte that nobody wrote", block: 1, body: "st.global.u8 [%rd4+1], 7; ld.global.u8 %r3, [%rd4+2];",
			sound: "st.global.u8 [%rd4+1], 7; ld.global.u8 %r3, [%rd4+1];", want: "line 20, ld.global.u8: thread 0: read of word 0"},
		{name: "read of half a word that nobody wrote", block: 1, body: "st.global.u16 [%rd4+2], 7; ld.global.u32 %r3, [%rd4];",
			sound: "st.global.u16 [%rd4+2], 7; ld.global.u16 %r3, [%rd4+2];", want: "read of word 0"},
		{name: "read of shared memory that nobody wrote", block: 32, body: shared + "ld.shared.u32 %r3, [%r9];", sound: shared + "st.shared.u32 [%r9], 1; ld.shared.u32 %r3, [%r9];",
			want: "read of word 0 of shared memory, which nobody has written"},
		{name: "shared memory of another block", block: 1, grid: 2, body: "setp.ne.s32 %p1, %r2, 0; " + shared + "@!%p1 st.shared.u32 [%r9], 1; @%p1 ld.shared.u32 %r3, [%r9];",
			sound: shared + "st.shared.u32 [%r9], 1; ld.shared.u32 %r3, [%r9];", want: "block {1 0 0}"},
		{name: "behind the end", block: 65, body: "ld.global.u32 %r3, [%rd3];", sound: "mov.u32 %r3, 0;", want: "thread 64: address 0x7f0000000100, 4 bytes, ends 4 bytes behind an allocation of 256"},
		{name: "half behind the end", block: 1, body: "ld.global.v2.u32 {%r3, %r4}, [%rd1+252];", sound: "ld.global.v2.u32 {%r3, %r4}, [%rd1+248];", want: "ends 4 bytes behind"},
		{name: "before the begin", block: 1, body: "ld.global.u32 %r3, [%rd1+-4];", sound: "ld.global.u32 %r3, [%rd1+4];", want: "is in no allocation"},
		{name: "null", block: 1, body: "mov.u64 %rd5, 0; st.global.u32 [%rd5], 1;", sound: "mov.u64 %rd5, %rd2; st.global.u32 [%rd5], 1;", want: "address 0x0 is in no allocation"},
		{name: "generic null", block: 1, body: "mov.u64 %rd5, 0; st.u32 [%rd5+8], 1;", sound: "mov.u64 %rd5, %rd2; st.u32 [%rd5+8], 1;", want: "address 0x8 is in no memory"},
		{name: "behind shared memory", block: 1, body: "st.shared.u32 [s+1024], 1;", sound: "st.shared.u32 [s+1020], 1;", want: "address 1024, 4 bytes, is beside the 1024 bytes of shared memory"},
		{name: "before shared memory", block: 1, body: "st.shared.u32 [s+-4], 1;", sound: "st.shared.u32 [s], 1;", want: "address -4, 4 bytes, is beside"},
		{name: "not aligned", block: 1, body: "ld.global.u32 %r3, [%rd1+2];", sound: "ld.global.u16 %rs1, [%rd1+2];", want: "is no multiple of 4"},
		{name: "vector not aligned", block: 1, body: "ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd1+8];", sound: "ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd1+16];", want: "is no multiple of 16"},
		{name: "double not aligned", block: 1, body: "ld.global.f64 %fd1, [%rd1+4];", sound: "ld.global.f64 %fd1, [%rd1+8];", want: "is no multiple of 8"},
		{name: "shared memory not aligned", block: 1, body: "st.shared.v2.u32 [s+4], {%r1, %r1};", sound: "st.shared.v2.u32 [s+8], {%r1, %r1};", want: "is no multiple of 8"},

		{name: "write and read of shared memory by two warps", block: 64, body: shared + "st.shared.u32 [%r9], 1; xor.b32 %r9, %r9, 128; ld.shared.u32 %r3, [%r9];",
			sound: shared + "st.shared.u32 [%r9], 1; xor.b32 %r9, %r9, 128; bar.sync 0; ld.shared.u32 %r3, [%r9];", want: "nobody has written"},
		{name: "read and write of shared memory by two warps", block: 64,
			body:  shared + "st.shared.u32 [%r9], 1; bar.sync 0; xor.b32 %r8, %r9, 128; ld.shared.u32 %r3, [%r8]; st.shared.u32 [%r9], 2;",
			sound: shared + "st.shared.u32 [%r9], 1; bar.sync 0; xor.b32 %r8, %r9, 128; ld.shared.u32 %r3, [%r8]; bar.sync 0; st.shared.u32 [%r9], 2;",
			want:  "of shared memory was written by another warp with no barrier between"},
		{name: "write of shared memory that another warp has read", block: 64,
			body:  shared + "st.shared.u32 [%r9], 1; bar.sync 0; ld.shared.u32 %r3, [%r9]; xor.b32 %r8, %r9, 128; st.shared.u32 [%r8], 2;",
			sound: shared + "st.shared.u32 [%r9], 1; bar.sync 0; ld.shared.u32 %r3, [%r9]; bar.sync 0; xor.b32 %r8, %r9, 128; st.shared.u32 [%r8], 2;",
			want:  "of shared memory was written by another warp with no barrier between"},
		{name: "write of shared memory that another warp reads", block: 64,
			body:  "setp.lt.u32 %p1, %r1, 32; mov.u32 %r9, s; @%p1 st.shared.u32 [%r9], 1; bar.sync 0; @%p1 ld.shared.u32 %r3, [%r9]; @!%p1 st.shared.u32 [%r9], 2;",
			sound: "setp.lt.u32 %p1, %r1, 32; mov.u32 %r9, s; @%p1 st.shared.u32 [%r9], 1; bar.sync 0; @%p1 ld.shared.u32 %r3, [%r9]; bar.sync 0; @!%p1 st.shared.u32 [%r9], 2;",
			want:  "of shared memory was read by another warp with no barrier between"},
		{name: "two warps write the same shared word", block: 64, body: "st.shared.u32 [s], 1;", sound: "setp.lt.u32 %p1, %r1, 32; @%p1 st.shared.u32 [s], 1;", want: "was written by another warp"},
		{name: "two warps write bytes of a shared word", block: 64, body: "shr.u32 %r9, %r1, 5; st.shared.u8 [%r9], 1; mov.u32 %r8, s;", sound: "shr.u32 %r9, %r1, 5; shl.b32 %r9, %r9, 2; st.shared.u8 [%r9], 1; mov.u32 %r8, s;",
			want: "was written by another warp"},

		{name: "two blocks write a word", block: 1, grid: 2, body: "st.global.u32 [%rd2], 1;", sound: "mad.wide.u32 %rd5, %r2, 4, %rd2; st.global.u32 [%rd5], 1;",
			want: "word 0 of an allocation was written by another block with no barrier between"},
		{name: "a block reads what another writes", block: 1, grid: 2,
			body:  "setp.eq.s32 %p1, %r2, 0; @%p1 st.global.u32 [%rd1], 1; @!%p1 ld.global.u32 %r3, [%rd1];",
			sound: "setp.eq.s32 %p1, %r2, 0; @%p1 st.global.u32 [%rd2], 1; @!%p1 ld.global.u32 %r3, [%rd1];", want: "by another block with no barrier between"},
		{name: "a block writes what others have read", block: 1, grid: 9, body: "setp.eq.s32 %p1, %r2, 8; ld.global.u32 %r3, [%rd1]; @%p1 st.global.u32 [%rd1], 1;",
			sound: "setp.eq.s32 %p1, %r2, 8; ld.global.u32 %r3, [%rd1]; @%p1 st.global.u32 [%rd2], 1;", want: "by another block with no barrier between"},

		{name: "half a warp at the barrier", block: 32, body: "setp.lt.u32 %p1, %r1, 16; @%p1 bar.sync 0;", sound: "setp.lt.u32 %p1, %r1, 99; @%p1 bar.sync 0;",
			want: "threads 0xffff, line 20, bar.sync: waits for threads 0xffff0000 of the warp, which never come"},
		{name: "two barriers", block: 64, body: "setp.lt.u32 %p1, %r1, 32; @%p1 bra $A; bar.sync 1; bra $B; $A: bar.sync 2; $B:", sound: "setp.lt.u32 %p1, %r1, 32; @%p1 bra $A; bar.sync 1; bra $B; $A: bar.sync 1; $B:",
			want: "warps wait at the barriers of lines 23 and 21"},
		{name: "threads of a shuffle that have ended", block: 32, body: "setp.gt.u32 %p1, %r1, 20; @%p1 ret; shfl.sync.bfly.b32 %r3, %r1, 1, 31, -1;",
			sound: "setp.gt.u32 %p1, %r1, 20; @%p1 ret; shfl.sync.up.b32 %r3, %r1, 1, 0, 0x1fffff;", want: "waits for threads 0xffe00000 of the warp, which never come"},
		{name: "a warp that is not full", block: 20, body: "shfl.sync.bfly.b32 %r3, %r1, 1, 31, -1;", sound: "shfl.sync.bfly.b32 %r3, %r1, 1, 31, 0xfffff;", want: "waits for threads 0xfff00000"},
		{name: "shuffle under a predicate", block: 32, body: "setp.gt.u32 %p1, %r1, 20; @%p1 shfl.sync.bfly.b32 %r3, %r1, 1, 31, -1;",
			sound: "setp.gt.u32 %p1, %r1, 15; @%p1 shfl.sync.bfly.b32 %r3, %r1, 1, 31, 0xffff0000;", want: "which never come"},
		{name: "shuffle from outside the mask", block: 32, body: "setp.gt.u32 %p1, %r1, 20; @%p1 shfl.sync.bfly.b32 %r3, %r1, 1, 31, 0xffe00000;",
			sound: "setp.gt.u32 %p1, %r1, 19; @%p1 shfl.sync.bfly.b32 %r3, %r1, 1, 31, 0xfff00000;", want: "thread 21 reads from lane 20, which is not in the mask"},
		{name: "not in its own mask", block: 32, body: "bar.warp.sync 1;", sound: "bar.warp.sync -1;", want: "thread 1 is not in its own mask 0x1"},
		{name: "the threads of a mask at two places", block: 32, body: "setp.lt.u32 %p1, %r1, 16; @%p1 bra $A; bar.warp.sync -1; bra $B; $A: bar.warp.sync -1; $B:",
			sound: "setp.lt.u32 %p1, %r1, 16; @%p1 bra $A; bar.warp.sync 0xffff0000; bra $B; $A: bar.warp.sync 0xffff; $B:", want: "which never come"},
		{name: "matrix product of half a warp", block: 16,
			body:  "mov.u32 %r3, 0; mov.f32 %f1, 0f00000000; mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32 {%f1, %f1, %f1, %f1}, {%r3, %r3}, {%r3}, {%f1, %f1, %f1, %f1};",
			sound: "mov.u32 %r3, 0;", want: "waits for threads 0xffff0000"},
		{name: "copy that nobody waits for", block: 1, body: "cp.async.ca.shared.global [s], [%rd1], 4; cp.async.commit_group; ld.shared.u32 %r3, [s];",
			sound: "cp.async.ca.shared.global [s], [%rd1], 4; cp.async.commit_group; cp.async.wait_group 0; ld.shared.u32 %r3, [s];", want: "nobody has written"},
		{name: "copy not aligned", block: 1, body: "cp.async.cg.shared.global [s], [%rd1+8], 16; cp.async.wait_all;", sound: "cp.async.cg.shared.global [s], [%rd1+16], 16; cp.async.wait_all;",
			want: "is no multiple of 16"},
	} {
		grid, block := line(max(c.grid, 1)), line(c.block)
		launch := func(body string, order func(int) []int) error {
			m := newMachine(t)
			m.Order = order
			a := m.up(make([]uint32, 64))
			return m.Launch(program(t, body), "k", grid, block, a, m.Alloc(256))
		}
		if err := launch(c.body, nil); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "ptx: k: block {") {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if err := launch(c.body, backwards); err == nil {
			t.Errorf("%s: no error if the blocks run backwards", c.name)
		}
		if err := launch(c.sound, nil); err != nil {
			t.Errorf("without %s: %v", c.name, err)
		}
	}
}

func backwards(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = n - 1 - i
	}
	return order
}

// TestFaultsOfProduct plants faults in a kernel that a compiler made.
func TestFaultsOfProduct(t *testing.T) {
	text, err := os.ReadFile("testdata/product.ptx")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, pattern, with, want string }{
		{"none", `\z`, "\n", ""},
		{"no barrier", `bar\.sync\s+0;`, "", "which nobody has written"},
		{"one stage too few", `, 2176;`, ", 0;", "by another warp with no barrier between"},
		{"not written", `st\.shared\.f32.*`, "", "which nobody has written"},
		{"unknown instruction", `fma\.rn\.f32`, "fma.xx.f32", "fma.xx.f32: instruction is not known"},
	} {
		bad := regexp.MustCompile(c.pattern).ReplaceAllString(string(text), c.with)
		if bad == string(text) {
			t.Fatalf("%s: nothing was planted", c.name)
		}
		k, err := Parse(bad)
		if err == nil {
			m := newMachine(t)
			words := make([]uint32, 40*50)
			err = m.Launch(k, "product", Dim{2, 2, 1}, line(256), 40, 50, 40, m.up(words), m.up(words), m.up(words))
		}
		if c.want == "" {
			if err != nil {
				t.Error(err)
			}
		} else if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
