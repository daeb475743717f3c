package data

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"goomtrain/data/idx"
	"goomtrain/data/labeled"
	"goomtrain/data/tokenizer"
)

// TestTestImage: an image of the test set is that of the file, and others are refused by number.
func TestTestImage(t *testing.T) {
	dir := idxFolder(t, false)
	images, err := idx.Open(filepath.Join(dir, "t10k-images-idx3-ubyte"))
	if err != nil {
		t.Fatal(err)
	}
	labels, err := idx.Open(filepath.Join(dir, "t10k-labels-idx1-ubyte"))
	if err != nil {
		t.Fatal(err)
	}
	count, rows, size := images.Dims[0], images.Dims[1], images.Dims[1]*images.Dims[2]
	for _, i := range []int{0, 1, count - 1} {
		pixels, gotRows, class, err := TestImage(dir, i)
		if err != nil {
			t.Fatal(err)
		}
		var want []int32
		for _, p := range images.Data[i*size : (i+1)*size] {
			want = append(want, int32(p))
		}
		if !slices.Equal(pixels, want) || gotRows != rows || class != int(labels.Data[i]) {
			t.Errorf("image %d: class %d, %d rows, pixels %v; want %d, %d, %v", i, class, gotRows, pixels, labels.Data[i], rows, want)
		}
	}
	for _, i := range []int{-1, count} {
		want := fmt.Sprintf("image data %s: there is no test image %d: they are 0 to %d", dir, i, count-1)
		if _, _, _, err := TestImage(dir, i); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if _, _, _, err := TestImage(t.TempDir(), 0); err == nil || !strings.HasPrefix(err.Error(), "image data: ") {
		t.Errorf("a folder without images: %v", err)
	}
}

// TestTooManyClasses: labels that are no labels, such as those of a field of texts, are refused beyond the largest number of
// classes, at which others are still read.
func TestTooManyClasses(t *testing.T) {
	c := newCollection(tokenizer.Byte{}, 16, labeled.Fields{})
	for i := range mostClasses {
		if err := c.add(labeled.Text{Label: fmt.Sprint(i), Body: []byte("x")}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.add(labeled.Text{Label: "7", Body: []byte("y")}); err != nil {
		t.Errorf("a label that is there: %v", err)
	}
	if err := c.add(labeled.Text{Label: "one more", Body: []byte("x")}); err == nil || !strings.HasPrefix(err.Error(), "there are more than 65536 different labels") {
		t.Errorf("error %v", err)
	}
}

// TestFilesLeftOut: a folder of classes may have files that are no text, which are named.
func TestFilesLeftOut(t *testing.T) {
	dir := classFolder(t)
	if err := os.WriteFile(filepath.Join(dir, "bee", "zz\n.bin"), []byte("\xff\xfe\x00"), 0o666); err != nil {
		t.Fatal(err)
	}
	d := open(t, Config{Name: "classify", Task: &Classify{Data: dir}}, 3)
	if at := slices.IndexFunc(d.Notes, func(n string) bool {
		return strings.HasPrefix(n, "left out 1 file that are not UTF-8 text, the first: ")
	}); at < 0 || !strings.Contains(d.Notes[at], "zz") || strings.Contains(d.Notes[at], "\n") {
		t.Errorf("notes %q", d.Notes)
	}
}

// TestTokenizerSettings: a checksum belongs to a file, a name must be known, and a run reads the copy in its own folder.
func TestTokenizerSettings(t *testing.T) {
	for want, task := range map[string]*Text{
		"-tokenizer-sha256 is that of a file, but -tokenizer is byte: leave it out":    {TokenizerSHA256: "00"},
		`-tokenizer: there is no tokenizer "bite"; did you mean "byte"?`:               {Tokenizer: "bite"},
		"-valid-fraction contradicts -valid-data, which is all that is validated on: ": {ValidData: "x", ValidFraction: 0.1},
	} {
		if err := task.Validate(16); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	content, err := os.ReadFile("tokenizer/bpe/testdata/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	folder := writeFiles(t, map[string]string{"tokenizer.json": string(content)})
	sum := ""
	tok, file, err := openTokenizer("gone/from/here.json", &sum, folder)
	if err != nil || file == nil || file.SHA256 != sum || len(sum) != 64 || tok.Vocab() != 1000 {
		t.Fatalf("the copy of a run: %v, checksum %q, error %v", file, sum, err)
	}
	wrong := strings.Repeat("0", 64)
	if _, _, err := openTokenizer("gone/from/here.json", &wrong, folder); err == nil || !strings.HasPrefix(err.Error(), "-tokenizer: the tokenizer ") || !strings.Contains(err.Error(), "has changed") {
		t.Errorf("another checksum: error %v", err)
	}
	if _, _, err := openTokenizer("gone/from/here.json", &sum, ""); err == nil {
		t.Error("a file that is gone is opened")
	}
	if tok, file, err := openTokenizer("", new(string), folder); err != nil || file != nil || tok.Name() != "byte" {
		t.Errorf("the default: %v, %v, error %v", tok, file, err)
	}
}
