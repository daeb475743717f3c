package train

import (
	"slices"
	"time"

	"goomtrain/internal/comm"
	"goomtrain/params"
	"goomtrain/train/optim"
)

// A layout says which part of every step each process of a job computes. A sequence is cut over consecutive processes; the
// micro-batches are shared out over these teams.
type layout struct {
	processes int
	sequence  int // processes over which a sequence is cut
	micro     int // micro-batches of a step
}

// span returns the micro-batches of a process. Those of the second part of the sequences, which other processes compute at
// the same time, have the numbers from l.micro on, and so forth.
func (l layout) span(rank int) span {
	teams := l.processes / l.sequence
	team, part := rank/l.sequence, rank%l.sequence
	first := part * l.micro
	return span{first + team*l.micro/teams, first + (team+1)*l.micro/teams}
}

// all returns the number of micro-batches with parts of sequences counted as micro-batches.
func (l layout) all() int { return l.micro * l.sequence }

// An exchange is what the processes of a job tell each other in a step. Each has the sum of the gradients of its own parts,
// updates these, and gets the weights of all others.
type exchange[F params.Float] struct {
	group  *comm.Group
	layout layout
	most   int // nodes of a process, at most
	grads  *gradients[F]
	norm   *optim.Norm[F]

	trace     *trace            // nil: none is wanted
	in, out   []*comm.Message   // of gradients
	ready     [][]*comm.Message // those of out, by parameter
	sums      [][2][]F          // the second is added to the first
	copies    [][2][]F          // the second is copied to the first
	weights   gathering
	gathering gathering // of gradients, where that is needed

	report []float64 // of all processes: see finish
	counts []int
	mine   []float64
}

// newExchange prepares the exchange of the parts in the group.
func newExchange[F params.Float](group *comm.Group, l layout, grads *gradients[F], parts [][]optim.Part[F], norm *optim.Norm[F]) *exchange[F] {
	me := group.Rank()
	x := &exchange[F]{group: group, layout: l, grads: grads, norm: norm, ready: make([][]*comm.Message, len(grads.ps))}
	x.weights = newGathering(group, parts, func(p int) []F { return grads.ps[p].Value })
	x.gathering = newGathering(group, parts, func(p int) []F { return grads.slots[0][p] })
	norm.Divide(parts, me, func() error { return x.gathering.run(group) })
	x.prepare(parts)
	grads.complete = x.send
	for r, sums := range norm.Counts(parts) {
		s := l.span(r)
		x.counts = append(x.counts, 1+2*(s.hi-s.lo)+sums)
	}
	total, first := 0, 0
	for r, n := range x.counts {
		if r == me {
			first = total
		}
		total += n
	}
	x.report = make([]float64, total)
	x.mine = x.report[first : first+x.counts[me]]
	return x
}

// prepare makes the messages of gradients, and the sums of what they bring.
func (x *exchange[F]) prepare(parts [][]optim.Part[F]) {
	me, all := x.group.Rank(), x.layout.all()
	ranks := make([]int, x.group.Size()) // in the order of their micro-batches
	spans := make([][]span, len(ranks))
	for r := range ranks {
		ranks[r], spans[r] = r, nodes(x.layout.span(r), all)
		x.most = max(x.most, len(spans[r]))
	}
	slices.SortFunc(ranks, func(a, b int) int { return x.layout.span(a).lo - x.layout.span(b).lo })
	for owner, own := range parts {
		for _, part := range own {
			label := func(k int) int { return part.Index*x.most + k }
			if owner != me {
				for k := range spans[me] {
					m := &comm.Message{Peer: owner, Label: label(k), Data: comm.Bytes(x.grads.slots[k][part.Index][part.Lo:part.Hi])}
					x.out, x.ready[part.Index] = append(x.out, m), append(x.ready[part.Index], m)
				}
				continue
			}
			var stack []span
			var values [][]F
			for _, r := range ranks {
				for k, node := range spans[r] {
					var value []F
					if r == me {
						value = x.grads.slots[k][part.Index][part.Lo:part.Hi]
					} else {
						value = make([]F, part.Hi-part.Lo)
						x.in = append(x.in, &comm.Message{Peer: r, Receive: true, Label: label(k), Data: comm.Bytes(value)})
					}
					stack, values = append(stack, node), append(values, value)
					for top := len(stack) - 1; top > 0 && siblings(stack[top-1], stack[top], all); top-- {
						x.sums = append(x.sums, [2][]F{values[top-1], values[top]})
						stack[top-1].hi = stack[top].hi
						stack, values = stack[:top], values[:top]
					}
				}
			}
			if total := x.grads.slots[0][part.Index][part.Lo:part.Hi]; &total[0] != &values[0][0] {
				x.copies = append(x.copies, [2][]F{total, values[0]})
			}
		}
	}
}

// begin starts to receive gradients, which the other processes send as soon as they have them.
func (x *exchange[F]) begin() {
	for _, m := range x.in {
		m.Start(x.group)
	}
}

// send sends the gradients of a parameter to those that update it.
func (x *exchange[F]) send(param int) error {
	for _, m := range x.ready[param] {
		m.Start(x.group)
	}
	return nil
}

// finish adds up the gradients of the parts of this process, and tells all processes what each has measured: stats are
// those of its micro-batches, and stop says that it was interrupted. It returns the sums of all, and whether any was
// interrupted.
func (x *exchange[F]) finish(stats []microStats, stop bool) (sum microStats, stopped bool, err error) {
	now := time.Now()
	if err := x.wait(x.in); err != nil {
		return sum, false, err
	}
	now = x.trace.since(now, traceExchange, "wait for gradients")
	for _, s := range x.sums {
		x.grads.add(s[0], s[1])
	}
	for _, c := range x.copies {
		copy(c[0], c[1])
	}
	x.norm.Measure()
	now = x.trace.since(now, traceCompute, "sum of gradients")
	mine := x.mine[:1]
	if mine[0] = 0; stop {
		mine[0] = 1
	}
	for _, s := range stats {
		mine = append(mine, s.loss, float64(s.correct))
	}
	copy(x.mine[len(mine):], x.norm.Own())
	if err := comm.AllGatherV(x.group, x.report, x.counts); err != nil {
		return sum, false, err
	}
	if err := x.wait(x.out); err != nil { // before the slots change
		return sum, false, err
	}
	x.trace.since(now, traceExchange, "losses and norms")
	if x.trace != nil {
		for _, m := range x.in {
			x.trace.message(m, x.name(m))
		}
		for _, m := range x.out {
			x.trace.message(m, x.name(m))
		}
	}
	all := make([]microStats, x.layout.all())
	sums := x.norm.Sums()
	rest := x.report
	for r, n := range x.counts {
		one, s := rest[:n], x.layout.span(r)
		rest = rest[n:]
		stopped = stopped || one[0] != 0
		one = one[1:]
		for i := s.lo; i < s.hi; i++ {
			all[i] = microStats{one[0], int(one[1])}
			one = one[2:]
		}
		sums = sums[copy(sums, one):]
	}
	for _, s := range all {
		sum.loss += s.loss
		sum.correct += s.correct
	}
	return sum, stopped, nil
}

// gatherWeights gives all processes the weights that each has updated.
func (x *exchange[F]) gatherWeights() error {
	now := time.Now()
	if err := x.weights.run(x.group); err != nil {
		return err
	}
	x.trace.since(now, traceExchange, "gather weights")
	return nil
}

// name is that of the parameter of a message of gradients.
func (x *exchange[F]) name(m *comm.Message) string { return x.grads.ps[m.Label/x.most].Name }

func (x *exchange[F]) wait(messages []*comm.Message) error {
	for _, m := range messages {
		if err := m.Wait(x.group); err != nil {
			return err
		}
	}
	return nil
}

// A gathering gives all processes the parts of all parameters, each from the process that has it.
type gathering []*comm.Message

func newGathering[F params.Float](group *comm.Group, parts [][]optim.Part[F], array func(param int) []F) (g gathering) {
	me := group.Rank()
	for owner, own := range parts {
		for _, part := range own {
			data := comm.Bytes(array(part.Index)[part.Lo:part.Hi])
			if owner != me {
				g = append(g, &comm.Message{Peer: owner, Receive: true, Label: part.Index, Data: data})
				continue
			}
			for r := range group.Size() {
				if r != me {
					g = append(g, &comm.Message{Peer: r, Label: part.Index, Data: data})
				}
			}
		}
	}
	return g
}

func (g gathering) run(group *comm.Group) error {
	for _, m := range g {
		m.Start(group)
	}
	for _, m := range g {
		if err := m.Wait(group); err != nil {
			return err
		}
	}
	return nil
}
