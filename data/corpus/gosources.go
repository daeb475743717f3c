package corpus

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"goomtrain/internal/regular"
)

// GoSources lists the sources of the Go standard library of the installed toolchain: about 45 MB of .go
// files below GOROOT/src, without the commands (cmd) and without testdata folders. Load them with Keep:
// HandWritten, which leaves 31 MB. They change with the Go version, and so does the corpus's hash.
func GoSources() ([]File, error) {
	src, err := goSourceFolder()
	if err != nil {
		return nil, err
	}
	files, err := Find(src)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(files, func(f File) bool {
		return !strings.HasSuffix(f.Name, ".go") || strings.HasPrefix(f.Name, "cmd/") || strings.Contains("/"+f.Name, "/testdata/")
	}), nil
}

var generated = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.\r?$`)

// HandWritten reports whether the beginning of a Go file lacks the line that marks generated code
// (https://go.dev/s/generatedcode): tables and unrolled variants teach a model little.
func HandWritten(_ File, head []byte) bool {
	// What comes after the package clause may speak of the mark, in a string.
	comments, _, _ := bytes.Cut(append([]byte("\n"), head...), []byte("\npackage "))
	return !generated.Match(append(comments, '\n'))
}

// goSourceFolder asks the go command where it lives, and looks in the usual places if there is none on the
// path: the program may have been built elsewhere, so nothing that was true then can be relied on.
func goSourceFolder() (string, error) {
	var roots []string
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output(); err == nil {
		roots = append(roots, strings.TrimSpace(string(out)))
	}
	roots = append(roots, os.Getenv("GOROOT"))
	if path, err := exec.LookPath("go"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			roots = append(roots, filepath.Dir(filepath.Dir(path))) // GOROOT/bin/go
		}
	}
	roots = append(roots, "/usr/local/go", "/usr/lib/go", "/usr/lib/golang", "/opt/homebrew/opt/go/libexec", `C:\Program Files\Go`)
	for _, root := range roots {
		if root == "" {
			continue
		}
		src := filepath.Join(root, "src")
		if regular.Exists(filepath.Join(src, "fmt", "print.go")) {
			return src, nil
		}
	}
	return "", fmt.Errorf("found no Go toolchain, whose sources are the default text: name a file, folder or glob of your own")
}
