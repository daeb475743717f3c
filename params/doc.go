// Package params defines how training and storage see a model: named parameters with their gradients, and named
// arrays of state. It does not depend on graphs.
//
// Every parameter has a role, which the layer that makes it chooses; see Role.
//
// Names are an API: dotted, stable, and the same as in the papers' PyTorch modules where one exists, so that
// weights can be exchanged through safetensors files. Initial values and the state of optimizers go by them. Where
// a module has other names, Param.Stored says them to files of weights alone. Data is flat and row-major.
package params
