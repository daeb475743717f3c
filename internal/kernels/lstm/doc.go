// Package lstm computes the recurrence of a long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of
// Gers et al. 2000), as PyTorch's nn.LSTM has it:
//
//	a_t = u_t + h_{t-1} W^T + bias        i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o)        g = tanh(a_g)
//	c_t = f c_{t-1} + i g                 h_t = o tanh(c_t)
//
//	u [B, T, 4H], the gates in the order i, f, g, o   W [4H, H]   bias [4H]   h, c [B, T, H]
//
// h_0 and c_0 are 0. Gradient, with dh and dc what comes from the step behind:
//
//	dh_t = dy_t + da_{t+1} W        dc_t = dh_t o (1 - tanh(c_t)^2) + dc_{t+1} f_{t+1}
//	da   = (dc g i (1-i), dc c_{t-1} f (1-f), dc i (1 - g^2), dh tanh(c) o (1-o))
//	du   = da    dW = sum of da_t^T h_{t-1}    dbias = sum of da_t
//
// Kernel is the fast form, which takes some sequences through time together, so that a step is one product. A Carry makes it a
// streaming form. Naive is the definition.
package lstm
