package checkpoints

import (
	"os"
	"path/filepath"
)

// A Holder says who holds a run folder, by what its lock file says.
type Holder int

const (
	// Free: no process trains in the folder, or none ever locked it here: the lock file may not have been copied.
	Free Holder = iota
	// Held: a process of this machine trains in it.
	Held
	// HeldElsewhere: a process of another machine has locked it, and has not released it that is known of.
	HeldElsewhere
	// Left: the process that trained in it has ended without releasing it.
	Left
)

// HolderOf reads who holds a run folder, without locking it or writing to it. The number of a process may have come to
// stand for another one, so that Held is likely, not certain; LockRun is.
func HolderOf(runDir string) Holder {
	for _, name := range []string{lockFile, lockFile + ".portable"} {
		o, ok := readOwner(filepath.Join(runDir, name))
		if !ok {
			continue
		}
		switch host, _ := os.Hostname(); {
		case o.Host != host:
			return HeldElsewhere
		case isDead(o.PID):
			return Left
		}
		return Held
	}
	return Free
}
