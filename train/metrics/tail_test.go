package metrics

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"goomtrain/internal/regular"
)

// follow is a Tail of a file, with the steps that it has read since the last restart.
type follow struct {
	*Tail
	path     string
	steps    []int64
	restarts int
}

func newFollow(t *testing.T) *follow {
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	return &follow{Tail: NewTail("metrics.jsonl", func() (*os.File, error) { return regular.Open(path) }), path: path}
}

func (f *follow) append(t *testing.T, text string) {
	t.Helper()
	out, err := os.OpenFile(f.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := out.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// read reads once and checks the steps of all reads since the last restart.
func (f *follow) read(t *testing.T, limit int64, more bool, want ...int64) {
	t.Helper()
	left, err := f.Read(limit, func() { f.steps, f.restarts = nil, f.restarts+1 }, func(r Record) { f.steps = append(f.steps, r.Step) })
	if err != nil || left != more || !slices.Equal(f.steps, want) {
		t.Errorf("steps %v, more %v, error %v; want %v, %v", f.steps, left, err, want, more)
	}
}

func lineOf(step int) string { return fmt.Sprintf("{\"step\":%d,\"split\":\"train\"}\n", step) }

// TestTailFollows: a file that appears, grows within a line, and has bad lines.
func TestTailFollows(t *testing.T) {
	f := newFollow(t)
	f.read(t, 1000, false)
	f.append(t, lineOf(1)[:9])
	f.read(t, 1000, false)
	f.append(t, lineOf(1)[9:]+lineOf(2)[:9])
	f.read(t, 1000, false, 1)
	f.read(t, 1000, false, 1)
	f.append(t, lineOf(2)[9:])
	f.read(t, 1000, false, 1, 2)
	f.append(t, "bad\n"+lineOf(3)+"worse\n")
	f.read(t, 1000, false, 1, 2, 3)
	if f.Skipped.Lines != 2 || !strings.HasPrefix(f.Skipped.First.Error(), "metrics.jsonl: line 3: ") {
		t.Errorf("skipped %+v", f.Skipped)
	}
	f.append(t, lineOf(4)+lineOf(5)+lineOf(6))
	f.read(t, 1, true, 1, 2, 3, 4)
	f.read(t, int64(len(lineOf(5)))+1, true, 1, 2, 3, 4, 5, 6)
	f.read(t, 1, false, 1, 2, 3, 4, 5, 6)
	if f.restarts != 0 {
		t.Errorf("%d restarts", f.restarts)
	}
}

// TestTailOfLongLine: a line that is too long is not read twice while it grows, and counts once.
func TestTailOfLongLine(t *testing.T) {
	f := newFollow(t)
	f.append(t, lineOf(1)+strings.Repeat("x", 3*maxLine))
	f.read(t, 1<<40, false, 1)
	if at := int64(len(lineOf(1)) + 3*maxLine); f.offset < at-maxLine {
		t.Errorf("offset %d of %d: the line is read again each time", f.offset, at)
	}
	f.append(t, strings.Repeat("y", maxLine)+"\n"+lineOf(2))
	f.read(t, 1<<40, false, 1, 2)
	if f.Skipped.Lines != 1 || f.Skipped.First.Error() != "metrics.jsonl: line 2: it has more than 262144 bytes" || f.restarts != 0 {
		t.Errorf("skipped %+v, %d restarts", f.Skipped, f.restarts)
	}
}

// TestTailOfLongLineThatIsCut: a file that is cut within a line that is too long is read from the beginning.
func TestTailOfLongLineThatIsCut(t *testing.T) {
	f := newFollow(t)
	f.append(t, strings.Repeat("x", 3*maxLine))
	f.read(t, 1<<40, false)
	if err := os.WriteFile(f.path, []byte(lineOf(7)), 0o644); err != nil {
		t.Fatal(err)
	}
	f.read(t, 1<<40, false, 7)
	if f.restarts != 1 {
		t.Errorf("%d restarts", f.restarts)
	}
}

// TestTailStartsAgain: a file that was replaced, cut, cut and grown, or removed is read from the beginning.
func TestTailStartsAgain(t *testing.T) {
	for name, change := range map[string]func(f *follow) error{
		"replaced": func(f *follow) error {
			if err := os.WriteFile(f.path+".new", []byte(lineOf(1)+lineOf(7)+lineOf(8)), 0o644); err != nil {
				return err
			}
			return os.Rename(f.path+".new", f.path)
		},
		"cut": func(f *follow) error { return os.WriteFile(f.path, []byte(lineOf(7)), 0o644) },
		"cut and grown": func(f *follow) error { // beyond where it ended, which no line end stands before any more
			return os.WriteFile(f.path, []byte("\n"+lineOf(7)+lineOf(8)+lineOf(9)), 0o644)
		},
		"removed": func(f *follow) error { return os.Remove(f.path) },
	} {
		f := newFollow(t)
		f.append(t, "bad\n"+lineOf(1)+lineOf(2))
		f.read(t, 1000, false, 1, 2)
		if err := change(f); err != nil {
			t.Fatal(err)
		}
		f.read(t, 1000, false, map[string][]int64{"replaced": {1, 7, 8}, "cut": {7}, "cut and grown": {7, 8, 9}}[name]...)
		if f.restarts != 1 || f.Skipped.Lines != 0 {
			t.Errorf("%s: %d restarts, skipped %+v", name, f.restarts, f.Skipped)
		}
	}
}
