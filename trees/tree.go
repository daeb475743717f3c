package trees

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// A Tree is a forest of classes: each class has one parent, or none and is a root. A class stands at one level, the
// number of its ancestors, so roots stand at level 0. A Tree does not change and is safe for concurrent use.
//
// Besides its number, a class has a place: its position where the classes are sorted by level, and by number within a
// level. The classes of a level have consecutive places.
type Tree struct {
	parent []int32 // [C], -1 of a root
	level  []int32 // [C]
	start  []int   // [L+1]; level l has the places from start[l] to start[l+1]
	class  []int32 // [C] by place
	place  []int32 // [C] by class
	above  []int32 // [C] place of the parent, by place
	sorted bool    // every class is its own place
}

// New returns the tree in which class c has the parent parents[c], -1 for a root, in O(classes). It returns an error if
// there is no class, if a parent is no class, or if classes are their own ancestors.
func New(parents []int32) (*Tree, error) {
	if len(parents) == 0 {
		return nil, errors.New("trees: no classes")
	}
	if len(parents) > math.MaxInt32 {
		return nil, fmt.Errorf("trees: %d classes, want at most %d", len(parents), math.MaxInt32)
	}
	for c, p := range parents {
		if p < -1 || int(p) >= len(parents) {
			return nil, fmt.Errorf("trees: class %d has the parent %d, want -1 for a root or a class below %d", c, p, len(parents))
		}
	}
	t := &Tree{parent: slices.Clone(parents)}
	if err := t.findLevels(); err != nil {
		return nil, err
	}
	t.sortByLevel()
	return t, nil
}

// findLevels walks from each class up to one whose level is known, and down again. Every class is passed once.
func (t *Tree) findLevels() error {
	const unknown, passed = -1, -2
	t.level = slices.Repeat([]int32{unknown}, len(t.parent))
	var path []int32
	for c := range t.parent {
		at := int32(c)
		for path = path[:0]; at >= 0 && t.level[at] == unknown; at = t.parent[at] {
			t.level[at] = passed
			path = append(path, at)
		}
		next := int32(0)
		if at >= 0 {
			if next = t.level[at] + 1; t.level[at] == passed {
				return fmt.Errorf("trees: class %d is its own ancestor, %d classes above", at, len(path)-slices.Index(path, at))
			}
		}
		for _, c := range slices.Backward(path) {
			t.level[c] = next
			next++
		}
	}
	return nil
}

func (t *Tree) sortByLevel() {
	levels := int(slices.Max(t.level)) + 1
	t.start = make([]int, levels+1)
	for _, l := range t.level {
		t.start[l+1]++
	}
	for l := range levels {
		t.start[l+1] += t.start[l]
	}
	n := len(t.parent)
	t.class, t.place, t.above = make([]int32, n), make([]int32, n), make([]int32, n)
	next := slices.Clone(t.start)
	for c, l := range t.level {
		t.class[next[l]], t.place[c] = int32(c), int32(next[l])
		next[l]++
	}
	t.sorted = slices.IsSorted(t.class)
	for i, c := range t.class {
		if t.above[i] = -1; t.parent[c] >= 0 {
			t.above[i] = t.place[t.parent[c]]
		}
	}
}

// Classes returns the number of classes C.
func (t *Tree) Classes() int { return len(t.parent) }

// Levels returns the number of levels L.
func (t *Tree) Levels() int { return len(t.start) - 1 }

// Parent returns the parent of a class, -1 of a root. It panics if there is no such class.
func (t *Tree) Parent(class int32) int32 { return t.parent[t.check("Parent", class)] }

// Level returns the level of a class. It panics if there is no such class.
func (t *Tree) Level(class int32) int { return int(t.level[t.check("Level", class)]) }

// At returns the classes that stand at a level, in their order. The slice belongs to the tree and must not be changed. It
// panics if there is no such level.
func (t *Tree) At(level int) []int32 {
	if level < 0 || level >= t.Levels() {
		panic(fmt.Sprintf("trees: At: level %d of a tree of %d levels", level, t.Levels()))
	}
	return t.class[t.start[level]:t.start[level+1]:t.start[level+1]]
}

// Path returns the path from a root down to a class, both included: Level(class) + 1 classes. It panics if there is no
// such class.
func (t *Tree) Path(class int32) []int32 {
	path := make([]int32, t.Level(class)+1)
	t.fill(path, class)
	return path
}

// fill writes the path down to a class of level len(path)-1.
func (t *Tree) fill(path []int32, class int32) {
	for l := range slices.Backward(path) {
		path[l], class = class, t.parent[class]
	}
}

// ByLevel returns the same tree with its classes numbered by place, and the old number of each class of the new tree.
// Its scores need no sorting: those of a level are next to each other already.
func (t *Tree) ByLevel() (tree *Tree, old []int32) {
	tree, err := New(t.above)
	if err != nil {
		panic(err) // a tree remains a tree
	}
	return tree, slices.Clone(t.class)
}

// check returns the class. It panics if there is no such class.
func (t *Tree) check(method string, class int32) int32 {
	if class < 0 || int(class) >= len(t.parent) {
		panic(fmt.Sprintf("trees: %s: class %d of a tree of %d classes", method, class, len(t.parent)))
	}
	return class
}
