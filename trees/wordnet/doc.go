// Package wordnet reads the dictionary of WordNet 3.0 (https://wordnet.princeton.edu): synsets, which are sets of words of
// one meaning, and their hypernyms, which are synsets of a more general meaning. They are a tree for package trees.
//
// The files data.noun, index.noun and those of the other parts of speech are the ones that WordNet itself reads (manual
// page wndb). Debian has them in the package wordnet-base; other systems in the folder dict of WordNet's own archive.
package wordnet
