// Command glosses learns to put the nouns of WordNet into the tree of their hypernyms, from their definitions. It trains one
// model with the loss over every level of the tree (arXiv 2209.10288) and the same model with an ordinary softmax over all
// classes, and prints the accuracy at each level on a tenth of the definitions, which training did not see.
//
//	apt-get install wordnet-base
//	go run ./examples/glosses
package main

import (
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"goomtrain/layers"
	"goomtrain/parallel"
	"goomtrain/rng"
	"goomtrain/trees"
	"goomtrain/trees/wordnet"
)

// options are the command's flags.
type options struct {
	folder, mixer, out   string
	depth, least         int
	width, batch, epochs int
	lr                   float64
	seeds, threads       int
}

func main() {
	o := options{}
	flag.StringVar(&o.folder, "dict", wordnet.Folder, "folder of the files data.noun, index.noun and so on")
	flag.StringVar(&o.mixer, "mixer", "gla", "mixer of the block, one of those of layers.MixerNames")
	flag.IntVar(&o.depth, "depth", 7, "levels of hypernyms below entity")
	flag.IntVar(&o.least, "least", 100, "nouns at least below a hypernym that is a class")
	flag.IntVar(&o.width, "width", 64, "width of the model, a multiple of 16")
	flag.IntVar(&o.batch, "batch", 128, "glosses of a step")
	flag.IntVar(&o.epochs, "epochs", 3, "passes over the glosses")
	flag.Float64Var(&o.lr, "lr", 4e-3, "largest learning rate of AdamW")
	flag.IntVar(&o.seeds, "seeds", 1, "runs with each loss, with seeds 1, 2, ...")
	flag.IntVar(&o.threads, "threads", 1, "threads")
	flag.StringVar(&o.out, "out", "", "picture to write (.png, .svg, .pdf); empty for none")
	flag.Parse()
	err := o.check()
	if flag.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q: only flags are read", flag.Arg(0))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "glosses:", err)
		os.Exit(2)
	}
	parallel.SetThreads(o.threads)
	if err := run(os.Stdout, o); err != nil {
		fmt.Fprintln(os.Stderr, "glosses:", err)
		os.Exit(1)
	}
}

func (o *options) check() error {
	for _, c := range []struct {
		flag          string
		value, lo, hi int
	}{{"depth", o.depth, 1, 20}, {"least", o.least, 1, 1 << 20}, {"width", o.width, 16, 1 << 12}, {"batch", o.batch, 1, 1 << 16},
		{"epochs", o.epochs, 1, 1000}, {"seeds", o.seeds, 1, 100}, {"threads", o.threads, 1, 1 << 10}} {
		if c.value < c.lo || c.value > c.hi {
			return fmt.Errorf("-%s: %d, want %d to %d", c.flag, c.value, c.lo, c.hi)
		}
	}
	if o.width%16 != 0 {
		return fmt.Errorf("-width: %d, want a multiple of 16", o.width)
	}
	if !(o.lr > 0) || math.IsInf(o.lr, 1) {
		return fmt.Errorf("-lr: %v, want a number above 0", o.lr)
	}
	if o.out != "" { // known before the training, which takes minutes
		if !slices.Contains([]string{".png", ".svg", ".pdf"}, filepath.Ext(o.out)) {
			return fmt.Errorf("-out: %q, want a file of the type .png, .svg or .pdf", o.out)
		}
		if s, err := os.Stat(filepath.Dir(o.out)); err != nil || !s.IsDir() {
			return fmt.Errorf("-out: no folder %s", filepath.Dir(o.out))
		}
	}
	_, err := layers.FindMixer(o.mixer)
	return err
}

func run(w io.Writer, o options) error {
	lexicon, err := wordnet.Open(o.folder)
	if err != nil {
		return err
	}
	t, err := newTask(lexicon, o.depth, o.least)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%d glosses for training and %d for the test, %d words, %d classes at %d levels:", len(t.train), len(t.test), t.vocab, t.tree.Classes(), t.tree.Levels())
	for l := range t.tree.Levels() {
		fmt.Fprintf(w, " %d", len(t.tree.At(l)))
	}
	fmt.Fprintln(w)
	flat, err := flatTree(t.tree.Classes())
	if err != nil {
		return err
	}
	var results [2][]*tally // by loss
	for seed := 1; seed <= o.seeds; seed++ {
		for i, loss := range []struct {
			name string
			tree *trees.Tree
		}{{"tree", t.tree}, {"flat", flat}} {
			start := time.Now()
			m, last, err := fit(t, o, uint64(seed), loss.tree)
			if err != nil {
				return err
			}
			seconds := time.Since(start).Seconds()
			result, err := evaluate(m, t, loss.tree == flat)
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "\n%s loss, seed %d: %.0f s of training, training loss %.3f\n", loss.name, seed, seconds, last)
			result.print(w, loss.tree == flat)
			results[i] = append(results[i], result)
		}
	}
	for i, name := range []string{"tree", "flat"} {
		fmt.Fprintf(w, "\n%s loss, medians of all levels: %.1f %%, %.1f %%, %.3f nats\n", name, median(results[i], func(t *tally) float64 { return t.share(t.own) }),
			median(results[i], func(t *tally) float64 { return t.share(t.joint) }), median(results[i], (*tally).meanNats))
	}
	if o.out == "" {
		return nil
	}
	if err := picture(o.out, results[0], results[1]); err != nil {
		return err
	}
	fmt.Fprintln(w, "picture:", o.out)
	return nil
}

// fit trains a model with the loss over that tree, and returns the mean loss of the last pass.
func fit(t *task, o options, seed uint64, tree *trees.Tree) (m *model, last float64, err error) {
	m = newModel(seed, t, o.mixer, o.width)
	passes := len(t.train) / o.batch
	if passes == 0 {
		return nil, 0, fmt.Errorf("-batch %d: only %d glosses", o.batch, len(t.train))
	}
	steps, r, order := o.epochs*passes, rng.New(seed, "order"), slices.Clone(t.train)
	tr, err := newTrainer(m, tree, o.batch, steps, o.lr)
	if err != nil {
		return nil, 0, err
	}
	for epoch := range o.epochs {
		for i, j := range r.Perm(len(order)) {
			order[i] = t.train[j]
		}
		last = 0
		for s := range passes {
			loss, err := tr.step(order[s*o.batch:(s+1)*o.batch], epoch*passes+s+1)
			if err != nil {
				return nil, 0, err
			}
			last += loss / float64(passes)
		}
	}
	return m, last, nil
}
