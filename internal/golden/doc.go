// Package golden reads test vectors: inputs, outputs and gradients that were computed elsewhere and against
// which the operations of the project are tested.
//
// A file is a JSON object {op, cases, ...}. A case holds named tensors under the kinds inputs, outputs,
// cotangents, grads, exact and exact_grads. A tensor is {shape, data}, flat and row-major, with the strings
// "inf", "-inf" and "nan" for numbers that are not finite. grads is the gradient of sum(outputs * cotangents).
//
// A case has a Status, which is about its outputs, and a GradsStatus, which is about its grads. If a status is
// "normative", results must agree with the reference. If it is "informative", the reference is inaccurate there:
// results must agree with exact or exact_grads, where the case has them, and are free otherwise.
//
// Load reads testdata/golden of the package under test and, if the environment variable GOLDEN_DIR names a
// folder, all files there with the same op. A Recorder compares, logs one line for each operation and fails if
// no case ran.
package golden
