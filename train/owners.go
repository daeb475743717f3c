package train

import (
	"fmt"
	"regexp"
	"strings"

	"goomtrain/data"
	"goomtrain/models"
	"goomtrain/settings"
	"goomtrain/train/optim"
	"goomtrain/train/schedule"
)

// owners knows every setting of every registered model, task, optimizer and schedule. It tells which flags
// exist and which of them a selection does not have.
type owners struct {
	table settings.Table      // those of the default run first in each group, then those of others
	of    map[string][]string // by setting: the names of the models, tasks, ... that have it; nil: all have it
	kind  map[string]string   // by setting: the kind of its owners, or training loop, or call
}

// newOwners collects the settings: those of the default run, then all others of each kind, then those of the
// call.
func newOwners(call settings.Table) (owners, error) {
	o := owners{of: map[string][]string{}, kind: map[string]string{}}
	c, err := New(Selection{})
	if err != nil {
		return o, err
	}
	o.table = append(c.Settings(), call...)
	for _, part := range c.Loop.settings() {
		if err := o.claim("training loop", part); err != nil {
			return o, err
		}
	}
	if err := o.claim("call", call); err != nil {
		return o, err
	}
	for _, k := range []struct {
		kind, group string
		names       []string
		table       func(name string) (settings.Table, error)
	}{
		{"model", "Model", models.Names(), func(name string) (settings.Table, error) {
			c, err := models.NewConfig(name, "")
			return c.Settings(), err
		}},
		{"task", "Data", data.Tasks(), func(name string) (settings.Table, error) {
			c, err := data.NewConfig(name)
			return c.Settings(), err
		}},
		{"optimizer", "Optimization", optim.Names(), func(name string) (settings.Table, error) {
			c, err := optim.NewConfig(name)
			return c.Settings(), err
		}},
		{"schedule", "Optimization", schedule.Names(), func(name string) (settings.Table, error) {
			c, err := schedule.NewConfig(name)
			return c.Settings(), err
		}},
	} {
		have := map[string][]string{}
		for _, name := range k.names {
			table, err := k.table(name)
			if err != nil {
				return o, err
			}
			if err := o.claim(k.kind, table); err != nil {
				return o, fmt.Errorf("%s %s: %w", k.kind, name, err)
			}
			for _, s := range table.In(k.group) {
				have[s.Name] = append(have[s.Name], name)
				if err := o.add(s); err != nil {
					return o, fmt.Errorf("%s %s: %w", k.kind, name, err)
				}
			}
		}
		for setting, names := range have {
			if len(names) < len(k.names) {
				o.of[setting] = names
			}
		}
	}
	return o, nil
}

var settingName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// claim records that the settings of a table belong to one kind of owner. A run has one value for each name, so
// it is an error if another kind has a setting of that name, or if the table has it twice.
func (o *owners) claim(kind string, table settings.Table) error {
	for i, s := range table {
		if !settingName.MatchString(s.Name) {
			return fmt.Errorf("setting %q: a name must be lower-case letters, digits and dashes, as in d-head: it is a flag and a key in config.toml", s.Name)
		}
		if _, twice := table[:i].Find(s.Name); twice {
			return fmt.Errorf("setting %s occurs twice", s.Name)
		}
		if other, taken := o.kind[s.Name]; taken && other != kind {
			return fmt.Errorf("setting %s belongs to the %s already: give it another name", s.Name, other)
		}
		o.kind[s.Name] = kind
	}
	return nil
}

// add appends a setting to its group, unless the group has one of that name.
func (o *owners) add(s settings.Setting) error {
	if known, ok := o.table.Find(s.Name); ok {
		if a, b := fmt.Sprintf("%T", known.Value), fmt.Sprintf("%T", s.Value); a != b {
			return fmt.Errorf("setting %s is a %s here and a %s elsewhere", s.Name, strings.TrimPrefix(b, "*"), strings.TrimPrefix(a, "*"))
		}
		return nil
	}
	at := len(o.table)
	for i, t := range o.table {
		if t.Group == s.Group {
			at = i + 1
		}
	}
	o.table = append(o.table[:at:at], append(settings.Table{s}, o.table[at:]...)...)
	return nil
}

// help returns the table with the owners named in the help of settings that not all of a kind have.
func (o owners) help() settings.Table {
	table := append(settings.Table(nil), o.table...)
	for i, s := range table {
		if names := o.of[s.Name]; names != nil {
			table[i].Help = fmt.Sprintf("%s (%s)", s.Help, strings.Join(names, ", "))
		}
	}
	return table
}

// refuse returns the error about a setting that the selected model, task, optimizer or schedule does not have.
func (o owners) refuse(p settings.Pair, c *Config) error {
	kind := o.kind[p.Name]
	selected := map[string]string{"model": c.Model.Model, "task": c.Data.Name, "optimizer": c.Optimizer.Name, "schedule": c.Schedule.Name}[kind]
	err := fmt.Errorf("-%s: %s %s has no such setting, only %s: leave it out", p.Name, kind, selected, strings.Join(o.of[p.Name], ", "))
	if p.File != "" {
		err = fmt.Errorf("%s: %w", p.File, err)
	}
	return err
}

// states reports whether a pair has the default value of the setting.
func (o owners) states(p settings.Pair) bool {
	s, ok := o.table.Find(p.Name)
	return ok && (p.IsZero() || s.Normal(p.Text) == s.Text())
}
