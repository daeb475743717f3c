package trees

import (
	"os"
	"testing"

	"goomtrain/internal/kernels/workspace"
	"goomtrain/rng"
)

func TestMain(m *testing.M) {
	workspace.Poison()
	os.Exit(m.Run())
}

// pets is the tree of the reference implementation's README: dog, other, and below dog: small dog, big dog, and below big
// dog: happy big dog, angry big dog.
var pets = []int32{-1, -1, 0, 0, 3, 3}

// grown returns parents drawn at random: class c has one of those drawn before it, or none, and the numbers are then
// shuffled, so that parents also have larger numbers than their children.
func grown(classes, seed int) []int32 {
	r := rng.New(uint64(seed), "tree")
	number := make([]int32, classes)
	for i := range number {
		j := r.IntN(i + 1)
		number[i], number[j] = number[j], int32(i)
	}
	parents := make([]int32, classes)
	for i := range parents {
		if parents[number[i]] = -1; r.IntN(8) > 0 && i > 0 {
			parents[number[i]] = number[r.IntN(i)]
		}
	}
	return parents
}

// chain returns n classes, each the parent of the one before it.
func chain(n int) []int32 {
	parents := make([]int32, n)
	for c := range parents {
		parents[c] = int32(c) + 1
	}
	parents[n-1] = -1
	return parents
}

// shapes are trees of awkward sizes: one class, one level, one class a level, several roots, sorted and not.
func shapes(t testing.TB) map[string]*Tree {
	all := map[string]*Tree{}
	for name, parents := range map[string][]int32{
		"one class": {-1}, "one level": {-1, -1, -1}, "pair": {1, -1}, "pets": pets, "chain": chain(63),
		"7": grown(7, 1), "63": grown(63, 2), "1000": grown(1000, 3), "wide": append([]int32{-1}, make([]int32, 1030)...),
	} {
		tree, err := New(parents)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = tree
	}
	all["63 by level"], _ = all["63"].ByLevel()
	all["1000 by level"], _ = all["1000"].ByLevel()
	return all
}

// labels returns labels of rows in which every fourth is -1.
func labels(t *Tree, rows int) []int32 {
	r := rng.New(1, "labels")
	labels := make([]int32, rows)
	for i := range labels {
		if labels[i] = int32(r.IntN(t.Classes())); i%4 == 3 {
			labels[i] = -1
		}
	}
	return labels
}
