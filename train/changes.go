package train

import (
	"fmt"
	"slices"

	"goomtrain/settings"
)

// checkChanges compares the configuration of a resumed run with the one that the run has, before. It returns an
// error for a change under which the checkpoint has no meaning, and notes, for the console, changes after which
// the run differs from an uninterrupted one.
func (c *Config) checkChanges(before settings.Table, given []settings.Pair) error {
	for _, d := range settings.Differences(before, c.Settings()) {
		if _, ok := settings.Last(given, d.Name); !ok {
			continue // it follows from one that is given
		}
		if err := c.checkChange(d); err != nil {
			return fmt.Errorf("resume: %w", err)
		}
	}
	return nil
}

// checkChange refuses or notes one change.
func (c *Config) checkChange(d settings.Difference) error {
	was, is := shown(d.Before), shown(d.After)
	switch {
	case d.Change == settings.Frozen:
		return fmt.Errorf("-%s is %s, but the run has %s: leave it out to resume, or start a new run", d.Name, is, was)
	case switches(d):
		return fmt.Errorf("-%s is %s, but the run has %s: it cannot be turned on or off when a run is resumed", d.Name, is, was)
	}
	c.note(d)
	return nil
}

// checkCheckpoint compares the configuration with the one that the checkpoint was saved with, which detects a
// config.toml that was edited in between. Errors and notes are as for checkChanges.
func (c *Config) checkCheckpoint(saved []settings.Pair) error {
	for _, s := range c.Settings() {
		text, ok := settings.Last(saved, s.Name)
		if !ok || s.OneCall || s.ZeroKeeps && (settings.Pair{Text: text}).IsZero() {
			continue
		}
		d := settings.Difference{Name: s.Name, Before: s.Normal(text), After: s.Text(), Change: s.Change}
		switch {
		case d.Before == d.After:
		case d.Change == settings.Frozen || switches(d):
			return fmt.Errorf("-%s is %s, but the checkpoint was saved with %s: restore that value in the run's config.toml, or start a new run", s.Name, shown(d.After), shown(d.Before))
		default:
			c.note(d)
		}
	}
	return nil
}

// switches reports whether a change turns something on or off for which the checkpoint has an array or none.
func switches(d settings.Difference) bool {
	return d.Change == settings.Starts && (d.Before == "0") != (d.After == "0")
}

// note notes, once, a change after which the run differs from an uninterrupted one.
func (c *Config) note(d settings.Difference) {
	if d.Change != settings.Steers && d.Change != settings.Starts {
		return
	}
	text := fmt.Sprintf("%s changes from %s to %s: from here on the run differs from an uninterrupted one", d.Name, shown(d.Before), shown(d.After))
	if !slices.Contains(c.notes, text) {
		c.notes = append(c.notes, text)
	}
}

func shown(text string) string {
	if text == "" {
		return "none"
	}
	return text
}
