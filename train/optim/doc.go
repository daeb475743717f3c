// Package optim changes parameters by their gradients: AdamW, Lion and Muon with decoupled weight
// decay, the global gradient norm, and a moving average of the weights.
//
// Everything works in place on []*params.Param and in pieces whose bounds depend on the sizes
// alone, so the result has the same bits whatever the number of threads, and a step allocates
// nothing. State is exported as named arrays that share the optimiser's memory: reading a
// checkpoint into them restores it.
//
// Weight decay applies to the parameters whose role decays and shrinks the weight itself, never the
// gradient (Loshchilov and Hutter, arXiv 1711.05101).
package optim
