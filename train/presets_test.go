package train

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"goomtrain/data"
	"goomtrain/models"
	"goomtrain/params"
)

// parse is the configuration of a command line that must be right.
func parse(t *testing.T, args ...string) Config {
	t.Helper()
	call, err := Parse(args)
	if err != nil {
		t.Fatal(err)
	}
	return call.Config
}

// TestPresetsLearn makes 20 updates of every preset of every model with its own layers, rates, optimizer
// and schedule. So that all of them take seconds, batches are cut to two sequences of 32 bytes and the
// vocabulary is that of bytes also where the preset's is GPT-2's; nothing is saved.
func TestPresetsLearn(t *testing.T) {
	text := writeFile(t, "text.txt", strings.Repeat("how much wood would a woodchuck chuck if a woodchuck could chuck wood? ", 200))
	classes := classFolder(t)
	for _, model := range models.Names() {
		presets, err := models.Presets(model)
		if err != nil {
			t.Fatal(err)
		}
		for _, preset := range presets {
			t.Run(model+" "+preset, func(t *testing.T) {
				if preset != "nano" && preset != "small" && testing.Short() {
					t.Skip("large models take seconds each, paper-124m also 1.7 GB")
				}
				args := []string{"-model", model, "-preset", preset, "-tokenizer", "byte", "-seq", "32", "-batch", "2", "-micro-batch", "1", "-dry-run"}
				task, highest, fall := []string{"-data", text, "-cache-dir", "off"}, 7.0, 1.0 // ln 256 = 5.5
				if model == "classifier" {
					task, highest, fall = []string{"-task", "classify", "-data", classes}, 2.0, 0.3 // ln 3 = 1.1
				}
				cfg := parse(t, append(args, task...)...)
				cfg.resolve()
				dataset, err := data.Open(cfg.Data, cfg.Seed)
				if err != nil {
					t.Fatal(err)
				}
				defer dataset.Close()
				if err := fit(cfg.Model, dataset, dataset.Vocab); err != nil {
					t.Fatal(err)
				}
				m, err := models.New[float32](cfg.Model, cfg.Seed)
				if err != nil {
					t.Fatal(err)
				}
				first, last := train20(t, cfg, m, dataset)
				t.Logf("%d weights, loss %.3f to %.3f", params.Count(m.Params()), first, last)
				if !(first > highest-2 && first < highest) || !(last < first-fall) {
					t.Errorf("the loss goes from %v to %v", first, last)
				}
			})
		}
	}
}

// train20 makes 20 updates and returns the first loss and the mean of the last five.
func train20[F params.Float](t *testing.T, cfg Config, m *models.Model[F], dataset *data.Dataset) (first, last float64) {
	t.Helper()
	s, err := open(cfg, m, dataset, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		r, err := s.makeStep()
		if err != nil {
			t.Fatal(err)
		}
		if r.skipped != "" || !finite(r.loss) || !finite(r.norm) {
			t.Fatalf("update %d: loss %v, gradient norm %v %s", i+1, r.loss, r.norm, r.skipped)
		}
		if i == 0 {
			first = r.loss
		} else if i >= 15 {
			last += r.loss / 5
		}
	}
	return first, last
}

// TestEveryTaskWithEveryModel runs some steps of each task with each model, from the data to the files of
// the run, longer validation sets included.
func TestEveryTaskWithEveryModel(t *testing.T) {
	text := writeFile(t, "text.txt", strings.Repeat("she sells sea shells by the sea shore. ", 100))
	images, classes := imageFolder(t), classFolder(t)
	for i, task := range data.Tasks() {
		for j, model := range models.Names() {
			if testing.Short() && (i+j)%5 != 0 { // each task and each model a few times
				continue
			}
			t.Run(task+" "+model, func(t *testing.T) {
				args := []string{"-model", model, "-preset", "nano", "-task", task, "-batch", "4", "-steps", "6", "-schedule-steps", "6",
					"-eval-every", "3", "-eval-batches", "1", "-log-every", "1", "-out", filepath.Join(t.TempDir(), "run")}
				switch task {
				case "text":
					args = append(args, "-data", text, "-seq", "32", "-sample", "10", "-cache-dir", "off")
				case "images", "image-pixels":
					args = append(args, "-data", images)
				case "classify":
					args = append(args, "-data", classes, "-seq", "24")
				case "copy":
					args = append(args, "-delay", "12")
				}
				cfg := parse(t, args...)
				var console bytes.Buffer
				result, err := Launch(context.Background(), cfg, &console)
				if model == "classifier" && task != "images" && task != "classify" {
					if err == nil || !strings.Contains(err.Error(), "have no classes") {
						t.Errorf("error %v, want that the task has no classes", err)
					}
					return
				}
				if err != nil {
					t.Fatalf("%v\n%s", err, console.String())
				}
				if result.Step != 6 || !finite(result.Loss) || !finite(result.BestLoss) {
					t.Errorf("%+v", result)
				}
				if splits := strings.Count(console.String(), "step 6/6  "); splits < 2 {
					t.Errorf("no training and no validation line of step 6:\n%s", console.String())
				}
				if slices.Contains([]string{"text", "image-pixels"}, task) == strings.Contains(console.String(), "acc") {
					t.Errorf("accuracy of task %s:\n%s", task, console.String())
				}
			})
		}
	}
}

// classFolder writes 60 short texts in 3 classes, of which the first word tells the class.
func classFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for i := range 60 {
		class := filepath.Join(dir, []string{"rhyme", "prose", "list"}[i%3])
		if err := os.MkdirAll(class, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(class, fmt.Sprint(i)), fmt.Appendf(nil, "%s, number %d", filepath.Base(class)[:1], i), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// imageFolder writes an IDX folder of 40 training and 10 test images of 5 x 4 pixels in 3 classes, each
// of one gray.
func imageFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, dims []uint32, elements []byte) {
		file := []byte{0, 0, 8, byte(len(dims))} // unsigned bytes
		for _, d := range dims {
			file = binary.BigEndian.AppendUint32(file, d)
		}
		if err := os.WriteFile(filepath.Join(dir, name), append(file, elements...), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for set, count := range map[string]int{"train": 40, "t10k": 10} {
		var pixels, labels []byte
		for i := range count {
			labels = append(labels, byte(i%3))
			pixels = append(pixels, bytes.Repeat([]byte{byte(i % 3 * 100)}, 5*4)...)
		}
		write(fmt.Sprintf("%s-images-idx3-ubyte", set), []uint32{uint32(count), 5, 4}, pixels)
		write(fmt.Sprintf("%s-labels-idx1-ubyte", set), []uint32{uint32(count)}, labels)
	}
	return dir
}
