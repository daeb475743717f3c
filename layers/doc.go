// Package layers holds the building blocks of models. A layer owns its parameters, made once from a params.Set,
// and adds its ops to any number of graphs.
//
// A layer's constructor takes the part of the set that its names go under, and its sizes. Forward takes the
// Graph to build into and a node, and returns a node. Activations are [B, T, D]. Names, shapes and initial values
// of parameters are those of the papers' PyTorch modules where one exists. What optimizers do with a parameter
// follows from its role, which the layer says when it makes it (see params.Role).
//
// # Mixers
//
// A Mixer is a layer in which the positions of a sequence see each other: GOOMSSM, LogAttention,
// SoftmaxAttention and TaylorAttention. All other layers map each position by itself, but for the positions that
// Positions and DecayPositions add. Package models makes blocks and models of mixers.
//
// # Graphs
//
// A Graph is made for one of three uses. In one of NewGraph every sequence begins in the run, and nothing is
// random. In one of NewTraining, Dropout and other random layers draw numbers. In one of NewStreaming sequences
// go on from run to run, by the states of its layers.
//
// # Layers of your own
//
// Other modules write layers with what this package exports. Their ops come from Gorgonia, from package ops or
// from ops.Apply; a parameter enters the graph by Graph.Weight; a state that is carried from run to
// run comes from StateOf; random numbers come from Graph.Noise.
package layers
