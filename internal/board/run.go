package board

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"goomtrain/checkpoints"
	"goomtrain/internal/printable"
	"goomtrain/internal/regular"
	"goomtrain/settings"
	"goomtrain/train/metrics"
)

const (
	metricsFile = "metrics.jsonl"
	maxConfig   = 1 << 20 // bytes of config.toml
	maxSplits   = 64      // validation sets of a run with curves
	maxSplit    = 200     // bytes of the name of one
	maxLayers   = 48      // layers of a run with a curve of the norms of their gradients
	maxEvals    = 64      // evaluations kept for the accuracy by length
	readAtOnce  = 4 << 20 // bytes of metrics read before the next run has its turn
)

// A run is what is known of a run folder.
type run struct {
	id, name, dir string
	revision      int64 // of the board, when the run changed last
	shown         state // in that revision

	config   stamp // of config.toml, as it was read
	settings []settings.Pair
	started  time.Time // last start or resumption

	tail      *metrics.Tail
	metrics   stamp
	more      bool             // the tail has lines left to read
	rows      map[string][]row // by split
	layers    map[string][]row // norms of gradients, by layer
	count     int              // rows of all splits
	last      metrics.Record   // of training; Step 0: none
	pace      []metrics.Record // newest training records of this session, for the time that is left
	valid     metrics.Record   // newest of the main validation set
	best      metrics.Record   // of the lowest loss
	confusion metrics.Record   // newest with classes
	evals     []metrics.Record // newest of all validation sets
	nonfinite int              // steps logged whose loss or gradient was not finite
	dropped   int              // records of further validation sets

	failures map[string]string // what could not be read, by file
}

// A stamp tells whether a file has changed.
type stamp struct {
	size int64
	at   time.Time
}

func stampOf(info fs.FileInfo) stamp { return stamp{info.Size(), info.ModTime()} }

func newRun(name, dir string) *run {
	sum := sha256.Sum256([]byte(dir))
	r := &run{id: fmt.Sprintf("%x", sum[:6]), name: printable.Short(name, 200), dir: dir, failures: map[string]string{}}
	r.tail = metrics.NewTail(metricsFile, func() (*os.File, error) { return r.open(metricsFile) })
	r.restart()
	return r
}

// restart forgets all records.
func (r *run) restart() {
	none := metrics.Record{Loss: metrics.Unknown, BPB: metrics.Unknown, Accuracy: metrics.Unknown, SequenceAccuracy: metrics.Unknown,
		TokensPerSec: metrics.Unknown, Elapsed: metrics.Unknown, PeakRSS: metrics.Unknown}
	r.rows, r.layers, r.count, r.nonfinite, r.dropped = map[string][]row{}, map[string][]row{}, 0, 0, 0
	r.last, r.valid, r.best, r.confusion, r.evals, r.pace = none, none, none, metrics.Record{}, nil, nil
}

// open opens a file of the run folder.
func (r *run) open(name string) (*os.File, error) {
	root, err := os.OpenRoot(r.dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return regular.OpenIn(root, name)
}

// read reads a small file of the run folder.
func (r *run) read(name string, limit int64) ([]byte, error) {
	root, err := os.OpenRoot(r.dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return regular.ReadFileIn(root, name, limit)
}

// refresh reads what has changed, with room for so many rows. It reports whether anything has.
func (r *run) refresh(room int) (changed bool) {
	if info, err := os.Stat(filepath.Join(r.dir, checkpoints.ConfigFile)); err == nil && stampOf(info) != r.config {
		r.config, r.started, changed = stampOf(info), info.ModTime(), true
		text, err := r.read(checkpoints.ConfigFile, maxConfig)
		if err == nil {
			r.settings, err = settings.ReadTOML(checkpoints.ConfigFile, string(text))
		}
		r.note(checkpoints.ConfigFile, err)
	}
	info, err := os.Stat(filepath.Join(r.dir, metricsFile))
	now := stamp{}
	if err == nil {
		now = stampOf(info)
	}
	if now == r.metrics && !r.more {
		return changed
	}
	r.metrics = now
	r.more, err = r.tail.Read(readAtOnce, r.restart, func(m metrics.Record) { r.add(m, room) })
	r.note(metricsFile, err)
	return true
}

// note remembers why a file could not be read, or forgets it.
func (r *run) note(file string, err error) {
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		delete(r.failures, file)
		return
	}
	r.failures[file] = printable.Short(err.Error(), 300)
}

// add takes a record in.
func (r *run) add(m metrics.Record, room int) {
	if _, known := r.rows[m.Split]; !known && (len(r.rows) >= maxSplits || len(m.Split) > maxSplit) {
		r.dropped++
		return
	}
	r.rows[m.Split] = append(r.rows[m.Split], newRow(m))
	if r.count++; r.count > room {
		r.thin()
	}
	for layer, norm := range m.GradNorms {
		if _, known := r.layers[layer]; known || len(r.layers) < maxLayers && len(layer) <= maxSplit && !strings.ContainsAny(layer, ",:") {
			r.layers[layer] = append(r.layers[layer], newRow(metrics.Record{Step: m.Step, Tokens: m.Tokens, Elapsed: m.Elapsed, GradNorm: norm}))
			r.count++
		}
	}
	m.GradNorms = nil
	switch m.Split {
	case metrics.Train:
		if m.Skipped != "" {
			r.nonfinite++
		}
		r.addPace(m)
		r.last = m
		return
	case metrics.Valid:
		r.valid = m
		if !(m.Loss >= r.best.Loss) && finite(m.Loss) {
			r.best = m
		}
		r.valid.Confusion, r.best.Confusion = nil, nil
	}
	if m.Confusion != nil {
		r.confusion = m
	}
	m.Confusion = nil
	if r.evals = append(r.evals, m); len(r.evals) > maxEvals {
		r.evals = r.evals[1:]
	}
}

// thin halves the rows of every validation set and of training that has many.
func (r *run) thin() {
	r.count = 0
	for _, all := range []map[string][]row{r.rows, r.layers} {
		for name, rows := range all {
			if len(rows) > 64 {
				all[name] = thin(rows)
			}
			r.count += len(all[name])
		}
	}
}

// setting is the text of a setting; "" if the run does not have it.
func (r *run) setting(name string) string {
	text, _ := settings.Last(r.settings, name)
	return text
}
