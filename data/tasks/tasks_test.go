package tasks

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"goomtrain/rng"
)

func ExampleNew() {
	task, err := New("copy", Settings{Delay: 4, Symbols: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	inputs, targets := make([]int32, task.SeqLen), make([]int32, task.SeqLen)
	task.Fill(rng.New(1, "example"), inputs, targets)
	fmt.Println(task)
	fmt.Println(inputs)
	fmt.Println(targets)
	// Output:
	// copy: seq 10, delay 4, symbols 3, alphabet 8, vocabulary 10
	// [7 5 7 8 8 8 9 8 8 8]
	// [-1 -1 -1 -1 -1 -1 -1 7 5 7]
}

// variants are all tasks with default and with other settings, and stretched ones.
func variants(t *testing.T) []*Task {
	t.Helper()
	var all []*Task
	add := func(name string, s Settings) {
		task, err := New(name, s)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, task)
	}
	for _, name := range Names() {
		add(name, Settings{})
	}
	add("copy", Settings{Delay: 1, Symbols: 1, Alphabet: 2})
	add("copy", Settings{Delay: 1000})
	add("copy", Settings{SeqLen: 40, Symbols: 5})
	add("selective-copy", Settings{SeqLen: 8, Symbols: 4, Alphabet: 3}) // no room for blanks
	add("recall", Settings{SeqLen: 9, Symbols: 4, Alphabet: 4})
	add("recall", Settings{SeqLen: 100, Symbols: 1, Alphabet: 100})
	add("modular", Settings{Modulus: 97, SeqLen: 1})
	add("s5", Settings{SeqLen: 1})
	for _, task := range slices.Clone(all) {
		long, err := task.Stretch(4)
		if err != nil {
			t.Fatal(err)
		}
		if long.Vocab != task.Vocab || long.Chance != task.Chance || long.SeqLen <= task.SeqLen {
			t.Errorf("%v stretched is %v", task, long)
		}
		all = append(all, long)
	}
	return all
}

// expect works the targets out from the inputs alone, by the words of doc.go and none of the code under
// test: lists and maps for the memory tasks, permutations applied to things for s3 and s5.
func expect(task *Task, in []int32) []int32 {
	out := make([]int32, len(in))
	for i := range out {
		out[i] = -1
	}
	switch task.Name {
	case "copy", "selective-copy":
		var shown []int32
		for _, x := range in {
			if int(x) < task.Alphabet {
				shown = append(shown, x)
			}
		}
		copy(out[len(out)-len(shown):], shown)
	case "recall":
		value := map[int32]int32{}
		for i, x := range in {
			if i < 2*task.Symbols {
				if i%2 == 1 {
					value[in[i-1]] = x
				}
			} else {
				out[i] = value[x]
			}
		}
	case "parity", "modular":
		sum := 0
		for i, x := range in {
			sum += int(x)
			out[i] = int32(sum % task.Vocab)
		}
	case "s3", "s5":
		things := "abc"
		if task.Name == "s5" {
			things = "abcde"
		}
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

func TestTargets(t *testing.T) {
	for _, task := range variants(t) {
		r := rng.New(3, task.Name)
		in, out := make([]int32, task.SeqLen), make([]int32, task.SeqLen)
		for n := range 20 {
			for i := range in { // what was there before must not shine through
				in[i], out[i] = 1<<30, 1<<30
			}
			task.Fill(r, in, out)
			if want := expect(task, in); !slices.Equal(out, want) {
				t.Fatalf("%v, sequence %d: inputs %v\ntargets %v\nwant    %v", task, n, in, out, want)
			}
			counted := 0
			for i := range in {
				if in[i] < 0 || int(in[i]) >= task.Vocab || out[i] < -1 || int(out[i]) >= task.Vocab {
					t.Fatalf("%v: input %d and target %d outside the vocabulary", task, in[i], out[i])
				}
				if out[i] >= 0 {
					counted++
				}
			}
			if counted != task.Counted {
				t.Fatalf("%v: %d targets count, documented %d", task, counted, task.Counted)
			}
		}
	}
}

// TestLayout checks what expect cannot see: where the special symbols of the memory tasks stand.
func TestLayout(t *testing.T) {
	r := rng.New(5, "layout")
	task, err := New("copy", Settings{Delay: 7, Symbols: 3, Alphabet: 4})
	if err != nil {
		t.Fatal(err)
	}
	in, out := make([]int32, task.SeqLen), make([]int32, task.SeqLen)
	task.Fill(r, in, out)
	if !slices.Equal(in[3:], []int32{4, 4, 4, 4, 4, 4, 5, 4, 4, 4}) { // delay-1 blanks, delimiter, 3 blanks
		t.Errorf("copy: inputs %v", in)
	}
	if slices.Max(in[:3]) >= 4 {
		t.Errorf("copy: data %v", in[:3])
	}

	task, err = New("selective-copy", Settings{SeqLen: 20, Symbols: 3, Alphabet: 4})
	if err != nil {
		t.Fatal(err)
	}
	in, out = make([]int32, 20), make([]int32, 20)
	places := make([]int, 17)
	const draws = 17000
	for range draws {
		task.Fill(r, in, out)
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

	task, err = New("recall", Settings{SeqLen: 30, Symbols: 8, Alphabet: 8})
	if err != nil {
		t.Fatal(err)
	}
	in, out = make([]int32, 30), make([]int32, 30)
	task.Fill(r, in, out)
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

// TestChance guesses every answer at every position: none does better than the documented chance, and a
// uniform guess among the answers meets it, within six standard errors.
func TestChance(t *testing.T) {
	for _, name := range Names() {
		task, err := New(name, Settings{})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := task.Chance*float64(answers(task)), 1.0; math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: chance %g with %d answers", name, task.Chance, answers(task))
		}
		r, in, out := rng.New(8, name), make([]int32, task.SeqLen), make([]int32, task.SeqLen)
		const sequences = 4000
		hits := make([][]int, task.SeqLen) // [T, Vocab]
		for i := range hits {
			hits[i] = make([]int, task.Vocab)
		}
		for range sequences {
			task.Fill(r, in, out)
			for i, x := range out {
				if x >= 0 {
					hits[i][x]++
				}
			}
		}
		limit := 6 * math.Sqrt(task.Chance*(1-task.Chance)/sequences)
		for i, row := range hits {
			for guess, n := range row {
				if accuracy := float64(n) / sequences; accuracy > task.Chance+limit {
					t.Errorf("%s: guessing %d at position %d is right in %.3f, chance is %.3f", name, guess, i, accuracy, task.Chance)
				}
			}
		}
	}
}

// answers counts the different answers that a task can ask for, by its description.
func answers(task *Task) int {
	return map[string]int{"copy": 8, "selective-copy": 8, "parity": 2, "modular": 5, "s3": 6, "s5": 120, "recall": 16}[task.Name]
}

func TestSeedDecides(t *testing.T) {
	for _, name := range Names() {
		draw := func(seed uint64) []int32 {
			task, err := New(name, Settings{})
			if err != nil {
				t.Fatal(err)
			}
			rows := make([]int32, 2*task.SeqLen)
			task.Fill(rng.New(seed, "a"), rows[:task.SeqLen], rows[task.SeqLen:])
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

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name string
		s    Settings
		want string // part of the message
	}{
		{"partiy", Settings{}, `did you mean "parity"?`},
		{"parity", Settings{Modulus: 3}, "task parity has no modulus, but it is set to 3"},
		{"parity", Settings{SeqLen: -1}, "seq of task parity must be from 1"},
		{"modular", Settings{Modulus: 1}, "at least 2 different answers"},
		{"modular", Settings{Modulus: 1 << 20}, "modulus of task modular must be from 1 to 1024, got 1048576"},
		{"copy", Settings{SeqLen: 100, Delay: 100}, "100 is not 100 + 2*10"},
		{"copy", Settings{SeqLen: 20}, "at least 2*symbols + 1 = 21, got 20"},
		{"copy", Settings{Delay: 1 << 24}, "must be at most"},
		{"copy", Settings{Alphabet: 1}, "at least 2 different answers"},
		{"selective-copy", Settings{SeqLen: 19}, "at least 2*symbols = 20, got 19"},
		{"recall", Settings{SeqLen: 16}, "at least 2*symbols + 1 = 17, got 16"},
		{"recall", Settings{Symbols: 17}, "alphabet is 16 and symbols is 17"},
		{"s5", Settings{SeqLen: math.MaxInt}, "seq of task s5 must be from 1"},
	} {
		if _, err := New(c.name, c.s); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %+v: error %v, want one with %q", c.name, c.s, err, c.want)
		}
	}
	parity, err := New("parity", Settings{SeqLen: maxLen})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parity.Stretch(2); err == nil {
		t.Error("a task was stretched over the limit")
	}
}

func TestAbout(t *testing.T) {
	for _, name := range Names() {
		task, err := New(name, Settings{})
		if err != nil {
			t.Fatal(err)
		}
		about := About(name)
		for _, want := range []string{fmt.Sprintf("vocabulary %d,", task.Vocab), fmt.Sprintf("chance 1/%d", answers(task))} {
			if !strings.Contains(about, want) {
				t.Errorf("%s: %q lacks %q", name, about, want)
			}
		}
	}
}

func TestFillNeedsFullRows(t *testing.T) {
	task, err := New("s3", Settings{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if r := recover(); r == nil || !strings.Contains(fmt.Sprint(r), "rows of 64 positions, got 3 and 64") {
			t.Errorf("recovered %v", r)
		}
	}()
	task.Fill(rng.New(1, "a"), make([]int32, 3), make([]int32, 64))
}

func TestFillDoesNotAllocate(t *testing.T) {
	for _, task := range variants(t) {
		r, in, out := rng.New(1, "a"), make([]int32, task.SeqLen), make([]int32, task.SeqLen)
		if n := testing.AllocsPerRun(10, func() { task.Fill(r, in, out) }); n != 0 {
			t.Errorf("%v: %g allocations", task, n)
		}
	}
}
