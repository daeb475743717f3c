// Package optim updates parameters from their gradients. It has AdamW, Lion and Muon with decoupled weight
// decay, a registry for optimizers of other modules, the global gradient norm, and a moving average of the
// weights.
//
// A Config is one optimizer with its settings: NewConfig returns the defaults, Settings lists the settings, New
// makes the Optimizer for the parameters of a model. The rule and the learning rate of a parameter follow from
// its role (params.Role). Weight decay applies to parameters whose role decays; it shrinks the weight itself
// and is not part of the gradient (Loshchilov and Hutter, arXiv 1711.05101).
//
// All updates work in place on []*params.Param, in pieces whose bounds depend on the sizes alone: the result
// has the same bits for any number of threads, and a step allocates nothing. The state of an optimizer is
// exported as named arrays.
package optim
