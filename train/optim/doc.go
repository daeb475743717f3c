// Package optim changes parameters by their gradients: AdamW, Lion and Muon with decoupled weight decay,
// optimizers that other modules register, the global gradient norm, and a moving average of the weights.
//
// A Config is one optimizer with its settings: NewConfig gives the defaults, Settings lists what can be
// set, New builds the Optimizer for a model's parameters. Which rule and which learning rate a parameter
// gets follows from its role (params.Role). Weight decay applies to the parameters whose role decays, and
// shrinks the weight itself, never the gradient (Loshchilov and Hutter, arXiv 1711.05101).
//
// Everything works in place on []*params.Param and in pieces whose bounds depend on the sizes alone, so
// the result has the same bits whatever the number of threads, and a step allocates nothing. State is
// exported as named arrays that share the optimizer's memory: reading a checkpoint into them restores it.
package optim
