package metrics

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"hash/crc32"
	"image/png"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"goomtrain/internal/regular/regulartest"
)

func train(step int64, loss float64) Record {
	return Record{Step: step, Split: Train, Loss: loss, BPB: loss / math.Ln2, Accuracy: Unknown, SequenceAccuracy: Unknown, LR: 1e-3, GradNorm: 0.5,
		Tokens: step * 100, TokensPerSec: 1234.5, MFU: Unknown, Elapsed: float64(step), PeakRSS: 100}
}

func valid(step int64, loss float64) Record {
	return Record{Step: step, Split: Valid, Loss: loss, BPB: loss / math.Ln2, Accuracy: 0.25, SequenceAccuracy: 0.125, Length: 16, LR: Unknown, GradNorm: Unknown,
		Tokens: step * 100, TokensPerSec: Unknown, MFU: Unknown, Elapsed: float64(step), PeakRSS: Unknown}
}

// same compares records, unknown being equal to unknown.
func same(a, b Record) bool {
	if a.Step != b.Step || a.Split != b.Split || a.Tokens != b.Tokens || a.Length != b.Length || a.Skipped != b.Skipped || !maps.Equal(a.GradNorms, b.GradNorms) {
		return false
	}
	fa, fb := a.fields(), b.fields()
	for i := range fa {
		x, y := *fa[i].value, *fb[i].value
		if x != y && (finite(x) || finite(y)) {
			return false
		}
	}
	return true
}

// TestLogResumes writes a log, tears its last line as a crash would, and opens it again at an
// earlier step: no record is lost, none occurs twice, in the JSON lines as in the CSV table.
func TestLogResumes(t *testing.T) {
	dir := t.TempDir()
	log, err := OpenLog(dir, 0, func(Record) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	skipped := train(3, math.NaN())
	skipped.Skipped = `loss is NaN, "said" the model`
	normed := train(2, 5.25)
	normed.GradNorms = map[string]float64{"head": 0.25, "blocks.0": 1e-20}
	all := []Record{train(1, 5.5), normed, valid(2, 5.375), skipped, train(4, 4.5)}
	for _, r := range all {
		if err := log.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "metrics.jsonl")
	check := func(want []Record) {
		t.Helper()
		got, err := ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) {
			t.Fatalf("%d records, want %d", len(got), len(want))
		}
		for i := range want {
			if !same(got[i], want[i]) {
				t.Errorf("record %d: %+v, want %+v", i, got[i], want[i])
			}
		}
		f, err := os.Open(filepath.Join(dir, "metrics.csv"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		rows, err := csv.NewReader(f).ReadAll()
		if err != nil || len(rows) != len(want)+1 {
			t.Fatalf("%d CSV rows (error %v), want %d", len(rows), err, len(want)+1)
		}
		for i := range want {
			if got := strings.Join(rows[i+1], "|"); got != strings.Join(want[i].csvRow(), "|") {
				t.Errorf("CSV row %d: %s", i, got)
			}
		}
	}
	check(all)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString(`{"step":5,"split":"tr`)
	f.Close()
	check(all)
	log, err = OpenLog(dir, 3, func(r Record) bool { return r.Step <= 3 })
	if err != nil {
		t.Fatal(err)
	}
	check(all[:4])
	if err := log.Write(train(4, 4.5)); err != nil {
		t.Fatal(err)
	}
	if err := log.Plot(); err != nil {
		t.Fatal(err)
	}
	log.Close()
	check(all)
}

func TestLineIsTheContract(t *testing.T) {
	line, err := train(7, 2).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"step":7,"split":"train","loss":2,"bpb":2.8853900817779268,"lr":0.001,"grad_norm":0.5,"tokens":700,"tokens_per_sec":1234.5,"elapsed_s":7,"peak_rss_mb":100}`
	if string(line) != want {
		t.Errorf("line %s\nwant %s", line, want)
	}
	normed := train(7, Unknown)
	normed.GradNorms = map[string]float64{"head": 0.5, "blocks.1": 2, "bad": math.NaN()}
	if line, err = normed.MarshalJSON(); err != nil || !strings.HasSuffix(string(line), `,"peak_rss_mb":100,"grad_norms":{"blocks.1":2,"head":0.5}}`) {
		t.Errorf("line %s, error %v", line, err)
	}
	if line, err = valid(7, 2).MarshalJSON(); err != nil {
		t.Fatal(err)
	}
	want = `{"step":7,"split":"valid","length":16,"loss":2,"bpb":2.8853900817779268,"accuracy":0.25,"sequence_accuracy":0.125,"tokens":700,"elapsed_s":7}`
	if string(line) != want {
		t.Errorf("line %s\nwant %s", line, want)
	}
}

// TestTableIsTheContract: the rows of metrics.csv, whose unknown numbers are empty.
func TestTableIsTheContract(t *testing.T) {
	skipped := train(8, math.NaN())
	skipped.Skipped, skipped.PeakRSS = `loss is NaN, "said" the model`, math.Inf(1)
	var b strings.Builder
	if err := writeCSV(&b, []Record{train(7, 2), valid(7, 2), skipped}); err != nil {
		t.Fatal(err)
	}
	const want = `step,split,loss,bpb,accuracy,sequence_accuracy,lr,grad_norm,tokens_per_sec,mfu,elapsed_s,peak_rss_mb,tokens,skipped,length
7,train,2,2.8853900817779268,,,0.001,0.5,1234.5,,7,100,700,,
7,valid,2,2.8853900817779268,0.25,0.125,,,,,7,,700,,16
8,train,,,,,0.001,0.5,1234.5,,8,,800,"loss is NaN, ""said"" the model",
`
	if b.String() != want {
		t.Errorf("table\n%swant\n%s", b.String(), want)
	}
}

// TestReadGood: bad lines of every kind are left out and counted, and the others come in their order.
func TestReadGood(t *testing.T) {
	good := func(step int) string {
		return fmt.Sprintf("{\"step\":%d,\"split\":\"train\",\"loss\":%d}\n", step, step)
	}
	long := `{"step":9,"split":"` + strings.Repeat("x", 3*maxLine) + "\"}\n"
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	for _, c := range []struct {
		text  string
		want  []int64
		bad   int
		first string
	}{
		{good(1) + good(2), []int64{1, 2}, 0, ""},
		{good(1) + "\x1b[31m\n" + good(2) + "{}\n" + good(3), []int64{1, 2, 3}, 2, "line 2: invalid character"},
		{"\n" + long + good(2), []int64{2}, 1, "line 2: it has more than 262144 bytes"},
		{good(1) + long[:len(long)-1], []int64{1}, 0, ""}, // cut off
		{"null\n" + good(1), []int64{1}, 1, "line 1: a metrics line needs"},
	} {
		if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		records, skipped, err := ReadGood(path)
		var got []int64
		for _, r := range records {
			got = append(got, r.Step)
		}
		if err != nil || !slices.Equal(got, c.want) || skipped.Lines != c.bad || (skipped.First == nil) != (c.first == "") ||
			skipped.First != nil && !strings.Contains(skipped.First.Error(), c.first) {
			t.Errorf("%.60q: steps %v, %+v, %v; want %v and %d bad, the first %q", c.text, got, skipped, err, c.want, c.bad, c.first)
		}
	}
	pipe := regulartest.Pipe(t)
	regulartest.AtOnce(t, func() {
		if _, _, err := ReadGood(pipe); err == nil || !strings.Contains(err.Error(), "is a named pipe") {
			t.Errorf("a named pipe: %v", err)
		}
	})
}

func TestReadFileNamesTheBadLine(t *testing.T) {
	for text, want := range map[string]string{
		"{\"step\":1,\"split\":\"train\"}\n{\"step\":2,}\n": "line 2",
		"{\"step\":1}\n": `needs "step" and "split"`,
		"{\"step\":1,\"split\":\"train\",\"loss\":\"low\"}\n":              "loss",
		"{\"step\":\"x\",\"split\":\"train\"}\n{\"step\":1,\"split\":1}\n": "line 1",
	} {
		path := filepath.Join(t.TempDir(), "metrics.jsonl")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadFile(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
	if records, err := ReadFile(filepath.Join(t.TempDir(), "none")); err != nil || len(records) != 0 {
		t.Errorf("a missing file: %v, %v", records, err)
	}
}

// event is what decode finds in one record of an event file.
type event struct {
	step    int64
	version string
	session bool
	values  map[string]float32
}

// decode reads an event file by the TFRecord description (length, masked CRC-32C of it, data,
// masked CRC-32C of that) and TensorFlow's event.proto, independently of the writer.
func decode(t *testing.T, data []byte) (events []event) {
	unmask := func(masked uint32) uint32 { rot := masked - 0xa282ead8; return rot>>17 | rot<<15 }
	table := crc32.MakeTable(crc32.Castagnoli)
	for len(data) > 0 {
		n := binary.LittleEndian.Uint64(data)
		if unmask(binary.LittleEndian.Uint32(data[8:])) != crc32.Checksum(data[:8], table) {
			t.Fatal("checksum of a length is wrong")
		}
		message := data[12 : 12+n]
		if unmask(binary.LittleEndian.Uint32(data[12+n:])) != crc32.Checksum(message, table) {
			t.Fatal("checksum of a message is wrong")
		}
		data = data[16+n:]
		e := event{values: map[string]float32{}}
		walk(t, message, func(field protowire.Number, number uint64, text []byte) {
			switch field {
			case 1:
				if now := float64(time.Now().Unix()); math.Abs(math.Float64frombits(number)-now) > 3600 {
					t.Errorf("wall time %g, now %g", math.Float64frombits(number), now)
				}
			case 2:
				e.step = int64(number)
			case 3:
				e.version = string(text)
			case 5:
				walk(t, text, func(_ protowire.Number, _ uint64, value []byte) {
					tag, x := "", float32(0)
					walk(t, value, func(field protowire.Number, number uint64, text []byte) {
						if field == 1 {
							tag = string(text)
						} else if field == 2 {
							x = math.Float32frombits(uint32(number))
						}
					})
					e.values[tag] = x
				})
			case 7:
				e.session = bytes.Equal(text, []byte{0x08, 0x01}) // status: START
			}
		})
		events = append(events, e)
	}
	return events
}

// walk visits the fields of a protocol buffer message.
func walk(t *testing.T, message []byte, visit func(field protowire.Number, number uint64, text []byte)) {
	for len(message) > 0 {
		field, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		message = message[n:]
		var number uint64
		var text []byte
		switch kind {
		case protowire.VarintType:
			number, n = protowire.ConsumeVarint(message)
		case protowire.Fixed64Type:
			number, n = protowire.ConsumeFixed64(message)
		case protowire.Fixed32Type:
			var small uint32
			small, n = protowire.ConsumeFixed32(message)
			number = uint64(small)
		case protowire.BytesType:
			text, n = protowire.ConsumeBytes(message)
		}
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		message = message[n:]
		visit(field, number, text)
	}
}

func TestEventsReadBack(t *testing.T) {
	dir := t.TempDir()
	e, err := CreateEvents(dir, 41)
	if err != nil {
		t.Fatal(err)
	}
	normed := train(50, 2.5)
	normed.GradNorms = map[string]float64{"head": 0.5, "bad": math.Inf(1)}
	if err := e.Write(normed); err != nil {
		t.Fatal(err)
	}
	if err := e.Write(valid(50, 2.75)); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "events.out.tfevents.*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %v, error %v", files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	events := decode(t, data)
	if len(events) != 4 {
		t.Fatalf("%d events, want 4", len(events))
	}
	if events[0].version != "brain.Event:2" || !events[1].session || events[1].step != 41 {
		t.Errorf("the file begins with %+v, %+v", events[0], events[1])
	}
	if v := events[2].values; events[2].step != 50 || v["loss/train"] != 2.5 || v["lr/train"] != 1e-3 || v["grad_norms/head"] != 0.5 || len(v) != 8 {
		t.Errorf("train event %+v", events[2])
	}
	if v := events[3].values; events[3].step != 50 || v["loss/valid"] != 2.75 || v["accuracy/valid"] != 0.25 || v["sequence_accuracy/valid"] != 0.125 || len(v) != 5 {
		t.Errorf("valid event %+v", events[3])
	}
}

func TestPlotIsAPicture(t *testing.T) {
	var records []Record
	for step := int64(1); step <= 300; step++ {
		records = append(records, train(step, 1+5/float64(step)))
		if step%50 == 0 {
			records = append(records, valid(step, 1.1+5/float64(step)))
		}
	}
	curves, unit := LossCurves(records)
	if len(curves) != 2 || unit != "bits per byte" || len(curves[0].Points) != 300 || len(curves[1].Points) != 6 {
		t.Fatalf("%d curves in %s", len(curves), unit)
	}
	if low, high := yRange(curves, 1, 9); low != 1 || high > 2 {
		t.Errorf("the picture spans %g to %g", low, high)
	}
	path := filepath.Join(t.TempDir(), "loss.png")
	if err := WriteLossPlot(path, "a run", "step", unit, curves); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	colors := map[any]bool{}
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			colors[picture.At(x, y)] = true
		}
	}
	if picture.Bounds().Dx() < 500 || len(colors) < 10 {
		t.Errorf("a picture of %v with %d colors", picture.Bounds(), len(colors))
	}
}

// TestLogsTellOneStory: after a restart, at any step, the JSONL file, the table and what TensorBoard shows
// hold the same records; a line that is no record is left out and counted.
func TestLogsTellOneStory(t *testing.T) {
	record := func(step int64, split string) Record {
		return Record{Step: step, Split: split, Loss: float64(step), BPB: Unknown, Accuracy: Unknown, LR: Unknown, GradNorm: Unknown,
			TokensPerSec: Unknown, MFU: Unknown, Elapsed: Unknown, PeakRSS: Unknown}
	}
	for _, from := range []int64{0, 20, 30} {
		dir := t.TempDir()
		l, err := OpenLog(dir, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []Record{record(10, Train), record(20, Train), record(20, Valid), record(30, Train)} {
			if err := l.Write(r); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "metrics.jsonl")
		text, err := os.ReadFile(path)
		if err != nil || os.WriteFile(path, append(text, "{\"step\": nonsense}\n"...), 0o644) != nil {
			t.Fatal(err)
		}
		// the validation of the step that the run resumes at is removed: it was made because the session ended
		l, err = OpenLog(dir, from, func(r Record) bool { return r.Step < from || r.Step == from && r.Split == Train })
		if err != nil || l.Skipped.Lines != 1 {
			t.Fatalf("%+v, error %v", l, err)
		}
		if err := errors.Join(l.Write(record(from+10, Train)), l.Close()); err != nil {
			t.Fatal(err)
		}
		records, err := ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var want, table, shown []string
		for _, r := range records {
			want = append(want, fmt.Sprintf("%d %s", r.Step, r.Split))
		}
		rows, err := os.ReadFile(filepath.Join(dir, "metrics.csv"))
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range strings.Split(strings.TrimSpace(string(rows)), "\n")[1:] {
			cells := strings.Split(row, ",")
			table = append(table, cells[0]+" "+cells[1])
		}
		files, err := filepath.Glob(filepath.Join(dir, "tb", "events.out.tfevents.*"))
		if err != nil || len(files) != 2 {
			t.Fatalf("files %v, error %v", files, err)
		}
		slices.Sort(files) // by time: as TensorBoard reads them
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range decode(t, data) {
				if e.session { // TensorBoard drops this step and later ones
					shown = slices.DeleteFunc(shown, func(s string) bool {
						var step int64
						fmt.Sscan(s, &step)
						return step >= e.step
					})
				}
				for name := range e.values {
					if split, ok := strings.CutPrefix(name, "loss/"); ok {
						shown = append(shown, fmt.Sprintf("%d %s", e.step, split))
					}
				}
			}
		}
		if !slices.Equal(table, want) || !slices.Equal(shown, want) {
			t.Errorf("from step %d: JSONL %q, table %q, TensorBoard %q", from, want, table, shown)
		}
	}
}

// TestTableWithoutRecords: a metrics.csv whose metrics.jsonl is missing is kept under another name.
func TestTableWithoutRecords(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "metrics.csv")
	if err := os.WriteFile(path, []byte("step,split\n1,train\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := OpenLog(dir, 5, func(Record) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if old, err := os.ReadFile(path + ".old"); err != nil || l.Kept != path+".old" || !strings.Contains(string(old), "1,train") {
		t.Errorf("kept %q as %q, error %v", old, l.Kept, err)
	}
}

// TestTableThatCannotBeKept: a log does not overwrite a table that it cannot move out of the way.
func TestTableThatCannotBeKept(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "metrics.csv")
	if err := errors.Join(os.WriteFile(path, []byte("1,train\n"), 0o644), os.MkdirAll(filepath.Join(path+".old", "full"), 0o755)); err != nil {
		t.Fatal(err)
	}
	if l, err := OpenLog(dir, 5, func(Record) bool { return true }); err == nil {
		l.Close()
		t.Error("no error")
	}
	if text, err := os.ReadFile(path); string(text) != "1,train\n" {
		t.Errorf("the table is %q, error %v", text, err)
	}
}

// TestPlotRefuses: a curve that cannot be drawn is named, and leaves no picture.
func TestPlotRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "loss.png")
	curves := []Curve{{Name: "train", Points: [][2]float64{{1, 2}, {2, 1}}}, {Name: "valid", Points: [][2]float64{{1, math.NaN()}}}}
	for name, err := range map[string]error{"loss": WriteLossPlot(path, "", "step", "bits", curves), "accuracy": WriteAccuracyPlot(path, "accuracy", curves)} {
		if err == nil || !strings.HasPrefix(err.Error(), path+": curve valid: ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a picture: %v", err)
	}
}
