// Package params defines how training and storage see a model: named parameters with their gradients, and named
// arrays of state. It does not depend on graphs.
//
// Every parameter has a role, which the layer that makes it chooses; see Role.
//
// Names are an API: dotted, stable, and the same as in the papers' PyTorch modules where one exists, so that
// weights can be exchanged through safetensors files. Data is flat and row-major.
package params
