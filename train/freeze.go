package train

import (
	"fmt"
	"regexp"
	"strings"

	"goomtrain/internal/nearest"
	"goomtrain/internal/printable"
	"goomtrain/params"
)

// patterns splits the value of -freeze.
func (c *Loop) patterns() ([]string, error) {
	if c.Freeze == "" {
		return nil, nil
	}
	patterns := strings.Split(c.Freeze, ",")
	for i, p := range patterns {
		if patterns[i] = strings.TrimSpace(p); patterns[i] == "" {
			return nil, fmt.Errorf("-freeze %q: must be names of parameters separated by commas, in which * stands for any text", c.Freeze)
		}
	}
	return patterns, nil
}

// keepFrozen returns a function that freezes the parameters that are frozen now, and no others.
func keepFrozen[F params.Float](ps []*params.Param[F]) (restore func()) {
	frozen := make([]bool, len(ps))
	for i, p := range ps {
		frozen[i] = p.Frozen
	}
	return func() {
		for i, p := range ps {
			p.Frozen = frozen[i]
		}
	}
}

// freeze freezes the parameters whose names match a pattern. It returns an error if a pattern matches none, or if
// nothing is left to train.
func freeze[F params.Float](ps []*params.Param[F], patterns []string) error {
	for _, pattern := range patterns {
		name := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$")
		matched := false
		var names []string
		for _, p := range ps {
			names = append(names, p.Name)
			if name.MatchString(p.Name) {
				p.Frozen, matched = true, true
			}
		}
		if !matched {
			err := fmt.Errorf("-freeze %q matches no parameter; -dry-run lists their names, and * stands for any text", pattern)
			if near := nearest.Name(pattern, names); near != "" {
				err = fmt.Errorf("%w; did you mean %q?", err, near)
			}
			return err
		}
	}
	if len(params.Trained(ps)) == 0 {
		return fmt.Errorf("all %s of the model are frozen (-freeze %q): leave some to train", printable.Count(len(ps), "parameter"), strings.Join(patterns, ","))
	}
	return nil
}
