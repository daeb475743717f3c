//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

// The assembly gets the steps in pieces that take some microseconds.

func deltaForward32(d *DeltaRun[float32]) {
	if !cpu.AVX2 {
		deltaForwardPortable(d)
		return
	}
	for first, reads := 0, 0; first < len(d.Steps); {
		p := d.part(first, min(first+d.piece(), len(d.Steps)), reads)
		deltaForwardAVX2(&p.Rows)
		first, reads = first+len(p.Steps), reads+countReads(p.Steps)
	}
}

func deltaReplay32(d *DeltaRun[float32]) {
	if !cpu.AVX2 {
		deltaReplayPortable(d)
		return
	}
	for first, reads := 0, 0; first < len(d.Steps); {
		p := d.part(first, min(first+d.piece(), len(d.Steps)), reads)
		deltaReplayAVX2(&p.Rows)
		first, reads = first+len(p.Steps), reads+countReads(p.Steps)
	}
}

// deltaReverse32 begins at the last step: the assembly gets the last rows, and strides that lead to the rows before.
func deltaReverse32(d *DeltaRun[float32]) {
	if !cpu.AVX2 {
		deltaReversePortable(d)
		return
	}
	reads := countReads(d.Steps)
	for last := len(d.Steps); last > 0; {
		first := max(0, last-d.piece())
		of := countReads(d.Steps[first:last])
		reads -= of
		p := d.part(first, last, reads)
		for _, s := range []*Strided[float32]{&p.K, &p.R, &p.DK, &p.DV} {
			s.Data, s.Stride = s.Data[(last-first-1)*s.Stride:], -s.Stride
		}
		if of > 0 {
			for _, s := range []*Strided[float32]{&p.Q, &p.DO} {
				s.Data, s.Stride = s.Data[(of-1)*s.Stride:], -s.Stride
			}
		}
		deltaReverseAVX2(&p.Rows)
		last = first
	}
}

// piece is the number of steps that one call of the assembly gets.
func (d *DeltaRun[F]) piece() int { return 1 + maxPiece/(d.Rows*d.Columns) }
