// Package multihead holds what the multi-head attentions share: their size, the places of their
// operands in memory, and the definition of every attention whose output is a weighted mean of values.
//
//	y_t = sum_j w_tj v_j / sum_j w_tj        w_tj = f(q_t . k_j / sqrt(K))
//
// with f = exp for softmax attention (package softmax) and f a polynomial for Taylor attention (package
// taylor). B is the batch, H the number of heads, T the number of positions, K the width of a query and
// a key, V that of a value.
package multihead
