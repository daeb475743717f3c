package metrics

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var ansi = regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]`)

func Example() {
	c := NewConsole(os.Stdout, 0, 600, true)
	c.Step(Record{Step: 100, Split: Train, Loss: 2.5, BPB: 3.607, Accuracy: Unknown, LR: 1e-3, GradNorm: 0.5, TokensPerSec: 12345, MFU: 0.446})
	c.Close()
	// Output: step 100/600  loss 2.5000  bpb 3.6070  lr 1.00e-03  norm 0.5  12.3k tokens/s  MFU 44.6%  ETA -
}

// TestPlainLinesAreFew: a pipe gets a line every five seconds and no control characters; the ETA
// leaves out the slow first steps.
func TestPlainLinesAreFew(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(1000, 0)
	c := newConsole(&out, 0, 100, false, false, func() time.Time { return now })
	for step := int64(1); step <= 50; step++ {
		pace := time.Second
		if step <= 10 {
			pace = time.Minute
		}
		now = now.Add(pace)
		if c.Tick(step) {
			c.Step(train(step, 2))
		}
	}
	c.Step(train(50, 2))
	c.Valid(valid(50, 3), "best")
	c.Close()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 10+8+2 || strings.ContainsAny(out.String(), "\r\x1b") {
		t.Errorf("%d lines:\n%s", len(lines), out.String())
	}
	if last := lines[18]; !strings.HasSuffix(last, "ETA 50s") {
		t.Errorf("last step line %q", last)
	}
	if last := lines[19]; !strings.Contains(last, "valid: loss 3.0000") || !strings.HasSuffix(last, "best") {
		t.Errorf("last line %q", last)
	}
}

// TestTerminalGetsABar: the bar shows loss, rate, speed and ETA, and lines stand whole above it.
func TestTerminalGetsABar(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(1000, 0)
	c := newConsole(&out, 0, 100, false, true, func() time.Time { return now })
	c.width = func() int { return 160 }
	for step := int64(1); step <= 20; step++ {
		now = now.Add(time.Second)
		if c.Tick(step) {
			c.Step(train(step, 2))
		}
	}
	c.Printf("a line\n")
	c.Close()
	text := out.String()
	for _, want := range []string{"\r", "(20/100)", "loss 2.0000", "lr 1.00e-03", "tokens/s", "ETA 1m", "a line\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %q", want, text)
		}
	}
}

// TestBarFitsTheTerminal: with the bar before them, the numbers do not pass the end of the line.
func TestBarFitsTheTerminal(t *testing.T) {
	for width := 70; width <= 120; width++ {
		var out bytes.Buffer
		c := newConsole(&out, 0, 100, false, true, time.Now)
		c.width = func() int { return width }
		c.Step(train(100, 2))
		for _, line := range strings.Split(ansi.ReplaceAllString(out.String(), "\r"), "\r") {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > width {
				t.Errorf("%d columns in %d: %q", n, width, line)
			}
		}
		c.Close()
	}
}

// TestLinesAreTheContract: the whole lines of steps and evaluations, whose unknown numbers are left out, in columns.
func TestLinesAreTheContract(t *testing.T) {
	var out bytes.Buffer
	c := newConsole(&out, 0, 1000, true, false, func() time.Time { return time.Unix(1000, 0) })
	step := train(7, 2)
	step.Length, step.Accuracy, step.MFU, step.Skipped = 32, 0.125, 0.0625, "the loss is NaN"
	c.Step(step)
	c.Valid(valid(70, 2), "")
	c.Valid(valid(700, 3), "best")
	want := "step    7/1000  length 32  loss 2.0000  bpb 2.8854  accuracy 12.5%  lr 1.00e-03  norm 0.5  1.23k tokens/s  MFU 6.2%  skipped: the loss is NaN  ETA -\n" +
		"step   70/1000  valid: loss 2.0000  bpb 2.8854  accuracy 25.0%\n" +
		"step  700/1000  valid: loss 3.0000  bpb 4.3281  accuracy 25.0%  best\n"
	if out.String() != want {
		t.Errorf("lines\n%swant\n%s", out.String(), want)
	}
}

// TestAskedForLines: a console proposes no line of its own where the caller decides which steps have one.
func TestAskedForLines(t *testing.T) {
	for _, asked := range []bool{true, false} {
		now, proposed := time.Unix(1000, 0), 0
		c := newConsole(&bytes.Buffer{}, 0, 100, asked, false, func() time.Time { return now })
		for step := int64(1); step <= 20; step++ {
			if now = now.Add(time.Second); c.Tick(step) {
				proposed++
				c.Step(train(step, 2))
			}
		}
		if want := map[bool]int{true: 0, false: 4}[asked]; proposed != want {
			t.Errorf("asked %v: %d lines proposed, want %d", asked, proposed, want)
		}
	}
}

func TestBarFitsTheLine(t *testing.T) {
	parts := func() []string { return append(numbers(train(20, 2)), "ETA 1m0s") }
	for width, want := range map[int]string{
		100: "loss 2.0000  bpb 2.8854  lr 1.00e-03  norm 0.5  1.23k tokens/s  ETA 1m0s",
		65:  "loss 2.0000  bpb 2.8854  lr 1.00e-03  1.23k tokens/s  ETA 1m0s",
		40:  "loss 2.0000  1.23k tokens/s  ETA 1m0s",
		5:   "1.23k tokens/s  ETA 1m0s",
	} {
		if got := fit(parts(), width); got != want {
			t.Errorf("%d columns: %q, want %q", width, got, want)
		}
	}
}

func TestShort(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 950: "950", 999.4: "999", 999.6: "1.00k", 1250: "1.25k", 12500: "12.5k", 125000: "125k", 124.6e6: "125M", 7e15: "7000T",
		9994: "9.99k", 9996: "10.0k", 99940: "99.9k", 99960: "100k", 100000: "100k", -99960: "-100k", -1250: "-1.25k", 999.4e3: "999k", 999.6e3: "1.00M",
		math.NaN(): "NaN", math.Inf(1): "+Inf", math.Inf(-1): "-Inf"} {
		if got := Short(x); got != want {
			t.Errorf("%g: %s, want %s", x, got, want)
		}
	}
	for d, want := range map[time.Duration]string{90 * time.Second: "1m30s", 3*time.Hour + 5*time.Minute: "3h05m", time.Hour: "1h00m", time.Hour - 600*time.Millisecond: "59m59s", time.Hour - 400*time.Millisecond: "1h00m", 400 * time.Millisecond: "0s"} {
		if got := Duration(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

func TestPeakRSSCountsTouchedMemory(t *testing.T) {
	before := PeakRSS()
	block := make([]byte, 64<<20)
	for i := 0; i < len(block); i += 4096 {
		block[i] = 1
	}
	if after := PeakRSS(); !(after >= before && after >= 64) {
		t.Errorf("after 64 MiB more: %s", fmt.Sprint(before, after, block[4096]))
	}
}
