package train

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"goomtrain/data"
	"goomtrain/models"
	"goomtrain/train/optim"
)

// BenchmarkSaveStall measures how long a save keeps the default run from training: in line, with a forward pass, the
// sync of the log and the copy before training goes on, as it was before; and lazily. The metrics are medians: of the
// stall of a save, of a step without one, their ratio, and the time from a save to the end of the next step. During that
// step the goroutine of the Saver copies, hashes and writes on one of the cores.
//
// On two cores of a shared EPYC machine:
//
//	lazy=false   39.13 %step   264.2 save+step-ms   67.89 stall-ms    173.5 step-ms
//	lazy=true     0.22 %step   180.3 save+step-ms    0.3657 stall-ms  167.6 step-ms
func BenchmarkSaveStall(b *testing.B) {
	for _, lazy := range []bool{false, true} {
		b.Run(fmt.Sprintf("lazy=%v", lazy), func(b *testing.B) {
			s := defaultSession(b)
			var stalls, steps, both []time.Duration
			for b.Loop() {
				begin := time.Now()
				if err := s.save(); err != nil {
					b.Fatal(err)
				}
				if !lazy {
					if err := s.examine(); err != nil {
						b.Fatal(err)
					}
					if err := s.log.Sync(); err != nil {
						b.Fatal(err)
					}
				}
				stall := time.Since(begin)
				stalls = append(stalls, stall+s.stepAfterSave(b))
				both = append(both, time.Since(begin))
				if err := s.saver.Wait(); err != nil {
					b.Fatal(err)
				}
				begin = time.Now()
				if _, err := s.makeStep(); err != nil {
					b.Fatal(err)
				}
				steps = append(steps, time.Since(begin))
			}
			median := func(times []time.Duration) float64 {
				slices.Sort(times)
				return times[len(times)/2].Seconds() * 1e3
			}
			b.ReportMetric(median(stalls), "stall-ms")
			b.ReportMetric(median(steps), "step-ms")
			b.ReportMetric(100*median(stalls)/median(steps), "%step")
			b.ReportMetric(median(both), "save+step-ms")
		})
	}
}

// stepAfterSave makes a step and returns how long it waited for the save.
func (s *session[F]) stepAfterSave(b *testing.B) time.Duration {
	s.Step++
	s.batch.Size = s.cfg.Batch
	if err := s.source.Next(&s.batch); err != nil {
		b.Fatal(err)
	}
	sum, err := s.accumulate(&s.batch, counted(s.batch.Targets))
	if err != nil {
		b.Fatal(err)
	}
	begin := time.Now()
	if err := s.confirm(sum.Loss); err != nil {
		b.Fatal(err)
	}
	wait := time.Since(begin)
	rates := s.schedule.At(int(s.Step))
	s.optimizer.Update(rates.LR, rates.Beta1, optim.ClipScale(s.norm.Global(), s.cfg.Clip))
	return wait
}

// defaultSession opens a run of the default model and optimizer.
func defaultSession(b *testing.B) *session[float32] {
	b.Helper()
	cfg := selected(b, Selection{Model: "goom-rnn", Optimizer: "adamw"})
	path := filepath.Join(b.TempDir(), "text.txt")
	if err := os.WriteFile(path, []byte(strings.Repeat("the quick brown fox jumps over the lazy dog. ", 20_000)), 0o644); err != nil {
		b.Fatal(err)
	}
	set(b, &cfg, "data", path, "out", filepath.Join(b.TempDir(), "run"), "steps", "1000000")
	dataset, err := data.Open(cfg.Data, cfg.Seed)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { dataset.Close() })
	cfg.Model, cfg.Data.Seq = cfg.Model.Clone(), dataset.SeqLen
	if err := fit(cfg.Model, dataset, dataset.Vocab); err != nil {
		b.Fatal(err)
	}
	model, err := models.New[float32](cfg.Model, cfg.Seed)
	if err != nil {
		b.Fatal(err)
	}
	cfg.resolve()
	s, err := open(cfg, model, dataset, io.Discard)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.close(nil); err != nil {
			b.Error(err)
		}
	})
	return s
}
