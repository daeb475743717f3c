package metrics

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A Reading shows, on a terminal, how far files are read: by a bar that appears after a second and is removed in the
// end. Elsewhere it shows nothing.
type Reading struct {
	out   io.Writer
	begin time.Time
	last  time.Time // of the last redraw
	what  string
	bar   *progressbar.ProgressBar // nil: none yet
	now   func() time.Time         // nil: no terminal
}

// readingAfter is how long reading takes before it is shown.
const readingAfter = time.Second

// NewReading returns a Reading that begins now.
func NewReading(out io.Writer) *Reading {
	f, ok := out.(*os.File)
	return newReading(out, ok && term.IsTerminal(int(f.Fd())), time.Now)
}

func newReading(out io.Writer, terminal bool, now func() time.Time) *Reading {
	r := &Reading{out: out}
	if terminal {
		r.now, r.begin = now, now()
	}
	return r
}

// Show shows that done bytes of total are read; what says for what.
func (r *Reading) Show(what string, done, total int64) {
	if r.now == nil {
		return
	}
	now := r.now()
	if now.Sub(r.begin) < readingAfter || now.Sub(r.last) < barEvery {
		return
	}
	r.last = now
	if r.bar == nil || r.what != what || r.bar.GetMax64() != total {
		r.Close()
		r.what = what
		r.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(r.out), progressbar.OptionSetWidth(barWidth-16),
			progressbar.OptionSetElapsedTime(false), progressbar.OptionSetPredictTime(false),
			progressbar.OptionShowDescriptionAtLineEnd(), progressbar.OptionThrottle(0),
			progressbar.OptionUseANSICodes(true), progressbar.OptionSetTheme(progressbar.ThemeASCII))
	}
	r.bar.Describe(fmt.Sprintf("%s %.0f of %.0f MB", what, float64(done)/1e6, float64(total)/1e6))
	r.bar.Set64(done) // an error of the terminal does not matter
}

// Close removes the bar.
func (r *Reading) Close() {
	if r.bar != nil {
		r.bar.Clear()
		r.bar = nil
	}
}
