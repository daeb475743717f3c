// Package routing computes the routing of vectors (arXiv 2211.11754) and of matrices (arXiv 1911.00792): every input
// proposes a vote for every output, and an output is a sum of votes weighted by how well it explains the inputs.
//
// B is the batch, n the number of inputs, m that of outputs. The mathematics is in docs/routing.md.
//
//   - Vector, the routing of vectors. NaiveVector is its definition.
//   - Matrix, the routing of matrices. NaiveMatrix is its definition.
//   - Credit, Votes and Scores, the parts from which a routing of vectors with other functions is made.
//
// Vector keeps three arrays of n m numbers an iteration (phi, R and products with predictions) and nothing of the size of
// the votes, n m h. It is matrix products, and passes over rows of m numbers in pieces that stay in the nearest cache
// (rows.go). R, a softmax of logarithms of sigmoids, takes one exponential a number: it is the sigmoids divided by their
// sum, unless the sum has underflowed.
//
// Matrix makes the votes of all inputs for one output in the memory of a worker, and again in every iteration and in the
// backward pass.
//
// Gradients in float32 differ from the definition's by at most 3e-5 (Vector) and 1e-4 (Matrix) of the largest gradient in
// the sizes of the tests. Where outputs are normalized, parameters that only scale an output have gradients that are what
// remains of a cancellation: their own relative error is larger. Of outputs of two numbers, which have mean 0 and variance 1
// only as 1 and -1, all gradients are such remains, up to 1e-3 of the largest away. Errors grow with the iterations: five of
// Matrix may change a result by 1e-3.
package routing
