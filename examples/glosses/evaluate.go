package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"text/tabwriter"

	"goomtrain/executor"
	"goomtrain/trees"
)

// A tally counts, at each level of the tree, the test glosses whose path reaches it.
type tally struct {
	counted []int
	own     []int     // correct by the level's own softmax, or of flat scores the ancestor of the best class
	joint   []int     // correct by the whole path, or of flat scores by the sum over the classes below
	nats    []float64 // sum of -ln of the probability of the right class among those of the level
}

func newTally(levels int) *tally {
	return &tally{make([]int, levels), make([]int, levels), make([]int, levels), make([]float64, levels)}
}

// add counts a gloss of that path, of which the level's predictions and probabilities are these.
func (t *tally) add(path, own, joint []int32, logs func(class int32) float64) {
	for l, class := range path {
		t.counted[l]++
		t.nats[l] -= logs(class)
		if own[l] == class {
			t.own[l]++
		}
		if joint[l] == class {
			t.joint[l]++
		}
	}
}

// evaluate counts the predictions of a model for the test glosses. Its scores are of the classes at each level or, if flat,
// of all classes together.
func evaluate(m *model, t *task, flat bool) (*tally, error) {
	const rows = 500
	b := newBatch(rows)
	g, node := m.graph(b)
	run, err := executor.New(g.ExprGraph, node)
	if err != nil {
		return nil, err
	}
	read := byLevel
	if flat {
		read = byClass
	}
	total := newTally(t.tree.Levels())
	for some := range slices.Chunk(t.test, rows) {
		b.fill(some)
		if err := run.RunAll(); err != nil {
			return nil, err
		}
		scores, err := run.Value(node)
		if err != nil {
			return nil, err
		}
		if err := read(total, t.tree, scores.Data().([]float32), some); err != nil {
			return nil, err
		}
	}
	return total, nil
}

// byLevel reads scores [N, C] that compete at each level.
func byLevel(total *tally, tree *trees.Tree, scores []float32, glosses []gloss) error {
	n := tree.Classes()
	sorted, logs, paths := trees.NewScores[float32](tree, len(scores)/n), make([]float64, n), make([]float32, len(scores))
	sorted.Map(scores)
	sorted.LogSoftmax()
	sorted.AddPaths(paths)
	for r, g := range glosses {
		own, joint := make([]int32, tree.Levels()), make([]int32, tree.Levels())
		for l := range own {
			for i, c := range tree.At(l) {
				logs[c] = float64(sorted.Level(r, l)[i])
			}
			own[l] = sorted.Best(r, l)
			joint[l] = best(tree.At(l), func(c int32) float64 { return float64(paths[r*n+int(c)]) })
		}
		total.add(tree.Path(g.class), own, joint, func(c int32) float64 { return logs[c] })
	}
	return nil
}

// byClass reads scores [N, C] of which all classes compete. The probability of a class at its level is its own and those of
// all classes below.
func byClass(total *tally, tree *trees.Tree, scores []float32, glosses []gloss) error {
	one, err := flatTree(tree.Classes())
	if err != nil {
		return err
	}
	n := tree.Classes()
	sorted, p := trees.NewScores[float32](one, len(scores)/n), make([]float64, n)
	sorted.Map(scores)
	sorted.LogSoftmax()
	for r, g := range glosses {
		for c, log := range sorted.Level(r, 0) {
			p[c] = math.Exp(float64(log))
		}
		for l := tree.Levels() - 1; l > 0; l-- {
			for _, c := range tree.At(l) {
				p[tree.Parent(c)] += p[c]
			}
		}
		own, joint := make([]int32, tree.Levels()), make([]int32, tree.Levels())
		path := tree.Path(sorted.Best(r, 0))
		for l := range own {
			if own[l] = -1; l < len(path) {
				own[l] = path[l]
			}
			joint[l] = best(tree.At(l), func(c int32) float64 { return p[c] })
		}
		total.add(tree.Path(g.class), own, joint, func(c int32) float64 { return math.Log(max(p[c], 1e-300)) })
	}
	return nil
}

// best returns the class of the largest value.
func best(classes []int32, value func(c int32) float64) int32 {
	return slices.MaxFunc(classes, func(a, b int32) int {
		switch x, y := value(a), value(b); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
}

// flatTree returns classes without parents, whose loss is the ordinary cross-entropy.
func flatTree(classes int) (*trees.Tree, error) {
	return trees.New(slices.Repeat([]int32{-1}, classes))
}

// print writes a table of the levels, and the mean over all pairs of a gloss and a level.
func (t *tally) print(w io.Writer, flat bool) {
	own, joint := "own softmax", "whole path"
	if flat {
		own, joint = "best class", "sums"
	}
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "level\tglosses\t%s\t%s\tnats\t\n", own, joint)
	row := func(name string, counted, own, joint int, nats float64) {
		n := float64(counted)
		fmt.Fprintf(table, "%s\t%d\t%.1f %%\t%.1f %%\t%.3f\t\n", name, counted, 100*float64(own)/n, 100*float64(joint)/n, nats/n)
	}
	for l, n := range t.counted {
		row(strconv.Itoa(l+1), n, t.own[l], t.joint[l], t.nats[l])
	}
	row("all", sum(t.counted), sum(t.own), sum(t.joint), sum(t.nats))
	table.Flush()
}

// share returns the percentage that some are of all pairs of a gloss and a level.
func (t *tally) share(some []int) float64 { return 100 * float64(sum(some)) / float64(sum(t.counted)) }

// meanNats returns the mean over all pairs.
func (t *tally) meanNats() float64 { return sum(t.nats) / float64(sum(t.counted)) }

func sum[N int | float64](x []N) (total N) {
	for _, v := range x {
		total += v
	}
	return total
}
