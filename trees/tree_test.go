package trees

import (
	"slices"
	"strings"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
)

func TestPets(t *testing.T) {
	tree, err := New(pets)
	if err != nil {
		t.Fatal(err)
	}
	if tree.Classes() != 6 || tree.Levels() != 3 {
		t.Errorf("%d classes, %d levels", tree.Classes(), tree.Levels())
	}
	// the figure of the reference's README
	if got, want := tree.Paths(), []int32{0, -1, -1, 1, -1, -1, 0, 2, -1, 0, 3, -1, 0, 3, 4, 0, 3, 5}; !slices.Equal(got, want) {
		t.Errorf("paths %v, want %v", got, want)
	}
	for l, want := range [][]int32{{0, 1}, {2, 3}, {4, 5}} {
		if got := tree.At(l); !slices.Equal(got, want) {
			t.Errorf("level %d: %v, want %v", l, got, want)
		}
	}
	if p := tree.Parent(5); p != 3 {
		t.Errorf("the parent of 5 is %d", p)
	}
}

// TestTreeAgrees: levels, paths, places and order of trees of all shapes follow from the parents.
func TestTreeAgrees(t *testing.T) {
	for name, tree := range shapes(t) {
		seen := 0
		for l := range tree.Levels() {
			if len(tree.At(l)) == 0 || !slices.IsSorted(tree.At(l)) {
				t.Errorf("%s: level %d has the classes %v", name, l, tree.At(l))
			}
			for _, c := range tree.At(l) {
				if seen++; tree.Level(c) != l {
					t.Errorf("%s: class %d of level %d stands at level %d", name, c, tree.Level(c), l)
				}
				path := tree.Path(c)
				if len(path) != l+1 || path[l] != c || tree.Parent(path[0]) != -1 {
					t.Errorf("%s: class %d of level %d has the path %v", name, c, l, path)
				}
				if l > 0 && !slices.Equal(path[:l], tree.Path(tree.Parent(c))) {
					t.Errorf("%s: the path %v does not begin with that of its parent", name, path)
				}
			}
		}
		if seen != tree.Classes() {
			t.Errorf("%s: %d classes at all levels, want %d", name, seen, tree.Classes())
		}
	}
}

func TestByLevel(t *testing.T) {
	for name, tree := range shapes(t) {
		sorted, old := tree.ByLevel()
		if !sorted.sorted {
			t.Errorf("%s: not sorted", name)
		}
		for c, o := range old {
			path := sorted.Path(int32(c))
			for i := range path {
				path[i] = old[path[i]]
			}
			if want := tree.Path(o); !slices.Equal(path, want) {
				t.Errorf("%s: class %d, once %d, has the path %v, want %v", name, c, o, path, want)
			}
		}
	}
	if tree, _ := New(pets); !tree.sorted {
		t.Error("pets are not sorted")
	}
	if tree, _ := New([]int32{1, -1}); tree.sorted {
		t.Error("a child before its parent is sorted")
	}
}

func TestWrongTrees(t *testing.T) {
	for _, c := range []struct {
		name    string
		parents []int32
		want    string
	}{
		{"empty", nil, "trees: no classes"},
		{"parent too large", []int32{-1, 2}, "trees: class 1 has the parent 2, want -1 for a root or a class below 2"},
		{"parent below -1", []int32{-2, 0}, "trees: class 0 has the parent -2, want -1 for a root or a class below 2"},
		{"its own parent", []int32{-1, 1}, "trees: class 1 is its own ancestor, 1 classes above"},
		{"cycle", []int32{-1, 2, 3, 1, 0}, "trees: class 1 is its own ancestor, 3 classes above"},
		{"below a cycle", []int32{2, 3, 1, 2}, "trees: class 2 is its own ancestor, 3 classes above"},
	} {
		if _, err := New(c.parents); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	for _, c := range []struct {
		name  string
		paths [][]int32
		want  string
	}{
		{"empty", nil, "trees: no classes"},
		{"empty path", [][]int32{{0}, {}}, "the path [] of class 1 does not end in it"},
		{"only padding", [][]int32{{-1}}, "the path [] of class 0 does not end in it"},
		{"other padding", [][]int32{{0}, {1, -2}}, "the path [1 -2] of class 1 does not end in it"},
		{"another's path", [][]int32{{0}, {1, 0}}, "the path [1 0] of class 1 does not end in it"},
		{"no such parent", [][]int32{{0}, {7, 1}}, "class 1 has the parent 7"},
		{"padding inside", [][]int32{{0}, {0, -1, 1}}, "class 1 has the path [0 -1 1], but by the paths of its ancestors [1]"},
		{"another path to the parent", [][]int32{{0}, {1}, {0, 2}, {1, 2, 3}}, "class 3 has the path [1 2 3], but by the paths of its ancestors [0 2 3]"},
		{"cycle", [][]int32{{1, 0}, {0, 1}}, "its own ancestor"},
	} {
		if _, err := FromPaths(c.paths); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	tree, _ := New(pets)
	kerneltest.Panics(t, "no such class", func() { tree.Path(6) })
	kerneltest.Panics(t, "class -1", func() { tree.Level(-1) })
	kerneltest.Panics(t, "no such level", func() { tree.At(3) })
}

func TestFromPaths(t *testing.T) {
	for name, tree := range shapes(t) {
		paths := make([][]int32, tree.Classes())
		for c, all := 0, tree.Paths(); c < len(paths); c++ {
			paths[c] = all[c*tree.Levels():][:tree.Levels()]
		}
		same, err := FromPaths(paths)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !slices.Equal(same.parent, tree.parent) {
			t.Errorf("%s: parents %v, want %v", name, same.parent, tree.parent)
		}
	}
}

// TestMapLabels: -1 stays padding, which the reference implementation maps to the last class.
func TestMapLabels(t *testing.T) {
	tree, _ := New(pets)
	paths := slices.Repeat([]int32{99}, 9)
	if err := tree.MapLabels(paths, []int32{4, -1, 1}); err != nil {
		t.Fatal(err)
	}
	if want := []int32{0, 3, 4, -1, -1, -1, 1, -1, -1}; !slices.Equal(paths, want) {
		t.Errorf("%v, want %v", paths, want)
	}
	for label, want := range map[int32]string{
		6:  "trees: label 6 at position 2, want a class below 6, or -1 for none",
		-2: "trees: label -2 at position 2, want a class below 6, or -1 for none",
	} {
		if err := tree.MapLabels(paths, []int32{0, 1, label}); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	kerneltest.Panics(t, "size", func() { _ = tree.MapLabels(paths, []int32{1}) })
}
