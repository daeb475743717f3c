// Package params holds what training and storage see of a model: named parameters with their
// gradients, and named arrays of state. It knows nothing of graphs.
//
// A parameter has a role, which the layer that makes it says: see Role for which to choose.
//
// A name is an API: dotted, stable, and the same as in the papers' PyTorch modules where one exists,
// so that weights travel through safetensors files. Data is flat and row-major.
package params
