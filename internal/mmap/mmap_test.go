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

func TestMapRefusesAFolder(t *testing.T) {
	f, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, _, err := Map(f); err == nil {
		t.Error("a folder was mapped")
	}
}
