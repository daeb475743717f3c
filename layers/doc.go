// Package layers holds the parameterised building blocks of models: each owns its parameters, made once
// from a params.Set, and adds its ops to any number of graphs.
//
// A layer's constructor takes the part of the set that its names go under and its sizes; Forward takes
// the Graph to build into and a node, and returns a node. Activations are [B, T, D]. Parameter names,
// shapes and initial values are those of the papers' PyTorch modules where one exists; a
// parameter's role, which optimizers go by, is said where it is made (see params.Role).
//
// A graph that streams (NewStreaming) has in every recurrent layer a state that goes on from run to
// run; all other graphs begin each sequence at its initial state.
package layers
