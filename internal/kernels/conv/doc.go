// Package conv computes the short convolution of linear-attention layers: depthwise and causal, every channel on its own
// (arXiv 2212.14052, 2312.06635).
//
//	y_t = act(bias + sum over i < W of w_i x_{t-W+1+i})        act is SiLU or nothing
//
//	x, y [B, T, C]   w [C, 1, W]   bias [C]   x_s for s < 0 from the carry, or 0
//
// Gradient, with a_t the argument of act and l_t = dy_t act'(a_t):
//
//	dx_t = sum over i of w_i l_{t+W-1-i}        dw_i = sum over b, t of l_t x_{t-W+1+i}        dbias = sum over b, t of l_t
//
// Forms:
//
//   - Kernel, the fast one. Backward computes a_t again, which costs less than to keep it.
//   - A Carry, the last W inputs, makes Kernel a streaming form. Any division of a sequence gives the same bits.
//   - ForwardFrom and BackwardStart make it the form of a part of a sequence (part.go).
//   - Naive, the definition in float64.
package conv
