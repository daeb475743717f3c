package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// logarithms lists the calls of package math's logarithms outside tests, by room and function, each with the reason why
// it is right. On amd64 math.Log and math.Log10 are wrong for subnormal float64: log(5e-324) is -709.1 instead of -744.4.
// simd.Log64 is the logarithm of a number that may be subnormal. math.Log2 and math.Log1p are right; they are listed so
// that every argument has been looked at.
var logarithms = map[string]string{
	"examples byClass: math.Log(max(p[c], 1e-300))":                                                                   "at least 1e-300",
	"goom CoupledMaps: math.Log(math.Abs(slope * (1 - eps + eps * math.Cos(2 * math.Pi * float64(k) / float64(n)))))": "known exponents of a system with constants of ordinary size",
	"goom Number.Text: math.Log10(math.Abs(x.Log) + 1)":                                                               "at least 1",
	"goom Product.rescale: math.Log(math.Abs(float64(r)))":                                                            "at least limit, a power of two near rounding",
	"goom NumberOfBig: math.Log1p(distance)":                                                                          "math.Log1p",
	"goom Scaled.Number: math.Log(m)":                                                                                 "a fraction from 1/2 to 2",
	"goom digitsLog: math.Log(float(digits[:1] + \".\" + digits[1:], int(exponent)))":                                 "from 10^-300 to 10^300",
	"goom digitsLog: math.Log(m)":                                                                                     "from 1 to 10",
	"goom digitsLog: math.Log1p(-float(\"0.\" + complement(digits), 0))":                                              "math.Log1p",
	"goom digitsLog: math.Log1p(float(\"0.\" + digits[1:], 0))":                                                       "math.Log1p",
	"goom Sums.running: math.Log(float64(i + 1))":                                                                     "of a positive integer",
	"goom Sums.runningGrad: math.Log(float64(i + 1))":                                                                 "of a positive integer",
	"goom Sums.total: math.Log(float64(p.n))":                                                                         "of an integer that is not negative",
	"goom addLogs: math.Log1p(-math.Exp(d))":                                                                          "math.Log1p",
	"goom addLogs: math.Log1p(math.Exp(d))":                                                                           "math.Log1p",
	"internal/gpu/ptx (no function): math.Log2":                                                                       "math.Log2",
	"internal/board view.reduce: math.Log2":                                                                           "math.Log2",
	"internal/kernels/dense softmax: math.Log(sum)":                                                                   "a sum of exponentials, the largest of which is 1",
	"internal/kernels/dense softplus: math.Log1p(math.Exp(-math.Abs(x)))":                                             "math.Log1p",
	"internal/kernels/routing NaiveMatrix.density: math.Log(math.Sqrt(sigma2[c]))":                                    "at least the root of epsilon",
	"internal/kernels/routing logSigmoid: math.Log1p(math.Exp(-math.Abs(x)))":                                         "math.Log1p",
	"internal/kernels/scan NaiveLogDiag.Forward: math.Log(sum)":                                                       "a sum of exponentials, the largest of which is 1",
	"internal/kernels/scan NaiveGated.logDiag: math.Log1p(math.Exp(-c))":                                              "math.Log1p",
	"internal/kernels/softmax Kernel.attend: math.Log(float64(s.total[r]))":                                           "a sum of exponentials, the largest of which is 1",
	"internal/kernels/scan logAddExp: math.Log1p(math.Exp(b - a))":                                                    "math.Log1p",
	"internal/kernels/logattention logAdd: math.Log1p(math.Exp(-math.Abs(x - y)))":                                    "math.Log1p",
	"internal/kernels/logattention sumOf: math.Log(math.Abs(sum))":                                                    "a reference in tests, whose terms do not cancel to subnormal numbers",
	"internal/simd Log64: math.Log(x)":                                                                                "subnormal numbers take the other branch",
	"internal/simd log1pPortable: math.Log1p(float64(x))":                                                             "math.Log1p",
	"internal/simd logSigmoid: math.Log1p(math.Exp(-math.Abs(x)))":                                                    "math.Log1p",
	"internal/simd logSubnormal: math.Log(fraction)":                                                                  "a fraction of math.Frexp, at least 1/2",
	"layers NewS4D: math.Log(initialStep(r))":                                                                         "at least 0.001",
	"layers initialALog: math.Log(16 * (1 - r.Float64()))":                                                            "at least 2^-49",
	"layers initialDtBias: math.Log(-math.Expm1(-dt))":                                                                "at least 0.0009",
	"ops RetentionDecays: math.Log1p(-math.Exp2(float64(-5 - h)))":                                                    "math.Log1p",
	"trees softmax: math.Log(sum)":                                                                                    "a sum of exponentials, the largest of which is 1",
	"rng Stream.NormFloat64: math.Log(u)":                                                                             "at least 2^-53",
}

// listed are the functions of package math that the list is about.
var listed = []string{"Log", "Log2", "Log10", "Log1p"}

func TestLogarithmsAreListed(t *testing.T) {
	found := map[string]bool{}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			_, err := os.Stat(filepath.Join(path, "go.mod"))
			if otherModule := err == nil; path != root && (otherModule || strings.HasPrefix(entry.Name(), ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, call := range logarithmsIn(file) {
			found[room(filepath.ToSlash(dir))+" "+call] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for call := range found {
		if logarithms[call] == "" {
			t.Errorf("%q: use simd.Log64, or say in the list of this test why the argument cannot be subnormal", call)
		}
	}
	for call := range logarithms {
		if !found[call] {
			t.Errorf("%q is not in the code: delete it from the list of this test", call)
		}
	}
}

// logarithmsIn returns the calls of a file as "Function: math.Log(argument)", or "Type.Method: ..."; without an argument
// where the function is used as a value.
func logarithmsIn(file *ast.File) (calls []string) {
	math := ""
	for _, spec := range file.Imports {
		if path, _ := strconv.Unquote(spec.Path.Value); path == "math" {
			if math = "math"; spec.Name != nil {
				math = spec.Name.Name
			}
		}
	}
	for _, decl := range file.Decls {
		name := "(no function)"
		if f, ok := decl.(*ast.FuncDecl); ok {
			if name = f.Name.Name; f.Recv != nil {
				name = receiver(f.Recv.List[0].Type) + "." + name
			}
		}
		var visit func(n ast.Node) bool
		visit = func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if isLogarithm(n.Fun, math) {
					calls = append(calls, name+": "+types.ExprString(n))
					for _, argument := range n.Args {
						ast.Inspect(argument, visit)
					}
					return false
				}
			case *ast.SelectorExpr:
				if isLogarithm(n, math) {
					calls = append(calls, name+": "+types.ExprString(n))
				}
			}
			return true
		}
		ast.Inspect(decl, visit)
	}
	return calls
}

// isLogarithm reports whether x names one of the listed functions of the package imported as math.
func isLogarithm(x ast.Expr, math string) bool {
	s, ok := x.(*ast.SelectorExpr)
	if !ok || !slices.Contains(listed, s.Sel.Name) {
		return false
	}
	p, ok := s.X.(*ast.Ident)
	return ok && p.Name == math
}

// receiver is the name of a receiver's type, without pointer and type parameters.
func receiver(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.StarExpr:
		return receiver(x.X)
	case *ast.IndexExpr:
		return receiver(x.X)
	case *ast.IndexListExpr:
		return receiver(x.X)
	case *ast.Ident:
		return x.Name
	}
	return "?"
}

func TestLogarithmsIn(t *testing.T) {
	const source = `package p

import m "math"

var f = m.Log2

func plain(x float64) float64 { return m.Sqrt(m.Log(1 + m.Log1p(x))) }

func (p *pair[F]) method() float64 { return math.Log(log.Log(2)) + m.Log10(float64(p.x)) }
`
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"(no function): m.Log2", "plain: m.Log(1 + m.Log1p(x))", "plain: m.Log1p(x)", "pair.method: m.Log10(float64(p.x))"}
	if got := logarithmsIn(file); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
