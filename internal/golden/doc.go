// Package golden reads test vectors: inputs, outputs and gradients computed elsewhere, against which
// the project's operations are checked.
//
// A file is one JSON object {op, cases, ...}. A case holds named tensors under the kinds inputs,
// outputs, cotangents, grads, exact and exact_grads; a tensor is {shape, data}, flat and row-major,
// its non-finite numbers the strings "inf", "-inf" and "nan". grads is the gradient of
// sum(outputs * cotangents). A case's Status (of outputs) and GradsStatus are "normative" (be equal) or
// "informative" (the reference is weak there: not binding, but exact and exact_grads bind where they
// stand).
//
// Load reads testdata/golden of the package under test and, when the environment variable GOLDEN_DIR
// names a folder, every file there with the same op. A Recorder compares, logs one line per operation
// and fails when no case ran.
package golden
