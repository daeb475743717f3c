package data

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"goomtrain/data/idx"
)

// TestImages compares sequences with the files they come from, read anew.
func TestImages(t *testing.T) {
	for _, gz := range []bool{false, true} {
		dir := idxFolder(t, gz)
		checkImages(t, dir)
	}
}

// fashion is where Debian's package dataset-fashion-mnist puts its files.
const fashion = "/usr/share/datasets/fashion-mnist"

// TestFashionMNIST does what TestImages does with the real files, where they are installed.
func TestFashionMNIST(t *testing.T) {
	if _, err := os.Stat(fashion); err != nil {
		t.Logf("%s is not installed", fashion)
		return
	}
	d := checkImages(t, fashion)
	if d.Vocab != 266 || d.SeqLen != 784 || d.Chance != 0.1 {
		t.Errorf("vocabulary %d, length %d, chance %g", d.Vocab, d.SeqLen, d.Chance)
	}
}

func checkImages(t *testing.T, dir string) *Dataset {
	t.Helper()
	set, err := readImages(dir, "train")
	if err != nil {
		t.Fatal(err)
	}
	count, size, classes := len(set.labels), set.size, int(slices.Max(set.labels))+1
	byPixels := map[string][]int{} // images by content: some may come twice
	for i := range count {
		key := string(set.pixels[i*size : (i+1)*size])
		byPixels[key] = append(byPixels[key], i)
	}
	d := open(t, Config{Name: "images", Task: &Images{Data: dir}}, 3)
	if d.Vocab != 256+classes || d.SeqLen != size || d.Chance != 1/float64(classes) {
		t.Errorf("vocabulary %d, length %d, chance %g", d.Vocab, d.SeqLen, d.Chance)
	}
	// A round is every image once; the next round has another order, seen from its first images.
	var rounds [2][]string
	for r, draws := range []int{count, 24} {
		left := map[string]int{}
		for key, images := range byPixels {
			left[key] = len(images)
		}
		for range draws {
			b := next(t, d.Train, 1)
			key := make([]byte, size)
			for i, p := range b.Inputs {
				key[i] = byte(p)
			}
			if left[string(key)]--; left[string(key)] < 0 {
				t.Fatalf("round %d: an image comes more often than it is there", r)
			}
			if slices.ContainsFunc(b.Targets[:size-1], func(x int32) bool { return x != -1 }) {
				t.Fatal("a target before the last counts")
			}
			if !slices.ContainsFunc(byPixels[string(key)], func(i int) bool { return b.Targets[size-1] == 256+int32(set.labels[i]) }) {
				t.Fatalf("class %d of an image that is not of it", b.Targets[size-1])
			}
			rounds[r] = append(rounds[r], string(key))
		}
	}
	if slices.Equal(rounds[0][:24], rounds[1]) {
		t.Error("both rounds have the same order")
	}
	p := open(t, Config{Name: "image-pixels", Task: &ImagePixels{Data: dir}}, 3)
	if p.Vocab != 257 || p.Chance != 0 {
		t.Errorf("vocabulary %d, chance %g", p.Vocab, p.Chance)
	}
	b := next(t, p.Train, 1)
	if b.Inputs[0] != 256 || !slices.Equal(b.Inputs[1:], b.Targets[:size-1]) {
		t.Errorf("inputs %v, targets %v", b.Inputs, b.Targets)
	}
	image := make([]byte, size)
	for i, x := range b.Targets {
		image[i] = byte(x)
	}
	if byPixels[string(image)] == nil {
		t.Error("the targets are no image")
	}
	return d
}

func TestImageErrors(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(dir string) error
		want  string
	}{
		"no folder":    {func(dir string) error { return os.RemoveAll(dir) }, "no folder"},
		"missing":      {func(dir string) error { return os.Remove(filepath.Join(dir, "t10k-labels-idx1-ubyte")) }, "lacks t10k-labels-idx1-ubyte"},
		"cut":          {func(dir string) error { return os.Truncate(filepath.Join(dir, "train-images-idx3-ubyte"), 100) }, "need 360 bytes, there are 84"},
		"fewer labels": {func(dir string) error { return writeIDX(dir, "train-labels-idx1-ubyte", 23, make([]byte, 23)) }, "24 images and 23 labels"},
		"foreign class": {func(dir string) error {
			return writeIDX(dir, "t10k-labels-idx1-ubyte", 11, []byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x04"))
		}, "class 9 is among the test labels, but the training labels end at 3"},
		"large images": {func(dir string) error { // a header alone: refused before the pixels are read
			return os.WriteFile(filepath.Join(dir, "train-images-idx3-ubyte"), []byte("\x00\x00\x08\x03\x00\x00\x00\x18\x00\x00\x20\x00\x00\x00\x20\x00"), 0o666)
		}, "an image has 67108864 pixels, at most 16777216 can be a sequence"},
		"more images": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "t10k-images-idx3-ubyte"), []byte("\x00\x00\x08\x03\x00\x00\xff\xff\x00\x00\x00\x03\x00\x00\x00\x05"), 0o666)
		}, "set t10k has 65535 images and 11 labels"},
		"swapped": {func(dir string) error { return writeIDX(dir, "train-images-idx3-ubyte", 24, make([]byte, 24)) }, "has 1 dimensions, expected 3"},
	} {
		dir := idxFolder(t, false)
		if err := c.spoil(dir); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(Config{Name: "images", Task: &Images{Data: dir}}, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
	if _, err := Open(Config{Name: "images", Seq: 16, Task: &Images{Data: idxFolder(t, true)}}, 1); err == nil || !strings.Contains(err.Error(), "a sequence of 15 pixels, but -seq is 16: leave it out") {
		t.Errorf("error %v", err)
	}
	other := idxFolder(t, false)
	file := append([]byte("\x00\x00\x08\x03\x00\x00\x00\x0b\x00\x00\x00\x05\x00\x00\x00\x03"), make([]byte, 165)...)
	if err := os.WriteFile(filepath.Join(other, "t10k-images-idx3-ubyte"), file, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Name: "images", Task: &Images{Data: other}}, 1); err == nil || !strings.Contains(err.Error(), "15 pixels in 3 rows, the test images 15 in 5") {
		t.Errorf("error %v", err)
	}
}

func writeIDX(dir, name string, n byte, data []byte) error {
	return os.WriteFile(filepath.Join(dir, name), append([]byte{0, 0, 8, 1, 0, 0, 0, n}, data...), 0o666)
}

// TestOtherFileNames: the folders of other distributions have a dot where MNIST has a dash.
func TestOtherFileNames(t *testing.T) {
	dir := idxFolder(t, true)
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if err := os.Rename(path, strings.Replace(path, "-idx", ".idx", 1)); err != nil {
			t.Fatal(err)
		}
	}
	if d := open(t, Config{Name: "images", Task: &Images{Data: dir}}, 1); d.Vocab != 260 {
		t.Errorf("vocabulary %d", d.Vocab)
	}
	if a, err := idx.Open(filepath.Join(dir, "t10k-images.idx3-ubyte.gz")); err != nil || !slices.Equal(a.Dims, []int{11, 3, 5}) {
		t.Errorf("%+v, %v", a, err)
	}
}

// TestAugment: training images are those of the files, mirrored or not and shifted by up to two pixels, all of which
// occur; another round varies an image otherwise, and the test images are as they are.
func TestAugment(t *testing.T) {
	dir := idxFolder(t, false)
	set, err := readImages(dir, "train")
	if err != nil {
		t.Fatal(err)
	}
	const rows, columns, count = 3, 5, 24
	variant := func(image, down, right int, mirror bool) (pixels [rows * columns]int32) {
		for i, p := range set.pixels[image*rows*columns : (image+1)*rows*columns] {
			r, c := i/columns, i%columns
			if mirror {
				c = columns - 1 - c
			}
			if r, c = r+down, c+right; r >= 0 && r < rows && c >= 0 && c < columns {
				pixels[r*columns+c] = int32(p)
			}
		}
		return pixels
	}
	known := map[[rows * columns]int32][]string{}
	for image := range count {
		for down := -2; down <= 2; down++ {
			for right := -2; right <= 2; right++ {
				for _, mirror := range []bool{false, true} {
					pixels := variant(image, down, right, mirror)
					known[pixels] = append(known[pixels], fmt.Sprint("down ", down), fmt.Sprint("right ", right), fmt.Sprint("mirror ", mirror))
				}
			}
		}
	}
	cfg := Config{Name: "images", Task: &Images{Data: dir, Augment: true}}
	d, plain := open(t, cfg, 3), open(t, Config{Name: "images", Task: &Images{Data: dir}}, 3)
	seen := map[string]bool{}
	for range 40 * count {
		b, p := next(t, d.Train, 1), next(t, plain.Train, 1)
		if !slices.Equal(b.Targets, p.Targets) {
			t.Fatal("another class")
		}
		of := known[[rows * columns]int32(b.Inputs)]
		if of == nil {
			t.Fatalf("%v is no variant", b.Inputs)
		}
		if len(of) == 3 { // of one image, in one way
			for _, what := range of {
				seen[what] = true
			}
		}
	}
	if len(seen) != 5+5+2 {
		t.Errorf("the variants are %v", seen)
	}
	got, _ := drain(t, d.Valid[0])
	if want, _ := drain(t, plain.Valid[0]); !slices.Equal(got, want) {
		t.Error("test images vary")
	}
}
