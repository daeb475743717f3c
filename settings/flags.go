package settings

import (
	"flag"
	"fmt"
	"io"
	"strings"

	"goomtrain/internal/nearest"
)

// ErrHelp is returned by ReadFlags and ParseFlags when help was requested.
var ErrHelp = flag.ErrHelp

// recorder collects flags in their order and refuses a name that occurs twice.
type recorder struct {
	setting Setting
	pairs   *[]Pair
}

func (r recorder) String() string   { return "" }
func (r recorder) IsBoolFlag() bool { _, ok := r.setting.Value.(*bool); return ok }
func (r recorder) Set(text string) error {
	if before, given := Last(*r.pairs, r.setting.Name); given {
		return fmt.Errorf("it is given twice, with %q before", before)
	}
	*r.pairs = append(*r.pairs, Pair{Name: r.setting.Name, Text: text})
	return nil
}

// ReadFlags reads command line arguments whose flags have the table's names. It returns the values given, in
// order, and the arguments that are not flags. It sets nothing.
func (t Table) ReadFlags(args []string) (given []Pair, rest []string, err error) {
	set := flag.NewFlagSet("", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.Usage = func() {}
	for _, s := range t {
		set.Var(recorder{s, &given}, s.Name, s.Help)
	}
	for {
		if err := set.Parse(args); err != nil {
			if name, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -"); ok {
				return nil, nil, fmt.Errorf("there is no flag -%s%s (-h lists all)", name, flagHint(name, t.Names()))
			}
			return nil, nil, err
		}
		if set.NArg() == 0 {
			return given, rest, nil
		}
		rest, args = append(rest, set.Arg(0)), set.Args()[1:]
	}
}

func flagHint(name string, valid []string) string {
	if near := nearest.Name(name, valid); near != "" {
		return fmt.Sprintf("; did you mean -%s?", near)
	}
	return ""
}

// ParseFlags is ReadFlags that also sets the table. It does not apply the rules of the settings; see Validate.
func (t Table) ParseFlags(args []string) (given []Pair, rest []string, err error) {
	given, rest, err = t.ReadFlags(args)
	for i := 0; i < len(given) && err == nil; i++ {
		err = t.Set(given[i])
	}
	if err != nil {
		return nil, nil, err
	}
	return given, rest, nil
}
