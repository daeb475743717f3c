package train

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"goomtrain/data"
	"goomtrain/internal/nearest"
	"goomtrain/models"
	"goomtrain/settings"
	"goomtrain/train/optim"
	"goomtrain/train/schedule"
)

// A list is a part of the help that describes what is registered.
type list struct {
	title string
	kind  string // of the owners of settings; "": they own none
	names func() []string
	about func(name string) string
}

var lists = []list{
	{"Models and presets", "model", models.Names, aboutModel},
	{"Mixers of -pattern", "", models.Mixers, models.AboutMixer},
	{"Tasks", "task", data.Tasks, data.Describe},
	{"Optimizers", "optimizer", optim.Names, nil},
	{"Schedules", "schedule", schedule.Names, nil},
}

// aboutModel is the line about a model, followed by a line for each preset.
func aboutModel(name string) string {
	about := models.About(name)
	presets, err := models.Presets(name)
	if err != nil {
		return about
	}
	for _, preset := range presets {
		about += fmt.Sprintf("\n    %-16s %s", preset, models.Purpose(name, preset))
	}
	return about
}

func (l list) write(w io.Writer) {
	fmt.Fprintf(w, "\n%s:\n", l.title)
	for _, name := range l.names() {
		l.writeLine(w, name)
	}
}

func (l list) writeLine(w io.Writer, name string) {
	if l.about == nil {
		fmt.Fprintf(w, "  %s\n", name)
		return
	}
	fmt.Fprintf(w, "  %-18s %s\n", name, l.about(name))
}

// Help writes the flags by group with the defaults of a run without flags, and what is registered. program is how the
// program is called, such as "go run ./cmd/train". topic selects a part: the first word of a group, as in "optimization";
// a flag; a list, as in "tasks"; or a registered model, mixer, task, optimizer or schedule, whose own settings it lists.
// An empty topic selects everything. The error about an unknown topic lists the groups and suggests a similar name.
func Help(w io.Writer, program, topic string) error {
	o, err := newOwners(new(Call).settings())
	if err != nil {
		return err
	}
	if topic != "" {
		return o.helpOn(w, topic)
	}
	fmt.Fprintf(w, "Usage: %s [-config file.toml] [flags]\n\nTrains a sequence model. Values: preset < config file < flag. Defaults in brackets.\n", program)
	fmt.Fprintf(w, "-h TOPIC shows a part: %s; or a flag, model, mixer, task, optimizer or schedule.\n", strings.Join(o.topics(), ", "))
	o.help().Help(w)
	for _, l := range lists {
		if l.about != nil { // the help of their flag lists the others
			l.write(w)
		}
	}
	return nil
}

// topic returns the argument after the flag that asks for help, or "".
func topic(args []string) string {
	for i, a := range args {
		if slices.Contains([]string{"-h", "--h", "-help", "--help"}, a) && i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}

// word is the topic of a title: its first word in lower case, "call" of This call.
func word(title string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(strings.ToLower(title), "this "), " ")
	return first
}

// topics lists the topics of groups and lists.
func (o owners) topics() []string {
	var out []string
	for _, s := range o.table {
		if name := word(s.Group); !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	for _, l := range lists {
		out = append(out, word(l.title))
	}
	return out
}

// helpOn writes the help on one topic.
func (o owners) helpOn(w io.Writer, topic string) error {
	name := strings.ToLower(strings.TrimLeft(topic, "-"))
	known := append(o.topics(), o.table.Names()...)
	found := o.helpOnTitle(w, name)
	for _, l := range lists {
		known = append(known, l.names()...)
		if slices.Contains(l.names(), name) {
			fmt.Fprintf(w, "\n%s:\n", l.title)
			l.writeLine(w, name)
			o.only(func(s settings.Setting) bool { return o.kind[s.Name] == l.kind && o.has(s.Name, name) }).Help(w)
			found = true
		}
	}
	if found {
		return nil
	}
	hint := ""
	if near := nearest.Name(name, known); near != "" {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	return fmt.Errorf("-h %q: must be one of %s, or a flag, model, mixer, task, optimizer or schedule%s", topic, strings.Join(o.topics(), ", "), hint)
}

// helpOnTitle writes the group, flag or list of a name. A flag that selects what is registered, such as -optimizer, stands
// for the group that it is in, with the list.
func (o owners) helpOnTitle(w io.Writer, name string) (found bool) {
	selector := slices.ContainsFunc(lists, func(l list) bool { return l.kind == name })
	flag, isFlag := o.table.Find(name)
	table := o.only(func(s settings.Setting) bool {
		return word(s.Group) == name || s.Name == name || selector && s.Group == flag.Group
	})
	table.Help(w)
	for _, l := range lists {
		if word(l.title) == name || selector && l.kind == name {
			l.write(w)
			found = true
		}
	}
	return found || isFlag || len(table) > 0
}

// only returns the settings of the help that a function selects.
func (o owners) only(selects func(settings.Setting) bool) settings.Table {
	return slices.DeleteFunc(o.help(), func(s settings.Setting) bool { return !selects(s) })
}

// has reports whether an owner has a setting of its kind.
func (o owners) has(setting, owner string) bool {
	return o.of[setting] == nil || slices.Contains(o.of[setting], owner)
}

// Print writes what the call asks for in place of a run: its configuration, the completion for a shell, or the manual
// page. It reports whether there was such a wish.
func (c *Call) Print(w io.Writer) (done bool, err error) {
	if c.printConfig {
		_, err := io.WriteString(w, c.Config.Settings().TOML())
		return true, err
	}
	if c.completion == "" && !c.manual {
		return false, nil
	}
	o, err := newOwners(new(Call).settings())
	if err != nil {
		return true, err
	}
	program := strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	if c.completion != "" {
		return true, o.table.Completion(w, c.completion, program)
	}
	return true, o.help().Manual(w, settings.Manual{
		Program: program,
		About:   "train a sequence model",
		Usage:   "[-config file.toml] [flags]",
		Text: "Trains a sequence model, and writes checkpoints, logs and pictures into a run folder. " +
			"A value of a preset is overridden by that of a file of settings, and this by a flag. Defaults are in brackets.\n\n" +
			"With -h and a topic the program lists a part of these options, such as those of a task.",
	})
}
