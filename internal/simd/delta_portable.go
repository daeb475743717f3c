package simd

// The sums of a step over the state are made before the step, not in the pass of the step before it as in assembly: here
// the state is in the cache of the processor either way, and all forms of a loop round alike.

func deltaForwardPortable[F Float](d *DeltaRun[F]) {
	read := 0
	for s := range d.Steps {
		step := &d.Steps[s]
		k, r := d.K.row(s, d.Rows), d.R.row(s, d.Columns)
		var sum [DeltaColumns]F
		for i, x := range k {
			addScaledPortable(sum[:d.Columns], x, d.State.row(i, d.Columns))
		}
		for j, v := range d.V.row(s, d.Columns) {
			r[j] = v - step.Decay*sum[j]
		}
		for i, x := range k {
			row, c := d.State.row(i, d.Columns), step.Beta*x
			for j := range row {
				row[j] = step.Decay*row[j] + c*r[j]
			}
		}
		if step.Read {
			sum = [DeltaColumns]F{}
			for i, x := range d.Q.row(read, d.Rows) {
				addScaledPortable(sum[:d.Columns], x, d.State.row(i, d.Columns))
			}
			scalePortable(d.O.row(read, d.Columns), d.Scale, sum[:d.Columns])
			read++
		}
	}
}

func deltaReversePortable[F Float](d *DeltaRun[F]) {
	read := countReads(d.Steps)
	for s := len(d.Steps) - 1; s >= 0; s-- {
		step := &d.Steps[s]
		k, r, dk, dv := d.K.row(s, d.Rows), d.R.row(s, d.Columns), d.DK.row(s, d.Rows), d.DV.row(s, d.Columns)
		clear(dv)
		for i, x := range k {
			addScaledPortable(dv, x, d.State.row(i, d.Columns))
		}
		step.Later += step.Beta * dotPortable(dv, r)
		var q, do []F
		if step.Read {
			read--
			q, do = d.Q.row(read, d.Rows), d.DO.row(read, d.Columns)
			step.Own += step.Beta * dotPortable(r, do)
			addScaledPortable(dv, step.Score, do)
		}
		step.DBeta += dotPortable(dv, r)
		scalePortable(dv, step.Beta, dv)
		for i, x := range k {
			row := d.State.row(i, d.Columns)
			if step.Read {
				addScaledPortable(row, d.Scale*q[i], do)
			}
			dk[i] += step.Beta * dotPortable(row, r)
			for j := range row {
				row[j] = step.Decay * (row[j] - x*dv[j])
			}
		}
	}
}

func deltaReplayPortable[F Float](d *DeltaRun[F]) {
	read := 0
	for s := range d.Steps {
		step := &d.Steps[s]
		k, r, dk := d.K.row(s, d.Columns), d.R.row(s, d.Rows), d.DK.row(s, d.Columns)
		var sum [DeltaColumns]F
		for j, x := range d.DV.row(s, d.Rows) {
			addScaledPortable(sum[:d.Columns], x, d.State.row(j, d.Columns))
		}
		for i := range dk {
			rd := step.Decay * sum[i]
			dk[i] -= rd
			step.Before -= k[i] * rd
		}
		if step.Read {
			q, dq := d.Q.row(read, d.Columns), d.DQ.row(read, d.Columns)
			sum = [DeltaColumns]F{}
			for j, x := range d.DO.row(read, d.Rows) {
				addScaledPortable(sum[:d.Columns], x, d.State.row(j, d.Columns))
			}
			for i := range dq {
				qd := step.Decay * sum[i]
				dq[i] += d.Scale * (qd + step.Own*k[i])
				step.Before += d.Scale * q[i] * qd
			}
			read++
		}
		for j, x := range r {
			row, c := d.State.row(j, d.Columns), step.Beta*x
			for i := range row {
				row[i] = step.Decay*row[i] + c*k[i]
			}
		}
	}
}
