package arch

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "goomtrain"

// may lists, for each room, the rooms that it may import, itself aside. A room stands for its
// sub-packages too unless they are rooms of their own. Test files are not held to it.
var may = map[string][]string{
	"params":           {"internal/simd", "rng"},
	"goom":             {"internal/simd", "internal/simd/matmul", "rng", "params"},
	"trees":            {"internal/kernels/workspace", "internal/simd", "params"},
	"trees/wordnet":    {"trees", "internal/regular"},
	"internal/simd":    {},
	"parallel":         {"internal/simd"},
	"rng":              {},
	"internal/kernels": {},
	"executor":         {"internal/simd", "internal/gpu", "internal/gpu/kernels"},
	"ops":              append([]string{"internal/comm", "internal/gpu", "internal/gpu/kernels", "goom", "trees", "internal/kernels/multihead", "internal/simd", "internal/simd/matmul/blas", "executor", "params"}, families...),
	"layers":           {"ops", "params", "rng", "internal/registry"},
	"models":           {"internal/comm", "internal/gpu", "internal/gpu/kernels", "layers", "ops", "params", "executor", "checkpoints", "settings", "internal/registry", "internal/regular", "internal/simd", "internal/nearest"},
	"data":             {"rng", "settings", "internal/registry", "internal/mmap", "internal/atomicfile", "internal/regular", "internal/printable", "internal/nearest"},
	"checkpoints":      {"params", "parallel", "internal/atomicfile", "internal/comm", "internal/regular"},
	"sampling":         {"rng", "params", "parallel"},
	"train/metrics":    {"internal/atomicfile", "internal/regular", "internal/printable"},
	"train/schedule":   {"settings", "internal/registry"},
	"train/optim":      {"internal/gpu", "internal/gpu/kernels", "params", "settings", "internal/registry", "internal/simd", "internal/simd/matmul"},
	"train": {"train/metrics", "train/schedule", "train/optim", "models", "data", "checkpoints", "sampling", "params",
		"internal/simd", "parallel", "rng", "internal/nearest", "settings", "internal/atomicfile", "internal/printable", "internal/regular", "internal/comm", "internal/gpu", "internal/gpu/driver", "internal/simd/matmul"},
	"internal/board":      {"checkpoints", "data", "models", "params", "sampling", "settings", "train/metrics", "internal/printable", "internal/regular"},
	"huggingface":         {"train", "models", "data", "checkpoints", "params", "settings", "internal/atomicfile", "internal/regular"},
	"internal/atomicfile": {"internal/regular"},
	"internal/mmap":       {},
	"internal/comm":       {"internal/printable", "internal/regular"},
	"internal/printable":  {},
	"internal/regular":    {},
	"internal/nearest":    {"internal/printable"},
	"settings":            {"internal/nearest", "internal/regular"},
	"internal/registry":   {"internal/nearest"},
	"internal/golden":     {"internal/simd"},
	"internal/gradcheck":  {"internal/simd"},
	"internal/arch":       {},
	"internal/extendtest": {},

	"internal/gpu":              {},
	"internal/gpu/ptx":          {},
	"internal/gpu/emulated":     {"internal/gpu", "internal/gpu/ptx", "internal/gpu/kernels/cuda"},
	"internal/gpu/driver":       {"internal/gpu/kernels/cuda", "internal/gpu", "internal/gpu/fakecuda", "internal/printable"},
	"internal/gpu/fakecuda":     {"internal/gpu/ptx"},
	"internal/gpu/kernels":      {"internal/gpu"},
	"internal/gpu/kernels/cuda": {},
	"internal/gpu/check":        {"internal/gpu", "internal/gpu/kernels", "internal/gpu/emulated"},

	"internal/simd/matmul":      {"internal/simd"},
	"internal/simd/matmul/blas": {"internal/simd/matmul"},

	"internal/kernels/dense":        {"internal/kernels/workspace", "internal/simd", "internal/simd/matmul", "params", "rng"},
	"internal/kernels/conv":         {"internal/kernels/workspace", "internal/simd", "params"},
	"internal/kernels/recurrence":   {"internal/kernels/workspace", "internal/simd", "internal/simd/matmul", "params"},
	"internal/kernels/s4d":          {"internal/kernels/workspace", "internal/simd", "params"},
	"internal/kernels/gla":          {"internal/kernels/workspace", "internal/simd", "params"},
	"internal/kernels/lstm":         {"internal/kernels/workspace", "internal/simd", "internal/simd/matmul", "params"},
	"internal/kernels/scan":         {"internal/kernels/workspace", "internal/simd", "params"},
	"internal/kernels/softmax":      {"internal/kernels/multihead", "internal/kernels/workspace", "internal/simd", "internal/simd/matmul", "params"},
	"internal/kernels/taylor":       {"internal/kernels/multihead", "internal/kernels/workspace", "internal/simd", "internal/simd/matmul", "params"},
	"internal/kernels/logattention": {"internal/kernels/multihead", "internal/kernels/workspace", "internal/simd", "internal/simd/matmul", "params"},
	"internal/kernels/delta":        {"internal/kernels/workspace", "internal/simd", "params"},
	"internal/kernels/routing":      {"internal/kernels/workspace", "internal/simd", "internal/simd/matmul"},
	"internal/kernels/multihead":    {"internal/simd"},
	"internal/kernels/workspace":    {"internal/simd"},
	"internal/kernels/kerneltest":   {"internal/kernels/multihead", "internal/golden", "internal/simd", "rng"},
}

// families are the rooms of the kernels, which do not know each other.
var families = []string{"internal/kernels/dense", "internal/kernels/recurrence", "internal/kernels/scan", "internal/kernels/softmax",
	"internal/kernels/taylor", "internal/kernels/logattention", "internal/kernels/conv", "internal/kernels/s4d",
	"internal/kernels/delta", "internal/kernels/gla", "internal/kernels/lstm", "internal/kernels/routing"}

// free are the rooms at the top, which may import anything; see TestExamplesUseWhatUsersCan for one thing that examples
// may not.
var free = []string{"cmd", "examples", "docs"}

// withoutGorgonia are the rooms that must not reach Gorgonia, not even through others.
var withoutGorgonia = []string{"params", "goom", "trees", "data", "checkpoints", "sampling", "train/metrics", "train/schedule", "train/optim",
	"internal/simd", "internal/kernels", "parallel", "rng", "internal/atomicfile", "internal/comm", "internal/mmap", "internal/printable", "internal/regular"}

type goPackage struct {
	ImportPath, Dir, Name   string
	Imports, Deps           []string
	GoFiles, IgnoredGoFiles []string
}

// packages lists the packages of the module, as they are built with the given tags.
func packages(t *testing.T, tags ...string) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-tags="+strings.Join(tags, ","), "-json=ImportPath,Dir,Name,Imports,Deps,GoFiles,IgnoredGoFiles", module+"/...")
	if len(tags) > 0 {
		cmd.Env = append(os.Environ(), "CGO_ENABLED=1") // the driver's files need cgo
	}
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// room is the longest listed room that holds the package, "" if none does.
func room(path string) string {
	name := strings.TrimPrefix(path, module+"/")
	for {
		if _, ok := may[name]; ok || slices.Contains(free, name) {
			return name
		}
		i := strings.LastIndexByte(name, '/')
		if i < 0 {
			return ""
		}
		name = name[:i]
	}
}

func TestImportDirections(t *testing.T) {
	checked := 0
	for _, p := range append(packages(t), packages(t, "gpu", "fakecuda")...) {
		if p.ImportPath == module {
			continue
		}
		from := room(p.ImportPath)
		if from == "" {
			t.Errorf("package %s is in no room: add it to the table of this test", p.ImportPath)
			continue
		}
		for _, path := range p.Imports {
			if !strings.HasPrefix(path, module+"/") || slices.Contains(free, from) {
				continue
			}
			checked++
			if to := room(path); to != from && !slices.Contains(may[from], to) {
				t.Errorf("%s imports %s, but room %s may import only %v", p.ImportPath, path, from, may[from])
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d imports seen: is the test run inside the module?", checked)
	}
}

func TestGorgoniaStopsAtModels(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		if !slices.ContainsFunc(withoutGorgonia, func(r string) bool { return name == r || strings.HasPrefix(name, r+"/") }) {
			continue
		}
		for _, dep := range p.Deps {
			if dep == "gorgonia.org/gorgonia" {
				t.Errorf("%s reaches %s", p.ImportPath, dep)
			}
		}
	}
}

// TestCUDAIsLinkedByTagOnly: without the tag gpu no package reaches the CUDA driver; with it only package driver imports it.
func TestCUDAIsLinkedByTagOnly(t *testing.T) {
	for _, p := range packages(t) {
		if slices.Contains(p.Deps, "gorgonia.org/cu") {
			t.Errorf("%s reaches gorgonia.org/cu without the tag gpu", p.ImportPath)
		}
	}
	var importers []string
	for _, p := range packages(t, "gpu") {
		if slices.Contains(p.Imports, "gorgonia.org/cu") {
			importers = append(importers, p.ImportPath)
		}
	}
	if !slices.Equal(importers, []string{module + "/internal/gpu/driver"}) {
		t.Errorf("with the tag gpu, %v import gorgonia.org/cu", importers)
	}
}
