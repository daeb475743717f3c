package settings

import (
	"fmt"
	"io"
	"regexp"
	"strings"
)

// Shells lists the shells that Completion writes for.
func Shells() []string { return []string{"bash", "fish", "zsh"} }

// Completion writes a script that completes the flags of a program in a shell, and their values where those are names or
// true and false; other values complete as paths. program is the name of the program's file. It panics if the shell is
// not one of Shells.
func (t Table) Completion(w io.Writer, shell, program string) error {
	var b strings.Builder
	switch shell {
	case "bash":
		t.bash(&b, program)
	case "fish":
		t.fish(&b, program)
	case "zsh":
		t.zsh(&b, program)
	default:
		panic(fmt.Sprintf("settings: completion for shell %q, want one of %v", shell, Shells()))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// words lists the values that complete, nil if any text is one.
func (s Setting) words() []string {
	if _, ok := s.Value.(*bool); ok {
		return []string{"true", "false"}
	}
	if s.Rule.names == nil {
		return nil
	}
	return s.Rule.names()
}

// takesValue reports whether the value is the argument after the flag. A bool is given as -flag or -flag=false.
func (s Setting) takesValue() bool {
	_, ok := s.Value.(*bool)
	return !ok
}

var notInNames = regexp.MustCompile(`[^A-Za-z0-9]`)

// bash completes a flag at the place of a flag, and a value after the flag, or after its equals sign, which is a word of
// its own in bash.
func (t Table) bash(b *strings.Builder, program string) {
	function := "_" + notInNames.ReplaceAllString(program, "_") + "_flags"
	fmt.Fprintf(b, "# completion of %s for bash: source this file\n", oneLine(program))
	fmt.Fprintf(b, "%s() {\n\tlocal cur=\"${COMP_WORDS[COMP_CWORD]}\" flag=\"${COMP_WORDS[COMP_CWORD-1]}\" equals= words=\n", function)
	b.WriteString("\t[[ $cur = '=' ]] && cur= && equals=yes\n")
	b.WriteString("\t[[ $flag = '=' ]] && flag=\"${COMP_WORDS[COMP_CWORD-2]}\" equals=yes\n\tCOMPREPLY=()\n\tcase \"$flag$equals\" in\n")
	for _, s := range t {
		switch words := s.words(); {
		case !s.takesValue():
			fmt.Fprintf(b, "\t%s) words=%s ;;\n", either(s.Name+"yes"), quote(strings.Join(words, " ")))
		case words != nil:
			fmt.Fprintf(b, "\t%s) words=%s ;;\n", either(s.Name, s.Name+"yes"), quote(strings.Join(words, " ")))
		default:
			fmt.Fprintf(b, "\t%s) return ;;\n", either(s.Name, s.Name+"yes"))
		}
	}
	fmt.Fprintf(b, "\t*) words=%s ;;\n\tesac\n", quote("-"+strings.Join(t.Names(), " -")))
	fmt.Fprintf(b, "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\ncomplete -o default -F %s %s\n", function, quote(program))
}

// either is a pattern of bash for flags with one dash or two.
func either(names ...string) string {
	var all []string
	for _, name := range names {
		all = append(all, "-"+name, "--"+name)
	}
	return strings.Join(all, "|")
}

func (t Table) fish(b *strings.Builder, program string) {
	fmt.Fprintf(b, "# completion of %s for fish: put it into ~/.config/fish/completions\n", oneLine(program))
	for _, s := range t {
		fmt.Fprintf(b, "complete -c %s -o %s", quoteFish(program), s.Name)
		words := s.words()
		switch {
		case !s.takesValue():
		case words != nil:
			fmt.Fprintf(b, " -x -a %s", quoteFish(strings.Join(words, " ")))
		default:
			b.WriteString(" -r")
		}
		fmt.Fprintf(b, " -d %s\n", quoteFish(oneLine(s.Help)))
	}
}

// special are the characters that end a part of a specification of _arguments.
var special = strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, `:`, `\:`)

func (t Table) zsh(b *strings.Builder, program string) {
	fmt.Fprintf(b, "#compdef %s\n# completion of %s for zsh: put it into a folder of $fpath, as _%s\n_arguments", program, oneLine(program), oneLine(program))
	for _, s := range t {
		spec := fmt.Sprintf("-%s[%s]", s.Name, special.Replace(oneLine(s.Help)))
		if s.takesValue() {
			action := "_files"
			if words := s.words(); words != nil {
				action = "(" + strings.Join(words, " ") + ")"
			}
			spec += ":" + s.Name + ":" + action
		}
		fmt.Fprintf(b, " \\\n\t%s", quote(spec))
	}
	b.WriteString("\n")
}

// quote quotes text for bash and zsh.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// quoteFish quotes text for fish, where a backslash is special between quotes too.
func quoteFish(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}

// oneLine puts a space in the place of every line end and other white space.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
