package regular

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func ExampleReadFile() {
	dir, err := os.MkdirTemp("", "regular")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "settings.toml")
	os.WriteFile(path, []byte("steps = 3\n"), 0o666)
	text, err := ReadFile(path, 1<<20)
	fmt.Printf("%q %v\n", text, err)
	// Output: "steps = 3\n" <nil>
}

func TestOpenAndExists(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "f"), filepath.Join(dir, "link")
	if err := os.WriteFile(path, []byte("text"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	for p, want := range map[string]bool{path: true, link: true, dir: true, filepath.Join(dir, "none"): false} {
		if Exists(p) != want {
			t.Errorf("Exists(%s) is not %v", p, want)
		}
	}
	if err := os.Symlink("none", filepath.Join(dir, "dangling")); err != nil || Exists(filepath.Join(dir, "dangling")) {
		t.Errorf("a link to nothing exists; error %v", err)
	}
	for _, p := range []string{path, link} {
		f, err := Open(p)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(f)
		if err := errors.Join(err, f.Close()); err != nil || string(text) != "text" {
			t.Errorf("%s holds %q, error %v", p, text, err)
		}
	}
	if _, err := Open(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := Open(dir); err == nil || err.Error() != dir+" is a folder, not a file" {
		t.Errorf("a folder: %v", err)
	}
}

// TestOpenChecksWhatItOpened: a folder takes the place of the file between the first check and the opening, which
// does not wait for what it may meet.
func TestOpenChecksWhatItOpened(t *testing.T) {
	dir, path := t.TempDir(), filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	var opened *os.File
	_, err := open("f", func(string) (fs.FileInfo, error) { return os.Stat(path) }, func(_ string, flag int, mode fs.FileMode) (f *os.File, err error) {
		if flag != os.O_RDONLY|nonblocking {
			t.Errorf("opened with flags %#x", flag)
		}
		opened, err = os.OpenFile(dir, flag, mode)
		return opened, err
	})
	if err == nil || err.Error() != "f is a folder, not a file" {
		t.Errorf("a folder: %v", err)
	}
	if err := opened.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the folder was left open; closing it: %v", err)
	}
}

func TestCheck(t *testing.T) {
	for mode, want := range map[fs.FileMode]string{
		fs.ModeDir: "a folder", fs.ModeNamedPipe: "a named pipe", fs.ModeSocket: "a socket", fs.ModeDevice: "a device", fs.ModeIrregular: "a special file",
	} {
		if err := Check("f", mode); err == nil || err.Error() != "f is "+want+", not a file" {
			t.Errorf("%v: %v, want %s", mode, err, want)
		}
	}
}

func TestReadFileIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("12345"), 0o666); err != nil {
		t.Fatal(err)
	}
	if text, err := ReadFile(path, 5); err != nil || string(text) != "12345" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := ReadFile(path, 4); err == nil || !strings.HasSuffix(err.Error(), "has 5 bytes; at most 4 are read") {
		t.Errorf("a file that is too long: %v", err)
	}
}

// TestIn: files within a folder are read, and neither names nor links lead out of it.
func TestIn(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	for path, text := range map[string]string{filepath.Join(outside, "secret"): "secret", filepath.Join(dir, "f"): "12345"} {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(outside, "secret"), filepath.Join(dir, "link")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if text, err := ReadFileIn(root, "f", 5); err != nil || string(text) != "12345" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := ReadFileIn(root, "f", 4); err == nil || err.Error() != "f has 5 bytes; at most 4 are read" {
		t.Errorf("a file that is too long: %v", err)
	}
	for _, name := range []string{"link", "../" + filepath.Base(outside) + "/secret", filepath.Join(outside, "secret"), "."} {
		if text, err := ReadFileIn(root, name, 100); err == nil {
			t.Errorf("%s: read %q", name, text)
		}
	}
}
