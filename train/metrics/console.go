package metrics

import (
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A Console shows the progress of a run: on a terminal by a progress bar below the log lines, elsewhere by log
// lines alone, at most one every few seconds.
type Console struct {
	out   io.Writer
	total int64
	every time.Duration            // between the step lines that Tick proposes; 0: it proposes none
	bar   *progressbar.ProgressBar // nil: no terminal
	last  time.Time                // of the last step line
	now   func() time.Time
	width func() int // columns of the terminal
	clock meter
}

// How often the bar is redrawn, and how often a step gets a line.
const barEvery, lineEvery = 100 * time.Millisecond, 5 * time.Second

// barWidth is the width of the bar, without the digits of the count.
const barWidth = 36

// NewConsole returns a Console for steps up to total, of which done have been made. If asked is set, the caller
// alone decides which steps get a line; otherwise Tick proposes one every few seconds.
func NewConsole(out io.Writer, done, total int64, asked bool) *Console {
	f, ok := out.(*os.File)
	c := newConsole(out, done, total, asked, ok && term.IsTerminal(int(f.Fd())), time.Now)
	if ok {
		c.width = func() int {
			width, _, err := term.GetSize(int(f.Fd()))
			if err != nil || width <= 0 {
				return 80
			}
			return width
		}
	}
	return c
}

func newConsole(out io.Writer, done, total int64, asked, terminal bool, now func() time.Time) *Console {
	c := &Console{out: out, total: total, now: now, width: func() int { return 80 }}
	if !asked {
		c.every = lineEvery
	}
	if terminal && done < total {
		c.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(out), progressbar.OptionSetWidth(barWidth-16),
			progressbar.OptionShowCount(), progressbar.OptionSetElapsedTime(false), progressbar.OptionSetPredictTime(false),
			progressbar.OptionShowDescriptionAtLineEnd(), progressbar.OptionThrottle(0),
			progressbar.OptionUseANSICodes(true), progressbar.OptionSetTheme(progressbar.ThemeASCII))
		c.every = barEvery
		c.bar.Set64(done) // an error of the terminal does not matter to the run
	}
	return c
}

// Printf prints whole lines above the bar.
func (c *Console) Printf(format string, args ...any) {
	if c.bar != nil {
		c.bar.Clear()
	}
	fmt.Fprintf(c.out, format, args...)
}

// Tick records, for the ETA, that a step is finished, and reports whether it is time to show one.
func (c *Console) Tick(step int64) (show bool) {
	now := c.now()
	c.clock.tick(now, step)
	return c.every > 0 && now.Sub(c.last) >= c.every
}

// Step shows a finished step: on the bar, or as a line.
func (c *Console) Step(r Record) {
	c.last = c.now()
	parts := append(numbers(r), "ETA "+c.clock.eta(c.last, r.Step, c.total))
	text := strings.Join(parts, "  ")
	if c.bar != nil {
		c.bar.Describe(fit(parts, c.width()-barWidth-2*digits(c.total)))
		c.bar.Set64(r.Step)
		return
	}
	fmt.Fprintf(c.out, "step %*d/%d  %s\n", digits(c.total), r.Step, c.total, text)
}

// Valid prints the line of an evaluation.
func (c *Console) Valid(r Record, note string) {
	line := fmt.Sprintf("step %*d/%d  %s: %s", digits(c.total), r.Step, c.total, r.Split, strings.Join(numbers(r), "  "))
	if note != "" {
		line += "  " + note
	}
	c.Printf("%s\n", line)
}

// ByLength prints an evaluation at several lengths as a table.
func (c *Console) ByLength(records []Record, note string) {
	columns := []struct {
		name, format string
		value        func(Record) float64
	}{
		{"length", "%.0f", func(r Record) float64 { return float64(r.Length) }},
		{"loss", "%.4f", func(r Record) float64 { return r.Loss }},
		{"bpb", "%.4f", func(r Record) float64 { return r.BPB }},
		{"accuracy", "%.1f%%", func(r Record) float64 { return 100 * r.Accuracy }},
		{"sequences", "%.1f%%", func(r Record) float64 { return 100 * r.SequenceAccuracy }},
	}
	lines := make([]string, 1+len(records))
	for _, column := range columns {
		if !slices.ContainsFunc(records, func(r Record) bool { return finite(column.value(r)) }) {
			continue
		}
		lines[0] += fmt.Sprintf("%11s", column.name)
		for i, r := range records {
			lines[1+i] += fmt.Sprintf("%11s", fmt.Sprintf(column.format, column.value(r)))
		}
	}
	if note != "" {
		lines[1] += "  " + note
	}
	c.Printf("step %*d/%d  validation by length\n%s\n", digits(c.total), records[0].Step, c.total, strings.Join(lines, "\n"))
}

// Close ends the line of the bar.
func (c *Console) Close() {
	if c.bar != nil {
		c.bar.Exit()
		fmt.Fprintln(c.out)
		c.bar = nil
	}
}

// numbers formats the known numbers of a record.
func numbers(r Record) []string {
	var out []string
	if r.Split == Train && r.Length > 0 {
		out = append(out, fmt.Sprintf("length %d", r.Length))
	}
	add := func(format string, x float64) {
		if finite(x) {
			out = append(out, fmt.Sprintf(format, x))
		}
	}
	add("loss %.4f", r.Loss)
	add("bpb %.4f", r.BPB)
	add("accuracy %.1f%%", 100*r.Accuracy)
	add("lr %.2e", r.LR)
	add("norm %.3g", r.GradNorm)
	if finite(r.TokensPerSec) {
		out = append(out, Short(r.TokensPerSec)+" tokens/s")
	}
	add("MFU %.1f%%", 100*r.MFU)
	if r.Skipped != "" {
		out = append(out, "skipped: "+r.Skipped)
	}
	return out
}

// fit joins the parts, leaving out the least important ones until they fit: a bar longer than its line would
// scroll.
func fit(parts []string, width int) string {
	for _, least := range []string{"MFU", "norm", "length", "accuracy", "lr", "bpb", "loss"} {
		if len(strings.Join(parts, "  ")) <= width {
			break
		}
		parts = slices.DeleteFunc(parts, func(p string) bool { return strings.HasPrefix(p, least) })
	}
	return strings.Join(parts, "  ")
}

// Short formats a count in at most five characters: 950, 1.25k, 12.5k, 125k, 1.25M. NaN and
// infinities are NaN, +Inf and -Inf.
func Short(x float64) string {
	if !finite(x) {
		return fmt.Sprint(x)
	}
	for _, unit := range []string{"", "k", "M", "G", "T"} {
		if math.Abs(x) < 999.5 || unit == "T" {
			switch {
			case unit == "" || math.Abs(x) >= 99.95:
				return fmt.Sprintf("%.0f%s", x, unit)
			case math.Abs(x) >= 9.995:
				return fmt.Sprintf("%.1f%s", x, unit)
			}
			return fmt.Sprintf("%.2f%s", x, unit)
		}
		x /= 1000
	}
	panic("unreachable: the last unit always returns")
}

func digits(n int64) int { return len(fmt.Sprint(n)) }

// A meter estimates the remaining time. It ignores the first steps, which fill caches and pools.
type meter struct {
	begin time.Time
	from  int64
	seen  int
}

// warmSteps is the number of steps at the start of a session that the estimate ignores.
const warmSteps = 10

// tick records the time of a step.
func (m *meter) tick(now time.Time, step int64) {
	if m.seen < warmSteps {
		m.seen++
		m.begin, m.from = now, step
	}
}

// eta estimates the time from step to total as text, "-" if it is not known yet.
func (m *meter) eta(now time.Time, step, total int64) string {
	if step <= m.from || m.seen < warmSteps {
		return "-"
	}
	pace := now.Sub(m.begin) / time.Duration(step-m.from)
	return Duration(pace * time.Duration(total-step))
}

// Duration formats a time in seconds, and from an hour on in minutes.
func Duration(d time.Duration) string {
	d = d.Round(time.Second)
	if d >= time.Hour {
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return d.String()
}
