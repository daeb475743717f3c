package logattention

// logSums is S [K, C] of one task: ln|S|, and its signs if values are signed.
type logSums struct{ logs, signs []float64 }

// makeStates makes the memory of all slots.
func (k *Kernel[F]) makeStates() {
	n := k.tasks * k.slots * k.size.DKey * k.columns
	k.states = make([]float64, n)
	if k.signed {
		k.signs = make([]float64, n)
	}
}

// state returns a slot of the states of a task.
func (k *Kernel[F]) state(task, slot int) (state logSums) {
	n := k.size.DKey * k.columns
	at := (task*k.slots + slot%k.slots) * n
	state.logs = k.states[at : at+n]
	if k.signed {
		state.signs = k.signs[at : at+n]
	}
	return state
}

// savedReferences returns where the references of the chunk from position lo on are kept, nil if they are
// not kept.
func (k *Kernel[F]) savedReferences(task, lo int) []F {
	if k.refs == nil {
		return nil
	}
	n := k.size.DKey + k.columns
	at := (task*(k.slots-1) + lo/k.chunk) * n
	return k.refs[at : at+n]
}
