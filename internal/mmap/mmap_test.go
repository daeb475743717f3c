package mmap

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func ExampleMap() {
	f, err := os.Open("doc.go")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	data, release, err := Map(f)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", data[:15])
	fmt.Println(release())
	// Output:
	// // Package mmap
	// <nil>
}

// TestMap compares with what was written, at sizes around a page, after the file is closed and its name
// removed.
func TestMap(t *testing.T) {
	for _, size := range []int{0, 1, 4095, 4096, 4097, 1 << 20} {
		want := bytes.Repeat([]byte{byte(size), 7, 1}, size/3+1)[:size]
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, want, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		data, release, err := Map(f)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		os.Remove(path)
		if !bytes.Equal(data, want) {
			t.Errorf("size %d: other bytes", size)
		}
		if err := release(); err != nil {
			t.Errorf("size %d: %v", size, err)
		}
	}
}

func TestMapRefuses(t *testing.T) {
	folder, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	written, err := os.OpenFile(filepath.Join(t.TempDir(), "f"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer written.Close()
	if _, err := written.Write([]byte("text")); err != nil {
		t.Fatal(err)
	}
	closed, err := os.Open("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for what, f := range map[string]*os.File{"a folder": folder, "a file that cannot be read": written, "a closed file": closed} {
		if data, release, err := Map(f); err == nil || data != nil || release != nil {
			t.Errorf("%s was mapped, error %v", what, err)
		}
	}
}
