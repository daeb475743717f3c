package data

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "goomtrain/data/gpt2"
	"goomtrain/data/tasks"
)

// words is text in which every stretch of eight bytes or more says where it is from.
func words(name string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s%05d ", name, i)
	}
	return b.String()
}

func writeFiles(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// textFolder has 40 files of about 700 bytes.
func textFolder(t testing.TB) string {
	files := map[string]string{}
	for i := range 40 {
		name := string([]byte{byte('A' + i/10), byte('A' + i%10)})
		files[name+".txt"] = words(name, 90)
	}
	return writeFiles(t, files)
}

// idxFolder has 24 training and 11 test images of 3 x 5 pixels in 4 classes; compressed if gz.
func idxFolder(t testing.TB, gz bool) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, dims []int, data []byte) {
		file := []byte{0, 0, 8, byte(len(dims))}
		for _, d := range dims {
			file = binary.BigEndian.AppendUint32(file, uint32(d))
		}
		var b strings.Builder
		w := io.Writer(&b)
		if gz {
			name += ".gz"
			z := gzip.NewWriter(&b)
			defer func() {
				z.Close()
				if err := os.WriteFile(filepath.Join(dir, name), []byte(b.String()), 0o666); err != nil {
					t.Fatal(err)
				}
			}()
			w = z
		}
		w.Write(append(file, data...)) // a builder's Write never fails
		if !gz {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(b.String()), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, set := range []struct {
		name  string
		count int
	}{{"train", 24}, {"t10k", 11}} {
		pixels, labels := make([]byte, set.count*15), make([]byte, set.count)
		for i := range pixels {
			pixels[i] = byte(i*7 + len(set.name))
		}
		for i := range labels {
			labels[i] = byte(i % 4)
		}
		write(set.name+"-images-idx3-ubyte", []int{set.count, 3, 5}, pixels)
		write(set.name+"-labels-idx1-ubyte", []int{set.count}, labels)
	}
	return dir
}

// classFolder has 30 texts of some 20 bytes in 3 classes.
func classFolder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for i := range 30 {
		class := filepath.Join(dir, []string{"ant", "bee", "cat"}[i%3])
		if err := os.MkdirAll(class, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(class, fmt.Sprintf("%02d.txt", i)), []byte(words(class[len(class)-3:]+string(rune('A'+i)), 1+i%3)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// configs is one small configuration of every task, and a second of some.
func configs(t testing.TB) []Config {
	text, images := textFolder(t), idxFolder(t, false)
	all := []Config{
		{Name: "text", Seq: 16, Task: &Text{Data: text}},
		{Name: "text", Seq: 16, Task: &Text{Data: text, Tokenizer: "gpt2", ValidFraction: 0.3}},
		{Name: "text", Seq: 8, Task: &Text{Data: filepath.Join(text, "AA.txt")}},
		of("copy", &tasks.Copy{Delay: 5, Symbols: 3}),
		{Name: "classify", Task: &Classify{Data: classFolder(t)}},
		{Name: "classify", Seq: 9, Task: &Classify{Data: classFolder(t), TestData: classFolder(t), Tokenizer: "gpt2"}},
		{Name: "images", Task: &Images{Data: images}},
		{Name: "images", Task: &Images{Data: images, Augment: true}},
		{Name: "image-pixels", Seq: 15, Task: &ImagePixels{Data: images}},
	}
	for _, task := range Tasks() {
		if !slices.ContainsFunc(all, func(c Config) bool { return c.Name == task }) {
			all = append(all, Config{Name: task, Seq: 40})
		}
	}
	return all
}

// of is the configuration of a synthetic task with settings.
func of(name string, task tasks.Task) Config { return Config{Name: name, Task: Synthetic(name, task)} }

func open(t testing.TB, cfg Config, seed uint64) *Dataset {
	t.Helper()
	d, err := Open(cfg, seed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func next(t testing.TB, s Source, size int) Batch {
	t.Helper()
	b := Batch{Size: size}
	if err := s.Next(&b); err != nil {
		t.Fatal(err)
	}
	return b
}

func equal(a, b Batch) bool {
	return a.Size == b.Size && a.Len == b.Len && a.Bytes == b.Bytes && slices.Equal(a.Inputs, b.Inputs) && slices.Equal(a.Targets, b.Targets)
}

// sources are the training and all validation sources of a dataset.
func sources(t testing.TB, d *Dataset) map[string]Source {
	t.Helper()
	all := map[string]Source{"train": d.Train}
	for _, v := range d.Valid {
		s, err := v.Source()
		if err != nil {
			t.Fatal(err)
		}
		all[v.Name] = s
	}
	return all
}

// TestBatches checks what doc.go promises of every batch of every task.
func TestBatches(t *testing.T) {
	for _, cfg := range configs(t) {
		d := open(t, cfg, 1)
		lengths := map[string]int{"train": d.SeqLen}
		for _, v := range d.Valid {
			lengths[v.Name] = v.Len
		}
		for name, s := range sources(t, d) {
			b := next(t, s, 3)
			if b.Len != lengths[name] || len(b.Inputs) != 3*b.Len || len(b.Targets) != 3*b.Len {
				t.Fatalf("%s/%s: %d x %d with %d inputs and %d targets", d.Name, name, b.Size, b.Len, len(b.Inputs), len(b.Targets))
			}
			counted, bytes := 0, 0
			for i := range b.Inputs {
				if b.Inputs[i] < 0 || int(b.Inputs[i]) >= d.Vocab || b.Targets[i] < -1 || int(b.Targets[i]) >= d.Vocab {
					t.Fatalf("%s/%s: input %d, target %d outside the vocabulary of %d", d.Name, name, b.Inputs[i], b.Targets[i], d.Vocab)
				}
				if b.Targets[i] >= 0 {
					counted++
					if d.Tokenizer != nil {
						bytes += len(strings.Trim(string(d.Tokenizer.Decode(b.Targets[i:i+1])), "\x00"))
					}
				}
			}
			if counted == 0 || b.Bytes != float64(bytes) {
				t.Errorf("%s/%s: %d targets count, for %g bytes, want %d", d.Name, name, counted, b.Bytes, bytes)
			}
		}
		if d.Valid[0].Name != "valid" || d.Valid[0].Len != d.SeqLen || d.Summary == "" || len(d.Fingerprint) != 64 {
			t.Errorf("%s: %+v", d.Name, d)
		}
	}
}

// TestValidationEnds: every validation source draws all its sequences once, fills the last batch up with
// uncounted ones, and a fresh source draws the same.
func TestValidationEnds(t *testing.T) {
	for _, cfg := range configs(t) {
		d := open(t, cfg, 1)
		for _, v := range d.Valid {
			first, counted := drain(t, v)
			second, _ := drain(t, v)
			if !slices.Equal(first, second) {
				t.Errorf("%s/%s: a second source draws other sequences", d.Name, v.Name)
			}
			if want := map[string]int{"images": 11, "image-pixels": 11}[d.Name]; want > 0 && counted != want || want == 0 && d.Name != "text" && d.Name != "classify" && counted != validSequences {
				t.Errorf("%s/%s: %d sequences", d.Name, v.Name, counted)
			}
		}
	}
}

// drain reads a validation source to its end by batches of 7 and returns all inputs and the number of
// sequences with counted targets.
func drain(t testing.TB, v Validation) (inputs []int32, sequences int) {
	t.Helper()
	s, err := v.Source()
	if err != nil {
		t.Fatal(err)
	}
	b := Batch{Size: 7}
	for {
		if err := s.Next(&b); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if b.Size != 7 || b.Len != v.Len || len(b.Inputs) != 7*v.Len {
			t.Fatalf("%s: a batch of %d x %d with %d inputs", v.Name, b.Size, b.Len, len(b.Inputs))
		}
		inputs = append(inputs, b.Inputs...)
		for row := range b.Size {
			if slices.Max(b.Targets[row*b.Len:(row+1)*b.Len]) >= 0 {
				sequences++
			}
		}
	}
	if err := s.Next(&b); err != io.EOF {
		t.Errorf("%s: behind its end: %v", v.Name, err)
	}
	return inputs, sequences
}

// TestRenamedFile: the data of a single file is the same under another name, and states of its
// sources can be exchanged. Other content is refused, and so is an empty fingerprint.
func TestRenamedFile(t *testing.T) {
	dir := writeFiles(t, map[string]string{"a.txt": words("AA", 90), "c.txt": words("AA", 90), "d.txt": words("AB", 90)})
	file := func(name string) *Dataset {
		return open(t, Config{Name: "text", Seq: 16, Task: &Text{Data: filepath.Join(dir, name)}}, 1)
	}
	a, renamed, other := file("a.txt"), file("c.txt"), file("d.txt")
	if a.Fingerprint != renamed.Fingerprint || a.Earlier == renamed.Earlier || a.Fingerprint == other.Fingerprint {
		t.Errorf("fingerprints %s, %s under another name, %s of another text", a.Fingerprint, renamed.Fingerprint, other.Fingerprint)
	}
	next(t, a.Train, 3)
	state, err := a.Train.State()
	if err != nil {
		t.Fatal(err)
	}
	if err := renamed.Train.Restore(state); err != nil {
		t.Error(err)
	}
	want, got := next(t, a.Train, 3), next(t, renamed.Train, 3)
	if !slices.Equal(got.Inputs, want.Inputs) {
		t.Error("the file under another name gives other sequences")
	}
	copying := open(t, Config{Name: "copy"}, 1)
	unnamed, err := copying.Train.State()
	if err != nil {
		t.Fatal(err)
	}
	unnamed = bytes.Replace(unnamed, []byte(copying.Fingerprint), nil, 1)
	for _, c := range []struct {
		d     *Dataset
		state []byte
	}{{other, state}, {copying, unnamed}} {
		if err := c.d.Train.Restore(c.state); err == nil || !strings.Contains(err.Error(), "the data or its settings have changed") {
			t.Errorf("%s: error %v", c.state, err)
		}
	}
}

// TestFingerprint: it covers contents and settings that change the sequences, not the place or the seed.
func TestFingerprint(t *testing.T) {
	hash := func(cfg Config, seed uint64) string { return open(t, cfg, seed).Fingerprint }
	text := func(task Text) Config { return Config{Name: "text", Seq: 16, Task: &task} }
	files := map[string]string{"a": words("AA", 90), "b": words("BB", 90)}
	here, there := writeFiles(t, files), writeFiles(t, files)
	if hash(text(Text{Data: here}), 1) != hash(text(Text{Data: there}), 2) {
		t.Error("the same text elsewhere has another fingerprint")
	}
	files["b"] = words("BC", 90)
	plain := Config{Name: "images", Task: &Images{Data: idxFolder(t, false)}}
	seen := map[string]Config{}
	for _, cfg := range []Config{
		text(Text{Data: here}), text(Text{Data: writeFiles(t, files)}), text(Text{Data: here, Tokenizer: "gpt2"}), text(Text{Data: here, ValidFraction: 0.5}),
		{Name: "copy"}, of("copy", &tasks.Copy{Delay: 50}), {Name: "parity"}, {Name: "modular"}, of("modular", &tasks.Modular{Modulus: 2}),
		plain, {Name: "image-pixels", Task: &ImagePixels{Data: idxFolder(t, false)}},
	} {
		h := hash(cfg, 1)
		if twin, ok := seen[h]; ok {
			t.Errorf("%s %+v and %s %+v have the same fingerprint", cfg.Name, cfg.Task, twin.Name, twin.Task)
		}
		seen[h] = cfg
	}
	if hash(Config{Name: "images", Task: &Images{Data: idxFolder(t, true)}}, 1) != hash(plain, 1) {
		t.Error("compressed images have another fingerprint")
	}
}
