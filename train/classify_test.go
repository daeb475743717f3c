package train

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"goomtrain/data"
	"goomtrain/models"
	"goomtrain/train/metrics"
)

// TestClassifyCountsClasses: every evaluation has the counts of the classes, whose sum of correct ones is its accuracy; a
// resumed run has those of an uninterrupted one; a model of the next token has them too.
func TestClassifyCountsClasses(t *testing.T) {
	texts := classFolder(t)
	for _, model := range []string{"classifier", "gla"} {
		t.Run(model, func(t *testing.T) {
			launch := func(args ...string) (dir, console string) {
				var out bytes.Buffer
				result, err := Launch(context.Background(), parse(t, args...), &out)
				if err != nil {
					t.Fatal(err)
				}
				return result.Dir, out.String()
			}
			args := []string{"-model", model, "-preset", "nano", "-task", "classify", "-data", texts, "-valid-fraction", "0.3", "-batch", "4", "-eval-every", "4", "-eval-batches", "5", "-schedule-steps", "12"}
			whole, console := launch(append(args, "-steps", "12", "-out", filepath.Join(t.TempDir(), "whole"))...)
			cut, _ := launch(append(args, "-steps", "8", "-out", filepath.Join(t.TempDir(), "cut"))...)
			launch("-resume", cut, "-steps", "12")
			if !strings.Contains(console, "confusion.png") || strings.Contains(console, "generate ") {
				t.Errorf("the end of the run says\n%s", console)
			}
			want, got := validations(t, whole), validations(t, cut)
			if len(want) != 3 || !reflect.DeepEqual(got, want) {
				t.Errorf("%v, uninterrupted %v", got, want)
			}
			for _, r := range want {
				right, all := 0, 0
				for i, s := range r.Confusion.Scores() {
					right += r.Confusion[i][i]
					all += s.Count
				}
				if len(r.Confusion) != 3 || all != 20 && all < 10 || float64(right)/float64(all) != r.Accuracy {
					t.Errorf("%d of %d correct, accuracy %v", right, all, r.Accuracy)
				}
			}
			names, err := metrics.ReadClasses(whole)
			if err != nil || len(names) != 3 || names[0] != "list" {
				t.Errorf("classes %q, error %v", names, err)
			}
			if _, err := os.Stat(filepath.Join(whole, "confusion.png")); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestResumeWithOtherClasses: the error is about the classes, not about the vocabulary that they are a part of.
func TestResumeWithOtherClasses(t *testing.T) {
	texts := classFolder(t)
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := Launch(context.Background(), parse(t, "-model", "classifier", "-preset", "nano", "-task", "classify", "-data", texts, "-batch", "4", "-steps", "1", "-eval-every", "0", "-out", dir), io.Discard); err != nil {
		t.Fatal(err)
	}
	more := filepath.Join(texts, "more")
	if err := os.Mkdir(more, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b"} {
		if err := os.WriteFile(filepath.Join(more, name), []byte(name), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	_, err := Launch(context.Background(), parse(t, "-resume", dir, "-steps", "2"), io.Discard)
	if err == nil || !strings.Contains(err.Error(), "-classes 3: the data has 4 classes") {
		t.Errorf("error %v", err)
	}
}

// TestCountedClasses: the counts of very many classes would take too much memory, so there are none.
func TestCountedClasses(t *testing.T) {
	model := new(struct{ models.Predictor })
	for n, want := range map[int]bool{metrics.MaxCounted: true, metrics.MaxCounted + 1: false} {
		if c := newClassCount(&data.Classes{Names: make([]string, n)}, model); (c.confusion != nil) != want {
			t.Errorf("%d classes are counted: %v", n, !want)
		}
	}
}

// validations are the records of validation of a run, without times.
func validations(t *testing.T, dir string) (all []metrics.Record) {
	t.Helper()
	records, err := metrics.ReadFile(filepath.Join(dir, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if r.Split == metrics.Valid {
			all = append(all, metrics.Record{Step: r.Step, Loss: r.Loss, Accuracy: r.Accuracy, Confusion: r.Confusion})
		}
	}
	return all
}
