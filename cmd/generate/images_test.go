package main

import (
	"encoding/binary"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ofPixels trains a model on images of 3 x 5 pixels that are all the same, pixel i of gray 10 + 12 i.
func ofPixels(t *testing.T, steps string, args ...string) string {
	t.Helper()
	data := t.TempDir()
	for _, set := range []string{"train", "t10k"} {
		const count = 8
		pixels, labels := []byte{0, 0, 8, 3}, []byte{0, 0, 8, 1}
		for _, n := range []uint32{count, 3, 5} {
			pixels = binary.BigEndian.AppendUint32(pixels, n)
		}
		labels = append(binary.BigEndian.AppendUint32(labels, count), make([]byte, count)...)
		for i := range count * 15 {
			pixels = append(pixels, byte(10+12*(i%15)))
		}
		for name, text := range map[string][]byte{"-images-idx3-ubyte": pixels, "-labels-idx1-ubyte": labels} {
			if err := os.WriteFile(filepath.Join(data, set+name), text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	dir := filepath.Join(t.TempDir(), "run")
	launch(t, append([]string{"-model", "lstm", "-preset", "nano", "-task", "image-pixels", "-data", data, "-batch", "8", "-steps", steps, "-lr", "1e-2", "-d-emb", "32",
		"-layers", "1", "-eval-every", "0", "-eval-batches", "1", "-out", dir}, args...)...)
	return dir
}

// grays reads a picture.
func grays(t *testing.T, path string) (pixels [][]uint8) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	for y := range m.Bounds().Dy() {
		pixels = append(pixels, nil)
		for x := range m.Bounds().Dx() {
			pixels[y] = append(pixels[y], color.GrayModel.Convert(m.At(x, y)).(color.Gray).Y)
		}
	}
	return pixels
}

// TestImages: what a model has learned by heart is drawn, the images side by side, in both precisions.
func TestImages(t *testing.T) {
	for _, dtype := range []string{"float32", "float64"} {
		dir, path := ofPixels(t, "200", "-dtype", dtype), filepath.Join(t.TempDir(), "a.png")
		code, text, _, errs := call("-from", dir, "-png", path, "-width", "5", "-streams", "3", "-temperature", "0")
		if code != 0 || text != "" || !strings.Contains(errs, "3 images of 3 x 5 pixels in "+path) {
			t.Fatalf("exit code %d, text %q, %s", code, text, errs)
		}
		got := grays(t, path)
		if len(got) != zoom*(2*3+gap) || len(got[0]) != zoom*(2*5+gap) {
			t.Fatalf("%d x %d pixels", len(got), len(got[0]))
		}
		for y := range got {
			for x := range got[y] {
				r, c := y/zoom, x/zoom
				want := uint8(255)
				if right, below := c > 5, r > 3; r != 3 && c != 5 && !(right && below) {
					want = uint8(10 + 12*(r%4*5+c%6))
				}
				if got[y][x] != want {
					t.Fatalf("%s: row %d, column %d: gray %d, want %d", dtype, r, c, got[y][x], want)
				}
			}
		}
	}
}

// TestImagesAreIndependent: an image is the same among any number of others, and another for another seed.
func TestImagesAreIndependent(t *testing.T) {
	dir, folder := ofPixels(t, "2"), t.TempDir()
	draw := func(name string, args ...string) [][]uint8 {
		t.Helper()
		path := filepath.Join(folder, name)
		if code, _, _, errs := call(append([]string{"-from", dir, "-png", path, "-width", "3"}, args...)...); code != 0 {
			t.Fatal(errs)
		}
		return grays(t, path)
	}
	same := func(a, b [][]uint8) bool {
		for y := range a {
			for x := range a[y] {
				if a[y][x] != b[y][x] {
					return false
				}
			}
		}
		return true
	}
	alone := draw("1.png")
	if !same(alone, draw("2.png", "-streams", "7")) {
		t.Error("the first image of 7 is another than alone")
	}
	if same(alone, draw("3.png", "-seed", "2")) {
		t.Error("another seed gives the same image")
	}
}

// TestExcludeStart: the token before the first pixel is never drawn, even where it is the most likely.
func TestExcludeStart(t *testing.T) {
	logits := make([]float32, 2*257)
	logits[256], logits[513] = 9, 9
	excludeStart(logits, 2)
	for i, x := range logits {
		if start := i%257 == 256; start != math.IsInf(float64(x), -1) || !start && x != 0 {
			t.Fatalf("logit %d: %v", i, x)
		}
	}
}

// TestWrongImages: each mistake has one line that says what to do, and leaves no file.
func TestWrongImages(t *testing.T) {
	pixels, text, folder := ofPixels(t, "1"), trained(t, "-sample", "0"), t.TempDir()
	path := filepath.Join(folder, "a.png")
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{1, "no text to generate: give -png FILE", []string{"-from", pixels}},
		{1, "15 pixels, which are no square: give -width", []string{"-from", pixels, "-png", path}},
		{1, "-width 4: the images of", []string{"-from", pixels, "-png", path, "-width", "4"}},
		{1, "-png: " + text + " was trained on the task text", []string{"-from", text, "-png", path}},
		{1, "no such file or directory", []string{"-from", pixels, "-png", filepath.Join(folder, "missing", "a.png"), "-width", "5"}},
		{2, "-n is for text: leave it out with -png", []string{"-from", pixels, "-png", path, "-n", "5"}},
		{2, "-json is for text", []string{"-from", pixels, "-png", path, "-json"}},
		{2, "-width only works with -png", []string{"-from", pixels, "-width", "5"}},
		{2, "-width -1: must be at least 0", []string{"-from", pixels, "-width", "-1", "-png", path}},
	} {
		code, out, _, errs := call(c.args...)
		if code != c.code || out != "" || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: exit code %d, text %q, %s; want %q", c.args, code, out, errs, c.want)
		}
	}
	if left, _ := os.ReadDir(folder); len(left) != 0 {
		t.Errorf("files are left: %v", left)
	}
}
