package checkpoints

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"time"

	"goomtrain/internal/atomicfile"
)

// The portable lock is for systems without locks that end with their process. It is a file: its existence is
// the lock, and its holder keeps counting in it. A process that knows the holder to be dead, or sees the count
// stand still, takes the lock over. It compares counts only, never clocks.

const (
	beatEvery  = 2 * time.Second
	stillBeats = 4 // after so many periods without counting the holder is considered dead
)

func lockPortable(path string, period time.Duration) (release func() error, err error) {
	me := self()
	me.Token = fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64())
	for {
		text, err := json.Marshal(me)
		if err != nil {
			return nil, err
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err == nil {
			_, err = f.Write(text)
			err = errors.Join(err, f.Close())
			if err != nil {
				os.Remove(path)
				return nil, err
			}
			break
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		if err := takeOver(path, me.Token, period); err != nil {
			return nil, err
		}
	}
	// Two that found the same dead lock may both have come this far; the file says who was last.
	time.Sleep(period / 10)
	if o, ok := readOwner(path); !ok || o.Token != me.Token {
		return nil, &LockedError{PID: o.PID, Host: o.Host}
	}
	return keepBeating(path, me, period), nil
}

// takeOver removes a lock whose holder is dead. A nil error means that the caller can try to create it again.
func takeOver(path, token string, period time.Duration) error {
	first, ok := awaitOwner(path)
	if ok && first.Host == self().Host && isDead(first.PID) {
		return moveAway(path, first.Token, token)
	}
	for range stillBeats * 10 {
		time.Sleep(period / 10)
		now, readable := readOwner(path)
		if !exists(path) {
			return nil
		}
		if readable && (!ok || now.Token != first.Token || now.Beat != first.Beat) {
			return &LockedError{PID: now.PID, Host: now.Host}
		}
	}
	return moveAway(path, first.Token, token)
}

// moveAway removes the lock of the dead holder. If another process has replaced that lock in the meantime, it
// puts the new lock back.
func moveAway(path, dead, token string) error {
	aside := path + "." + token
	if err := os.Rename(path, aside); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // another newcomer was first
		}
		return err
	}
	if o, _ := readOwner(aside); o.Token != dead {
		os.Rename(aside, path)
		return &LockedError{PID: o.PID, Host: o.Host}
	}
	return os.Remove(aside)
}

// keepBeating counts until the lock is released or belongs to another process.
func keepBeating(path string, me owner, period time.Duration) (release func() error) {
	mine := func() bool {
		o, ok := readOwner(path)
		return ok && o.Token == me.Token
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(period)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			if !mine() {
				return
			}
			me.Beat++
			if text, err := json.Marshal(me); err == nil {
				atomicfile.WriteFile(path, text) // a full disk must not stop training; the next beat tries again
			}
		}
	}()
	return func() error {
		close(stop)
		<-stopped
		if !mine() {
			return nil
		}
		return os.Remove(path)
	}
}
