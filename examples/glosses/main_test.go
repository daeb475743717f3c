package main

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"goomtrain/trees"
	"goomtrain/trees/wordnet"
)

// nouns is a small task on the dictionary of the system. Without one it skips the test.
func nouns(t *testing.T) *task {
	t.Helper()
	if _, err := os.Stat(wordnet.Folder); errors.Is(err, fs.ErrNotExist) {
		t.Skip("the Debian package wordnet-base is not installed")
	}
	lexicon, err := wordnet.Open(wordnet.Folder)
	if err != nil {
		t.Fatal(err)
	}
	task, err := newTask(lexicon, 3, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newTask(lexicon, 3, 1<<20); err == nil || !strings.Contains(err.Error(), "no hypernym") {
		t.Errorf("%v", err)
	}
	return task
}

// TestLearns: both losses learn in a few steps what a constant answer does not reach, and every gloss has its class.
func TestLearns(t *testing.T) {
	all := nouns(t)
	if len(all.train) != 73895 || len(all.test) != 8210 { // all nouns but entity and 9 below a class that is too small
		t.Errorf("%d and %d glosses", len(all.train), len(all.test))
	}
	if !slices.Contains(all.names, "physical_entity.n.01") || all.tree.Levels() != 3 {
		t.Errorf("%d levels of classes %q", all.tree.Levels(), all.names)
	}
	all.train, all.test = all.train[:8000], all.test[:1000]
	flat, err := flatTree(all.tree.Classes())
	if err != nil {
		t.Fatal(err)
	}
	o := options{mixer: "gla", width: 16, batch: 64, epochs: 2, lr: 1e-2}
	for _, loss := range []*trees.Tree{all.tree, flat} {
		m, last, err := fit(all, o, 1, loss)
		if err != nil {
			t.Fatal(err)
		}
		result, err := evaluate(m, all, loss == flat)
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		result.print(&text, loss == flat)
		t.Logf("training loss %.3f\n%s", last, text.String())
		frequent := make([]int, all.tree.Classes())
		for _, g := range all.test {
			frequent[all.tree.Path(g.class)[0]]++
		}
		if most := slices.Max(frequent); result.joint[0] < most+(len(all.test)-most)/4 {
			t.Errorf("%d of %d correct at level 1, and %d have the most frequent class", result.joint[0], len(all.test), most)
		}
	}
	o.batch = 9000
	if _, _, err := fit(all, o, 1, flat); err == nil || !strings.Contains(err.Error(), "only 8000 glosses") {
		t.Errorf("%v", err)
	}
}

func TestWords(t *testing.T) {
	if got, want := words(`a dog's (large) DOG, no. 2; "the dog barked"`), []string{"a", "dog", "s", "large", "dog", "no", "2"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if n := len(words(strings.Repeat("word ", 30))); n != longest {
		t.Errorf("%d words", n)
	}
	if got := vocabulary(map[string]int{"b": 3, "a": 3, "c": 2, "d": 4}); len(got) != 3 || got["d"] != 1 || got["a"] != 2 || got["b"] != 3 {
		t.Errorf("%v", got)
	}
}

// TestTallies counts by hand: classes 0 and 1, and below 0 classes 2 and 3.
func TestTallies(t *testing.T) {
	tree, err := trees.New([]int32{-1, -1, 0, 0})
	if err != nil {
		t.Fatal(err)
	}
	log := func(p ...float64) (x []float32) {
		for _, v := range p {
			x = append(x, float32(math.Log(v)))
		}
		return x
	}
	// level 0 prefers 1, and only the whole path through 0 exists for level 1
	byLevelTally := newTally(2)
	if err := byLevel(byLevelTally, tree, log(0.4, 0.6, 0.1, 0.9), []gloss{{class: 3}}); err != nil {
		t.Fatal(err)
	}
	check(t, "level", byLevelTally, []int{1, 1}, []int{0, 1}, []int{0, 1}, []float64{-math.Log(0.4), -math.Log(0.9)})
	// the best class is 1, but 0, 2 and 3 together have more
	byClassTally := newTally(2)
	if err := byClass(byClassTally, tree, log(0.1, 0.4, 0.2, 0.3), []gloss{{class: 3}}); err != nil {
		t.Fatal(err)
	}
	check(t, "class", byClassTally, []int{1, 1}, []int{0, 0}, []int{1, 1}, []float64{-math.Log(0.6), -math.Log(0.3)})
}

func check(t *testing.T, name string, got *tally, counted, own, joint []int, nats []float64) {
	t.Helper()
	if !slices.Equal(got.counted, counted) || !slices.Equal(got.own, own) || !slices.Equal(got.joint, joint) {
		t.Errorf("%s: %+v, want %v, %v, %v", name, got, counted, own, joint)
	}
	for l, v := range got.nats {
		if math.Abs(v-nats[l]) > 1e-6 {
			t.Errorf("%s: level %d: %v nats, want %v", name, l, v, nats[l])
		}
	}
}

// TestBatch: the last word of each gloss is where the mean over its words ends; nothing of a batch before remains.
func TestBatch(t *testing.T) {
	b := newBatch(2)
	b.fill([]gloss{{words: []int32{3, 4}, class: 1}, {words: []int32{5, 6, 7}, class: 2}})
	b.fill([]gloss{{words: []int32{8, 9}, class: 3}})
	if !slices.Equal(b.ends, []int32{1, 0}) || !slices.Equal(b.labels, []int32{3, -1}) {
		t.Errorf("ends %v, labels %v", b.ends, b.labels)
	}
	if want := append([]int32{8, 9}, make([]int32, 2*longest-2)...); !slices.Equal(b.words, want) {
		t.Errorf("words %v", b.words)
	}
}

func TestOptions(t *testing.T) {
	good := options{mixer: "gla", depth: 7, least: 100, width: 64, batch: 128, epochs: 3, lr: 1e-3, seeds: 1, threads: 1}
	if err := good.check(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(o *options){
		"-depth: 0":   func(o *options) { o.depth = 0 },
		"-width: 40":  func(o *options) { o.width = 40 },
		"-lr: NaN":    func(o *options) { o.lr = math.NaN() },
		"-lr: +Inf":   func(o *options) { o.lr = math.Inf(1) },
		"-out: no fo": func(o *options) { o.out = "no such folder/glosses.png" },
		`-out: "a.x"`: func(o *options) { o.out = "a.x" },
		"-seeds: 101": func(o *options) { o.seeds = 101 },
		"glaa":        func(o *options) { o.mixer = "glaa" },
	} {
		o := good
		if change(&o); o.check() == nil || !strings.Contains(o.check().Error(), name) {
			t.Errorf("%s: %v", name, o.check())
		}
	}
}
