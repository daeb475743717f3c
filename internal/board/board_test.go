package board

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"goomtrain/checkpoints"
)

// A site is a board of a folder, with a clock that the test moves.
type site struct {
	*testing.T
	folder string
	now    time.Time
	*Board
	handler http.Handler
}

func newSite(t *testing.T) *site {
	s := &site{T: t, folder: t.TempDir(), now: time.Now()}
	s.Board = New(Config{Folders: []string{s.folder}, Host: "127.0.0.1", MaxTokens: 100, Generations: 1})
	s.Board.now = func() time.Time { return s.now }
	s.handler = s.Handler()
	return s
}

// write writes a file of a run.
func (s *site) write(name, text string) {
	s.Helper()
	path := filepath.Join(s.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		s.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		s.Fatal(err)
	}
}

// get asks for a path and decodes the answer.
func (s *site) get(path string, code int, into any) string {
	s.Helper()
	r := httptest.NewRequest("GET", "http://127.0.0.1:8787"+path, nil)
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if w.Code != code {
		s.Errorf("%s: code %d, want %d: %.300s", path, w.Code, code, w.Body)
	}
	if into != nil {
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
			s.Errorf("%s: %v in %.300s", path, err, w.Body)
		}
	}
	return w.Body.String()
}

// list asks for the runs changed since a version, a moment later.
func (s *site) list(since int64) (l list) {
	s.Helper()
	s.now = s.now.Add(2 * lookEvery)
	s.get(fmt.Sprintf("/api/runs?since=%d", since), 200, &l)
	return l
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (n *number) UnmarshalJSON(text []byte) error {
	*n = -1
	if string(text) == "null" {
		return nil
	}
	var x float64
	err := json.Unmarshal(text, &x)
	*n = number(x)
	return err
}

func line(step int, split string, loss float64) string {
	return fmt.Sprintf(`{"step":%d,"split":%q,"loss":%g,"tokens":%d,"tokens_per_sec":1000,"elapsed_s":%g,"peak_rss_mb":77}`+"\n", step, split, loss, 10*step, float64(step)/2)
}

const config = "model = \"gla\"\ntask = \"parity\"\nsteps = 10\nlr = 0.5\n"

// TestRunsGrow: only what changes is sent again; lines are read as they come; bad ones are counted and named.
func TestRunsGrow(t *testing.T) {
	s := newSite(t)
	if l := s.list(0); len(l.Runs) != 0 || l.IDs == nil {
		t.Errorf("an empty folder: %+v", l)
	}
	s.write("a/config.toml", config)
	s.write("sub/b/config.toml", strings.Replace(config, "0.5", "0.25", 1))
	s.write("a/metrics.jsonl", line(1, "train", 4)+line(2, "train", 3)[:20])
	l := s.list(0)
	if len(l.Runs) != 2 || l.Runs[0].Name != "a" || l.Runs[1].Name != "sub/b" || !slices.Equal(l.Columns, []string{"model", "task", "lr"}) || l.Runs[1].Settings["lr"] != "0.25" {
		t.Fatalf("two runs: %+v", l)
	}
	if r := l.Runs[0]; r.Step != 1 || r.Steps != 10 || r.Loss != 4 || r.Valid != -1 || r.State != stopped || r.Memory != 77 {
		t.Errorf("the first: %+v", r)
	}
	if again := s.list(l.Version); len(again.Runs) != 0 || again.IDs != nil || again.Version != l.Version {
		t.Errorf("nothing has changed: %+v", again)
	}
	s.write("a/metrics.jsonl", line(2, "train", 3)[20:]+"rubbish\x1b[31m\n"+line(2, "valid", 2)+line(3, "valid", 2.5)+line(4, "train", 1)+`{"step":5,"split":"train","skipped":"loss NaN"}`+"\n")
	l = s.list(l.Version)
	if len(l.Runs) != 1 {
		t.Fatalf("one has changed: %+v", l)
	}
	r := l.Runs[0]
	if r.Step != 5 || r.Valid != 2.5 || r.Best != 2 || r.BestStep != 2 || r.BadSteps != 1 || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "1 line of metrics.jsonl left out; the first: metrics.jsonl: line 3") {
		t.Errorf("%+v", r)
	}
	if later := s.list(l.Version + 1000); len(later.Runs) != 2 || len(later.IDs) != 2 {
		t.Errorf("a version of an earlier server: %+v", later)
	}
	s.write("c/config.toml", config+"seed = 0\nd-emb = 8\n") // a seed of 0 is that of the others
	before := l.Version
	if l = s.list(before); len(l.Runs) != 3 || !slices.Equal(l.Columns, []string{"model", "task", "lr", "d-emb"}) {
		t.Errorf("other columns are of all runs: %+v", l)
	}
	if err := os.RemoveAll(filepath.Join(s.folder, "a")); err != nil {
		t.Fatal(err)
	}
	if l = s.list(l.Version); len(l.IDs) != 2 {
		t.Errorf("a run is gone: %+v", l)
	}
}

// TestLayers: norms of gradients by layer have curves, in the order of the layers' numbers. Names that a request could not
// ask for are left out, and so are more layers than there is room for.
func TestLayers(t *testing.T) {
	s := newSite(t)
	s.write("a/config.toml", config)
	norms := func(step int, names ...string) string {
		var parts []string
		for i, name := range names {
			parts = append(parts, fmt.Sprintf("%q:%d", name, step+i))
		}
		return strings.Replace(line(step, "train", 1), "}", `,"grad_norms":{`+strings.Join(parts, ",")+"}}", 1)
	}
	s.write("a/metrics.jsonl", norms(4, "blocks.10", "blocks.2", "a,b", "c:d", strings.Repeat("x", 300), "norm")+line(5, "train", 1)+norms(8, "blocks.2"))
	id := s.list(0).Runs[0].ID
	var d detail
	s.get("/api/run?id="+id, 200, &d)
	if !slices.Equal(d.Layers, []string{"blocks.2", "blocks.10", "norm"}) || !slices.Equal(d.Splits, []string{"train"}) {
		t.Errorf("layers %v, splits %v", d.Layers, d.Splits)
	}
	var curves map[string]map[string][2][]float64
	s.get("/api/curves?x=step&ids="+id+"&curves=layer/blocks.2:grad_norm,layer/none:grad_norm,train:grad_norm", 200, &curves)
	if got := fmt.Sprint(curves["layer/blocks.2:grad_norm"][id]); got != "[[4 8] [5 8]]" || len(curves["layer/none:grad_norm"]) != 0 || len(curves["train:grad_norm"]) != 0 {
		t.Errorf("curves %v", curves)
	}
	var many []string
	for i := range 3 * maxLayers {
		many = append(many, fmt.Sprint("layer.", i))
	}
	s.write("a/metrics.jsonl", norms(12, many...))
	s.list(0)
	if s.get("/api/run?id="+id, 200, &d); len(d.Layers) != maxLayers {
		t.Errorf("%d layers", len(d.Layers))
	}
}

// TestBrokenRuns: files that cannot be read give a note, and the other runs remain.
func TestBrokenRuns(t *testing.T) {
	s := newSite(t)
	s.write("a/config.toml", "lr = [1\n")
	s.write("a/metrics.jsonl", strings.Repeat("x", 1<<19)+"\n\x00\xff\n"+line(1, "train", 4))
	s.write("b/config.toml", config)
	s.write("b/metrics.jsonl/file", "a folder")
	s.write("c/config.toml", config)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(line(7, "train", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(s.folder, "c", "metrics.jsonl")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	l := s.list(0)
	if len(l.Runs) != 3 {
		t.Fatalf("%+v", l)
	}
	if r := l.Runs[0]; r.Step != 1 || len(r.Notes) != 2 || !strings.Contains(r.Notes[0], "config.toml: line 1") || !strings.Contains(r.Notes[1], "2 lines") {
		t.Errorf("bad files: %+v", r)
	}
	if r := l.Runs[1]; len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "is a folder") {
		t.Errorf("a folder for a file: %+v", r)
	}
	if r := l.Runs[2]; r.Step != 0 || len(r.Notes) != 1 {
		t.Errorf("a link out of the folder: %+v", r)
	}
	for _, r := range l.Runs {
		s.get("/api/run?id="+r.ID, 200, nil)
	}
}

// TestStates: what the lock, the steps and the age of the metrics say.
func TestStates(t *testing.T) {
	s := newSite(t)
	s.write("a/config.toml", config)
	s.write("a/metrics.jsonl", line(1, "train", 4)+line(3, "train", 4))
	lock, err := checkpoints.LockRun(filepath.Join(s.folder, "a"))
	if err != nil {
		t.Fatal(err)
	}
	check := func(when string, want state) {
		t.Helper()
		l := s.list(0)
		if r := l.Runs[0]; r.State != want || r.ETA != 3.5 && r.Step == 3 {
			t.Errorf("%s: %s, ETA %g; want %s", when, r.State, r.ETA, want)
		}
	}
	check("held", running)
	s.now = s.now.Add(10 * time.Minute)
	check("held and silent", stale)
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	check("released", stopped)
	s.write("a/metrics.jsonl", line(10, "train", 1))
	check("all steps made", finished)
}

// TestStateOfResumed: a run that was started again, and one that logs rarely, may be silent for longer. Without a number of
// steps none is finished.
func TestStateOfResumed(t *testing.T) {
	s := newSite(t)
	s.write("a/config.toml", "model = \"gla\"\n")
	s.write("a/metrics.jsonl", line(1, "train", 4))
	long := s.now.Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(s.folder, "a", "metrics.jsonl"), long, long); err != nil {
		t.Fatal(err)
	}
	if r := s.list(0).Runs[0]; r.State != stopped || r.Steps != 0 {
		t.Errorf("of any number of steps: %s of %d", r.State, r.Steps)
	}
	lock, err := checkpoints.LockRun(filepath.Join(s.folder, "a"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	check := func(when string, want state) {
		t.Helper()
		if r := s.list(0).Runs[0]; r.State != want {
			t.Errorf("%s: %s, want %s", when, r.State, want)
		}
	}
	check("started again", running)
	s.now = s.now.Add(10 * time.Minute)
	check("started again, and silent", stale)
	s.write("a/metrics.jsonl", line(201, "train", 4)) // 100 seconds later
	s.now = time.Now().Add(30 * time.Minute)
	check("silent for 18 records", running)
	s.now = s.now.Add(10 * time.Minute)
	check("silent for 24 records", stale)
}

// TestManySets: there are curves of a number of validation sets; the records of others are counted.
func TestManySets(t *testing.T) {
	s := newSite(t)
	s.write("a/config.toml", config)
	s.write("a/metrics.jsonl", line(1, strings.Repeat("x", maxSplit+1), 1))
	for i := range maxSplits + 2 {
		s.write("a/metrics.jsonl", line(1, fmt.Sprint("valid-", i), 1))
	}
	s.write("a/metrics.jsonl", line(2, "valid-0", 1))
	l := s.list(0)
	var d detail
	s.get("/api/run?id="+l.Runs[0].ID, 200, &d)
	if want := "3 records left out: more than 64 validation sets, or names that are too long"; len(d.Splits) != maxSplits || len(d.Notes) != 1 || d.Notes[0] != want {
		t.Errorf("%d sets, notes %q", len(d.Splits), d.Notes)
	}
}

// TestBest: the best loss is a number.
func TestBest(t *testing.T) {
	s := newSite(t)
	s.write("a/config.toml", config)
	s.write("a/metrics.jsonl", `{"step":1,"split":"valid"}`+"\n")
	if r := s.list(0).Runs[0]; r.BestStep != 0 || r.Best != -1 {
		t.Errorf("of an unknown loss: %+v", r)
	}
	s.write("a/metrics.jsonl", line(2, "valid", 2)+`{"step":3,"split":"valid"}`+"\n"+line(4, "valid", 3))
	if r := s.list(0).Runs[0]; r.BestStep != 2 || r.Best != 2 || r.Valid != 3 {
		t.Errorf("%+v", r)
	}
}

// TestManyLines: a large file is read in several requests, within the memory of the room, and stays in order.
func TestManyLines(t *testing.T) {
	r := newRun("a", t.TempDir())
	var text strings.Builder
	const lines = 60_000
	for i := 1; i <= lines; i++ {
		loss := 2.0
		if i == 40_001 {
			loss = 99 // the largest of all must survive
		}
		text.WriteString(line(i, "train", loss))
		if i <= 50 {
			text.WriteString(line(i, "valid", loss))
		}
	}
	if err := os.WriteFile(filepath.Join(r.dir, metricsFile), []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	for reads := 1; ; reads++ {
		r.refresh(1024)
		if !r.more {
			if reads < 2 {
				t.Errorf("read at once: %d bytes", text.Len())
			}
			break
		}
	}
	if n := len(r.rows["valid"]); n != 50 {
		t.Errorf("%d of 50 rows of a short curve", n)
	}
	rows := r.rows["train"]
	if len(rows) > 1024 || len(rows) < 256 || r.last.Step != lines {
		t.Errorf("%d rows, last step %d", len(rows), r.last.Step)
	}
	if !slices.IsSortedFunc(rows, func(a, b row) int { return int(a.step - b.step) }) || !slices.ContainsFunc(rows, func(r row) bool { return r.y[0] == 99 }) {
		t.Error("rows are out of order, or the peak is lost")
	}
}

// TestDetail: the page of a run has its classes, the accuracy by length, its sample, and what is damaged, with nothing that a
// terminal or a page would obey.
func TestDetail(t *testing.T) {
	s := newSite(t)
	s.write("a/config.toml", config)
	s.write("a/sample.txt", "once \x1b[31mupon\na time")
	s.write("a/classes.json", `["cat","dog\u001b","none of them"]`)
	for _, r := range []string{
		`{"step":1,"split":"valid","loss":1,"confusion":[[9,9],[9,9]]}`,
		`{"step":2,"split":"valid","length":8,"loss":1,"accuracy":0.75,"confusion":[[3,1],[0,2]]}`,
		`{"step":2,"split":"valid-16","length":16,"loss":1,"accuracy":0.5}`,
		`{"step":3,"split":"train","loss":1}`,
	} {
		s.write("a/metrics.jsonl", r+"\n")
	}
	l := s.list(0)
	if len(l.Runs) != 1 {
		t.Fatalf("%+v", l)
	}
	var d detail
	s.get("/api/run?id="+l.Runs[0].ID, 200, &d)
	c := d.Confusion
	if c == nil || c.Step != 2 || c.Split != "valid" || !slices.Equal(c.Names, []string{"cat", `dog\x1b`}) || fmt.Sprint(c.Counts) != "[[3 1] [0 2]]" || len(c.Scores) != 2 || c.Scores[0].Precision != 1 || c.Scores[0].Recall != 0.75 {
		t.Errorf("classes %+v", c)
	}
	if fmt.Sprint(d.Lengths) != "[{accuracy at step 2 [[8 0.75] [16 0.5]]}]" {
		t.Errorf("lengths %v", d.Lengths)
	}
	if !strings.Contains(d.Sample, "upon\na time") || strings.Contains(d.Sample, "\x1b") {
		t.Errorf("sample %q", d.Sample)
	}
	if d.Generate != "the model was not trained to generate text" || len(d.Checkpoints) != 0 {
		t.Errorf("generates: %q, checkpoints %v", d.Generate, d.Checkpoints)
	}
	s.write("a/checkpoints/step-00000002/state.json", "damaged")
	s.write("b/config.toml", "model = \"gla\"\ntask = \"text\"\n")
	l = s.list(0)
	s.get("/api/run?id="+l.Runs[0].ID, 200, &d)
	if len(d.Checkpoints) != 1 || d.Checkpoints[0].Step != 2 || d.Checkpoints[0].Name != "step-00000002" || !strings.Contains(d.Checkpoints[0].Error, "checksum") {
		t.Errorf("checkpoints %+v", d.Checkpoints)
	}
	s.get("/api/run?id="+l.Runs[1].ID, 200, &d)
	if d.Generate != "the run has no checkpoint yet" {
		t.Errorf("generates: %q", d.Generate)
	}
	s.get("/api/run?id=none", 404, nil)
	s.get("/api/parameters?id=none&checkpoint=x", 404, nil)
	s.get("/api/parameters?id="+l.Runs[1].ID+"&checkpoint=x", 404, nil)
}
