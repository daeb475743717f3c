// Package routing computes the routing of vectors (arXiv 2211.11754) and of matrices (arXiv 1911.00792) in sequences.
//
// B is the batch, n the number of inputs, m that of outputs, d the width of an input and h that of an output.
package routing
