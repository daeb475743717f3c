package main

import (
	"math"
	"slices"

	"goomtrain/params"
)

// A walk is what a model does on a stream of T tokens.
type walk struct {
	width     int
	answers   []int32     // [T]
	direction [][]float64 // [H][T*D]: x / max|x|
	exponent  [][]int64   // [H][T]: the largest |x| is 2^exponent times a number from 1/2 to 1
}

// follow reads the tokens one by one, with the state of the stream carried from each to the next.
func (m *tracker) follow(tokens []int32) (*walk, error) {
	stream, err := m.model.NewStream()
	if err != nil {
		return nil, err
	}
	w := &walk{width: m.width, direction: make([][]float64, m.heads), exponent: make([][]int64, m.heads)}
	for t := range tokens {
		logits, err := stream.Append(tokens[t : t+1])
		if err != nil {
			return nil, err
		}
		w.answers = append(w.answers, largest(logits))
		w.add(stream.State())
	}
	return w, nil
}

// add appends the state of the layer, which is mantissas [1, H, D] and exponents [1, H] in this order.
func (w *walk) add(state []params.Array) {
	mantissas, exponents := state[0].Data.([]float32), state[1].Data.([]int64)
	for head := range w.exponent {
		x := mantissas[head*w.width : (head+1)*w.width]
		most := 0.0
		for _, v := range x {
			most = max(most, math.Abs(float64(v)))
		}
		_, own := math.Frexp(most)
		w.exponent[head] = append(w.exponent[head], exponents[head]+int64(own))
		for _, v := range x {
			w.direction[head] = append(w.direction[head], float64(v)/most)
		}
	}
}

// largest is the index of the largest number.
func largest(x []float32) int32 { return int32(slices.Index(x, slices.Max(x))) }

// wrong returns the number of answers that differ from the true states, and the positions of the first and the last of
// them, -1 for none.
func (w *walk) wrong(states []int32) (n, first, last int) {
	first, last = -1, -1
	for t, answer := range w.answers {
		if answer != states[t] {
			if n++; first < 0 {
				first = t
			}
			last = t
		}
	}
	return n, first, last
}

// fitted is the number of positions from which the mean direction of each state is taken.
const fitted = 1000

// told returns the share of the later positions at which the true state is the one whose mean direction is the
// nearest to that of the head: 1 if the direction tells the state exactly.
func (w *walk) told(head int, states []int32) float64 {
	at := func(t int) []float64 { return w.direction[head][t*w.width : (t+1)*w.width] }
	mean, count := make([][]float64, slices.Max(states)+1), make([]float64, slices.Max(states)+1)
	for t, s := range states[:fitted] {
		if mean[s] == nil {
			mean[s] = make([]float64, w.width)
		}
		count[s]++
		for i, v := range at(t) {
			mean[s][i] += (v - mean[s][i]) / count[s]
		}
	}
	right := 0
	for t := fitted; t < len(states); t++ {
		nearest, least := -1, math.Inf(1)
		for s := range mean {
			if mean[s] == nil {
				continue
			}
			distance := 0.0
			for i, v := range at(t) {
				distance += (v - mean[s][i]) * (v - mean[s][i])
			}
			if distance < least {
				nearest, least = s, distance
			}
		}
		if nearest == int(states[t]) {
			right++
		}
	}
	return float64(right) / float64(len(states)-fitted)
}

// leaves returns the first position at which the largest entry of a head's state is 2^bits or more, -1 for none.
func (w *walk) leaves(head int, bits int64) int {
	return slices.IndexFunc(w.exponent[head], func(e int64) bool { return e > bits })
}
