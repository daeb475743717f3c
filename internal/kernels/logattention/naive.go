package logattention

import "math"

// Naive is the attention by its definition: every sum over every pair of a position and a key channel, as a
// signed log-sum-exp in float64. It is the contract that Kernel is tested against. Operands are
// [B*H, T, K or V], the state [B*H, K, V+1].
type Naive struct {
	Tasks, Queries, Keys, K, V int
	Causal                     bool
	Q, Key, Value, Sign        []float64 // Sign nil: all +1
	State, StateSign           []float64 // nil: the sequences begin
}

// term is one summand of N_tc or S_kc: its logarithm, its sign, and the places that its gradient goes to (-1: none).
type term struct {
	log, sign       float64
	q, k, v, before int
}

// sumOf returns the logarithm of the magnitude of a sum, and its sign.
func sumOf(terms []term) (log, sign float64) {
	largest, sum := math.Inf(-1), 0.0
	for _, t := range terms {
		largest = math.Max(largest, t.log)
	}
	if math.IsInf(largest, -1) {
		return largest, 1
	}
	for _, t := range terms {
		sum += t.sign * math.Exp(t.log-largest)
	}
	return largest + math.Log(math.Abs(sum)), math.Copysign(1, sum)
}

// value returns v_sc and its sign, and its place in Value; -1 is the column of ones.
func (a Naive) value(task, s, c int) (log, sign float64, at int) {
	if c == a.V {
		return 0, 1, -1
	}
	at = (task*a.Keys+s)*a.V + c
	if sign = 1; a.Sign != nil {
		sign = a.Sign[at]
	}
	return a.Value[at], sign, at
}

// before returns the state S_kc from which the sequence continues, its sign and its place.
func (a Naive) before(task, k, c int) (log, sign float64, at int) {
	at = (task*a.K+k)*(a.V+1) + c
	if a.State == nil {
		return math.Inf(-1), 1, at
	}
	if sign = 1; a.StateSign != nil {
		sign = a.StateSign[at]
	}
	return a.State[at], sign, at
}

// row returns the terms of N_tc.
func (a Naive) row(task, t, c int) (terms []term) {
	for k := range a.K {
		q := (task*a.Queries+t)*a.K + k
		for s := range a.Keys {
			if a.Causal && s > t {
				break
			}
			v, sign, at := a.value(task, s, c)
			key := (task*a.Keys+s)*a.K + k
			terms = append(terms, term{a.Q[q] + a.Key[key] + v, sign, q, key, at, -1})
		}
		l, sign, at := a.before(task, k, c)
		terms = append(terms, term{a.Q[q] + l, sign, q, -1, -1, at})
	}
	return terms
}

// end returns the terms of S_kc after the sequence.
func (a Naive) end(task, k, c int) (terms []term) {
	for s := range a.Keys {
		v, sign, at := a.value(task, s, c)
		key := (task*a.Keys+s)*a.K + k
		terms = append(terms, term{a.Key[key] + v, sign, -1, key, at, -1})
	}
	l, sign, at := a.before(task, k, c)
	return append(terms, term{l, sign, -1, -1, -1, at})
}

// Forward returns y and its sign [Tasks, Queries, V], and the last state and its sign.
func (a Naive) Forward() (y, sign, state, stateSign []float64) {
	for task := range a.Tasks {
		for t := range a.Queries {
			z, _ := sumOf(a.row(task, t, a.V))
			for c := range a.V {
				l, s := sumOf(a.row(task, t, c))
				y, sign = append(y, l-z), append(sign, s)
			}
		}
		for k := range a.K {
			for c := range a.V + 1 {
				l, s := sumOf(a.end(task, k, c))
				state, stateSign = append(state, l), append(stateSign, s)
			}
		}
	}
	return y, sign, state, stateSign
}

// Backward returns the gradients of sum(dy * y) + sum(dEnd * state); dEnd may be nil.
func (a Naive) Backward(dy, dEnd []float64) (dq, dk, dv, dStart []float64) {
	dq, dk, dv = make([]float64, len(a.Q)), make([]float64, len(a.Key)), make([]float64, len(a.Value))
	dStart = make([]float64, a.Tasks*a.K*(a.V+1))
	spread := func(terms []term, g float64) {
		log, sign := sumOf(terms)
		if math.IsInf(log, -1) || g == 0 {
			return
		}
		for _, t := range terms {
			p := g * sign * t.sign * math.Exp(t.log-log)
			for _, to := range []struct {
				d  []float64
				at int
			}{{dq, t.q}, {dk, t.k}, {dv, t.v}, {dStart, t.before}} {
				if to.at >= 0 {
					to.d[to.at] += p
				}
			}
		}
	}
	for task := range a.Tasks {
		for t := range a.Queries {
			total := 0.0
			for c := range a.V {
				g := dy[(task*a.Queries+t)*a.V+c]
				spread(a.row(task, t, c), g)
				total += g
			}
			spread(a.row(task, t, a.V), -total)
		}
		for k := range a.K {
			for c := range a.V + 1 {
				if dEnd != nil {
					spread(a.end(task, k, c), dEnd[(task*a.K+k)*(a.V+1)+c])
				}
			}
		}
	}
	return dq, dk, dv, dStart
}
