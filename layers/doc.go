// Package layers holds the building blocks of models. A layer owns its parameters, which are made once in a
// params.Set, and adds its ops to any number of graphs.
//
// The constructor of a layer takes its part of the set, under whose name its parameters are, and its sizes.
// Forward takes the Graph to add to and a node, and returns a node. Activations are [B, T, D]. Names, shapes
// and initial values of parameters are those of the papers' PyTorch modules where one exists; the comments of
// constructors name exceptions. The layer gives each parameter a role, which decides how optimizers treat it (see
// params.Role).
//
// # Mixers
//
// A Mixer is a layer that combines the positions of a sequence: a recurrence, such as GOOMFull and DeltaNet, or an
// attention, such as SoftmaxAttention. The other layers map each position by itself, except that Positions and
// DecayPositions add positions to their input, and that ShortConv sees the last few. Package models makes blocks and
// models of mixers. registry.go lists the mixers that models can choose by name; RegisterMixer adds yours.
//
// VectorRouting, DefinableVectorRouting and MatrixRouting map a set of inputs to another of outputs, such as all positions
// to one vector for each class. They have Apply, with a mask, in the place of Forward, and return credit besides.
//
// # Graphs
//
// A Graph has one of three uses. In a graph of NewGraph every run computes whole sequences, and nothing is
// random. In a graph of NewTraining, Dropout and other random layers draw random numbers. In a graph of
// NewStreaming sequences continue from run to run, by means of the states of the layers.
//
// # Your own layers
//
// Other modules can write layers with the exported names of this package. Ops come from Gorgonia, from package
// ops or from ops.Apply. Graph.Weight returns the node of a parameter, StateOf a state that is carried from run
// to run, and Graph.Noise the source of random numbers.
package layers
