package checkpoints

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"goomtrain/internal/atomicfile"
	"goomtrain/internal/regular"
)

// lockFile is the file in a run folder that the training process keeps locked. Releasing the lock does not
// remove it: removing a locked file would let two processes lock two files of the same name.
const lockFile = ".lock"

// A RunLock keeps other processes from training in the same run folder. The system releases it when the process
// ends, however it ends.
type RunLock struct {
	once    sync.Once
	release func() error
	err     error
}

// A LockedError says which process holds a run folder.
type LockedError struct {
	Path string // of the run folder
	PID  int    // 0: not known
	Host string
}

func (e *LockedError) Error() string {
	who := "another process"
	if e.PID > 0 {
		who = fmt.Sprintf("process %d", e.PID)
		if host, _ := os.Hostname(); e.Host != "" && e.Host != host {
			who += " on " + e.Host
		} else if e.PID == os.Getpid() {
			who = fmt.Sprintf("this process (%d)", e.PID)
		}
	}
	return fmt.Sprintf("run folder %s is in use by %s: wait for it or stop it, or choose another run folder", e.Path, who)
}

// An owner is the content of the lock file. It says who holds the lock, for people and for error messages.
type owner struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
	Token string    `json:"token,omitempty"` // of the portable lock only
	Beat  int64     `json:"beat,omitempty"`
}

func self() owner {
	host, _ := os.Hostname() // "" serves too
	return owner{PID: os.Getpid(), Host: host, Since: time.Now().UTC().Truncate(time.Second)}
}

// LockRun locks the run folder for this process and creates it if needed. If a process, this one included,
// already holds it, the error is a *LockedError. The lock of a process that has ended does not count.
func LockRun(runDir string) (*RunLock, error) {
	if err := atomicfile.MkdirAll(runDir); err != nil {
		return nil, fmt.Errorf("cannot create run folder: %w", err)
	}
	path := filepath.Join(runDir, lockFile)
	release, err := lockSystem(path)
	if errors.Is(err, errors.ErrUnsupported) {
		release, err = lockPortable(path+".portable", beatEvery)
	}
	var locked *LockedError
	switch {
	case errors.As(err, &locked):
		locked.Path = runDir
		return nil, locked
	case err != nil:
		return nil, fmt.Errorf("cannot lock run folder %s: %w; it must be a folder that you may write to", runDir, err)
	}
	return &RunLock{release: release}, nil
}

// Release releases the lock. Further calls do nothing and return the result of the first.
func (l *RunLock) Release() error {
	l.once.Do(func() { l.err = l.release() })
	return l.err
}

// writeOwner puts o into a lock file that is held open and locked.
func writeOwner(f *os.File, o owner) error {
	text, err := json.Marshal(o)
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt(append(text, '\n'), 0)
	}
	return err
}

// readOwner reads a lock file; false if it does not hold an owner.
func readOwner(path string) (o owner, ok bool) {
	f, err := regular.Open(path)
	if err != nil {
		return owner{}, false
	}
	defer f.Close()
	err = json.NewDecoder(io.LimitReader(f, 4096)).Decode(&o)
	return o, err == nil && o.PID > 0
}

// awaitOwner is readOwner that waits a moment for a holder that has locked the file but not yet written it.
func awaitOwner(path string) (o owner, ok bool) {
	for range 20 {
		if o, ok = readOwner(path); ok {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	return o, ok
}

// lockedBy is the error for a process that finds the folder locked.
func lockedBy(path string) error {
	o, _ := awaitOwner(path)
	return &LockedError{PID: o.PID, Host: o.Host}
}
