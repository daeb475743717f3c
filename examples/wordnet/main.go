// Command wordnet reads the dictionary of WordNet 3.0 from Debian's package wordnet-base and prints its tree of synsets: its
// size, the path to one synset, and how long it takes to map scores of all synsets to the levels of the tree, beside the dense
// tensor of arXiv 2209.10288.
//
//	apt-get install wordnet-base
//	go run ./examples/wordnet
//	go run ./examples/wordnet -synset cat.n.01 -rows 1000
package main

import (
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"goomtrain/rng"
	"goomtrain/trees"
	"goomtrain/trees/wordnet"
)

func main() {
	folder := flag.String("dict", wordnet.Folder, "folder of the files data.noun, index.noun and so on")
	synset := flag.String("synset", "dog.n.01", "synset whose path to print: a word, the part of speech (n, v, a, s, r) and the number of the sense")
	rows := flag.Int("rows", 100, "rows of scores to map")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "wordnet: unexpected argument %q: only flags are read\n", flag.Arg(0))
		os.Exit(2)
	}
	if *rows < 1 || *rows > 10000 {
		fmt.Fprintf(os.Stderr, "wordnet: -rows: %d, want 1 to 10000\n", *rows)
		os.Exit(2)
	}
	if err := run(os.Stdout, *folder, *synset, *rows); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(w io.Writer, folder, synset string, rows int) error {
	start := time.Now()
	lexicon, err := wordnet.Open(folder)
	if err != nil {
		return err
	}
	tree, err := lexicon.Tree()
	if err != nil {
		return err
	}
	class, ok := lexicon.Find(synset)
	if !ok {
		return fmt.Errorf("wordnet: -synset: there is no synset %q; the first sense of the noun dog is dog.n.01", synset)
	}
	fmt.Fprintf(w, "read in %.2f s\n\n", time.Since(start).Seconds())
	if err := statistics(w, lexicon, tree); err != nil {
		return err
	}
	path(w, lexicon, tree, class)
	timing(w, tree, rows)
	return nil
}

// statistics prints the size of the tree.
func statistics(w io.Writer, lexicon *wordnet.Lexicon, tree *trees.Tree) error {
	several := 0
	for _, s := range lexicon.Synsets {
		if len(s.Hypernyms) > 1 {
			several++
		}
	}
	fmt.Fprintf(w, "%d synsets at %d levels, %d roots, %d synsets with several hypernyms, of which the last is the parent\n\n", tree.Classes(), tree.Levels(), len(tree.At(0)), several)
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "level\tsynsets\tfor example\t")
	for level := range tree.Levels() {
		classes := tree.At(level)
		fmt.Fprintf(t, "%d\t%d\t%s\t\n", level, len(classes), lexicon.Synsets[classes[len(classes)/2]].Name)
	}
	return t.Flush()
}

// path prints the path down to a synset.
func path(w io.Writer, lexicon *wordnet.Lexicon, tree *trees.Tree, class int32) {
	var names []string
	for _, c := range tree.Path(class) {
		names = append(names, lexicon.Synsets[c].Name)
	}
	s := lexicon.Synsets[class]
	fmt.Fprintf(w, "\n%s (%s): %s\n%s\n", s.Name, strings.Join(s.Words, ", "), s.Gloss, strings.Join(names, " -> "))
}

// timing prints how long it takes to map random scores, to the dense tensor too, and to compute the loss of random labels.
func timing(w io.Writer, tree *trees.Tree, rows int) {
	n, r := tree.Classes(), rng.New(1, "scores")
	scores, dscores, labels := make([]float32, rows*n), make([]float32, rows*n), make([]int32, rows)
	for i := range scores {
		scores[i] = float32(r.Float64())
	}
	for i := range labels {
		labels[i] = int32(r.IntN(n))
	}
	sorted, loss := trees.NewScores[float32](tree, rows), trees.NewLoss[float32](tree, rows)
	few := min(rows, 4)
	dense := make([]float32, few*tree.Levels()*n)
	mapped := perRow(rows, func() { sorted.Map(scores) })
	slow := perRow(few, func() { trees.MapDense(tree, dense, scores[:few*n], float32(math.Inf(-1))) })
	both := perRow(rows, func() {
		loss.Forward(scores, labels)
		loss.Backward(dscores, scores, 1)
	})
	fmt.Fprintf(w, "\n%d rows of scores of all synsets; each row takes\n", rows)
	fmt.Fprintf(w, "  %7.3f ms  %5.2f MB  sorted by level\n", mapped, 4e-6*float64(n))
	fmt.Fprintf(w, "  %7.3f ms  %5.2f MB  as a dense tensor: %.0f times the time\n", slow, 4e-6*float64(n*tree.Levels()), slow/mapped)
	fmt.Fprintf(w, "  %7.3f ms            for the loss and its gradient\n", both)
}

// perRow returns the milliseconds that f takes for each row, when it runs for the second time.
func perRow(rows int, f func()) float64 {
	f() // finds new memory
	start := time.Now()
	f()
	return 1e3 * time.Since(start).Seconds() / float64(rows)
}
