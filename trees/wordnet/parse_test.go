package wordnet

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// small reads the dictionary of testdata/dict, nine synsets: a root with two kinds, one of which has a kind with two hypernyms
// and of that an instance; a verb with frames, an adjective with a marker and its satellite, and an adverb of ten words.
func small(t testing.TB) (files [len(parts)]dictionary) {
	t.Helper()
	for i, part := range parts {
		for kind, text := range map[string]*string{"data.": &files[i].data, "index.": &files[i].index} {
			b, err := os.ReadFile(filepath.Join("testdata", "dict", kind+part.file))
			if err != nil {
				t.Fatal(err)
			}
			*text = string(b)
		}
	}
	return files
}

func TestParse(t *testing.T) {
	files := small(t)
	l, err := parse(files)
	if err != nil {
		t.Fatal(err)
	}
	want := []Synset{
		{"entity.n.01", []string{"entity"}, "what is", nil},
		{"pet.n.01", []string{"pet"}, "an animal at home", []int32{0}},
		{"dog.n.01", []string{"Dog", "domestic_dog"}, `barks; "a dog | barked"`, []int32{3, 1}}, // animal, pet: by name
		{"animal.n.01", []string{"animal"}, "lives", []int32{0}},
		{"dog.n.02", []string{"dog"}, "Laika", []int32{2, 3}}, // what it is an instance of comes last
		{"bark.v.01", []string{"bark"}, "sound as a dog", nil},
		{"alone.a.01", []string{"alone"}, "without others", nil},
		{"lone.s.01", []string{"lone"}, "the same", nil},
		{"a.r.01", strings.Split("abcdefghij", ""), "ten words", nil},
	}
	for c, s := range l.Synsets {
		if !reflect.DeepEqual(s, want[c]) {
			t.Errorf("%d: %+v, want %+v", c, s, want[c])
		}
		if class, ok := l.Find(s.Name); !ok || int(class) != c {
			t.Errorf("%s is found at %d", s.Name, class)
		}
	}
	if _, ok := l.Find("cat.n.01"); ok {
		t.Error("there is a cat")
	}
	tree, err := l.Tree()
	if err != nil {
		t.Fatal(err)
	}
	if path := tree.Path(4); len(l.Synsets) != len(want) || tree.Levels() != 3 || !reflect.DeepEqual(path, []int32{0, 3, 4}) {
		t.Errorf("%d synsets, %d levels, path %v", len(l.Synsets), tree.Levels(), path)
	}
}

func TestWrongFiles(t *testing.T) {
	for _, c := range []struct {
		old, new string // in the files of nouns
		want     string
	}{
		{"00000076 03 n 01 entity", "00000075 03 n 01 entity", "data.noun:2: the synset of offset 00000075 stands at offset 00000076: the file has been changed"},
		{"| lives  \n", "| lives  ", "index.noun:3: no synset stands at offset 00000404 of data.noun"},
		{"@ 00000221 n 0000 | Laika  \n", "@ 00000221 n", "data.noun:6: the file ends in the middle of a line"},
		{"@ 00000221 n 0000 | Laika", "@ 00000221 n | Laika", "data.noun:6: the line is cut off"},
		{" | Laika", "", "data.noun:6: no gloss after a |"},
		{"03 n 01 entity 0", "03 v 01 entity 0", `data.noun:2: "v" is no type of a synset of this file`},
		{"03 n 01 entity 0", "03 nn 01 entity 0", `data.noun:2: "nn" is no type`},
		{"n 01 entity 0 ", "n 00 ", "data.noun:2: a synset without words"},
		{"n 01 entity 0 ", "n fff entity 0 ", `data.noun:2: "fff" is no number of words`},
		{"n 01 entity 0 ", "n ff entity 0 ", "data.noun:2: the line is cut off"},
		{"entity 0 002", "entity 0 999", "data.noun:2: the line is cut off"},
		{"entity 0 002", "entity 0 -02", `data.noun:2: "-02" is no number of pointers`},
		{"@ 00000221 n 0000 | Laika", "@ 00000221 x 0000 | Laika", `data.noun:6: "x" is no part of speech`},
		{"@ 00000221 n 0000 | Laika", "@ 00000221 nv 0000 | Laika", `data.noun:6: "nv" is no part of speech`},
		{"@ 00000221 n 0000 | Laika", "@ 00000222 n 0000 | Laika", "data.noun:6: no synset stands at offset 00000222 of data.noun"},
		{"@ 00000221 n 0000 | Laika", "@ 00000221 v 0000 | Laika", "data.noun:6: no synset stands at offset 00000221 of data.verb"},
		{"@ 00000221 n 0000 | Laika", "@ 99999999999 n 0000 | Laika", `data.noun:6: "99999999999" is no offset`},
		{"pet n 1 0 1 0 00000154  \n", "", "index.noun does not list pet at offset 00000154 of data.noun"},
		{"pet n 1 0 1 0 00000154", "pet n 1 0 1 0 00000155", "index.noun:6: no synset stands at offset 00000155 of data.noun"},
		{"pet n 1 0 1 0 00000154", "pet n 2 0 1 0 00000154", "index.noun:6: the line is cut off"},
		{"pet n 1 0 1 0 00000154", "pet n 1 65535 1 0 00000154", "index.noun:6: the line is cut off"},
		{"pet n 1 0 1 0 00000154", "pet n 99999 0 1 0 00000154", `index.noun:6: "99999" is no number of senses`},
	} {
		files := small(t)
		text := files[0].data + "\x00" + files[0].index
		if strings.Count(text, c.old) != 1 {
			t.Fatalf("%q occurs %d times", c.old, strings.Count(text, c.old))
		}
		files[0].data, files[0].index, _ = strings.Cut(strings.Replace(text, c.old, c.new, 1), "\x00")
		if _, err := parse(files); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q for %q: %v, want %s", c.new, c.old, err, c.want)
		}
	}
}

// TestMarkers: a marker is no part of the word, and a word is never empty.
func TestMarkers(t *testing.T) {
	for word, want := range map[string]string{"alone(p)": "alone", "former(a)": "former", "galore(ip)": "galore", "(p)": "(p)", "two(x)": "two(x)"} {
		if got := withoutMarker(word); got != want {
			t.Errorf("%q without a marker is %q, want %q", word, got, want)
		}
	}
}

// TestCycle: hypernyms that lead back to a synset are no tree.
func TestCycle(t *testing.T) {
	files := small(t)
	files[0].data = strings.Replace(files[0].data, "~ 00000154 n", "@ 00000154 n", 1)
	l, err := parse(files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Tree(); err == nil || !strings.Contains(err.Error(), "its own ancestor") {
		t.Errorf("%v", err)
	}
}

func TestTwoOfOneName(t *testing.T) {
	files := small(t)
	files[0].index = strings.Replace(files[0].index, "dog n 2 3 @ @i #m 2 1 00000221 00000404", "dog n 1 0 1 0 00000221  \ndog n 1 0 1 0 00000404", 1)
	if _, err := parse(files); err == nil || !strings.Contains(err.Error(), "are both dog.n.01") {
		t.Errorf("%v", err)
	}
}

func TestOpen(t *testing.T) {
	folder := t.TempDir()
	_, err := Open(folder)
	if err == nil || !strings.Contains(err.Error(), "apt-get install wordnet-base") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
	files := small(t)
	for i, part := range parts {
		for name, text := range map[string]string{"data." + part.file: files[i].data, "index." + part.file: files[i].index} {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if l, err := Open(folder); err != nil || len(l.Synsets) != 9 {
		t.Errorf("%v", err)
	}
	if err := os.Remove(filepath.Join(folder, "index.adv")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(folder); err == nil || !strings.Contains(err.Error(), "no file index.adv in "+folder) {
		t.Errorf("%v", err)
	}
	if err := os.Mkdir(filepath.Join(folder, "index.adv"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(folder); err == nil || !strings.Contains(err.Error(), "folder") {
		t.Errorf("%v", err)
	}
}

// FuzzParse: no text makes the reader fail otherwise than by an error, and what it accepts is consistent.
func FuzzParse(f *testing.F) {
	files := small(f)
	f.Add(files[0].data, files[0].index)
	f.Add(files[0].data[:200], files[0].index)
	f.Add("", "")
	f.Add("00000000 03 n 01 a 0 001 @ 00000000 n 0000 |\n", "a n 1 0 1 0 00000000\n")
	f.Fuzz(func(t *testing.T, data, index string) {
		files := small(t)
		files[0] = dictionary{data, index}
		l, err := parse(files)
		if err != nil {
			return
		}
		for c, s := range l.Synsets {
			if class, ok := l.Find(s.Name); !ok || int(class) != c {
				t.Errorf("%s is found at %d, want %d", s.Name, class, c)
			}
			for _, h := range s.Hypernyms {
				if h < 0 || int(h) >= len(l.Synsets) {
					t.Errorf("%s has the hypernym %d", s.Name, h)
				}
			}
		}
		if tree, err := l.Tree(); err == nil && tree.Classes() != len(l.Synsets) {
			t.Errorf("%d classes, want %d", tree.Classes(), len(l.Synsets))
		}
	})
}
