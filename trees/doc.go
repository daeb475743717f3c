// Package trees has trees of classes and the arithmetic of hierarchical classification over them, on plain slices, without
// a graph (arXiv 2209.10288).
//
// A model gives each class of a tree a score. A label, the class that is right, stands for its whole path: a dog is a
// domestic animal, an animal, and so on up to a root. At each level of the path the scores of the classes that stand at
// this level compete in a softmax of their own. Loss is the cross-entropy over all levels, with its gradient. Scores are
// the scores by level, for predictions. MapLabels gives the paths of labels.
//
// The paper maps scores [N, C] to a dense tensor [N, L, C] in which all but the classes of a level are masked. Every class
// stands at one level, so this tensor holds each score once. Here the scores are sorted by level instead, in memory of the
// size of the scores, and Loss needs that of a few rows. MapDense is the paper's form, for comparison.
//
// Conventions:
//
//   - N rows, C classes, L levels. Classes are int32 from 0 to C-1; -1 is no class: the parent of a root, the label of a
//     row that is not counted, and what fills paths of fewer classes than L. It never stands for the last class.
//   - A tree may have several roots, which all stand at level 0, and its classes may be numbered in any order.
//   - Everything is generic over float32 and float64, flat and row-major. Rows are shared out over the cores in pieces that
//     depend on the sizes alone, so results have the same bits on any number of threads.
//   - NaN spreads to what depends on it. Parents, paths and labels that are wrong give errors, sizes that are wrong panics.
//
// Package wordnet reads the tree of WordNet. In a graph, ops.TreeLoss is Loss.
package trees
