package metrics

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestReading: on a terminal a bar appears after a second, is redrawn ten times a second at most, and is removed; elsewhere
// there is none.
func TestReading(t *testing.T) {
	var out bytes.Buffer
	clock := time.Unix(0, 0)
	r := newReading(&out, true, func() time.Time { return clock })
	for range 9 {
		clock = clock.Add(110 * time.Millisecond)
		r.Show("reading", 10, 1000e6)
	}
	if out.Len() > 0 {
		t.Errorf("%q within a second", &out)
	}
	clock = clock.Add(110 * time.Millisecond)
	r.Show("reading", 500e6, 1000e6)
	if text := out.String(); !strings.Contains(text, "50%") || !strings.Contains(text, "reading 500 of 1000 MB") {
		t.Errorf("%q after a second", text)
	}
	before := out.Len()
	clock = clock.Add(99 * time.Millisecond)
	if r.Show("reading", 600e6, 1000e6); out.Len() != before {
		t.Errorf("%q is drawn too soon", out.String()[before:])
	}
	clock = clock.Add(time.Millisecond)
	if r.Show("tokenizing", 250e6, 1000e6); !strings.Contains(out.String()[before:], "tokenizing 250 of 1000 MB") {
		t.Errorf("%q for another thing", out.String()[before:])
	}
	before = out.Len()
	if r.Close(); !strings.Contains(out.String()[before:], "\x1b[2K") {
		t.Errorf("the bar is removed by %q", out.String()[before:])
	}
	out.Reset()
	r = newReading(&out, false, func() time.Time { return clock })
	clock = clock.Add(time.Minute)
	r.Show("reading", 1, 2)
	if r.Close(); out.Len() > 0 {
		t.Errorf("%q without a terminal", &out)
	}
}
