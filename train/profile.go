package train

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"text/tabwriter"
	"time"

	"goomtrain/models"
)

// A profile measures where the time of a run is spent.
type profile struct {
	dir string
	cpu *os.File
}

// startProfile starts writing cpu.pprof and lets the model, if it can, time its operations.
func startProfile(dir string, model any) (*profile, error) {
	cpu, err := os.Create(filepath.Join(dir, "cpu.pprof"))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		cpu.Close()
		return nil, fmt.Errorf("profile: %w", err)
	}
	if m, ok := model.(models.Profiler); ok {
		m.SetProfile(true)
	}
	return &profile{dir, cpu}, nil
}

// stop completes the files and prints the operations by their time.
func (p *profile) stop(out io.Writer, model any) error {
	pprof.StopCPUProfile()
	err := p.cpu.Close()
	heap, herr := os.Create(filepath.Join(p.dir, "heap.pprof"))
	if herr == nil {
		runtime.GC() // so that the profile shows what is live
		herr = errors.Join(pprof.WriteHeapProfile(heap), heap.Close())
	}
	if m, ok := model.(models.Profiler); ok {
		if ops := m.Profile(); len(ops) > 0 {
			writeOperations(out, ops)
		}
		m.SetProfile(false)
	}
	fmt.Fprintf(out, "profile      go tool pprof %s\n", filepath.Join(p.dir, "cpu.pprof"))
	return errors.Join(err, herr)
}

// writeOperations prints a table of times.
func writeOperations(out io.Writer, ops []models.OpTime) {
	total := time.Duration(0)
	for _, op := range ops {
		total += op.Time
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "share\ttime\tcalls\tper call\t  operation")
	for _, op := range ops {
		fmt.Fprintf(t, "%.1f%%\t%v\t%d\t%v\t  %s\n", 100*op.Time.Seconds()/max(total.Seconds(), 1e-9),
			op.Time.Round(time.Millisecond), op.Calls, (op.Time / time.Duration(max(op.Calls, 1))).Round(time.Microsecond), op.Name)
	}
	t.Flush()
}
