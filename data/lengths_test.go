package data

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"goomtrain/data/tasks"
)

// ends are the lengths of the sequences of a batch of parity, whose targets all count.
func ends(b Batch) (out []int) {
	for row := range b.Size {
		n := 0
		for _, target := range b.Targets[row*b.Len : (row+1)*b.Len] {
			if target >= 0 {
				n++
			}
		}
		out = append(out, n)
	}
	return out
}

// TestLengthsVary: the sequences of a range have its lengths, the rows those of the limit, and a restored source goes
// on at whatever limit it is given.
func TestLengthsVary(t *testing.T) {
	cfg := Config{Name: "parity", MinSeq: 3, Seq: 10}
	d := open(t, cfg, 1)
	train, ok := d.Train.(Growing)
	if !ok || d.SeqLen != 10 || !strings.HasPrefix(d.Summary, "parity: seq 3:10, ") {
		t.Fatalf("%T, %d positions, %s", d.Train, d.SeqLen, d.Summary)
	}
	for _, limit := range []struct{ ask, got int }{{0, 3}, {5, 5}, {10, 10}, {99, 10}, {4, 4}} {
		if got := train.Limit(limit.ask); got != limit.got {
			t.Errorf("limit %d is %d, want %d", limit.ask, got, limit.got)
		}
		b := next(t, train, 400)
		found := slices.Compact(slices.Sorted(slices.Values(ends(b))))
		var want []int
		for n := 3; n <= limit.got; n++ {
			want = append(want, n)
		}
		if b.Len != limit.got || !slices.Equal(found, want) {
			t.Errorf("limit %d: rows of %d, lengths %v", limit.ask, b.Len, found)
		}
	}
	state, err := train.State()
	if err != nil {
		t.Fatal(err)
	}
	train.Limit(7)
	want := next(t, train, 20)
	again := open(t, cfg, 1).Train.(Growing)
	if err := again.Restore(state); err != nil {
		t.Fatal(err)
	}
	again.Limit(7)
	if got := next(t, again, 20); !slices.Equal(got.Inputs, want.Inputs) || !slices.Equal(got.Targets, want.Targets) {
		t.Error("a restored source draws other sequences")
	}
	if _, ok := open(t, Config{Name: "parity", Seq: 10}, 1).Train.(Growing); ok {
		t.Error("a source of one length grows")
	}
	names := ""
	for _, v := range d.Valid {
		names += fmt.Sprintf("%s %d;", v.Name, v.Len)
		s, err := v.Source()
		if err != nil {
			t.Fatal(err)
		}
		if b := next(t, s, 200); b.Len != v.Len || slices.Max(ends(b)) != v.Len || (slices.Min(ends(b)) == v.Len) != (v.Name != "valid") {
			t.Errorf("%s: rows of %d, lengths %v", v.Name, b.Len, ends(b))
		}
	}
	if names != "valid 10;valid-2x 20;valid-4x 40;" {
		t.Error(names)
	}
}

// TestEvalLengths: there is one validation set of each length, the same whatever the others and the length trained on
// are, and as many sequences as asked for.
func TestEvalLengths(t *testing.T) {
	text := textFolder(t)
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{Name: "parity", Seq: 6, EvalLengths: []int{6, 32, 9}, Sequences: 30}, "valid-6 6 30;valid-32 32 30;valid-9 9 30;"},
		{Config{Name: "parity", MinSeq: 2, Seq: 6, EvalLengths: []int{32}}, "valid-32 32 1024;"},
		{Config{Name: "copy", EvalLengths: []int{32}, Sequences: 5}, "valid-32 32 5;"},
		{Config{Name: "text", Seq: 16, EvalLengths: []int{8, 64}, Task: &Text{Data: text}}, ""},
	} {
		d := open(t, c.cfg, 1)
		got := ""
		for _, v := range d.Valid {
			s, err := v.Source()
			if err != nil {
				t.Fatal(err)
			}
			count := 0
			for b := (Batch{Size: 1}); s.Next(&b) != io.EOF; count++ {
				if b.Len != v.Len {
					t.Fatalf("%s: rows of %d", v.Name, b.Len)
				}
			}
			if got += fmt.Sprintf("%s %d %d;", v.Name, v.Len, count); count == 0 {
				t.Errorf("%s is empty", v.Name)
			}
		}
		if c.want == "" {
			c.want = got // by the size of the text
		}
		if got != c.want || len(d.Valid) != len(c.cfg.EvalLengths) {
			t.Errorf("%+v: %s, want %s", c.cfg, got, c.want)
		}
	}
	var rows [2]Batch
	for i, cfg := range []Config{{Name: "parity", Seq: 32, EvalLengths: []int{9}}, {Name: "parity", Seq: 32, EvalLengths: []int{5, 9}}} {
		d := open(t, cfg, 1)
		s, err := d.Valid[i].Source()
		if err != nil {
			t.Fatal(err)
		}
		rows[i] = next(t, s, 7)
	}
	if !slices.Equal(rows[0].Inputs, rows[1].Inputs) {
		t.Error("the sequences depend on the other lengths")
	}
}

func TestLengthsRefused(t *testing.T) {
	text := textFolder(t)
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{Name: "text", MinSeq: 2, Seq: 32, Task: &Text{Data: text}}, "-seq 2:32: the sequences of task text have one length: give one number; only generated tasks have a range"},
		{Config{Name: "images", MinSeq: 2, Seq: 32, Task: &Images{Data: text}}, "the sequences of task images have one length"},
		{Config{Name: "images", EvalLengths: []int{3}, Task: &Images{Data: text}}, "-eval-lengths: the sequences of task images have one length"},
		{Config{Name: "text", Seq: 16, EvalLengths: []int{1 << 20}, Task: &Text{Data: text}}, "-eval-lengths: 1048576: the text held out has "},
		{Config{Name: "parity", MinSeq: 9, Seq: 3}, "-seq 9:3: the range must not end"},
		{Config{Name: "parity", EvalLengths: []int{0}}, "-eval-lengths 0: each number must be 1 to 16777216"},
		{Config{Name: "arithmetic", EvalLengths: []int{8, 9}}, "-eval-lengths: -seq 9: must be even"},
		{Config{Name: "copy", EvalLengths: []int{64}, Task: Synthetic("copy", &tasks.Copy{Delay: 9})}, "-eval-lengths: sequences of 64 positions: with these settings all have 29"},
		{Config{Name: "copy", MinSeq: 21, Seq: 29, Task: Synthetic("copy", &tasks.Copy{Delay: 9})}, "-seq 21:29: with these settings all sequences have 29 positions"},
	} {
		if _, err := Open(c.cfg, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one with %q", c.cfg, err, c.want)
		}
	}
}

// TestTextLengthsShareTheSplit: the text held out is the same whatever the lengths to validate at.
func TestTextLengthsShareTheSplit(t *testing.T) {
	text := textFolder(t)
	var states [2][]byte
	for i, lengths := range [][]int{nil, {8}} {
		d := open(t, Config{Name: "text", Seq: 8, EvalLengths: lengths, Task: &Text{Data: text}}, 3)
		s, err := d.Valid[0].Source()
		if err != nil {
			t.Fatal(err)
		}
		states[i] = fmt.Appendf(nil, "%v", next(t, s, 4).Inputs)
	}
	if !bytes.Equal(states[0], states[1]) {
		t.Errorf("%s\n%s", states[0], states[1])
	}
}
