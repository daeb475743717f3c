package board

import (
	"math"
	"strconv"
	"time"

	"goomtrain/checkpoints"
	"goomtrain/train/metrics"
)

// The states of a run.
type state string

const (
	running  state = "running"  // a process trains it
	finished state = "finished" // it has made all its steps
	stopped  state = "stopped"  // it has not, and can be resumed
	stale    state = "stale"    // a process holds it, but has logged nothing for long
)

// quiet is how long a run that trains may be silent, at least; longer where it logs rarely.
const quiet = time.Minute

// stateOf finds the state of a run by its lock file, its steps and the age of its metrics.
func (r *run) stateOf(holder checkpoints.Holder, now time.Time) state {
	age := now.Sub(r.metrics.at)
	if r.started.After(r.metrics.at) { // started, nothing logged yet
		age = now.Sub(r.started)
	}
	awake := age < max(quiet, 20*r.interval())
	switch {
	case holder == checkpoints.Held || holder == checkpoints.HeldElsewhere:
		if awake {
			return running
		}
		return stale
	case r.steps() > 0 && r.last.Step >= r.steps():
		return finished
	}
	return stopped
}

// steps is the number of steps that the run is to make; 0: not known.
func (r *run) steps() int64 {
	n, err := strconv.ParseInt(r.setting("steps"), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// paceRecords is how many training records the remaining time is estimated from.
const paceRecords = 20

// addPace takes a training record in. Of a resumed run, time goes on from where it was.
func (r *run) addPace(m metrics.Record) {
	m.Skipped = ""
	if r.pace = append(r.pace, m); len(r.pace) > paceRecords {
		r.pace = r.pace[1:]
	}
}

// perStep is the recent time of a step in seconds; NaN: not known.
func (r *run) perStep() float64 {
	if len(r.pace) < 2 {
		return math.NaN()
	}
	first, last := r.pace[0], r.pace[len(r.pace)-1]
	return (last.Elapsed - first.Elapsed) / float64(last.Step-first.Step)
}

// eta is the remaining time in seconds; NaN: not known.
func (r *run) eta() float64 { return r.perStep() * float64(max(r.steps()-r.last.Step, 0)) }

// interval is the recent time between training records.
func (r *run) interval() time.Duration {
	if len(r.pace) < 2 {
		return 0
	}
	seconds := (r.pace[len(r.pace)-1].Elapsed - r.pace[0].Elapsed) / float64(len(r.pace)-1)
	if !(seconds > 0 && seconds < 1e6) {
		return 0
	}
	return time.Duration(seconds * float64(time.Second))
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
