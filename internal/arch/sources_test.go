package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A source is one Go file of the module that is no test.
type source struct {
	name    string // path of its package, "/" and the file's name, without the module's own path
	pkg     string // of the package, likewise
	fileSet *token.FileSet
	file    *ast.File
}

// sources parses the files of every package, those for other systems too.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	for _, p := range packages(t) {
		pkg := strings.TrimPrefix(p.ImportPath, module+"/")
		for _, name := range slices.Concat(p.GoFiles, p.IgnoredGoFiles) {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, source{pkg + "/" + name, pkg, set, file})
		}
	}
	if len(all) < 100 {
		t.Fatalf("only %d files seen: is the test run inside the module?", len(all))
	}
	return all
}

// opens are the files that may call os.Open or os.ReadFile, and why that cannot wait, or may.
var opens = map[string]string{
	"internal/atomicfile/atomicfile.go": "a folder, to sync it",
	"internal/atomicfile/link.go":       "looks what it is first",
	"internal/golden/golden.go":         "test vectors",
	"cmd/generate/job.go":               "a prompt may come from a pipe",
	"cmd/generate/memory.go":            "a file of /proc",
	"train/metrics/memory_linux.go":     "a file of /proc",
}

// TestFilesAreOpenedWithoutWaiting: a path that a user names is opened by package internal/regular, which
// does not wait for the writer of a named pipe.
func TestFilesAreOpenedWithoutWaiting(t *testing.T) {
	used := map[string]bool{}
	for _, s := range sources(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := call.X.(*ast.Ident); !ok || x.Name != "os" || call.Sel.Name != "Open" && call.Sel.Name != "ReadFile" {
				return true
			}
			if used[s.name] = true; opens[s.name] == "" {
				t.Errorf("%s: os.%s waits where the path is a named pipe: use internal/regular", s.fileSet.Position(call.Pos()), call.Sel.Name)
			}
			return true
		})
	}
	for name := range opens {
		if !used[name] {
			t.Errorf("%s does not: take it off the list", name)
		}
	}
}
