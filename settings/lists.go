package settings

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A Range is the Value of a setting that is one whole number or a range MIN:MAX of them. Both ends are fields of
// the configuration. The text 32 sets Max to 32 and Min to 0, which stands for Max; 2:32 sets both. In TOML a
// range is written in quotes, a number without. The Rule of the setting applies to both ends.
type Range struct{ Min, Max *int }

func (r Range) parse(text string) error {
	low, high, isRange := strings.Cut(text, ":")
	if !isRange {
		low, high = "0", text
	}
	from, err := strconv.Atoi(low)
	if err != nil {
		return err
	}
	to, err := strconv.Atoi(high)
	if err != nil {
		return err
	}
	if isRange && from == 0 {
		return errors.New("0 has a meaning of its own") // of Min
	}
	*r.Min, *r.Max = from, to
	if from == to {
		*r.Min = 0
	}
	return nil
}

func (r Range) text() string {
	if *r.Min == 0 {
		return strconv.Itoa(*r.Max)
	}
	return fmt.Sprintf("%d:%d", *r.Min, *r.Max)
}

// quoted reports whether TOML writes the value in quotes.
func (r Range) quoted() bool { return *r.Min != 0 }

// parseList parses numbers separated by commas. The empty text and 0 are the empty list.
func parseList(text string) (list []int, err error) {
	if text == "" || text == "0" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		x, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return list, nil
}

// listText writes a list as parseList reads it.
func listText(list []int) string {
	parts := make([]string, len(list))
	for i, x := range list {
		parts[i] = strconv.Itoa(x)
	}
	return strings.Join(parts, ",")
}

// validateList applies the rule of a setting to each of the numbers, and refuses one that occurs twice.
func (s Setting) validateList(list []int) error {
	seen := map[int]bool{}
	for _, x := range list {
		if s.Rule.holds != nil && !s.Rule.holds(float64(x)) {
			return fmt.Errorf("-%s %s: each number %s, %d is not", s.Name, s.Text(), s.Rule.text, x)
		}
		if seen[x] {
			return fmt.Errorf("-%s %s: %d occurs twice", s.Name, s.Text(), x)
		}
		seen[x] = true
	}
	return nil
}

// validateRange applies the rule of a setting to both ends.
func (s Setting) validateRange(r Range) error {
	if *r.Min != 0 && *r.Min > *r.Max {
		return fmt.Errorf("-%s %s: the range must not end before it begins: give MIN:MAX", s.Name, s.Text())
	}
	if *r.Min != 0 {
		if err := s.validateNumber(float64(*r.Min)); err != nil {
			return err
		}
	}
	return s.validateNumber(float64(*r.Max))
}
