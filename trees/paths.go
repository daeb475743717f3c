package trees

import (
	"fmt"
	"slices"
)

// FromPaths returns the tree in which paths[c] is the path down to class c: a root, ..., the parent of c, c. This is the
// form of the reference implementation. Paths may end in labels of -1, as those of Paths do. It returns an error if a
// path is empty, does not end in its class, or does not begin with the path to its parent.
func FromPaths(paths [][]int32) (*Tree, error) {
	parents := make([]int32, len(paths))
	for c, padded := range paths {
		path := unpadded(padded)
		n := len(path)
		if n == 0 || int(path[n-1]) != c {
			return nil, fmt.Errorf("trees: the path %v of class %d does not end in it", path, c)
		}
		if parents[c] = -1; n > 1 {
			parents[c] = path[n-2]
		}
	}
	t, err := New(parents)
	if err != nil {
		return nil, err
	}
	for c, path := range paths {
		if want := t.Path(int32(c)); !slices.Equal(unpadded(path), want) {
			return nil, fmt.Errorf("trees: class %d has the path %v, but by the paths of its ancestors %v", c, unpadded(path), want)
		}
	}
	return t, nil
}

// unpadded returns the path without the labels of -1 at its end.
func unpadded(path []int32) []int32 {
	n := len(path)
	for n > 0 && path[n-1] == -1 {
		n--
	}
	return path[:n]
}

// Paths returns the paths down to all classes, [C, L], where those of fewer classes than L end in labels of -1 (matrix P
// of arXiv 2209.10288).
func (t *Tree) Paths() []int32 {
	labels, paths := make([]int32, t.Classes()), make([]int32, t.Classes()*t.Levels())
	for c := range labels {
		labels[c] = int32(c)
	}
	if err := t.MapLabels(paths, labels); err != nil {
		panic(err) // every class has a path
	}
	return paths
}

// MapLabels maps labels [N] to the paths down to them, dst [N, L], in O(labels x levels). Paths of fewer classes than L
// end in labels of -1, and the path of the label -1 has no others. Any other label that is no class is an error. It panics
// if dst has another size.
func (t *Tree) MapLabels(dst, labels []int32) error {
	levels := t.Levels()
	if len(dst) != len(labels)*levels {
		panic(fmt.Sprintf("trees: MapLabels: %d numbers for %d labels in a tree of %d levels", len(dst), len(labels), levels))
	}
	for i, label := range labels {
		if err := t.checkLabel(i, label); err != nil {
			return err
		}
		path, depth := dst[i*levels:(i+1)*levels], 0
		if label >= 0 {
			depth = int(t.level[label]) + 1
			t.fill(path[:depth], label)
		}
		for l := depth; l < levels; l++ {
			path[l] = -1
		}
	}
	return nil
}

func (t *Tree) checkLabel(i int, label int32) error {
	if label < -1 || int(label) >= len(t.parent) {
		return fmt.Errorf("trees: label %d at position %d, want a class below %d, or -1 for none", label, i, len(t.parent))
	}
	return nil
}
