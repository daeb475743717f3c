package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A mutation replaces a stretch of a file.
type mutation struct {
	file     string
	from, to int // offsets
	line     int
	with     string
	before   string // the line as it stands
	old      string
}

func (x mutation) String() string {
	name := x.file
	if wd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(wd, x.file); err == nil {
			name = rel
		}
	}
	return fmt.Sprintf("%s:%d: %s -> %s in: %s", name, x.line, short(x.old), short(x.with), x.before)
}

// short is one line of a text.
func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 60 {
		s = s[:60] + "..."
	}
	return strconv.Quote(s)
}

// overlay writes the changed file and the list that go test -overlay reads, to a temporary folder.
func (x mutation) overlay() (path string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return "", nil, err
	}
	remove = func() { os.RemoveAll(dir) }
	source, err := os.ReadFile(x.file)
	changed := filepath.Join(dir, filepath.Base(x.file))
	path = filepath.Join(dir, "overlay.json")
	if err == nil {
		err = os.WriteFile(changed, []byte(string(source[:x.from])+x.with+string(source[x.to:])), 0o600)
	}
	if err == nil {
		var list []byte
		list, err = json.Marshal(map[string]any{"Replace": map[string]string{x.file: changed}})
		if err == nil {
			err = os.WriteFile(path, list, 0o600)
		}
	}
	if err != nil {
		remove()
		return "", nil, err
	}
	return path, remove, nil
}

// others are the operators that stand in for one.
var others = map[token.Token][]string{
	token.ADD: {"-"}, token.SUB: {"+"}, token.MUL: {"/"}, token.QUO: {"*"}, token.REM: {"*"},
	token.LSS: {"<=", ">"}, token.LEQ: {"<", ">"}, token.GTR: {">=", "<"}, token.GEQ: {">", "<"},
	token.EQL: {"!="}, token.NEQ: {"=="}, token.LAND: {"||"}, token.LOR: {"&&"},
	token.SHL: {">>"}, token.SHR: {"<<"}, token.AND: {"|"}, token.OR: {"&"}, token.XOR: {"|"}, token.AND_NOT: {"&"},
	token.ADD_ASSIGN: {"-="}, token.SUB_ASSIGN: {"+="}, token.MUL_ASSIGN: {"/="}, token.QUO_ASSIGN: {"*="}, token.INC: {"--"}, token.DEC: {"++"},
}

// mutationsOf lists the changes of a file: other operators and constants, conditions that always or never hold, and
// statements that are left out.
func mutationsOf(path string) ([]mutation, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(string(source), "\n")
	var out []mutation
	replace := func(from, to token.Pos, with ...string) {
		p, end := set.Position(from), set.Position(to)
		for _, w := range with {
			out = append(out, mutation{file: path, from: p.Offset, to: end.Offset, line: p.Line, with: w,
				before: strings.TrimSpace(lines[p.Line-1]), old: string(source[p.Offset:end.Offset])})
		}
	}
	operator := func(at token.Pos, op token.Token) {
		replace(at, at+token.Pos(len(op.String())), others[op]...)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.Ident); ok && f.Name == "panic" {
				return false // its message
			}
		case *ast.BinaryExpr:
			operator(n.OpPos, n.Op)
			if n.Op == token.LAND || n.Op == token.LOR { // one side alone
				replace(n.X.Pos(), n.Y.Pos(), "")
				replace(n.X.End(), n.Y.End(), "")
			}
		case *ast.UnaryExpr:
			if n.Op == token.NOT || n.Op == token.SUB {
				replace(n.OpPos, n.X.Pos(), "")
			}
		case *ast.AssignStmt:
			operator(n.TokPos, n.Tok)
			if n.Tok != token.DEFINE {
				replace(n.Pos(), n.End(), "")
			}
		case *ast.IncDecStmt:
			operator(n.TokPos, n.Tok)
		case *ast.ExprStmt:
			replace(n.Pos(), n.End(), "")
		case *ast.IfStmt:
			replace(n.Cond.Pos(), n.Cond.End(), "true", "false")
		case *ast.CaseClause:
			for _, e := range n.List {
				if _, ok := e.(*ast.BinaryExpr); ok {
					replace(e.Pos(), e.End(), "false")
				}
			}
		case *ast.BranchStmt:
			if n.Label == nil && n.Tok != token.FALLTHROUGH {
				replace(n.Pos(), n.End(), "")
			}
		case *ast.BasicLit:
			replace(n.Pos(), n.End(), constants(n)...)
		}
		return true
	})
	return out, nil
}

// constants are the numbers that stand in for one.
func constants(n *ast.BasicLit) []string {
	switch n.Kind {
	case token.INT:
		if n.Value == "0" {
			return []string{"1"}
		}
		return []string{"(" + n.Value + "+1)", "(" + n.Value + "-1)"}
	case token.FLOAT:
		if x, err := strconv.ParseFloat(n.Value, 64); err == nil && x == 0 {
			return []string{"1.0"}
		}
		return []string{"(" + n.Value + "*1.05)", "(" + n.Value + "*3)"}
	}
	return nil
}
