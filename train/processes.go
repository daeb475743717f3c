package train

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"goomtrain/checkpoints"
	"goomtrain/data"
	"goomtrain/internal/comm"
	"goomtrain/internal/regular"
	"goomtrain/models"
	"goomtrain/params"
	"goomtrain/settings"
	"goomtrain/train/optim"
)

// Channels of the groups of a job.
const (
	savingChannel = iota + 1
	sequenceChannel
)

// join makes the configuration that of one process of its job.
func (c *Config) join() (err error) {
	if c.job == nil {
		if c.job, err = comm.World(); err != nil {
			return err
		}
	}
	c.job.SetTimeout(time.Duration(c.CommTimeout * float64(time.Second)))
	return c.validateJob()
}

// voice returns where this process writes what users read: of several processes, one speaks. It then writes plain lines even
// to a terminal, which is mpirun's and not the user's; mpirun stops to read it when it is interrupted, so that a progress bar
// would soon block the run before it has saved.
func (c *Config) voice(console io.Writer) io.Writer {
	switch {
	case c.job.Size() == 1:
		return console
	case c.job.Rank() > 0:
		return io.Discard
	}
	return struct{ io.Writer }{console}
}

// validateJob checks the settings against the number of processes.
func (c *Config) validateJob() error {
	n := c.job.Size()
	if n%c.SequenceParallel != 0 {
		return fmt.Errorf("-sequence-parallel %d does not divide the %d processes of this job: start a multiple of it", c.SequenceParallel, n)
	}
	if n == 1 {
		return nil
	}
	teams, micro := n/c.SequenceParallel, c.MicroBatch
	switch {
	case micro == 0 && c.Batch%teams != 0:
		return fmt.Errorf("-batch %d does not divide evenly among %d processes: give a multiple, or sequences that are processed at a time in -micro-batch", c.Batch, teams)
	case micro > 0 && c.Batch/micro < teams:
		return fmt.Errorf("-batch %d has %d micro-batches of -micro-batch %d, fewer than the %d processes to share them: give a smaller -micro-batch or a larger -batch", c.Batch, c.Batch/micro, micro, teams)
	case strings.HasPrefix(c.Device, "gpu"):
		return fmt.Errorf("-device %s: a job of several processes trains on CPUs: leave it out", c.Device)
	}
	c.Device = "cpu"
	return nil
}

// leads reports whether this process writes the logs and speaks for the job.
func (s *session[F]) leads() bool { return s.alone() || s.cfg.job.Rank() == 0 }

// alone reports whether the job has no other process.
func (s *session[F]) alone() bool { return s.cfg.job == nil || s.cfg.job.Size() == 1 }

// identity is what all processes of a job must have in common.
type identity struct {
	Program string // checksum of the executable file
	Config  string
	Call    string // the flags that the configuration does not have
	Data    string // fingerprint
}

// program returns the checksum of the executable file.
var program = sync.OnceValues(func() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	f, err := regular.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
})

// compare returns an error that names a process which runs another program than process 0, or with another configuration,
// or on other data. All processes return the same one.
func (s *session[F]) compare() error {
	if s.alone() {
		return nil
	}
	sum, err := program()
	if err != nil {
		return fmt.Errorf("checksum of the program: %w", err)
	}
	call := fmt.Sprintf("-sequence-parallel %d, -resume %q, -dry-run=%t", s.cfg.SequenceParallel, s.cfg.Resume, s.cfg.DryRun)
	own, err := json.Marshal(identity{sum, s.cfg.Settings().TOML(), call, s.dataset.Fingerprint})
	if err != nil {
		return err
	}
	texts, err := s.cfg.job.GatherBytes(own)
	if err != nil {
		return err
	}
	all := make([]identity, len(texts))
	for r, text := range texts {
		if err := json.Unmarshal(text, &all[r]); err != nil {
			return fmt.Errorf("%s runs another version of the program than rank 0: start the same file everywhere", s.cfg.job.Name(r))
		}
	}
	for r, other := range all[1:] {
		name := s.cfg.job.Name(r + 1)
		switch first := all[0]; {
		case other.Program != first.Program:
			return fmt.Errorf("%s runs another program than rank 0 (sha256 %.12s, rank 0 %.12s): start the same file everywhere", name, other.Program, first.Program)
		case other.Config != first.Config:
			return fmt.Errorf("%s has another configuration than rank 0: %s: give all processes the same flags and files", name, firstDifference(first.Config, other.Config))
		case other.Call != first.Call:
			return fmt.Errorf("%s was started with other flags than rank 0: %s, rank 0 with %s: give all processes the same flags", name, other.Call, first.Call)
		case other.Data != first.Data:
			return fmt.Errorf("%s has other data than rank 0 (fingerprint %.12s, rank 0 %.12s): give all hosts the same files", name, other.Data, first.Data)
		}
	}
	return nil
}

// firstDifference names the first setting in which a configuration in TOML differs from that of rank 0.
func firstDifference(first, other string) string {
	a, errA := settings.ReadTOML("rank 0", first)
	b, errB := settings.ReadTOML("the other", other)
	if err := errors.Join(errA, errB); err != nil {
		return "they cannot be compared"
	}
	for _, pair := range b {
		if text, ok := settings.Last(a, pair.Name); !ok {
			return fmt.Sprintf("-%s is %s, on rank 0 it is not set", pair.Name, pair.Text)
		} else if text != pair.Text {
			return fmt.Sprintf("-%s is %s, on rank 0 %s", pair.Name, shown(pair.Text), shown(text))
		}
	}
	for _, pair := range a {
		if _, ok := settings.Last(b, pair.Name); !ok {
			return fmt.Sprintf("-%s is not set, on rank 0 it is %s", pair.Name, pair.Text)
		}
	}
	return "they differ in comments"
}

// divide gives each process its part of the optimizer, and prepares what they exchange.
func (s *session[F]) divide() error {
	job := s.cfg.job
	if s.alone() {
		return nil
	}
	trained := params.Trained(s.params)
	l := layout{job.Size(), s.cfg.SequenceParallel, s.cfg.Batch / s.cfg.MicroBatch}
	s.grads = newGradients(trained, l.span(job.Rank()), l.all())
	parts := optim.Divide(s.cfg.Optimizer, trained, job.Size())
	own, err := optim.New(s.cfg.Optimizer, optim.Parameters(parts[job.Rank()]))
	if err != nil {
		return err
	}
	s.optimizer = own
	s.exchange = newExchange(job, l, s.grads, parts, s.norm)
	if m, ok := s.model.(models.Eager[F]); ok {
		m.OnGradient(s.grads.ready)
	}
	if l.sequence == 1 {
		return nil
	}
	team, err := job.Split(job.Rank()/l.sequence, sequenceChannel)
	if err != nil {
		return err
	}
	m, ok := s.model.(models.SequenceParallel)
	if !ok {
		return errors.New("-sequence-parallel: the model cannot be cut over processes: leave it out")
	}
	if err := m.SetSequence(team); err != nil {
		return fmt.Errorf("-sequence-parallel: %w", err)
	}
	s.team = team
	return nil
}

// agreed returns a context that ends when ctx of any process has ended and a step has told all processes so. They save and
// stop after the same step.
func (s *session[F]) agreed(ctx context.Context) context.Context {
	if s.alone() {
		return ctx
	}
	s.asked = ctx
	common, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.agree = cancel
	return common
}

// claim makes or finds the run folder and locks it. Process 0 does; the others learn which it is.
func (s *session[F]) claim() (err error) {
	if s.leads() {
		if err := s.claimFolder(); err != nil {
			return err
		}
	}
	return s.share(&s.result.Dir)
}

// share gives all processes a text of process 0.
func (s *session[F]) share(text *string) error {
	if s.alone() {
		return nil
	}
	var mine []byte
	if s.leads() {
		mine = []byte(*text)
	}
	texts, err := s.cfg.job.GatherBytes(mine)
	if err == nil {
		*text = string(texts[0])
	}
	return err
}

// largestConfig bounds what is read of a config.toml.
const largestConfig = 1 << 20

// checkShared returns an error unless all processes see the run folder of process 0.
func (s *session[F]) checkShared() error {
	if s.alone() {
		return nil
	}
	own := []byte(s.cfg.Settings().TOML())
	if err := s.cfg.job.Barrier(); err != nil { // process 0 has written it
		return err
	}
	path := filepath.Join(s.result.Dir, checkpoints.ConfigFile)
	for wait := 10 * time.Millisecond; ; wait *= 2 {
		text, err := regular.ReadFile(path, largestConfig)
		if err == nil && bytes.Equal(text, own) {
			return nil
		}
		if wait > 2*time.Second { // file systems of networks may take a while
			return fmt.Errorf("the run folder %s of rank 0 is not seen here: put it on a file system that all hosts share (-out)", s.result.Dir)
		}
		time.Sleep(wait)
	}
}

// sliced returns the positions of a batch that this process computes: all, or its part of every sequence.
func (s *session[F]) sliced(b *data.Batch) (inputs, targets []int32, length int, err error) {
	if s.team == nil {
		return b.Inputs, b.Targets, b.Len, nil
	}
	n := s.team.Size()
	if b.Len%n != 0 {
		return nil, nil, 0, fmt.Errorf("sequences of %d positions cannot be cut into %d equal parts (-sequence-parallel): give multiples of it in -seq and -eval-lengths", b.Len, n)
	}
	length = b.Len / n
	cut := func(to []int32, all []int32) []int32 {
		to = to[:0]
		for at := s.team.Rank() * length; at < len(all); at += b.Len {
			to = append(to, all[at:at+length]...)
		}
		return to
	}
	s.parts[0], s.parts[1] = cut(s.parts[0], b.Inputs), cut(s.parts[1], b.Targets)
	return s.parts[0], s.parts[1], length, nil
}
