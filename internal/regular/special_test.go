package regular_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"goomtrain/internal/regular"
	"goomtrain/internal/regular/regulartest"
)

// Named pipes, sockets and devices are refused at once, also behind a link.
func TestSpecialFiles(t *testing.T) {
	pipe := regulartest.Pipe(t)
	dir := filepath.Dir(pipe)
	link, socket := filepath.Join(dir, "link"), filepath.Join(dir, "s")
	if err := os.Symlink(pipe, link); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{pipe: "is a named pipe, not a file", link: "is a named pipe, not a file", os.DevNull: "is a device, not a file"}
	if l, err := net.Listen("unix", socket); err == nil { // a path may be too long for a socket
		defer l.Close()
		want[socket] = "is a socket, not a file"
	}
	for path, text := range want {
		regulartest.AtOnce(t, func() {
			if _, err := regular.Open(path); err == nil || err.Error() != path+" "+text {
				t.Errorf("Open(%s): %v, want %q", path, err, text)
			}
			if _, err := regular.ReadFile(path, 10); err == nil || !strings.Contains(err.Error(), text) {
				t.Errorf("ReadFile(%s): %v, want %q", path, err, text)
			}
		})
	}
}

// A file of the system that reports no size is read, and bounded all the same.
func TestFilesWithoutSize(t *testing.T) {
	const path = "/proc/version"
	if _, err := os.Stat(path); err != nil {
		t.Skip("no /proc here")
	}
	if text, err := regular.ReadFile(path, 1<<16); err != nil || len(text) == 0 {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := regular.ReadFile(path, 3); err == nil || !strings.Contains(err.Error(), "more than the 3 bytes") {
		t.Errorf("a bound of 3 bytes: %v", err)
	}
}

// A file whose reading fails is an error: the first page of memory is not mapped.
func TestReadFails(t *testing.T) {
	const path = "/proc/self/mem"
	if _, err := os.Stat(path); err != nil {
		t.Skip("no /proc here")
	}
	if text, err := regular.ReadFile(path, 1<<16); err == nil {
		t.Errorf("read %q", text)
	}
}
