package train

import (
	"fmt"

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
	case d.Change == settings.Starts && (d.Before == "0") != (d.After == "0"):
		return fmt.Errorf("-%s is %s, but the run has %s: it cannot be turned on or off when a run is resumed", d.Name, is, was)
	case d.Change == settings.Steers || d.Change == settings.Starts:
		c.notes = append(c.notes, fmt.Sprintf("%s changes from %s to %s: from here on the run differs from an uninterrupted one", d.Name, was, is))
	}
	return nil
}

// checkCheckpoint compares the configuration with the one that the checkpoint was saved with, which detects a
// config.toml that was edited in between.
func (c *Config) checkCheckpoint(saved []settings.Pair) error {
	for _, s := range c.Settings() {
		text, ok := settings.Last(saved, s.Name)
		if !ok || s.OneCall || s.Change != settings.Frozen || s.ZeroKeeps && (settings.Pair{Text: text}).IsZero() {
			continue
		}
		if was := s.Normal(text); was != s.Text() {
			return fmt.Errorf("-%s is %s, but the checkpoint was saved with %s: restore that value in the run's config.toml, or start a new run", s.Name, shown(s.Text()), shown(was))
		}
	}
	return nil
}

func shown(text string) string {
	if text == "" {
		return "none"
	}
	return text
}
