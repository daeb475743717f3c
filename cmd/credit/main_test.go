package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"goomtrain/checkpoints"
	"goomtrain/data/tokenizer"
	"goomtrain/models"
	"goomtrain/train"
)

// Example shows the answer to a wrong call.
func Example() {
	code := run([]string{"two", "words"}, false, os.Stdout, os.Stdout)
	fmt.Println("exit code", code)
	// Output:
	// credit: unexpected argument "words": a text of several words needs quotes, and flags stand before it
	// exit code 2
}

func call(color bool, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(args, color, &out, &errs)
	return code, out.String(), errs.String()
}

// trained makes a short run.
func trained(t *testing.T, args ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	call, err := train.Parse(append([]string{"-preset", "nano", "-d-emb", "16", "-layers", "1", "-heads", "1", "-batch", "8",
		"-eval-every", "0", "-eval-batches", "2", "-out", dir}, args...))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := train.Launch(context.Background(), call.Config, io.Discard); err != nil {
		t.Fatal(err)
	}
	return dir
}

// texts is a run that has learned to tell texts with a q from others.
func texts(t *testing.T, steps string, args ...string) string {
	t.Helper()
	rows := "text,label\n"
	for i := range 200 {
		letters := []byte(strings.Repeat("a", 3+i%18))
		if i%2 == 1 {
			letters[i/2%len(letters)] = 'q'
		}
		rows += fmt.Sprintf("%s,%s\n", letters, []string{"plain", "<q>\x1b"}[i%2])
	}
	path := filepath.Join(t.TempDir(), "rows.csv")
	if err := os.WriteFile(path, []byte(rows), 0o644); err != nil {
		t.Fatal(err)
	}
	return trained(t, append([]string{"-model", "classifier", "-task", "classify", "-data", path, "-steps", steps, "-schedule-steps", steps, "-lr", "0.01", "-embedding-std", "0.02"}, args...)...)
}

// images is a run on images of 4 x 6 pixels.
func images(t *testing.T) (dir, data string) {
	t.Helper()
	data = t.TempDir()
	write := func(name string, dims []uint32, elements []byte) {
		file := []byte{0, 0, 8, byte(len(dims))}
		for _, d := range dims {
			file = binary.BigEndian.AppendUint32(file, d)
		}
		if err := os.WriteFile(filepath.Join(data, name), append(file, elements...), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for set, count := range map[string]uint32{"train": 20, "t10k": 6} {
		var pixels, labels []byte
		for i := range count {
			labels = append(labels, byte(i%2))
			pixels = append(pixels, bytes.Repeat([]byte{byte(i % 2 * 200)}, 24)...)
		}
		write(set+"-images-idx3-ubyte", []uint32{count, 4, 6}, pixels)
		write(set+"-labels-idx1-ubyte", []uint32{count}, labels)
	}
	return trained(t, "-model", "classifier", "-task", "images", "-data", data, "-patch", "2x3", "-pool", "routing", "-routing", "5", "-steps", "20"), data
}

// damaged returns the weights of a run, with its configuration, of which one has become NaN.
func damaged(t *testing.T, dir string) string {
	t.Helper()
	weights, err := checkpoints.LoadWeights(dir)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(weights.ModelPath())
	if err != nil {
		t.Fatal(err)
	}
	binary.LittleEndian.PutUint32(file[len(file)-4:], math.Float32bits(float32(math.NaN())))
	config, err := os.ReadFile(filepath.Join(dir, checkpoints.ConfigFile))
	if err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	for name, content := range map[string][]byte{"model.safetensors": file, checkpoints.ConfigFile: config} {
		if err := os.WriteFile(filepath.Join(to, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(to, "model.safetensors")
}

// TestTexts: the letter that decides gets the most credit, in lines of words, in the colors of a terminal and in a page,
// none of which lets the names and the text of others through.
func TestTexts(t *testing.T) {
	dir := texts(t, "200", "-pool", "routing", "-routing", "6")
	html := filepath.Join(t.TempDir(), "a.html")
	code, out, errs := call(false, "-from", dir, "-html", html, "aaaa\naaqa <b>")
	if code != 0 || errs != "" || !strings.HasPrefix(out, `<q>\x1b `) || strings.Contains(out, "\x1b") {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	if lines := regexp.MustCompile(`(?m)^ *[-+]\d+\.\d\d  (\S+)$`).FindAllStringSubmatch(out, -1); len(lines) != 3 || lines[0][1] != "aaaa" || lines[2][1] != "<b>" {
		t.Errorf("words %q in\n%s", lines, out)
	}
	page, err := os.ReadFile(html)
	if err != nil {
		t.Fatal(err)
	}
	marks := regexp.MustCompile(`background:rgb\((\d+),(\d+),(\d+)\)" title="(\S+)">([^<]+)</span>`).FindAllStringSubmatch(string(page), -1)
	if len(marks) != 13 || strings.Contains(string(page), "<b>") || strings.Contains(string(page), "<q>") {
		t.Fatalf("%d characters in\n%s", len(marks), page)
	}
	_, shares, _ := strings.Cut(strings.SplitN(out, "\n", 2)[0], " ")
	shares, _, _ = strings.Cut(shares, ",")
	if !strings.Contains(string(page), "<td>"+shares+"</td>") { // of the first class
		t.Errorf("no share %s in\n%s", shares, page)
	}
	for _, m := range marks {
		if (m[5] == "q") != (m[1] == "70") { // the full blue
			t.Errorf("%q has the color %s,%s,%s and the credit %s", m[5], m[1], m[2], m[3], m[4])
		}
	}
	code, out, _ = call(true, "-from", dir, "-class", "plain", "aqa\x1b\n[2J")
	if code != 0 || strings.Count(out, "\x1b[38;2;0;0;0;48;2;") != 7 || strings.Count(out, "\x1b") != 14 || !strings.Contains(out, "\x1b[0m\n\x1b[38;") || !strings.Contains(out, "credit of plain") {
		t.Errorf("exit code %d\n%q", code, out)
	}
	file := filepath.Join(t.TempDir(), "input.txt")
	if err := os.WriteFile(file, []byte("aaqa"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, want, _ := call(false, "-from", dir, "aaqa")
	if _, out, errs := call(false, "-from", dir, file); out != want || want == "" {
		t.Errorf("of a file\n%s%s, want\n%s", out, errs, want)
	}
}

// TestImages: a picture of the image beside its credit, and rows of signs or colors.
func TestImages(t *testing.T) {
	dir, data := images(t)
	path := filepath.Join(t.TempDir(), "a.png")
	code, out, errs := call(false, "-from", dir, "-png", path, "3")
	if code != 0 || errs != "" || !strings.HasPrefix(out, "test image 3 of class 1: ") || !regexp.MustCompile(`(?m)^([-+][-+ ]|\. ){3}$`).MatchString(out) {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil || m.Bounds().Dx() != 13*zoom || m.Bounds().Dy() != 4*zoom {
		t.Fatalf("a picture of %v, error %v", m.Bounds(), err)
	}
	colors := map[any]bool{} // of the right half: one for each of the four patches, which differ
	for r := range 4 {
		for c := range 6 {
			colors[m.At((7+c)*zoom+1, r*zoom+1)] = true
			if red, green, blue, _ := m.At(c*zoom, r*zoom).RGBA(); red>>8 != 200 || green != red || blue != red {
				t.Errorf("the image has the color %d,%d,%d", red>>8, green>>8, blue>>8)
			}
		}
	}
	if len(colors) != 4 {
		t.Errorf("%d colors of 4 patches", len(colors))
	}
	for r, line := range regexp.MustCompile(`(?m)^(?:[-+][-+ ]|\. ){3}$`).FindAllString(out, -1) {
		for c := range 3 { // the sign of every second pixel: the picture is blue where it is positive
			red, _, blue, _ := m.At((7+2*c)*zoom, 2*r*zoom).RGBA()
			if sign := line[2*c]; sign == '+' && blue <= red || sign == '-' && red <= blue {
				t.Errorf("the pixel %d, %d has the sign %q and the color %d, .., %d", 2*r, 2*c, sign, red>>8, blue>>8)
			}
		}
	}
	if code, out, _ := call(true, "-from", dir, "-data", data, "0"); code != 0 || strings.Count(out, "\x1b[48;2;") != 6 {
		t.Errorf("exit code %d\n%q", code, out)
	}
}

// TestWeights: the averaged weights are used unless -ema=false says otherwise.
func TestWeights(t *testing.T) {
	dir := texts(t, "20", "-pool", "routing", "-ema", "0.9")
	_, average, _ := call(false, "-from", dir, "aqa")
	code, last, errs := call(false, "-from", dir, "-ema=false", "aqa")
	if code != 0 || average == "" || average == last {
		t.Errorf("exit code %d\n%s%s, with averaged weights\n%s", code, last, errs, average)
	}
}

// TestLikely: classes of equal probability stand in their order.
func TestLikely(t *testing.T) {
	var out strings.Builder
	likely(result{Classification: models.Classification{Probabilities: []float64{0.25, 0.25, 0.5}}, names: []string{"a", "b", "c"}}, &out)
	if want := "c 50.0%, a 25.0%, b 25.0%\n"; !strings.HasPrefix(out.String(), want) {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

// TestSigns: a credit in two characters.
func TestSigns(t *testing.T) {
	got := ""
	for _, x := range []float64{-1, -0.4, -0.1, 0, 0.1, 0.4, 1} {
		got += sign(x)
	}
	if want := "--- . . . + ++"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestLargest: by what credits are divided is never 0.
func TestLargest(t *testing.T) {
	for want, credit := range map[float64][]float64{1: {0, 0}, 0.5: {0.25, -0.5}, 3: {3, -2, 0}} {
		if got := largestOf(credit); got != want {
			t.Errorf("%v: %v, want %v", credit, got, want)
		}
	}
}

// TestMeans: a character has the mean credit of its bytes, a word that of its characters, and white space ends words.
func TestMeans(t *testing.T) {
	tok, err := tokenizer.Open("byte", "")
	if err != nil {
		t.Fatal(err)
	}
	row := append([]int32{tok.Separator()}, tok.Encode([]byte("é \xffa\n\tb"))...)
	characters := (&text{tok, row}).characters([]float64{100, 1, 2, -7, 3, 5, -7, -7, -1}) // the first is that of the separator
	if want := []mark{{"é", 1.5}, {" ", -7}, {"\ufffd", 3}, {"a", 5}, {"\n", -7}, {"\t", -7}, {"b", -1}}; !slices.Equal(characters, want) {
		t.Errorf("characters %q, want %q", fmt.Sprint(characters), fmt.Sprint(want))
	}
	if got, want := fmt.Sprint(words(characters)), "[{é 1.5} {\ufffda 4} {b -1}]"; got != want {
		t.Errorf("words %s, want %s", got, want)
	}
}

// TestNewestRun: without -from the newest run answers, which a note names.
func TestNewestRun(t *testing.T) {
	dir := texts(t, "2", "-pool", "routing")
	t.Chdir(t.TempDir())
	to := filepath.Join("runs", "one")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := call(false, "aqa"); code != 0 || out == "" || !strings.HasPrefix(errs, "note: ") || !strings.Contains(errs, to) {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
}

func TestErrors(t *testing.T) {
	pictures, data := images(t)
	others := t.TempDir() // the same images with labels that the run does not know
	if err := os.CopyFS(others, os.DirFS(data)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(others, "t10k-labels-idx1-ubyte"), []byte{0, 0, 8, 1, 0, 0, 0, 6, 0, 1, 2, 0, 1, 2}, 0o644); err != nil {
		t.Fatal(err)
	}
	small := t.TempDir() // images of another size
	header := []byte{0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 4}
	for name, content := range map[string][]byte{"t10k-images-idx3-ubyte": append(header, make([]byte, 12)...), "t10k-labels-idx1-ubyte": {0, 0, 8, 1, 0, 0, 0, 1, 0}} {
		if err := os.WriteFile(filepath.Join(small, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	pixels := trained(t, "-model", "classifier", "-task", "images", "-data", data, "-pool", "routing", "-steps", "2")
	words := texts(t, "2", "-pool", "routing")
	mean := texts(t, "2", "-pool", "mean")
	unnamed := t.TempDir()
	if err := errors.Join(os.CopyFS(unnamed, os.DirFS(words)), os.WriteFile(filepath.Join(unnamed, "classes.json"), []byte("["), 0o644)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		code int
		args []string
		want string
	}{
		{2, nil, "no INPUT given"},
		{1, []string{"-from", "/nosuch\x1b", "x"}, `/nosuch\x1b`},
		{1, []string{"-from", mean, "x"}, "only routings give credit"},
		{1, []string{"-from", words, strings.Repeat("a", 300)}, "has 300 tokens, but the run was trained on texts of at most 20"},
		{1, []string{"-from", words, "-class", "plane", "a"}, `the run has no class "plane"`},
		{2, []string{"-from", words, "-threads", "-1", "a"}, "-threads -1: must be"},
		{1, []string{"-from", unnamed, "a"}, "classes.json: "},
		{1, []string{"-from", words, "-png", "a.png", "a"}, "give -html"},
		{1, []string{"-from", words, "-data", "a", "a"}, "-data: the run is of texts"},
		{2, []string{"-from", words, t.TempDir(), "b"}, "unexpected argument"},
		{1, []string{"-from", words, t.TempDir()}, "a folder"},
		{1, []string{"-from", words, "-html", "/nosuch/a.html", "a"}, "/nosuch"},
		{1, []string{"-from", pictures, "x"}, "the number of a test image"},
		{1, []string{"-from", pictures, "6"}, "there is no test image 6: they are 0 to 5"},
		{1, []string{"-from", pictures, "-png", "/nosuch/a.png", "1"}, "/nosuch"},
		{1, []string{"-from", pictures, "-html", "a.html", "1"}, "give -png"},
		{1, []string{"-from", pictures, "-data", "/nosuch", "1"}, "/nosuch"},
		{1, []string{"-from", pictures, "-data", small, "0"}, "have 3x4 pixels, but the run was trained on 4x6"},
		{1, []string{"-from", pixels, "-data", small, "0"}, "have 3x4 pixels, but the run was trained on images of 24"},
		{1, []string{"-from", damaged(t, words), "a"}, "the scores of the classes are not finite"},
		{1, []string{"-from", words, "-html", filepath.Dir(words), "a"}, "is a folder, not a file"},
		{1, []string{"-from", pictures, "-data", others, "2"}, "has the label 2, but the run knows the classes 0 to 1"},
	} {
		code, _, errs := call(false, c.args...)
		if code != c.code || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 || strings.Contains(errs, "\x1b") {
			t.Errorf("%q: exit code %d, %q, want %d and one line with %q", c.args, code, errs, c.code, c.want)
		}
	}
	if code, out, _ := call(false, "-h"); code != 0 || !strings.Contains(out, "-html") || !strings.Contains(out, "test image") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

// A firstWrite calls f before the first write.
type firstWrite struct{ f func() }

func (w *firstWrite) Write(p []byte) (int, error) {
	if w.f != nil {
		w.f()
		w.f = nil
	}
	return len(p), nil
}

// TestFilesComeFirst: a reader that ends the program at the first line, such as head, does not cost the user the file.
func TestFilesComeFirst(t *testing.T) {
	ofImages, _ := images(t)
	for flag, c := range map[string]struct{ dir, input string }{"-png": {ofImages, "3"}, "-html": {texts(t, "20", "-pool", "routing"), "aaqa"}} {
		path, written := filepath.Join(t.TempDir(), "file"), false
		out := &firstWrite{func() { _, err := os.Stat(path); written = err == nil }}
		if code := run([]string{"-from", c.dir, flag, path, c.input}, false, out, io.Discard); code != 0 || !written {
			t.Errorf("%s: exit code %d, written before the first line: %v", flag, code, written)
		}
	}
}
