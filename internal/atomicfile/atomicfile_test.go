package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"goomtrain/internal/regular/regulartest"
)

// names lists a folder: no test may leave a temporary file behind.
func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return strings.Join(out, " ")
}

func TestWriteReplacesOrLeavesAlone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.toml")
	if err := WriteFile(path, []byte("one")); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path, []byte("two")); err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	err := Write(path, func(w io.Writer) error {
		io.WriteString(w, "thr")
		return boom
	})
	if !errors.Is(err, boom) {
		t.Errorf("error of the writing function: got %v", err)
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != "two" {
		t.Errorf("after a failed write: %q, %v; want the former content", got, err)
	}
	if n := names(t, dir); n != "config.toml" {
		t.Errorf("left in the folder: %s", n)
	}
}

// TestWriteSparesSpecialFiles: a link to a pipe, as /dev/stdout may be one, and a folder stay what they are. A pipe itself is
// replaced.
func TestWriteSparesSpecialFiles(t *testing.T) {
	pipe := regulartest.Pipe(t)
	dir := filepath.Dir(pipe)
	link := filepath.Join(dir, "link")
	if err := os.Symlink(pipe, link); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{link: "a named pipe", dir: "a folder"} {
		if err := WriteFile(path, nil); err == nil || err.Error() != path+" is "+want+", not a file" {
			t.Errorf("%v, want that %s is %s", err, path, want)
		}
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 || names(t, dir) != "link pipe" {
		t.Errorf("the link became %v, %v; the folder has %s", info.Mode(), err, names(t, dir))
	}
	if err := WriteFile(pipe, []byte("text")); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(link); err != nil || string(text) != "text" {
		t.Errorf("in the place of the pipe is %q, %v", text, err)
	}
}

// TestWriteSparesDevices: a device stays what it is. Only a user who may not replace the null device tries it.
func TestWriteSparesDevices(t *testing.T) {
	info, err := os.Lstat(os.DevNull)
	if err != nil || info.Mode()&fs.ModeDevice == 0 {
		t.Skip("no null device here")
	}
	if os.Geteuid() == 0 {
		t.Skip("if this failed, the system would be without its null device")
	}
	if err := WriteFile(os.DevNull, nil); err == nil || err.Error() != os.DevNull+" is a device, not a file" {
		t.Error(err)
	}
}

func TestWriteReportsAMissingFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "no", "file")
	err := WriteFile(path, nil)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path+":") {
		t.Errorf("got %v, want an error that names %s", err, path)
	}
}

func TestWriteNewNeverReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new")
	write := func(w io.Writer) error {
		_, err := io.WriteString(w, "x")
		return err
	}
	if err := WriteNew(path, write); err != nil {
		t.Fatal(err)
	}
	if err := WriteNew(path, write); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over an existing file: %v", err)
	}
}

func TestMkdirAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "c")
	for range 2 { // new, then there already
		if err := MkdirAll(path); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		t.Errorf("%v, %v", info, err)
	}
	file := filepath.Join(path, "file")
	if err := WriteFile(file, nil); err != nil {
		t.Fatal(err)
	}
	if err := MkdirAll(filepath.Join(file, "d")); err == nil {
		t.Error("made a folder inside a file")
	}
}

func TestPointAndTarget(t *testing.T) {
	noLinks := func(string, string) error { return errors.ErrUnsupported }
	for _, tc := range []struct {
		name          string
		first, second func(string, string) error
	}{
		{"symbolic links", os.Symlink, os.Symlink},
		{"text files", noLinks, noLinks},
		{"moved to a file system without links", os.Symlink, noLinks},
		{"moved to a file system with links", noLinks, os.Symlink},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Cleanup(func() { symlink = os.Symlink })
			dir := t.TempDir()
			link := filepath.Join(dir, "last")
			if _, err := Target(link); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("missing link: got %v", err)
			}
			for i, make := range []func(string, string) error{tc.first, tc.second} {
				symlink = make
				want := []string{"step-1", "step-2"}[i]
				if err := Point(link, want); err != nil {
					t.Fatal(err)
				}
				if got, err := Target(link); got != want || err != nil {
					t.Errorf("Target = %q, %v; want %q", got, err, want)
				}
			}
			if n := names(t, dir); n != "last" {
				t.Errorf("left in the folder: %s", n)
			}
		})
	}
}

// TestModes: files and folders have the modes of ordinary new ones, whatever the umask.
func TestModes(t *testing.T) {
	dir := t.TempDir()
	mode := func(name string, make func(path string) error) fs.FileMode {
		path := filepath.Join(dir, name)
		if err := make(path); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode()
	}
	nothing := func(io.Writer) error { return nil }
	want := mode("plain", func(path string) error { return os.WriteFile(path, nil, 0o666) })
	for name, make := range map[string]func(path string) error{
		"write": func(path string) error { return WriteFile(path, nil) }, "new": func(path string) error { return WriteNew(path, nothing) },
	} {
		if got := mode(name, make); got != want {
			t.Errorf("%s: mode %v, want %v", name, got, want)
		}
	}
	want = mode("folder", func(path string) error { return os.Mkdir(path, 0o777) })
	if got := mode("made", MkdirAll); got != want {
		t.Errorf("folder: mode %v, want %v", got, want)
	}
}

func TestSyncDirReportsAMissingFolder(t *testing.T) {
	if err := SyncDir(filepath.Join(t.TempDir(), "no")); canSyncDir && !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// TestPointTriesAnotherName: a temporary name that is taken does not make a text file of the link.
func TestPointTriesAnotherName(t *testing.T) {
	t.Cleanup(func() { symlink = os.Symlink })
	calls := 0
	symlink = func(target, link string) error {
		if calls++; calls < 3 {
			return fs.ErrExist
		}
		return os.Symlink(target, link)
	}
	link := filepath.Join(t.TempDir(), "last")
	if err := Point(link, "step-1"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 || calls != 3 {
		t.Errorf("%v, %v after %d calls, want a symbolic link after 3", info, err, calls)
	}
}

// TestTargetLength: a target of 4096 bytes, the longest path of common systems, is read.
func TestTargetLength(t *testing.T) {
	link, want := filepath.Join(t.TempDir(), "last"), strings.Repeat("x", 4096)
	if err := os.WriteFile(link, []byte(want), 0o666); err != nil {
		t.Fatal(err)
	}
	if got, err := Target(link); err != nil || got != want {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if err := os.WriteFile(link, []byte(want+"x"), 0o666); err != nil {
		t.Fatal(err)
	}
	if got, err := Target(link); err == nil {
		t.Errorf("%d bytes of 4097", len(got))
	}
}

func TestPointRefusesAFolder(t *testing.T) {
	link := filepath.Join(t.TempDir(), "last")
	if err := os.Mkdir(link, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := Point(link, "step-1"); err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("got %v", err)
	}
	if _, err := Target(link); err == nil {
		t.Error("Target read a folder")
	}
}

func TestTargetRefusesOtherText(t *testing.T) {
	link := filepath.Join(t.TempDir(), "last")
	for _, text := range []string{"", "\n", "a\nb\n", "a\x00b", strings.Repeat("x", maxTarget+1)} {
		if err := os.WriteFile(link, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if got, err := Target(link); err == nil {
			t.Errorf("Target of a file that holds %.10q: %q", text, got)
		}
	}
}
