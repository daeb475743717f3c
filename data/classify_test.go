package data

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"goomtrain/data/labeled"
	"goomtrain/data/tokenizer"
)

// TestClassify compares sequences with the files that they come from.
func TestClassify(t *testing.T) {
	dir := classFolder(t)
	d := open(t, Config{Name: "classify", Task: &Classify{Data: dir}}, 3)
	if !slices.Equal(d.Classes.Names, []string{"ant", "bee", "cat"}) || d.Classes.First != 256 || d.Vocab != 259 || d.Valid[0].Classes != d.Classes {
		t.Fatalf("classes %+v of %+v", d.Classes, d)
	}
	if !strings.Contains(d.Summary, ": 3 classes, ") {
		t.Errorf("summary %q", d.Summary)
	}
	seen := map[string]int{} // by content and class
	count := func(s Source, sequences int) {
		for range sequences {
			b := next(t, s, 1)
			if b.Len != d.SeqLen || b.Inputs[0] != 0 {
				t.Fatalf("%d positions, the first %d", b.Len, b.Inputs[0])
			}
			end := slices.IndexFunc(b.Targets, func(target int32) bool { return target >= 0 })
			if rest := b.Targets[end+1:]; len(rest) > 0 && slices.Max(rest) != -1 || slices.ContainsFunc(b.Inputs[end+1:], func(x int32) bool { return x != 0 }) {
				t.Fatalf("no padding behind %d: %v %v", end, b.Inputs, b.Targets)
			}
			text := ""
			for _, token := range b.Inputs[1 : end+1] {
				text += string(rune(token))
			}
			class := d.Classes.Names[b.Targets[end]-256]
			if !strings.HasPrefix(text, class) {
				t.Errorf("%q has class %s", text, class)
			}
			seen[class+" "+text]++
		}
	}
	valid, err := d.Valid[0].Source()
	if err != nil {
		t.Fatal(err)
	}
	_, held := drain(t, d.Valid[0])
	if held < 3 || held > 10 {
		t.Fatalf("%d texts are held out", held)
	}
	count(valid, held)
	count(d.Train, 30-held)
	files, total := map[string]int{}, 0
	for i := range 30 {
		class := d.Classes.Names[i%3]
		files[class+" "+words(class+string(rune('A'+i)), 1+i%3)]++
	}
	for key, n := range seen {
		if total += n; n != files[key] {
			t.Errorf("%q came %d times, want %d", key, n, files[key])
		}
	}
	if total != 30 {
		t.Errorf("%d texts", total)
	}
}

// TestClassifyKeepsSides: a text stays on its side when others are added, and equal texts are on one side.
func TestClassifyKeepsSides(t *testing.T) {
	row := func(i int) string { return fmt.Sprintf(`{"text":"text %d","label":"%d"}`, i, i%2) }
	var rows []string
	for i := range 200 {
		rows = append(rows, row(i), row(i))
	}
	held := func(rows []string) map[string]bool {
		path := filepath.Join(t.TempDir(), "a.jsonl")
		if err := os.WriteFile(path, []byte(strings.Join(rows, "\n")), 0o666); err != nil {
			t.Fatal(err)
		}
		d := open(t, Config{Name: "classify", Seq: 12, Task: &Classify{Data: path}}, 5)
		inputs, _ := drain(t, d.Valid[0])
		texts := map[string]bool{}
		for i := 0; i < len(inputs); i += 12 {
			texts[fmt.Sprint(inputs[i:i+12])] = true
		}
		inputs = nil
		for range len(rows) {
			b := next(t, d.Train, 1)
			if texts[fmt.Sprint(b.Inputs)] {
				t.Errorf("%v is on both sides", b.Inputs)
			}
		}
		return texts
	}
	few, many := held(rows[:200]), held(rows)
	if len(few) < 3 || len(many) < len(few) {
		t.Errorf("%d and %d texts held out", len(few), len(many))
	}
	for text := range few {
		if !many[text] {
			t.Errorf("%s left its side", text)
		}
	}
}

// TestClassifySplitsByText: equal texts are on one side also in a class of which no text is drawn, or only the last are left
// to train on, unless all texts of the class are equal.
func TestClassifySplitsByText(t *testing.T) {
	for seed := range uint64(20) {
		c := newCollection(tokenizer.Byte{}, 10, labeled.Fields{})
		for range 3 {
			for _, text := range []labeled.Text{{Label: "few", Body: []byte("a")}, {Label: "few", Body: []byte("b")}, {Label: "one", Body: []byte("c")}} {
				if err := c.add(text); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, fraction := range []float64{1e-9, 0.1, 0.999} {
			train, valid := c.split(fraction, seed)
			sides := map[string]int{}
			for _, i := range valid {
				sides[string(rune(c.tokens[c.texts[i].start+1]))]++
			}
			if len(train)+len(valid) != 9 || sides["c"] != 1 || sides["a"]+sides["b"] != 3 || sides["a"] != 0 && sides["b"] != 0 {
				t.Errorf("seed %d, fraction %g: %v held out", seed, fraction, sides)
			}
		}
	}
}

// TestClassifyCuts: long texts are cut, with a note; labels that are numbers are in their order.
func TestClassifyCuts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv")
	text := "label,text\n10," + strings.Repeat("long ", 400) + "\n9,short\n10,x\n9,\n"
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, tokenizer := range []string{"byte", "gpt2"} {
		d := open(t, Config{Name: "classify", Seq: 20, Task: &Classify{Data: path, Tokenizer: tokenizer}}, 1)
		if d.SeqLen != 20 || len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "1 text of more than 20 tokens") || !slices.Equal(d.Classes.Names, []string{"9", "10"}) {
			t.Errorf("%d positions, notes %q, classes %q", d.SeqLen, d.Notes, d.Classes.Names)
		}
	}
}

// TestEncodeReadsOn: a text of tokens of 64 bytes is read until they are enough.
func TestEncodeReadsOn(t *testing.T) {
	tok, err := tokenizer.New("gpt2")
	if err != nil {
		t.Fatal(err)
	}
	for _, dashes := range []int{3, 6, 100} {
		text := []byte(strings.Repeat("-", 64*dashes))
		want := tok.Encode(text)
		want = want[:min(len(want), 4)]
		if got := newCollection(tok, 5, labeled.Fields{}).encode(text); !slices.Equal(got, want) {
			t.Errorf("%d bytes: tokens %v, want %v", len(text), got, want)
		}
	}
}

func TestClassifyErrors(t *testing.T) {
	write := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	one := t.TempDir()
	for _, name := range []string{"only", ".hidden"} {
		if err := os.MkdirAll(filepath.Join(one, name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(one, name, "a"), []byte("text"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	const good = "text,label\na,x\nb,x\nc,y\n"
	for _, c := range []struct{ data, test, want string }{
		{one, "", "one class, only: at least two are needed"},
		{write("a.csv", "text,label\n"), "", "has no texts"},
		{write("a.csv", "text,label\na,x\nb,y\n"), "", "one text of each class"},
		{write("a.csv", good), write("b.csv", "text,label\na,x\nb,z\x1b\n"), `line 3: the label z\x1b is not among those of the training data`},
		{write("a.csv", good), write("b.csv", "text,label\n"), "-test-data: "},
		{write("a.txt", good), "", "labeled text is a folder with a folder for each class"},
		{filepath.Join(one, "missing"), "", "no file or folder"},
	} {
		_, err := Open(Config{Name: "classify", Task: &Classify{Data: c.data, TestData: c.test}}, 1)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want one line with %q", err, c.want)
		}
	}
	same := &Classify{Data: one, LabelField: "text"}
	if err := same.Validate(0); err == nil || err.Error() != "-label-field text: is the field of the text too" {
		t.Errorf("one field for both: %v", err)
	}
}
