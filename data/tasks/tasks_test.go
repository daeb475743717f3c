package tasks

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"goomtrain/rng"
	"goomtrain/settings"
)

func ExampleNew() {
	sequences, err := New(&Copy{Delay: 4, Symbols: 3}, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	inputs, targets := make([]int32, sequences.Len), make([]int32, sequences.Len)
	sequences.Fill(rng.New(1, "example"), inputs, targets)
	fmt.Println(sequences)
	fmt.Println(inputs)
	fmt.Println(targets)
	_, err = New(&Copy{Alphabet: 1}, 0)
	fmt.Println(err)
	// Output:
	// seq 10, delay 4, symbols 3, alphabet 8, vocabulary 10
	// [7 5 7 8 8 8 9 8 8 8]
	// [-1 -1 -1 -1 -1 -1 -1 7 5 7]
	// -alphabet 1: must be 2 to 65536 (0: 8)
}

// defaults are all tasks of the package with default settings, by name.
func defaults() map[string]Task {
	return map[string]Task{"copy": &Copy{}, "selective-copy": &SelectiveCopy{}, "recall": &Recall{}, "parity": &Parity{},
		"modular": &Modular{}, "s2": &Symmetric{N: 2}, "s3": &Symmetric{N: 3}, "s5": &Symmetric{N: 5}, "group": &Group{},
		"arithmetic": &Arithmetic{}, "brackets": &Brackets{}, "mqar": &MQAR{}, "dyck": &Dyck{}, "sort": &Sort{}}
}

func build(t *testing.T, task Task, seq int) *Sequences {
	t.Helper()
	s, err := New(task, seq)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// variants are all tasks with default and with other settings, and stretched ones.
func variants(t *testing.T) []*Sequences {
	t.Helper()
	all := []*Sequences{
		build(t, &Copy{Delay: 1, Symbols: 1, Alphabet: 2}, 0),
		build(t, &Copy{Delay: 1000}, 0),
		build(t, &Copy{Symbols: 5}, 40),
		build(t, &SelectiveCopy{Symbols: 4, Alphabet: 3}, 8), // no room for blanks
		build(t, &Recall{Symbols: 4, Alphabet: 4}, 9),
		build(t, &Recall{Symbols: 1, Alphabet: 100}, 100),
		build(t, &Modular{Modulus: 97}, 1),
		build(t, &Symmetric{N: 5}, 1),
		build(t, &Copy{MinDelay: 1, Delay: 30, Symbols: 4}, 0),
		build(t, &Parity{Answer: "end"}, 9),
		build(t, &Group{Name: "s5", Generators: "swaps"}, 0),
		build(t, &Group{Name: "s4", Generators: "swaps", PerElement: 5}, 0),
		build(t, &Group{Name: "a4xz5", PerElement: 3}, 3),
		build(t, &Group{Name: "a5", Generators: "3-cycles", PerElement: 2}, 0),
		build(t, &Group{Name: "z60"}, 1),
		build(t, &Arithmetic{Modulus: 3}, 2),
		build(t, &Brackets{Modulus: 7}, 2),
		build(t, &Brackets{}, 256),
		build(t, &MQAR{Pairs: 16, Alphabet: 34, Filler: "zero"}, 64), // every place is taken
		build(t, &MQAR{Pairs: 8, Alphabet: 300, Filler: "zero"}, 512),
		build(t, &Dyck{Kinds: 3, Depth: 1}, 2),
		build(t, &Dyck{Depth: 100}, 40),
		build(t, &Sort{Alphabet: 20}, 2),
	}
	for _, task := range defaults() {
		all = append(all, build(t, task, 0))
	}
	for _, s := range slices.Clone(all) {
		longer, err := s.Stretch(4)
		if err != nil {
			t.Fatal(err)
		}
		if longer.Vocab != s.Vocab || longer.Chance != s.Chance || longer.Len <= s.Len {
			t.Errorf("%v stretched is %v", s, longer)
		}
		all = append(all, longer)
	}
	return all
}

// value is a setting of a task, with defaults filled in.
func value(s *Sequences, name string) int {
	setting, ok := s.Settings.Find(name)
	if !ok {
		panic(fmt.Sprintf("%T has no %s", s.task, name))
	}
	x, err := strconv.Atoi(setting.Text())
	if err != nil {
		panic(err)
	}
	return x
}

// expect works the targets out from the inputs alone, by what the documentation of the task says and none
// of the code under test: lists and maps for the memory tasks, permutations applied to things for Symmetric.
func expect(s *Sequences, in []int32) []int32 {
	out := make([]int32, len(in))
	for i := range out {
		out[i] = -1
	}
	switch task := s.task.(type) {
	case *Group:
		return expectGroup(task, in)
	case *Arithmetic, *Brackets:
		out[len(out)-1] = expectArithmetic(s, in)
	case *MQAR:
		values := map[int32]int32{}
		n := value(s, "pairs")
		for i := 0; i < 2*n; i += 2 {
			values[in[i]] = in[i+1]
		}
		for i := 2 * n; i < len(in); i += 2 {
			if v, ok := values[in[i]]; ok {
				out[i] = v
				delete(values, in[i]) // each is asked for once; behind that it is a random symbol
			}
		}
	case *Dyck:
		for i, x := range in[1:] {
			if int(x) >= value(s, "kinds") {
				out[i] = x
			}
		}
	case *Sort:
		n := len(in) / 2
		copy(out[n:], in[:n])
		slices.Sort(out[n:])
	case *Copy, *SelectiveCopy:
		var shown []int32
		for _, x := range in {
			if int(x) < value(s, "alphabet") {
				shown = append(shown, x)
			}
		}
		end := len(out)
		if _, ok := task.(*Copy); ok { // behind the delimiter
			end = slices.Index(in, int32(value(s, "alphabet")+1)) + 1 + len(shown)
		}
		copy(out[end-len(shown):], shown)
	case *Recall:
		values := map[int32]int32{}
		for i, x := range in {
			if i < 2*value(s, "symbols") {
				if i%2 == 1 {
					values[in[i-1]] = x
				}
			} else {
				out[i] = values[x]
			}
		}
	case *Parity, *Modular:
		sum := 0
		for i, x := range in {
			sum += int(x)
			out[i] = int32(sum % s.Vocab)
		}
		if p, ok := task.(*Parity); ok && p.Answer == "end" {
			for i := range out[1:] {
				out[i] = -1
			}
		}
	case *Symmetric:
		things := "abcde"[:task.N]
		table := lexicographic(things)
		arranged := things // arranged[j]: which thing is at place j
		for i, x := range in {
			// A permutation p moves what is at place j to place p[j].
			moved := make([]byte, len(things))
			for j := range things {
				moved[table[x][j]-'a'] = arranged[j]
			}
			arranged = string(moved)
			// The product sends j to the place where thing j is now.
			product := make([]byte, len(things))
			for j := range things {
				product[j] = byte('a' + strings.IndexByte(arranged, things[j]))
			}
			out[i] = int32(slices.Index(table, string(product)))
		}
	}
	return out
}

// lexicographic lists all orders of the things, found by counting through all words of that length and
// keeping those in which no thing comes twice.
func lexicographic(things string) []string {
	words := []string{""}
	for range things {
		var longer []string
		for _, w := range words {
			for _, c := range things {
				longer = append(longer, w+string(c))
			}
		}
		words = longer
	}
	return slices.DeleteFunc(words, func(w string) bool {
		for i := range w {
			if strings.IndexByte(w[i+1:], w[i]) >= 0 {
				return true
			}
		}
		return false
	})
}

// counted is how many targets of a sequence count, by the documentation of the task.
func counted(s *Sequences) int {
	switch s.task.(type) {
	case *Copy, *SelectiveCopy:
		return value(s, "symbols")
	case *Recall:
		return s.Len - 2*value(s, "symbols")
	case *Arithmetic, *Brackets:
		return 1
	case *MQAR:
		return value(s, "pairs")
	case *Dyck, *Sort:
		return s.Len / 2
	case *Group:
		return s.Len / value(s, "per-element")
	case *Parity:
		if len(s.Settings) > 0 { // -answer end
			return 1
		}
	}
	return s.Len
}

func TestTargets(t *testing.T) {
	for _, s := range variants(t) {
		r := rng.New(3, "targets")
		in, out := make([]int32, s.Len), make([]int32, s.Len)
		for n := range 20 {
			for i := range in { // Fill must write every element
				in[i], out[i] = 1<<30, 1<<30
			}
			s.Fill(r, in, out)
			if want := expect(s, in); !slices.Equal(out, want) {
				t.Fatalf("%T %v, sequence %d: inputs %v\ntargets %v\nwant    %v", s.task, s, n, in, out, want)
			}
			count := 0
			for i := range in {
				if in[i] < 0 || int(in[i]) >= s.Vocab || out[i] < -1 || int(out[i]) >= s.Vocab {
					t.Fatalf("%T %v: input %d and target %d outside the vocabulary", s.task, s, in[i], out[i])
				}
				if out[i] >= 0 {
					count++
				}
			}
			if count != counted(s) {
				t.Fatalf("%T %v: %d targets count, documented %d", s.task, s, count, counted(s))
			}
		}
	}
}

// TestLayout checks what expect cannot see: where blanks, delimiters and keys stand.
func TestLayout(t *testing.T) {
	r := rng.New(5, "layout")
	s := build(t, &Copy{Delay: 7, Symbols: 3, Alphabet: 4}, 0)
	in, out := make([]int32, s.Len), make([]int32, s.Len)
	s.Fill(r, in, out)
	if !slices.Equal(in[3:], []int32{4, 4, 4, 4, 4, 4, 5, 4, 4, 4}) { // delay-1 blanks, delimiter, 3 blanks
		t.Errorf("copy: inputs %v", in)
	}
	if slices.Max(in[:3]) >= 4 {
		t.Errorf("copy: data %v", in[:3])
	}

	s = build(t, &SelectiveCopy{Symbols: 3, Alphabet: 4}, 20)
	in, out = make([]int32, 20), make([]int32, 20)
	places := make([]int, 17)
	const draws = 17000
	for range draws {
		s.Fill(r, in, out)
		if !slices.Equal(in[17:], []int32{5, 5, 5}) {
			t.Fatalf("selective-copy: inputs %v", in)
		}
		for i, x := range in[:17] {
			if x < 4 {
				places[i]++
			} else if x != 4 {
				t.Fatalf("selective-copy: inputs %v", in)
			}
		}
	}
	for i, n := range places { // each place holds data in 3 of 17 sequences: 3000 of 17000, sd 50
		if math.Abs(float64(n)-3000) > 250 {
			t.Errorf("selective-copy: place %d holds data %d times, want 3000", i, n)
		}
	}

	s = build(t, &Recall{Symbols: 8, Alphabet: 8}, 30)
	in, out = make([]int32, 30), make([]int32, 30)
	s.Fill(r, in, out)
	keys := map[int32]bool{}
	for i := range 8 {
		keys[in[2*i]] = true
		if in[2*i] >= 8 || in[2*i+1] < 8 {
			t.Errorf("recall: pair %v", in[2*i:2*i+2])
		}
	}
	if len(keys) != 8 {
		t.Errorf("recall: keys come twice in %v", in[:16])
	}
}

// TestChance tries every constant prediction at every position: none is right more often than the documented
// chance, within six standard errors, and the chance is one over the number of answers.
func TestChance(t *testing.T) {
	answers := map[string]int{"copy": 8, "selective-copy": 8, "parity": 2, "modular": 5, "s2": 2, "s3": 6, "s5": 120, "recall": 16,
		"group": 120, "arithmetic": 5, "brackets": 5, "mqar": 4096, "dyck": 8, "sort": 5}
	for name, task := range defaults() {
		s := build(t, task, 0)
		if got := s.Chance * float64(answers[name]); math.Abs(got-1) > 1e-12 {
			t.Errorf("%s: chance %g with %d answers", name, s.Chance, answers[name])
		}
		r, in, out := rng.New(8, name), make([]int32, s.Len), make([]int32, s.Len)
		const sequences = 4000
		hits := make([][]int, s.Len) // [T, Vocab]
		for i := range hits {
			hits[i] = make([]int, s.Vocab)
		}
		for k := range sequences {
			s.Fill(r, in, out)
			for i, x := range out {
				if name == "sort" { // whose symbols are likelier at some places: one of all places for each sequence
					if i != s.Len/2+k%(s.Len/2) {
						continue
					}
					i = 0
				}
				if x >= 0 {
					hits[i][x]++
				}
			}
		}
		limit := 6 * math.Sqrt(s.Chance*(1-s.Chance)/sequences)
		for i, row := range hits {
			for prediction, n := range row {
				if accuracy := float64(n) / sequences; accuracy > s.Chance+limit {
					t.Errorf("%s: predicting %d at position %d is right in %.3f, chance is %.3f", name, prediction, i, accuracy, s.Chance)
				}
			}
		}
	}
}

func TestSeedDecides(t *testing.T) {
	for name, task := range defaults() {
		draw := func(seed uint64) []int32 {
			s := build(t, task, 0)
			rows := make([]int32, 2*s.Len)
			s.Fill(rng.New(seed, "a"), rows[:s.Len], rows[s.Len:])
			return rows
		}
		if !slices.Equal(draw(1), draw(1)) {
			t.Errorf("%s: the same seed gives other sequences", name)
		}
		if slices.Equal(draw(1), draw(2)) {
			t.Errorf("%s: another seed gives the same sequence", name)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		task Task
		seq  int
		want string
	}{
		{&Parity{}, -1, "-seq -1: must be 1 to 16777216 (0: the task's default)"},
		{&Symmetric{N: 5}, math.MaxInt, "-seq 9223372036854775807: must be 1 to 16777216 (0: the task's default)"},
		{&Modular{Modulus: 1}, 0, "-modulus 1: must be 2 to 1024 (0: 5)"},
		{&Modular{Modulus: 1 << 20}, 0, "-modulus 1048576: must be 2 to 1024 (0: 5)"},
		{&Copy{Alphabet: 1}, 0, "-alphabet 1: must be 2 to 65536 (0: 8)"},
		{&Copy{Symbols: -1}, 0, "-symbols -1: must be 1 to 16777216 (0: 10)"},
		{&Copy{Delay: 100}, 100, "-seq 100: must be delay + 2 symbols, which is 120 with -delay 100 and -symbols 10: set -delay or -seq, not both"},
		{&Copy{}, 20, "-seq 20: must be at least 21 with -symbols 10 (2 symbols + 1)"},
		{&Copy{Delay: 1 << 24}, 0, "-delay 16777216: a sequence would have 16777236 positions (delay + 2 symbols): must be at most 16777216"},
		{&SelectiveCopy{}, 19, "-seq 19: must be at least 20 with -symbols 10 (2 symbols)"},
		{&SelectiveCopy{Symbols: 65}, 0, "-seq 128: must be at least 130 with -symbols 65 (2 symbols)"},
		{&Recall{}, 16, "-seq 16: must be at least 17 with -symbols 8 (2 symbols + 1)"},
		{&Recall{Symbols: 17}, 0, "-symbols 17: must be at most -alphabet 16, as every pair has another key"},
		{&Parity{Answer: "none"}, 0, `-answer "none": must be one of every, end`},
		{&Copy{MinDelay: 9, Delay: 3}, 0, "-delay 9:3: the range must not end before it begins: give MIN:MAX"},
		{&Group{Name: "s7"}, 0, `-group "s7": s7 has too few or too many elements: N must be 2 to 1024 for z, 2 to 6 for s, 3 to 6 for a`},
		{&Group{Name: "a2"}, 0, `-group "a2": a2 has too few or too many elements: N must be 2 to 1024 for z, 2 to 6 for s, 3 to 6 for a`},
		{&Group{Name: "z05"}, 0, `-group "z05": must be zN (integers modulo N), sN or aN (all or the even permutations of N things), or a product of such as a4xz5`},
		{&Group{Name: "s5x"}, 0, `-group "s5x": must be zN (integers modulo N), sN or aN (all or the even permutations of N things), or a product of such as a4xz5`},
		{&Group{Name: "s5xs5"}, 0, `-group "s5xs5": it has more than 1024 elements`},
		{&Group{Name: "z5", Generators: "swaps"}, 0, `-group "z5" -generators "swaps": its elements are no permutations of things: only sN and aN have such generators`},
		{&Group{Name: "a5", Generators: "swaps"}, 0, `-group "a5" -generators "swaps": their products are only 1 of its 60 elements`},
		{&Group{Generators: "swaps", PerElement: 3}, 0, "-per-element 3: some elements of s5 need 4 generators: must be at least that, or 1"},
		{&Group{PerElement: 4}, 30, "-seq 30: must be a multiple of -per-element 4"},
		{&Arithmetic{}, 41, "-seq 41: must be even: digits and the signs behind each of them"},
		{&Brackets{}, 1, "-seq 1: must be at least 2: a digit and ="},
		{&MQAR{}, 15, "-seq 15: must be even and at least 16, four times -pairs 4"},
		{&MQAR{Pairs: 4}, 14, "-seq 14: must be even and at least 16, four times -pairs 4"},
		{&MQAR{Pairs: 16, Alphabet: 32}, 64, "-pairs 16: must be at most 15 with -alphabet 32, of which half are keys, without 0"},
		{&Dyck{}, 7, "-seq 7: must be even: every bracket is closed"},
		{&Sort{}, 7, "-seq 7: must be even: symbols and as many delimiters"},
		{&Recall{Alphabet: 1 << 20}, 0, "-alphabet 1048576: must be 2 to 65536 (0: 16)"},
	} {
		if _, err := New(c.task, c.seq); err == nil || err.Error() != c.want {
			t.Errorf("%T %+v, seq %d: error %v, want %q", c.task, c.task, c.seq, err, c.want)
		}
	}
	if _, err := build(t, &Parity{}, MaxLen).Stretch(2); err == nil {
		t.Error("a task was stretched over the limit")
	}
}

// oddTask builds what its author wrote.
type oddTask struct {
	text, other string
	built       Sequences
}

func (o *oddTask) Settings() settings.Table {
	return settings.Table{{Name: "text", Value: &o.text}, {Name: "other", Value: &o.other}}
}
func (o *oddTask) Build(int) (*Sequences, error) { return &o.built, nil }

// TestStringIsUnambiguous: a text that reads like a setting does not make two tasks equal.
func TestStringIsUnambiguous(t *testing.T) {
	one, two := oddTask{text: "a, other b"}, oddTask{text: "a", other: "b, other "}
	a, b := Sequences{Settings: one.Settings()}, Sequences{Settings: two.Settings()}
	if want := `seq 0, text "a, other b", other "", vocabulary 0`; a.String() != want || a.String() == b.String() {
		t.Errorf("%v and %v", &a, &b)
	}
}

// TestPanics: a task whose author made a mistake fails at once, with the values.
func TestPanics(t *testing.T) {
	draw := func(*rng.Stream, []int32, []int32) {}
	for want, call := range map[string]func(){
		"fills rows of 64 to 64 positions, got 3 and 64": func() { build(t, &Symmetric{N: 3}, 0).Fill(rng.New(1, "a"), make([]int32, 3), make([]int32, 64)) },
		"2 to 6 things, got 7":                           func() { New(&Symmetric{N: 7}, 0) },
		"of 0 positions, vocabulary 2, Draw true":        func() { New(&oddTask{built: Sequences{Vocab: 2, Draw: draw}}, 0) },
		"of 5 positions, vocabulary 0, Draw true":        func() { New(&oddTask{built: Sequences{Len: 5, Draw: draw}}, 0) },
		"of 5 positions, vocabulary 2, Draw false":       func() { New(&oddTask{built: Sequences{Len: 5, Vocab: 2}}, 0) },
		"of 16777217 positions":                          func() { New(&oddTask{built: Sequences{Len: MaxLen + 1, Vocab: 2, Draw: draw}}, 0) },
	} {
		func() {
			defer func() {
				if r := recover(); r == nil || !strings.Contains(fmt.Sprint(r), want) {
					t.Errorf("recovered %v, want %q", r, want)
				}
			}()
			call()
		}()
	}
}

func TestFillDoesNotAllocate(t *testing.T) {
	for _, s := range variants(t) {
		r, in, out := rng.New(1, "a"), make([]int32, s.Len), make([]int32, s.Len)
		if n := testing.AllocsPerRun(10, func() { s.Fill(r, in, out) }); n != 0 {
			t.Errorf("%T %v: %g allocations", s.task, s, n)
		}
	}
}
